"""The assets of the atlas and the named corridors, from their hand-written tables.

An asset's line is given by the ordered points that it passes (``asset_lines.csv``). Between two
points a railway or a road follows the network's own lines, by the shortest path that the caller's
``trace`` finds; where the network has no such line, or only one far away, the two points are
joined straight, and the share of the line that lies on the network is kept beside it. Pipelines,
cables, lanes over water and links between cities are drawn through their points as they stand.

Nothing here knows published lengths when it draws: the comparison of drawn and published is
written to ``asset_lengths.csv`` and nobody makes it fit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.errors import DataIntegrityError
from corridors.geodesy import densify, distance_km, line_length_km, project_to_segments

Floats = NDArray[np.float64]
Point = tuple[float, float] | Floats
Trace = Callable[[str, list[tuple[float, float]], int], "Floats | None"]

# Lines that stand today are looked for in the network of this year.
THIS_YEAR = 2026
# A traced piece is believed when its ends lie this near to the points asked for (a town's centre
# is not its station) and when it is not much longer than the way a bird takes.
NEAR_KM = 12.0
DETOUR, DETOUR_KM = 1.7, 40.0
# What lies this near to a segment of a traced line lies on it.
ON_KM = 0.1
# A vertex is folded back over when the one before it lies this near to the way on.
FOLD_KM = 0.02
# Loops shorter than this, in which a line crosses itself, are the way round a station.
LOOP_KM = 40.0
LOOP_VERTICES = 400
# Of a railway or road that is called traced at least this share lies on the network's lines.
TRACED_SHARE = 0.75
# Straight pieces get vertices this often, so that they are geodesics on any map.
STEP_KM = 100.0
# About 100 m: less than the network's own nodes are good for.
SIMPLIFY_DEG = 0.001

# How far drawn and published may differ, %. The network's edges are straight between junctions and
# 2 to 10 % shorter than the track; hand-made points miss every bend between two towns.
ALLOWED_PCT = {"surveyed": 2.0, "station": 5.0, "traced": 7.0, "settlement": 10.0, "chord": 10.0}
ALLOWED_NETWORK_PCT = 10.0
ALLOWED_ELSE_PCT = 20.0

LINE_COLUMNS = [
    "asset_id", "part", "seq", "place", "lon", "lat", "how", "precision", "confidence", "source",
    "note",
]  # fmt: skip
ASSET_COLUMNS = [
    "id", "name", "kind", "status", "opened", "closed", "countries", "published_km",
    "published_km_note", "capacity", "capacity_unit", "gauge_mm", "diameter_mm", "operator",
    "theme", "aliases", "precision", "confidence", "source", "note",
]  # fmt: skip
CORRIDOR_COLUMNS = [
    "id", "name", "aliases", "status", "organisation", "confidence", "source", "note",
]  # fmt: skip
STAGE_COLUMNS = ["corridor_id", "branch", "seq", "place", "mode"]
NETWORK_HOW = {"rail", "road"}
HOW = NETWORK_HOW | {"straight", "lane"}
STAGE_MODES = {"rail", "road", "sea", "ferry", "pipeline"}
PLACE_TABLES = ("places.csv", "terminals.csv", "crossings.csv", "straits.csv")

GEM = {
    "title": "Global Energy Monitor, Global Gas Infrastructure Tracker and Global Oil "
    "Infrastructure Tracker, pipeline routes (CC BY 4.0)",
    "path": "https://globalenergymonitor.org/",
}


@dataclass(frozen=True)
class Line:
    """One asset's line: its parts, its length and how much of it lies on the network."""

    parts: tuple[Floats, ...]
    drawn_km: float
    network_share: float


