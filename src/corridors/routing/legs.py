"""From a path of arcs to the legs that a planner reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import KINDS, MODES, Columns
from corridors.routing.facilities import Facility
from corridors.routing.pricing import LEVELS, Prices

LINE, BORDER, TRANSFER = (KINDS.index(k) for k in ("line", "border", "transfer"))


@dataclass(frozen=True, eq=False)
class Step:
    """A piece of the path: one edge, the share of it that is travelled, and the direction."""

    edge: int
    share: float
    forward: bool
    lo: float = 0.0
    hi: float = 1.0
    """Where on the edge (u = 0, v = 1) the travelled share lies."""


@dataclass(frozen=True, eq=False)
class Leg:
    """Steps of one kind, mode, gauge and country in a row."""

    kind: str
    mode: str
    gauge_mm: int
    to_mode: str
    to_gauge_mm: int
    country: str
    to_country: str
    facility: str
    steps: tuple[Step, ...]


def legs_of(columns: Columns, steps: list[Step]) -> list[Leg]:
    """Return the legs of a path, in order."""
    if not steps:
        return []
    c, words = columns, columns.words
    edges = np.array([s.edge for s in steps], dtype=np.int64)
    kind, mode = c.e_kind[edges], c.e_mode[edges]
    gauge, country = c.e_gauge_mm[edges], c.e_country[edges]
    # a ferry is a leg of its own, and so is every border and transfer
    own = np.where(mode == MODES.index("ferry"), c.e_facility[edges], 0)
    new = np.ones(len(edges), dtype=bool)
    new[1:] = kind[1:] != LINE
    for values in (kind, mode, gauge, country, own):
        new[1:] |= values[1:] != values[:-1]
    starts = np.flatnonzero(new).tolist()
    legs = []
    for lo, hi in zip(starts, [*starts[1:], len(steps)], strict=True):
        e = int(edges[lo])
        to = int(c.e_to_mode[e])
        legs.append(
            Leg(
                kind=KINDS[kind[lo]],
                mode=MODES[mode[lo]],
                gauge_mm=int(gauge[lo]),
                to_mode=MODES[to] if to >= 0 else "",
                to_gauge_mm=int(c.e_to_gauge_mm[e]),
                country=words["country"][country[lo]],
                to_country=words["country"][c.e_to_country[e]],
                facility=words["facility"][c.e_facility[e]],
                steps=tuple(steps[lo:hi]),
            )
        )
    return legs


def amounts(prices: Prices, steps: tuple[Step, ...]) -> dict[str, dict[int, float]]:
    """Return expected hours, usd and co2e of some steps, by component."""
    out: dict[str, dict[int, float]] = {}
    edges = np.array([s.edge for s in steps], dtype=np.int64)
    share = np.array([s.share for s in steps])
    for quantity, values, parts in (
        ("hours", prices.hours, prices.hours_component),
        ("usd", prices.usd, prices.usd_component),
        ("co2e", prices.co2e_kg, prices.co2e_component),
    ):
        total: dict[int, float] = {}
        for number, value in zip(
            parts[edges].tolist(), (values[edges] * share).tolist(), strict=True
        ):
            total[number] = total.get(number, 0.0) + value
        out[quantity] = total
    return out


def confidence(
    columns: Columns, prices: Prices, leg: Leg, parts: dict[str, dict[int, float]]
) -> str:
    """Return the lower of what is known of a leg's numbers and of its line."""
    level = min((LEVELS.index(prices.components[n].confidence) for n in parts["hours"]), default=2)
    if leg.kind == "line":
        edges = np.array([s.edge for s in leg.steps])
        km = columns.e_length_km[edges]
        poor = np.isin(columns.e_precision[edges], _vague(tuple(columns.words["precision"])))
        if km.sum() > 0 and km[poor].sum() > 0.5 * km.sum():
            level = 0
    return LEVELS[level]


@lru_cache(maxsize=8)
def _vague(words: tuple[str, ...]) -> NDArray[np.int64]:
    found = [i for i, w in enumerate(words) if w in ("schematic", "approximate")]
    return np.array(found, dtype=np.int64)


def line_of(columns: Columns, steps: tuple[Step, ...]) -> NDArray[np.float64]:
    """Return the drawn line of some steps, (n, 2) lon, lat, in the direction of travel."""
    parts = []
    whole_edges: list[Step] = []

    def gather() -> None:
        if whole_edges:
            edges = np.array([s.edge for s in whole_edges], dtype=np.int64)
            parts.append(vertices(columns, edges, np.array([s.forward for s in whole_edges])))
            whole_edges.clear()

    for step in steps:
        if step.lo > 0.0 or step.hi < 1.0:
            gather()
            line = _part(columns.line(step.edge), step.lo, step.hi)
            parts.append(line if step.forward else line[::-1])
        else:
            whole_edges.append(step)
    gather()
    if not parts:
        return np.zeros((0, 2))
    return _no_repeats(np.concatenate(parts))


def vertices(
    columns: Columns, edges: NDArray[np.int64], ahead: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the vertices of whole edges one after the other, each in its direction of travel."""
    first, end = columns.g_offset[edges], columns.g_offset[edges + 1]
    count = end - first
    before = np.concatenate([[0], np.cumsum(count)[:-1]])
    along = np.arange(int(count.sum())) - np.repeat(before, count)
    base, sign = np.where(ahead, first, end - 1), np.where(ahead, 1, -1)
    at = np.repeat(base, count) + np.repeat(sign, count) * along
    return np.column_stack([columns.g_lon[at], columns.g_lat[at]])


def line_of_edges(
    columns: Columns, edges: NDArray[np.int64], ahead: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the drawn line of whole edges, at least one, in the direction of travel."""
    return _no_repeats(vertices(columns, edges, ahead))


def _no_repeats(line: NDArray[np.float64]) -> NDArray[np.float64]:
    keep = np.ones(len(line), dtype=bool)
    keep[1:] = (line[1:, 0] != line[:-1, 0]) | (line[1:, 1] != line[:-1, 1])
    return line[keep] if keep.sum() > 1 else line[:2]


def _part(line: NDArray[np.float64], lo: float, hi: float) -> NDArray[np.float64]:
    from corridors.geodesy import distance_km

    seg = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
    at = np.concatenate([[0.0], np.cumsum(seg)])
    at = at / at[-1] if at[-1] > 0 else np.linspace(0, 1, len(at))
    inner = line[(at > lo) & (at < hi)]
    ends = [
        [float(np.interp(x, at, line[:, 0])), float(np.interp(x, at, line[:, 1]))] for x in (lo, hi)
    ]
    return np.vstack([ends[:1], inner, ends[1:]])


def facility_name(ident: str, facilities: dict[str, Facility]) -> str:
    """Return what people call a facility."""
    found = facilities.get(ident)
    if found is not None:
        return found.name
    if ident.startswith("frontier:"):
        return f"{ident.removeprefix('frontier:').replace('-', '/')} frontier"
    return ident
