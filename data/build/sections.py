"""Published kilometres of railway lines laid on the rail layer, and lines closed to freight.

The source's lengths run short where track winds between nodes that are far apart. Railways
publish their kilometres station by station. Three hand-written tables bring in what they say:

``passenger_lines.csv``
    lines that carry no freight (high-speed lines beside a conventional one). Their edges get the
    status ``passenger``, which no route uses.
``line_kilometres.csv``
    sections between two stations of a line, with the published length. The edges under a
    section are stretched (or shortened) alike, so that the section is as long as published.
``rail_equipment.csv``
    whether a section is electrified, and how many running tracks it has. Both are of today;
    ``from_year`` says since when, and a row of a year to come waits for it.

A section whose length on the layer differs too much is not applied: either the path leaves the
line, or the line is not the published one. It is said in the report, and the length stays.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.geodesy import chord, distance_km, line_length_km, unit_vectors
from corridors.network.frames import Graph, drawn_km, line_reader, make_edges, split_edge

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECTION_COLUMNS = [
    "line", "mode", "from", "from_lat", "from_lon", "to", "to_lat", "to_lon", "via", "km",
    "source", "confidence", "note",
]  # fmt: skip
PASSENGER_COLUMNS = [
    "line", "from_lat", "from_lon", "to_lat", "to_lon", "via", "reason", "source", "confidence",
]  # fmt: skip

EQUIPMENT_COLUMNS = [
    "line", "from", "from_lat", "from_lon", "to", "to_lat", "to_lon", "via", "electrified",
    "system", "tracks", "from_year", "confidence", "source",
]  # fmt: skip

REACH_KM = 8.0  # a station's node lies within this
PASSENGER_REACH_KM = 4.0
AWAY = 3.0  # km of line that one km from the station's point counts for
# published over network: outside, the section is a finding. Chords are shorter than track, so a
# network longer than published says that its ends or its course are not the published ones
RATIO = (0.93, 1.25)
# a line closed to freight runs straight: longer than this times the geodesic is another line
PASSENGER_DETOUR = 1.1
# main lines wind: longer than this times the geodesic through a row's points is another line
EQUIPMENT_DETOUR = 1.3
EQUIPMENT_YEAR = 2026  # what begins later is not yet
BESIDE_KM = 3.0  # tracks this near to a section's path are its other tracks
BESIDE_LONGER = 1.1  # and no more than this times as long
ROUNDS = 15
SCALED = "+km"  # ends the origin of an edge whose length is a published one
BOX_DEG = 0.7


def read(tables: Path, name: str, columns: list[str]) -> pd.DataFrame:
    """Return a table with numbers as floats and ``points``: (lon, lat) from end to end."""
    frame = pd.read_csv(tables / name, dtype=str, keep_default_na=False, encoding="utf-8")
    missing = [c for c in columns if c not in frame]
    if missing:
        raise ValueError(f"{name}: no column {', '.join(missing)}")
    for c in ("from_lat", "from_lon", "to_lat", "to_lon", *(["km"] if "km" in frame else [])):
        frame[c] = pd.to_numeric(frame[c])
    frame["points"] = [
        [(r.from_lon, r.from_lat), *_via(r.via), (r.to_lon, r.to_lat)]
        for r in frame.itertuples(index=False)
    ]
    return frame


def _via(text: str) -> list[tuple[float, float]]:
    """Return 'lat lon;lat lon' as (lon, lat) pairs."""
    pairs = [p.split() for p in text.split(";") if p.strip()]
    return [(float(lon), float(lat)) for lat, lon in pairs]


def apply(graph: Graph, tables: Path, report: Any) -> Graph:
    """Return the rail layer with published lengths and with its passenger lines closed.

    Parameters
    ----------
    graph : Graph
        The rail layer, gaps joined, not yet cut at frontiers.
    tables : Path
        Folder of ``line_kilometres.csv`` and ``passenger_lines.csv``.
    report : object with ``say(text)``
        Is told what did not fit.
    """
    passenger = read(tables, "passenger_lines.csv", PASSENGER_COLUMNS)
    graph, closed = close_to_freight(graph, passenger)
    for r in closed[closed["verdict"] != "applied"].itertuples(index=False):
        report.say(f"rail: passenger line {r.line}, {r.section}: {r.verdict}")
    good = closed["verdict"] == "applied"
    report.say(f"rail: {int(good.sum())} sections for passengers only, "
               f"{closed.loc[good, 'network_km'].sum():,.0f} km")  # fmt: skip
    table = read(tables, "line_kilometres.csv", SECTION_COLUMNS)
    graph, found = scale(graph, table[table["mode"] == "rail"].reset_index(drop=True))
    good = found["verdict"].str.startswith("applied")
    for r in found[found["verdict"] != "applied"].itertuples(index=False):
        report.say(
            f"rail: {r.line}, {r.start}-{r.end}: published {r.km:g} km, "
            f"network {r.network_km:.0f} km: {r.verdict}"
        )
    report.say(
        f"rail: {int(good.sum())} of {len(found)} published sections applied, "
        f"{found.loc[good, 'network_km'].sum():,.0f} km now {found.loc[good, 'km'].sum():,.0f} km"
    )
    graph, found = equip(graph, read(tables, "rail_equipment.csv", EQUIPMENT_COLUMNS))
    good = found["verdict"] == "applied"
    for r in found[~good].itertuples(index=False):
        report.say(f"rail equipment: {r.line}, {r.start}-{r.end}: {r.verdict}")
    report.say(
        f"rail equipment: {int(good.sum())} of {len(found)} sections applied, "
        f"{found.loc[good, 'network_km'].sum():,.0f} km"
    )
    return graph


@dataclass(frozen=True)
class Paths:
    """Shortest paths by length over a layer's open edges, by parts of the map."""

    lon: Floats
    lat: Floats
    xyz: Floats
    tree: Any
    u: Ints
    v: Ints
    open: NDArray[np.bool_]

    @classmethod
    def of(cls, graph: Graph) -> Paths:
        """Return the paths of a layer: over its edges in use."""
        from scipy.spatial import cKDTree

        lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
        edges = graph.edges
        usable = edges["status"].isin(["operating", ""]).to_numpy()
        u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
        used = np.zeros(len(lon), dtype=bool)
        used[u[usable]] = used[v[usable]] = True
        xyz = unit_vectors(lon, lat)
        # a node without an open edge is out of everybody's reach
        tree = cKDTree(np.where(used[:, None], xyz, 9.0))
        return cls(lon, lat, xyz, tree, u, v, usable)

    def near(self, point: tuple[float, float], reach_km: float) -> tuple[Ints, Floats]:
        """Return the nodes within reach of a point, and how far they are in km."""
        at = unit_vectors(np.array([point[0]]), np.array([point[1]]))[0]
        found = np.array(sorted(self.tree.query_ball_point(at, chord(reach_km))), dtype=np.int64)
        far = np.atleast_1d(distance_km(*point, self.lon[found], self.lat[found]))
        return found, far

    def trace(
        self, points: list[tuple[float, float]], km: Floats, reach_km: float
    ) -> list[Ints] | None:
        """Return the nodes of the path between each two points in turn, or None.

        All points share one path: which node stands for a point is decided by the whole.
        """
        picked = [self.near(p, reach_km) for p in points]
        if any(len(nodes) == 0 for nodes, _ in picked):
            return None
        return self.through([n for n, _ in picked], [AWAY * d for _, d in picked], points, km)

    def through(
        self,
        choices: list[Ints],
        costs: list[Floats],
        points: list[tuple[float, float]],
        km: Floats,
    ) -> list[Ints] | None:
        """Return the cheapest path that takes one node of each choice in turn."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        xy = np.array(points)
        lo, hi = xy.min(axis=0) - BOX_DEG, xy.max(axis=0) + BOX_DEG
        # degrees of longitude are short in the north
        lo[0], hi[0] = lo[0] - BOX_DEG, hi[0] + BOX_DEG
        inside = (
            (self.lon >= lo[0]) & (self.lon <= hi[0]) & (self.lat >= lo[1]) & (self.lat <= hi[1])
        )
        rows = np.flatnonzero(self.open & inside[self.u] & inside[self.v])
        member = np.flatnonzero(inside)
        number = np.full(len(self.lon), -1)
        number[member] = np.arange(len(member))
        n = len(member)
        a, b = number[self.u[rows]], number[self.v[rows]]
        w = np.maximum(km[rows], 1e-3)
        # of edges between the same two nodes the shortest counts
        order = np.lexsort((w, np.maximum(a, b), np.minimum(a, b)))
        a, b, w = np.minimum(a, b)[order], np.maximum(a, b)[order], w[order]
        first = np.ones(len(a), dtype=bool)
        first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
        a, b, w = a[first], b[first], w[first]
        so_far = costs[0]
        before: list[tuple[Ints, Ints]] = []
        for i in range(1, len(choices)):
            here = number[choices[i - 1]]
            ok = np.isfinite(so_far)
            if not ok.any():
                return None
            source = np.full(int(ok.sum()), n)
            matrix = csr_array(
                (
                    np.concatenate([w, w, so_far[ok] + 1e-6]),
                    (np.concatenate([a, b, source]), np.concatenate([b, a, here[ok]])),
                ),
                shape=(n + 1, n + 1),
            )
            dist, back = dijkstra(matrix, indices=n, return_predecessors=True)
            so_far = dist[number[choices[i]]] + costs[i]
            before.append((back, number[choices[i]]))
        best = int(np.argmin(so_far))
        if not np.isfinite(so_far[best]):
            return None
        legs: list[Ints] = []
        at = int(before[-1][1][best])
        for back, _ in reversed(before):
            path = [at]
            while back[path[-1]] != n:
                path.append(int(back[path[-1]]))
            at = path[-1]
            legs.append(member[np.array(path[::-1], dtype=np.int64)])
        return legs[::-1]

    def rows(self, path: Ints, km: Floats) -> Ints:
        """Return the edges of a path of nodes (the shortest between each two)."""
        low, high = np.minimum(path[:-1], path[1:]), np.maximum(path[:-1], path[1:])
        members = np.unique(path)
        cand = np.flatnonzero(self.open & np.isin(self.u, members) & np.isin(self.v, members))
        a = np.minimum(self.u[cand], self.v[cand])
        b = np.maximum(self.u[cand], self.v[cand])
        best: dict[tuple[int, int], int] = {}
        for key, row in zip(zip(a.tolist(), b.tolist(), strict=True), cand.tolist(), strict=True):
            if key not in best or km[row] < km[best[key]]:
                best[key] = row
        pairs = zip(low.tolist(), high.tolist(), strict=True)
        return np.array([best[p] for p in pairs if p[0] != p[1]], dtype=np.int64)


def close_to_freight(graph: Graph, table: pd.DataFrame) -> tuple[Graph, pd.DataFrame]:
    """Return the graph with the edges of passenger lines closed, and a verdict per row."""
    reach = PASSENGER_REACH_KM
    graph = with_stations(graph, [p for pts in table["points"] for p in pts], reach)
    km = graph.edges["length_km"].to_numpy(dtype=float)
    status = graph.edges["status"].to_numpy(dtype=object).copy()
    paths = Paths.of(graph)
    told: list[tuple[str, str, float, str]] = []
    traced = _trace_all(paths, table, km, reach)
    for r, path in zip(table.itertuples(index=False), traced, strict=True):
        label = f"{r.from_lat:g} {r.from_lon:g} - {r.to_lat:g} {r.to_lon:g}"
        if path is None or len(path) < 2:
            told.append((r.line, label, np.nan, "no path"))
            continue
        rows = paths.rows(path, km)
        length = float(km[rows].sum())
        crow = line_length_km(np.array(r.points))
        if length > crow * PASSENGER_DETOUR + 2 * reach:
            verdict = f"not a direct line, {length / crow:.2f} times the geodesic"
            told.append((r.line, label, length, verdict))
            continue
        told.append((r.line, label, length, "applied"))
        status[rows] = "passenger"
    out = Graph(graph.nodes, graph.edges.assign(status=status))
    return out, pd.DataFrame(told, columns=["line", "section", "network_km", "verdict"])


def _beside(paths: Paths, path: Ints, first: Ints) -> bool:
    """Return whether a path keeps within a few tracks' breadth of another."""
    from scipy.spatial import cKDTree

    line = _dense(paths.lon[first], paths.lat[first])
    far, _ = cKDTree(unit_vectors(line[:, 0], line[:, 1])).query(paths.xyz[path])
    return bool((far <= chord(BESIDE_KM)).all())


