"""Ways over water: is a point or a segment on land, and the shortest way round the land.

Straight means straight in longitude and latitude, as a map file draws it; lengths are geodesic.
A :class:`Field` is a visibility graph round the land of one box, at several distances from the
coast. The way that it answers keeps well off the coast where there is room and comes closer only
in narrows and harbours, because a piece close to the coast counts as longer than it is.

All coordinates are degrees, longitude before latitude (WGS84), lengths kilometres.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corridors.errors import NoRouteError
from corridors.geodesy import distance_km, local_scale, path_lengths_km

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from shapely import STRtree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# (distance kept from the coast in km, how much dearer a km is that keeps no more than this)
CLEARANCES: tuple[tuple[float, float], ...] = ((3.0, 1.0), (1.0, 1.15), (0.3, 1.5), (0.0, 2.5))
REACH_KM = 40.0  # how far round a harbour the finer corners are looked for, if not said
INSHORE_KM = 25.0  # the longest sight of a corner that is closer than the widest clearance
DECIMALS = 5  # of a degree, about a metre
# a piece of polygon has at most so many vertices, so that a query looks at few of them
PIECE_VERTICES = 256


@dataclass(frozen=True)
class Land:
    """Land polygons, cut into small pieces, with a search tree.

    Attributes
    ----------
    pieces : array of Polygon
        Valid polygons, EPSG:4326, the ground of the whole ones cut small.
    tree : STRtree
        Over the pieces.
    """

    pieces: NDArray[Any]
    tree: STRtree


def land_from(polygons: Iterable[Any]) -> Land:
    """Return land ready for many questions.

    Parameters
    ----------
    polygons : iterable of Polygon or MultiPolygon
        EPSG:4326. Faults of the rings (a digitised coast touches itself) are mended, and rings
        that step over the antimeridian are cut there.
    """
    import shapely

    single = shapely.get_parts(np.array(list(polygons), dtype=object))
    mended = shapely.make_valid(np.array([q for p in single for q in _unwrapped(p)], dtype=object))
    parts = shapely.get_parts(shapely.get_parts(mended))
    parts = parts[shapely.get_type_id(parts) == 3]
    queue, pieces = list(parts), []
    while queue:
        part = queue.pop()
        if shapely.get_num_coordinates(part) <= PIECE_VERTICES:
            pieces.append(part)
            continue
        west, south, east, north = part.bounds
        if east - west >= north - south:
            middle = (west + east) / 2
            boxes = [(west, south, middle, north), (middle, south, east, north)]
        else:
            middle = (south + north) / 2
            boxes = [(west, south, east, middle), (west, middle, east, north)]
        for box in boxes:
            half = shapely.clip_by_rect(part, *box)
            half = half if half.is_valid else shapely.make_valid(half)
            halves = shapely.get_parts(shapely.get_parts(half))
            queue.extend(halves[shapely.get_type_id(halves) == 3])
    array = np.array(pieces, dtype=object)
    return Land(array, shapely.STRtree(array))


def _unwrapped(polygon: Any) -> list[Any]:
    """Return a polygon in one or two parts, none of which steps over the antimeridian."""
    import shapely

    west, _, east, _ = polygon.bounds
    if east - west <= 180:
        return [polygon]
    rings = [shapely.get_coordinates(r) for r in shapely.get_rings(polygon)]
    if not any((np.abs(np.diff(r[:, 0])) > 180).any() for r in rings):
        return [polygon]
    turned = [np.column_stack([np.unwrap(r[:, 0], period=360), r[:, 1]]) for r in rings]
    if any(abs(r[0, 0] - r[-1, 0]) > 1 for r in turned):  # round a pole: it is no closed ring
        return [polygon]
    first = turned[0][:, 0].mean()
    turned = [r - [360 * round((r[:, 0].mean() - first) / 360), 0] for r in turned]
    whole = shapely.make_valid(shapely.Polygon(turned[0], turned[1:]))
    out = []
    for turn in (-1, 0, 1):
        part = shapely.clip_by_rect(whole, 360 * turn - 180, -90, 360 * turn + 180, 90)
        if not part.is_empty:
            out.append(shapely.transform(part, lambda c, t=turn: c - [360 * t, 0]))
    return out


def on_land(land: Land, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Return whether each point lies on land."""
    import shapely

    points = shapely.points(np.atleast_1d(lon), np.atleast_1d(lat))
    out = np.zeros(len(points), dtype=bool)
    out[land.tree.query(points, predicate="intersects")[0]] = True
    return out


