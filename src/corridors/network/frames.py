"""A network in the making: two frames, and the few operations that every step needs.

nodes
    ``lon, lat`` (degrees), ``country`` (ISO alpha-2 or ''), index 0..n-1.
edges
    ``u, v`` (node numbers), ``mode`` (rail, road, sea, ferry), ``length_km`` (the length that
    counts), ``via`` (None or an (n, 2) array of lon, lat between the ends), ``gauge_mm`` (0 off
    the rails), ``country``, ``facility`` (id of a crossing, terminal, ferry or strait, or ''),
    ``kind`` (line, border, transfer), ``to_country`` (of a border edge), ``status``,
    ``from_year``, ``to_year`` (0 where not limited), ``origin`` (where the row comes from:
    source, patch id, or the joining rule), ``oneway``, ``precision`` (how the drawn line lies),
    ``to_mode`` and ``to_gauge_mm`` (of a transfer edge: what it leads to), ``electrified`` (of a
    railway: yes, no, '' where not known) and ``tracks`` (running tracks, 0 where not known).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.geodesy import distance_km, line_length_km

DEFAULTS: dict[str, object] = {
    "mode": "",
    "length_km": 0.0,
    "via": None,
    "gauge_mm": 0,
    "country": "",
    "facility": "",
    "kind": "line",
    "to_country": "",
    "status": "operating",
    "from_year": 0,
    "to_year": 0,
    "origin": "",
    "oneway": False,
    "precision": "",
    "to_mode": "",
    "to_gauge_mm": 0,
    "electrified": "",
    "tracks": 0,
}
TEXT = ("mode", "country", "facility", "kind", "to_country", "status", "origin", "precision",
        "to_mode", "electrified")  # fmt: skip
COLUMNS = ["u", "v", *DEFAULTS]


@dataclass(frozen=True)
class Graph:
    """Nodes and edges of one or several layers."""

    nodes: pd.DataFrame
    edges: pd.DataFrame


def make_edges(rows: dict[str, object] | list[dict[str, object]]) -> pd.DataFrame:
    """Return an edges frame with every column, defaults filled in."""
    if isinstance(rows, list):
        rows = [{**DEFAULTS, **row} for row in rows]
    frame = pd.DataFrame(rows)
    for name, value in DEFAULTS.items():
        if name not in frame:
            frame[name] = pd.Series([value] * len(frame), index=frame.index, dtype=object)
    for name in TEXT:
        frame[name] = frame[name].astype(object)
    if "u" not in frame:
        frame["u"] = frame["v"] = pd.Series(dtype=np.int64)
    return frame[COLUMNS].astype(
        {
            "u": np.int64,
            "v": np.int64,
            "length_km": float,
            "gauge_mm": np.int64,
            "from_year": np.int64,
            "to_year": np.int64,
            "oneway": bool,
            "to_gauge_mm": np.int64,
            "tracks": np.int64,
        }
    )


def add_edges(graph: Graph, rows: list[dict[str, object]]) -> Graph:
    """Return the graph with edges appended."""
    if not rows:
        return graph
    edges = pd.concat([graph.edges, make_edges(rows)], ignore_index=True)
    return Graph(graph.nodes, edges)


def add_nodes(
    graph: Graph, lon: Iterable[float], lat: Iterable[float], country: Iterable[str]
) -> tuple[Graph, NDArray[np.int64]]:
    """Return the graph with nodes appended, and their numbers."""
    more = pd.DataFrame({"lon": list(lon), "lat": list(lat), "country": list(country)})
    first = len(graph.nodes)
    nodes = pd.concat([graph.nodes, more], ignore_index=True)
    return Graph(nodes, graph.edges), np.arange(first, first + len(more))


def line_reader(graph: Graph) -> Callable[[int], NDArray[np.float64]]:
    """Return a function from an edge's row to its whole line, (n, 2) lon, lat."""
    xy = graph.nodes[["lon", "lat"]].to_numpy()
    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    via = graph.edges["via"].to_numpy()

    def line(row: int) -> NDArray[np.float64]:
        ends = xy[[u[row], v[row]]]
        return ends if via[row] is None else np.vstack([ends[:1], via[row], ends[1:]])

    return line


