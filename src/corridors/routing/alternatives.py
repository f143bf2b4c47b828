"""Routes that a planner would call different.

Candidates come from two sources. Over borders and water: the best way through each open crossing,
ferry and transfer, all found at once from the distances to and from these gates. Inside a country:
the penalty method (the lines of what was found become dearer, and the question is asked again),
each find replaced by the best way through the middle of its longest stretch of its own. Either way
both halves of a candidate are shortest paths, and it must also be shortest around the point where
they meet (single-via paths and their local optimality: Abraham, Delling, Goldberg and Werneck,
*Alternative routes in road networks*, JEA 2013). Then, best first, a candidate stays if it is not
much dearer than the best (stretch) and does not mostly repeat a route that already stays (share).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.routing.answer import assemble, both_joins, path_steps
from corridors.routing.engine import INF, Metric
from corridors.routing.joins import Join
from corridors.routing.legs import BORDER, LINE, Step
from corridors.routing.profile import FREIGHT, MODES, Cargo, Profile

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted
    from corridors.routing.route import Route

PENALTY = 1.25
ROUNDS = 14
MAX_VIA = 60
"""Ways through gates that are looked at, at most."""
LOCAL = 0.1
"""Around its middle point a way must be shortest over this share of the best way's weight."""
GATES_PER_FRONTIER = 2
MAX_TRIED = 400
ALIKE = 0.95
"""Candidates that share more of their length than this are one."""

Path = tuple[list[Step], Join, Join, int]


def alternatives(
    net: Network,
    origin: Any,
    destination: Any,
    *,
    k: int,
    by: str | dict[str, float],
    modes: Any,
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
    seed: int,
    max_stretch: float,
    max_share: float,
) -> list[Route]:
    """Return up to ``k`` different routes; see :meth:`corridors.Network.alternatives`."""
    from corridors.routing.network import as_modes

    if not 1 <= k <= 20:
        raise SchemaError(f"k={k}: between 1 and 20 alternatives")
    if max_stretch < 1 or not 0 < max_share <= 1:
        raise SchemaError("max_stretch must be at least 1, max_share between 0 and 1")
    a, b = net.place(origin), net.place(destination)
    if (a.lat, a.lon) == (b.lat, b.lon):
        raise SchemaError(f"{a.name} and {b.name} are the same place; a route needs two")
    asked = as_modes(modes)
    terms = Profile.of(by, modes=asked or FREIGHT, year=year, cargo=cargo,
                       closed=net.closure_of(avoid))  # fmt: skip
    notes: tuple[str, ...] = ()
    try:
        w, paths = _paths(net, terms, a, b, k, max_stretch, max_share)
    except (NoRouteError, SnapError) as error:
        if asked is not None:
            raise
        terms = replace(terms, modes=tuple(m for m in MODES if m != "pipeline"))
        notes = (f"road added: by {', '.join(FREIGHT)} alone, {error}",)
        w, paths = _paths(net, terms, a, b, k, max_stretch, max_share)
    queries = [str(origin), str(destination)]
    return [
        assemble(net, w, [a, b], queries, steps, [first, last], [0], seed, notes)
        for steps, first, last, _ in paths
    ]


def _paths(
    net: Network, profile: Profile, a: Place, b: Place, k: int, max_stretch: float, max_share: float
) -> tuple[Weighted, list[Path]]:
    w = net.weighted(profile)
    start, end = both_joins(net, a, b, w)
    best = path_steps(net, w, start, end)
    if best is None:
        from corridors.routing.cuts import explain

        raise NoRouteError(explain(net, w, a, b, start, end))
    kept: list[Path] = [best]
    if k == 1:
        return w, kept
    limit = best[3] * max_stretch
    found = _via_gates(net, w, start, end, best, limit)
    for steps in _penalised(net, w, start, end, best[0]):
        path = _through(net, w, start, end, steps, [p[0] for p in [*kept, *found]])
        if path is not None and path[3] <= limit:
            found.append(path)
    for path in sorted(found, key=lambda p: p[3]):
        if all(share(net, path[0], other[0]) <= max_share for other in kept):
            kept.append(path)
        if len(kept) == k:
            break
    return w, kept


