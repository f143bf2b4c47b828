"""Many distances at once: labels over the elimination tree, and their min-plus product.

Every way between two nodes passes a common ancestor of both in the elimination tree of the
engine's node order (Bauer, Columbus, Rutter and Wagner, *Search-space size in contraction
hierarchies*, ICALP 2013). So the distances from each place to the some two hundred ancestors of
its nodes, and from those to each other place, are enough: one short question to the engine per
node and direction, and then the product ``min over h of out[a, h] + in[h, b]``, tile by tile in
numpy. A place is one row whatever the number of its joins; the bare engine would answer for each
pair of joins.

A weight may carry a second number (``extra``, the gap between a place and its line) in its lower
half: the smallest total decides, and its extra comes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.routing.engine import INF, Metric, Tree

if TYPE_CHECKING:
    from corridors.routing.joins import JoinTable

ROWS, COLUMNS = 32, 256
"""Places per tile of the product: what it touches stays in the processor's cache."""
_GROUP = 12
_DEEP = 1 << 32
Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Labels:
    """Sparse rows: the weight between a place and each hub, by place and then by hub."""

    n: int
    first: NDArray[np.int64]
    hub: NDArray[np.int64]
    weight: Values

    def rows(self, lo: int, hi: int) -> tuple[NDArray[np.int64], Values]:
        """Return the hubs of some places (sorted) and a dense table, places by hubs."""
        a, b = self.first[lo], self.first[hi]
        place = np.repeat(np.arange(hi - lo), np.diff(self.first[lo : hi + 1]))
        hubs, at = np.unique(self.hub[a:b], return_inverse=True)
        out = np.full((hi - lo, len(hubs)), far(self.weight.dtype), dtype=self.weight.dtype)
        out[place, at] = self.weight[a:b]
        return hubs, out


def far(dtype: Any) -> Any:
    """Return the weight of what cannot be reached; two of them add up without overflow."""
    return np.uint32(INF) if dtype == np.uint32 else np.uint64(INF) * np.uint64(_DEEP)


