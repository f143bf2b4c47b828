"""Routes that a planner would call different.

Candidates come from two sources: the penalty method (the lines of what was found become dearer,
and the question is asked again) and the closing, one by one, of the crossings, ferries and straits
that the best route uses. Each candidate is then made sensible: it is replaced by the best way
through the middle of its longest stretch of its own, so that both halves are shortest paths
(Abraham et al., *Alternative routes in road networks*, JEA 2013). It stays if it is not much dearer
than the best (stretch) and does not mostly repeat a route that already stays (share).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.network.store import KINDS
from corridors.routing.answer import assemble, both_joins, path_steps
from corridors.routing.engine import INF
from corridors.routing.joins import Join
from corridors.routing.legs import LINE, Step
from corridors.routing.profile import FREIGHT, MODES, Cargo, Profile

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted
    from corridors.routing.route import Route

PENALTY = 1.25
ROUNDS = 14

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
    found: list[Path] = []
    for steps in _candidates(net, w, start, end, best[0]):
        path = _through(net, w, start, end, steps, [p[0] for p in [*kept, *found]])
        if path is not None and path[3] <= limit:
            found.append(path)
    for path in sorted(found, key=lambda p: p[3]):
        if all(share(net, path[0], other[0]) <= max_share for other in kept):
            kept.append(path)
        if len(kept) == k:
            break
    return w, kept


def _candidates(
    net: Network, w: Weighted, start: list[Join], end: list[Join], best: list[Step]
) -> list[list[Step]]:
    c = net.columns
    out: list[list[Step]] = []
    engine = net.engine()
    # what the best route passes, closed one at a time
    gates = {int(c.e_facility[s.edge]) for s in best if _is_gate(net, s)}
    private = replace(w, weights=w.weights.copy(), metric=engine.metric(w.weights[c.a_edge]))
    facility = np.asarray(c.e_facility)
    for gate in sorted(gates):
        edges = np.flatnonzero(facility == gate)
        path = _with(net, private, edges, np.full(len(edges), INF), start, end)
        if path is not None:
            out.append(path[0])
        _put(net, private, edges, w.weights[edges])
    # what was found, made dearer
    last = best
    for _ in range(ROUNDS):
        edges = np.array([s.edge for s in last if c.e_kind[s.edge] == LINE])
        dearer = np.minimum(private.weights[edges] * PENALTY + 1, INF - 1)
        path = _with(net, private, edges, dearer, start, end)
        if path is None:
            break
        last = path[0]
        out.append(last)
    return out


def _is_gate(net: Network, step: Step) -> bool:
    c = net.columns
    kind = KINDS[c.e_kind[step.edge]]
    name = c.words["facility"][c.e_facility[step.edge]]
    return bool(name) and (kind == "border" or kind == "line")


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


def _with(
    net: Network, w: Weighted, edges: Any, weights: Any, start: list[Join], end: list[Join]
) -> Path | None:
    _put(net, w, edges, weights)
    return path_steps(net, w, start, end)


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
    edges = [s.edge for s in first[0]]
    if set(edges) & {s.edge for s in second[0]}:
        return None  # there and back again is no way
    return [*first[0], *second[0]], first[1], second[2], first[3] + second[3]


def share(net: Network, steps: list[Step], other: list[Step]) -> float:
    """Return the part of a path's line length that runs on another path's edges."""
    c = net.columns
    theirs = {s.edge for s in other}
    km = np.array([float(c.e_length_km[s.edge]) * s.share for s in steps])
    same = np.array([s.edge in theirs for s in steps])
    return float(km[same].sum() / km.sum()) if km.sum() > 0 else 1.0
