"""The network without its inner lines: an exact small graph for all criteria at once.

Inside one mode and country (more exactly: one *class* of lines with the same rate of hours, USD
and kg per km and the same uncertain factors) all criteria follow the length, so the best way
between two points of it is the same by every criterion and in every draw of the parameters. What
remains are the points where something changes: ends of borders, transfers and ferries, and where
lines of two classes meet. Between neighbours among these the best lines are kept, unless they pass
a third one. A best way between two of these points here is a best way there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import KINDS, MODES, Columns
from corridors.routing.engine import INF, Metric
from corridors.routing.joins import JoinTable
from corridors.routing.labels import between, labels

if TYPE_CHECKING:
    from corridors.routing.network import Network, Weighted
    from corridors.routing.pricing import Prices

LINE = KINDS.index("line")
QUANTUM_KM = 1e-4
"""Unit of the lengths by which lines are compared."""
SAME_RATE = 1e-9
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Classes:
    """Lines that cost the same per km.

    ``of`` is the class of each edge (-1 for what is no such line), ``rate`` hours, USD and kg per
    km of each class, ``component`` the numbers of their uncertain factors.
    """

    of: Ints
    rate: NDArray[np.float64]
    component: Ints


def classes_of(columns: Columns, prices: Prices, lines: NDArray[np.bool_]) -> Classes:
    """Return the classes of some lines."""
    rows = np.flatnonzero(lines)
    km = np.asarray(columns.e_length_km)[rows]
    values = np.column_stack([prices.hours[rows], prices.usd[rows], prices.co2e_kg[rows]])
    parts = np.column_stack(
        [prices.hours_component[rows], prices.usd_component[rows], prices.co2e_component[rows]]
    ).astype(np.int64)
    many = int(parts.max(initial=0)) + 1
    code = np.asarray(columns.e_mode)[rows].astype(np.int64)
    for i in range(3):
        code = code * many + parts[:, i]
    rate = values / np.where(km > 0, km, 1.0)[:, None]
    group = np.unique(code, return_inverse=True)[1]
    for i in range(3):
        # lines of one factor and yet of several rates: a user's own numbers
        low, high = _ends(group, rate[:, i], km > 0)
        if ((high - low) > SAME_RATE * np.maximum(high, 1e-300)).any():
            grain = np.round(np.log(np.maximum(rate[:, i], 1e-300)), 9)
            pairs = np.unique(grain, return_inverse=True)[1]
            pairs[km <= 0] = 0
            group = np.unique(group * (int(pairs.max()) + 1) + pairs, return_inverse=True)[1]
    n = int(group.max(initial=-1)) + 1
    out = np.full(len(columns.e_u), -1, dtype=np.int64)
    # something of no length that costs something is no line of any class
    free = (km > 0) | (values == 0).all(axis=1)
    out[rows[free]] = group[free]
    first = np.zeros(n, dtype=np.int64)
    long = km > 0
    first[group[long][::-1]] = np.flatnonzero(long)[::-1]
    rates = np.where(long[first][:, None], rate[first], 0.0) if n else np.zeros((0, 3))
    return Classes(out, rates, parts[first] if n else np.zeros((0, 3), dtype=np.int64))


def _ends(
    group: Ints, rate: NDArray[np.float64], use: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n = int(group.max(initial=-1)) + 1
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, group[use], rate[use])
    np.maximum.at(high, group[use], rate[use])
    none = ~np.isfinite(low)
    low[none] = high[none] = 0.0
    return low, high


@dataclass(frozen=True, eq=False)
class Parts:
    """Connected pieces of one class each.

    ``of`` is the piece of each edge (-1: none), ``klass`` the class of each piece, ``colour`` its
    colour: pieces of one colour meet nowhere, so one metric serves them all.
    """

    of: Ints
    klass: Ints
    colour: Ints
    pairs: tuple[Ints, Ints]
    """(piece, node) wherever a piece has a node, sorted by both."""


def parts_of(columns: Columns, classes: Classes) -> Parts:
    """Return the connected pieces of lines of one class."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.flatnonzero(classes.of >= 0)
    k = len(classes.rate)
    klass = classes.of[rows]
    u, v = np.asarray(columns.e_u)[rows], np.asarray(columns.e_v)[rows]
    keys, at = np.unique(np.concatenate([u * np.int64(k) + klass, v * np.int64(k) + klass]),
                         return_inverse=True)  # fmt: skip
    a, b = at[: len(rows)], at[len(rows) :]
    link = coo_array((np.ones(len(rows), dtype=np.int8), (a, b)), shape=(len(keys), len(keys)))
    count, label = connected_components(link, directed=False)
    of = np.full(len(columns.e_u), -1, dtype=np.int64)
    of[rows] = label[a]
    own = np.zeros(count, dtype=np.int64)
    own[label] = keys % k if k else 0
    node = keys // k if k else keys
    order = np.lexsort((node, label))
    colour = _colours(node, keys % k if k else keys, k)
    return Parts(
        of, own, colour[own] if count else own, (label[order].astype(np.int64), node[order])
    )


