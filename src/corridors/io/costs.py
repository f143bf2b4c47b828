"""Columns as pgRouting wants them: id, source, target, cost, reverse_cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import SchemaError

if TYPE_CHECKING:
    from corridors.io.tables import NetworkTables
    from corridors.routing.network import Network

QUANTITIES = {"time": "hours", "cost": "usd", "co2e": "co2e_kg"}


def edge_costs(
    tables: NetworkTables, net: Network, by: str = "time", year: int | None = None
) -> Any:
    """Return the cost of every edge of a network: hours, USD, kg CO2e (of one TEU), or km.

    Parameters
    ----------
    tables : NetworkTables
        Of ``net``, in its order: the whole of what :func:`corridors.io.tables.read_saved` reads.
    net : Network
    by : str
        time, cost, co2e or distance.
    year : int, optional

    Returns
    -------
    array of float
        Negative where nothing may pass in that year, as pgRouting has it.
    """
    from corridors.network.store import MODES
    from corridors.routing.engine import INF
    from corridors.routing.profile import DATA_YEAR, Profile

    if len(tables.edges) != len(net.columns.e_u):
        raise SchemaError("the tables are not those of the network")
    if by != "distance" and by not in QUANTITIES:
        raise SchemaError(f"--by {by!r} is unknown; choose from distance, {', '.join(QUANTITIES)}")
    when = DATA_YEAR if year is None else year
    cargo = tuple(m for m in MODES if m != "pipeline")
    weighted = net.weighted(Profile(by=by, modes=cargo, year=when))
    open_ = weighted.weights < INF
    pipes = np.asarray(net.columns.e_mode) == MODES.index("pipeline")
    if pipes.any():
        # pipelines carry no containers; what stands of them is open, and has no price
        open_ |= net.weighted(Profile(by="distance", modes=("pipeline",), year=when)).weights < INF
    values = np.asarray(net.columns.e_length_km if by == "distance"
                        else getattr(weighted.prices, QUANTITIES[by]), dtype=float)  # fmt: skip
    return np.where(open_, values, -1.0)


def with_costs(tables: NetworkTables, cost: Any) -> tuple[Any, Any]:
    """Return nodes and edges with whole-numbered ids and costs both ways.

    Nodes get ``node`` (1, 2, …); edges ``edge``, ``source``, ``target``, ``cost`` and
    ``reverse_cost``; our own ids stay in ``id``, ``u`` and ``v``.
    """
    import pandas as pd

    nodes, edges = tables.nodes.copy(), tables.edges.copy()
    number = pd.Series(np.arange(1, len(nodes) + 1), index=nodes["id"])
    nodes.insert(0, "node", number.to_numpy())
    edges.insert(0, "edge", np.arange(1, len(edges) + 1))
    edges.insert(1, "source", number.loc[edges["u"]].to_numpy())
    edges.insert(2, "target", number.loc[edges["v"]].to_numpy())
    edges.insert(3, "cost", np.asarray(cost, dtype=float))
    back = np.where(edges["oneway"].to_numpy(dtype=bool), -1.0, edges["cost"].to_numpy())
    edges.insert(4, "reverse_cost", back)
    return nodes, edges
