"""A user's own network: checked whole, and answered by the same engine."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import corridors
from corridors.parameters import load_parameters
from corridors.routing.profile import Profile

NODES = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "p", "q"],
        "name": ["Alpha", "Beta", "Gamma", "Delta", "Port P", "Port Q"],
        "lon": [50.0, 51.0, 52.0, 51.0, 52.0, 54.0],
        "lat": [40.0, 40.0, 40.0, 41.0, 40.0, 40.0],
        "country": ["KZ", "KZ", "UZ", "KZ", "UZ", "TM"],
    }
)
EDGES = pd.DataFrame(
    [
        {"u": "a", "v": "b", "mode": "rail", "length_km": 100.0, "country": "KZ", "gauge_mm": 1520},
        {"u": "a", "v": "d", "mode": "rail", "length_km": 170.0, "country": "KZ", "gauge_mm": 1520},
        {"u": "d", "v": "b", "mode": "rail", "length_km": 120.0, "country": "KZ", "gauge_mm": 1520,
         "from_year": 2030, "status": "planned"},
        {"u": "b", "v": "c", "mode": "rail", "length_km": 90.0, "country": "UZ", "gauge_mm": 1520},
        {"u": "c", "v": "p", "mode": "rail", "kind": "transfer", "to_mode": "ferry",
         "facility": "quay"},
        {"u": "p", "v": "q", "mode": "ferry", "length_km": 175.0, "facility": "line-pq",
         "hours": 14.0},
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.from_frames(NODES, EDGES)


def test_routes_are_asked_by_name_or_id(net) -> None:
    route = net.route("Alpha", "c", modes=["rail"], by="distance")
    assert route.length_km == 190.0
    assert [leg["country"] for leg in route.legs] == ["KZ", "UZ"]
    assert route.origin.snap_km == 0.0


def test_years_and_closures_hold_on_it(net) -> None:
    def km(**terms) -> float:
        return net.route("Delta", "Beta", modes=["rail"], by="distance", **terms).length_km

    assert km() == 270.0
    assert km(year=2031) == 120.0
    with pytest.raises(corridors.NoRouteError):
        net.closed("quay").route("Alpha", "Port Q")


def test_own_hours_count_and_the_rest_is_priced_by_parameters(net) -> None:
    route = net.route("Alpha", "Port Q")
    ferry = [x for x in route.legs if x["mode"] == "ferry" and x["kind"] == "line"]
    assert [x["hours"] for x in ferry] == [14.0]
    assert ferry[0]["cost_usd"] > 0
    assert route.hours.expected > 14.0


def test_a_line_s_length_comes_from_its_geometry_or_the_earth() -> None:
    nodes = NODES.iloc[:2]
    bent = shapely.LineString([(50.0, 40.0), (50.5, 40.5), (51.0, 40.0)])
    with_line = pd.DataFrame([{"u": "a", "v": "b", "mode": "road", "geometry": bent}])
    straight = pd.DataFrame([{"u": "a", "v": "b", "mode": "road"}])
    lengths = [corridors.from_frames(nodes, e).route("a", "b", modes=["road"]).length_km
               for e in (with_line, straight)]  # fmt: skip
    assert lengths[1] == pytest.approx(85.4, abs=0.1)
    assert lengths[0] > 1.5 * lengths[1] - 10
    points = gpd.GeoDataFrame(
        nodes.drop(columns=["lon", "lat"]),
        geometry=gpd.points_from_xy(nodes["lon"], nodes["lat"]), crs="EPSG:4326",
    )  # fmt: skip
    again = corridors.from_frames(points, straight).route("a", "b", modes=["road"])
    assert again.length_km == lengths[1]


def test_all_faults_are_told_at_once() -> None:
    nodes = pd.DataFrame({"id": ["a", "b", "a", "x"], "lon": [50.0, "?", 52.0, 500.0],
                          "lat": [40.0, 40.0, 40.0, np.nan],
                          "country": ["KZ", "Kazakhstan", "", ""]})  # fmt: skip
    edges = pd.DataFrame(
        [
            {"u": "a", "v": "nowhere", "mode": "rail", "length_km": 10},
            {"u": "a", "v": "b", "mode": "zeppelin", "length_km": -5},
            {"u": "a", "v": "a", "mode": "rail", "from_year": 2030, "to_year": 2020},
            {"u": "a", "v": "b", "mode": "rail", "kind": "transfer"},
            {"u": "a", "v": "b", "mode": "rail", "kind": "border", "country": "KZ", "hours": -1},
        ]
    )
    with pytest.raises(corridors.SchemaError) as caught:
        corridors.from_frames(nodes, edges)
    text = "\n".join(caught.value.findings)
    for said in ("nodes row 3, id: 'a' is in row 1", "nodes row 2, lon: '?' is no number",
                 "nodes row 4, lon: 500", "nodes row 4, lat: is empty", "'Kazakhstan' is no ISO",
                 "there is no node 'nowhere'", "'zeppelin' is not one of", "-5 is below zero",
                 "to_year: is before from_year", "to_mode: a transfer", "to_country: a border",
                 "hours: -1 is below zero"):  # fmt: skip
        assert said in text, said


def test_a_line_shorter_than_the_earth_allows_is_refused() -> None:
    edges = pd.DataFrame([{"u": "a", "v": "b", "mode": "rail", "length_km": 80.0}])
    with pytest.raises(corridors.SchemaError, match=r"less than the 85\.4 km between its ends"):
        corridors.from_frames(NODES, edges)
    reversed_ = shapely.LineString([(51.0, 40.0), (50.0, 40.0)])
    edges = pd.DataFrame([{"u": "a", "v": "b", "mode": "rail", "geometry": reversed_}])
    with pytest.raises(corridors.SchemaError, match="must run from u to v"):
        corridors.from_frames(NODES, edges)


def test_empty_tables_and_missing_columns_are_refused() -> None:
    with pytest.raises(corridors.SchemaError, match="no rows"):
        corridors.from_frames(NODES.iloc[:0], EDGES.iloc[:0])
    with pytest.raises(corridors.SchemaError, match="column mode is missing"):
        corridors.from_frames(NODES, EDGES.drop(columns="mode"))
    with pytest.raises(corridors.SchemaError, match="column lat is missing"):
        corridors.from_frames(NODES.drop(columns="lat"), EDGES)


def test_networkx_there_and_back_gives_the_same_answers(net) -> None:
    graph = net.to_networkx(Profile(by="distance", modes=("rail", "ferry")))
    back = corridors.from_networkx(graph)
    for by in ("time", "cost", "distance", "co2e"):
        a = net.route("Alpha", "Port Q", by=by)
        b = back.route("0", "5", by=by)
        assert b.length_km == a.length_km
        assert b.hours.expected == pytest.approx(a.hours.expected, abs=0.01)
        assert b.cost_usd.expected == pytest.approx(a.cost_usd.expected, abs=0.1)


def test_undirected_and_directed_graphs() -> None:
    graph = nx.Graph()
    graph.add_node(1, x=50.0, y=40.0)
    graph.add_node(2, x=51.0, y=40.0)
    graph.add_edge(1, 2, mode="road", length_km=90.0)
    both = corridors.from_networkx(graph)
    assert both.route("1", "2", modes=["road"]).length_km == 90.0
    assert both.route("2", "1", modes=["road"]).length_km == 90.0
    one = nx.DiGraph()
    one.add_nodes_from(graph.nodes(data=True))
    one.add_edge(1, 2, mode="road", length_km=90.0)
    with pytest.raises(corridors.NoRouteError, match="other direction"):
        corridors.from_networkx(one).route("2", "1", modes=["road"])


def test_other_parameters_change_the_hours_and_not_the_network(net) -> None:
    quick = load_parameters().override(
        [{"key": "speed_km_h", "mode": "rail", "country": "KZ", "value": 1000}]
    )
    fast = net.with_parameters(quick)
    assert fast.route("a", "b", modes=["rail"]).hours.expected == pytest.approx(0.1)
    assert net.route("a", "b", modes=["rail"]).hours.expected > 1.0
