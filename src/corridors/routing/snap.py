"""From points to the network: the nearest lines of each mode, on the ellipsoid, with a limit.

One point or thousands go through the same arrays. The grid keeps the segments of the main
component apart from those of the small ones: near the main network a short search will do, and
what is not joined to it is looked for over the whole limit, so that a place beside an unconnected
siding can still reach the main network, with the longer distance shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridors.geodesy import distance_km, path_lengths_km, project_to_segments
from corridors.network.store import KINDS, MODES, Columns

CELL_DEG = 0.125
WIDTH, HEIGHT = int(360 / CELL_DEG), int(180 / CELL_DEG)
CELLS = WIDTH * HEIGHT
LIMIT_KM = {"rail": 50.0, "road": 50.0, "sea": 100.0, "ferry": 100.0, "pipeline": 50.0}
REACHES_KM = (3.0, 12.0, 50.0, 200.0, 1000.0)
_STEP = 1 / 4
"""Cells between two samples of a long segment; what is cut off a corner is under MARGIN_KM."""
MARGIN_KM = 4.0
_LAND = [MODES.index("rail"), MODES.index("road")]


@dataclass(frozen=True)
class Snap:
    """Where a point joins the network: on an edge, ``fraction`` of the way from u to v."""

    edge: int
    fraction: float
    km: float
    lon: float
    lat: float


@dataclass(frozen=True, eq=False)
class Snaps:
    """Joins of many points, by point and then by distance; ``point`` numbers the points."""

    point: NDArray[np.int64]
    edge: NDArray[np.int64]
    fraction: NDArray[np.float64]
    km: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SegmentIndex:
    """Segments of all lines by mode, component (main or not) and grid cell.

    ``item[start[i]:start[i + 1]]`` are the segments (each named by its first vertex) of
    ``cell[i]``, a number of mode, component and place on the grid.
    """

    cell: NDArray[np.int32]
    start: NDArray[np.int64]
    item: NDArray[np.int32]
    edge_of: NDArray[np.int32]


def _wrap(delta: NDArray[np.float64]) -> NDArray[np.float64]:
    return (delta + 180.0) % 360.0 - 180.0


def _cells(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    x = np.floor((lon + 180.0) / CELL_DEG).astype(np.int64) % WIDTH
    y = np.clip(np.floor((lat + 90.0) / CELL_DEG).astype(np.int64), 0, HEIGHT - 1)
    return y * WIDTH + x


def _stretches(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``start[i], start[i] + 1, ...`` (``count[i]`` numbers) for every i, in one array."""
    before = np.concatenate([[0], np.cumsum(count)[:-1]])
    return np.repeat(start - before, count) + np.arange(int(count.sum()))


def build_index(columns: Columns, groups: NDArray[np.int32] | None = None) -> SegmentIndex:
    """Return the grid of all segments of lines.

    Parameters
    ----------
    columns : Columns
    groups : int array over edges, optional
        Component of each edge; the commonest is the main one.
    """
    offsets = np.asarray(columns.g_offset)
    counts = np.diff(offsets)
    edge_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    first = np.ones(len(edge_of), dtype=bool)
    first[offsets[1:] - 1] = False  # the last vertex of a line begins no segment
    first &= (np.asarray(columns.e_kind) == KINDS.index("line"))[edge_of]
    segment = np.flatnonzero(first)
    lon, lat = np.asarray(columns.g_lon), np.asarray(columns.g_lat)
    x1, y1 = lon[segment], lat[segment]
    dx, dy = _wrap(lon[segment + 1] - x1), lat[segment + 1] - y1
    # samples along the segment, closer than a cell: every cell that it passes, but for corners
    # that it cuts, and those lie within the margin of a cell that it is in
    one = _cells(x1, y1) == _cells(x1 + dx, y1 + dy)
    span = np.maximum(np.abs(dx), np.abs(dy)) / (CELL_DEG * _STEP)
    samples = np.where(one, 1, np.ceil(span).astype(np.int64) + 1)
    row = np.repeat(np.arange(len(segment)), samples)
    t = _stretches(np.zeros(len(segment), dtype=np.int64), samples) / np.maximum(
        samples - 1, 1
    ).repeat(samples)
    cell = _cells(x1[row] + t * dx[row], y1[row] + t * dy[row])
    edge = edge_of[segment]
    part = np.asarray(columns.e_mode)[edge].astype(np.int64) * 2
    if groups is not None:
        part += groups[edge] != main_group(groups)
    key = (part[row] * CELLS + cell) * len(edge_of) + segment[row]
    key = np.unique(key)
    cell, item = key // len(edge_of), key % len(edge_of)
    unique, start = np.unique(cell, return_index=True)
    return SegmentIndex(
        unique.astype(np.int32), np.append(start, len(cell)).astype(np.int64),
        item.astype(np.int32), edge_of,
    )  # fmt: skip


