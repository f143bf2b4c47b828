"""Contracting chains: a node where one line simply goes on is a vertex, not a junction."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.network.frames import Graph, compact

# edges join into one only where all of these agree
SAME = ["mode", "gauge_mm", "country", "facility", "kind", "status", "from_year", "to_year",
        "origin", "precision", "electrified", "tracks"]  # fmt: skip


def contract(graph: Graph, keep: NDArray[np.bool_] | None = None) -> Graph:
    """Return the graph with every chain of degree-2 nodes as one edge.

    Parameters
    ----------
    graph : Graph
    keep : bool array, optional
        Nodes that stay whatever their degree.

    Notes
    -----
    Lengths add up; the inner nodes become vertices of ``via``. Closed rings without a junction
    keep one of their nodes. Directed edges, borders and transfers are left alone.
    """
    nodes, edges = graph.nodes, graph.edges
    n = len(nodes)
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    degree = np.bincount(np.concatenate([u, v]), minlength=n)
    plain = (edges["kind"] == "line").to_numpy() & ~edges["oneway"].to_numpy() & (u != v)
    # networks that were saved before a column was thought of have not got it
    same = [name for name in SAME if name in edges]
    key = pd.factorize(pd.MultiIndex.from_frame(edges[same]))[0]
    # the two incident edges of every degree-2 node
    ends = np.concatenate([u, v])
    which = np.concatenate([np.arange(len(u))] * 2)
    order = np.argsort(ends, kind="stable")
    first = np.searchsorted(ends[order], np.arange(n))
    two = np.flatnonzero(degree == 2)
    e1, e2 = which[order][first[two]], which[order][first[two] + 1]
    inner = plain[e1] & plain[e2] & (key[e1] == key[e2]) & (e1 != e2)
    if keep is not None:
        inner &= ~keep[two]
    through = np.zeros(n, dtype=bool)
    through[two[inner]] = True
    left, right = np.full(n, -1), np.full(n, -1)
    left[two[inner]], right[two[inner]] = e1[inner], e2[inner]

    lon, lat = nodes["lon"].to_numpy(), nodes["lat"].to_numpy()
    via = edges["via"].to_numpy()
    km = edges["length_km"].to_numpy()
    touched = through[u] | through[v]
    done = np.zeros(len(u), dtype=bool)
    rows, new_u, new_v, new_km, new_via = [], [], [], [], []

    def walk(edge: int, start: int) -> tuple[int, float, list[NDArray[np.float64]]]:
        """Follow a chain from ``start`` along ``edge`` to the next node that stays."""
        total, points, at = 0.0, [], start
        while True:
            done[edge] = True
            total += km[edge]
            forward = u[edge] == at
            if via[edge] is not None:
                points.append(via[edge] if forward else via[edge][::-1])
            at = int(v[edge] if forward else u[edge])
            if not through[at]:
                return at, total, points
            points.append(np.array([[lon[at], lat[at]]]))
            nxt = int(right[at] if left[at] == edge else left[at])
            if done[nxt]:
                return at, total, points
            edge = nxt

    starts = np.flatnonzero(touched & ~(through[u] & through[v]))
    for edge in starts:
        if done[edge]:
            continue
        start = int(v[edge] if through[u[edge]] else u[edge])
        end, total, points = walk(int(edge), start)
        rows.append(edge)
        new_u.append(start)
        new_v.append(end)
        new_km.append(total)
        new_via.append(np.vstack(points) if points else None)
    # rings: every node is a through node; one of them becomes the junction
    for edge in np.flatnonzero(touched & ~done):
        if done[edge]:
            continue
        start = int(u[edge])
        through[start] = False
        end, total, points = walk(int(edge), start)
        rows.append(edge)
        new_u.append(start)
        new_v.append(end)
        new_km.append(total)
        new_via.append(np.vstack(points) if points else None)

    joined = edges.iloc[rows].copy()
    joined["u"], joined["v"], joined["length_km"] = new_u, new_v, new_km
    holder = np.empty(len(new_via), dtype=object)
    holder[:] = new_via
    joined["via"] = holder
    out = pd.concat([edges[~touched], joined]).sort_index(kind="stable")
    out = out.reset_index(drop=True)
    out[["u", "v"]] = out[["u", "v"]].astype(np.int64)
    return compact(Graph(nodes, out), np.ones(len(out), dtype=bool))
