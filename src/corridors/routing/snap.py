"""From a point to the network: the nearest lines of each mode, on the ellipsoid, with a limit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridors.geodesy import distance_km, project_to_segments
from corridors.network.store import KINDS, MODES, Columns

CELL_DEG = 0.25
WIDTH = int(360 / CELL_DEG)
LIMIT_KM = {"rail": 50.0, "road": 50.0, "sea": 100.0, "ferry": 100.0, "pipeline": 50.0}


@dataclass(frozen=True)
class Snap:
    """Where a point joins the network: on an edge, ``fraction`` of the way from u to v."""

    edge: int
    fraction: float
    km: float
    lon: float
    lat: float


@dataclass(frozen=True, eq=False)
class SegmentIndex:
    """Segments of all lines by grid cell: ``item[start[c]:start[c + 1]]`` lie in cell ``c``."""

    cell: NDArray[np.int32]
    start: NDArray[np.int64]
    item: NDArray[np.int32]
    edge_of: NDArray[np.int32]


def _cell(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
    x = np.floor((np.asarray(lon) + 180.0) / CELL_DEG).astype(np.int64)
    y = np.floor((np.asarray(lat) + 90.0) / CELL_DEG).astype(np.int64)
    return x, y


def build_index(columns: Columns) -> SegmentIndex:
    """Return the grid of all segments of lines (a segment is named by its first vertex)."""
    offsets = np.asarray(columns.g_offset)
    counts = np.diff(offsets)
    edge_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    first = np.ones(len(edge_of), dtype=bool)
    first[offsets[1:] - 1] = False  # the last vertex of a line begins no segment
    first &= (np.asarray(columns.e_kind) == KINDS.index("line"))[edge_of]
    segment = np.flatnonzero(first)
    x1, y1 = _cell(columns.g_lon[segment], columns.g_lat[segment])
    x2, y2 = _cell(columns.g_lon[segment + 1], columns.g_lat[segment + 1])
    one = (x1 == x2) & (y1 == y2)
    cells, items = [y1[one] * WIDTH + x1[one]], [segment[one]]
    for s in segment[~one]:
        # points along the segment, closer than half a cell: every cell that it passes, nearly;
        # a corner cut is within reach of the neighbour cells that a search always takes
        a = np.array([columns.g_lon[s], columns.g_lat[s]])
        b = np.array([columns.g_lon[s + 1], columns.g_lat[s + 1]])
        n = int(np.ceil(np.abs(b - a).max() / (CELL_DEG / 2))) + 1
        t = np.linspace(0, 1, n + 1)
        x, y = _cell(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
        found = np.unique(y * WIDTH + x)
        cells.append(found)
        items.append(np.full(len(found), s))
    cell, item = np.concatenate(cells), np.concatenate(items)
    order = np.lexsort((item, cell))
    cell, item = cell[order], item[order]
    unique, start = np.unique(cell, return_index=True)
    return SegmentIndex(
        unique.astype(np.int32), np.append(start, len(cell)).astype(np.int64),
        item.astype(np.int32), edge_of,
    )  # fmt: skip


def save_index(index: SegmentIndex, folder: Path) -> None:
    """Write the index beside the columns."""
    for name in ("cell", "start", "item", "edge_of"):
        np.save(folder / f"s_{name}.npy", getattr(index, name))


def load_index(folder: Path) -> SegmentIndex:
    """Map a saved index into memory."""
    names = ("cell", "start", "item", "edge_of")
    return SegmentIndex(*(np.asarray(np.load(folder / f"s_{n}.npy", mmap_mode="r")) for n in names))


def _candidates(index: SegmentIndex, lon: float, lat: float, reach_km: float) -> NDArray[np.int32]:
    dy = reach_km / 110.0
    dx = min(reach_km / (111.4 * max(np.cos(np.radians(min(abs(lat) + dy, 89.0))), 0.02)), 180.0)
    x, y = _cell(np.array([lon - dx, lon + dx]), np.array([lat - dy, lat + dy]))
    # one cell more on every side, see build_index
    xs = np.arange(x[0] - 1, x[1] + 2) % WIDTH
    ys = np.arange(max(y[0] - 1, 0), y[1] + 2)
    cells = np.unique((ys[:, None] * WIDTH + np.unique(xs)[None, :]).ravel())
    at = np.searchsorted(index.cell, cells)
    at = at[(at < len(index.cell)) & (index.cell[np.minimum(at, len(index.cell) - 1)] == cells)]
    parts = [index.item[index.start[i] : index.start[i + 1]] for i in at]
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int32)


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
    """Return the nearest usable line of each mode and group within its limit, nearest first.

    Parameters
    ----------
    lon, lat : float
        Degrees.
    usable : bool array over edges
    limits_km : dict of mode -> km
    country : str
        ISO code of the place; lines of other countries are not joined to it ('' = any).
    groups : int array over edges, optional
        Component of each edge: one answer per mode and component, so that a place beside an
        unconnected siding can still reach the main network, with the longer distance shown.
    """
    found: dict[tuple[int, int], Snap] = {}
    codes = {MODES.index(m): km for m, km in limits_km.items()}
    worst = max(limits_km.values(), default=0.0)
    allowed = np.zeros(len(MODES), dtype=bool)
    allowed[list(codes)] = True
    own = columns.words["country"].index(country) if country in columns.words["country"] else -1
    for reach in (5.0, 20.0, 60.0, 150.0, 400.0, 1000.0):
        reach = min(reach, worst)
        s = _candidates(index, lon, lat, reach)
        e = index.edge_of[s]
        keep = usable[e] & allowed[columns.e_mode[e]]
        if own > 0:
            land = np.isin(columns.e_mode[e], [MODES.index("rail"), MODES.index("road")])
            keep &= ~land | (columns.e_country[e] == own)
        s, e = s[keep], e[keep]
        if len(s):
            km, t = project_to_segments(
                lon, lat, columns.g_lon[s], columns.g_lat[s],
                columns.g_lon[s + 1], columns.g_lat[s + 1],
            )  # fmt: skip
            limit = np.array([codes.get(m, -1.0) for m in range(len(MODES))])[columns.e_mode[e]]
            group = np.zeros(len(e), dtype=np.int64) if groups is None else groups[e]
            for i in np.argsort(km, kind="stable"):
                key = (int(columns.e_mode[e[i]]), int(group[i]))
                if key not in found and km[i] <= min(limit[i], reach):
                    found[key] = _at(columns, int(e[i]), int(s[i]), float(t[i]), lon, lat)
        if reach >= worst or ({m for m, _ in found} == set(codes) and reach >= 60.0):
            break
    return sorted(found.values(), key=lambda x: (x.km, x.edge))


def _at(columns: Columns, edge: int, vertex: int, t: float, lon: float, lat: float) -> Snap:
    line = columns.line(edge)
    i = vertex - int(columns.g_offset[edge])
    seg = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
    total = float(seg.sum())
    fraction = (float(seg[:i].sum()) + t * float(seg[i])) / total if total > 0 else 0.0
    x, y = line[i] + t * (line[i + 1] - line[i])
    return Snap(edge, min(max(fraction, 0.0), 1.0), float(distance_km(lon, lat, x, y)), x, y)