def build(tables: Path, out: Path, trace: Trace) -> list[dict[str, Any]]:
    """Write the assets and the named corridors, and describe what was written.

    Parameters
    ----------
    tables : Path
        Folder of the hand-written tables.
    out : Path
        Folder to write ``assets.geojson``, ``asset_lengths.csv``, ``corridors.csv`` and
        ``corridor_stages.csv`` to.
    trace : callable
        (mode, [(lon, lat), ...], year) -> (n, 2) array of lon, lat along the network's lines
        between the points, or None where there is no way.

    Returns
    -------
    list of dict
        One resource description per file: name, path, title, licenses, sources, rows.

    Raises
    ------
    DataIntegrityError
        With every fault that the tables have, one a line.
    """
    assets = read(tables, "assets.csv", ASSET_COLUMNS)
    points = read(tables, "asset_lines.csv", LINE_COLUMNS)
    corridors = read(tables, "corridors.csv", CORRIDOR_COLUMNS)
    stages = read(tables, "corridor_stages.csv", STAGE_COLUMNS)
    where = coordinates(tables)
    faults = [
        *faults_of_assets(assets, points, where),
        *faults_of_corridors(corridors, stages, where),
    ]
    if faults:
        raise DataIntegrityError("\n".join(faults))

    lines = draw_all(assets, points, where, trace)
    assets = assets.sort_values("id", kind="stable").reset_index(drop=True)
    lengths = compare(assets, lines)
    write_text(out / "assets.geojson", geojson(assets, lines, lengths))
    write_csv(out / "asset_lengths.csv", lengths)
    write_csv(out / "corridors.csv", corridors)
    write_csv(out / "corridor_stages.csv", stages)
    tracks: list[object] = ["tables", "openstreetmap", "geonames", GEM]
    return [
        resource("assets", "assets.geojson", "Assets of the atlas, as lines: railways, roads, "
                 "pipelines, ferries and others", "ODbL-1.0", tracks, len(assets)),
        resource("asset_lengths", "asset_lengths.csv", "Assets: published and drawn lengths",
                 "ODbL-1.0", ["tables", "openstreetmap", GEM], len(lengths)),
        resource("corridors", "corridors.csv", "Named corridors", "CC-BY-4.0", ["tables"],
                 len(corridors)),
        resource("corridor_stages", "corridor_stages.csv", "Named corridors, place by place",
                 "CC-BY-4.0", ["tables"], len(stages)),
    ]  # fmt: skip


def resource(
    name: str, path: str, title: str, licence: str, sources: list[Any], rows: int
) -> dict[str, Any]:
    """Return one resource description of the data package."""
    return {
        "name": name, "path": path, "title": title, "licenses": [licence], "sources": sources,
        "rows": rows,
    }  # fmt: skip


# ------------------------------------------------------------------ tables