def _dense(lon: Floats, lat: Floats, step_km: float = 0.5) -> Floats:
    """Return points along a line at most a step apart (straight in degrees: good for beside)."""
    km = np.atleast_1d(distance_km(lon[:-1], lat[:-1], lon[1:], lat[1:]))
    parts = [
        np.column_stack([np.linspace(lon[i], lon[i + 1], k), np.linspace(lat[i], lat[i + 1], k)])
        for i, k in enumerate((km / step_km).astype(int) + 2)
    ]
    return np.vstack(parts)


def scale(graph: Graph, table: pd.DataFrame) -> tuple[Graph, pd.DataFrame]:
    """Return the graph with published lengths, and one verdict per section.

    The frame has ``line, start, end, km`` (published), ``network_km`` (before), ``verdict``.
    """
    graph = with_stations(graph, [p for pts in table["points"] for p in pts])
    paths = Paths.of(graph)
    km = graph.edges["length_km"].to_numpy(dtype=float).copy()
    floor = np.minimum(drawn_km(graph), km)
    done = np.zeros(len(km), dtype=bool)
    traced = _trace_all(paths, table, km)
    told = []
    for r, path in zip(table.itertuples(index=False), traced, strict=True):
        network, verdict = _section(paths, path, float(r.km), km, floor, done)
        told.append((r.line, r[2], r[5], float(r.km), network, verdict))
    origin = graph.edges["origin"].to_numpy(dtype=object).copy()
    origin[done] = [f"{o}{SCALED}" for o in origin[done]]
    out = Graph(graph.nodes, graph.edges.assign(length_km=km, origin=origin))
    names = ["line", "start", "end", "km", "network_km", "verdict"]
    return out, pd.DataFrame(told, columns=names)


