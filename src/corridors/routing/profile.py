"""What a traveller wants, under which assumptions: a frozen value, and one weight per edge."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.network.store import KINDS
from corridors.routing.engine import INF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corridors.network.store import Columns
    from corridors.routing.pricing import Prices

LINE = KINDS.index("line")
CRITERIA = ("time", "cost", "distance", "co2e")
MODES = ("rail", "road", "sea", "ferry", "pipeline")
FREIGHT = ("rail", "sea", "ferry")
"""Modes of an intermodal container, used where nobody says otherwise."""
CARGO_UNITS = ("TEU", "FEU", "tonne")
DATA_YEAR = 2026
"""The year that the shipped tables describe; a route is asked for it unless told otherwise."""
FIRST_YEAR, LAST_YEAR = 1950, 2100
DATED = ("construction", "planned")
"""Statuses of what counts from its year on, and never without one."""
NEVER = ("proposed", "stalled", "closed", "suspended", "passenger")
"""Statuses of what carries no freight in any year."""

CHANGE_KM = 10.0
"""What a border or transfer weighs by distance, in km: of two ways of about one length the one
with fewer changes is taken. It is in no reported length."""

# weights are whole numbers of this many km, hours, USD and kg (the last two per TEU); a distance
# is in whole metres, and GRAIN parts of a metre count the changes on the way (see weigh)
GRAIN = 64
QUANTUM = {"distance": 1e-3 / GRAIN, "time": 1e-4, "cost": 1e-3, "co2e": 1e-3}
# for a mix: so that a long way, by any criterion, fills a sixteenth of the range of weights
_LONG_WAY = {"distance": 20_000.0, "time": 1_000.0, "cost": 20_000.0, "co2e": 20_000.0}
_TEU = {"TEU": 1.0, "FEU": 2.0, "tonne": 1.0 / 14.0}


@dataclass(frozen=True)
class Cargo:
    """What travels: an amount of TEU, FEU (two TEU) or tonnes.

    Costs are per TEU of the stated payload; emissions follow the tonnes.
    """

    unit: str = "TEU"
    amount: float = 1.0

    def __post_init__(self) -> None:
        if self.unit not in CARGO_UNITS:
            raise SchemaError(f"cargo unit {self.unit!r} is not one of {', '.join(CARGO_UNITS)}")
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise SchemaError(f"cargo amount {self.amount!r} must be a number above zero")


@dataclass(frozen=True)
class Closures:
    """What may not be travelled."""

    facilities: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    polygons: tuple[bytes, ...] = ()
    """Areas as WKB, EPSG:4326."""

    def __or__(self, other: Closures) -> Closures:
        return Closures(
            self.facilities | other.facilities,
            self.countries | other.countries,
            self.modes | other.modes,
            tuple(dict.fromkeys((*self.polygons, *other.polygons))),
        )

    def __bool__(self) -> bool:
        return bool(self.facilities or self.countries or self.modes or self.polygons)


@dataclass(frozen=True)
class Profile:
    """A question's terms.

    Parameters
    ----------
    by : str
        ``time``, ``cost``, ``distance``, ``co2e``, or ``mixed`` with ``weights``.
    modes : tuple of str
        Modes that may be used.
    year : int
        Planned lines count from their year on; closed ones until theirs.
    cargo : Cargo
    closed : Closures
    weights : tuple of (criterion, float)
        For ``mixed``: the sum of each criterion in its own unit (hours, USD, kg, km) times its
        weight; with USD as the common unit a weight of time is a value of time in USD per hour.
    """

    by: str = "time"
    modes: tuple[str, ...] = FREIGHT
    year: int = DATA_YEAR
    cargo: Cargo = field(default_factory=Cargo)
    closed: Closures = field(default_factory=Closures)
    weights: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.by not in (*CRITERIA, "mixed"):
            raise SchemaError(
                f"criterion {self.by!r} is unknown; choose one of {', '.join(CRITERIA)}"
            )
        unknown = [m for m in self.modes if m not in MODES]
        if unknown or not self.modes:
            raise SchemaError(
                f"mode {', '.join(map(repr, unknown)) or '(none)'} is unknown; "
                f"choose from {', '.join(MODES)}"
            )
        if "pipeline" in self.modes and len(self.modes) > 1:
            raise SchemaError("mode 'pipeline' carries no containers; ask for it alone")
        if isinstance(self.year, bool) or not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise SchemaError(f"year {self.year} is outside {FIRST_YEAR}..{LAST_YEAR}")
        if (self.by == "mixed") != bool(self.weights):
            raise SchemaError("criterion 'mixed' needs weights, and only it takes them")
        for name, weight in self.weights:
            if name not in CRITERIA or not (math.isfinite(weight) and weight >= 0):
                raise SchemaError(f"weight {name}={weight!r}: a criterion and a number >= 0")

    @classmethod
    def of(cls, by: str | dict[str, float] = "time", **terms: Any) -> Profile:
        """Return a profile from loose terms; a dict of weights means ``mixed``."""
        if isinstance(by, dict):
            return cls(by="mixed", weights=tuple(sorted(by.items())), **terms)
        return cls(by=by, **terms)

    def closing(self, more: Closures) -> Profile:
        """Return the profile with more closures."""
        return replace(self, closed=self.closed | more)


def open_edges(profile: Profile, columns: Columns) -> NDArray[np.bool_]:
    """Return which edges may be travelled under a profile."""
    c, words = columns, columns.words
    allowed = np.zeros(len(MODES) + 1, dtype=bool)
    for mode in profile.modes:
        if mode not in profile.closed.modes:
            allowed[MODES.index(mode)] = True
    allowed[-1] = True  # "to_mode" of what is no transfer
    ok = allowed[c.e_mode] & allowed[c.e_to_mode]
    ok &= boards(profile, words["origin"])[c.e_origin]
    year = profile.year
    ok &= (c.e_from_year == 0) | (c.e_from_year <= year)
    ok &= (c.e_to_year == 0) | (c.e_to_year >= year)
    # what is not built counts from its year on, and never without one
    dated = np.zeros(len(words["status"]), dtype=bool)
    never = np.zeros(len(words["status"]), dtype=bool)
    for i, status in enumerate(words["status"]):
        dated[i] = status in DATED
        never[i] = status in NEVER
    ok &= ~(dated[c.e_status] & (c.e_from_year == 0)) & ~never[c.e_status]
    closed = profile.closed
    if closed.countries:
        bad = np.array([w in closed.countries for w in words["country"]])
        ok &= ~bad[c.e_country] & ~bad[c.e_to_country]
    if closed.facilities:
        bad = np.array([w in closed.facilities for w in words["facility"]])
        ok &= ~bad[c.e_facility]
    for wkb in closed.polygons:
        ok &= ~_inside(wkb, columns)
    return np.asarray(ok)


def boards(profile: Profile, origins: Sequence[str]) -> NDArray[np.bool_]:
    """Return, by the word for an edge's origin, whether the cargo can be on such a ship.

    A ferry for trucks takes no container that travels without one, and a train ferry takes none
    that travels by road; asked for no land mode at all, every ship counts.
    """
    on = {"wagons": "rail", "trucks": "road"}
    ok = np.ones(len(origins), dtype=bool)
    if {"rail", "road"} & set(profile.modes):
        for i, word in enumerate(origins):
            what, _, carries = word.partition(":")
            if what == "ferry" and carries:
                ok[i] = any(on.get(x, "ferry") in profile.modes for x in carries.split("|"))
    return ok


def _inside(wkb: bytes, columns: Columns) -> NDArray[np.bool_]:
    """Return which edges meet an area."""
    import shapely

    area = shapely.from_wkb(wkb)
    west, south, east, north = area.bounds
    lon, lat, start = columns.g_lon, columns.g_lat, columns.g_offset[:-1]
    near = np.minimum.reduceat(lon, start) <= east
    near &= np.maximum.reduceat(lon, start) >= west
    near &= np.minimum.reduceat(lat, start) <= north
    near &= np.maximum.reduceat(lat, start) >= south
    rows = np.flatnonzero(near)
    counts = columns.g_offset[rows + 1] - columns.g_offset[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    vertex = np.arange(int(counts.sum())) + np.repeat(columns.g_offset[rows] - first, counts)
    lines = shapely.linestrings(np.column_stack([lon[vertex], lat[vertex]]), indices=owner)
    shapely.prepare(area)
    near[rows] = shapely.intersects(area, lines)
    return np.asarray(near)


def quantum(profile: Profile) -> float:
    """Return what one unit of weight is, in the criterion's own unit (km, h, USD, kg).

    Money and emissions grow with the cargo, and so does their unit: a train-load must not
    overflow the engine's numbers, nor a tonne be rounded away.
    """
    size = profile.cargo.amount * _TEU[profile.cargo.unit]
    if profile.by == "mixed":
        scale = {"cost": size, "co2e": size}
        long = sum(w * _LONG_WAY[name] * scale.get(name, 1.0) for name, w in profile.weights)
        return (long or 1.0) / 2**27
    return QUANTUM[profile.by] * (size if profile.by in ("cost", "co2e") else 1.0)


def weigh(profile: Profile, prices: Prices, columns: Columns) -> NDArray[np.uint32]:
    """Return one weight per edge, in quanta; INF where the edge may not be travelled.

    By distance a line weighs whole metres, that is multiples of GRAIN, and a change CHANGE_KM and
    one quantum: the total of a way modulo GRAIN is then the number of its changes, and its length
    can be told from its weight.
    """
    value = criterion(profile, prices, columns)
    if profile.by == "distance":
        raw = np.rint(value * 1000.0) * GRAIN + (columns.e_kind != LINE)
    else:
        raw = np.rint(value / quantum(profile))
    out = np.full(len(raw), INF, dtype=np.uint32)
    usable = open_edges(profile, columns) & np.isfinite(raw) & (raw < INF)
    out[usable] = raw[usable].astype(np.uint32)
    return out


def criterion(profile: Profile, prices: Prices, columns: Columns) -> NDArray[np.float64]:
    """Return the criterion's expected value of every edge, in its own unit."""
    km = np.where(columns.e_kind == LINE, columns.e_length_km, CHANGE_KM)
    parts = {"time": prices.hours, "cost": prices.usd, "co2e": prices.co2e_kg, "distance": km}
    if profile.by != "mixed":
        return parts[profile.by]
    return np.asarray(sum(weight * parts[name] for name, weight in profile.weights))
