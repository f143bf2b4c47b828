"""Named corridors as routes, comparison, time-cost-distance, indicators, what-if, criticality."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import corridors
from corridors.analysis import compare as cmp
from corridors.analysis import criticality as crit
from corridors.analysis import indicators as ind
from corridors.analysis import named, tcd
from corridors.analysis import whatif as wi
from corridors.errors import NoRouteError, SchemaError, UnknownPlaceError
from corridors.geodesy import distance_km


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.load_network()


@pytest.fixture(scope="module")
def atlas() -> corridors.Atlas:
    return corridors.load_atlas()


@pytest.fixture(scope="module")
def middle(net, atlas) -> corridors.Route:
    return named.corridor_route(net, atlas, "middle-corridor", "black-sea-poti")


def check(route: corridors.Route) -> None:
    """In one piece, and legs that add up."""
    assert round(sum(x["length_km"] for x in route.legs), 3) == route.length_km
    assert round(sum(x["hours"] for x in route.legs), 3) == route.hours.expected
    for a, b in itertools.pairwise(line for line in route.lines if len(line)):
        assert distance_km(*a[-1], *b[0]) < 0.05


# --- named -------------------------------------------------------------------------------------


def test_the_middle_corridor_goes_where_its_stages_say(net, atlas, middle) -> None:
    check(middle)
    assert [c["country"] for c in middle.countries][:4] == ["CN", "KZ", "AZ", "GE"]
    stops = [x["to"] for x in middle.legs]
    for ident in ("aktau-port", "alat-port", "poti-port", "constanta-port"):
        assert net.place(ident, "any").name in stops
    ferries = [x for x in middle.legs if x["mode"] == "ferry" and x["kind"] == "line"]
    assert len(ferries) == 2
    assert middle.corridor.startswith("Middle Corridor")
    assert 10_000 < middle.length_km < 12_000


@pytest.mark.parametrize(
    "ident", ["northern-corridor", "sea-suez", "sea-cape", "wewc-corridor", "lapis-lazuli"]
)
def test_a_corridor_is_one_piece_of_its_own_modes(net, atlas, ident) -> None:
    route = named.corridor_route(net, atlas, ident)
    check(route)
    branch = next(n for n in route.notes if n.startswith("branch ")).removeprefix("branch ")
    asked = {m for s in named.branches(atlas, ident)[branch] for m in s.modes}
    assert {x["mode"] for x in route.legs if x["kind"] == "line"} <= asked


def test_the_cape_is_rounded_and_suez_is_not(net, atlas) -> None:
    suez = named.corridor_route(net, atlas, "sea-suez")
    cape = named.corridor_route(net, atlas, "sea-cape")
    assert cape.length_km > suez.length_km + 4000
    assert min(line[:, 1].min() for line in cape.lines) < -34
    assert min(line[:, 1].min() for line in suez.lines) > 0


def test_sections_and_the_way_back(net, atlas) -> None:
    there = named.corridor_route(
        net, atlas, "middle-corridor", "black-sea-poti", start="altynkol", end="alat-port"
    )
    assert {c["country"] for c in there.countries} == {"KZ"}
    assert there.destination.country == "AZ"
    back = named.corridor_route(
        net, atlas, "middle-corridor", "black-sea-poti", start="alat-port", end="altynkol"
    )
    assert back.length_km == pytest.approx(there.length_km, rel=0.03)
    assert back.origin.id == "alat-port"
    whole = named.corridor_route(net, atlas, "sea-suez", reverse=True)
    assert whole.destination.id == "shanghai-port"


def test_a_line_that_is_not_built_is_told_and_opens_in_its_year(net, atlas) -> None:
    with pytest.raises(NoRouteError, match=r"2026|too far|not built"):
        named.corridor_route(net, atlas, "cku-caspian", "rail-2030", year=2026)
    later = named.corridor_route(net, atlas, "cku-caspian", "rail-2030", year=2031)
    assert "KG" in {c["country"] for c in later.countries}
    check(later)


def test_wrong_names_are_answered_with_the_right_ones(net, atlas) -> None:
    with pytest.raises(UnknownPlaceError, match="middle-corridor"):
        named.corridor_route(net, atlas, "atlantic-wall")
    with pytest.raises(SchemaError, match="black-sea-poti"):
        named.corridor_route(net, atlas, "middle-corridor", "by-balloon")
    with pytest.raises(UnknownPlaceError, match="not on this corridor"):
        named.corridor_route(net, atlas, "middle-corridor", start="Shanghai")
    assert named.find_corridor(atlas, "TITR") == "middle-corridor"


def test_a_route_is_named_for_the_corridor_that_it_follows(net, atlas, middle) -> None:
    bare = replace(middle, corridor="")
    assert named.corridor_name(net, atlas, bare) == middle.corridor
    north = replace(named.corridor_route(net, atlas, "northern-corridor", "khorgos"), corridor="")
    assert named.corridor_name(net, atlas, north).startswith("Northern")
    short = net.route("Paris", "Madrid", modes=["road"])
    assert named.corridor_name(net, atlas, short) == ""


def test_modelled_days_stand_beside_the_published_ones(net, atlas) -> None:
    """TITR timetable: Altynkol-Absheron 9 days, -Poti 12, -Constanța 20 to 22.

    Every published number lies within what the model calls possible (P10 to P90).
    """
    for end, low, high in (("alat-port", 9, 9), ("poti-port", 12, 12), ("constanta-port", 20, 22)):
        r = named.corridor_route(
            net, atlas, "middle-corridor", "black-sea-poti", start="altynkol", end=end
        )
        p10, p90 = r.hours.p10 / 24, r.hours.p90 / 24
        assert p10 <= low and high <= p90, (end, p10, p90)
    door = named.corridor_route(net, atlas, "middle-corridor", "black-sea-poti",
                                end="constanta-port")  # fmt: skip
    # 19 to 23 days are named door to door, without the doors
    assert door.hours.p10 / 24 <= 23 and door.hours.p90 / 24 >= 19


# --- compare -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ways(net, atlas) -> cmp.Comparison:
    return cmp.comparison(
        net, atlas, "Xi'an", "Duisburg", ["middle-corridor", "northern-corridor", "sea-suez"]
    )


def test_a_comparison_tells_who_wins_on_what(ways) -> None:
    frame = ways.frame()
    assert {"middle-corridor", "northern-corridor", "sea-suez"} <= set(frame["corridor"])
    modes = frame[["rail_km", "road_km", "sea_km", "ferry_km"]].sum(axis=1)
    assert modes.to_numpy() == pytest.approx(frame["length_km"].to_numpy(), abs=1.0)
    assert frame["hours"].is_monotonic_increasing
    assert (frame["hours_p10"] <= frame["hours"]).all() and (
        frame["hours"] <= frame["hours_p90"]
    ).all()
    wins = ways.wins().set_index("criterion")
    assert wins.loc["hours", "value"] == frame["hours"].min()
    assert wins.loc["cost_usd", "value"] == frame["cost_usd"].min()
    assert wins["best_in_share_of_draws"].between(0, 1).all()
    # branches that do not lead there are told, with the reason
    assert any("dostyk-poti" in name for name, _ in ways.missing)
    assert all(reason for _, reason in ways.missing)


def test_value_of_time_is_the_lower_envelope(ways) -> None:
    table = ways.value_of_time()
    assert table["from_usd_per_h"].iloc[0] == 0 and table["to_usd_per_h"].iloc[-1] == np.inf
    assert table["hours"].is_monotonic_decreasing
    frame = ways.frame()
    for value in (0.0, 1.0, 3.0, 10.0, 100.0):
        best = (frame["cost_usd"] + value * frame["hours"]).min()
        row = table[(table["from_usd_per_h"] <= value) & (value <= table["to_usd_per_h"])].iloc[0]
        assert row["cost_usd"] + value * row["hours"] == pytest.approx(best, rel=1e-3)
    shares = ways.shares([0.0, 10.0])
    assert shares.sum(axis=1).to_numpy() == pytest.approx([1.0, 1.0])


def test_envelope_on_numbers_by_hand() -> None:
    # a slow cheap ship, a fast dear plane, and a train that wins between 2 and 8 USD an hour
    assert cmp.envelope([800, 300, 50], [2000, 3000, 5000]) == [(0, 0.0), (1, 2.0), (2, 8.0)]
    assert cmp.envelope([10, 20], [1, 2]) == [(0, 0.0)]
    point = cmp.break_even({"hours": [10, 10, 10], "usd": [5, 5, 5]},
                           {"hours": [5, 12, 12], "usd": [15, 15, 4]})  # fmt: skip
    assert point.tolist() == [2.0, np.inf, 0.0]


def test_capacity_of_the_weakest_link(ways) -> None:
    frame = ways.frame().set_index(["corridor", "branch"])
    row = frame.loc[("middle-corridor", "black-sea-poti")]
    assert row["capacity_mt_per_year"] <= 15 and row["weakest_link_mt"]
    assert row["capacity_teu_per_year"] <= 100_000
    north = frame.xs("northern-corridor")
    assert (north["capacity_mt_per_year"].dropna() <= 28).all()


# --- time-cost-distance ------------------------------------------------------------------------


def test_the_chart_ends_where_the_route_does(middle) -> None:
    frame = tcd.tcd(middle)
    end = frame.iloc[-1]
    assert end["km"] == pytest.approx(middle.length_km, abs=0.01)
    assert end["hours"] == pytest.approx(middle.hours.expected, abs=0.01)
    assert end["hours_p10"] == pytest.approx(middle.hours.p10, rel=0.001)
    assert end["hours_p90"] == pytest.approx(middle.hours.p90, rel=0.001)
    for column in ("km", "hours", "hours_p10", "hours_p90"):
        assert frame[column].is_monotonic_increasing, column
    steps = frame[frame["step"] != ""]
    same = frame["km"].diff().fillna(0) == 0
    assert same[steps.index].all(), "a step is vertical"
    cost = tcd.tcd(middle, "cost_usd").iloc[-1]
    assert cost["cost_usd"] == pytest.approx(middle.cost_usd.expected, rel=1e-4)
    assert cost["cost_usd_p90"] == pytest.approx(middle.cost_usd.p90, rel=0.001)


def test_leg_draws_rebuild_the_routes_own(middle) -> None:
    draws = tcd.leg_draws(middle)
    assert draws.sum(axis=0) == pytest.approx(middle.draws["hours"])
    assert draws.mean(axis=1) == pytest.approx([x["hours"] for x in middle.legs], rel=0.1, abs=0.5)


def test_several_corridors_in_one_chart_the_same_bytes_twice(net, atlas, middle) -> None:
    pytest.importorskip("matplotlib")
    routes = {"Middle": middle, "Suez": named.corridor_route(net, atlas, "sea-suez")}
    assert set(tcd.tcd_frame(routes)["way"]) == {"Middle", "Suez"}
    first = tcd.chart_svg(routes)
    assert first == tcd.chart_svg(routes)
    assert "Middle" in first and "days since departure" in first


# --- indicators --------------------------------------------------------------------------------


def test_indicators_agree_with_the_legs(middle) -> None:
    whole = ind.route_indicators(middle).iloc[0]
    borders = [x for x in middle.legs if x["kind"] == "border"]
    assert whole["borders"] == len(borders) == len(middle.borders)
    assert whole["border_h_mean"] == pytest.approx(
        sum(x["hours"] for x in borders) / len(borders), abs=0.01
    )
    assert whole["speed_with_delay_km_h"] == pytest.approx(
        middle.length_km / middle.hours.expected, abs=0.01
    )
    assert whole["cost_usd_per_500km_20t"] == pytest.approx(
        middle.cost_usd.expected / middle.length_km * 500 * 2, abs=0.1
    )
    parts = ind.route_indicators(middle, ("mode", "country"))
    assert parts["length_km"].sum() == pytest.approx(whole["length_km"], abs=0.5)
    assert (
        parts["speed_with_delay_km_h"].fillna(0) <= parts["speed_without_delay_km_h"].fillna(1e9)
    ).all()


def test_the_league_ranks_slowest_first_and_says_what_is_measured(net) -> None:
    league = ind.border_league(net, mode="rail")
    assert league["hours"].is_monotonic_decreasing
    assert league["rank"].tolist() == list(range(1, len(league) + 1))
    row = league[(league["id"] == "rail:khorgos-altynkol") & (league["from"] == "CN")].iloc[0]
    facility = net.facilities["rail:khorgos-altynkol"]
    assert row["hours"] == facility.number("hours_ab") and row["measured"]
    assert row["hours_p10"] == facility.number("hours_ab_low")
    rule = net.parameters.get("border_h.control", "rail")
    assert (league.loc[~league["measured"], "hours"] == rule.value).all()
    assert set(ind.border_league(net, measured_only=True)["measured"]) == {True}


# --- what if and criticality ---------------------------------------------------------------------


def test_a_delay_halved_takes_that_much_off(net) -> None:
    pairs = [("Urumqi", "Almaty")]
    crossing = net.route("Urumqi", "Almaty", modes=["rail"]).borders[0]
    effect = wi.what_if(
        net, pairs, [wi.Scenario("half", delay={crossing["id"]: 0.5})], modes=["rail"]
    )
    row = effect.frame().set_index("scenario").loc["half"]
    assert row["d_hours"] == pytest.approx(-crossing["hours"] / 2, abs=0.01)
    assert row["d_hours_p10"] < row["d_hours"] < row["d_hours_p90"] <= 0
    assert row["d_cost_usd"] == 0
    # the network itself is as it was
    assert net.route("Urumqi", "Almaty", modes=["rail"]).borders[0]["hours"] == crossing["hours"]


def test_closures_parameters_and_years(net) -> None:
    crossing = net.route("Urumqi", "Almaty", modes=["rail"]).borders[0]["id"]
    slow = {"key": "speed_km_h", "mode": "rail", "country": "KZ", "value": 10, "low": 8, "high": 12}
    effect = wi.what_if(
        net, [("Urumqi", "Almaty")],
        [wi.Scenario("shut", closed=(crossing,)), wi.Scenario("slow", parameters=(slow,))],
        modes=["rail"],
    )  # fmt: skip
    frame = effect.frame().set_index("scenario")
    assert frame.loc["shut", "route_changes"] or frame.loc["shut", "note"]
    assert frame.loc["slow", "d_hours"] > 0
    summary = effect.summary().set_index("scenario")
    assert summary.loc["slow", "slower"] == 1
    lost = effect.differences(1)
    assert set(lost["change"]) <= {"gained", "lost"} and lost.crs.to_epsg() == 4326
    nothing = effect.differences(0)
    assert nothing.empty


def test_the_cku_railway_shortens_kashgar_to_tashkent(net) -> None:
    effect = wi.what_if(net, [("Kashgar", "Tashkent")], [wi.Scenario("CKU", year=2031)],
                        modes=["rail"])  # fmt: skip
    frame = effect.frame().set_index("scenario")
    assert frame.loc["CKU", "route_changes"]
    assert frame.loc["CKU", "d_hours"] < -20
    assert frame.loc["CKU", "d_length_km"] < -1000


def test_nonsense_scenarios_are_refused(net) -> None:
    with pytest.raises(SchemaError, match="no crossing or ferry"):
        wi.with_delays(net, {"rail:atlantis": 0.5})
    with pytest.raises(SchemaError, match="above zero"):
        wi.with_delays(net, {"rail:khorgos-altynkol": 0})
    with pytest.raises(SchemaError, match="one name"):
        wi.what_if(net, [("Urumqi", "Almaty")], [wi.Scenario("a"), wi.Scenario("a")])
    with pytest.raises(SchemaError, match="at least one pair"):
        wi.what_if(net, [], [])


def test_criticality_is_what_closing_costs(net) -> None:
    pairs = [("Urumqi", "Almaty"), ("Urumqi", "Poti")]
    found = crit.criticality(net, pairs, modes=("rail", "ferry", "sea"))
    assert found.frame["rank"].tolist() == list(range(1, len(found.frame) + 1))
    top = found.pairs[~found.pairs["cut"]].iloc[0]
    base = net.route(top["origin"], top["destination"], modes=["rail", "ferry", "sea"])
    shut = net.closed(top["id"]).route(
        top["origin"], top["destination"], modes=["rail", "ferry", "sea"]
    )
    assert top["d_hours"] == pytest.approx(shut.hours.expected - base.hours.expected, abs=0.3)
    assert (found.pairs["d_hours"].dropna() >= -0.01).all()
    used = {x["facility"] for x in base.legs if x["kind"] == "border"}
    assert used <= set(found.frame["id"])


def test_a_broken_line_costs_no_less_than_nothing_and_is_found(net) -> None:
    pairs = [("Urumqi", "Almaty"), ("Urumqi", "Astana")]
    found = crit.criticality(net, pairs, modes=("rail",), lines=True, kinds=("line",)).frame
    assert len(found) and set(found["kind"]) == {"line"}
    assert (found["sum_d_hours"] >= 0).all()
    assert found["name"].str.startswith("rail line near").all()
    assert (found["pairs"] == 2).any(), "the stretch that both use"


def test_betweenness_on_a_graph_by_hand() -> None:
    import networkx as nx

    graph = nx.MultiDiGraph()
    for i, name in enumerate("abcde"):
        graph.add_node(i, place=name, name=name, kind="city", country="")
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 4)):
        for u, v in ((a, b), (b, a)):
            graph.add_edge(u, v, mode="rail", hours=1.0, from_year=0, to_year=0)
    graph.add_edge(0, 4, mode="rail", hours=0.1, from_year=2030, to_year=0)
    frame = crit.betweenness(graph, sample=None).set_index("place")["betweenness"]
    assert frame["c"] == pytest.approx(8 / 12, abs=1e-4)  # 8 of the 12 pairs of others
    assert frame["a"] == frame["e"] == 0
    later = crit.betweenness(graph, sample=None, year=2031).set_index("place")["betweenness"]
    assert later["c"] < frame["c"]