def _via_gates(
    net: Network, w: Weighted, start: list[Join], end: list[Join], best: Path, limit: float
) -> list[Path]:
    """Return the best ways through borders, ferries and transfers that no other one passes."""
    c = net.columns
    kind, mode = np.asarray(c.e_kind), np.asarray(c.e_mode)
    gates = np.flatnonzero(((kind != LINE) | (mode == MODES.index("ferry"))) & (w.weights < INF))
    arcs = np.concatenate([gates, net.back_arcs()[gates]])
    arcs = arcs[arcs >= 0]
    tail, head = c.a_tail[arcs].astype(np.int64), c.a_head[arcs].astype(np.int64)
    from_join, to = _least(w.metric, start, tail)
    to_join, on = _least(w.metric.backward(), end, head)
    total = to + on + w.weights[c.a_edge[arcs]].astype(np.int64)
    order = np.argsort(total, kind="stable")
    seen = {s.edge for s in best[0]}
    known = [_Trace(net, np.array([s.edge for s in best[0]]))]
    tried: dict[tuple[int, ...], int] = {}
    found: list[Path] = []
    for i in order[total[order] <= limit].tolist():
        edge = int(c.a_edge[arcs[i]])
        if edge in seen:
            continue
        # of the crossings of one frontier, and of the transfers of one port, no more than a few
        a, b = sorted((int(c.e_country[edge]), int(c.e_to_country[edge])))
        group = (a, b, int(mode[edge]), int(c.e_facility[edge]) if kind[edge] != BORDER else -1)
        tried[group] = tried.get(group, 0) + 1
        if tried[group] > GATES_PER_FRONTIER:
            continue
        _, before = w.metric.query(start[from_join[i]].node, int(tail[i]))
        _, after = w.metric.query(int(head[i]), end[to_join[i]].node)
        way = np.concatenate([before, arcs[i : i + 1], after]).astype(np.int64)
        edges = c.a_edge[way].astype(np.int64)
        seen.update(edges[kind[edges] != LINE].tolist())
        if not _sensible(net, w, way, len(before), best[3]):
            continue
        trace = _Trace(net, edges)
        if any(trace.shared(other) > ALIKE for other in known):
            continue
        first = path_steps(net, w, start, [Join(int(tail[i]), 0, 0.0)])
        second = path_steps(net, w, [Join(int(head[i]), 0, 0.0)], end)
        if first is None or second is None:
            continue
        known.append(trace)
        gate = Step(edge, 1.0, bool(arcs[i] < len(c.e_u)))
        found.append(([*first[0], gate, *second[0]], first[1], second[2], int(total[i])))
        if len(found) == MAX_VIA or sum(tried.values()) > MAX_TRIED:
            break
    return found


