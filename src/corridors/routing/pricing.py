"""Hours, money and emissions of every edge, and how sure they are.

Each edge's expected value is an amount times one uncertain factor (its *component*): the speed of
a mode in a country, the delay of a crossing, the dwell of a terminal. The factor is lognormal
with mean one, and its spread comes from the parameter's P10 and P90:
``sigma = ln(P90 / P10) / (2 * 1.2816)``. Speeds are shared by all edges of a mode and country,
delays are independent by crossing, terminal and ferry.

Emissions follow the transport-chain elements of ISO 14083: line haul by tonne-kilometre
(well-to-wheel: tank-to-wheel plus well-to-tank) and hub operations by transfer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import KINDS, MODES, Columns
from corridors.routing.facilities import Facility

if TYPE_CHECKING:
    from corridors.parameters import Parameter, Parameters
    from corridors.routing.profile import Cargo

Z90 = 1.2815515594600038
LEVELS = ("low", "medium", "high")


@dataclass(frozen=True)
class Component:
    """One uncertain factor: its name, the spread of its logarithm, and how well it is known."""

    name: str
    sigma: float
    confidence: str


@dataclass(frozen=True, eq=False)
class Prices:
    """Expected values per edge for a stated cargo, and each edge's component.

    ``hours``, ``usd``, ``co2e_kg`` are arrays over the edges; ``hours_component``,
    ``usd_component`` and ``co2e_component`` are numbers into ``components``.
    """

    hours: NDArray[np.float64]
    usd: NDArray[np.float64]
    co2e_kg: NDArray[np.float64]
    hours_component: NDArray[np.int32]
    usd_component: NDArray[np.int32]
    co2e_component: NDArray[np.int32]
    components: tuple[Component, ...]


def spread(low: float, high: float) -> float:
    """Return sigma of a lognormal from its P10 and P90 (0 where they do not say)."""
    if low > 0 and high > low:
        return math.log(high / low) / (2 * Z90)
    return 0.0


def lognormal_variance(mean: float, low: float, high: float) -> float:
    """Return the variance of a lognormal of a mean, its spread from P10 and P90."""
    return mean**2 * math.expm1(spread(low, high) ** 2)


def wait_variance(headway: float, low: float, high: float) -> float:
    """Return the variance of the wait of who comes at any time: uniform over the headway.

    The headway itself is uncertain (P10, P90): E[W²] = E[H²] / 3, and the mean is E[H] / 2.
    """
    square = headway**2 * math.exp(spread(low, high) ** 2)
    return square / 3.0 - headway**2 / 4.0


def of_sum(mean: float, variance: float) -> tuple[float, float]:
    """Return P10 and P90 of a lognormal of the mean and variance of a sum of independent parts.

    The P10 of a sum is not the sum of the P10s: parts that vary by themselves even out
    (Fenton-Wilkinson's approximation of a sum by its first two moments).
    """
    if mean <= 0 or variance <= 0:
        return mean, mean
    sigma2 = math.log1p(variance / mean**2)
    middle = mean * math.exp(-sigma2 / 2)
    return middle * math.exp(-Z90 * sigma2**0.5), middle * math.exp(Z90 * sigma2**0.5)


class _Components:
    """Numbers components as they are met."""

    def __init__(self) -> None:
        self.rows: list[Component] = []
        self._number: dict[str, int] = {}
        self._rules: dict[tuple[str, str], Parameter] = {}

    def rule(self, parameters: Parameters, key: str, mode: str) -> Parameter:
        """Return a parameter that holds everywhere, looked up once for thousands of edges."""
        found = self._rules.get((key, mode))
        if found is None:
            found = self._rules[key, mode] = parameters.get(key, mode)
        return found

    def add(self, name: str, low: float, high: float, confidence: str) -> int:
        if name not in self._number:
            self._number[name] = len(self.rows)
            self.rows.append(Component(name, spread(low, high), confidence or "low"))
        return self._number[name]


def cargo_amounts(cargo: Cargo, parameters: Parameters) -> tuple[float, float]:
    """Return (TEU, tonnes) of a cargo."""
    payload = parameters.get("payload_t_per_teu").value
    if cargo.unit == "tonne":
        return cargo.amount / payload, cargo.amount
    teu = cargo.amount * (parameters.get("teu_per_feu").value if cargo.unit == "FEU" else 1.0)
    return teu, teu * payload


def price(
    columns: Columns, parameters: Parameters, facilities: dict[str, Facility], cargo: Cargo
) -> Prices:
    """Return the expected hours, USD and kg CO2e of every edge.

    Parameters
    ----------
    columns : Columns
    parameters : Parameters
    facilities : dict
        By the ids that edges carry.
    cargo : Cargo
    """
    teu, tonnes = cargo_amounts(cargo, parameters)
    n = len(columns.e_u)
    out = {q: np.zeros(n) for q in ("hours", "usd", "co2e")}
    component = {q: np.zeros(n, dtype=np.int32) for q in out}
    known = _Components()
    known.add("certain", 0, 0, "high")

    words = columns.words
    kind, mode = np.asarray(columns.e_kind), np.asarray(columns.e_mode)
    km = np.asarray(columns.e_length_km)

    def put(rows: Any, quantity: str, value: Any, number: int) -> None:
        out[quantity][rows] = value
        component[quantity][rows] = number

    # lines: one parameter per mode and country
    line = kind == KINDS.index("line")
    areas, area = areas_of(columns, facilities)
    code = mode.astype(np.int64) * len(areas) + area
    for group in np.unique(code[line & (mode != MODES.index("ferry"))]):
        m, c = MODES[group // len(areas)], areas[group % len(areas)]
        rows = np.flatnonzero(line & (code == group))
        speed = parameters.get("speed_km_h", m, c)
        number = known.add(f"speed:{m}:{speed.country}", speed.low, speed.high, speed.confidence)
        put(rows, "hours", km[rows] / speed.value, number)
        if m == "pipeline":
            continue
        rate = parameters.get("cost_usd_per_teu_km", m, c)
        number = known.add(f"rate:{m}:{rate.country}", rate.low, rate.high, rate.confidence)
        put(rows, "usd", km[rows] * rate.value * teu, number)
        grams, number = _emission(parameters, known, m, c)
        put(rows, "co2e", km[rows] * grams * tonnes / 1000.0, number)

    # ferries, crossings, transfers: one by one, there are some thousands
    special = np.flatnonzero(~line | (mode == MODES.index("ferry")))
    pricers: dict[str, Callable[..., Any]] = {
        "border": _border,
        "transfer": _transfer,
        "line": _ferry,
    }
    for row in special:
        what = KINDS[kind[row]]
        facility = facilities.get(words["facility"][columns.e_facility[row]])
        values = pricers[what](columns, int(row), facility, parameters, known)
        for quantity, (value, number) in values.items():
            scale = {"hours": 1.0, "usd": teu, "co2e": tonnes if what == "line" else teu}[quantity]
            put(row, quantity, value * scale, number)

    return Prices(
        out["hours"], out["usd"], out["co2e"],
        component["hours"], component["usd"], component["co2e"], tuple(known.rows),
    )  # fmt: skip


def areas_of(
    columns: Columns, facilities: dict[str, Facility]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the areas that have parameters of their own, and every edge's: country or zone."""
    areas = list(columns.words["country"])
    area = np.asarray(columns.e_country).astype(np.int64)
    for zone in (f for f in facilities.values() if f.kind == "zone"):
        row = {name: float(zone.row[name]) for name in ("west", "south", "east", "north")}
        if zone.row["country"] not in areas:
            continue
        inside = (
            (columns.n_lon >= row["west"]) & (columns.n_lon <= row["east"])
            & (columns.n_lat >= row["south"]) & (columns.n_lat <= row["north"])
        )  # fmt: skip
        own = area == areas.index(zone.row["country"])
        own &= columns.e_mode == MODES.index(zone.row["mode"])
        area[own & inside[columns.e_u] & inside[columns.e_v]] = len(areas)
        areas.append(zone.id)
    return areas, area


def with_own(
    prices: Prices, own: dict[str, NDArray[np.float64]], cargo: Cargo, parameters: Parameters
) -> Prices:
    """Return prices with a user's own numbers in place of the parameters', where there are any.

    ``own`` holds ``hours``, ``cost_usd`` and ``co2e_kg`` of one TEU per edge, NaN where the
    parameters count; what is the user's is taken as certain.
    """
    teu, _ = cargo_amounts(cargo, parameters)
    changes: dict[str, Any] = {}
    for name, column, component, scale in (
        ("hours", "hours", "hours_component", 1.0),
        ("usd", "cost_usd", "usd_component", teu),
        ("co2e_kg", "co2e_kg", "co2e_component", teu),
    ):
        given = np.isfinite(own[column])
        changes[name] = np.where(given, own[column] * scale, getattr(prices, name))
        changes[component] = np.where(given, 0, getattr(prices, component)).astype(np.int32)
    return replace(prices, **changes)


def _emission(
    parameters: Parameters, known: _Components, mode: str, country: str
) -> tuple[float, int]:
    """Return g CO2e per tonne-km, well-to-wheel, and its component."""
    ttw = parameters.get("co2e_g_per_tkm.ttw", mode, country)
    wtt = parameters.get("co2e_g_per_tkm.wtt", mode, country)
    worst = min(ttw.confidence, wtt.confidence, key=LEVELS.index)
    number = known.add(f"co2e:{mode}:{ttw.country}", ttw.low + wtt.low, ttw.high + wtt.high, worst)
    return ttw.value + wtt.value, number


Values = dict[str, tuple[float, int]]


def _border(
    columns: Columns,
    row: int,
    facility: Facility | None,
    parameters: Parameters,
    known: _Components,
) -> Values:
    words = columns.words
    mode = MODES[columns.e_mode[row]]
    a = words["country"][columns.e_country[row]]
    ident = words["facility"][columns.e_facility[row]]
    regime = words["origin"][columns.e_origin[row]].removeprefix("border:") or "control"
    out: Values = {}
    if regime == "none":
        return out
    for quantity, column, key in (
        ("hours", "hours", f"border_h.{regime}"), ("usd", "cost_usd", f"border_cost_usd.{regime}")
    ):  # fmt: skip
        rule = known.rule(parameters, key, mode)
        value, low, high, sure = rule.value, rule.low, rule.high, rule.confidence
        if facility is not None:
            way = "ab" if a == facility.row["country_a"] else "ba"
            own = facility.number(f"{column}_{way}")
            if own is not None:
                value, sure = own, facility.row["confidence"]
                own_low = facility.number(f"{column}_{way}_low")
                own_high = facility.number(f"{column}_{way}_high")
                low = own_low if own_low is not None else own * rule.low / rule.value
                high = own_high if own_high is not None else own * rule.high / rule.value
        # a crossing by its id and way; nameless ones share what their frontier does
        number = known.add(f"{quantity}:{ident}:{a}", low, high, sure)
        out[quantity] = (value, number)
    return out


def transfer_key(columns: Columns, row: int) -> str:
    """Return the pair of modes that a transfer edge joins, as parameters name it."""
    a, b = MODES[columns.e_mode[row]], MODES[columns.e_to_mode[row]]
    if a == b:
        return "gauge"
    if columns.words["origin"][columns.e_origin[row]] == "terminal:containers":
        # lifted aboard a box ship that plies like a ferry: a port's work, not a ro-ro berth's
        a, b = ("sea" if m == "ferry" else m for m in (a, b))
    order = ("rail", "road", "sea", "ferry")
    first, second = sorted((a, b), key=order.index)
    return f"{first}-{second}"


def _transfer(
    columns: Columns,
    row: int,
    facility: Facility | None,
    parameters: Parameters,
    known: _Components,
) -> Values:
    key = transfer_key(columns, row)
    ident = columns.words["facility"][columns.e_facility[row]]
    hours = known.rule(parameters, f"transfer_h.{key}", "")
    usd = known.rule(parameters, f"transfer_cost_usd.{key}", "")
    co2e = known.rule(parameters, "co2e_kg_per_teu.transfer", "")
    value, low, high, sure = hours.value, hours.low, hours.high, hours.confidence
    if MODES[columns.e_to_mode[row]] == "sea":
        # going aboard means waiting for the next liner: half its headway on average, and for a
        # cargo that arrives at any time uniform over it
        headway = parameters.get("headway_h", "sea")
        variance = lognormal_variance(value, low, high) + wait_variance(
            headway.value, headway.low, headway.high
        )
        value += headway.value / 2.0
        low, high = of_sum(value, variance)
        key, sure = f"{key}-aboard", min(sure, headway.confidence, key=LEVELS.index)
    return {
        "hours": (value, known.add(f"hours:{key}:{ident}", low, high, sure)),
        "usd": (usd.value, known.add(f"usd:{key}", usd.low, usd.high, usd.confidence)),
        "co2e": (co2e.value, known.add("co2e:transfer", co2e.low, co2e.high, co2e.confidence)),
    }


def ferry_hours(facility: Facility | None, km: float, parameters: Parameters) -> dict[str, float]:
    """Return sailing, expected wait (half the headway) and dwell on both shores, in hours."""
    sailing = facility.number("sailing_h") if facility else None
    if sailing is None:
        sailing = km / parameters.get("speed_km_h", "ferry").value
    headway = (facility.number("headway_h") if facility else None) or 0.0
    dwell = sum(d.value for d in _dwells(facility, parameters))
    return {"sailing_h": sailing, "wait_h": headway / 2.0, "dwell_h": dwell}


def _dwells(facility: Facility | None, parameters: Parameters) -> list[Parameter]:
    """Return the dwell on both shores, by their countries."""
    shores = facility.row["countries"].split("|") if facility else ["", ""]
    return [parameters.get("port_dwell_h.ferry", "", country) for country in shores]


def _ferry(
    columns: Columns,
    row: int,
    facility: Facility | None,
    parameters: Parameters,
    known: _Components,
) -> Values:
    ident = columns.words["facility"][columns.e_facility[row]]
    km = float(columns.e_length_km[row])
    parts = ferry_hours(facility, km, parameters)
    dwells = _dwells(facility, parameters)
    sure = min((d.confidence for d in dwells), key=LEVELS.index)

    def own(name: str, otherwise: float) -> float:
        return (facility.number(name) if facility else None) or otherwise

    sailing, headway = parts["sailing_h"], 2 * parts["wait_h"]
    variance = (
        lognormal_variance(sailing, own("sailing_h_low", sailing), own("sailing_h_high", sailing))
        + wait_variance(headway, own("headway_h_low", headway), own("headway_h_high", headway))
        + sum(lognormal_variance(d.value, d.low, d.high) for d in dwells)
    )
    low, high = of_sum(sum(parts.values()), variance)
    if facility is not None:
        sure = min(sure, facility.row["confidence"], key=LEVELS.index)
    rate = parameters.get("ferry_cost_usd_per_teu_km")
    grams, number = _emission(parameters, known, "ferry", "")
    return {
        "hours": (sum(parts.values()), known.add(f"hours:{ident}", low, high, sure)),
        "usd": (km * rate.value, known.add("rate:ferry", rate.low, rate.high, rate.confidence)),
        "co2e": (km * grams / 1000.0, number),
    }
