"""Charging: plans are optimal against brute force, and no stretch exceeds the battery."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridors.analysis import charging as ch
from corridors.errors import NoRouteError, SchemaError
from corridors.routing.route import End, Range, Route


def make_route(legs: list[tuple[str, str, float]], hours: float = 100.0) -> Route:
    """A straight road eastward along 45 N, one leg per (kind, country, km)."""
    from corridors.geodesy import local_scale

    kx, _ = local_scale(45.0)
    rows, lines, lon = [], [], 70.0
    for kind, country, km in legs:
        end = lon + km / float(kx)
        steps = np.linspace(lon, end, max(int(km / 5), 2))
        line = np.column_stack([steps, np.full(len(steps), 45.0)]) if km else [[lon, 45.0]]
        rows.append({"kind": kind, "mode": "road", "gauge_mm": 0, "from": f"p{lon:.2f}",
                     "to": f"p{end:.2f}", "country": country, "length_km": km, "hours": 1.0,
                     "cost_usd": 1.0, "co2e_kg": 1.0, "confidence": "low", "facility": "",
                     "hours_p10": 0.9, "hours_p90": 1.1})  # fmt: skip
        lines.append(np.asarray(line))
        lon = end
    ends = [End("", "", n, "city", "KZ", 45.0, x, 0.0) for n, x in (("A", 70.0), ("B", lon))]
    total = sum(km for _, _, km in legs)
    flat = Range(1.0, 0.9, 1.1)
    return Route(ends[0], ends[1], "time", ("road",), 2026,
                 {"unit": "TEU", "amount": 1.0, "payload_t_per_teu": 10.0}, total,
                 Range(hours, 0.8 * hours, 1.3 * hours), flat, flat, [], [], rows, {},
                 lines=tuple(lines))  # fmt: skip


def brute_force(energy: list[float], usable: float, start: float) -> set[int] | None:
    """All numbers of sites that work, by trying every subset."""
    n = len(energy) - 2
    works = set()
    for size in range(n + 1):
        for pick in itertools.combinations(range(1, n + 1), size):
            stops = [0, *pick, n + 1]
            used = [energy[b] - energy[a] for a, b in itertools.pairwise(stops)]
            if used[0] <= start + 1e-9 and all(u <= usable + 1e-9 for u in used[1:]):
                works.add(size)
    return works or None


@settings(max_examples=150, deadline=None)
@given(
    gaps=st.lists(st.floats(1, 60), min_size=2, max_size=9),
    usable=st.floats(20, 120),
    start=st.floats(0.3, 1.0),
)
def test_fewest_sites_is_what_brute_force_finds(gaps, usable, start) -> None:
    energy = [0.0, *np.cumsum(gaps).tolist()]
    first = usable * start
    possible = brute_force(energy, usable, first)
    if possible is None:
        for method in (ch.fewest_sites, ch.greedy_sites):
            with pytest.raises(NoRouteError, match="battery"):
                method(energy, usable, start_kwh=first)
        return
    plan = ch.fewest_sites(energy, usable, start_kwh=first)
    assert len(plan) == min(possible)
    assert len(ch.greedy_sites(energy, usable, start_kwh=first)) == min(possible)
    stops = [0, *(i + 1 for i in plan), len(energy) - 1]
    used = np.diff([energy[i] for i in stops])
    assert used[0] <= first + 1e-6 and (used[1:] <= usable + 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(gaps=st.lists(st.floats(5, 40), min_size=3, max_size=8), data=st.data())
def test_of_plans_with_fewest_sites_the_least_penalty_is_taken(gaps, data) -> None:
    energy = [0.0, *np.cumsum(gaps).tolist()]
    n = len(gaps) - 1
    penalty = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n))
    plan = ch.fewest_sites(energy, 80.0, penalty=penalty)
    best = float("inf")
    for pick in itertools.combinations(range(n), len(plan)):
        stops = [0.0, *(energy[i + 1] for i in pick), energy[-1]]
        if (np.diff(stops) <= 80.0 + 1e-9).all():
            best = min(best, sum(penalty[i] for i in pick))
    assert sum(penalty[i] for i in plan) == best


def test_no_site_where_none_is_needed() -> None:
    assert ch.fewest_sites([0.0, 10.0, 20.0], 30.0) == []
    assert ch.greedy_sites([0.0, 10.0, 20.0], 30.0) == []
    assert ch.fewest_sites([0.0, 30.0], 30.0) == []


def test_erlang_c_agrees_with_the_tables() -> None:
    # M/M/1: the probability of waiting is the load
    for load in (0.2, 0.5, 0.9):
        assert ch.erlang_c(1, load) == pytest.approx(load)
    # two servers, one erlang: 1/3; three servers, two erlangs: 4/9
    assert ch.erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert ch.erlang_c(3, 2.0) == pytest.approx(4 / 9)
    assert ch.mean_wait_h(1, 0.5, 1.0) == pytest.approx(1.0)  # rho / (mu - lambda)
    assert math.isinf(ch.mean_wait_h(1, 2.0, 1.0))


@pytest.mark.parametrize("arrivals", [0.5, 4.2, 10.0])
def test_chargers_are_the_fewest_within_the_wait(arrivals) -> None:
    n = ch.chargers_needed(arrivals, 1.5, 0.25)
    assert ch.mean_wait_h(n, arrivals, 1.5) <= 0.25
    assert n == 1 or ch.mean_wait_h(n - 1, arrivals, 1.5) > 0.25


def towns(*km: float) -> list[ch.Candidate]:
    return [ch.Candidate(x, f"town {x:g}", "town", "KZ", 70 + x / 80, 45.0) for x in km]


def test_a_plan_adds_up_and_never_falls_below_the_reserve() -> None:
    route = make_route([("line", "CN", 400.0), ("border", "CN", 0.0), ("line", "KZ", 600.0)])
    truck = ch.Truck(battery_kwh=400, kwh_per_km=1.4, reserve=0.15)
    plan = ch.plan(route, truck, candidates=towns(100, 200, 230, 390, 480, 610, 700, 820, 905))
    assert plan.feasible and plan.infeasible.empty
    assert truck.range_km == pytest.approx(400 * 0.85 / 1.4)
    assert plan.totals["longest_stretch_km"] <= truck.range_km + 1e-6
    km, share = plan.battery()
    assert min(share) >= 0.15 - 1e-6 and max(share) <= 1.0 + 1e-9
    assert (np.diff(km) >= 0).all()
    used = plan.totals["energy_kwh"]
    assert used == pytest.approx(1000 * 1.4)
    left = plan.totals["arrive_share"] * 400
    assert plan.totals["charged_kwh"] == pytest.approx(used - 400 + left, abs=1.0)
    assert plan.totals["charge_h"] == pytest.approx(
        plan.totals["charged_kwh"] / (360 * 0.8), abs=0.01
    )
    assert (plan.sites["peak_mw"] * 1000).tolist() == (plan.sites["chargers"] * 360).tolist()
    assert plan.totals["trip_h_if_in_rests"] < plan.totals["trip_h"] < plan.totals["trip_h_p90"]


def test_stretches_without_towns_are_named_and_bridged_by_the_open_road() -> None:
    route = make_route([("line", "KZ", 900.0)])
    truck = ch.Truck(battery_kwh=400)
    candidates = sorted(
        [*towns(150, 700), *(ch.Candidate(x, f"km {x}", penalty=1.0) for x in range(50, 900, 50))],
        key=lambda c: c.km,
    )
    plan = ch.plan(route, truck, candidates=candidates)
    assert plan.feasible
    assert plan.infeasible[["from", "to"]].values.tolist() == [["town 150", "town 700"]]
    assert plan.infeasible["bridged"].all()
    strict = ch.plan(route, truck, candidates=candidates, towns_only=True)
    assert not strict.feasible and not strict.infeasible["bridged"].any()
    assert "not feasible" in strict.summary()
    nowhere = ch.plan(route, truck, candidates=towns(150))
    assert not nowhere.feasible
    assert nowhere.infeasible["from_km"].tolist() == [150.0]


def test_fixed_spacing_keeps_its_spacing_and_prefers_towns() -> None:
    route = make_route([("line", "KZ", 1000.0)])
    candidates = sorted(
        [*towns(210, 395, 790), *(ch.Candidate(float(x), f"km {x}", penalty=1.0)
                                  for x in range(10, 1000, 10))],
        key=lambda c: c.km,
    )  # fmt: skip
    plan = ch.plan(route, ch.Truck(), candidates=candidates, spacing_km=200)
    assert plan.sites["km"].tolist() == [210.0, 395.0, 600.0, 790.0]
    assert plan.method == "every 200 km"


def test_more_energy_a_km_never_needs_fewer_sites() -> None:
    route = make_route([("line", "KZ", 2000.0)])
    frame = ch.plan_range(route, candidates=towns(*range(40, 2000, 40)))
    assert frame["sites"].is_monotonic_increasing
    assert frame["charge_h"].is_monotonic_increasing
    cold = ch.plan(route, candidates=towns(*range(40, 2000, 40)), factors={"KZ": 1.3})
    assert cold.totals["energy_kwh"] == pytest.approx(2000 * 1.4 * 1.3)


def test_nonsense_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"battery_kwh.*reserve"):
        ch.Truck(battery_kwh=-1, reserve=1.2)
    with pytest.raises(SchemaError, match="above the reserve"):
        ch.Truck(start=0.1)
    route = make_route([("line", "KZ", 100.0)])
    with pytest.raises(SchemaError, match="trucks a day"):
        ch.plan(route, trucks_per_day=0, candidates=[])
    route.legs[0]["mode"] = "rail"
    with pytest.raises(SchemaError, match="road route"):
        ch.plan(route, candidates=[])


def test_the_chart_shows_every_site() -> None:
    pytest.importorskip("matplotlib")
    import matplotlib.pyplot as plt

    route = make_route([("line", "KZ", 1000.0)])
    plan = ch.plan(route, candidates=towns(200, 400, 600, 800))
    ax = plan.chart()
    shown = {t.get_text() for t in ax.texts}
    assert set(plan.sites["name"]) <= shown
    plt.close(ax.figure)