def shapes_of(graph: Graph, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return shapely lines of some edges."""
    import shapely

    xy = graph.nodes[["lon", "lat"]].to_numpy()
    u, v = graph.edges["u"].to_numpy()[rows], graph.edges["v"].to_numpy()[rows]
    via = graph.edges["via"].to_numpy()[rows]
    out = np.asarray(shapely.linestrings(np.stack([xy[u], xy[v]], axis=1)))
    bent = np.flatnonzero(graph.edges["via"].notna().to_numpy()[rows])
    if len(bent):
        counts = np.array([len(x) for x in via[bent]], dtype=np.int64) + 2
        first = np.concatenate([[0], np.cumsum(counts)])
        whole = np.empty((int(first[-1]), 2))
        inner = np.ones(len(whole), dtype=bool)
        inner[first[:-1]] = inner[first[1:] - 1] = False
        whole[first[:-1]], whole[first[1:] - 1] = xy[u[bent]], xy[v[bent]]
        whole[inner] = np.concatenate(via[bent])
        out[bent] = shapely.linestrings(whole, indices=np.repeat(np.arange(len(bent)), counts))
    return out


def components(graph: Graph, mask: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Return the number of the connected component of every node (over the masked edges)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    if mask is not None:
        u, v = u[mask], v[mask]
    n = len(graph.nodes)
    matrix = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n, n))
    return np.asarray(connected_components(matrix, directed=False)[1])


def component_km(graph: Graph, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the length in km of every node's component."""
    total = np.bincount(
        labels[graph.edges["u"].to_numpy()],
        weights=graph.edges["length_km"].to_numpy(),
        minlength=int(labels.max(initial=-1)) + 1,
    )
    return np.asarray(total[labels])


def compact(graph: Graph, keep: NDArray[np.bool_]) -> Graph:
    """Return the graph with the kept edges only, and no node without an edge."""
    edges = graph.edges[keep]
    used = np.unique(np.concatenate([edges["u"].to_numpy(), edges["v"].to_numpy()]))
    number = np.full(len(graph.nodes), -1)
    number[used] = np.arange(len(used))
    edges = edges.assign(u=number[edges["u"]], v=number[edges["v"]]).reset_index(drop=True)
    return Graph(graph.nodes.iloc[used].reset_index(drop=True), edges)


def merge(graphs: list[Graph]) -> Graph:
    """Return several graphs side by side in one, numbered on."""
    nodes, edges, first = [], [], 0
    for graph in graphs:
        nodes.append(graph.nodes)
        edges.append(graph.edges.assign(u=graph.edges["u"] + first, v=graph.edges["v"] + first))
        first += len(graph.nodes)
    return Graph(pd.concat(nodes, ignore_index=True), pd.concat(edges, ignore_index=True))


def split_line(
    coords: NDArray[np.float64], fractions: list[float]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Cut a line at increasing fractions (0..1) of its drawn length.

    Returns
    -------
    points : (k, 2) array
        Where it was cut, 5 decimals.
    pieces : list of k + 1 arrays or empty arrays
        The vertices strictly inside each piece.
    """
    seg = np.atleast_1d(distance_km(coords[:-1, 0], coords[:-1, 1], coords[1:, 0], coords[1:, 1]))
    at = np.concatenate([[0.0], np.cumsum(seg)])
    at = at / at[-1] if at[-1] > 0 else np.linspace(0, 1, len(at))
    points = np.column_stack(
        [np.interp(fractions, at, coords[:, 0]), np.interp(fractions, at, coords[:, 1])]
    ).round(5)
    bounds = [0.0, *fractions, 1.0]
    inner = coords[1:-1], at[1:-1]
    pieces = [inner[0][(inner[1] > lo) & (inner[1] < hi)] for lo, hi in itertools.pairwise(bounds)]
    return points, pieces


def split_edge(
    edge: dict[str, Any],
    line: NDArray[np.float64],
    fractions: list[float],
    countries: list[str],
) -> tuple[dict[str, list[object]], list[dict[str, object]]]:
    """Return new nodes and the edge rows that replace one edge (its row and line) cut at fractions.

    The stored length is shared out in proportion to the drawn one. New nodes are numbered from
    ``len(graph.nodes)`` on by the caller: rows hold ``("new", i)`` in their place.
    """
    points, pieces = split_line(line, fractions)
    bounds = [0.0, *fractions, 1.0]
    names: list[object] = [edge["u"], *[("new", i) for i in range(len(points))], edge["v"]]
    rows = [
        {
            **edge,
            "u": names[i],
            "v": names[i + 1],
            "length_km": float(edge["length_km"]) * (bounds[i + 1] - bounds[i]),
            "via": pieces[i] if len(pieces[i]) else None,
            "country": countries[i] if countries else edge["country"],
        }
        for i in range(len(pieces))
    ]
    return {"lon": list(points[:, 0]), "lat": list(points[:, 1])}, rows


def drawn_km(graph: Graph) -> NDArray[np.float64]:
    """Return the geodesic length in km of every edge's drawn line."""
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    out = np.atleast_1d(distance_km(lon[u], lat[u], lon[v], lat[v]))
    line = line_reader(graph)
    for row in np.flatnonzero(graph.edges["via"].notna().to_numpy()):
        out[row] = line_length_km(line(int(row)))
    return out
