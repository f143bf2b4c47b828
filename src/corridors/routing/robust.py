"""Which way wins, and how often, when the uncertain parameters are drawn again and again.

The draws are those of a route's ranges (common random numbers: a crossing's bad day is a bad day
for every way over it). In each draw the best way is found anew on the small graph of
:mod:`corridors.routing.reduced`, so a way that is second on average and best on every fourth day
is seen. Ways are told apart by their modes, the countries that they cross, and their ferries: two
crossings of one frontier are one way, of which the one that wins most often is shown.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.network.store import KINDS, MODES
from corridors.routing.answer import assemble
from corridors.routing.pareto import small_question
from corridors.routing.profile import CRITERIA, Cargo
from corridors.routing.small import CRITERIA as COLUMNS
from corridors.routing.small import Ways

if TYPE_CHECKING:
    import pandas as pd

    from corridors.routing.network import Network, Weighted
    from corridors.routing.route import Route

MAX_DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class Winner:
    """One way that is the best in some draws.

    Attributes
    ----------
    route : Route
        The best way of its kind; ``hours`` and so on are its own expected values and ranges.
    label : str
        Modes, countries and ferries.
    wins : int
        In how many draws it is the best.
    share, share_error : float
        The same as a share, and the standard error of that share.
    regret : float
        How much more than the best of each draw it takes on average, in the criterion's unit:
        what it costs to commit oneself to it.
    """

    route: Route
    label: str
    wins: int
    share: float
    share_error: float
    regret: float


@dataclass(frozen=True, eq=False)
class Robust:
    """Winners of a question, the most frequent first; all draws are accounted for by them."""

    winners: tuple[Winner, ...]
    by: str
    n: int
    seed: int
    best: NDArray[np.float64] = field(repr=False)
    """The best value in each draw."""

    def __len__(self) -> int:
        """Return the number of winners."""
        return len(self.winners)

    def __iter__(self) -> Iterator[Winner]:
        return iter(self.winners)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The winners' routes."""
        return tuple(x.route for x in self.winners)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per winner: way, wins, share, share_error, regret, expected values."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "way": x.label, "wins": x.wins, "share": x.share,
                    "share_error": x.share_error, "regret": x.regret,
                    "hours": x.route.hours.expected, "hours_p10": x.route.hours.p10,
                    "hours_p90": x.route.hours.p90, "cost_usd": x.route.cost_usd.expected,
                    "co2e_kg": x.route.co2e_kg.expected, "length_km": x.route.length_km,
                }
                for x in self.winners
            ]
        )  # fmt: skip


def robust(
    net: Network,
    origin: Any,
    destination: Any,
    *,
    n: int,
    by: str | dict[str, float],
    modes: Any,
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
    seed: int,
) -> Robust:
    """Return winners; see :meth:`corridors.Network.robust`."""
    if not 1 <= n <= MAX_DRAWS:
        raise SchemaError(f"n={n}: between 1 and {MAX_DRAWS:,} draws")
    weights = _weights(by)
    w, small, notes = small_question(net, origin, destination, modes, avoid, year, cargo)
    factors, component = _factors(w, small, n, seed)
    best = np.empty(n)
    groups: dict[tuple[str, ...], dict[tuple[int, ...], int]] = {}
    for draw in range(n):
        weight = _drawn(small, factors[:, draw], component, weights)
        arcs = small.best(weight)
        if arcs is None:  # there is a way, see small_question
            raise AssertionError("the small graph lost its way")
        best[draw] = weight[arcs].sum()
        kind = groups.setdefault(_signature(net, small, arcs), {})
        way_ = tuple(arcs)
        kind[way_] = kind.get(way_, 0) + 1
    winners = []
    for kind in groups.values():
        arcs = list(max(kind.items(), key=lambda x: (x[1], x[0]))[0])
        wins = sum(kind.values())
        value = sum(
            weight * (small.value[arcs, i, None] * factors[component[arcs, i]]).sum(axis=0)
            for i, weight in weights
        )
        way = small.way(arcs)
        route = assemble(net, w, list(small.places), [str(origin), str(destination)], way.steps,
                         [way.first, way.last], [0], seed, notes)  # fmt: skip
        share = wins / n
        winners.append(
            Winner(route, countries_label(route), wins, share, math.sqrt(share * (1 - share) / n),
                   float(np.mean(value - best)))
        )  # fmt: skip
    winners = _merged(winners, n)
    winners.sort(key=lambda x: (-x.wins, x.regret))
    name = by if isinstance(by, str) else "mixed"
    return Robust(tuple(winners), name, n, seed, best)


