"""One question on the small graph: the ends joined to it, best ways by any weights, their steps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import NoRouteError
from corridors.network.store import Columns
from corridors.routing.engine import INF, Metric
from corridors.routing.joins import (
    DRAYAGE_FROM_KM,
    Join,
    JoinTable,
    access_of,
    check_open,
    directed,
    drayage,
    joins_of,
    too_far,
)
from corridors.routing.legs import Step
from corridors.routing.reduced import QUANTUM_KM, Ints, Reduced, length_metric, reduced

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted

CRITERIA = ("time", "cost", "co2e")
_TINY = 1e-12  # csgraph takes a zero for no arc at all
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Way:
    """A way between the two ends: its steps, its joins, and hours, USD, kg CO2e."""

    steps: list[Step]
    first: Join
    last: Join
    value: tuple[float, float, float]


class Ways:
    """The small graph with two places joined to it.

    Attributes
    ----------
    tail, head : int arrays
        Arcs, sorted by both; ``source`` and ``target`` are the places.
    value : (n, 3) float array
        Hours, USD and kg CO2e of each arc.
    component : (n, 3) int array
        Their uncertain factors.
    """

    def __init__(self, net: Network, w: Weighted, a: Place, b: Place) -> None:
        self.net, self.w, self.places = net, w, (a, b)
        access = access_of(net, [a, b], w)
        for place, joined in zip((a, b), np.isin([0, 1], access.place), strict=True):
            check_open(place, w)
            if not joined:
                raise too_far(net, place, w)
        self.start = directed(net, access, w, arriving=False)
        self.end = directed(net, access, w, arriving=True)
        self.base = small_graph(net, w)
        self._metrics: dict[int, Metric] = {}
        n = len(self.base.node)
        self.source, self.target, self._n = n, n + 1, n + 2
        self._inner: dict[int, int] = {}
        r = self.base
        self._extra: list[tuple[int, int, Floats, Ints, tuple[int, ...]]] = []
        for side, table in ((0, self.start), (1, self.end)):
            for row in np.flatnonzero(table.place == side).tolist():
                self._join(side, table, row)
        self._link()
        self._along()
        tail = np.concatenate([r.tail, [e[0] for e in self._extra]]).astype(np.int64)
        head = np.concatenate([r.head, [e[1] for e in self._extra]]).astype(np.int64)
        value = np.vstack([r.value, *(e[2][None] for e in self._extra)])
        component = np.vstack([r.component, *(e[3][None] for e in self._extra)])
        order = np.lexsort((head, tail))
        self._ref = order
        self.tail, self.head = tail[order], head[order]
        self.value, self.component = value[order], component[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (self.tail[1:] != self.tail[:-1]) | (self.head[1:] != self.head[:-1])
        self._first = np.flatnonzero(new)
        self._indptr = np.searchsorted(self.tail[self._first], np.arange(self._n + 1))

    # -- the ends --------------------------------------------------------------------------

    def _number(self, node: int) -> int:
        """Return the number of a node of the network here, a new one if it is none of the kept."""
        at = int(np.searchsorted(self.base.node, node))
        if at < len(self.base.node) and self.base.node[at] == node:
            return at
        if node not in self._inner:
            self._inner[node] = self._n
            self._n += 1
        return self._inner[node]

    def _join(self, side: int, table: JoinTable, row: int) -> None:
        """Put in the way between a place and one of its nodes: drayage, then part of an edge."""
        w, place = self.w, self.places[side]
        p = w.prices
        km = float(table.km[row])
        value, component = np.zeros(3), np.zeros(3, dtype=np.int64)
        if km >= DRAYAGE_FROM_KM and w.profile.modes != ("pipeline",):
            cost = drayage(self.net, w.profile.cargo, km, place.country)
            value = np.array([cost[c] for c in CRITERIA])
            component[0] = road_component(self.net, w, place.country)
        door = self._n
        self._n += 1
        edge, share = int(table.edge[row]), float(table.share[row])
        part, factors = np.zeros(3), np.zeros(3, dtype=np.int64)
        if edge >= 0:
            part = share * np.array([p.hours[edge], p.usd[edge], p.co2e_kg[edge]])
            factors = np.array([p.hours_component[edge], p.usd_component[edge],
                                p.co2e_component[edge]], dtype=np.int64)  # fmt: skip
        node = self._number(int(table.node[row]))
        if side == 0:
            self._extra.append((self.source, door, value, component, (1, row)))
            self._extra.append((door, node, part, factors, ()))
        else:
            self._extra.append((node, door, part, factors, ()))
            self._extra.append((door, self.target, value, component, (2, row)))

    def _link(self) -> None:
        """Join the inner nodes to the kept ones of their piece, and to each other."""
        r, c = self.base, self.net.columns
        if not self._inner:
            return
        nodes = np.array(list(self._inner), dtype=np.int64)
        starts = set(self.start.node[self.start.place == 0].tolist())
        ends = set(self.end.node[self.end.place == 1].tolist())
        piece, node = r.parts.pairs
        oneway = bool(np.asarray(c.e_oneway)[r.parts.of >= 0].any())
        kept = np.isin(node, r.node)
        for p in np.unique(piece[np.isin(node, nodes)]).tolist():
            mine = piece == p
            hubs = node[mine & kept]
            inside = [x for x in self._inner if x in set(node[mine].tolist())]
            metric = self._metric(int(r.parts.colour[p]))
            for x in inside:
                if x in starts:
                    others = [*hubs.tolist(), *(y for y in inside if y != x and y in ends)]
                    self._legs(p, x, others, metric, back=False)
                if x in ends and len(hubs):
                    self._legs(p, x, hubs.tolist(), metric.backward() if oneway else metric,
                               back=True)  # fmt: skip

    def _legs(self, piece: int, x: int, others: list[int], metric: Metric, *, back: bool) -> None:
        r = self.base
        if not others:
            return
        length = metric.matrix(np.array([x]), np.array(others))[0]
        klass = int(r.parts.klass[piece])
        for y, quanta in zip(others, length.tolist(), strict=True):
            if quanta < INF:
                a, b = (y, x) if back else (x, y)
                value = quanta * QUANTUM_KM * r.classes.rate[klass]
                self._extra.append((self._number(a), self._number(b), value,
                                    r.classes.component[klass], (3, piece, a, b)))  # fmt: skip

    def _along(self) -> None:
        """Both ends inside one edge: straight along it is a way too."""
        p, s, e = self.w.prices, self.start, self.end
        for i in np.flatnonzero((s.place == 0) & (s.edge >= 0)).tolist():
            for j in np.flatnonzero((e.place == 1) & (e.edge == s.edge[i])).tolist():
                along = float(e.fraction[j] - s.fraction[i]) * (1 if s.forward[i] else -1)
                if s.forward[i] != e.forward[j] or along < 0:
                    continue
                edge = int(s.edge[i])
                value = along * np.array([p.hours[edge], p.usd[edge], p.co2e_kg[edge]])
                for side, table, row in ((0, s, i), (1, e, j)):
                    km = float(table.km[row])
                    if km >= DRAYAGE_FROM_KM:
                        cost = drayage(self.net, self.w.profile.cargo, km,
                                       self.places[side].country)  # fmt: skip
                        value = value + np.array([cost[c] for c in CRITERIA])
                factors = np.array([p.hours_component[edge], p.usd_component[edge],
                                    p.co2e_component[edge]], dtype=np.int64)  # fmt: skip
                self._extra.append((self.source, self.target, value, factors, (4, i, j)))

    def _metric(self, colour: int) -> Metric:
        if colour not in self._metrics:
            self._metrics[colour] = colour_metric(self.net, self.w, self.base, colour)
        return self._metrics[colour]

    # -- answers ---------------------------------------------------------------------------

    def best(self, weight: Floats) -> list[int] | None:
        """Return the arcs of the best way by one weight per arc, None where there is no way."""
        from scipy.sparse.csgraph import dijkstra

        before = dijkstra(self._matrix(weight), indices=self.source, return_predecessors=True)[1]
        if before[self.target] < 0:
            return None
        path = [self.target]
        while path[-1] != self.source:
            path.append(int(before[path[-1]]))
        path.reverse()
        return [self._arc(a, b, weight) for a, b in itertools.pairwise(path)]

    def _arc(self, a: int, b: int, weight: Floats) -> int:
        """Return the lightest arc from a to b."""
        lo, hi = np.searchsorted(self.tail, [a, a + 1])
        at = lo + np.flatnonzero(self.head[lo:hi] == b)
        return int(at[np.argmin(weight[at])])

    def to_target(self, criterion: int) -> Floats:
        """Return the least of one criterion from every node to the target."""
        return self._tree(criterion, back=True)

    def from_source(self, criterion: int) -> Floats:
        """Return the least of one criterion from the source to every node."""
        return self._tree(criterion, back=False)

    def _tree(self, criterion: int, *, back: bool) -> Floats:
        from scipy.sparse.csgraph import dijkstra

        matrix = self._matrix(self.value[:, criterion])
        if back:
            return np.asarray(dijkstra(matrix.T.tocsr(), indices=self.target))
        return np.asarray(dijkstra(matrix, indices=self.source))

    def _matrix(self, weight: Floats) -> Any:
        """Return the sparse matrix of one weight per arc; of parallel arcs the lightest counts."""
        from scipy.sparse import csr_array

        least = np.minimum.reduceat(weight, self._first)
        return csr_array(
            (np.maximum(least, _TINY), self.head[self._first], self._indptr),
            shape=(self._n, self._n),
        )

    def edges_of(self, arcs: list[int]) -> list[int]:
        """Return the borders, transfers and ferries (as edges of the network) on a way."""
        refs = self._ref[arcs]
        edges = self.base.edge[refs[refs < len(self.base.tail)]]
        return [int(e) for e in edges if e >= 0]

    @property
    def n_nodes(self) -> int:
        """Number of nodes, the two places and what joins them included."""
        return self._n

    def way(self, arcs: list[int]) -> Way:
        """Return the steps on the network of a way over arcs."""
        r, c = self.base, self.net.columns
        steps: list[Step] = []
        first = last = -1
        for arc in arcs:
            ref = int(self._ref[arc])
            if ref < len(r.tail):
                if r.edge[ref] >= 0:
                    steps.append(Step(int(r.edge[ref]), 1.0, bool(r.forward[ref])))
                else:
                    a, b = int(r.node[r.tail[ref]]), int(r.node[r.head[ref]])
                    steps += self._over_lines(int(r.piece[ref]), a, b)
                continue
            what = self._extra[ref - len(r.tail)][4]
            if not what:
                continue
            if what[0] == 1:
                first = what[1]
                steps += _part(c, self.start, first, leaving=True)
            elif what[0] == 2:
                last = what[1]
                steps += _part(c, self.end, last, leaving=False)
            elif what[0] == 3:
                steps += self._over_lines(what[1], what[2], what[3])
            else:
                first, last = what[1], what[2]
                lo, hi = sorted((float(self.start.fraction[first]), float(self.end.fraction[last])))
                steps = [Step(int(self.start.edge[first]), hi - lo,
                              bool(self.start.forward[first]), lo, hi)]  # fmt: skip
        begin = int(np.flatnonzero(self.start.place == 0)[0])
        finish = int(np.flatnonzero(self.end.place == 1)[0])
        total = self.value[arcs].sum(axis=0)
        return Way(steps, joins_of(self.start, 0)[first - begin],
                   joins_of(self.end, 1)[last - finish],
                   (float(total[0]), float(total[1]), float(total[2])))  # fmt: skip

    def _over_lines(self, piece: int, a: int, b: int) -> list[Step]:
        metric = self._metric(int(self.base.parts.colour[piece]))
        _, arcs = metric.query(a, b)
        c = self.net.columns
        pairs = zip(c.a_edge[arcs].tolist(), (arcs < len(c.e_u)).tolist(), strict=True)
        return [Step(e, 1.0, f) for e, f in pairs]


def _part(c: Columns, table: JoinTable, row: int, *, leaving: bool) -> list[Step]:
    edge = int(table.edge[row])
    if edge < 0:
        return []
    f, forward = float(table.fraction[row]), bool(table.forward[row])
    lo, hi = (f, 1.0) if forward == leaving else (0.0, f)
    return [Step(edge, hi - lo, forward, lo, hi)] if hi - lo > 1e-9 else []


def road_component(net: Network, w: Weighted, country: str) -> int:
    """Return the number of the factor of road speed in a country, 0 if the network has none."""
    speed = net.parameters.get("speed_km_h", "road", country)
    name = f"speed:road:{speed.country}"
    return next((i for i, x in enumerate(w.prices.components) if x.name == name), 0)


def small_graph(net: Network, w: Weighted) -> Reduced:
    """Return the small graph of a profile's modes, year and closures; kept beside its metric."""
    found: Reduced = w.kept("small", lambda: reduced(net, w))
    return found


def colour_metric(net: Network, w: Weighted, base: Reduced, colour: int) -> Metric:
    """Return the metric of the lengths of the lines of one colour."""
    lines = (base.parts.of >= 0) & (base.parts.colour[np.maximum(base.parts.of, 0)] == colour)
    found: Metric = w.kept(f"lengths {colour}", lambda: length_metric(net, lines))
    return found


def ways(net: Network, w: Weighted, a: Place, b: Place) -> Ways:
    """Return the small graph with two places joined to it.

    Raises
    ------
    SnapError
        One of them is out of reach.
    NoRouteError
        One of them is closed, or there is no way.
    """
    found = Ways(net, w, a, b)
    if found.best(found.value[:, 0]) is None:
        from corridors.routing.cuts import explain

        raise NoRouteError(explain(net, w, a, b, joins_of(found.start, 0), joins_of(found.end, 1)))
    return found
