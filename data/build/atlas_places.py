"""Merges the hand-written tables of places, terminals, crossings, straits into one layer of points.

``places.geojson``: cities, stations, fields and centres (places.csv), ports and dry ports
(terminals.csv), border crossings (crossings.csv, as kind ``border_crossing``) and straits at the
middle of their gates (straits.csv), sorted by id, five decimals. A table with a fault stops the
build, and all faults are said at once.
"""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

FILE = "places.geojson"
COLUMNS = (
    "id", "name", "kind", "country", "status", "from_year", "to_year", "unlocode", "gauge",
    "modes", "theme", "operator", "capacity", "capacity_unit", "aliases", "precision",
    "confidence", "source", "note",
)  # fmt: skip
_MEANING = {
    "gauge": "track gauges in mm, those of both sides of a crossing",
    "country": "ISO 3166-1 alpha-2; a crossing has two, | between them",
}


def build(tables: Path, out: Path) -> list[dict[str, Any]]:
    """Write places.geojson and return its description for ``datapackage.json``.

    Raises
    ------
    SystemExit
        All faults of the four tables, each with table, row and column.
    """
    from corridors.schema import TABLES, validate

    faults, rows = [], []
    makers = {
        "places": _place, "terminals": _terminal, "crossings": _crossing, "straits": _strait,
    }  # fmt: skip
    for table, make in makers.items():
        file = tables / f"{table}.csv"
        faults += [f"{file.name}: {finding}" for finding in validate(file, table)]
        with file.open(encoding="utf-8", newline="") as stream:
            rows += [make(row) for row in csv.DictReader(stream)]
    faults += _twice(rows)
    if faults:
        raise SystemExit("atlas_places: " + "\n              ".join(faults))
    rows.sort(key=lambda r: str(r["id"]))
    features = [_feature(row) for row in rows]
    text = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    (out / FILE).write_text(
        '{"type":"FeatureCollection","name":"places","features":[\n' + text + "\n]}\n",
        encoding="utf-8",
    )
    meanings = {c.name: c.meaning for c in TABLES["places"].columns} | _MEANING
    return [
        {
            "path": FILE,
            "title": "Places of the atlas: cities, ports, crossings, stations, fields, centres",
            "licenses": ["CC-BY-4.0"],
            "sources": ["tables", "geonames", "unlocode", "openstreetmap"],
            "primaryKey": "id",
            "rows": len(features),
            "fields": {name: meanings[name] for name in COLUMNS},
        }
    ]


def _place(row: dict[str, str]) -> dict[str, Any]:
    return row | {"gauge": "", "modes": "rail" if row["kind"] == "station" else ""}


def _terminal(row: dict[str, str]) -> dict[str, Any]:
    return row | {"gauge": row["gauges_mm"], "theme": "trade|connectivity"}


def _crossing(row: dict[str, str]) -> dict[str, Any]:
    sides = [g for g in (row["gauge_a_mm"], row["gauge_b_mm"]) if g]
    hours = [
        f"{a} to {b}: {row[f'hours_{x}']} h at the border"
        for x, a, b in (
            ("ab", row["country_a"], row["country_b"]),
            ("ba", row["country_b"], row["country_a"]),
        )
        if row[f"hours_{x}"]
    ]
    notes = [n for n in ("; ".join(hours), row["note"]) if n]
    return row | {
        "kind": "border_crossing",
        "country": f"{row['country_a']}|{row['country_b']}",
        "gauge": "|".join(dict.fromkeys("|".join(sides).split("|"))) if sides else "",
        "modes": row["mode"],
        "theme": "trade|connectivity",
        "note": ". ".join(notes),
    }


def _strait(row: dict[str, str]) -> dict[str, Any]:
    """Return the middle of a strait's gate; a town's name that is an alias stays the town's."""
    words = set(re.findall(r"\w+", row["name"]))
    middle = {a: str((float(row[f"{a}1"]) + float(row[f"{a}2"])) / 2) for a in ("lon", "lat")}
    own = {
        "kind": "strait",
        "country": row["countries"],
        "status": "operating",
        "gauge": "",
        "modes": "sea",
        "theme": "trade|connectivity",
        "aliases": "|".join(a for a in row["aliases"].split("|") if a not in words),
        "precision": "approximate",
        "note": "A gate that all lanes through it pass; it can be closed by name.",
    }
    return row | middle | own


def _twice(rows: list[dict[str, Any]]) -> list[str]:
    """Return ids that two tables use, and things that are there twice under different ids."""
    faults, ids = [], {}
    things: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if row["id"] in ids:
            faults.append(f"id {row['id']} is in two tables: {ids[row['id']]} and {row['name']}")
        ids[row["id"]] = row["name"]
        key = (row["kind"], row["name"].casefold(), row["modes"] or "")
        things.setdefault(key, []).append(row)
    for same in things.values():
        for i, a in enumerate(same):
            for b in same[i + 1 :]:
                if _km(a, b) < 25.0 and a["country"] == b["country"]:
                    faults.append(f"{a['id']} and {b['id']} are one thing: {a['name']}")
    return faults


def _km(a: dict[str, Any], b: dict[str, Any]) -> float:
    lat = math.radians((float(a["lat"]) + float(b["lat"])) / 2)
    dx = (float(a["lon"]) - float(b["lon"])) * math.cos(lat)
    return 111.2 * math.hypot(dx, float(a["lat"]) - float(b["lat"]))


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {name: _value(name, row.get(name) or "") for name in COLUMNS},
        "geometry": {
            "type": "Point",
            "coordinates": [round(float(row["lon"]), 5), round(float(row["lat"]), 5)],
        },
    }


def _value(name: str, text: str) -> Any:
    """Return a cell as JSON: what is empty is null, years and capacities are numbers."""
    if not text:
        return None
    if name in ("from_year", "to_year"):
        return int(text)
    if name == "capacity":
        value = float(text)
        return int(value) if value.is_integer() else value
    return text
