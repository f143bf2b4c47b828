"""The hub graph: a shortest path between two hubs there is a shortest path of the network."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import corridors
from corridors.geodesy import line_length_km
from corridors.routing.engine import INF
from corridors.routing.profile import Profile, quantum
from corridors.routing.reduced import neighbours
from cutouts import cut_out

SOUTH = {"KZ", "UZ", "KG", "TM", "AZ", "GE", "CN"}
VALUES = {"time": "hours", "cost": "cost_usd", "co2e": "co2e_kg"}


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


@pytest.fixture(scope="module")
def hubs(net) -> nx.MultiDiGraph:
    return net.hub_graph(modes=("rail", "sea", "ferry"), years=(2024, 2033))


def in_year(graph: nx.MultiDiGraph, year: int, value: str) -> nx.DiGraph:
    out = nx.DiGraph()
    out.add_nodes_from(graph)
    for u, v, d in graph.edges(data=True):
        if d["from_year"] <= year and (not d["to_year"] or year <= d["to_year"]):
            weight = d[value]
            if not out.has_edge(u, v) or weight < out[u][v]["weight"]:
                out.add_edge(u, v, weight=weight)
    return out


@pytest.mark.parametrize("year", [2024, 2026, 2032])
@pytest.mark.parametrize("by", list(VALUES))
def test_shortest_paths_between_hubs_are_the_network_s(net, hubs, by, year) -> None:
    graph = in_year(hubs, year, VALUES[by])
    w = net.weighted(Profile(by=by, modes=("rail", "sea", "ferry"), year=year))
    nodes = np.array(list(graph))
    rng = np.random.default_rng(year)
    pairs = 0
    for source in rng.choice(nodes, 4, replace=False).tolist():
        found = nx.single_source_dijkstra_path_length(graph, source, weight="weight")
        table = w.metric.matrix(np.array([source]), nodes)[0]
        for node, weight in zip(nodes.tolist(), table.tolist(), strict=True):
            assert (node in found) == (weight < INF)
            if weight < INF:
                pairs += 1
                # weights are rounded edge by edge
                assert found[node] == pytest.approx(weight * quantum(w.profile), rel=1e-3, abs=0.05)
    assert pairs > 100


def test_legs_are_drawn_priced_and_dated(net, hubs) -> None:
    kinds = {d["kind"] for _, _, d in hubs.edges(data=True)}
    assert kinds == {"line", "border", "transfer"}
    for u, v, d in list(hubs.edges(data=True))[::7]:
        assert d["mode"] in ("rail", "sea", "ferry")
        assert d["hours"] >= 0 and d["cost_usd"] >= 0 and d["co2e_kg"] >= 0
        assert not d["to_year"] or d["from_year"] <= d["to_year"]
        if d["kind"] == "line":
            line = np.array(d["geometry"])
            # drawn simply: never longer than what counts, by more than rounding
            assert line_length_km(line) <= d["length_km"] * 1.02 + 2.0
            ends = [(hubs.nodes[n]["lon"], hubs.nodes[n]["lat"]) for n in (u, v)
                    if hubs.nodes[n]["kind"] != "city"]  # fmt: skip
            for x, y in ends:
                assert np.abs(line[[0, -1]] - [x, y]).max(axis=1).min() < 0.001
        else:
            assert d["length_km"] == 0.0


def test_cities_terminals_and_crossings_are_hubs(net, hubs) -> None:
    found = {d["place"]: d["kind"] for _, d in hubs.nodes(data=True)}
    for place, kind in (("almaty", "city"), ("aktau-port", "terminal"), ("baku", "city")):
        assert found.get(place) == kind
    assert any(d["kind"] == "crossing" for _, d in hubs.nodes(data=True))
    assert all(hubs.degree(n) for n in hubs)


def test_a_closed_facility_closes_the_same_legs(net, hubs) -> None:
    """Edges name what closes them: without those, paths are those of the closed network."""
    shut = {"aktau-port", "kuryk-alat-ferry"} & set(net.columns.words["facility"])
    assert shut
    left = nx.MultiDiGraph()
    left.add_nodes_from(hubs)
    left.add_edges_from((u, v, d) for u, v, d in hubs.edges(data=True)
                        if not shut & set(d["facilities"]))  # fmt: skip
    graph = in_year(left, 2026, "hours")
    view = net.closed(*shut)
    w = view.weighted(Profile(by="time", modes=("rail", "sea", "ferry"), year=2026))
    nodes = np.array(list(graph))
    for source in nodes[:: max(len(nodes) // 3, 1)].tolist():
        found = nx.single_source_dijkstra_path_length(graph, source, weight="weight")
        table = w.metric.matrix(np.array([source]), nodes)[0]
        for node, weight in zip(nodes.tolist(), table.tolist(), strict=True):
            if weight < INF:
                # a leg over a closed line may have a way round inside its country
                assert found.get(node, np.inf) >= weight * quantum(w.profile) - 0.05


def test_countries_and_modes_can_be_chosen(net) -> None:
    graph = net.hub_graph(modes=("rail",), countries={"UZ", "KZ"})
    lands = {d["country"] for _, _, d in graph.edges(data=True) if d["kind"] == "line"}
    assert lands == {"UZ", "KZ"}
    assert {d["mode"] for _, _, d in graph.edges(data=True)} == {"rail"}


def test_points_at_length_zero_keep_their_legs() -> None:
    """Two hubs at one spot, joined by a line of no length: neither deletes the other's legs."""
    nodes = pd.DataFrame(
        {"id": ["a", "b", "b2", "c", "x", "x2"], "lon": [60.0, 61.0, 61.0, 62.0, 61.0, 61.0],
         "lat": [45.0, 45.0, 45.0, 45.0, 45.5, 45.5], "country": "KZ"}
    )  # fmt: skip
    joined = [("a", "b"), ("b", "b2"), ("b2", "c"), ("b", "x"), ("b2", "x2")]
    edges = [{"u": u, "v": v, "mode": "rail", "country": "KZ"} for u, v in joined]
    # every node is a hub: a border leads away from each
    far = [{"id": f"far-{n}", "lon": 70.0 + i, "lat": 40.0, "country": "UZ"}
           for i, n in enumerate(nodes["id"])]  # fmt: skip
    edges += [{"u": n, "v": f"far-{n}", "mode": "rail", "kind": "border", "country": "KZ",
               "to_country": "UZ", "facility": f"gate-{n}", "hours": 1.0, "oneway": True}
              for n in nodes["id"]]  # fmt: skip
    net = corridors.from_frames(pd.concat([nodes, pd.DataFrame(far)]), pd.DataFrame(edges))
    graph = in_year(net.hub_graph(modes=("rail",)), 2026, "length_km")
    full = nx.DiGraph()
    for u, v, d in net.to_networkx(Profile(by="distance", modes=("rail",))).edges(data=True):
        full.add_edge(u, v, weight=d["length_km"])
    for source in graph:
        found = nx.single_source_dijkstra_path_length(graph, source, weight="weight")
        truth = nx.single_source_dijkstra_path_length(full, source, weight="weight")
        assert found == pytest.approx({n: truth[n] for n in found}, abs=1e-3)
        assert set(found) == set(truth)


def test_ties_at_zero_length_in_a_table() -> None:
    # 0 and 1 lie on one spot; 2 is 10 away from both, 3 is 10 beyond 2
    table = np.array([[0, 0, 10, 20], [0, 0, 10, 20], [10, 10, 0, 10], [20, 20, 10, 0]])
    near = neighbours(table.astype(np.int64))
    assert near[0, 1] and near[1, 0]
    assert near[0, 2] or near[1, 2]
    assert not near[0, 3] and not near[1, 3]  # over 2
    assert near[2, 3]
