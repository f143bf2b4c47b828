"""What can be reached from a place in so many hours: points, lines and areas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.network.store import MODES
from corridors.routing.engine import INF
from corridors.routing.joins import access_of, check_open, directed, too_far
from corridors.routing.legs import LINE, Step, line_of
from corridors.routing.profile import FREIGHT, Cargo, Profile, quantum

if TYPE_CHECKING:
    import geopandas as gpd

    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted

BUFFER_KM = 15.0
CELLS_PER_BUFFER = 3
MAX_CELLS = 60_000_000


@dataclass(frozen=True, eq=False)
class Isochrone:
    """Reach of a place; three GeoDataFrames in EPSG:4326.

    Attributes
    ----------
    points : GeoDataFrame
        Places of the atlas in reach: ``id, name, kind, country, hours, within_h``, nearest first.
    edges : GeoDataFrame
        Lines in reach, cut where the last limit is met: ``edge, mode, country, hours_from,
        hours_to`` (when its first and its last point are reached), ``within_h``.
    polygons : GeoDataFrame
        One area per limit, ``hours``, each within the next: what lies within ``buffer_km`` of a
        line in reach. Buffers are drawn in an azimuthal equidistant plane about the origin and
        widen with distance from it, by a tenth at 5,000 km.
    origin : str
    hours : tuple of float
    modes : tuple of str
    """

    points: gpd.GeoDataFrame = field(repr=False)
    edges: gpd.GeoDataFrame = field(repr=False)
    polygons: gpd.GeoDataFrame = field(repr=False)
    origin: str
    hours: tuple[float, ...]
    modes: tuple[str, ...]


def isochrone(
    net: Network,
    origin: Any,
    hours: Sequence[float],
    *,
    modes: Any,
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
    buffer_km: float,
) -> Isochrone:
    """Return an isochrone; see :meth:`corridors.Network.isochrone`."""
    from corridors.routing.network import as_modes

    limits = _limits(hours)
    if not (math.isfinite(buffer_km) and 0 < buffer_km <= 200):
        raise SchemaError(f"buffer_km={buffer_km!r}: above 0, at most 200")
    place = net.place(origin)
    asked = as_modes(modes)
    profile = Profile(by="time", modes=asked or FREIGHT, year=year, cargo=cargo,
                      closed=net.closure_of(avoid))  # fmt: skip
    w = net.weighted(profile)
    check_open(place, w)
    reached = hours_to_nodes(net, w, place, limits[-1])
    if reached is None and asked is None and "road" not in w.profile.closed.modes:
        modes_ = tuple(m for m in MODES if m != "pipeline")
        w = net.weighted(Profile(by="time", modes=modes_, year=year, cargo=cargo,
                                 closed=profile.closed))  # fmt: skip
        reached = hours_to_nodes(net, w, place, limits[-1])
    if reached is None:
        raise too_far(net, place, w)
    node_h, own = reached
    edges = _edges(net, w, node_h, own, limits)
    return Isochrone(
        points=_points(net, w, place, limits),
        edges=edges,
        polygons=_polygons(place, edges, limits, buffer_km),
        origin=place.name, hours=limits, modes=w.profile.modes,
    )  # fmt: skip


def _limits(hours: Sequence[float]) -> tuple[float, ...]:
    try:
        found = tuple(sorted({float(h) for h in hours}))
    except (TypeError, ValueError):
        raise SchemaError(f"hours must be numbers, not {hours!r}") from None
    if not found or not all(math.isfinite(h) and 0 < h <= 10_000 for h in found):
        raise SchemaError(f"hours {hours!r}: one or more numbers above 0, at most 10,000")
    return found


Own = tuple[int, float, float, float]
"""Of a line that the place itself lies on: edge, fraction, hours at that point, hours to cross."""


def hours_to_nodes(
    net: Network, w: Weighted, place: Place, limit_h: float
) -> tuple[NDArray[np.float64], list[Own]] | None:
    """Return the hours to every node (infinite beyond the limit); None if the place joins nothing.

    One Dijkstra over the whole network, by SciPy.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    access = access_of(net, [place], w)
    if not len(access.place):
        return None
    joins = directed(net, access, w, arriving=False)
    n = net.columns.n_nodes
    base = w.kept("sparse", lambda: _sparse(net, w))
    order = np.argsort(joins.node, kind="stable")
    at, first = np.unique(joins.node[order], return_index=True)
    offset = np.minimum.reduceat(joins.offset[order].astype(float), first)
    matrix = csr_array(
        (
            np.concatenate([base.data, np.maximum(offset, 1e-6)]),
            np.concatenate([base.indices, at]),
            np.append(base.indptr, len(base.data) + len(at)),
        ),
        shape=(n + 1, n + 1),
    )
    unit = quantum(w.profile)
    found = dijkstra(matrix, indices=n, limit=limit_h / unit)[:n] * unit
    inside = np.flatnonzero(access.edge >= 0)
    own = [(int(access.edge[i]), float(access.fraction[i]), float(access.gap[i]) * unit,
            float(w.weights[access.edge[i]]) * unit) for i in inside]  # fmt: skip
    return np.asarray(found), own


