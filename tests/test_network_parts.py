"""Chains, gaps, gauges and frontiers on small made grounds."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridors.geodesy import distance_km
from corridors.network.chains import contract
from corridors.network.frames import Graph, line_reader, make_edges
from corridors.network.gaps import join_gaps
from corridors.network.gauges import assign_gauges, part_borders, part_gauges


def ground(points: list[tuple[float, float]], pairs: list[tuple[int, int]], **columns) -> Graph:
    """Return a graph of straight edges with their geodesic lengths."""
    lon, lat = (np.array(x, dtype=float) for x in zip(*points, strict=True))
    nodes = pd.DataFrame({"lon": lon, "lat": lat, "country": "KZ"})
    u, v = (np.array(x) for x in zip(*pairs, strict=True))
    km = np.asarray(distance_km(lon[u], lat[u], lon[v], lat[v]))
    edges = make_edges(
        {"u": u, "v": v, "mode": ["rail"] * len(u), "length_km": km, "country": ["KZ"] * len(u)}
    )
    return Graph(nodes, edges.assign(**columns))


def lengths(graph: Graph) -> dict:
    g = nx.MultiGraph()
    for e in graph.edges.itertuples():
        a = tuple(graph.nodes.loc[e.u, ["lon", "lat"]])
        b = tuple(graph.nodes.loc[e.v, ["lon", "lat"]])
        g.add_edge(a, b, weight=e.length_km)
    return dict(nx.all_pairs_dijkstra_path_length(g))


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]),
        min_size=1, max_size=14, unique_by=lambda p: tuple(sorted(p)),
    )
)  # fmt: skip
def test_contraction_keeps_every_distance_and_the_drawn_line(pairs) -> None:
    points = [(60 + 0.1 * i, 45 + 0.07 * ((i * 5) % 8)) for i in range(8)]
    graph = ground(points, pairs)
    small = contract(graph)
    before, after = lengths(graph), lengths(small)
    for a in after:
        for b in after[a]:
            assert after[a][b] == pytest.approx(before[a][b], abs=1e-9)
    assert small.edges["length_km"].sum() == pytest.approx(graph.edges["length_km"].sum())
    line = line_reader(small)
    for row in range(len(small.edges)):
        c = line(row)
        drawn = np.sum(distance_km(c[:-1, 0], c[:-1, 1], c[1:, 0], c[1:, 1]))
        assert drawn == pytest.approx(small.edges["length_km"].iat[row], rel=1e-9)


def test_contraction_keeps_marked_nodes_and_unlike_edges() -> None:
    graph = ground([(60, 45), (60.1, 45), (60.2, 45), (60.3, 45)], [(0, 1), (1, 2), (2, 3)])
    assert len(contract(graph).edges) == 1
    assert len(contract(graph, np.array([False, True, False, False])).edges) == 2
    other = Graph(graph.nodes, graph.edges.assign(gauge_mm=[1520, 1520, 1435]))
    assert len(contract(other).edges) == 2


def dry(lon, lat):
    return np.zeros(len(lon), dtype=bool)


def test_a_gap_is_joined_only_where_the_way_round_is_long() -> None:
    # a line of 40 km broken by 300 m, and beside it two yard tracks that meet 200 m on
    points = [(60, 45), (60.25, 45), (60.2538, 45), (60.5, 45), (60.002, 45), (60.002, 45.001)]
    graph = ground(points, [(0, 1), (2, 3), (0, 4), (0, 5)])
    joined = join_gaps(graph, mode="rail", over_water=dry)
    new = joined.edges.iloc[len(graph.edges) :]
    assert [sorted((e.u, e.v)) for e in new.itertuples()] == [[1, 2]]
    assert new["origin"].str.startswith("join:").all()
    assert new["length_km"].iat[0] == pytest.approx(0.3, abs=0.02)


def test_no_rule_joins_over_water_or_a_frontier() -> None:
    points = [(60, 45), (60.25, 45), (60.2538, 45), (60.5, 45)]
    graph = ground(points, [(0, 1), (2, 3)])
    wet = join_gaps(graph, mode="rail", over_water=lambda x, y: np.ones(len(x), dtype=bool))
    assert len(wet.edges) == 2
    two = Graph(graph.nodes.assign(country=["KZ", "KZ", "UZ", "UZ"]), graph.edges)
    assert len(join_gaps(two, mode="rail", over_water=dry).edges) == 2


def test_rails_of_two_gauges_part_and_meet_only_at_a_yard() -> None:
    points = [(60, 45), (60.25, 45), (60.5, 45)]
    graph = ground(points, [(0, 1), (1, 2)], gauge_mm=[1520, 1435])
    none = pd.DataFrame({"id": [], "country": [], "lon": [], "lat": []})
    apart = part_gauges(graph, none)
    assert len(apart.nodes) == 4 and len(apart.edges) == 2
    yard = pd.DataFrame({"id": ["yard"], "country": ["KZ"], "lon": [60.26], "lat": [45.0]})
    met = part_gauges(graph, yard)
    transfers = met.edges[met.edges["kind"] == "transfer"]
    assert sorted(zip(transfers["gauge_mm"], transfers["to_gauge_mm"], strict=True)) == [
        (1435, 1520), (1520, 1435)]  # fmt: skip
    assert (transfers["facility"] == "yard").all()


def test_a_border_that_changes_gauge_gets_a_transfer_behind_it() -> None:
    graph = ground([(80, 44), (80.3, 44), (80.3, 44), (80.6, 44)], [(0, 1), (2, 3)],
                   gauge_mm=[1435, 1520])  # fmt: skip
    border = make_edges([
        {"u": 1, "v": 2, "mode": "rail", "kind": "border", "oneway": True, "facility": "x",
         "country": "CN", "to_country": "KZ"},
        {"u": 2, "v": 1, "mode": "rail", "kind": "border", "oneway": True, "facility": "x",
         "country": "KZ", "to_country": "CN"},
    ])  # fmt: skip
    graph = Graph(graph.nodes, pd.concat([graph.edges, border], ignore_index=True))
    out = part_borders(graph)
    g = nx.DiGraph()
    for e in out.edges.itertuples():
        g.add_edge(e.u, e.v, kind=e.kind, to=e.to_gauge_mm)
        if not e.oneway:
            g.add_edge(e.v, e.u, kind=e.kind, to=e.to_gauge_mm)
    for a, b, gauge in ((0, 3, 1520), (3, 0, 1435)):
        path = nx.shortest_path(g, a, b)
        steps = [g.edges[p, q] for p, q in itertools.pairwise(path)]
        assert [s["kind"] for s in steps] == ["line", "border", "transfer", "line"]
        assert steps[2]["to"] == gauge


def test_gauge_by_country_and_exception() -> None:
    graph = ground([(62.0, 34.3), (62.1, 34.3), (67.2, 36.7), (67.3, 36.8)], [(0, 1), (2, 3)])
    graph = Graph(graph.nodes, graph.edges.assign(country="AF"))
    rule = pd.DataFrame({"country": ["AF"], "gauge_mm": [1520]})
    box = np.array([[61.0, 34.0], [63.0, 35.0]])
    exceptions = pd.DataFrame(
        {"country": ["AF"], "gauge_mm": [1435], "kind": ["box"], "coords": [box],
         "radius_km": [np.nan]}
    )  # fmt: skip
    out = assign_gauges(graph, rule, exceptions)
    assert out.edges["gauge_mm"].tolist() == [1435, 1520]