def read(tables: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """Return a table as text, '' where empty, its columns checked."""
    frame = pd.read_csv(tables / name, dtype=str, keep_default_na=False, encoding="utf-8")
    if list(frame.columns) != columns:
        raise DataIntegrityError(f"{name}: columns are {list(frame.columns)}, should be {columns}")
    return frame


def coordinates(tables: Path) -> dict[str, tuple[float, float]]:
    """Return id -> (lon, lat) of all places, terminals and crossings, and the middle of straits."""
    where: dict[str, tuple[float, float]] = {}
    for name in PLACE_TABLES:
        path = tables / name
        if path.exists():
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
            if "lon1" in frame:
                ends = frame[["lon1", "lon2", "lat1", "lat2"]].astype(float)
                frame["lon"] = (ends["lon1"] + ends["lon2"]) / 2
                frame["lat"] = (ends["lat1"] + ends["lat2"]) / 2
            for row in frame.itertuples(index=False):
                if row.lon != "" and row.lat != "":
                    where[str(row.id)] = (float(row.lon), float(row.lat))
    return where


def faults_of_assets(
    assets: pd.DataFrame, points: pd.DataFrame, where: dict[str, tuple[float, float]]
) -> list[str]:
    """Return what is wrong in assets.csv and asset_lines.csv, one line each."""
    faults = [f"assets.csv: id {i!r} twice" for i in assets["id"][assets["id"].duplicated()]]
    for row in assets.itertuples():
        n = row.Index + 2
        if not row.source or not row.confidence:
            faults.append(f"assets.csv line {n} ({row.id}): no source or confidence")
        for column in ("opened", "closed", "published_km"):
            text = str(getattr(row, column))
            if text and not is_number(text):
                faults.append(f"assets.csv line {n} ({row.id}): {column} {text!r} is no number")
    known = set(assets["id"])
    last: tuple[str, int, int] = ("", 0, 0)
    for row in points.itertuples():
        at = f"asset_lines.csv line {row.Index + 2} ({row.asset_id})"
        if row.asset_id not in known:
            faults.append(f"{at}: no such asset")
        part, seq = int(row.part), int(row.seq)
        follows = (row.asset_id, part, seq - 1) == last
        expected = last[1] + 1 if row.asset_id == last[0] else 1
        begins = seq == 1 and part == expected
        if not (follows or begins):
            faults.append(f"{at}: part {part} seq {seq} does not follow the row before")
        last = (str(row.asset_id), part, seq)
        if (row.how in HOW) == (seq == 1) or (seq > 1 and not row.how):
            faults.append(f"{at}: how {row.how!r} (empty on seq 1, else one of {sorted(HOW)})")
        if (row.lon == "") != (row.lat == ""):
            faults.append(f"{at}: lon without lat, or lat without lon")
        elif row.lon and not (-180 <= float(row.lon) <= 180 and -90 <= float(row.lat) <= 90):
            faults.append(f"{at}: {row.lon}, {row.lat} is not a longitude and a latitude")
        elif not row.lon and row.place not in where:
            faults.append(f"{at}: place {row.place!r} is in none of {', '.join(PLACE_TABLES)}")
    for i in sorted(known - set(points["asset_id"])):
        faults.append(f"asset_lines.csv: asset {i!r} has no line")
    return faults


def faults_of_corridors(
    corridors: pd.DataFrame, stages: pd.DataFrame, where: dict[str, tuple[float, float]]
) -> list[str]:
    """Return what is wrong in corridors.csv and corridor_stages.csv, one line each."""
    twice = corridors["id"][corridors["id"].duplicated()]
    faults = [f"corridors.csv: id {i!r} twice" for i in twice]
    known = set(corridors["id"])
    last = ("", "", 0)
    for row in stages.itertuples():
        at = f"corridor_stages.csv line {row.Index + 2} ({row.corridor_id}, {row.branch})"
        seq = int(row.seq)
        if row.corridor_id not in known:
            faults.append(f"{at}: no such corridor")
        if seq != 1 and (row.corridor_id, row.branch, seq - 1) != last:
            faults.append(f"{at}: seq {seq} does not follow the row before")
        last = (str(row.corridor_id), str(row.branch), seq)
        if row.place not in where:
            faults.append(f"{at}: place {row.place!r} is in none of {', '.join(PLACE_TABLES)}")
        if (row.mode != "") == (seq == 1) or (row.mode and row.mode not in STAGE_MODES):
            faults.append(f"{at}: mode {row.mode!r} (empty on seq 1, else {sorted(STAGE_MODES)})")
    for i in sorted(known - set(stages["corridor_id"])):
        faults.append(f"corridor_stages.csv: corridor {i!r} has no stages")
    return faults


def is_number(text: str) -> bool:
    """Return whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


# ------------------------------------------------------------------ lines


def draw_all(
    assets: pd.DataFrame, points: pd.DataFrame, where: dict[str, tuple[float, float]], trace: Trace
) -> dict[str, Line]:
    """Return the line of every asset."""
    year = {
        str(row.id): max(int(row.opened or 0), THIS_YEAR) for row in assets.itertuples(index=False)
    }
    lines: dict[str, Line] = {}
    for asset, rows in points.groupby("asset_id", sort=True):
        parts, km, on_network, pieces = [], 0.0, 0.0, 0.0
        for _, part in rows.groupby(rows["part"].astype(int), sort=True):
            stops = [
                (float(r.lon), float(r.lat)) if r.lon else where[str(r.place)]
                for r in part.itertuples(index=False)
            ]
            coords, network_km, all_km = draw(stops, list(part["how"]), year[str(asset)], trace)
            parts.append(coords)
            km += line_length_km(coords)
            on_network, pieces = on_network + network_km, pieces + all_km
        lines[str(asset)] = Line(tuple(parts), km, on_network / pieces if pieces else 0.0)
    return lines


def draw(
    stops: list[tuple[float, float]], how: list[str], year: int, trace: Trace
) -> tuple[Floats, float, float]:
    """Return one part's vertices (lon, lat), km of its pieces on the network, and of all."""
    line: list[tuple[float, float]] = []
    network_km = all_km = 0.0
    for a, b, mode in zip(stops[:-1], stops[1:], how[1:], strict=True):
        piece = traced(a, b, mode, year, trace) if mode in NETWORK_HOW else None
        if piece is None:
            start = line[-1] if line else a
            piece = densify([start, b], STEP_KM)
        else:
            network_km += line_length_km(piece)
        all_km += line_length_km(piece)
        line += [(float(x), float(y)) for x, y in piece]
    return unloop(unspike(line)), network_km, all_km


def traced(
    a: tuple[float, float], b: tuple[float, float], mode: str, year: int, trace: Trace
) -> Floats | None:
    """Return the way between two points over the network's lines, or None if it can't be meant."""
    found = trace(mode, [a, b], year)
    if found is None or len(found) < 2:
        return None
    coords = unfold(unspike([(float(x), float(y)) for x, y in found]))
    if len(coords) < 2:
        return None
    if distance_km(*a, *coords[0]) > NEAR_KM or distance_km(*b, *coords[-1]) > NEAR_KM:
        return None
    beeline = float(distance_km(*a, *b))
    return coords if line_length_km(coords) <= DETOUR * beeline + DETOUR_KM else None


def unspike(line: list[tuple[float, float]]) -> Floats:
    """Return a line without repeated vertices and without ways into a branch and back.

    A point asked for may lie on a siding or a branch: the traced line then runs into it and out
    again over the same vertices, which is no part of the course.
    """
    out: list[tuple[float, float]] = []
    for x, y in line:
        point = (round(x, 5), round(y, 5))
        if out and point == out[-1]:
            continue
        if len(out) > 1 and point == out[-2]:
            out.pop()
            continue
        out.append(point)
    return np.array(out)


def unloop(line: Floats) -> Floats:
    """Return a line without loops shorter than ``LOOP_KM`` in which it meets itself again.

    A station beside the main line is reached over one side of a triangle and left over another.
    """
    kept: list[tuple[float, float]] = []
    for x, y in line.tolist():
        while len(kept) > 1 and (
            _lies_on(kept[-2], kept[-1], (x, y), FOLD_KM)
            or _lies_on((x, y), kept[-2], kept[-1], FOLD_KM)
        ):
            kept.pop()
        if (x, y) in kept[-LOOP_VERTICES:]:
            at = len(kept) - 1 - kept[::-1].index((x, y))
            if line_length_km([*kept[at:], (x, y)]) < LOOP_KM:
                del kept[at:]
        elif len(kept) > 2:
            met = _meets(kept, (x, y))
            if met is not None and line_length_km([met[1], *kept[met[0] + 1 :]]) < LOOP_KM:
                kept = [*kept[: met[0] + 1], met[1]]
        kept.append((x, y))
    return np.array(kept)


def _meets(
    line: list[tuple[float, float]], end: tuple[float, float]
) -> tuple[int, tuple[float, float]] | None:
    """Return the last earlier segment that the segment from the line's end to ``end`` crosses."""
    first = max(len(line) - LOOP_VERTICES, 0)
    p = np.array(line[first:])
    a, b = p[:-2], p[1:-1]
    c, d = p[-1], np.array(end)
    r, q = b - a, d - c
    cross = r[:, 0] * q[1] - r[:, 1] * q[0]
    safe = np.where(cross == 0, np.inf, cross)
    w = c - a
    t = (w[:, 0] * q[1] - w[:, 1] * q[0]) / safe
    u = (w[:, 0] * r[:, 1] - w[:, 1] * r[:, 0]) / safe
    hits = np.flatnonzero((cross != 0) & (t > 0) & (t < 1) & (u > 0) & (u < 1))
    if not len(hits):
        return None
    k = int(hits[-1])
    x, y = a[k] + t[k] * r[k]
    return first + k, (round(float(x), 5), round(float(y), 5))


def unfold(line: Floats) -> Floats:
    """Return a traced line without a first or last piece that it goes over twice.

    Between two points of one long edge a trace may run to the edge's end and back: then the
    first point lies on the second segment, and the vertex between was never on the way.
    """
    for _ in range(2):
        while len(line) > 2 and _lies_on(line[0], line[1], line[2]):
            line = np.delete(line, 1, axis=0)
        line = line[::-1]
    return line


def _lies_on(point: Point, a: Point, b: Point, within_km: float = ON_KM) -> bool:
    """Return whether a point lies near the segment between two others, not at its ends."""
    ends = [np.array([v]) for v in (a[0], a[1], b[0], b[1])]
    far, at = project_to_segments(float(point[0]), float(point[1]), *ends)
    return bool(far[0] < within_km and 0.0 < at[0] < 1.0)


# ------------------------------------------------------------------ results


def compare(assets: pd.DataFrame, lines: dict[str, Line]) -> pd.DataFrame:
    """Return published and drawn length per asset, with what the precision allows."""
    rows = []
    for row in assets.itertuples(index=False):
        line = lines[str(row.id)]
        precision = precision_of(str(row.kind), str(row.precision), line)
        allowed = (
            ALLOWED_NETWORK_PCT
            if precision == "traced" and line.network_share > 0
            else ALLOWED_PCT.get(precision, ALLOWED_ELSE_PCT)
        )
        published = float(row.published_km) if row.published_km else np.nan
        difference = (line.drawn_km / published - 1.0) * 100.0
        verdict = "no published length"
        if row.published_km:
            verdict = "ok" if abs(difference) <= allowed else "differs"
        rows.append(
            {
                "asset": row.id, "name": row.name, "kind": row.kind, "precision": precision,
                "confidence": row.confidence, "published_km": published,
                "drawn_km": round(line.drawn_km, 1), "difference_pct": round(difference, 1),
                "allowed_pct": allowed, "verdict": verdict,
                "on_network_share": round(line.network_share, 3),
                "published_km_note": row.published_km_note,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def precision_of(kind: str, said: str, line: Line) -> str:
    """Return how well the drawn line is known, by what happened and not by what was hoped."""
    if kind not in ("railway", "road", "charging_route") or said == "schematic":
        return said
    return "traced" if line.network_share >= TRACED_SHARE else "settlement"


def geojson(assets: pd.DataFrame, lines: dict[str, Line], lengths: pd.DataFrame) -> str:
    """Return the assets as GeoJSON, a feature a line, in the order of their ids."""
    by_asset = lengths.set_index("asset")
    features = []
    for row in assets.to_dict("records"):
        line, length = lines[row["id"]], by_asset.loc[row["id"]]
        props: dict[str, Any] = {c: row[c] or None for c in ASSET_COLUMNS}
        for column in ("opened", "closed"):
            props[column] = int(row[column]) if row[column] else None
        for column in ("published_km", "capacity"):
            props[column] = float(row[column]) if row[column] else None
        props["length_km"] = float(length["drawn_km"])
        props["on_network_share"] = float(length["on_network_share"])
        props["precision"] = str(length["precision"])
        geometry = {"type": "MultiLineString", "coordinates": [thin(p) for p in line.parts]}
        features.append({"type": "Feature", "properties": props, "geometry": geometry})
    text = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return '{"type":"FeatureCollection","name":"assets","features":[\n' + text + "\n]}\n"


def thin(part: Floats) -> list[list[float]]:
    """Return a part's vertices, simplified to about 100 m, with 5 decimals."""
    from shapely import LineString

    line = LineString(part).simplify(SIMPLIFY_DEG, preserve_topology=True)
    return [[round(x, 5), round(y, 5)] for x, y in line.coords]


def write_text(path: Path, text: str) -> None:
    """Write a file so that it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".part")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as UTF-8 CSV with Unix line ends."""
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))