def _sparse(net: Network, w: Weighted) -> Any:
    """Return the open arcs as a sparse matrix; of parallel arcs the lightest."""
    from scipy.sparse import csr_array

    c = net.columns
    weight = w.weights[c.a_edge]
    use = np.flatnonzero(weight < INF)
    tail, head, weight = c.a_tail[use], c.a_head[use], weight[use].astype(float)
    order = np.lexsort((weight, head, tail))
    tail, head, weight = tail[order], head[order], weight[order]
    first = np.ones(len(tail), dtype=bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    indptr = np.searchsorted(tail[first], np.arange(c.n_nodes + 1))
    data = np.maximum(weight[first], 1e-6)  # csgraph takes a zero for no arc
    return csr_array((data, head[first], indptr), shape=(c.n_nodes, c.n_nodes))


def _edges(
    net: Network,
    w: Weighted,
    node_h: NDArray[np.float64],
    own: list[Own],
    limits: tuple[float, ...],
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    c, last = net.columns, limits[-1]
    lines = (w.weights < INF) & (np.asarray(c.e_kind) == LINE)
    t = w.weights * quantum(w.profile)
    a = node_h[c.e_u]
    # against a one-way line nobody goes
    b = np.where(np.asarray(c.e_oneway), np.inf, node_h[c.e_v])
    e = np.flatnonzero(lines & ((a < last) | (b < last)))
    a, b, t = a[e], b[e], np.maximum(t[e], 1e-12)
    # how far one gets from either end before the limit
    from_u, from_v = np.clip((last - a) / t, 0.0, 1.0), np.clip((last - b) / t, 0.0, 1.0)
    whole = from_u + from_v >= 1.0
    met = np.minimum(np.maximum(np.maximum(a, b), 0.0), (a + b + t) / 2)
    far_end = np.where(np.isfinite(a) & np.isfinite(b), np.maximum(met, (a + b + t) / 2), a + t)
    far_end = np.where(np.isfinite(b) & ~np.isfinite(a), b + t, far_end)
    some_u, some_v = ~whole & (from_u > 0), ~whole & (from_v > 0)
    one = np.ones(len(e))
    pieces: list[tuple[NDArray[Any], ...]] = [
        (e[whole], 0 * one[whole], one[whole], np.minimum(a, b)[whole],
         np.minimum(far_end, last)[whole]),
        (e[some_u], 0 * one[some_u], from_u[some_u], a[some_u], (a + from_u * t)[some_u]),
        (e[some_v], 1 - from_v[some_v], one[some_v], b[some_v], (b + from_v * t)[some_v]),
    ]  # fmt: skip
    # the line on which the place lies, on both sides of it, where no end of it is in reach
    known = set(e.tolist())
    for edge, f, door, cross in own:
        reach = (last - door) / cross if cross > 0 else 1.0
        if edge not in known and lines[edge] and reach > 0:
            back = 0.0 if c.e_oneway[edge] else min(reach, f)
            row = (edge, f - back, min(f + reach, 1.0), door, last)
            pieces.append(tuple(np.array([x]) for x in row))
    at, lo, hi, since, to = (np.concatenate(x) for x in zip(*pieces, strict=True))
    at = at.astype(np.int64)
    order = np.lexsort((lo, at))
    at, lo, hi, since, to = (x[order] for x in (at, lo, hi, since, to))
    within = np.searchsorted(np.array(limits), np.round(to, 9))
    return gpd.GeoDataFrame(
        {
            "edge": at,
            "mode": np.array(MODES, dtype=object)[c.e_mode[at]],
            "country": np.array(c.words["country"], dtype=object)[c.e_country[at]],
            "hours_from": np.round(since, 3),
            "hours_to": np.round(to, 3),
            "within_h": np.array(limits)[np.minimum(within, len(limits) - 1)],
        },
        geometry=_shapes(net, at, lo, hi),
        crs="EPSG:4326",
    )


def _shapes(
    net: Network, edge: NDArray[np.int64], lo: NDArray[np.float64], hi: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return the lines of pieces of edges."""
    import shapely

    c = net.columns
    out = np.empty(len(edge), dtype=object)
    cut = (lo > 0.0) | (hi < 1.0)
    for i in np.flatnonzero(cut).tolist():
        step = Step(int(edge[i]), float(hi[i] - lo[i]), True, float(lo[i]), float(hi[i]))
        line = line_of(c, (step,))
        out[i] = shapely.LineString(line if len(line) > 1 else np.repeat(line, 2, axis=0))
    rows = np.flatnonzero(~cut)
    if len(rows):
        first, end = c.g_offset[edge[rows]], c.g_offset[edge[rows] + 1]
        owner = np.repeat(np.arange(len(rows)), end - first)
        before = np.concatenate([[0], np.cumsum(end - first)[:-1]])
        at = np.arange(len(owner)) + np.repeat(first - before, end - first)
        out[rows] = shapely.linestrings(np.column_stack([c.g_lon[at], c.g_lat[at]]), indices=owner)
    return out


def _points(net: Network, w: Weighted, place: Place, limits: tuple[float, ...]) -> gpd.GeoDataFrame:
    import geopandas as gpd

    from corridors.routing.matrix import Question, Work

    places = [p for p in net.names.atlas_places() if p.kind != "organisation"]
    question = Question("time", w.profile.modes, (), w.profile.year, w.profile.cargo)
    view = net if w.profile.closed == net.closures else net.with_closures(w.profile.closed)
    found = Work(view, [place], places, question).block(0, 1).values[0] if places else np.zeros(0)
    near = [(h, p) for h, p in zip(found.tolist(), places, strict=True) if h <= limits[-1]]
    near.sort(key=lambda x: (x[0], x[1].id))
    return gpd.GeoDataFrame(
        {
            "id": [p.id for _, p in near], "name": [p.name for _, p in near],
            "kind": [p.kind for _, p in near], "country": [p.country for _, p in near],
            "hours": [round(h, 3) for h, _ in near],
            "within_h": [next(x for x in limits if h <= x) for h, _ in near],
        },
        geometry=gpd.points_from_xy([p.lon for _, p in near], [p.lat for _, p in near]),
        crs="EPSG:4326",
    )  # fmt: skip


def _polygons(
    place: Place, edges: gpd.GeoDataFrame, limits: tuple[float, ...], buffer_km: float
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyproj
    import shapely

    plane = pyproj.CRS.from_proj4(
        f"+proj=aeqd +lat_0={place.lat} +lon_0={place.lon} +datum=WGS84 +units=km"
    )
    there = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    # on a grid: the union of a hundred thousand buffers takes minutes, this takes seconds
    cell = buffer_km / CELLS_PER_BUFFER
    degrees, owner = shapely.get_coordinates(edges.geometry.array, return_index=True)
    xy, owner = _dense(np.column_stack(there.transform(*degrees.T)), owner, cell)
    when = edges["within_h"].to_numpy()[owner]
    xy, when = np.vstack([[0.0, 0.0], xy]), np.append(limits[0], when)
    low = xy.min(axis=0) - 2 * buffer_km
    size = np.ceil((xy.max(axis=0) + 2 * buffer_km - low) / cell).astype(int) + 1
    if size.prod() > MAX_CELLS:
        raise SchemaError(
            f"buffer_km={buffer_km:g} is too fine for a reach of {size.max() * cell:,.0f} km"
        )
    column, row = ((xy - low) / cell).astype(int).T
    touched = np.zeros((size[1], size[0]), dtype=bool)
    shapes = []
    for limit in limits:
        at = when == limit
        touched[row[at], column[at]] = True
        area = _polygon_of(_near(touched, CELLS_PER_BUFFER), low, cell)
        shapes.append(_to_degrees(shapely.simplify(area, cell), there, place.lon))
    for i in range(1, len(shapes)):
        # simplification must not undo that each area lies within the next
        shapes[i] = shapely.union(shapes[i], shapes[i - 1])
    return gpd.GeoDataFrame({"hours": list(limits)}, geometry=shapes, crs="EPSG:4326")


def _dense(
    xy: NDArray[np.float64], owner: NDArray[np.int64], step: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return points along lines, no two neighbours farther apart than a step."""
    a, b = xy[:-1], xy[1:]
    use = (owner[1:] == owner[:-1]) & np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b, owner = a[use], b[use], owner[:-1][use]
    n = np.ceil(np.hypot(*(b - a).T) / step).astype(int) + 1
    row = np.repeat(np.arange(len(a)), n)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    t = (nth / np.maximum(n - 1, 1)[row])[:, None]
    return a[row] + t * (b[row] - a[row]), owner[row]


def _near(touched: NDArray[np.bool_], cells: float) -> NDArray[np.bool_]:
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~touched) <= cells)


def _polygon_of(mask: NDArray[np.bool_], low: NDArray[np.float64], cell: float) -> Any:
    """Return the cells of a grid as one area, each row's stretches of them as boxes."""
    import shapely

    edge = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    row, first = np.nonzero(edge > 0)
    _, last = np.nonzero(edge < 0)
    # equal stretches in rows that follow one another are one box
    order = np.lexsort((row, last, first))
    row, first, last = row[order], first[order], last[order]
    new = np.ones(len(row), dtype=bool)
    new[1:] = (first[1:] != first[:-1]) | (last[1:] != last[:-1]) | (row[1:] != row[:-1] + 1)
    at = np.flatnonzero(new)
    top = row[np.append(at[1:], len(row)) - 1] + 1
    x0, x1 = low[0] + first[at] * cell, low[0] + last[at] * cell
    y0, y1 = low[1] + row[at] * cell, low[1] + top * cell
    return shapely.union_all(shapely.box(x0, y0, x1, y1))


def _to_degrees(area: Any, there: Any, lon: float) -> Any:
    """Return an area of the plane in degrees, cut at the antimeridian where it passes it."""
    import shapely

    def turn(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = there.transform(*xy.T, direction="INVERSE")
        return np.column_stack([lon + (np.asarray(x) - lon + 180.0) % 360.0 - 180.0, y])

    whole = shapely.make_valid(shapely.transform(area, turn))
    parts = []
    for shift in (-360.0, 0.0, 360.0):
        cut = shapely.intersection(whole, shapely.box(-180 + shift, -90, 180 + shift, 90))
        if not cut.is_empty:
            parts.append(shapely.transform(cut, lambda xy, s=shift: xy - [s, 0.0]))
    polygons = [p for p in shapely.get_parts(shapely.union_all(parts)) if p.geom_type == "Polygon"]
    return shapely.MultiPolygon(polygons) if len(polygons) != 1 else polygons[0]
