"""Joining a network across its gaps, by a stated rule, each join with its reason.

The rule: a dead end is joined to a node at most ``reach_km`` away when the way between the two
through the network is at least ``detour`` times the gap and longer than ``min_detour_km``
(tracks that end beside each other are one track; parallel tracks that meet soon are not a gap).
Then whole components are joined to a larger one over at most ``island_km``. No rule joins two
countries or crosses water: those are rows of a patch table with a reason each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridors.geodesy import chord, distance_km, unit_vectors
from corridors.network.frames import Graph, add_edges, component_km, components

Overwater = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


def join_gaps(
    graph: Graph,
    *,
    mode: str,
    over_water: Overwater,
    reach_km: float = 2.5,
    detour: float = 10.0,
    min_detour_km: float = 5.0,
    island_km: float = 4.0,
) -> Graph:
    """Return the graph with its gaps joined; joins carry ``origin`` = ``join:...``.

    Parameters
    ----------
    graph : Graph
        One mode's lines, nodes with their country.
    over_water : callable
        (lon, lat) -> bool array: is the point on water at the scale of the land polygons?
    """
    graph = _join_dead_ends(graph, mode, over_water, reach_km, detour, min_detour_km)
    return _join_islands(graph, mode, over_water, island_km)


def _dry(
    graph: Graph, a: NDArray[np.int64], b: NDArray[np.int64], over_water: Overwater
) -> NDArray[np.bool_]:
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    wet = np.zeros(len(a), dtype=bool)
    for t in (0.25, 0.5, 0.75):
        wet |= over_water(lon[a] * (1 - t) + lon[b] * t, lat[a] * (1 - t) + lat[b] * t)
    return ~wet


def _rows(
    graph: Graph, pairs: list[tuple[int, int]], mode: str, why: str
) -> list[dict[str, object]]:
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    country = graph.nodes["country"].to_numpy()
    return [
        {
            "u": a,
            "v": b,
            "mode": mode,
            "length_km": max(float(distance_km(lon[a], lat[a], lon[b], lat[b])), 0.001),
            "country": country[a],
            "origin": f"join:{why}",
        }
        for a, b in pairs
    ]


def _join_dead_ends(
    graph: Graph,
    mode: str,
    over_water: Overwater,
    reach_km: float,
    detour: float,
    min_detour_km: float,
) -> Graph:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra
    from scipy.spatial import cKDTree

    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    w = graph.edges["length_km"].to_numpy()
    n = len(graph.nodes)
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    country = graph.nodes["country"].to_numpy()
    degree = np.bincount(np.concatenate([u, v]), minlength=n)
    ends = np.flatnonzero(degree == 1)
    xyz = unit_vectors(lon, lat)
    near = cKDTree(xyz).query_ball_point(xyz[ends], chord(reach_km))
    a = np.repeat(ends, [len(x) for x in near])
    b = np.concatenate([np.asarray(x, dtype=np.int64) for x in near]) if len(near) else a
    ok = (a != b) & (country[a] == country[b])
    a, b = a[ok], b[ok]
    gap = np.asarray(distance_km(lon[a], lat[a], lon[b], lat[b]))
    order = np.lexsort((b, a, gap))
    a, b, gap = a[order], b[order], gap[order]

    matrix = coo_array((np.maximum(w, 1e-3), (u, v)), shape=(n, n)).tocsr()
    pairs: list[tuple[int, int]] = []
    joined: set[int] = set()
    limit = max(min_detour_km, detour * reach_km)
    local: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    subset = _Neighbourhoods(matrix, lon, lat, limit)
    dry = _dry(graph, a, b, over_water)
    for i in range(len(a)):
        s, t = int(a[i]), int(b[i])
        if s in joined or not dry[i]:
            continue
        if s not in local:
            local[s] = subset.reach(s, dijkstra)
        members, dist = local[s]
        at = np.searchsorted(members, t)
        through = dist[at] if at < len(members) and members[at] == t else np.inf
        if through >= max(min_detour_km, detour * gap[i]):
            pairs.append((s, t))
            joined.add(s)
            joined.add(t)
    return add_edges(graph, _rows(graph, pairs, mode, f"dead end within {reach_km} km"))


class _Neighbourhoods:
    """Distances within a limit, on the small part of the graph that can hold them."""

    def __init__(
        self,
        matrix: Any,
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        limit_km: float,
    ) -> None:
        from scipy.spatial import cKDTree

        self.matrix = matrix + matrix.T
        self.xyz = unit_vectors(lon, lat)
        self.tree = cKDTree(self.xyz)
        self.limit = limit_km

    def reach(
        self, source: int, dijkstra: Callable[..., Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        members = np.sort(
            np.asarray(self.tree.query_ball_point(self.xyz[source], chord(self.limit)))
        )
        part = self.matrix[members][:, members]
        at = int(np.searchsorted(members, source))
        return members, dijkstra(part, indices=at, limit=self.limit)


def _join_islands(graph: Graph, mode: str, over_water: Overwater, island_km: float) -> Graph:
    """Join components to larger ones in the same country, nearest first, largest last."""
    from scipy.spatial import cKDTree

    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    country = graph.nodes["country"].to_numpy()
    labels = components(graph)
    km = component_km(graph, labels)
    xyz = unit_vectors(lon, lat)
    pairs: list[tuple[int, int]] = []
    # every component but the largest looks once for a node of a larger one
    sizes = np.zeros(labels.max(initial=0) + 1)
    sizes[labels] = km
    for label in np.argsort(sizes, kind="stable")[:-1]:
        mine = np.flatnonzero(labels == label)
        box = (
            (lon > lon[mine].min() - 1)
            & (lon < lon[mine].max() + 1)
            & (lat > lat[mine].min() - 0.5)
            & (lat < lat[mine].max() + 0.5)
        )
        other = np.flatnonzero(box & (km > sizes[label]) & (labels != label))
        if not len(other):
            continue
        dist, at = cKDTree(xyz[other]).query(xyz[mine], distance_upper_bound=chord(island_km))
        for i in np.argsort(dist, kind="stable")[:5]:
            if not np.isfinite(dist[i]):
                break
            s, t = int(mine[i]), int(other[at[i]])
            one = np.array([s]), np.array([t])
            if country[s] == country[t] and _dry(graph, *one, over_water)[0]:
                pairs.append((s, t))
                break
    return add_edges(graph, _rows(graph, pairs, mode, f"island within {island_km} km"))
