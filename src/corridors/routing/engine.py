"""The shortest-path engine: one node order for a network, one metric per set of weights.

Two engines answer the same two calls (``query`` and ``matrix``). RoutingKit's customizable
contraction hierarchies (Dibbelt, Strasser, Wagner, *Customizable Contraction Hierarchies*, JEA
2016), through ``pyroutingkit``, where it has a wheel; SciPy's Dijkstra elsewhere. Weights are
unsigned 32-bit numbers; anything from ``INF`` on means that the arc is closed. The library
checks no bounds, so that is done here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

INF = 2147483647
"""Weight of a closed arc, and the distance of what cannot be reached."""

Arcs = NDArray[np.int64]
Matrix = NDArray[np.uint32]


class Metric(Protocol):
    """One set of weights, ready for questions."""

    def query(self, source: int, target: int) -> tuple[int, Arcs]:
        """Return the total weight and the arcs of a shortest path (INF and none: no path)."""
        ...

    def matrix(self, sources: NDArray[Any], targets: NDArray[Any]) -> Matrix:
        """Return total weights, sources by targets; INF where there is no path."""
        ...

    def reweigh(self, arcs: NDArray[Any], weights: NDArray[np.uint32]) -> None:
        """Give some arcs new weights, in place: only for a metric that nobody else holds."""
        ...

    def backward(self) -> Metric:
        """Return the metric of the same arcs travelled the other way round."""
        ...


class Engine(Protocol):
    """A topology that takes weights."""

    n_nodes: int

    def tree(self) -> Tree | None:
        """Return the engine's elimination tree, None where it has none."""
        ...

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the metric of one weight per arc."""
        ...


class Tree:
    """The elimination tree of a node order.

    Every shortest path between two nodes passes a node that is an ancestor of both (each node
    counts among its own ancestors), or is the same inside a subtree: the distances from a node to
    its ancestors, and from those to another node, are all that a distance needs.

    Attributes
    ----------
    order : int array
        Nodes by rank.
    rank : int array
        Rank of each node, -1 where it has none.
    parent : int array
        Rank of the parent of each rank, -1 at a root. Parents rank above their children.
    """

    def __init__(
        self, order: NDArray[np.int64], parent: NDArray[np.int64], n_nodes: int | None = None
    ) -> None:
        self.order, self.parent = order, parent
        self.rank = np.full(len(order) if n_nodes is None else n_nodes, -1, dtype=np.int64)
        self.rank[order] = np.arange(len(order))


def _parents(tail: NDArray[Any], head: NDArray[Any], rank: NDArray[Any]) -> NDArray[np.int64]:
    """Return the elimination tree of an undirected graph (Liu's algorithm)."""
    n = len(rank)
    a, b = rank[tail].astype(np.int64), rank[head].astype(np.int64)
    low, high = np.minimum(a, b), np.maximum(a, b)
    key = np.unique(high[low != high] * n + low[low != high])
    parent, root = [-1] * n, list(range(n))
    for above, below in zip((key // n).tolist(), (key % n).tolist(), strict=True):
        # climb from below to the root of its tree, shortening the way for the next
        at = below
        while root[at] != above:
            up, root[at] = root[at], above
            if up == at:
                parent[at] = above
                break
            at = up
    return np.array(parent, dtype=np.int64)


def _twins(tail: NDArray[Any], head: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (ghosts, twin): arcs with no arc the other way, and each arc's opposite.

    ``ghosts`` are to be appended reversed; ``twin`` covers them too.
    """
    m = len(tail)
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head).astype(np.int64)
    up = np.asarray(tail) <= np.asarray(head)
    pair = low * (int(high.max(initial=0)) + 1) + high
    order = np.lexsort((np.arange(m), ~up, pair))
    pair_o, up_o = pair[order], up[order]
    new = np.ones(m, dtype=bool)
    new[1:] = (pair_o[1:] != pair_o[:-1]) | (up_o[1:] != up_o[:-1])
    starts = np.flatnonzero(new)
    nth = np.arange(m) - np.repeat(starts, np.diff(np.append(starts, m)))
    # the nth arc one way belongs to the nth arc the other way
    key = (pair_o * (m + 1) + nth)[up_o], (pair_o * (m + 1) + nth)[~up_o]
    ups, downs = order[up_o], order[~up_o]
    at = np.searchsorted(key[1], key[0])
    hit = at < len(key[1])
    hit[hit] = key[1][at[hit]] == key[0][hit]
    loop = np.asarray(tail) == np.asarray(head)
    twin = np.full(m, -1, dtype=np.int64)
    twin[ups[hit]], twin[downs[at[hit]]] = downs[at[hit]], ups[hit]
    twin[loop] = np.flatnonzero(loop)
    ghosts = np.flatnonzero(twin < 0)
    twin[ghosts] = m + np.arange(len(ghosts))
    return ghosts, np.concatenate([twin, ghosts])


def opposite_arcs(
    tail: NDArray[Any], head: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ends of arcs to which the opposites of one-way arcs are appended.

    With every arc its opposite in the order, one order serves both directions.
    """
    ghosts = _twins(tail, head)[0]
    return (
        np.concatenate([tail, np.asarray(head)[ghosts]]).astype(np.int64),
        np.concatenate([head, np.asarray(tail)[ghosts]]).astype(np.int64),
    )


def _check(nodes: NDArray[Any], n: int) -> NDArray[np.uint32]:
    nodes = np.asarray(nodes)
    if nodes.size and (nodes.min() < 0 or nodes.max() >= n):
        raise IndexError(f"node outside 0..{n - 1}")
    return nodes.astype(np.uint32)


class CchEngine:
    """Customizable contraction hierarchies."""

    def __init__(
        self,
        tail: NDArray[Any],
        head: NDArray[Any],
        lat: NDArray[Any],
        lon: NDArray[Any],
        folder: Path | None = None,
    ) -> None:
        import pyroutingkit

        self._kit = pyroutingkit
        self.n_nodes, self.n_arcs = len(lat), len(tail)
        self._ends = tail, head
        self._folder = folder
        self._lock = threading.Lock()
        self._tree: Tree | None = None
        self._turned: NDArray[np.int64] | None = None
        self._topology = pyroutingkit.CCHTopology()
        if folder is not None and folder.is_dir():
            self._topology.load(str(folder))
            if (
                self._topology.arc_count >= self.n_arcs
                and self._topology.node_count == self.n_nodes
            ):
                return
            self._topology = pyroutingkit.CCHTopology()
        whole = opposite_arcs(tail, head)
        self._topology.build(
            *(x.astype(np.uint32) for x in whole), lat.astype(np.float32),
            lon.astype(np.float32), self.n_nodes,
        )  # fmt: skip
        if folder is not None:
            _save_whole(self._topology, folder)

    def _twin(self) -> NDArray[np.int64]:
        with self._lock:
            if self._turned is None:
                self._turned = _twins(*self._ends)[1]
            return self._turned

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the customized metric of one weight per arc."""
        if len(weights) != self.n_arcs:
            raise ValueError(f"{len(weights)} weights for {self.n_arcs} arcs")
        whole = np.full(self._topology.arc_count, INF, dtype=np.uint32)
        np.minimum(weights, INF, out=whole[: self.n_arcs], casting="unsafe")
        return self._made(whole)

    def _made(self, weights: NDArray[np.uint32]) -> CchMetric:
        metric = self._kit.CCHMetric(self._topology)
        # one thread: with two it takes ten times as long (they wait for each other at each level)
        metric.customize(weights, thread_count=1)
        return CchMetric(metric, self.n_nodes, lambda: self._made(metric.weights[self._twin()]))

    def tree(self) -> Tree:
        """Return the elimination tree; the first time takes seconds, then it is on disk."""
        with self._lock:
            if self._tree is None:
                self._tree = self._read_tree()
            return self._tree

    def _read_tree(self) -> Tree:
        with contextlib.ExitStack() as stack:
            folder = self._folder
            if folder is None or not (folder / "order").is_file():
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                self._topology.save(str(folder))
            order = np.fromfile(folder / "order", dtype=np.uint32).astype(np.int64)
            kept = folder / "parent.npy"
            if kept.is_file():
                parent = np.load(kept)
                if len(parent) == len(order):
                    return Tree(order, parent)
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            parent = _parents(*self._ends, rank)
            with contextlib.suppress(OSError):
                scratch = kept.with_name(f".parent-{os.getpid()}.npy")
                np.save(scratch, parent)
                scratch.replace(kept)
            return Tree(order, parent)


def _save_whole(topology: Any, folder: Path) -> None:
    """Write the node order so that it is there whole or not at all; a full disk is no error."""
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".order-"))
        try:
            topology.save(str(scratch))
            scratch.rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def write_order(folder: Path, order: NDArray[Any], tail: NDArray[Any], head: NDArray[Any]) -> None:
    """Write a node order that is known as :class:`CchEngine` loads it.

    ``order`` lists all nodes, the last the most important; the arcs hold every arc's opposite
    (:func:`opposite_arcs`).
    """
    rank = np.empty(len(order), dtype=np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    folder.mkdir()
    for name, values in (("order", order), ("rank", rank), ("tail", tail), ("head", head),
                         ("node_count", np.array([len(order)]))):  # fmt: skip
        np.asarray(values, dtype=np.uint32).tofile(folder / name)


class CchMetric:
    """A customized metric; its queries share work space, so they take turns."""

    def __init__(self, metric: Any, n_nodes: int, turn: Callable[[], CchMetric]) -> None:
        self._metric, self._n, self._turn = metric, n_nodes, turn
        self._lock = threading.Lock()
        self._back: CchMetric | None = None

    def query(self, source: int, target: int) -> tuple[int, Arcs]:
        """Return weight and arcs of a shortest path."""
        if not (0 <= source < self._n and 0 <= target < self._n):
            raise IndexError(f"node outside 0..{self._n - 1}")
        with self._lock:
            weight, _, arcs = self._metric.query(source, target)
        if weight >= INF:
            return INF, np.zeros(0, dtype=np.int64)
        return int(weight), np.asarray(arcs, dtype=np.int64)

    def matrix(self, sources: NDArray[Any], targets: NDArray[Any]) -> Matrix:
        """Return weights between all sources and targets."""
        s, t = _check(sources, self._n), _check(targets, self._n)
        if not len(s) or not len(t):
            return np.zeros((len(s), len(t)), dtype=np.uint32)
        with self._lock:
            return np.asarray(self._metric.distances_many_to_many(s, t))

    def backward(self) -> Metric:
        """Return the metric the other way round, made at the first call."""
        with self._lock:
            if self._back is None:
                self._back = self._turn()
            return self._back

    def reweigh(self, arcs: NDArray[Any], weights: NDArray[np.uint32]) -> None:
        """Give some arcs new weights, in place."""
        with self._lock:
            self._back = None
            self._metric.update_weights(np.asarray(arcs, dtype=np.uint32), np.asarray(weights))


class ScipyEngine:
    """Dijkstra on a sparse matrix: slower, and everywhere."""

    def __init__(self, tail: NDArray[Any], head: NDArray[Any], n_nodes: int) -> None:
        self.n_nodes, self.n_arcs = n_nodes, len(tail)
        self._tail, self._head = np.asarray(tail), np.asarray(head)

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the metric of one weight per arc."""
        if len(weights) != self.n_arcs:
            raise ValueError(f"{len(weights)} weights for {self.n_arcs} arcs")
        return ScipyMetric(self._tail, self._head, np.asarray(weights), self.n_nodes)

    def tree(self) -> None:
        """Return None: Dijkstra needs no order."""


class ScipyMetric:
    """One sparse matrix; of parallel arcs the lightest counts."""

    # csgraph takes an explicit zero for no arc at all; weights are whole, so this is lost again
    _ZERO = 2.0**-20

    def __init__(
        self, tail: NDArray[Any], head: NDArray[Any], weights: NDArray[Any], n: int
    ) -> None:
        from scipy.sparse import csr_array

        open_ = np.flatnonzero((weights < INF) & (tail != head))
        order = open_[np.lexsort((weights[open_], head[open_], tail[open_]))]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (tail[order][1:] != tail[order][:-1]) | (head[order][1:] != head[order][:-1])
        self._arc = order[first]
        self._n = n
        self._ends = tail, head
        cost = np.maximum(weights[self._arc].astype(float), self._ZERO)
        self._matrix = csr_array((cost, (tail[self._arc], head[self._arc])), shape=(n, n))
        self._key = tail[self._arc].astype(np.int64) * n + head[self._arc]
        self._weights = weights

    def backward(self) -> Metric:
        """Return the metric the other way round."""
        tail, head = self._ends
        return ScipyMetric(head, tail, self._weights, self._n)

    def query(self, source: int, target: int) -> tuple[int, Arcs]:
        """Return weight and arcs of a shortest path."""
        from scipy.sparse.csgraph import dijkstra

        if not (0 <= source < self._n and 0 <= target < self._n):
            raise IndexError(f"node outside 0..{self._n - 1}")
        dist, before = dijkstra(self._matrix, indices=source, return_predecessors=True)
        if not np.isfinite(dist[target]):
            return INF, np.zeros(0, dtype=np.int64)
        path = [target]
        while path[-1] != source:
            path.append(int(before[path[-1]]))
        nodes = np.array(path[::-1], dtype=np.int64)
        arcs = self._arc[np.searchsorted(self._key, nodes[:-1] * self._n + nodes[1:])]
        return int(self._weights[arcs].astype(np.int64).sum()), arcs.astype(np.int64)

    def matrix(self, sources: NDArray[Any], targets: NDArray[Any]) -> Matrix:
        """Return weights between all sources and targets."""
        from scipy.sparse.csgraph import dijkstra

        s, t = _check(sources, self._n), _check(targets, self._n)
        out = np.full((len(s), len(t)), INF, dtype=np.uint32)
        for i, source in enumerate(s):
            row = dijkstra(self._matrix, indices=int(source))[t]
            out[i] = np.where(np.isfinite(row), np.floor(np.minimum(row, INF)), INF)
        return out

    def reweigh(self, arcs: NDArray[Any], weights: NDArray[np.uint32]) -> None:
        """Give some arcs new weights, in place."""
        changed = self._weights.copy()
        changed[arcs] = weights
        self.__init__(*self._ends, changed, self._n)  # type: ignore[misc]


def make_engine(
    tail: NDArray[Any],
    head: NDArray[Any],
    lat: NDArray[Any],
    lon: NDArray[Any],
    folder: Path | None = None,
) -> Engine:
    """Return the fast engine where it is installed, else SciPy's.

    Parameters
    ----------
    tail, head : int arrays
        Ends of the arcs.
    lat, lon : float arrays
        Positions of the nodes, degrees; they guide the node order and change no answer.
    folder : Path, optional
        Where the node order is kept between processes.
    """
    try:
        import pyroutingkit  # noqa: F401
    except ImportError:
        return ScipyEngine(tail, head, len(lat))
    return CchEngine(tail, head, lat, lon, folder)
