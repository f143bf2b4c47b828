"""Terminals: the listed places where modes meet, joined to each layer that they name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.geodesy import distance_km, project_to_segments
from corridors.network.frames import (
    Graph,
    add_edges,
    add_nodes,
    line_reader,
    make_edges,
    shapes_of,
    split_edge,
)

LIMIT_KM = {"rail": 12.0, "road": 30.0}


def _nearest(
    lines: list[tuple[int, NDArray[np.float64]]], lon: float, lat: float, limit_km: float
) -> tuple[int, float, float] | None:
    """Return (edge row, fraction along it, km) of the nearest line, or None."""
    best: tuple[int, float, float] | None = None
    for row, line in lines:
        km, t = project_to_segments(lon, lat, line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
        i = int(np.argmin(km))
        if km[i] <= limit_km and (best is None or km[i] < best[2]):
            seg = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
            total = float(seg.sum())
            at = float(seg[:i].sum() + t[i] * seg[i])
            best = (row, at / total if total > 0 else 0.0, float(km[i]))
    return best


def attach(
    graph: Graph, mode: str, points: pd.DataFrame, limit_km: float
) -> tuple[Graph, dict[int, int], dict[int, float]]:
    """Join points to the nearest line of a mode, in their own country, by a measured access line.

    Parameters
    ----------
    graph : Graph
    points : DataFrame
        ``lon, lat, country, gauge_mm`` (0 = any), ``origin``; its index names the points.

    Returns
    -------
    graph : Graph
    node_of : dict of point index -> node number (points out of reach are missing)
    access_km : dict of point index -> km to the line
    """
    import shapely

    edges = graph.edges
    # no terminal for freight stands on a line for passengers only
    freight = (edges["kind"] == "line") & (edges["status"] != "passenger")
    owner_of = np.flatnonzero(((edges["mode"] == mode) & freight).to_numpy())
    tree = shapely.STRtree(shapes_of(graph, owner_of))
    reader = line_reader(graph)
    country = edges["country"].to_numpy()
    gauge = edges["gauge_mm"].to_numpy()
    cuts: dict[int, list[tuple[float, int]]] = {}
    access: dict[int, float] = {}
    gauge_of: dict[int, int] = {}
    for index, p in points.iterrows():
        dy = limit_km / 110.0
        dx = dy / max(np.cos(np.radians(p["lat"])), 0.1)
        found = tree.query(shapely.box(p["lon"] - dx, p["lat"] - dy, p["lon"] + dx, p["lat"] + dy))
        rows = np.sort(owner_of[found])
        rows = rows[country[rows] == p["country"]]
        if p["gauge_mm"]:
            rows = rows[gauge[rows] == p["gauge_mm"]]
        lines = [(int(row), reader(int(row))) for row in rows]
        hit = _nearest(lines, p["lon"], p["lat"], limit_km)
        if hit is not None:
            cuts.setdefault(hit[0], []).append((hit[1], int(index)))
            access[int(index)] = hit[2]
            gauge_of[int(index)] = int(gauge[hit[0]])
    node_of: dict[int, int] = {}
    drop = np.zeros(len(edges), dtype=bool)
    new_rows: list[dict[str, object]] = []
    out = graph
    for row, items in sorted(cuts.items()):
        edge = edges.iloc[row]
        inner: dict[float, list[int]] = {}
        for fraction, index in sorted(items):
            if fraction * edge["length_km"] < 0.05:
                node_of[index] = int(edge["u"])
            elif (1 - fraction) * edge["length_km"] < 0.05:
                node_of[index] = int(edge["v"])
            else:
                inner.setdefault(round(fraction, 6), []).append(index)
        if not inner:
            continue
        drop[row] = True
        made, pieces = split_edge(edge.to_dict(), reader(row), sorted(inner), [])
        out, numbers = add_nodes(out, made["lon"], made["lat"], [edge["country"]] * len(inner))  # type: ignore[arg-type]
        for number, fraction in zip(numbers, sorted(inner), strict=True):
            for index in inner[fraction]:
                node_of[index] = int(number)
        for i, piece in enumerate(pieces):
            piece["u"] = edge["u"] if i == 0 else int(numbers[i - 1])
            piece["v"] = edge["v"] if i == len(pieces) - 1 else int(numbers[i])
            new_rows.append(piece)
    merged = (
        pd.concat([edges[~drop], make_edges(new_rows)], ignore_index=True) if new_rows else edges
    )
    out = Graph(out.nodes, merged)
    # the terminal itself, joined by a measured line where it lies off the track
    far = [i for i in sorted(node_of) if access[i] > 0.02]
    if far:
        p = points.loc[far]
        out, numbers = add_nodes(out, p["lon"], p["lat"], p["country"])
        access_rows: list[dict[str, object]] = []
        for index, number in zip(far, numbers, strict=True):
            at = node_of[index]
            x, y = out.nodes["lon"].iat[at], out.nodes["lat"].iat[at]
            q = points.loc[index]
            access_rows.append(
                {
                    "u": at, "v": int(number), "mode": mode, "country": q["country"],
                    "length_km": float(distance_km(x, y, q["lon"], q["lat"])),
                    "gauge_mm": gauge_of[index], "precision": "approximate",
                    "origin": str(q["origin"]),
                }
            )  # fmt: skip
            node_of[index] = int(number)
        out = add_edges(out, access_rows)
    return out, node_of, access


def transfer_rows(
    sides: list[tuple[str, int, int]],
    terminal: str,
    country: str,
    years: tuple[int, int],
    status: str,
    berths: dict[int, frozenset[str]],
) -> list[dict[str, object]]:
    """Return the transfers between every two sides (mode, gauge, node) of one terminal.

    ``berths`` says what the ships at a ferry's node carry (wagons, trucks, containers).
    """
    rows: list[dict[str, object]] = []
    for mode, gauge, a in sides:
        for to_mode, to_gauge, b in sides:
            if a == b or (mode, gauge) == (to_mode, to_gauge):
                continue
            origin = "terminal"
            if "ferry" in (mode, to_mode):
                carries = berths[a if mode == "ferry" else b]
                found = boarding(to_mode if mode == "ferry" else mode, carries)
                if found is None:
                    continue
                origin = found
            rows.append(
                {
                    "u": a, "v": b, "mode": mode, "to_mode": to_mode, "gauge_mm": gauge,
                    "to_gauge_mm": to_gauge, "kind": "transfer", "facility": terminal,
                    "country": country, "oneway": True, "origin": origin,
                    "from_year": years[0], "to_year": years[1], "status": status,
                }
            )  # fmt: skip
    return rows


def boarding(mode: str, carries: frozenset[str]) -> str | None:
    """Return the origin of a transfer between a mode and a ferry, or None where there is none.

    Wagons roll aboard a train ferry and trucks aboard a ro-ro ship; onto a ship that carries
    boxes alone they are lifted, as in any container port (``terminal:containers``). Rail cargo
    reaches a ship for trucks by a truck: two transfers.
    """
    own = {"rail": "wagons", "road": "trucks", "sea": "containers"}[mode]
    if own in carries:
        return "terminal"
    return "terminal:containers" if "containers" in carries else None