def equip(graph: Graph, table: pd.DataFrame) -> tuple[Graph, pd.DataFrame]:
    """Return the graph with ``electrified`` and ``tracks``, and one verdict per row.

    Rows are applied in order; what an earlier row says of an edge stays. An empty cell says
    nothing, so that two rows may tell of one section, each what its source knows.
    """
    table = table[[*EQUIPMENT_COLUMNS, "points"]]
    graph = with_stations(graph, [p for pts in table["points"] for p in pts])
    paths = Paths.of(graph)
    km = graph.edges["length_km"].to_numpy(dtype=float)
    drawn = np.minimum(drawn_km(graph), km)
    wires = graph.edges["electrified"].to_numpy(dtype=object).copy()
    tracks = graph.edges["tracks"].to_numpy(dtype=np.int64).copy()
    told = []
    traced = _trace_all(paths, table, km)
    for r, path in zip(table.itertuples(index=False), traced, strict=True):
        names = (r.line, r[1], r[4])
        if path is None or len(path) < 2:
            told.append((*names, np.nan, "no path"))
            continue
        rows = np.unique(paths.rows(path, km))
        length = float(km[rows].sum())
        # by the drawn line: published kilometres of a line through mountains are no detour
        far, crow = float(drawn[rows].sum()), line_length_km(np.array(r.points))
        if far > crow * EQUIPMENT_DETOUR + 2 * REACH_KM:
            told.append((*names, length,
                         f"not a direct line, {far / crow:.2f} times the geodesic"))  # fmt: skip
            continue
        if r.from_year and int(r.from_year) > EQUIPMENT_YEAR:
            told.append((*names, length, f"begins in {r.from_year}"))
            continue
        told.append((*names, length, "applied"))
        for row in (rows, *_beside_tracks(paths, path, km)):
            if r.electrified:
                wires[row[wires[row] == ""]] = r.electrified
            if r.tracks:
                tracks[row[tracks[row] == 0]] = int(r.tracks)
    out = Graph(graph.nodes, graph.edges.assign(electrified=wires, tracks=tracks))
    return out, pd.DataFrame(told, columns=["line", "start", "end", "network_km", "verdict"])