def land_km(land: Land, a: ArrayLike, b: ArrayLike) -> Floats:
    """Return how many km of each straight segment lie over land.

    Parameters
    ----------
    a, b : (n, 2) arrays
        Ends of the segments, lon, lat.
    """
    import shapely

    start, end = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    row, piece = land.tree.query(lines, predicate="intersects")
    wet = shapely.intersection(lines[row], land.pieces[piece])
    parts, owner = shapely.get_parts(wet, return_index=True)
    coords, at = shapely.get_coordinates(parts, return_index=True)
    offsets = np.searchsorted(at, np.arange(len(parts) + 1))
    km = path_lengths_km(coords[:, 0], coords[:, 1], offsets) if len(parts) else np.zeros(0)
    return np.bincount(row[owner], weights=km, minlength=len(lines)).astype(float)


def line_land_km(land: Land, coords: ArrayLike) -> float:
    """Return how many km of one line, (n, 2) lon, lat, lie over land."""
    c = np.asarray(coords, float)
    return float(land_km(land, c[:-1], c[1:]).sum())


@dataclass(frozen=True)
class Field:
    """The water of one box with the corners round which the ways across it bend.

    Attributes
    ----------
    bounds : tuple
        West, south, east, north in degrees.
    scale : (2,) array
        Km per degree of longitude and latitude in the middle of the box.
    blocked : tuple of geometry
        Land grown by each clearance, widest first, in km (planar), prepared.
    factors : tuple of float
        How much dearer a km is at each clearance.
    water : array of Polygon
        The pieces of open water in the box, in km (planar).
    offing : geometry
        The water that keeps the widest clearance, in km (planar).
    corners : (n, 2) array
        Lon, lat of the corners.
    wide : (n,) bool array
        Whether the corner keeps the widest clearance.
    links : (m, 2) array, cost : (m,) array
        Pairs of corners in sight of each other, and the weighed length between them.
    """

    bounds: tuple[float, float, float, float]
    scale: Floats
    blocked: tuple[Any, ...]
    factors: tuple[float, ...]
    water: NDArray[Any]
    offing: Any
    corners: Floats
    wide: NDArray[np.bool_]
    links: Ints
    cost: Floats