def labels(
    tree: Tree,
    metric: Metric,
    joins: JoinTable,
    *,
    extra: bool = False,
    tick: Callable[[int], None] | None = None,
) -> Labels:
    """Return the labels of places.

    Parameters
    ----------
    tree : Tree
    metric : Metric
        Forward for origins, backward for destinations.
    joins : JoinTable
        Their nodes and the weight before each.
    extra : bool
        Whether to carry each join's gap.
    tick : callable, optional
        Told how many nodes are done.
    """
    ranks, of = np.unique(tree.rank[joins.node], return_inverse=True)
    chains = list(_chains(tree, ranks))
    length = np.array([len(c) for c in chains], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(length)])
    hub = np.concatenate(chains) if chains else np.zeros(0, dtype=np.int64)
    weight = np.empty(len(hub), dtype=np.int64)
    for lo in range(0, len(ranks), _GROUP):
        hi = min(lo + _GROUP, len(ranks))
        hubs = np.unique(hub[start[lo] : start[hi]])
        table = metric.matrix(tree.order[ranks[lo:hi]], tree.order[hubs])
        row = np.repeat(np.arange(hi - lo), length[lo:hi])
        at = np.searchsorted(hubs, hub[start[lo] : start[hi]])
        weight[start[lo] : start[hi]] = table[row, at]
        if tick is not None:
            tick(hi - lo)
    # each join's chain, plus what lies before the join; the best of a place's joins per hub
    count = length[of]
    at = np.repeat(start[of] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    at += np.arange(len(at))
    total = weight[at] + np.repeat(joins.offset, count)
    place = np.repeat(joins.place, count)
    keep = (weight[at] < INF) & (total < INF)
    if extra:
        total = total * _DEEP + np.repeat(joins.gap, count)
    place, hubs, total = place[keep], hub[at][keep], total[keep]
    order = np.lexsort((total, hubs, place))
    place, hubs, total = place[order], hubs[order], total[order]
    best = np.ones(len(place), dtype=bool)
    best[1:] = (place[1:] != place[:-1]) | (hubs[1:] != hubs[:-1])
    first = np.searchsorted(place[best], np.arange(joins.n_places + 1))
    dtype = np.uint64 if extra else np.uint32
    return Labels(joins.n_places, first, hubs[best], total[best].astype(dtype))


def _chains(tree: Tree, ranks: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the ancestors of each rank, itself first; neighbours share the upper part."""
    parent = tree.parent
    known: dict[int, NDArray[np.int64]] = {-1: np.zeros(0, dtype=np.int64)}
    for rank in ranks.tolist():
        climb = []
        at = rank
        while at not in known:
            climb.append(at)
            at = int(parent[at])
        chain = np.concatenate([np.array(climb, dtype=np.int64), known[at]])
        # kept where the next are likely to meet it; not every one, or memory grows with depth
        for i in range(0, len(climb), 8):
            known[climb[i]] = chain[i:]
        yield chain


class Product:
    """The min-plus product of origins' and destinations' labels, a block of rows at a time."""

    def __init__(self, ends: Labels, threads: int) -> None:
        self._ends, self._threads = ends, threads
        self._tiles = []
        for lo in range(0, ends.n, COLUMNS):
            hi = min(lo + COLUMNS, ends.n)
            hubs, table = ends.rows(lo, hi)
            self._tiles.append((lo, hubs, np.ascontiguousarray(table.T)))

    def rows(self, starts: Labels, lo: int, hi: int) -> Values:
        """Return the weights from origins ``lo:hi`` to all destinations."""
        out = np.full((hi - lo, self._ends.n), far(starts.weight.dtype), starts.weight.dtype)
        if not self._ends.n:
            return out
        stripes = range(lo, hi, ROWS)

        def one(a: int) -> None:
            b = min(a + ROWS, hi)
            self._stripe(starts, a, b, out[a - lo : b - lo])

        if self._threads > 1 and len(stripes) > 1:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(one, stripes))
        else:
            for a in stripes:
                one(a)
        return out

    def _stripe(self, starts: Labels, lo: int, hi: int, out: Values) -> None:
        hubs, table = starts.rows(lo, hi)
        limit = far(table.dtype)
        for column, theirs, right in self._tiles:
            _, mine, other = np.intersect1d(hubs, theirs, assume_unique=True, return_indices=True)
            if not len(mine):
                continue
            left, right_ = table[:, mine], right[other]
            sums = np.empty_like(right_)
            width = right_.shape[1]
            for i in range(hi - lo):
                row = left[i]
                use = np.flatnonzero(row < limit)
                if not len(use):
                    continue
                if len(use) < 0.7 * len(row):
                    part = np.add(row[use, None], right_[use], out=sums[: len(use)])
                else:
                    part = np.add(row[:, None], right_, out=sums)
                part.min(axis=0, out=out[i, column : column + width])
        np.minimum(out, limit, out=out)


def plain_product(
    metric: Metric, starts: JoinTable, ends: JoinTable, lo: int, hi: int, *, extra: bool
) -> Values:
    """Return what :meth:`Product.rows` does, by one question per pair of joins.

    For an engine without a tree.
    """
    dtype = np.uint64 if extra else np.uint32
    out = np.full((hi - lo, ends.n_places), far(dtype), dtype=dtype)
    mine = np.flatnonzero((starts.place >= lo) & (starts.place < hi))
    if not len(mine) or not len(ends.place):
        return out
    nodes, row = np.unique(starts.node[mine], return_inverse=True)
    targets, column = np.unique(ends.node, return_inverse=True)
    table = metric.matrix(nodes, targets).astype(np.int64)
    for j, r in zip(mine.tolist(), row.tolist(), strict=True):
        middle = table[r][column]
        total = middle + starts.offset[j] + ends.offset
        lost = (middle >= INF) | (total >= INF)
        if extra:
            total = total * _DEEP + starts.gap[j] + ends.gap
        whole = np.where(lost, far(dtype), total.astype(dtype)).astype(dtype)
        np.minimum.at(out[starts.place[j] - lo], ends.place, whole)
    return out


def between(a: Labels, rows: tuple[int, int], b: Labels, columns: tuple[int, int]) -> Values:
    """Return the weights from some places of one set of labels to some of another."""
    hubs, left = a.rows(*rows)
    theirs, right = b.rows(*columns)
    limit = far(left.dtype)
    out = np.full((len(left), len(right)), limit, dtype=left.dtype)
    _, mine, other = np.intersect1d(hubs, theirs, assume_unique=True, return_indices=True)
    left, right = left[:, mine], np.ascontiguousarray(right[:, other].T)
    for i in range(len(left)):
        use = np.flatnonzero(left[i] < limit)
        if len(use):
            (left[i, use, None] + right[use]).min(axis=0, out=out[i])
    return np.asarray(np.minimum(out, limit))