def _least(
    metric: Metric, joins: list[Join], nodes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best join for each node, and the weight from there."""
    sources = np.array([j.node for j in joins])
    table = metric.matrix(sources, nodes).astype(np.int64)
    table[table >= INF] = _FAR
    table += np.array([j.offset for j in joins])[:, None]
    best = np.argmin(table, axis=0)
    return best, table[best, np.arange(len(nodes))]


_FAR = 1 << 40


class _Trace:
    """The edges of a way, for comparisons of many."""

    def __init__(self, net: Network, edges: NDArray[np.int64]) -> None:
        self.edges = np.sort(edges)
        self._km = np.asarray(net.columns.e_length_km)[self.edges]
        self._sum = float(self._km.sum())

    def shared(self, other: _Trace) -> float:
        """Return the part of the length that runs on another way's edges."""
        at = np.minimum(np.searchsorted(other.edges, self.edges), len(other.edges) - 1)
        same = other.edges[at] == self.edges
        return float(self._km[same].sum()) / self._sum if self._sum > 0 else 1.0


def _sensible(net: Network, w: Weighted, arcs: NDArray[np.int64], at: int, best: int) -> bool:
    """Return whether a way is shortest around the node before an arc, and uses no edge twice."""
    c = net.columns
    edges = c.a_edge[arcs]
    if len(np.unique(edges)) < len(edges):
        return False  # there and back again is no way
    along = np.concatenate([[0], np.cumsum(w.weights[edges].astype(np.int64))])
    reach = LOCAL * best
    lo = int(np.searchsorted(along, along[at] - reach, side="left"))
    hi = int(np.searchsorted(along, along[at] + reach, side="right")) - 1
    if hi <= lo:
        return True
    direct, _ = w.metric.query(int(c.a_tail[arcs[lo]]), int(c.a_head[arcs[hi - 1]]))
    return bool(along[hi] - along[lo] <= direct * 1.001 + 1)


def _arcs(net: Network, steps: list[Step]) -> NDArray[np.int64]:
    """Return the arcs of whole steps."""
    edges = np.array([s.edge for s in steps], dtype=np.int64)
    ahead = np.array([s.forward for s in steps])
    return np.where(ahead, edges, net.back_arcs()[edges])


def _penalised(
    net: Network, w: Weighted, start: list[Join], end: list[Join], best: list[Step]
) -> list[list[Step]]:
    """Return what the question finds as the lines of its answers become dearer."""
    c = net.columns
    out: list[list[Step]] = []
    private = replace(w, weights=w.weights.copy(), metric=net.engine().metric(w.weights[c.a_edge]))
    last = best
    for _ in range(ROUNDS):
        edges = np.array([s.edge for s in last if c.e_kind[s.edge] == LINE])
        _put(net, private, edges, np.minimum(private.weights[edges] * PENALTY + 1, INF - 1))
        path = path_steps(net, private, start, end)
        if path is None:
            break
        last = path[0]
        out.append(last)
    return out


def _put(net: Network, w: Weighted, edges: Any, weights: Any) -> None:
    """Give edges new weights in a metric of one's own."""
    c = net.columns
    w.weights[edges] = np.asarray(weights).astype(np.uint32)
    forward = np.asarray(edges)
    arcs = [forward]
    back = net.back_arcs()[forward]
    arcs.append(back[back >= 0])
    arc = np.concatenate(arcs)
    w.metric.reweigh(arc, w.weights[c.a_edge[arc]])


def _through(
    net: Network,
    w: Weighted,
    start: list[Join],
    end: list[Join],
    steps: list[Step],
    known: list[list[Step]],
) -> Path | None:
    """Return the best way through the middle of the longest stretch that no known path has."""
    c = net.columns
    seen = {s.edge for path in known for s in path}
    own = [s.edge not in seen and c.e_kind[s.edge] == LINE for s in steps]
    best, run, lo = (0.0, -1, -1), 0.0, 0
    for i, flag in enumerate(own):
        if not flag:
            run = 0.0
            continue
        if run == 0.0:
            lo = i
        run += float(c.e_length_km[steps[i].edge]) * steps[i].share
        if run > best[0]:
            best = (run, lo, i)
    if best[1] < 0:
        return None
    middle = steps[(best[1] + best[2] + 1) // 2]
    node = int(c.e_u[middle.edge] if middle.forward else c.e_v[middle.edge])
    here = [Join(node, 0, 0.0)]
    first, second = path_steps(net, w, start, here), path_steps(net, w, here, end)
    if first is None or second is None:
        return None
    whole = [*first[0], *second[0]]
    # the ends of the way lie inside their edges: they take no part in the test
    lo, hi = int(first[1].edge >= 0), len(whole) - int(second[2].edge >= 0)
    at = len(first[0])
    if not lo <= at <= hi or not _sensible(
        net, w, _arcs(net, whole[lo:hi]), at - lo, first[3] + second[3]
    ):
        return None
    return whole, first[1], second[2], first[3] + second[3]


def share(net: Network, steps: list[Step], other: list[Step]) -> float:
    """Return the part of a path's line length that runs on another path's edges."""
    mine, theirs = [np.array([s.edge for s in x], dtype=np.int64) for x in (steps, other)]
    return _Trace(net, mine).shared(_Trace(net, theirs))
