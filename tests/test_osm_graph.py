"""Ways become edges: shared nodes join, chains are one edge, nothing else is joined."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import osm_extracts
from corridors.osm.build import build
from corridors.osm.graph import as_graph, attributes, chains_of
from corridors.osm.read import read_extract

GEOD = Geod(ellps="WGS84")
RAIL = {"railway": "rail", "usage": "main", "gauge": "1520"}
ROAD = {"highway": "primary"}
# in the middle of Kazakhstan, a few km apart
AT = {i: (70.0 + 0.03 * (i % 10), 48.0 + 0.02 * (i // 10)) for i in range(1, 60)}


def chains(
    tmp: Path, ways: list[Any], layers: tuple[str, ...] = ("rail", "road"), **more: Any
) -> Any:
    used = sorted({r for _, refs, _ in ways for r in refs})
    nodes = {i: AT[i] for i in used}
    file = osm_extracts.write(tmp / "x.osm.pbf", nodes, ways, **more)
    return chains_of(read_extract(file, layers))


def km(refs: list[int]) -> float:
    lon, lat = zip(*(AT[r] for r in refs), strict=True)
    return float(GEOD.line_length(lon, lat)) / 1000.0


def test_a_chain_of_ways_is_one_edge(tmp_path: Path) -> None:
    c = chains(tmp_path, [(1, [1, 2, 3], RAIL), (2, [5, 4, 3], {**RAIL, "bridge": "yes"}),
                          (3, [5, 6, 7], {**RAIL, "tunnel": "yes"})])  # fmt: skip
    assert len(c.u) == 1
    assert c.length_km[0] == pytest.approx(km([1, 2, 3, 4, 5, 6, 7]), abs=1e-6)
    assert sorted(c.ways[0].tolist()) == [1, 2, 3]
    line = list(zip(c.x.round(5), c.y.round(5), strict=True))
    assert line in ([tuple(np.round(AT[i], 5)) for i in order]
                    for order in ([1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1]))  # fmt: skip
    told = attributes(c).iloc[0]
    assert told["bridge_km"] == pytest.approx(km([3, 4, 5]), abs=1e-3)
    assert told["tunnel_km"] == pytest.approx(km([5, 6, 7]), abs=1e-3)


def test_an_edge_ends_where_something_changes(tmp_path: Path) -> None:
    changes: list[dict[str, str]] = [
        {"gauge": "1435"}, {"electrified": "yes"}, {"tracks": "2"}, {"usage": "branch"},
        {"maxspeed": "60"}, {"railway": "construction", "construction": "rail"},
    ]  # fmt: skip
    for change in changes:
        c = chains(tmp_path, [(1, [1, 2], RAIL), (2, [2, 3], {**RAIL, **change})])
        assert len(c.u) == 2, change


def test_what_shares_no_node_is_not_joined(tmp_path: Path) -> None:
    ways = [(1, [1, 2, 3], RAIL), (2, [4, 5], RAIL)]
    assert len(set(chains(tmp_path, ways).u) | set(chains(tmp_path, ways).v)) == 4
    file = osm_extracts.write(
        tmp_path / "near.osm.pbf",
        {1: (70.0, 48.0), 2: (70.1, 48.0), 3: (70.1001, 48.0), 4: (70.2, 48.0)},
        [(1, [1, 2], RAIL), (2, [3, 4], RAIL)],
    )
    extract = read_extract(file, ("rail",))
    apart, near = build(extract), build(extract, join_m=20)
    assert len(apart.graph.edges) == 2
    assert near.report["joined_by_distance"] == 1
    join = near.graph.edges[near.graph.edges["origin"] == "join:within 20 m"]
    assert join["length_km"].tolist() == pytest.approx([0.00745], abs=1e-4)


def test_a_junction_parts_and_a_level_crossing_does_not(tmp_path: Path) -> None:
    c = chains(tmp_path, [(1, [1, 2, 3], RAIL), (2, [2, 12], RAIL), (3, [21, 3, 41], ROAD)])
    graph = as_graph(c)
    by = graph.edges.groupby("mode").size()
    assert by["rail"] == 3 and by["road"] == 1
    at = np.isin(c.node_ref, [3])
    assert at.sum() == 1  # of the rails; the road goes on over it


def test_gauges_that_share_a_node_do_not_meet(tmp_path: Path) -> None:
    ways = [(1, [1, 2], {**RAIL, "gauge": "1435;1520"}), (2, [2, 3], RAIL),
            (3, [2, 12], {**RAIL, "gauge": "1435"})]  # fmt: skip
    c = chains(tmp_path, ways)
    assert sorted(zip(c.gauge_mm.tolist(), c.twin.tolist(), strict=True)) == [
        (1435, False), (1435, True), (1520, False), (1520, False)]  # fmt: skip
    nodes = {g: set(c.u[c.gauge_mm == g]) | set(c.v[c.gauge_mm == g]) for g in (1435, 1520)}
    assert not nodes[1435] & nodes[1520]
    made = build(read_extract(tmp_path / "x.osm.pbf", ("rail",)))
    assert made.report["gauge_meetings"]["nodes"] == 2
    assert made.report["gauge_meetings"]["worked_at_yards"] == 0
    assert sum(made.report["km_by_type"].values()) == pytest.approx(
        km([1, 2]) + km([2, 3]) + km([2, 12]), abs=0.01
    )


def test_a_gauge_that_is_not_told_is_the_countrys(tmp_path: Path) -> None:
    bare = {"railway": "rail"}
    c = chains(tmp_path, [(1, [1, 2], bare), (2, [3, 4], {"railway": "narrow_gauge"})])
    assert sorted(c.gauge_mm.tolist()) == [0, 1520]
    assert set(attributes(c)["gauge_from"]) == {"country", ""}


def test_one_ways_keep_their_direction(tmp_path: Path) -> None:
    one = {**ROAD, "oneway": "yes"}
    against = {**ROAD, "oneway": "-1"}
    c = chains(tmp_path, [(1, [1, 2], one), (2, [2, 3], one), (3, [5, 4], against)])
    order = {tuple(sorted(w.tolist())): (c.node_ref[u], c.node_ref[v])
             for w, u, v in zip(c.ways, c.u, c.v, strict=True)}  # fmt: skip
    assert order[(1, 2)] == (1, 3)
    assert order[(3,)] == (4, 5)
    assert as_graph(c).edges["oneway"].all()
    # head to head: two edges
    assert len(chains(tmp_path, [(1, [1, 2], one), (2, [3, 2], one)]).u) == 2


def test_rings(tmp_path: Path) -> None:
    c = chains(tmp_path, [(1, [1, 2, 12, 11, 1], ROAD), (2, [3, 4], ROAD), (3, [4, 14], ROAD),
                          (4, [14, 13], ROAD), (5, [13, 3], ROAD)])  # fmt: skip
    assert len(c.u) == 2 and (c.u == c.v).all()
    assert sorted(c.length_km.round(6)) == sorted(
        round(km(r), 6) for r in ([1, 2, 12, 11, 1], [3, 4, 14, 13, 3])
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 25), min_size=2, max_size=6),
            st.sampled_from(["primary", "secondary"]),
            st.sampled_from(["no", "yes", "-1"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_ways_keep_their_length_and_their_connections(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[list[int], str, str]]
) -> None:
    import networkx as nx

    ways, truth = [], nx.MultiDiGraph()
    for i, (refs, highway, oneway) in enumerate(drawn):
        refs = [r for k, r in enumerate(refs) if k == 0 or r != refs[k - 1]]
        if len(refs) < 2:
            continue
        ways.append((i + 1, refs, {"highway": highway, "oneway": oneway}))
        for a, b in itertools.pairwise(refs):
            if oneway != "-1":
                truth.add_edge(a, b, km=km([a, b]))
            if oneway != "yes":
                truth.add_edge(b, a, km=km([a, b]))
    if not ways:
        return
    c = chains(tmp_path_factory.mktemp("any"), ways)
    assert c.length_km.sum() == pytest.approx(sum(km(w[1]) for w in ways), abs=1e-6)
    found = nx.MultiDiGraph()
    for u, v, length, back in zip(c.u, c.v, c.length_km, as_graph(c).edges["oneway"], strict=True):
        a, b = int(c.node_ref[u]), int(c.node_ref[v])
        found.add_edge(a, b, km=length)
        if not back:
            found.add_edge(b, a, km=length)
    for a in found:
        want = nx.single_source_dijkstra_path_length(truth, a, weight="km")
        have = nx.single_source_dijkstra_path_length(found, a, weight="km")
        assert set(have) == set(want) & set(found)
        for b, length in have.items():
            assert length == pytest.approx(want[b], abs=1e-6)