def field(
    land: Land,
    bounds: Sequence[float],
    *,
    harbours: ArrayLike | None = None,
    reach_km: float = REACH_KM,
    clearances: Sequence[tuple[float, float]] = CLEARANCES,
) -> Field:
    """Return the field of a box: corners at each clearance and which of them see each other.

    Parameters
    ----------
    bounds : west, south, east, north
        Degrees; not across the antimeridian.
    harbours : (n, 2) array, optional
        Lon, lat of ports and narrows: only within ``reach_km`` of one of them does a way bend
        closer to the coast than the widest clearance. Everywhere, when not given.
    clearances : sequence of (km, factor)
        Widest first; the last must be 0 (the land itself).
    """
    import shapely

    west, south, east, north = (float(x) for x in bounds)
    scale = np.array([float(x) for x in local_scale((south + north) / 2)])
    margin = (clearances[0][0] * 2 + 1) / scale
    outer = (west - margin[0], south - margin[1], east + margin[0], north + margin[1])
    ground = shapely.transform(_ground(land, outer), lambda c: c * scale)
    box = shapely.box(*(np.array([west, south, east, north]) * np.tile(scale, 2)))
    inshore = None
    if harbours is not None:
        at = shapely.points(np.atleast_2d(np.asarray(harbours, float)) * scale)
        inshore = shapely.union_all(shapely.buffer(at, reach_km, quad_segs=4))
        shapely.prepare(inshore)

    blocked, corners, neighbours, level = [], [], [], []
    narrow = None
    for number, (km, _) in enumerate(clearances):
        grown = ground.buffer(km, quad_segs=4) if km else ground
        round_it = km if km else min(0.1, clearances[number - 1][0] / 3)
        ring = ground.buffer(round_it * 1.2, quad_segs=2).simplify(round_it * 0.1)
        points, before, after = _corners(ring)
        keep = shapely.intersects_xy(box, points[:, 0], points[:, 1])
        for only in (narrow, inshore if number else None):
            if only is not None:
                keep &= shapely.intersects_xy(only, points[:, 0], points[:, 1])
        corners.append(points[keep])
        neighbours.append(np.stack([before[keep], after[keep]], axis=1))
        level.append(np.full(int(keep.sum()), number))
        # narrows: where a ship that keeps this clearance does not get to
        pinched = grown.buffer(-km * 0.98, quad_segs=4).difference(ground.buffer(0.01))
        narrow = pinched.buffer(max(km / 2, 0.1), quad_segs=2)
        shapely.prepare(narrow)
        shapely.prepare(grown)
        blocked.append(grown)
    offing = box.difference(ground.buffer(clearances[0][0] * 1.05, quad_segs=4))
    mouths = _mouths(np.vstack(corners[1:] or [np.zeros((0, 2))]), offing, clearances[0][0])
    corners.append(mouths)
    neighbours.append(np.repeat(mouths[:, None, :], 2, axis=1))  # free to bend either way
    level.append(np.zeros(len(mouths), dtype=np.int64))
    xy, beside, depth = np.vstack(corners), np.concatenate(neighbours), np.concatenate(level)
    open_water = shapely.get_parts(box.difference(ground))
    made = Field(
        bounds=(west, south, east, north),
        scale=scale,
        blocked=tuple(blocked),
        factors=tuple(f for _, f in clearances),
        water=open_water[(shapely.get_type_id(open_water) == 3) & ~shapely.is_empty(open_water)],
        offing=offing,
        corners=(xy / scale).round(DECIMALS),
        wide=depth == 0,
        links=np.zeros((0, 2), dtype=np.int64),
        cost=np.zeros(0),
    )
    pairs = _near_pairs(xy, made.wide)
    i, j = pairs[:, 0], pairs[:, 1]
    useful = (depth[i] != depth[j]) | (
        _tangent(xy[i], xy[j], beside[i]) & _tangent(xy[j], xy[i], beside[j])
    )
    links = pairs[useful]
    cost = _weigh(made, made.corners, made.wide, links)
    seen = np.isfinite(cost)
    return replace(made, links=links[seen], cost=cost[seen])


def _mouths(fine: Floats, offing: Any, clearance_km: float) -> Floats:
    """Return points of the offing where narrows and harbours open into it, a few km apart."""
    import shapely

    if offing.is_empty or not len(fine):
        return np.zeros((0, 2))
    line = shapely.shortest_line(shapely.points(fine), offing)
    line = line[shapely.length(line) <= 2 * clearance_km]
    ends = shapely.get_coordinates(line)[1::2]
    cell = np.floor(ends / clearance_km).astype(np.int64)
    _, first = np.unique(cell, axis=0, return_index=True)
    return np.asarray(ends[np.sort(first)])


def _near_pairs(xy: Floats, wide: NDArray[np.bool_]) -> Ints:
    """Return the pairs of corners worth a look: all in the offing, near ones elsewhere."""
    from scipy.spatial import cKDTree

    if not len(xy):
        return np.zeros((0, 2), dtype=np.int64)
    far = np.flatnonzero(wide)
    a, b = np.triu_indices(len(far), 1)
    near = cKDTree(xy).query_pairs(INSHORE_KM, output_type="ndarray").astype(np.int64)
    near = near[~(wide[near[:, 0]] & wide[near[:, 1]])]
    return np.vstack([np.column_stack([far[a], far[b]]), np.sort(near, axis=1)])


def _weigh(field: Field, where: Floats, wide: NDArray[np.bool_], links: Ints) -> Floats:
    """Return the weighed length of links, infinite where there is no sight."""
    out = np.full(len(links), np.inf)
    both = wide[links[:, 0]] & wide[links[:, 1]]
    for mask, levels in ((both, 1), (~both, len(field.factors))):
        part = links[mask]
        out[mask] = _sight(field, where[part[:, 0]], where[part[:, 1]], levels)
    return out


def _ground(land: Land, bounds: Sequence[float]) -> Any:
    """Return the land in a box as one geometry in degrees."""
    import shapely

    box = shapely.box(*(float(x) for x in bounds))
    near = land.pieces[np.sort(land.tree.query(box))]
    inner = shapely.contains_properly(box, near)
    cut = shapely.make_valid(shapely.intersection(near[~inner], box))
    return shapely.union_all(np.concatenate([near[inner], cut]))


