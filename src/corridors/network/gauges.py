"""Rail gauges: a rule per country, exceptions on the ground, and breaks where two meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from corridors.geodesy import distance_km, project_to_segments
from corridors.network.frames import Graph, add_edges, add_nodes


def assign_gauges(graph: Graph, rule: pd.DataFrame, exceptions: pd.DataFrame) -> Graph:
    """Return the graph with ``gauge_mm`` on every rail edge that has none yet.

    Parameters
    ----------
    rule : DataFrame
        ``country``, ``gauge_mm``: the gauge of the country's main network.
    exceptions : DataFrame
        ``country``, ``gauge_mm``, ``kind`` (box or corridor), ``coords`` ((n, 2) lon, lat),
        ``radius_km``. A box holds edges whose both ends lie inside; a corridor holds edges whose
        both ends lie within the radius of its line.
    """
    edges = graph.edges
    gauge = edges["gauge_mm"].to_numpy().copy()
    open_ = ((edges["mode"] == "rail") & (edges["kind"] == "line")).to_numpy() & (gauge == 0)
    by_country = dict(zip(rule["country"], rule["gauge_mm"].astype(int), strict=True))
    gauge[open_] = edges["country"][open_].map(by_country).fillna(1435).astype(int)
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    for row in exceptions.itertuples(index=False):
        points = np.asarray(row.coords)
        pick = open_ & (edges["country"] == row.country).to_numpy()
        if row.kind == "box":
            (w, s), (e, n) = points.min(axis=0), points.max(axis=0)
            inside = (lon >= w) & (lon <= e) & (lat >= s) & (lat <= n)
        else:
            inside = np.zeros(len(lon), dtype=bool)
            near = np.unique(np.concatenate([u[pick], v[pick]]))
            a, b = points[:-1], points[1:]
            for node in near:
                km, _ = project_to_segments(
                    lon[node], lat[node], a[:, 0], a[:, 1], b[:, 0], b[:, 1]
                )
                inside[node] = km.min() <= float(row.radius_km or 2.0)
        gauge[pick & inside[u] & inside[v]] = int(row.gauge_mm)
    return Graph(graph.nodes, edges.assign(gauge_mm=gauge))


def part_gauges(graph: Graph, yards: pd.DataFrame, within_km: float = 8.0) -> Graph:
    """Split every node where rails of two gauges meet; join the parts only at a listed yard.

    Parameters
    ----------
    yards : DataFrame
        ``id, country, lon, lat`` of terminals where a break of gauge is worked.
    """
    edges = graph.edges
    rail = ((edges["mode"] == "rail") & (edges["kind"] == "line")).to_numpy()
    ends = pd.DataFrame(
        {
            "node": np.concatenate([edges["u"][rail], edges["v"][rail]]),
            "gauge": np.concatenate([edges["gauge_mm"][rail]] * 2),
        }
    ).drop_duplicates()
    mixed = ends[ends["node"].duplicated(keep=False)].sort_values(["node", "gauge"])
    if mixed.empty:
        return graph
    u, v = edges["u"].to_numpy().copy(), edges["v"].to_numpy().copy()
    gauge = edges["gauge_mm"].to_numpy()
    rows: list[dict[str, object]] = []
    for node, group in mixed.groupby("node"):
        gauges = group["gauge"].tolist()
        lon, lat = graph.nodes["lon"].iat[node], graph.nodes["lat"].iat[node]
        country = graph.nodes["country"].iat[node]
        graph, numbers = add_nodes(graph, [lon] * (len(gauges) - 1), [lat] * (len(gauges) - 1),
                                   [country] * (len(gauges) - 1))  # fmt: skip
        at = dict(zip(gauges, [node, *numbers], strict=True))
        for g, number in at.items():
            mine = rail & (gauge == g)
            u[mine & (u == node)] = number
            v[mine & (v == node)] = number
        own = yards[yards["country"] == country]
        away: Any = np.atleast_1d(distance_km(lon, lat, own["lon"], own["lat"])) if len(own) else []
        if len(away) and min(away) <= within_km:
            yard = own["id"].iat[int(np.argmin(away))]
            for g1 in gauges:
                for g2 in gauges:
                    if g1 != g2:
                        rows.append(gauge_transfer(at[g1], at[g2], g1, g2, country, yard))
    graph = Graph(graph.nodes, edges.assign(u=u, v=v))
    return add_edges(graph, rows)


def gauge_transfer(
    a: int, b: int, gauge: int, to_gauge: int, country: str, facility: str
) -> dict[str, object]:
    """Return the row of a directed break-of-gauge transfer."""
    return {
        "u": a, "v": b, "mode": "rail", "to_mode": "rail", "kind": "transfer",
        "gauge_mm": gauge, "to_gauge_mm": to_gauge, "country": country, "facility": facility,
        "origin": "break of gauge", "oneway": True,
    }  # fmt: skip


def part_borders(graph: Graph) -> Graph:
    """Put a break-of-gauge transfer behind every rail border edge that changes gauge."""
    edges = graph.edges
    line = ((edges["mode"] == "rail") & (edges["kind"] == "line")).to_numpy()
    gauge = np.zeros(len(graph.nodes), dtype=np.int64)
    gauge[edges["u"][line]] = edges["gauge_mm"][line]
    gauge[edges["v"][line]] = edges["gauge_mm"][line]
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy().copy()
    border = ((edges["mode"] == "rail") & (edges["kind"] == "border")).to_numpy()
    own = edges["gauge_mm"].to_numpy().copy()
    own[border] = gauge[u[border]]
    change = np.flatnonzero(border & (gauge[u] != gauge[v]) & (gauge[u] > 0) & (gauge[v] > 0))
    at = graph.nodes.iloc[v[change]]
    out, numbers = add_nodes(graph, at["lon"], at["lat"], at["country"])
    rows = []
    for row, middle in zip(change, numbers, strict=True):
        edge = edges.iloc[row]
        before, after = int(gauge[u[row]]), int(gauge[v[row]])
        transfer = gauge_transfer(
            int(middle), int(v[row]), before, after, edge["to_country"], edge["facility"]
        )
        rows.append({**transfer, **edge[["status", "from_year", "to_year"]].to_dict()})
        v[row] = middle
    return add_edges(Graph(out.nodes, edges.assign(v=v, gauge_mm=own)), rows)
