"""The network handed to analysts: frames and a networkx graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.network.store import ELECTRIFIED, KINDS, MODES
from corridors.routing.engine import INF
from corridors.routing.profile import Profile

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from corridors.routing.network import Network


def _decoded(codes: Any, words: list[str]) -> NDArray[np.object_]:
    return np.asarray(np.array(words, dtype=object)[np.asarray(codes)])


def nodes_frame(net: Network) -> pd.DataFrame:
    """Return the nodes: ``lon, lat`` (degrees), ``country``, ``terminal``; index = node number."""
    import pandas as pd

    c = net.columns
    return pd.DataFrame(
        {
            "lon": np.array(c.n_lon), "lat": np.array(c.n_lat),
            "country": _decoded(c.n_country, c.words["country"]),
            "terminal": _decoded(c.n_terminal, c.words["facility"]),
        }
    )  # fmt: skip


def edges_frame(net: Network, *, mode: str | None = None) -> Any:
    """Return the edges as a GeoDataFrame (EPSG:4326); index = edge number.

    Columns: u, v, mode, kind, length_km, gauge_mm, country, to_country, facility, status,
    from_year, to_year, oneway, precision, to_mode, to_gauge_mm, origin, electrified (of railways:
    yes, no, '' where not known), tracks (running tracks, 0 where not known), geometry.
    """
    import geopandas as gpd
    import shapely

    if mode is not None and mode not in MODES:
        raise SchemaError(f"mode {mode!r} is unknown; choose from {', '.join(MODES)}")
    c, words = net.columns, net.columns.words
    rows = np.arange(len(c.e_u))
    if mode is not None:
        rows = np.flatnonzero(c.e_mode == MODES.index(mode))
    counts = np.diff(c.g_offset)[rows]
    start = np.repeat(c.g_offset[rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    vertices = start + np.arange(counts.sum())
    shapes = shapely.linestrings(
        np.column_stack([c.g_lon[vertices], c.g_lat[vertices]]),
        indices=np.repeat(np.arange(len(rows)), counts),
    )
    return gpd.GeoDataFrame(
        {
            "u": np.array(c.e_u[rows]), "v": np.array(c.e_v[rows]),
            "mode": _decoded(c.e_mode[rows], list(MODES)),
            "kind": _decoded(c.e_kind[rows], list(KINDS)),
            "length_km": np.array(c.e_length_km[rows]),
            "gauge_mm": np.array(c.e_gauge_mm[rows]),
            **{name: _decoded(getattr(c, f"e_{name}")[rows], words[word]) for name, word in (
                ("country", "country"), ("to_country", "country"), ("facility", "facility"),
                ("status", "status"), ("precision", "precision"), ("origin", "origin"))},
            "from_year": np.array(c.e_from_year[rows]), "to_year": np.array(c.e_to_year[rows]),
            "oneway": np.array(c.e_oneway[rows]),
            "to_mode": _decoded(c.e_to_mode[rows], [*MODES, ""]),
            "to_gauge_mm": np.array(c.e_to_gauge_mm[rows]),
            "electrified": _decoded(c.e_electrified[rows], list(ELECTRIFIED)),
            "tracks": np.array(c.e_tracks[rows]),
        },
        geometry=shapes, crs="EPSG:4326", index=rows,
    )  # fmt: skip


def to_networkx(net: Network, profile: Profile | None = None) -> nx.MultiDiGraph:
    """Return the network as a MultiDiGraph, one edge per arc that a profile may travel.

    Nodes carry ``lon, lat, country, terminal``; edges ``edge`` (number in ``edges_frame``),
    ``mode, kind, length_km, hours, cost_usd, co2e_kg, country, facility, gauge_mm, to_mode,
    to_country, to_gauge_mm, electrified, tracks`` (as in ``edges_frame``) and ``weight`` (the
    profile's criterion in its quanta, whole numbers). The key of an edge is its arc number.
    """
    import networkx as nx

    c = net.columns
    w = net.weighted(profile or Profile())
    graph = nx.MultiDiGraph(name="corridors", crs="EPSG:4326", by=w.profile.by)
    nodes = nodes_frame(net)
    graph.add_nodes_from(
        (i, {"lon": x, "lat": y, "country": k, "terminal": t})
        for i, x, y, k, t in zip(
            range(len(nodes)), nodes["lon"].tolist(), nodes["lat"].tolist(),
            nodes["country"].tolist(), nodes["terminal"].tolist(), strict=True,
        )
    )  # fmt: skip
    weight = w.weights[c.a_edge]
    use = np.flatnonzero(weight < INF)
    e = c.a_edge[use]
    columns = {
        "edge": e, "mode": _decoded(c.e_mode[e], list(MODES)),
        "kind": _decoded(c.e_kind[e], list(KINDS)), "length_km": c.e_length_km[e],
        "hours": w.prices.hours[e], "cost_usd": w.prices.usd[e], "co2e_kg": w.prices.co2e_kg[e],
        "country": _decoded(c.e_country[e], c.words["country"]),
        "facility": _decoded(c.e_facility[e], c.words["facility"]),
        "to_mode": _decoded(c.e_to_mode[e], [*MODES, ""]),
        "to_country": _decoded(c.e_to_country[e], c.words["country"]),
        "gauge_mm": c.e_gauge_mm[e], "to_gauge_mm": c.e_to_gauge_mm[e],
        "electrified": _decoded(c.e_electrified[e], list(ELECTRIFIED)), "tracks": c.e_tracks[e],
        "weight": weight[use].astype(np.int64),
    }  # fmt: skip
    names = list(columns)
    lists = [np.asarray(x).tolist() for x in columns.values()]
    graph.add_edges_from(
        (t, h, k, dict(zip(names, row, strict=True)))
        for t, h, k, row in zip(
            c.a_tail[use].tolist(), c.a_head[use].tolist(), use.tolist(),
            zip(*lists, strict=True), strict=True,
        )
    )  # fmt: skip
    return graph
