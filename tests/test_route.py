"""Routes on the shipped network: what a planner must be able to rely on."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import shapely

import corridors
from corridors.geodesy import distance_km, line_length_km
from corridors.routing.profile import Cargo, Profile


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.load_network()


def check_sums(route: corridors.Route) -> None:
    """Legs add up to the totals, to the last printed digit."""
    legs = route.to_dict()["legs"]
    assert round(sum(x["length_km"] for x in legs), 3) == route.length_km
    assert round(sum(x["hours"] for x in legs), 3) == route.hours.expected
    if route.modes != ("pipeline",):
        assert round(sum(x["cost_usd"] for x in legs), 2) == route.cost_usd.expected
        assert round(sum(x["co2e_kg"] for x in legs), 2) == route.co2e_kg.expected
        assert route.cost_usd.p10 <= route.cost_usd.p90
    assert route.hours.p10 < route.hours.expected < route.hours.p90
    assert round(sum(b["hours"] for b in route.borders), 3) == round(
        sum(x["hours"] for x in legs if x["kind"] == "border"), 3
    )
    for a, b in itertools.pairwise(legs):
        assert a["to"] == b["from"] or "line" in (a["to"], b["from"])


def check_line(route: corridors.Route) -> None:
    """The drawn way is in one piece and never longer than the length that counts, by much."""
    for leg, line in zip(route.legs, route.lines, strict=True):
        assert len(line) >= 1
        if leg["kind"] == "line":
            assert line_length_km(line) <= leg["length_km"] * 1.01 + 0.05
    ends = [line for line in route.lines if len(line)]
    for a, b in itertools.pairwise(ends):
        assert distance_km(*a[-1], *b[0]) < 0.05


def test_urumqi_to_khorgos_by_rail(net) -> None:
    route = net.route("Urumqi", "Khorgos", modes=["rail"])
    assert route.length_km == pytest.approx(667.5, rel=0.05)
    assert {leg["country"] for leg in route.legs} == {"CN"}
    check_sums(route)
    check_line(route)


def test_urumqi_to_aktau_names_the_border_and_the_break_of_gauge(net) -> None:
    route = net.route("Urumqi", "Aktau", modes=["rail"])
    assert [(b["from"], b["to"]) for b in route.borders] == [("CN", "KZ")]
    assert route.borders[0]["crossing"] not in ("", "CN/KZ frontier")
    change = [x for x in route.legs if x["kind"] == "transfer" and x.get("to_gauge_mm") == 1520]
    assert [(x["gauge_mm"], x["hours"] > 0) for x in change] == [(1435, True)]
    gauges = [x["gauge_mm"] for x in route.legs if x["kind"] == "line"]
    assert gauges == sorted(gauges) and set(gauges) == {1435, 1520}
    check_sums(route)
    check_line(route)


def test_urumqi_to_poti_crosses_the_caspian_between_real_ports(net) -> None:
    route = net.route("Urumqi", "Poti")
    ferry = [x for x in route.legs if x["mode"] == "ferry" and x["kind"] == "line"]
    assert len(ferry) == 1
    assert ferry[0]["length_km"] > 400
    assert ferry[0]["sailing_h"] > 10 and ferry[0]["wait_h"] > 0 and ferry[0]["dwell_h"] > 0
    ports = {net.facilities[net.facilities[ferry[0]["facility"]].row[f"{side}_terminal"]].kind
             for side in ("from", "to")}  # fmt: skip
    assert ports == {"terminal"}
    assert [c["country"] for c in route.countries] == ["CN", "KZ", "AZ", "GE"]
    check_sums(route)
    check_line(route)


def test_turkmenbashi_to_baku_is_no_shorter_than_the_earth_allows(net) -> None:
    for mode in ("sea", "ferry"):
        assert net.route("Türkmenbaşy", "Baku", modes=[mode]).length_km > 271


def test_a_closed_crossing_moves_the_route_and_changes_nothing_else(net) -> None:
    before = net.route("Urumqi", "Aktau", modes=["rail"])
    crossing = before.borders[0]["crossing"]
    closed = net.closed(before.borders[0]["id"])
    detour = closed.route("Urumqi", "Aktau", modes=["rail"])
    assert detour.borders[0]["crossing"] != crossing
    assert detour.hours.expected > before.hours.expected
    by_name = net.route("Urumqi", "Aktau", modes=["rail"], avoid=[before.borders[0]["id"]])
    assert by_name.to_dict() == detour.to_dict()
    net.route("Aktau", "Baku", modes=["ferry"], by="cost")
    assert net.route("Urumqi", "Aktau", modes=["rail"]).to_dict() == before.to_dict()


def test_no_route_says_where_the_network_is_cut(net) -> None:
    shut = net.closed("CN")
    with pytest.raises(corridors.CorridorsError):
        shut.route("Urumqi", "Aktau", modes=["rail"])
    with pytest.raises(corridors.NoRouteError, match=r"within|closed"):
        net.route("Baku", "London", modes=["sea"])


def test_an_unreachable_point_is_not_snapped_in_silence(net) -> None:
    with pytest.raises(corridors.SnapError, match="km"):
        net.route("Urumqi", "21.3,-157.9")


def test_unknown_places_offer_near_matches(net) -> None:
    with pytest.raises(corridors.UnknownPlaceError) as caught:
        net.route("Urumqi", "Atlantis")
    assert caught.value.near


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"by": "speed"}, "criterion"),
        ({"modes": ["zeppelin"]}, "mode"),
        ({"year": 1800}, "year"),
        ({"cargo": "parcel"}, "cargo"),
        ({"avoid": ["Atlantis"]}, "cannot close"),
    ],
)
def test_bad_questions_get_one_clear_line(net, terms, said) -> None:
    with pytest.raises(corridors.CorridorsError, match=said) as caught:
        net.route("Urumqi", "Aktau", **terms)
    assert "\n" not in str(caught.value)


def test_same_place_and_nowhere_are_refused(net) -> None:
    with pytest.raises(corridors.SchemaError, match="same place"):
        net.route("Urumqi", "Urumqi")
    with pytest.raises(corridors.UnknownPlaceError):
        net.route("Urumqi", (float("nan"), 80.0))
    with pytest.raises(corridors.SchemaError):
        Cargo("TEU", -1)


def test_a_point_may_be_text_pair_or_shapely(net) -> None:
    text = net.route("43.80,87.60", "Almaty", modes=["rail"])
    pair = net.route((43.80, 87.60), "Almaty", modes=["rail"])
    point = net.route(shapely.Point(87.60, 43.80), "Almaty", modes=["rail"])
    assert text.length_km == pair.length_km == point.length_km


def test_exports_agree_with_the_route(net) -> None:
    route = net.route("Urumqi", "Aktau", modes=["rail"])
    assert json.loads(json.dumps(route.to_dict())) == route.to_dict()
    frame = route.to_gdf()
    assert len(frame) == len(route.legs) and frame.crs.to_epsg() == 4326
    assert frame["length_km"].sum() == pytest.approx(route.length_km)
    assert route.__geo_interface__["features"][0]["properties"]["kind"] == route.legs[0]["kind"]
    assert not route.geometry.is_empty
    assert "<table>" in route._repr_html_()


def test_lengths_are_equal_in_both_directions(net) -> None:
    for a, b, mode in (("Almaty", "Aktau", "rail"), ("Osh", "Irkeshtam", "road"),
                       ("Poti", "Constanța", "sea")):  # fmt: skip
        there = net.route(a, b, modes=[mode], by="distance")
        back = net.route(b, a, modes=[mode], by="distance")
        assert there.length_km == pytest.approx(back.length_km, abs=0.01)


def test_answers_equal_networkx_on_the_exported_graph(net) -> None:
    import networkx as nx

    rng = np.random.default_rng(7)
    for by in ("time", "cost", "distance", "co2e"):
        profile = Profile(by=by, modes=("rail", "ferry", "sea"))
        graph = net.to_networkx(profile)
        w = net.weighted(profile)
        nodes = np.unique(
            [n for e in list(graph.edges)[:: max(len(graph.edges) // 3000, 1)] for n in e[:2]]
        )
        for source in rng.choice(nodes, 3, replace=False):
            truth = nx.single_source_dijkstra_path_length(graph, int(source), weight="weight")
            targets = rng.choice(nodes, 100, replace=False)
            table = w.metric.matrix(np.array([source]), targets)[0]
            for target, weight in zip(targets.tolist(), table.tolist(), strict=True):
                assert weight == truth.get(target, 2147483647)


def test_a_port_on_the_way_costs_its_transfer(net) -> None:
    """From yard to quay of a port that is passed: the change is paid, as without ``via``."""
    direct = net.route("Almaty", "alat-port", modes=["rail", "ferry"], by="time")
    port = next(leg["facility"] for leg in direct.legs if leg["kind"] == "transfer"
                and leg["to_mode"] == "ferry")  # fmt: skip
    passed = net.route("Almaty", "alat-port", modes=["rail", "ferry"], by="time", via=[port])
    assert passed.hours.expected == pytest.approx(direct.hours.expected, rel=1e-6)
    assert any(leg["kind"] == "transfer" and leg["facility"] == port for leg in passed.legs)
