"""What if: another year, a closure, a delay halved, a new speed; the effect on a set of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.routing.facilities import Facility
from corridors.routing.profile import DATA_YEAR

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.routing.network import Network
    from corridors.routing.route import Route

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Scenario:
    """What is other than today.

    Parameters
    ----------
    name : str
    year : int
        Planned lines count from their year on.
    closed : tuple
        Crossings, ports, straits, countries, modes or polygons.
    parameters : tuple of mappings
        Rows for :meth:`corridors.parameters.Parameters.override`.
    delay : mapping of id to factor
        Hours of crossings and the headway of ferries, as multiples: ``{"rail:khorgos-altynkol":
        0.5}`` halves them (both directions, the whole range).
    """

    name: str
    year: int = DATA_YEAR
    closed: tuple[Any, ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()
    delay: Mapping[str, float] = field(default_factory=dict)

    def apply(self, net: Network) -> Network:
        """Return the network of the scenario; the old one is as it was.

        Raises
        ------
        SchemaError, UnknownPlaceError
        """
        if self.parameters:
            net = net.with_parameters(net.parameters.override(self.parameters))
        if self.delay:
            net = with_delays(net, self.delay)
        return net.closed(*self.closed) if self.closed else net


def with_delays(net: Network, factors: Mapping[str, float]) -> Network:
    """Return the network with the hours of some crossings and ferries multiplied.

    A crossing without hours of its own gets the general rule's times the factor; of a ferry the
    headway (the wait) is multiplied, not its sailing.

    Raises
    ------
    SchemaError
        An id that is no crossing or ferry, or a factor that is not above zero.
    """
    facilities = dict(net.facilities)
    for ident, factor in factors.items():
        facility = facilities.get(ident)
        if facility is None or facility.kind not in ("crossing", "ferry"):
            raise SchemaError(f"no crossing or ferry {ident!r}; give its id, as rail:…")
        if not (np.isfinite(factor) and factor > 0):
            raise SchemaError(f"delay of {ident} times {factor!r}: above zero")
        facilities[ident] = _slowed(net, facility, float(factor))
    # prices are remembered by parameters alone: other facilities need a memory of their own, on
    # the same engine
    shared = type(net._shared)(net.columns, None)
    shared._engine = net.engine()
    return replace(net, facilities=facilities, _shared=shared)


def _slowed(net: Network, facility: Facility, factor: float) -> Facility:
    row = dict(facility.row)
    if facility.kind == "ferry":
        for name in ("headway_h", "headway_h_low", "headway_h_high"):
            if row.get(name):
                row[name] = repr(float(row[name]) * factor)
        return replace(facility, row=row)
    rule = net.parameters.get("border_h.control", row["mode"])
    for way in ("ab", "ba"):
        own = facility.number(f"hours_{way}")
        value = rule.value if own is None else own
        parts = {"": value, "_low": value * rule.low / rule.value,
                 "_high": value * rule.high / rule.value}  # fmt: skip
        for end in parts:
            number = facility.number(f"hours_{way}{end}") if own is not None else None
            row[f"hours_{way}{end}"] = repr((parts[end] if number is None else number) * factor)
    return replace(facility, row=row)


@dataclass(frozen=True, eq=False)
class Effect:
    """Routes of every pair under a base and under scenarios."""

    pairs: tuple[Pair, ...]
    scenarios: tuple[Scenario, ...]
    routes: dict[tuple[int, int], Route | str]
    """(pair, scenario) -> route, or why there is none. Scenario 0 is the base."""

    def frame(self) -> pd.DataFrame:
        """Return one row per pair and scenario, with the difference from the base.

        Columns: ``origin, destination, scenario, hours, hours_p10, hours_p90, cost_usd, length_km,
        co2e_kg, d_hours, d_hours_p10, d_hours_p90, d_cost_usd, d_length_km, faster_in_share_of_
        draws, route_changes, note``. Differences are taken draw by draw, so their range is that of
        the difference, not of two sums.
        """
        import pandas as pd

        rows = []
        for (p, s), found in sorted(self.routes.items()):
            base = self.routes[p, 0]
            rows.append(self._row(p, s, found, base))
        return pd.DataFrame(rows)

    def _row(self, p: int, s: int, found: Route | str, base: Route | str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "origin": str(self.pairs[p][0]), "destination": str(self.pairs[p][1]),
            "scenario": self.scenarios[s].name,
        }  # fmt: skip
        names = ("hours", "hours_p10", "hours_p90", "cost_usd", "length_km", "co2e_kg")
        row |= dict.fromkeys(names, np.nan)
        row |= dict.fromkeys(("d_hours", "d_hours_p10", "d_hours_p90", "d_cost_usd",
                              "d_length_km", "faster_in_share_of_draws"), np.nan)  # fmt: skip
        if isinstance(found, str):
            return {**row, "route_changes": not isinstance(base, str), "note": found}
        row |= {"hours": found.hours.expected, "hours_p10": found.hours.p10,
                "hours_p90": found.hours.p90, "cost_usd": found.cost_usd.expected,
                "length_km": found.length_km, "co2e_kg": found.co2e_kg.expected}  # fmt: skip
        if isinstance(base, str):
            return {**row, "route_changes": True, "note": "no way in the base"}
        delta = found.draws["hours"] - base.draws["hours"]
        low, high = np.percentile(delta, [10, 90])
        row |= {
            "d_hours": round(found.hours.expected - base.hours.expected, 2),
            "d_hours_p10": round(float(low), 2), "d_hours_p90": round(float(high), 2),
            "d_cost_usd": round(found.cost_usd.expected - base.cost_usd.expected, 2),
            "d_length_km": round(found.length_km - base.length_km, 2),
            "faster_in_share_of_draws": round(float(np.mean(delta < 0)), 2),
        }  # fmt: skip
        same = abs(found.length_km - base.length_km) < 0.5 and [b["id"] for b in found.borders] == [
            b["id"] for b in base.borders
        ]
        return {**row, "route_changes": not same, "note": "; ".join(found.notes)}

    def summary(self) -> pd.DataFrame:
        """Return, by scenario, pairs that gain, lose, lose their way, and the mean differences."""
        import pandas as pd

        frame = self.frame()
        rows = []
        for name, part in frame.groupby("scenario", sort=False):
            d = part["d_hours"]
            rows.append({
                "scenario": name, "pairs": len(part), "faster": int((d < -0.05).sum()),
                "slower": int((d > 0.05).sum()), "without_way": int(part["hours"].isna().sum()),
                "mean_d_hours": round(float(d.mean()), 2) if d.notna().any() else np.nan,
                "best_d_hours": d.min(), "worst_d_hours": d.max(),
                "mean_d_cost_usd": round(float(part["d_cost_usd"].mean()), 2)
                if d.notna().any() else np.nan,
            })  # fmt: skip
        return pd.DataFrame(rows)

    def differences(self, scenario: int = 1) -> gpd.GeoDataFrame:
        """Return the lines that routes gain or lose, EPSG:4326.

        Columns ``change`` (gained, lost), ``pairs`` (how many), ``mode``, ``length_km``,
        ``name``.
        """
        import geopandas as gpd
        import shapely

        before, after = self._loads(0), self._loads(scenario)
        rows = []
        for key in {**before, **after}:
            d = after.get(key, (0, "", 0.0))[0] - before.get(key, (0, "", 0.0))[0]
            if d:
                _, mode, km = after.get(key) or before[key]
                rows.append((abs(d), "gained" if d > 0 else "lost", mode, km, key))
        groups: dict[tuple[int, str, str], list[Any]] = {}
        for n, change, mode, km, key in rows:
            groups.setdefault((n, change, mode), []).append((key, km))
        table, shapes = [], []
        for (n, change, mode), members in sorted(groups.items()):
            ends = np.frombuffer(b"".join(k for k, _ in members), dtype=np.int32).reshape(-1, 2, 2)
            line = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ends / 1e5)))
            table.append({"name": f"{change} by {n} of {len(self.pairs)} pairs, {mode}",
                          "change": change, "pairs": n, "mode": mode,
                          "length_km": round(sum(km for _, km in members), 1)})  # fmt: skip
            shapes.append(line)
        columns = ["name", "change", "pairs", "mode", "length_km"]
        return gpd.GeoDataFrame(table, columns=columns, geometry=shapes, crs="EPSG:4326")

    def _loads(self, scenario: int) -> dict[bytes, tuple[int, str, float]]:
        from corridors.analysis.named import pieces_of

        out: dict[bytes, tuple[int, str, float]] = {}
        for p in range(len(self.pairs)):
            route = self.routes[p, scenario]
            if isinstance(route, str):
                continue
            modes = _mode_pieces(route)
            for key, km in pieces_of(route).items():
                n = out.get(key, (0, "", 0.0))[0]
                out[key] = (n + 1, modes.get(key, ""), km)
        return out

    def explore(self, scenario: int = 1, atlas: Any = None, **options: Any) -> folium.Map:
        """Return a map of the differences, lines gained and lost as layers of their own."""
        from corridors.maps import explore

        lines = self.differences(scenario)
        frames: dict[str, Any] = {
            f"{change} under {self.scenarios[scenario].name}": part
            for change, part in lines.groupby("change")
        }
        if atlas is not None:
            frames = {"places": atlas.places, **frames}
        found = {f"{self.scenarios[s].name}: {r.origin.name} – {r.destination.name}": r
                 for (p, s), r in sorted(self.routes.items())
                 if s in (0, scenario) and not isinstance(r, str)}  # fmt: skip
        return explore(frames, routes=dict(list(found.items())[:8]), **options)

    def chart(self, ax: Axes | None = None) -> Axes:
        """Draw the difference in days of every pair, P10 to P90, scenario by scenario."""
        import matplotlib.pyplot as plt

        frame = self.frame()
        frame = frame[frame["scenario"] != self.scenarios[0].name].dropna(subset=["d_hours"])
        labels = [f"{r['origin']} – {r['destination']}: {r['scenario']}"
                  for r in frame.to_dict("records")]  # fmt: skip
        if ax is None:
            _, ax = plt.subplots(figsize=(8, 0.35 * len(frame) + 1.2))
        d = frame["d_hours"] / 24
        low = (d - frame["d_hours_p10"] / 24).clip(lower=0)
        high = (frame["d_hours_p90"] / 24 - d).clip(lower=0)
        colors = ["C2" if v < 0 else "C3" for v in d]
        ax.barh(labels, d, xerr=[low, high], color=colors, ecolor="0.3", capsize=2)
        ax.axvline(0, color="0.3", lw=0.8)
        ax.set_xlabel("days more (right) or less (left) than the base; bar P10 to P90")
        ax.tick_params(axis="y", labelsize=8)
        ax.invert_yaxis()
        return ax


def _mode_pieces(route: Route) -> dict[bytes, str]:
    from corridors.analysis.named import pieces_of

    out: dict[bytes, str] = {}
    for mode in {x["mode"] for x in route.legs}:
        keep = [i for i, x in enumerate(route.legs) if x["mode"] == mode]
        part = replace(route, legs=[route.legs[i] for i in keep],
                       lines=tuple(route.lines[i] for i in keep))  # fmt: skip
        out |= dict.fromkeys(pieces_of(part), mode)
    return out


def what_if(
    net: Network,
    pairs: Iterable[Pair],
    scenarios: Sequence[Scenario],
    *,
    base: Scenario | None = None,
    **terms: Any,
) -> Effect:
    """Return what scenarios change for a set of pairs.

    Parameters
    ----------
    pairs : iterable of (origin, destination)
    scenarios : sequence of Scenario
    base : Scenario, optional
        Today by default.
    **terms
        For :meth:`corridors.Network.route`: ``by``, ``modes``, ``cargo``, ``seed``.

    Raises
    ------
    SchemaError
        No pair, or two scenarios of one name.
    """
    every = tuple((a, b) for a, b in pairs)
    if not every:
        raise SchemaError("what if needs at least one pair of places")
    cases = (base or Scenario("today"), *scenarios)
    names = [c.name for c in cases]
    if len(set(names)) < len(names):
        raise SchemaError(f"two scenarios have one name: {', '.join(names)}")
    routes: dict[tuple[int, int], Route | str] = {}
    for s, case in enumerate(cases):
        view = case.apply(net)
        for p, (a, b) in enumerate(every):
            try:
                routes[p, s] = view.route(a, b, year=case.year, **terms)
            except (NoRouteError, SnapError) as error:
                routes[p, s] = str(error)
    return Effect(every, cases, routes)