def _corners(shape: Any) -> tuple[Floats, Floats, Floats]:
    """Return the convex corners of polygons with the ring's vertex before and after each."""
    import shapely

    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    rings = shapely.get_rings(shapely.orient_polygons(polygons)) if polygons else []
    out: list[tuple[Floats, Floats, Floats]] = []
    for ring in rings:
        points = shapely.get_coordinates(ring)[:-1]
        before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
        convex = _cross(points - before, after - points) > 1e-12
        out.append((points[convex], before[convex], after[convex]))
    empty = np.zeros((0, 2))
    stacked = [np.vstack([empty, *(o[k] for o in out)]) for k in range(3)]
    return stacked[0], stacked[1], stacked[2]


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _tangent(at: Floats, to: Floats, beside: Floats) -> NDArray[np.bool_]:
    """Return whether a segment touches the ring at its corner without cutting into it."""
    way = to - at
    one = _cross(way, beside[:, 0] - at)
    two = _cross(way, beside[:, 1] - at)
    return np.asarray(one * two >= -1e-9)


def _sight(field: Field, a: Floats, b: Floats, levels: int) -> Floats:
    """Return the weighed length in km of each segment, infinite where it crosses land.

    ``levels`` = 1 asks for the widest clearance all the way.
    """
    import shapely

    if not len(a):
        return np.zeros(0)
    lines = shapely.linestrings(np.stack([a * field.scale, b * field.scale], axis=1))
    factor = np.full(len(lines), np.inf)
    left = np.arange(len(lines))
    # the nearest clearance first: most pairs fail at the land itself and need no further look
    for shape, value in zip(
        field.blocked[:levels][::-1], field.factors[:levels][::-1], strict=True
    ):
        left = left[~shapely.intersects(shape, lines[left])]
        factor[left] = value
    seen = np.flatnonzero(np.isfinite(factor))
    if len(seen):
        km = np.atleast_1d(distance_km(a[seen, 0], a[seen, 1], b[seen, 0], b[seen, 1]))
        factor[seen] *= np.maximum(km, 1e-6)
    return factor


@dataclass(frozen=True)
class Pool:
    """The open water of one box, without the corners of a field."""

    scale: Floats
    water: NDArray[Any]


def pool(land: Land, bounds: Sequence[float]) -> Pool:
    """Return the open water of a box (west, south, east, north in degrees)."""
    import shapely

    scale = np.array([float(x) for x in local_scale((bounds[1] + bounds[3]) / 2)])
    parts = shapely.get_parts(shapely.box(*bounds).difference(_ground(land, bounds)))
    parts = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    return Pool(scale, shapely.transform(parts, lambda c: c * scale))


def leave_land(
    field: Field | Pool, lon: float, lat: float, touching: Any | None = None, out_km: float = 0.12
) -> tuple[float, float]:
    """Return the nearest point on the water, a little way off the coast.

    Parameters
    ----------
    touching : geometry in degrees, optional
        Only water that touches it counts (so that a lagoon or a lake is not taken for the sea);
        without it, the largest piece of water in the box and any as large as a tenth of it.
    out_km : float
        How far off the coast the point is put.

    Raises
    ------
    NoRouteError
        There is no such water in the box.
    """
    import shapely

    water = field.water
    if touching is not None:
        planar = shapely.transform(touching, lambda c: c * field.scale)
        water = water[shapely.intersects(water, planar)]
    elif len(water):
        area = shapely.area(water)
        water = water[area >= area.max() / 10]
    if not len(water):
        raise NoRouteError(f"no open water near lon {lon:.3f}, lat {lat:.3f}")
    here = shapely.Point(np.array([lon, lat]) * field.scale)
    best = water[int(np.argmin(shapely.distance(water, here)))]
    if best.contains(here):
        return round(lon, DECIMALS), round(lat, DECIMALS)
    coast = shapely.get_coordinates(shapely.shortest_line(here, best))[1]
    near = shapely.box(*(coast - 5 * out_km), *(coast + 5 * out_km)).intersection(best)
    for off in (out_km, out_km / 4, 0.0):
        shrunk = near.buffer(-off) if off else near
        if not shrunk.is_empty:
            break
    x, y = shapely.get_coordinates(shapely.shortest_line(here, shrunk))[1] / field.scale
    return round(float(x), DECIMALS), round(float(y), DECIMALS)


