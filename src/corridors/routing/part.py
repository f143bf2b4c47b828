"""The engine of the network without its roads: a quarter of the arcs, and of the time.

Rails, seas and ferries are what is asked most, and roads are most of the network. Nodes and arcs
keep their numbers for whoever asks; only inside they are others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import MODES, Columns
from corridors.routing.engine import (
    INF,
    Arcs,
    CchEngine,
    Matrix,
    Metric,
    Tree,
    opposite_arcs,
    write_order,
)

ROAD = MODES.index("road")
Ints = NDArray[np.int64]


class PartEngine:
    """Some of a network's arcs, by their numbers in the whole."""

    def __init__(self, columns: Columns, folder: Path) -> None:
        self.n_nodes, self.n_arcs = columns.n_nodes, len(columns.a_tail)
        self._arcs, self._nodes, tail, head = _inside(columns)
        self._number = np.full(columns.n_nodes, -1, dtype=np.int64)
        self._number[self._nodes] = np.arange(len(self._nodes))
        self._arc_number = np.full(self.n_arcs, -1, dtype=np.int64)
        self._arc_number[self._arcs] = np.arange(len(self._arcs))
        self._inner = CchEngine(
            tail, head, columns.n_lat[self._nodes], columns.n_lon[self._nodes], folder
        )

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the metric of one weight per arc of the whole; what is left out is closed."""
        if len(weights) != self.n_arcs:
            raise ValueError(f"{len(weights)} weights for {self.n_arcs} arcs")
        return PartMetric(self, self._inner.metric(weights[self._arcs]))

    def tree(self) -> Tree:
        """Return the elimination tree over the nodes that are in the part."""
        inner = self._inner.tree()
        return Tree(self._nodes[inner.order], inner.parent, self.n_nodes)


class PartMetric:
    """A metric of the part under the numbers of the whole."""

    def __init__(self, part: PartEngine, inner: Metric) -> None:
        self._part, self._inner = part, inner

    def query(self, source: int, target: int) -> tuple[int, Arcs]:
        """Return weight and arcs of a shortest path."""
        p = self._part
        if not (0 <= source < p.n_nodes and 0 <= target < p.n_nodes):
            raise IndexError(f"node outside 0..{p.n_nodes - 1}")
        a, b = int(p._number[source]), int(p._number[target])
        if a < 0 or b < 0:
            return (0 if source == target else INF), np.zeros(0, dtype=np.int64)
        weight, arcs = self._inner.query(a, b)
        return weight, p._arcs[arcs]

    def matrix(self, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> Matrix:
        """Return weights between all sources and targets."""
        p = self._part
        s, t = np.asarray(sources), np.asarray(targets)
        for nodes in (s, t):
            if nodes.size and (nodes.min() < 0 or nodes.max() >= p.n_nodes):
                raise IndexError(f"node outside 0..{p.n_nodes - 1}")
        a, b = p._number[s], p._number[t]
        if (a >= 0).all() and (b >= 0).all():
            return self._inner.matrix(a, b)
        out = np.where(s[:, None] == t[None, :], np.uint32(0), np.uint32(INF))
        rows, columns = np.flatnonzero(a >= 0), np.flatnonzero(b >= 0)
        if len(rows) and len(columns):
            out[np.ix_(rows, columns)] = self._inner.matrix(a[rows], b[columns])
        return out

    def backward(self) -> Metric:
        """Return the metric of the same arcs travelled the other way round."""
        return PartMetric(self._part, self._inner.backward())

    def reweigh(self, arcs: NDArray[np.int64], weights: NDArray[np.uint32]) -> None:
        """Give some arcs new weights, in place; arcs that are left out stay closed."""
        number = self._part._arc_number[np.asarray(arcs)]
        inside = number >= 0
        self._inner.reweigh(number[inside], np.asarray(weights)[inside])


def _inside(columns: Columns) -> tuple[Ints, Ints, Ints, Ints]:
    """Return arcs and nodes of the part, and the ends of the arcs in its own numbers."""
    no_road = (np.asarray(columns.e_mode) != ROAD) & (np.asarray(columns.e_to_mode) != ROAD)
    arcs = np.flatnonzero(no_road[columns.a_edge])
    ends = np.concatenate([columns.a_tail[arcs], columns.a_head[arcs]])
    nodes, number = np.unique(ends, return_inverse=True)
    return arcs, nodes.astype(np.int64), number[: len(arcs)], number[len(arcs) :]


def save_order(columns: Columns, tree: Tree, folder: Path) -> None:
    """Write the part's node order, which is the whole's, for :class:`PartEngine` to load.

    The nodes of a separator, without those that are left out, separate what is left.
    """
    arcs, nodes, tail, head = _inside(columns)
    if not len(arcs) or len(nodes) == columns.n_nodes:
        return
    write_order(folder, np.argsort(tree.rank[nodes]), *opposite_arcs(tail, head))
