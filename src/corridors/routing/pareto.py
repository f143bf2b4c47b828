"""Trade-offs between time, cost and CO2e: no route in the answer is beaten in all three.

``supported``: the best by weighted sums of the three, on a lattice of weights. Quick; a
compromise that no weighted sum prefers (it lies in a dent of the front) is not found, and the
answer says so. ``complete``: every trade-off within a stated tolerance, by a label-setting search
(Mandow and Pérez de la Cruz, *Multiobjective A-star search with consistent heuristics*, JACM 2010)
on the small graph of :mod:`corridors.routing.reduced`, which is exact for all criteria. A label is
dropped if a route already found is within the tolerance of all that can still come of it; so for
every possible route there is one in the answer that is not worse by more than the tolerance in
any of the three.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.routing.answer import assemble
from corridors.routing.profile import FREIGHT, MODES, Cargo, Profile
from corridors.routing.small import Ways, ways

if TYPE_CHECKING:
    import pandas as pd

    from corridors.routing.network import Network, Weighted
    from corridors.routing.route import Route

STEPS = 8
"""Divisions of the lattice of weights: (STEPS + 1)(STEPS + 2) / 2 weighted sums."""
_SLIP = 1e-6  # share of the other criteria in a search by one, so that ties are no matter of luck
MAX_LABELS = 3_000_000
Values = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Front:
    """Routes of which none is better than another in time, cost and CO2e at once; quickest first.

    Attributes
    ----------
    routes : tuple of Route
    supported : tuple of bool
        Whether a weighted sum of the three prefers the route.
    complete : bool
        Whether every trade-off is there, within ``tolerance``; otherwise only supported ones.
    tolerance : float
        How much worse, as a share, the nearest route of the answer may be than a possible one.
    """

    routes: tuple[Route, ...]
    supported: tuple[bool, ...]
    complete: bool
    tolerance: float
    note: str = field(default="", repr=False)

    def __len__(self) -> int:
        """Return the number of routes."""
        return len(self.routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def __getitem__(self, i: int) -> Route:
        return self.routes[i]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per route: hours, cost_usd, co2e_kg, length_km, supported, way."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "hours": r.hours.expected, "cost_usd": r.cost_usd.expected,
                    "co2e_kg": r.co2e_kg.expected, "length_km": r.length_km,
                    "supported": s, "way": way_label(r),
                }
                for r, s in zip(self.routes, self.supported, strict=True)
            ]
        )  # fmt: skip


def way_label(route: Route) -> str:
    """Return what tells a route from others: its modes, borders and ferries."""
    modes = list(dict.fromkeys(x["mode"] for x in route.legs if x["kind"] == "line"))
    passed = [b["crossing"] for b in route.borders]
    passed += [x["ferry"] for x in route.legs if x.get("ferry")]
    return ", ".join(modes) + (f" via {'; '.join(passed)}" if passed else "")


def pareto(
    net: Network,
    origin: Any,
    destination: Any,
    *,
    modes: Any,
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
    seed: int,
    complete: bool,
    tolerance: float,
    max_seconds: float,
    max_labels: int = MAX_LABELS,
) -> Front:
    """Return a front; see :meth:`corridors.Network.pareto`."""
    if not 0 < tolerance <= 0.5:
        raise SchemaError(f"tolerance={tolerance!r}: a share above 0, at most 0.5")
    if not max_seconds > 0:
        raise SchemaError(f"max_seconds={max_seconds!r}: a time above 0")
    w, small, notes = small_question(net, origin, destination, modes, avoid, year, cargo)
    found = sweep(small)
    n = len(found)
    if complete:
        found = label_setting(small, found, tolerance, max_seconds, max_labels)
    best = nondominated(np.array([small.value[x].sum(axis=0) for x in found]))
    kept = [(found[i], i < n) for i in best.tolist()]
    routes, supported = [], []
    for arcs, by_sum in kept:
        way = small.way(arcs)
        route = assemble(net, w, list(small.places), [str(origin), str(destination)], way.steps,
                         [way.first, way.last], [0], seed, notes)  # fmt: skip
        routes.append(replace(route, by="mixed"))
        supported.append(by_sum)
    # as the routes count, legs rounded
    values = np.array([[r.hours.expected, r.cost_usd.expected, r.co2e_kg.expected] for r in routes])
    final = nondominated(values)
    final = final[np.lexsort(values[final].T[::-1])]
    return Front(
        tuple(routes[i] for i in final), tuple(supported[i] for i in final), complete,
        tolerance if complete else 0.0,
        "" if complete else "supported trade-offs only: those that some weighted sum prefers",
    )  # fmt: skip


def small_question(
    net: Network,
    origin: Any,
    destination: Any,
    modes: Any,
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
) -> tuple[Weighted, Ways, tuple[str, ...]]:
    """Return the small graph of a question, with road added as a route would add it."""
    from corridors.routing.network import as_modes

    asked = as_modes(modes)
    if asked == ("pipeline",):
        raise SchemaError("a pipeline carries no containers: there is no cost or CO2e to weigh")
    a, b = net.place(origin), net.place(destination)
    if (a.lat, a.lon) == (b.lat, b.lon):
        raise SchemaError(f"{a.name} and {b.name} are the same place; a route needs two")
    profile = Profile(by="time", modes=asked or FREIGHT, year=year, cargo=cargo,
                      closed=net.closure_of(avoid))  # fmt: skip
    try:
        w = net.weighted(profile)
        return w, ways(net, w, a, b), ()
    except (NoRouteError, SnapError) as error:
        if asked is not None or "road" in profile.closed.modes:
            raise
        wider = replace(profile, modes=tuple(m for m in MODES if m != "pipeline"))
        w = net.weighted(wider)
        note = f"road added: by {', '.join(FREIGHT)} alone, {error}"
        return w, ways(net, w, a, b), (note,)


def nondominated(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which rows no other row beats or equals (of equal ones the first stays)."""
    kept: list[int] = []
    for i in np.lexsort(values.T[::-1]).tolist():
        v = values[i]
        if not any((values[j] <= v * (1 + 1e-12)).all() for j in kept):
            kept.append(i)
    return np.array(sorted(kept), dtype=np.int64)


