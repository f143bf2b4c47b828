"""The gas system from Central Asia to China: lines A, B, C (and D), and the West-East lines.

Links are rows of gas_system.csv, bcm a year; supplies are contracts, not what is delivered. Gas
that the countries on the way take for themselves is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from corridors.analysis.flow import Flow, cheapest_flow, max_flow, outages, without
from corridors.analysis.tables import in_year, load_table

if TYPE_CHECKING:
    import pandas as pd

UNIT = "bcm a year"
SINK = "china-market"
LINE_D = ("line-d", "supply-galkynysh-2")


def gas_links(
    year: int = 2026, *, add: Iterable[str] = (), table: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the links that stand in a year.

    Parameters
    ----------
    year : int
    add : ids, optional
        Links that are planned or stalled and are to count all the same (``LINE_D``).
    table : DataFrame, optional
        In place of gas_system.csv.

    Returns
    -------
    DataFrame
        ``id, name, from_node, to_node, kind, capacity, low, high`` (bcm a year), ``length_km,
        cost_per_unit`` (km, so that the cheapest flow is the shortest), ``status, source``.
    """
    whole = load_table("gas_system") if table is None else table
    extra = set(add)
    standing = in_year(whole, year)
    standing = standing[standing["status"].isin(["operating", "construction"])]
    frame = whole[whole.index.isin(standing.index) | whole["id"].isin(extra)]
    frame = frame.rename(columns={"capacity_bcm_per_year": "capacity"}).copy()
    frame["from_node"] = frame["from_node"].fillna("")
    frame["cost_per_unit"] = frame["length_km"].fillna(0.0)
    columns = ["id", "name", "from_node", "to_node", "kind", "capacity", "low", "high", "length_km",
               "cost_per_unit", "status", "confidence", "source", "note"]  # fmt: skip
    return frame[columns].reset_index(drop=True)


def gas_flow(
    year: int = 2026, *, without_links: Iterable[str] = (), add: Iterable[str] = ()
) -> Flow:
    """Return the greatest flow into China's market and what limits it."""
    links = gas_links(year, add=add)
    return max_flow(without(links, without_links), SINK, unit=UNIT)


def gas_use(bcm: float, year: int = 2026, *, add: Iterable[str] = ()) -> Flow:
    """Return what so many bcm a year use of the system, by the shortest ways.

    Raises
    ------
    NoRouteError
        More than the system carries.
    """
    return cheapest_flow(gas_links(year, add=add), SINK, bcm, unit=UNIT)


def gas_outages(year: int = 2026, *, add: Iterable[str] = ()) -> pd.DataFrame:
    """Return what the loss of each line, station or supplier costs, in bcm a year."""
    return outages(gas_links(year, add=add), SINK, unit=UNIT)