def ways(
    field: Field, points: ArrayLike, pairs: Iterable[tuple[int, int]] | None = None
) -> dict[tuple[int, int], Floats]:
    """Return the shortest way over water between pairs of points.

    Parameters
    ----------
    points : (n, 2) array
        Lon, lat, on the water (see :func:`leave_land`).
    pairs : pairs of row numbers, optional
        All pairs i < j when not given.

    Returns
    -------
    dict
        (i, j) -> (k, 2) array of lon, lat from i to j, ends included. A pair without a way over
        water is left out.
    """
    from scipy.sparse.csgraph import dijkstra

    at = np.atleast_2d(np.asarray(points, float))
    n = len(at)
    wanted = sorted(pairs) if pairs is not None else list(zip(*np.triu_indices(n, 1), strict=True))
    matrix, where = _matrix(field, at)
    found: dict[tuple[int, int], Floats] = {}
    for start in sorted({int(i) for i, _ in wanted}):
        cost, back = dijkstra(matrix, directed=False, indices=start, return_predecessors=True)
        for i, j in wanted:
            if i != start or not np.isfinite(cost[j]):
                continue
            path = [int(j)]
            while path[-1] != start:
                path.append(int(back[path[-1]]))
            line = where[path[::-1]]
            moved = np.append(np.any(line[1:] != line[:-1], axis=1), True)
            found[(int(i), int(j))] = line[moved]
    return found


def _roadsteads(field: Field, at: Floats) -> Floats:
    """Return for each point the nearest one that keeps the widest clearance (or the point)."""
    import shapely

    if field.offing.is_empty:
        return at
    here = shapely.points(at * field.scale)
    line = shapely.shortest_line(here, field.offing)
    return np.asarray((shapely.get_coordinates(line)[1::2] / field.scale).round(DECIMALS))


def _matrix(field: Field, at: Floats) -> tuple[csr_array, Floats]:
    """Return the weighed graph of points, their roadsteads and the corners, and where all lie."""
    from scipy.sparse import coo_array
    from scipy.spatial import cKDTree

    n, m = len(at), len(field.corners)
    where = np.vstack([at, _roadsteads(field, at), field.corners])
    wide = np.concatenate([np.zeros(n, bool), np.ones(n, bool), field.wide])
    xy = where * field.scale
    far = np.flatnonzero(wide)
    road, corner = np.meshgrid(np.arange(n, 2 * n), far, indexing="ij")
    long = np.column_stack([road.ravel(), corner.ravel()])
    near = cKDTree(xy[: 2 * n]).query_ball_tree(cKDTree(xy), INSHORE_KM)
    short = np.array([(i, j) for i, row in enumerate(near) for j in row], np.int64).reshape(-1, 2)
    a, b = np.triu_indices(n, 1)  # a point sees another one however far, if nothing is between
    extra = np.vstack([long, short, np.column_stack([a, b])])
    extra = np.unique(np.sort(extra[extra[:, 0] != extra[:, 1]], axis=1), axis=0)
    cost = _weigh(field, where, wide, extra)
    ok = np.isfinite(cost)
    links = np.vstack([extra[ok], field.links + 2 * n])
    values = np.concatenate([cost[ok], field.cost])
    shape = (2 * n + m, 2 * n + m)
    return coo_array((values, (links[:, 0], links[:, 1])), shape=shape).tocsr(), where


def shortest_way(field: Field, a: Sequence[float], b: Sequence[float]) -> Floats:
    """Return the shortest way over water from a to b, (k, 2) lon, lat, ends included.

    The same line in both directions.

    Raises
    ------
    NoRouteError
        The two points are not on one piece of water within the box.
    """
    first, last = sorted([tuple(map(float, a)), tuple(map(float, b))])
    found = ways(field, np.array([first, last]), [(0, 1)])
    if (0, 1) not in found:
        raise NoRouteError(
            f"no way over water between lon {a[0]:.3f}, lat {a[1]:.3f} "
            f"and lon {b[0]:.3f}, lat {b[1]:.3f} inside {field.bounds}"
        )
    line = found[(0, 1)]
    return line if tuple(map(float, a)) == first else line[::-1]