def lattice(steps: int) -> NDArray[np.float64]:
    """Return weights of three criteria that add up to one, the single ones first."""
    rows = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    rows.sort(key=lambda r: -max(r))
    return np.maximum(np.array(rows) / steps, _SLIP)


def sweep(small: Ways, steps: int = STEPS) -> list[list[int]]:
    """Return the ways that weighted sums prefer, each once; the three best by one come first."""
    scale = np.ones(3)
    found: dict[tuple[int, ...], None] = {}
    single: list[NDArray[np.float64]] = []
    for number, weight in enumerate(lattice(steps)):
        if number == 3:
            # each criterion counts by how much the extremes differ in it
            spread = np.ptp(np.array(single), axis=0)
            scale = np.where(spread > 0, spread, np.maximum(np.array(single).max(axis=0), 1e-9))
        elif number < 3:
            scale = np.maximum(small.value.mean(axis=0), 1e-9)
        arcs = small.best(small.value @ (weight / scale))
        if arcs is None:
            break
        if number < 3:
            single.append(small.value[arcs].sum(axis=0))
        found[tuple(arcs)] = None
    return [list(x) for x in found]


def label_setting(
    small: Ways,
    seeds: list[list[int]],
    tolerance: float,
    max_seconds: float,
    max_labels: int,
) -> list[list[int]]:
    """Return the seeds and what is needed beside them for a front complete within a tolerance.

    Raises
    ------
    SchemaError
        Where the search would take more time or memory than allowed.
    """
    deadline = time.monotonic() + max_seconds
    slack = 1.0 + tolerance
    ahead = np.column_stack([small.to_target(i) for i in range(3)])
    ends: list[Values] = [_values(small, x) for x in seeds]
    arcs_from = _useful_arcs(small, ahead, np.array(ends), slack)
    ahead_of: list[Values] = [(float(a), float(b), float(c)) for a, b, c in ahead]

    def hopeless(f0: float, f1: float, f2: float) -> bool:
        for e0, e1, e2 in ends:
            if e0 <= f0 * slack and e1 <= f1 * slack and e2 <= f2 * slack:
                return True
        return False

    # a label: what it leads to at best, what it costs so far, its node, its arc, its parent
    h = ahead_of[small.source]
    heap: list[tuple[float, float, float, int]] = [(*h, 0)]
    cost: list[Values] = [(0.0, 0.0, 0.0)]
    node, arc, parent = [small.source], [-1], [-1]
    closed: dict[int, list[tuple[float, float]]] = {}
    found: list[list[int]] = []
    count = 0
    while heap:
        f0, f1, f2, label = heapq.heappop(heap)
        count += 1
        late = count % 2000 == 0 and time.monotonic() > deadline
        if late or len(cost) > max_labels:
            raise SchemaError(
                f"the complete front within {tolerance:g} needs more than {max_seconds:g} s or "
                f"{max_labels:,} labels; raise tolerance or max_seconds, or ask for complete=False"
            )
        at = node[label]
        g = cost[label]
        # labels come in order of the first criterion: the other two decide
        mine = closed.setdefault(at, [])
        if any(a <= g[1] and b <= g[2] for a, b in mine) or hopeless(f0, f1, f2):
            continue
        if at == small.target:
            ends.append(g)
            found.append(_trace(label, arc, parent))
            continue
        mine.append((g[1], g[2]))
        if len(mine) > 8:
            closed[at] = [x for x in mine if x[0] <= g[1] or x[1] <= g[2]]
        for number, to, v0, v1, v2 in arcs_from.get(at, ()):
            n0, n1, n2 = g[0] + v0, g[1] + v1, g[2] + v2
            h = ahead_of[to]
            k0, k1, k2 = n0 + h[0], n1 + h[1], n2 + h[2]
            there = closed.get(to)
            if there and any(a <= n1 and b <= n2 for a, b in there):
                continue
            if hopeless(k0, k1, k2):
                continue
            cost.append((n0, n1, n2))
            node.append(to)
            arc.append(number)
            parent.append(label)
            heapq.heappush(heap, (k0, k1, k2, len(cost) - 1))
    return [*seeds, *found]


