"""What a way can carry in a year: the published, observed or derived capacity of its links.

Capacities are tonnes or TEU a year **of both directions together**, since that is how ports and
railways publish them. They come from capacities.csv; ``at`` says where a row holds: at crossings,
terminals and ferries by their id, or on the line between two places (``a>b``). A row that holds at
several is their joint capacity. What no row covers is not known to limit anything, and is said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.analysis.named import place_of
from corridors.analysis.tables import in_year, load_table
from corridors.errors import SchemaError, UnknownPlaceError
from corridors.geodesy import project_to_segments

if TYPE_CHECKING:
    import pandas as pd

    from corridors.routing.network import Network
    from corridors.routing.route import Route

UNITS = {"mt": "mt_per_year", "teu": "teu_per_year"}
PASS_KM = 15.0
"""A line passes a place that lies so near to it."""


@dataclass(frozen=True)
class Capacity:
    """How much passes a link in a year, both directions together, with a low and a high value."""

    id: str
    name: str
    kind: str
    value: float
    low: float
    high: float
    confidence: str
    source: str
    at: tuple[str, ...]


def capacities(
    unit: str = "mt",
    year: int = 2026,
    *,
    kinds: tuple[str, ...] | None = None,
    table: pd.DataFrame | None = None,
) -> list[Capacity]:
    """Return the rows of capacities.csv that hold in a year and know the unit.

    Parameters
    ----------
    unit : {"mt", "teu"}
        Million tonnes or TEU a year.
    year : int
    kinds : tuple of str, optional
        Of crossing, line, port, fleet; all by default. Without fleet it is what stands on the
        ground that limits.
    table : DataFrame, optional
        In place of the shipped table.
    """
    frame = in_year(load_table("capacities") if table is None else table, year)
    column = UNITS.get(unit)
    if column is None:
        raise SchemaError(f"capacity unit {unit!r} is unknown; choose mt or teu")
    out = []
    for row in frame[frame[column].notna()].to_dict("records"):
        if kinds is not None and row["kind"] not in kinds:
            continue
        low, high = row[f"{unit}_low"], row[f"{unit}_high"]
        out.append(
            Capacity(
                str(row["id"]), str(row["name"]), str(row["kind"]), float(row[column]),
                float(low if low == low else row[column]),
                float(high if high == high else row[column]),
                str(row["confidence"]), str(row["source"]), tuple(str(row["at"]).split("|")),
            )
        )  # fmt: skip
    return out


def met(net: Network, route: Route, rows: list[Capacity]) -> list[Capacity]:
    """Return the capacities that a route meets: at its facilities and on its lines."""
    here = facilities_of(net, route)
    return [c for c in rows if any(_meets(net, route, here, at) for at in c.at)]


def facilities_of(net: Network, route: Route) -> set[str]:
    """Return the ids of the crossings, terminals, ferries and straits that a route uses.

    The terminals of a ferry line and those where a change is made are among them; a port that a
    ship passes is not.
    """
    out = set()
    for leg in route.legs:
        if leg["kind"] == "line" and leg["mode"] == "sea":
            continue
        ident = str(leg.get("facility") or "")
        out.add(ident)
        facility = net.facilities.get(ident)
        if facility is not None and facility.kind == "ferry":
            out |= {facility.row["from_terminal"], facility.row["to_terminal"]}
    return out - {""}


def _meets(net: Network, route: Route, here: set[str], at: str) -> bool:
    if ">" not in at:
        return at in here
    try:
        ends = [place_of(net, p) for p in at.split(">", 1)]
    except UnknownPlaceError:
        return False
    lines = [
        line for leg, line in zip(route.legs, route.lines, strict=True)
        if leg["kind"] == "line" and leg["mode"] in ("rail", "road") and len(line) > 1
    ]  # fmt: skip
    return all(_passes(lines, p.lon, p.lat) for p in ends)


def _passes(lines: list[Any], lon: float, lat: float) -> bool:
    for line in lines:
        # only the segments whose box comes near: the frame of project_to_segments is local
        x, y = line[:, 0], line[:, 1]
        near = (np.minimum(x[:-1], x[1:]) < lon + 2) & (np.maximum(x[:-1], x[1:]) > lon - 2)
        near &= (np.minimum(y[:-1], y[1:]) < lat + 2) & (np.maximum(y[:-1], y[1:]) > lat - 2)
        if near.any():
            i = np.flatnonzero(near)
            km, _ = project_to_segments(lon, lat, x[i], y[i], x[i + 1], y[i + 1])
            if km.min() <= PASS_KM:
                return True
    return False


def weakest(net: Network, route: Route, unit: str = "mt", **options: Any) -> Capacity | None:
    """Return the tightest capacity that a route meets, or None where none is known."""
    rows = met(net, route, capacities(unit, route.year, **options))
    return min(rows, key=lambda c: c.value, default=None)
