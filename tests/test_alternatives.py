"""Alternatives: different, not much dearer, sensible, the best one first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import corridors
from corridors.geodesy import distance_km
from corridors.routing.alternatives import share
from corridors.routing.answer import both_joins, path_steps
from corridors.routing.profile import Profile
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "KG", "TJ", "TM", "AZ", "GE", "CN", "RU"}
PAIRS = [("Urumqi", "Poti", None), ("Almaty", "Aktau", ["rail"]), ("Tashkent", "Baku", "all"),
         ("Osh", "Atyrau", ["road"])]  # fmt: skip


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


def edges_of(net: corridors.Network, route: corridors.Route) -> set[tuple[float, ...]]:
    """Return the pieces of the drawn line, whatever their direction."""
    pieces = set()
    for leg, line in zip(route.legs, route.lines, strict=True):
        if leg["kind"] == "line":
            for a, b in itertools.pairwise(line.round(5).tolist()):
                pieces.add(tuple(sorted((tuple(a), tuple(b)))))
    return pieces


def overlap(a: set, b: set) -> float:
    def km(pieces: set) -> float:
        if not pieces:
            return 0.0
        xy = np.array([[*p, *q] for p, q in pieces])
        return float(np.sum(distance_km(*xy.T)))

    return km(a & b) / km(a)


@pytest.mark.parametrize(("a", "b", "modes"), PAIRS)
def test_they_are_different_bounded_and_in_order(net, a, b, modes) -> None:
    routes = net.alternatives(a, b, k=4, modes=modes, max_stretch=1.5, max_share=0.7)
    assert routes[0].to_dict() == net.route(a, b, modes=modes).to_dict()
    assert 2 <= len(routes) <= 4
    hours = [r.hours.expected for r in routes]
    assert hours == sorted(hours)
    # drayage and rounding are all that lies between a weight and the hours that are told
    assert hours[-1] <= hours[0] * 1.5 * 1.001
    drawn = [edges_of(net, r) for r in routes]
    for i, j in itertools.combinations(range(len(routes)), 2):
        assert overlap(drawn[j], drawn[i]) <= 0.7 + 0.02
    for route in routes:
        lines = [line for line in route.lines if len(line)]
        for x, y in itertools.pairwise(lines):
            assert distance_km(*x[-1], *y[0]) < 0.05
        legs = route.to_dict()["legs"]
        assert round(sum(x["hours"] for x in legs), 3) == route.hours.expected


def test_nobody_goes_there_and_back(net) -> None:
    for a, b, modes in PAIRS:
        for route in net.alternatives(a, b, k=5, modes=modes):
            undirected = [
                tuple(sorted(p))
                for leg, line in zip(route.legs, route.lines, strict=True)
                if leg["kind"] == "line"
                for p in itertools.pairwise(map(tuple, line.tolist()))
            ]
            assert len(set(undirected)) >= 0.999 * len(undirected)


def test_a_planner_s_corridors_are_among_them(net) -> None:
    """From Urumqi to Poti: over the Caspian, and round it through Russia or Turkmenistan."""
    routes = net.alternatives("Urumqi", "Poti", k=4)
    ways = {tuple(c["country"] for c in r.countries) for r in routes}
    assert len(ways) >= 2
    ferries = [{x["facility"] for x in r.legs if x["mode"] == "ferry" and x["kind"] == "line"}
               for r in routes]  # fmt: skip
    assert any(ferries) and any(f != ferries[0] for f in ferries[1:])


def test_the_same_question_has_the_same_answer_and_leaves_nothing_behind(net) -> None:
    before = net.route("Almaty", "Aktau", modes=["rail"]).to_dict()
    first = [r.to_dict() for r in net.alternatives("Almaty", "Aktau", k=3, modes=["rail"])]
    again = [r.to_dict() for r in net.alternatives("Almaty", "Aktau", k=3, modes=["rail"])]
    assert first == again
    assert net.route("Almaty", "Aktau", modes=["rail"]).to_dict() == before
    assert [r.to_dict() for r in net.alternatives("Almaty", "Aktau", k=1, modes=["rail"])] == [
        before
    ]


@pytest.mark.parametrize("seed", range(4))
def test_on_a_made_grid_all_criteria_hold(seed) -> None:
    net = grid(6, seed=seed)
    for by in ("time", "cost", "distance"):
        routes = net.alternatives("rail-0-0", "road-5-4", k=5, by=by, modes="all", max_share=0.6)
        assert (
            routes[0].to_dict() == net.route("rail-0-0", "road-5-4", by=by, modes="all").to_dict()
        )
        value = {"time": lambda r: r.hours.expected, "cost": lambda r: r.cost_usd.expected,
                 "distance": lambda r: r.length_km}[by]  # fmt: skip
        if by != "distance":  # changes weigh by distance, and are in no length
            values = [value(r) for r in routes]
            assert values == pytest.approx(sorted(values), abs=0.02)


def test_closures_hold_for_all_of_them(net) -> None:
    for route in net.alternatives("Urumqi", "Poti", k=4, avoid=["RU", "aktau-port"]):
        assert "RU" not in {c["country"] for c in route.countries}
        assert "aktau-port" not in {x["facility"] for x in route.legs}


def test_share_is_measured_on_lines() -> None:
    net = grid(5, seed=1)
    w = net.weighted(Profile(modes=("road",)))
    a, b, c = (net.place(f"road-{i}-0") for i in (0, 2, 4))
    first = path_steps(net, w, *both_joins(net, a, c, w))
    second = path_steps(net, w, *both_joins(net, a, b, w))
    assert first is not None and second is not None
    assert share(net, first[0], first[0]) == 1.0
    assert 0.0 <= share(net, second[0], first[0]) <= 1.0


@pytest.mark.parametrize(
    ("terms", "said"),
    [({"k": 0}, "k=0"), ({"k": 21}, "k=21"), ({"max_stretch": 0.5}, "max_stretch"),
     ({"max_share": 0.0}, "max_share"), ({"by": "speed"}, "criterion")],
)  # fmt: skip
def test_bad_questions_get_one_clear_line(net, terms, said) -> None:
    with pytest.raises(corridors.SchemaError, match=said) as caught:
        net.alternatives("Almaty", "Aktau", **terms)
    assert "\n" not in str(caught.value)
    with pytest.raises(corridors.SchemaError, match="same place"):
        net.alternatives("Almaty", "Almaty")