def _beside_tracks(paths: Paths, path: Ints, km: Floats) -> list[Ints]:
    """Return the edges of the section's other tracks, which the source draws as lines of their own.

    What is found is made longer, until the next best path leaves the line or is known already.
    """
    weight, out = km.copy(), []
    known = np.unique(paths.rows(path, km))
    ends = [np.array([path[0]]), np.array([path[-1]])]
    spread = [(paths.lon[i], paths.lat[i]) for i in path]
    for _ in range(ROUNDS):
        weight[known] = km[known] * BESIDE_LONGER
        legs = paths.through(ends, [np.zeros(1), np.zeros(1)], spread, weight)
        if legs is None or not _beside(paths, legs[0], path):
            break
        new = np.setdiff1d(paths.rows(legs[0], weight), known)
        if not len(new):
            break
        out.append(new)
        known = np.union1d(known, new)
    return out


def _trace_all(
    paths: Paths, table: pd.DataFrame, km: Floats, reach_km: float = REACH_KM
) -> list[Ints | None]:
    """Return every section's path; sections that follow on are traced as one line."""
    out: list[Ints | None] = [None] * len(table)
    points: list[list[tuple[float, float]]] = table["points"].tolist()
    lines = table["line"].tolist()
    starts = [0] + [
        i
        for i in range(1, len(table))
        if lines[i] != lines[i - 1] or points[i][0] != points[i - 1][-1]
    ]
    for a, b in itertools.pairwise([*starts, len(table)]):
        if a == b:
            continue
        whole = [points[a][0], *[p for i in range(a, b) for p in points[i][1:]]]
        legs = paths.trace(whole, km, reach_km)
        if legs is None:  # one section without a path does not take the others with it
            for i in range(a, b):
                alone = paths.trace(points[i], km, reach_km)
                out[i] = _join(alone) if alone else None
            continue
        at = 0
        for i in range(a, b):
            n = len(points[i]) - 1
            out[i] = _join(legs[at : at + n])
            at += n
    return out


