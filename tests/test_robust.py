"""Robustness and closures: the same draws, accounted for; before and after."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import corridors
from corridors.routing.answer import DRAWS, _factors
from corridors.routing.profile import Profile
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "KG", "TJ", "TM", "AZ", "GE"}


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


def test_all_draws_are_accounted_for_and_repeatable(net) -> None:
    found = net.robust("Almaty", "Poti", n=200, seed=3)
    assert sum(x.wins for x in found) == 200
    assert sum(x.share for x in found) == pytest.approx(1.0)
    wins = [x.wins for x in found]
    assert wins == sorted(wins, reverse=True) and len(found) >= 2
    assert len({x.label for x in found}) == len(found)
    assert all(x.regret >= -1e-9 for x in found)
    again = net.robust("Almaty", "Poti", n=200, seed=3)
    assert again.to_frame().equals(found.to_frame())
    other = net.robust("Almaty", "Poti", n=200, seed=4)
    assert not np.array_equal(other.best, found.best)
    # more draws begin with the same ones
    more = net.robust("Almaty", "Poti", n=250, seed=3)
    assert np.array_equal(more.best[:200], found.best)


def test_each_draw_s_best_is_networkx_s(net) -> None:
    found = net.robust("Almaty", "Poti", n=12, seed=1, modes=["rail", "ferry"])
    w = net.weighted(Profile(modes=("rail", "ferry")))
    c, p = net.columns, w.prices
    route = found.winners[0].route
    use = np.flatnonzero((w.weights < 2147483647)[c.a_edge])
    known = np.unique(c.a_tail[use])
    nodes = []
    for end in (route.lines[0][0], route.lines[-1][-1]):
        away = np.hypot(c.n_lon[known] - end[0], c.n_lat[known] - end[1])
        nodes.append(int(known[np.argmin(away)]))
    edges = c.a_edge[use]
    for draw in range(12):
        factor = np.array([_factors(1, x.name, x.sigma)[draw] for x in p.components])
        hours = (p.hours * factor[p.hours_component])[edges]
        graph = nx.DiGraph()
        rows = zip(c.a_tail[use].tolist(), c.a_head[use].tolist(), hours.tolist(), strict=True)
        for u, v, h in rows:
            if not graph.has_edge(u, v) or h < graph[u][v]["weight"]:
                graph.add_edge(u, v, weight=h)
        truth = nx.shortest_path_length(graph, *nodes, weight="weight")
        # the ends lie inside lines, a few minutes from the nodes
        assert found.best[draw] == pytest.approx(truth, abs=1.5)


def test_a_winner_s_range_is_its_route_s(net) -> None:
    found = net.robust("Almaty", "Poti", n=DRAWS, seed=0)
    first = found.winners[0]
    assert found.best.mean() <= first.route.hours.expected
    assert first.route.draws["hours"].mean() - found.best.mean() == pytest.approx(
        first.regret, rel=0.02, abs=0.05
    )


def test_where_all_is_certain_one_way_wins() -> None:
    import pandas as pd

    nodes = pd.DataFrame({"id": list("abc"), "lon": [60.0, 61.0, 60.5], "lat": [45.0, 45.0, 45.5]})
    edges = pd.DataFrame([{"u": "a", "v": "b", "mode": "road", "hours": 5.0},
                          {"u": "a", "v": "c", "mode": "road", "hours": 1.0},
                          {"u": "c", "v": "b", "mode": "road", "hours": 2.0}])  # fmt: skip
    found = corridors.from_frames(nodes, edges).robust("a", "b", modes=["road"], n=50)
    assert [(x.wins, x.share, x.regret) for x in found] == [(50, 1.0, pytest.approx(0.0))]
    assert found.best == pytest.approx(3.0, rel=1e-5)


@pytest.mark.parametrize(
    ("terms", "said"),
    [({"n": 0}, "n=0"), ({"by": "distance"}, "certain"), ({"by": "speed"}, "criterion"),
     ({"by": {"time": -1.0}}, "weight"), ({"by": {"time": 0.0}}, "nothing")],
)  # fmt: skip
def test_bad_questions_get_one_clear_line(net, terms, said) -> None:
    with pytest.raises(corridors.SchemaError, match=said) as caught:
        net.robust("Almaty", "Poti", **terms)
    assert "\n" not in str(caught.value)


def test_money_and_mixes_can_be_drawn(net) -> None:
    cost = net.robust("Almaty", "Poti", n=60, by="cost")
    mix = net.robust("Almaty", "Poti", n=60, by={"cost": 1.0, "time": 20.0})
    assert cost.by == "cost" and mix.by == "mixed"
    assert mix.best.mean() > cost.best.mean()


# --- before and after ------------------------------------------------------------------------


def test_a_closure_is_compared_with_its_differences(net) -> None:
    before = net.route("Almaty", "Poti")
    ferry = next(x["facility"] for x in before.legs if x["kind"] == "line" and x["mode"] == "ferry")
    found = net.compare("Almaty", "Poti", closed=ferry)
    assert found.before.to_dict() == before.to_dict()
    assert found.after.to_dict() == net.closed(ferry).route("Almaty", "Poti").to_dict()
    for value in ("hours", "cost_usd", "co2e_kg"):
        change = getattr(found.after, value).expected - getattr(before, value).expected
        assert found.difference(value) == pytest.approx(change, abs=1e-3)
    assert found.difference("hours") > 0 and "+" in repr(found)
    table = found.to_frame()
    assert list(table.index) == ["before", "after", "difference", "difference_pct"]
    assert table.loc["difference", "hours"] == found.difference("hours")


def test_where_nothing_is_left_the_reason_is_told(net) -> None:
    found = net.compare("Almaty", "Poti", closed=["AZ"], modes=["rail", "ferry"])
    assert found.after is None and found.difference("hours") is None
    assert "no way from Almaty to Poti" in found.reason and "no way" in repr(found)
    assert found.to_frame().loc["after"].isna().all()
    with pytest.raises(corridors.SchemaError, match="nothing to close"):
        net.compare("Almaty", "Poti", closed=[])
    with pytest.raises(corridors.UnknownPlaceError, match="cannot close"):
        net.compare("Almaty", "Poti", closed=["Atlantis"])
    with pytest.raises(corridors.NoRouteError):
        net.closed("AZ").compare("Almaty", "Poti", closed=["KZ"], modes=["rail", "ferry"])


def test_many_closures_of_one_network_stay_apart() -> None:
    net = grid(6, seed=3)
    base = net.route("rail-0-0", "road-5-4", modes="all").to_dict()
    seen = []
    for j in range(6):
        view = net.closed(*(x for x in (f"border-rail-{j}", f"border-road-{(j + 1) % 6}")
                            if x in net.facilities))  # fmt: skip
        seen.append(view.route("rail-0-0", "road-5-4", modes="all").hours.expected)
    assert len(set(seen)) > 1 and min(seen) >= base["hours"]["expected"]
    assert net.route("rail-0-0", "road-5-4", modes="all").to_dict() == base