def _colours(node: Ints, klass: Ints, k: int) -> Ints:
    """Return a colour for each class so that classes that meet at a node differ."""
    meets: list[set[int]] = [set() for _ in range(k)]
    shared = np.flatnonzero(node[1:] == node[:-1])
    # keys are sorted by node and then class: all classes of a node follow one another
    start = 0
    for i in shared.tolist():
        start = max(start, i)
        j = i
        while j >= 0 and node[j] == node[i + 1]:
            a, b = int(klass[j]), int(klass[i + 1])
            meets[a].add(b)
            meets[b].add(a)
            j -= 1
    colour = np.zeros(k, dtype=np.int64)
    for a in range(k):
        taken = {int(colour[b]) for b in meets[a] if b < a}
        colour[a] = next(c for c in range(k + 1) if c not in taken)
    return colour


def length_metric(net: Network, lines: NDArray[np.bool_]) -> Metric:
    """Return the metric of the lengths of some lines; all else is closed."""
    c = net.columns
    weights = np.full(len(c.e_u), INF, dtype=np.uint32)
    weights[lines] = np.rint(np.asarray(c.e_length_km)[lines] / QUANTUM_KM)
    return net.engine().metric(weights[c.a_edge])


def legs_between(
    net: Network, parts: Parts, keep: NDArray[np.bool_], only: NDArray[np.bool_] | None = None
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return (piece, a, b, length) of the best lines between neighbours among the kept nodes.

    Parameters
    ----------
    parts : Parts
    keep : bool array over nodes
    only : bool array over pieces, optional
        Pieces to look into.

    Returns
    -------
    piece, a, b, length : int arrays
        One row per direction; nodes of the network; length in ``QUANTUM_KM``.
    """
    c = net.columns
    piece, node = parts.pairs
    use = keep[node]
    if only is not None:
        use &= only[piece]
    piece, node = piece[use], node[use]
    out: list[tuple[Ints, ...]] = []
    oneway = bool(np.asarray(c.e_oneway)[parts.of >= 0].any())
    tree = net.engine().tree()
    for colour in np.unique(parts.colour[piece]):
        mine = parts.colour[piece] == colour
        p, at = piece[mine], node[mine]
        counts = np.bincount(p, minlength=len(parts.klass))
        several = counts[p] > 1
        p, at = p[several], at[several]
        if not len(p):
            continue
        lines = (parts.of >= 0) & (parts.colour[np.maximum(parts.of, 0)] == colour)
        metric = length_metric(net, lines)
        starts = np.flatnonzero(np.append(True, p[1:] != p[:-1])).tolist()
        spans = list(zip(starts, [*starts[1:], len(p)], strict=True))
        if tree is not None:
            joins = nodes_as_joins(at)
            away = labels(tree, metric, joins)
            back = labels(tree, metric.backward(), joins) if oneway else away
        for lo, hi in spans:
            if tree is not None:
                table = between(away, (lo, hi), back, (lo, hi)).astype(np.int64)
            else:
                table = metric.matrix(at[lo:hi], at[lo:hi]).astype(np.int64)
            i, j = np.nonzero(neighbours(table))
            out.append((np.full(len(i), p[lo]), at[lo:hi][i], at[lo:hi][j], table[i, j]))
    if not out:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none, none
    a, b, c_, d = (np.concatenate(x) for x in zip(*out, strict=True))
    return a, b, c_, d


def nodes_as_joins(nodes: Ints) -> JoinTable:
    """Return bare nodes as places."""
    n = len(nodes)
    zero, none = np.zeros(n, dtype=np.int64), np.zeros(n)
    return JoinTable(n, np.arange(n), nodes, zero, zero, none, zero - 1, none, none, zero == 0)


def neighbours(table: Ints) -> NDArray[np.bool_]:
    """Return which pairs are joined by a way that is not that over a third point.

    A pair goes only if both parts of the way over the third are strictly shorter than the whole:
    so the parts are kept, or replaced in their turn by shorter ones, and equal points (at length
    zero from each other) cannot delete one another's legs.
    """
    n = len(table)
    near = table < INF
    near[np.arange(n), np.arange(n)] = False
    if n < 3:
        return near
    whole = table.astype(np.uint32)
    for k in range(n):
        to, on = whole[:, k], whole[k]
        rows = np.flatnonzero((to < INF) & (np.arange(n) != k))
        columns = np.flatnonzero((on < INF) & (np.arange(n) != k))
        if not len(rows) or not len(columns):
            continue
        at = np.ix_(rows, columns)
        direct = whole[at]
        through = (to[rows, None] + on[None, columns]) <= direct
        through &= (to[rows, None] < direct) & (on[None, columns] < direct)
        near[at] &= ~through
    return near


@dataclass(frozen=True, eq=False)
class Reduced:
    """The small graph of one profile; its nodes are numbered anew.

    Attributes
    ----------
    node : int array
        The network's node of each node here, ascending.
    tail, head : int arrays
        Arcs.
    edge : int array
        The network's edge of an arc that is a border, transfer or ferry; -1 for a leg over lines.
    forward : bool array
        Whether such an edge is travelled from u to v.
    piece : int array
        The piece of lines of a leg, else -1.
    km : float array
        Length of a leg or ferry.
    value : (n, 3) float array
        Hours, USD and kg CO2e.
    component : (n, 3) int array
        Their uncertain factors.
    """

    node: Ints
    tail: Ints
    head: Ints
    edge: Ints
    forward: NDArray[np.bool_]
    piece: Ints
    km: NDArray[np.float64]
    value: NDArray[np.float64]
    component: Ints
    parts: Parts
    classes: Classes


def reduced(net: Network, w: Weighted, keep: Iterable[int] = ()) -> Reduced:
    """Return the small graph of what a profile may travel.

    Parameters
    ----------
    net : Network
    w : Weighted
        Of any criterion: only what is open, and the prices, count.
    keep : nodes, optional
        Other nodes that shall be in it.
    """
    c = net.columns
    is_open = w.weights < INF
    plain = is_open & (np.asarray(c.e_kind) == LINE)
    plain &= np.asarray(c.e_mode) != MODES.index("ferry")
    classes = classes_of(c, w.prices, plain)
    parts = parts_of(c, classes)
    special = np.flatnonzero(is_open & (classes.of < 0))
    kept = np.zeros(c.n_nodes, dtype=bool)
    kept[np.asarray(c.e_u)[special]] = kept[np.asarray(c.e_v)[special]] = True
    node = parts.pairs[1]
    kept[np.bincount(node, minlength=c.n_nodes) > 1] = True
    kept[np.fromiter(keep, dtype=np.int64)] = True
    piece, a, b, length = legs_between(net, parts, kept)
    km = length * QUANTUM_KM
    klass = parts.klass[piece]
    both = special[~np.asarray(c.e_oneway)[special]]
    u, v = np.asarray(c.e_u), np.asarray(c.e_v)
    edge = np.concatenate([special, both])
    nodes = np.flatnonzero(kept)
    p = w.prices
    line = np.asarray(c.e_kind)[edge] == LINE

    def number(at: Any) -> Ints:
        return np.asarray(np.searchsorted(nodes, at), dtype=np.int64)

    none = np.full(len(piece), -1)
    return Reduced(
        node=nodes,
        tail=number(np.concatenate([a, u[special], v[both]])),
        head=number(np.concatenate([b, v[special], u[both]])),
        edge=np.concatenate([none, edge]),
        forward=np.concatenate([none < 0, np.arange(len(edge)) < len(special)]),
        piece=np.concatenate([piece, np.full(len(edge), -1)]),
        km=np.concatenate([km, np.where(line, np.asarray(c.e_length_km)[edge], 0.0)]),
        value=np.concatenate([
            km[:, None] * classes.rate[klass],
            np.column_stack([p.hours[edge], p.usd[edge], p.co2e_kg[edge]]),
        ]),
        component=np.concatenate([
            classes.component[klass],
            np.column_stack([p.hours_component[edge], p.usd_component[edge],
                             p.co2e_component[edge]]),
        ]),
        parts=parts,
        classes=classes,
    )  # fmt: skip