def _join(legs: list[Ints]) -> Ints:
    return np.concatenate([legs[0], *[leg[1:] for leg in legs[1:]]])


def _section(
    paths: Paths,
    path: Ints | None,
    published: float,
    km: Floats,
    floor: Floats,
    done: NDArray[np.bool_],
) -> tuple[float, str]:
    """Scale one section in place; return its length on the network before, and the verdict."""
    if path is None or len(path) < 2:
        return np.nan, "no path"
    rows = np.unique(paths.rows(path, km))
    network = float(km[rows].sum())
    if not RATIO[0] <= published / network <= RATIO[1]:
        return network, f"ratio {published / network:.2f}, not applied"
    left = rows[~done[rows]]
    if not len(left):
        return network, "all of it scaled by another row"
    if (short := _stretch(left, published - float(km[rows][done[rows]].sum()), km, floor)) > 0.5:
        done[left] = True
        return network, f"applied but for {short:.1f} km, by the drawn line or another row"
    done[left] = True
    # a second track beside the first must not stay the shorter one
    first = path
    ends = [np.array([path[0]]), np.array([path[-1]])]
    none = [np.zeros(1), np.zeros(1)]
    spread = [(paths.lon[i], paths.lat[i]) for i in path]
    for _ in range(ROUNDS):
        legs = paths.through(ends, none, spread, km)
        if legs is None or not _beside(paths, legs[0], first):
            break
        rows = np.unique(paths.rows(legs[0], km))
        left = rows[~done[rows]]
        total = float(km[rows].sum())
        if not len(left) or total > published * 0.998:
            break
        _stretch(left, published - (total - float(km[left].sum())), km, floor)
        done[left] = True
    return network, "applied"


