"""One origin and destination over several corridors: what each costs, and who wins on what.

The ranges of all routes are simulated with the same draws (the speed in Kazakhstan is slow for all
of them or for none), so that "faster in 9 of 10 draws" means what it says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.analysis import capacity
from corridors.analysis.named import REACH, between, branches, corridor_label, find_corridor
from corridors.errors import NoRouteError, SchemaError, SnapError

if TYPE_CHECKING:
    import folium
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.atlas import Atlas
    from corridors.routing.network import Network
    from corridors.routing.route import Route

DEFAULT = (
    "middle-corridor", "northern-corridor", "southern-corridor", "cku-caspian",
    "sea-suez", "sea-cape",
)  # fmt: skip
CRITERIA = (("hours", "hours"), ("cost_usd", "usd"), ("co2e_kg", "co2e"))


@dataclass(frozen=True, eq=False)
class Option:
    """One way in a comparison: a corridor's branch, or an alternative of the network's own."""

    corridor: str
    branch: str
    route: Route

    @property
    def label(self) -> str:
        """Short name for charts and tables."""
        return f"{self.corridor} / {self.branch}" if self.branch else self.corridor


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several ways between the same two places, fastest first."""

    net: Network
    options: tuple[Option, ...]
    missing: tuple[tuple[str, str], ...]
    """What was asked for and has no way, each with the reason."""

    def frame(self) -> pd.DataFrame:
        """Return one row per way.

        Columns: ``corridor, branch, length_km, rail_km, road_km, sea_km, ferry_km, countries_km``
        (text), ``borders, gauge_breaks, transfers, hours, hours_p10, hours_p90, days, cost_usd``
        and ``co2e_kg`` with their percentiles, ``capacity_mt_per_year`` and
        ``capacity_teu_per_year`` (both directions) with the link that sets them,
        ``low_confidence_hours_share``, ``note``.
        """
        import pandas as pd

        return pd.DataFrame([self._row(o) for o in self.options])

    def _row(self, option: Option) -> dict[str, Any]:
        r = option.route
        row: dict[str, Any] = {
            "corridor": option.corridor, "branch": option.branch, "length_km": r.length_km,
        }  # fmt: skip
        for mode in ("rail", "road", "sea", "ferry"):
            row[f"{mode}_km"] = round(
                sum(x["length_km"] for x in r.legs if x["mode"] == mode and x["kind"] == "line"), 1
            )
        row["countries_km"] = ", ".join(
            f"{c['country']} {c['length_km']:,.0f}" for c in r.countries if c["length_km"] >= 0.5
        )
        row |= changes(r)
        row |= {"hours": r.hours.expected, "hours_p10": r.hours.p10, "hours_p90": r.hours.p90,
                "days": round(r.hours.expected / 24, 1)}  # fmt: skip
        for name in ("cost_usd", "co2e_kg"):
            value = getattr(r, name)
            row |= {name: value.expected, f"{name}_p10": value.p10, f"{name}_p90": value.p90}
        for unit in ("mt", "teu"):
            limit = capacity.weakest(self.net, r, unit)
            row[f"capacity_{unit}_per_year"] = None if limit is None else limit.value
            row[f"weakest_link_{unit}"] = "" if limit is None else limit.name
        low = sum(x["hours"] for x in r.legs if x["confidence"] == "low")
        row["low_confidence_hours_share"] = round(low / max(r.hours.expected, 1e-9), 2)
        row["note"] = "; ".join(n for n in r.notes if not n.startswith("branch "))
        return row

    def by_country(self) -> pd.DataFrame:
        """Return km and hours by way, mode and country (borders with the country left)."""
        import pandas as pd

        rows: dict[tuple[str, str, str], list[float]] = {}
        for o in self.options:
            for leg in o.route.legs:
                at_sea = leg["kind"] == "line" and leg["mode"] in ("sea", "ferry")
                key = (o.label, leg["mode"], "" if at_sea else leg["country"])
                km_h = rows.setdefault(key, [0.0, 0.0])
                km_h[0] += leg["length_km"]
                km_h[1] += leg["hours"]
        return pd.DataFrame(
            [(*k, round(v[0], 1), round(v[1], 1)) for k, v in rows.items()],
            columns=["way", "mode", "country", "length_km", "hours"],
        )

    def wins(self) -> pd.DataFrame:
        """Return who wins on time, cost, emissions and length.

        ``best_in_share_of_draws`` is the share of the simulated draws in which the winner by
        expectation is the best; ``next`` and ``margin`` are the runner-up and how much worse.
        """
        import pandas as pd

        self._need(1)
        rows = []
        for name, draw in CRITERIA:
            values = [getattr(o.route, name).expected for o in self.options]
            draws = np.array([o.route.draws[draw] for o in self.options])
            order = np.argsort(values, kind="stable")
            first = int(order[0])
            second = int(order[1]) if len(order) > 1 else None
            rows.append({
                "criterion": name, "winner": self.options[first].label,
                "value": values[first],
                "best_in_share_of_draws": round(float(np.mean(draws.argmin(axis=0) == first)), 2),
                "next": self.options[second].label if second is not None else "",
                "margin": round(values[second] - values[first], 1) if second is not None else None,
            })  # fmt: skip
        km = [o.route.length_km for o in self.options]
        order = np.argsort(km, kind="stable")
        rows.append({
            "criterion": "length_km", "winner": self.options[int(order[0])].label,
            "value": min(km), "best_in_share_of_draws": 1.0,
            "next": self.options[int(order[1])].label if len(km) > 1 else "",
            "margin": round(km[int(order[1])] - min(km), 1) if len(km) > 1 else None,
        })  # fmt: skip
        return pd.DataFrame(rows)

    def value_of_time(self) -> pd.DataFrame:
        """Return which way is cheapest, all told, from which value of time on.

        The value of time is in USD per hour for the cargo of the question (one TEU by default).
        Rows are in the order of a rising value of time; ``from_usd_per_h`` is where the way begins
        to win by expected values, and ``from_p10, from_p90`` the range of that point over the
        draws (0 where it already wins on cost, inf where in that draw it never does).
        """
        import pandas as pd

        self._need(1)
        hours = np.array([o.route.hours.expected for o in self.options])
        usd = np.array([o.route.cost_usd.expected for o in self.options])
        order = envelope(hours, usd)
        rows = []
        for i, (k, start) in enumerate(order):
            o = self.options[k]
            row = {"way": o.label, "from_usd_per_h": round(start, 2),
                   "to_usd_per_h": round(order[i + 1][1], 2) if i + 1 < len(order) else np.inf,
                   "hours": hours[k], "cost_usd": usd[k],
                   "from_p10": 0.0, "from_p90": 0.0, "faster_in_share_of_draws": None}  # fmt: skip
            if i:
                before = self.options[order[i - 1][0]].route
                point = break_even(before.draws, o.route.draws)
                row["from_p10"], row["from_p90"] = (
                    round(float(v), 2)
                    for v in np.percentile(point, [10, 90], method="inverted_cdf")
                )
                row["faster_in_share_of_draws"] = round(
                    float(np.mean(o.route.draws["hours"] < before.draws["hours"])), 2
                )
            rows.append(row)
        return pd.DataFrame(rows)

    def shares(self, usd_per_h: Sequence[float]) -> pd.DataFrame:
        """Return, for some values of time, the share of draws in which each way is cheapest."""
        import pandas as pd

        self._need(1)
        hours = np.array([o.route.draws["hours"] for o in self.options])
        usd = np.array([o.route.draws["usd"] for o in self.options])
        out = {}
        for value in usd_per_h:
            best = (usd + value * hours).argmin(axis=0)
            out[value] = [float(np.mean(best == i)) for i in range(len(self.options))]
        frame = pd.DataFrame(out, index=[o.label for o in self.options]).T
        frame.index.name = "usd_per_h"
        return frame

    def _need(self, n: int) -> None:
        if len(self.options) < n:
            why = "; ".join(f"{a}: {b}" for a, b in self.missing)
            raise NoRouteError(f"no way to compare: {why or 'nothing was asked for'}")

    def routes(self) -> dict[str, Route]:
        """Return the routes by label."""
        return {o.label: o.route for o in self.options}

    def explore(self, atlas: Any = None, **options: Any) -> folium.Map:
        """Return all ways on one map."""
        from corridors.maps import explore

        return explore(atlas, routes=self.routes(), **options)

    def chart(self, ax: Axes | None = None) -> Axes:
        """Draw cost against time, a bar from P10 to P90 on each axis."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 5))
        for i, o in enumerate(self.options):
            h, c = o.route.hours, o.route.cost_usd
            ax.errorbar(
                h.expected / 24, c.expected,
                xerr=[[(h.expected - h.p10) / 24], [(h.p90 - h.expected) / 24]],
                yerr=[[c.expected - c.p10], [c.p90 - c.expected]],
                fmt="o", color=f"C{i % 10}", label=o.label, capsize=3,
            )  # fmt: skip
        ends = self.options[0].route if self.options else None
        if ends is not None:
            ax.set_title(f"{ends.origin.name} – {ends.destination.name} (bars: P10 to P90)")
        ax.set_xlabel("days, door to door")
        cargo = ends.cargo if ends else {"amount": 1, "unit": "TEU"}
        ax.set_ylabel(f"USD for {cargo['amount']:g} {cargo['unit']}")
        ax.legend(fontsize=8)
        return ax


def changes(route: Route) -> dict[str, int]:
    """Return the number of borders, breaks of gauge and other transfers of a route."""
    transfers = [x for x in route.legs if x["kind"] == "transfer"]
    gauge = [x for x in transfers if str(x.get("transfer", "")).startswith("break of gauge")]
    access = [x for x in transfers if str(x.get("transfer", "")).startswith("drayage")]
    return {
        "borders": len(route.borders), "gauge_breaks": len(gauge),
        "transfers": len(transfers) - len(gauge) - len(access),
    }  # fmt: skip


def envelope(hours: Any, usd: Any) -> list[tuple[int, float]]:
    """Return (way, value of time from which it is cheapest) in the order of a rising value.

    The lower envelope of the lines ``usd + value * hours`` for values of 0 and more.
    """
    hours, usd = np.asarray(hours, dtype=float), np.asarray(usd, dtype=float)
    here = int(np.lexsort((hours, usd))[0])
    out = [(here, 0.0)]
    while True:
        faster = np.flatnonzero(hours < hours[here])
        if not len(faster):
            return out
        point = (usd[faster] - usd[here]) / (hours[here] - hours[faster])
        # of several at one point the fastest goes on
        pick = np.lexsort((hours[faster], point))[0]
        here = int(faster[pick])
        out.append((here, float(point[pick])))


def break_even(slow: dict[str, Any], fast: dict[str, Any]) -> Any:
    """Return, per draw, the value of time from which the second way beats the first.

    0 where it is cheaper already, inf where it is dearer and no faster.
    """
    saved = np.asarray(slow["hours"]) - np.asarray(fast["hours"])
    dearer = np.asarray(fast["usd"]) - np.asarray(slow["usd"])
    with np.errstate(divide="ignore", invalid="ignore"):
        point = np.where(saved > 0, dearer / saved, np.inf)
    return np.where(dearer <= 0, 0.0, point)


def comparison(
    net: Network,
    atlas: Atlas,
    origin: Any,
    destination: Any,
    corridors: Iterable[str] | None = None,
    *,
    alternatives: int = 0,
    best_branch: bool = False,
    reach: float = REACH,
    **terms: Any,
) -> Comparison:
    """Compare the ways from one place to another over named corridors.

    Parameters
    ----------
    origin, destination : place
    corridors : ids or names, optional
        By default Middle, Northern, Southern, CKU–Caspian, sea by Suez and by the Cape. A name may
        carry a branch: ``middle-corridor/turkey-btk``.
    alternatives : int
        So many routes of the network's own are added (:meth:`corridors.Network.alternatives`).
    best_branch : bool
        Only the best branch of each corridor, not all of them.
    reach : float
        How far a branch's places may be from the ends, as a part of the distance between these;
        beyond them the way goes by rail, or by any mode.
    **terms
        ``by`` (for choosing within a stage), ``year``, ``cargo``, ``seed``, ``avoid``.

    Returns
    -------
    Comparison
        Ways that there are, and ``missing``: what has none, with the reason.
    """
    options: list[Option] = []
    missing: list[tuple[str, str]] = []
    for text in DEFAULT if corridors is None else corridors:
        name, _, branch = text.partition("/")
        ident = find_corridor(atlas, name)
        named = [branch] if branch else list(branches(atlas, ident))
        found = []
        for one in named:
            try:
                found.append(
                    Option(ident, one,
                           between(net, atlas, ident, origin, destination, one, reach=reach,
                                   **terms))
                )  # fmt: skip
            except (NoRouteError, SnapError) as error:
                missing.append((f"{ident} / {one}", str(error).removeprefix(f"{ident}: ")))
        if best_branch and found:
            from corridors.analysis.named import criterion_of

            found = [min(found, key=lambda o: criterion_of(o.route, terms.get("by", "time")))]
        options += found
    if alternatives:
        options += _own(net, atlas, origin, destination, alternatives, terms, missing)
    options.sort(key=lambda o: o.route.hours.expected)
    return Comparison(net, tuple(_distinct(options)), tuple(missing))


def _own(
    net: Network, atlas: Atlas, origin: Any, destination: Any, k: int, terms: dict[str, Any],
    missing: list[tuple[str, str]],
) -> list[Option]:  # fmt: skip
    from corridors.analysis.named import with_corridors

    try:
        routes = net.alternatives(origin, destination, k=k, **terms)
    except (NoRouteError, SnapError) as error:
        missing.append(("alternatives", str(error)))
        return []
    return [
        Option("alternative", f"{i} {r.corridor}".strip(), r)
        for i, r in enumerate(with_corridors(net, atlas, routes), start=1)
    ]


def _distinct(options: list[Option]) -> list[Option]:
    """Return the ways without those that repeat another, leg for leg."""
    out: list[Option] = []
    seen = set()
    for o in options:
        r = o.route
        key = (round(r.length_km, 1), r.hours.expected, r.cost_usd.expected)
        if key not in seen:
            seen.add(key)
            out.append(o)
    return out


def pairwise_break_even(comparison: Comparison) -> pd.DataFrame:
    """Return, for every two ways, from which value of time on the faster one wins.

    Columns ``slow, fast, saved_h, dearer_usd, usd_per_h, p10, p90``.
    """
    import pandas as pd

    rows = []
    for a, b in itertools.combinations(comparison.options, 2):
        fast, slow = (a, b) if a.route.hours.expected <= b.route.hours.expected else (b, a)
        point = break_even(slow.route.draws, fast.route.draws)
        saved = slow.route.hours.expected - fast.route.hours.expected
        dearer = fast.route.cost_usd.expected - slow.route.cost_usd.expected
        low, high = np.percentile(point, [10, 90], method="inverted_cdf")
        rows.append({
            "slow": slow.label, "fast": fast.label, "saved_h": round(saved, 1),
            "dearer_usd": round(dearer, 0),
            "usd_per_h": 0.0 if dearer <= 0 else round(dearer / saved, 2) if saved > 0 else np.inf,
            "p10": round(float(low), 2), "p90": round(float(high), 2),
        })  # fmt: skip
    return pd.DataFrame(rows)


def cargo_value_of_time(value_usd: float, percent_per_year: float = 25.0) -> float:
    """Return USD per hour that a cargo's time is worth: its value times a yearly rate.

    The rate holds interest, loss of value and the cost of stock; 25 % a year is usual for
    industrial goods, far more for fashion and fruit.
    """
    if value_usd < 0 or percent_per_year < 0:
        raise SchemaError("value and rate must not be negative")
    return value_usd * percent_per_year / 100.0 / 8760.0


__all__ = ["Comparison", "Option", "comparison", "corridor_label", "envelope"]