def main_group(groups: NDArray[np.int32]) -> int:
    """Return the component that most edges belong to."""
    return int(np.bincount(groups).argmax()) if len(groups) else 0


def save_index(index: SegmentIndex, folder: Path) -> None:
    """Write the index beside the columns."""
    for name in ("cell", "start", "item", "edge_of"):
        np.save(folder / f"s_{name}.npy", getattr(index, name))


def load_index(folder: Path) -> SegmentIndex:
    """Map a saved index into memory."""
    names = ("cell", "start", "item", "edge_of")
    return SegmentIndex(*(np.asarray(np.load(folder / f"s_{n}.npy", mmap_mode="r")) for n in names))


def _near_segments(
    index: SegmentIndex,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    part: int,
    reach_km: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (point, segment) pairs of one part of the grid, everything within reach and more."""
    reach = reach_km + MARGIN_KM
    dy = reach / 110.5
    widest = np.cos(np.radians(np.minimum(np.abs(lat) + dy, 89.0)))
    dx = np.minimum(reach / (111.3 * widest), 179.9)
    x0 = np.floor((lon - dx + 180.0) / CELL_DEG).astype(np.int64)
    nx = np.minimum(np.floor((lon + dx + 180.0) / CELL_DEG).astype(np.int64) - x0 + 1, WIDTH)
    y0 = np.maximum(np.floor((lat - dy + 90.0) / CELL_DEG).astype(np.int64), 0)
    y1 = np.minimum(np.floor((lat + dy + 90.0) / CELL_DEG).astype(np.int64), HEIGHT - 1)
    ny = y1 - y0 + 1
    # a row of the window is a stretch of the sorted cells, but for the antimeridian
    row_point = np.repeat(np.arange(len(lon)), ny)
    row = _stretches(y0, ny)
    left, width = x0[row_point] % WIDTH, nx[row_point]
    over = np.maximum(left + width - WIDTH, 0)
    base = part * CELLS + row * WIDTH
    owner = np.concatenate([row_point, row_point[over > 0]])
    lo = np.concatenate([base + left, base[over > 0]])
    hi = np.concatenate([base + left + width - over, (base + over)[over > 0]])
    # of the cells' own type, else the whole array is converted at every call
    a = np.searchsorted(index.cell, lo.astype(np.int32))
    b = np.searchsorted(index.cell, hi.astype(np.int32))
    first, last = index.start[a], index.start[b]
    # a segment that lies in several cells is there several times, which does no harm
    pairs = _stretches(first, last - first)
    return np.repeat(owner, last - first), index.item[pairs].astype(np.int64)


def snap_many(
    columns: Columns,
    index: SegmentIndex,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    usable: NDArray[np.bool_],
    limits_km: dict[str, float],
    *,
    countries: list[str] | None = None,
    groups: NDArray[np.int32] | None = None,
) -> Snaps:
    """Return the nearest usable line of each mode and component for many points.

    Parameters
    ----------
    lon, lat : float arrays
        Degrees.
    usable : bool array over edges
    limits_km : dict of mode -> km
    countries : list of str, optional
        ISO code per point; rails and roads of other countries are not joined to it ('' = any).
    groups : int array over edges, optional
        Component of each edge: one answer per mode and component; without it, one per mode.
    """
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    known = {w: i for i, w in enumerate(columns.words["country"])}
    own = np.array([known.get(w, -1) for w in countries or [""] * len(lon)], dtype=np.int64)
    found: list[tuple[NDArray[np.int64], ...]] = []
    kms: list[NDArray[np.float64]] = []
    ts: list[NDArray[np.float64]] = []

    def search(points: NDArray[np.int64], part: int, reach: float) -> NDArray[np.int64]:
        """Note the nearest per point and component; return the points that found something."""
        p, s = _near_segments(index, lon[points], lat[points], part, reach)
        if not len(p):
            return p
        p, e = points[p], index.edge_of[s].astype(np.int64)
        keep = usable[e]
        if part // 2 in _LAND:
            keep &= (own[p] <= 0) | (columns.e_country[e] == own[p])
        p, s, e = p[keep], s[keep], e[keep]
        km, t = project_to_segments(
            lon[p], lat[p], columns.g_lon[s], columns.g_lat[s],
            columns.g_lon[s + 1], columns.g_lat[s + 1],
        )  # fmt: skip
        keep = km <= reach
        p, s, e, km, t = p[keep], s[keep], e[keep], km[keep], t[keep]
        group = np.zeros(len(p), dtype=np.int64) if groups is None else groups[e].astype(np.int64)
        order = np.lexsort((s, km, group, p))
        p, group = p[order], group[order]
        first = np.ones(len(p), dtype=bool)
        first[1:] = (p[1:] != p[:-1]) | (group[1:] != group[:-1])
        best = order[first]
        found.append((p[first], e[best], s[best]))
        kms.append(km[best])
        ts.append(t[best])
        return p[first]

    everyone = np.arange(len(lon))
    for mode, limit in limits_km.items():
        part = 2 * MODES.index(mode)
        left = np.ones(len(lon), dtype=bool)
        for reach in REACHES_KM:
            left[search(np.flatnonzero(left), part, min(reach, limit))] = False
            if reach >= limit or not left.any():
                break
        others = np.searchsorted(
            index.cell, np.array([(part + 1) * CELLS, (part + 2) * CELLS], dtype=np.int32)
        )
        if others[0] < others[1]:
            search(everyone if groups is not None else np.flatnonzero(left), part + 1, limit)
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Snaps(none, none, *(np.zeros(0) for _ in range(4)))
    point, edge, vertex = (np.concatenate(x) for x in zip(*found, strict=True))
    t = np.concatenate(ts)
    x1, y1 = columns.g_lon[vertex], columns.g_lat[vertex]
    x = x1 + t * _wrap(columns.g_lon[vertex + 1] - x1)
    x = np.where(np.abs(x) > 180.0, _wrap(x), x)
    y = y1 + t * (columns.g_lat[vertex + 1] - y1)
    km = np.atleast_1d(distance_km(lon[point], lat[point], x, y))
    fraction = _fractions(columns, edge, vertex, t)
    order = np.lexsort((edge, km, point))
    return Snaps(point[order], edge[order], fraction[order], km[order], x[order], y[order])


def _fractions(
    columns: Columns,
    edge: NDArray[np.int64],
    vertex: NDArray[np.int64],
    t: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return where on its edge a point lies that is ``t`` of the way along a segment."""
    start, count = columns.g_offset[edge], columns.g_offset[edge + 1] - columns.g_offset[edge]
    at = _stretches(start, count)
    offsets = np.concatenate([[0], np.cumsum(count)])
    total = path_lengths_km(columns.g_lon[at], columns.g_lat[at], offsets)
    inner = vertex - start + 1
    before = _stretches(start, inner)
    upto = path_lengths_km(
        columns.g_lon[before], columns.g_lat[before], np.concatenate([[0], np.cumsum(inner)])
    )
    own = np.atleast_1d(
        distance_km(columns.g_lon[vertex], columns.g_lat[vertex],
                    columns.g_lon[vertex + 1], columns.g_lat[vertex + 1])
    )  # fmt: skip
    part = (upto + t * own) / np.where(total > 0, total, 1.0)
    return np.asarray(np.clip(part, 0.0, 1.0))


def snap(
    columns: Columns,
    index: SegmentIndex,
    lon: float,
    lat: float,
    usable: NDArray[np.bool_],
    limits_km: dict[str, float],
    *,
    country: str = "",
    groups: NDArray[np.int32] | None = None,
) -> list[Snap]:
    """Return what :func:`snap_many` finds for one point, nearest first."""
    s = snap_many(columns, index, np.array([lon]), np.array([lat]), usable, limits_km,
                  countries=[country], groups=groups)  # fmt: skip
    rows = zip(s.edge, s.fraction, s.km, s.lon, s.lat, strict=True)
    return [Snap(int(e), float(f), float(k), float(x), float(y)) for e, f, k, x, y in rows]