def _merged(winners: list[Winner], n: int) -> list[Winner]:
    """Return one winner per label: transfers alone make no other way."""
    groups: dict[str, list[Winner]] = {}
    for x in winners:
        groups.setdefault(x.label, []).append(x)
    out = []
    for same in groups.values():
        wins = sum(x.wins for x in same)
        share = wins / n
        error = math.sqrt(share * (1 - share) / n)
        first = max(same, key=lambda x: (x.wins, -x.regret))
        out.append(replace(first, wins=wins, share=share, share_error=error))
    return out


def _weights(by: str | dict[str, float]) -> list[tuple[int, float]]:
    """Return the columns of values that count, and how much."""
    terms = by if isinstance(by, dict) else {by: 1.0}
    for name, weight in terms.items():
        if name not in CRITERIA:
            raise SchemaError(f"criterion {name!r} is unknown; choose one of {', '.join(COLUMNS)}")
        if name not in COLUMNS:
            raise SchemaError(f"{name} is certain: it has no draws; ask by {', '.join(COLUMNS)}")
        if not (math.isfinite(weight) and weight >= 0):
            raise SchemaError(f"weight {name}={weight!r}: a number >= 0")
    if not sum(terms.values()) > 0:
        raise SchemaError("the weights add up to nothing")
    return [(COLUMNS.index(name), float(weight)) for name, weight in terms.items()]


def _factors(
    w: Weighted, small: Ways, n: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return drawn factors, components by draws, and each arc's rows in it by criterion."""
    used, component = np.unique(small.component, return_inverse=True)
    out = np.ones((len(used), n))
    for row, number in enumerate(used.tolist()):
        c = w.prices.components[number]
        if c.sigma > 0:
            # the same stream as a route's ranges, however many are drawn of it
            normal = np.random.default_rng([seed, zlib.crc32(c.name.encode())]).standard_normal(n)
            out[row] = np.exp(c.sigma * normal - c.sigma**2 / 2)
    return out, component.reshape(small.component.shape)


def _drawn(
    small: Ways,
    factors: NDArray[np.float64],
    component: NDArray[np.int64],
    weights: list[tuple[int, float]],
) -> NDArray[np.float64]:
    one = np.ascontiguousarray(factors)
    parts = [w * small.value[:, i] * one[component[:, i]] for i, w in weights]
    return np.asarray(sum(parts[1:], parts[0]))


def _signature(net: Network, small: Ways, arcs: list[int]) -> tuple[str, ...]:
    """Return what tells a way from others: countries, modes and ferries in order."""
    c = net.columns
    border, transfer = KINDS.index("border"), KINDS.index("transfer")
    out: list[str] = []
    for edge in small.edges_of(arcs):
        if c.e_kind[edge] == border:
            out.append(c.words["country"][c.e_to_country[edge]])
        elif c.e_kind[edge] == transfer:
            out.append(MODES[c.e_to_mode[edge]])
        else:
            out.append(c.words["facility"][c.e_facility[edge]])
    return tuple(x for i, x in enumerate(out) if not i or x != out[i - 1])


def countries_label(route: Route) -> str:
    """Return a way's modes, countries and ferries in words."""
    parts: list[str] = []
    for leg in route.legs:
        if leg["kind"] != "line":
            continue
        part = leg.get("ferry") or (leg["mode"] if leg["mode"] == "sea" else leg["country"])
        if part and (not parts or parts[-1] != part):
            parts.append(part)
    modes = list(dict.fromkeys(x["mode"] for x in route.legs if x["kind"] == "line"))
    return f"{', '.join(modes)}: {' → '.join(parts)}"