def _values(small: Ways, arcs: list[int]) -> Values:
    a, b, c = small.value[arcs].sum(axis=0)
    return float(a), float(b), float(c)


def _useful_arcs(
    small: Ways,
    ahead: NDArray[np.float64],
    ends: NDArray[np.float64],
    slack: float,
) -> dict[int, list[tuple[int, int, float, float, float]]]:
    """Return the arcs that may lie on a route that no seed covers, by tail."""
    behind = np.column_stack([small.from_source(i) for i in range(3)])
    ideal = behind[small.tail] + small.value + ahead[small.head]
    use = np.isfinite(ideal).all(axis=1)
    for end in ends:
        use &= ~(end <= ideal * slack).all(axis=1)
    out: dict[int, list[tuple[int, int, float, float, float]]] = {}
    at = np.flatnonzero(use)
    rows = zip(at.tolist(), small.tail[at].tolist(), small.head[at].tolist(),
               *(small.value[at, i].tolist() for i in range(3)), strict=True)  # fmt: skip
    for number, tail, head, a, b, c in rows:
        out.setdefault(tail, []).append((number, head, a, b, c))
    return out


def _trace(label: int, arc: list[int], parent: list[int]) -> list[int]:
    out = []
    while parent[label] >= 0:
        out.append(arc[label])
        label = parent[label]
    return out[::-1]
