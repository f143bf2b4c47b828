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


class Engine(Protocol):
    """A topology that takes weights."""

    n_nodes: int

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the metric of one weight per arc."""
        ...


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
        self._topology = pyroutingkit.CCHTopology()
        if folder is not None and folder.is_dir():
            self._topology.load(str(folder))
            if (
                self._topology.node_count == self.n_nodes
                and self._topology.arc_count == self.n_arcs
            ):
                return
            self._topology = pyroutingkit.CCHTopology()
        self._topology.build(
            tail.astype(np.uint32), head.astype(np.uint32),
            lat.astype(np.float32), lon.astype(np.float32), self.n_nodes,
        )  # fmt: skip
        if folder is not None:
            _save_whole(self._topology, folder)

    def metric(self, weights: NDArray[np.uint32]) -> Metric:
        """Return the customized metric of one weight per arc."""
        if len(weights) != self.n_arcs:
            raise ValueError(f"{len(weights)} weights for {self.n_arcs} arcs")
        metric = self._kit.CCHMetric(self._topology)
        metric.customize(
            np.minimum(weights, INF).astype(np.uint32), thread_count=os.cpu_count() or 1
        )
        return CchMetric(metric, self.n_nodes)


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


class CchMetric:
    """A customized metric; its queries share work space, so they take turns."""

    def __init__(self, metric: Any, n_nodes: int) -> None:
        self._metric, self._n = metric, n_nodes
        self._lock = threading.Lock()

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

    def reweigh(self, arcs: NDArray[Any], weights: NDArray[np.uint32]) -> None:
        """Give some arcs new weights, in place."""
        with self._lock:
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