def _stretch(rows: Ints, target: float, km: Floats, floor: Floats) -> float:
    """Bring edges to a sum in place, none below its drawn line; return how far it misses."""
    # one factor for all, but for the edges that it would draw below their line
    limits = RATIO[0] * 0.9, RATIO[1] * 1.1
    free = np.ones(len(rows), dtype=bool)
    now = km[rows].copy()
    for _ in range(len(rows) + 1):
        rest = target - now[~free].sum()
        factor = float(np.clip(rest / max(now[free].sum(), 1e-9), *limits)) if free.any() else 1.0
        below = free & (now * factor < floor[rows])
        if not below.any():
            now[free] *= factor
            break
        now[below] = floor[rows][below]
        free &= ~below
    km[rows] = now
    return abs(float(now.sum()) - target)


def with_stations(
    graph: Graph, points: list[tuple[float, float]], reach_km: float = REACH_KM
) -> Graph:
    """Return the graph with a node on the nearest line for each point that has none in reach."""
    import shapely

    paths = Paths.of(graph)
    lonely = [p for p in dict.fromkeys(points) if not len(paths.near(p, reach_km)[0])]
    edges = graph.edges
    drawn = distance_km(paths.lon[paths.u], paths.lat[paths.u],
                        paths.lon[paths.v], paths.lat[paths.v])  # fmt: skip
    code = graph.nodes["country"].to_numpy()
    # across a frontier the side of a new node is not ours to say
    long = np.flatnonzero(paths.open & (drawn > reach_km) & (code[paths.u] == code[paths.v]))
    if not lonely or not len(long):
        return graph
    line = line_reader(graph)
    shapes = [shapely.LineString(line(int(row))) for row in long]
    tree = shapely.STRtree(shapes)
    cuts: dict[int, list[float]] = {}
    for point in lonely:
        stretch = np.array([np.cos(np.radians(point[1])), 1.0])
        here = shapely.Point(point)
        near = tree.query(here, predicate="dwithin", distance=0.2)
        best = (reach_km, -1, 0.0)
        for i in sorted(int(k) for k in near):
            flat = shapely.LineString(shapely.get_coordinates(shapes[i]) * stretch)
            spot = shapely.Point(np.array(point) * stretch)
            far = flat.distance(spot) * 111.2
            if far < best[0]:
                best = (far, i, flat.project(spot, normalized=True))
        if best[1] >= 0 and 0.001 < best[2] < 0.999:
            cuts.setdefault(int(long[best[1]]), []).append(best[2])
    if not cuts:
        return graph
    lon, lat, country, rows = [], [], [], []
    for row, fractions in sorted(cuts.items()):
        edge = edges.iloc[row].to_dict()
        new, parts = split_edge(edge, line(row), sorted(set(fractions)), [])
        first = len(graph.nodes) + len(lon)
        for part in parts:
            for end in ("u", "v"):
                name: Any = part[end]
                if isinstance(name, tuple):
                    part[end] = first + name[1]
        rows += parts
        lon += new["lon"]
        lat += new["lat"]
        country += [code[paths.u[row]]] * len(new["lon"])
    nodes = pd.concat(
        [graph.nodes, pd.DataFrame({"lon": lon, "lat": lat, "country": country})],
        ignore_index=True,
    )
    keep = edges.drop(index=edges.index[list(cuts)])
    return Graph(nodes, pd.concat([keep, make_edges(rows)], ignore_index=True))
