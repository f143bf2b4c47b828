"""Fronts: nothing dominated in them, nothing missing from them beyond what they say."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

import corridors
from corridors.routing.pareto import label_setting, nondominated, pareto, sweep
from corridors.routing.profile import Cargo, Profile
from corridors.routing.small import ways
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "KG", "TJ", "TM", "AZ", "GE"}
COLUMNS = ("hours", "cost_usd", "co2e_kg")


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


def apart(seed: int) -> corridors.Network:
    """Return a made network on which a place joins at its own node alone."""
    return grid(6, seed=seed).with_snap_limits(rail=0.1, road=0.1)


def values(front: corridors.routing.pareto.Front) -> np.ndarray:
    return front.to_frame()[list(COLUMNS)].to_numpy()


def dominated(a: np.ndarray) -> bool:
    """Whether some row is beaten or equalled in all columns by another."""
    return any((a[j] <= a[i]).all() for i in range(len(a)) for j in range(len(a)) if i != j)


def oracle(net: corridors.Network, a: str, b: str, modes: tuple[str, ...]) -> np.ndarray:
    """Return the whole front by plain label correcting on the exported graph."""
    graph = net.to_networkx(Profile(modes=modes))
    node = {str(d["terminal"]): n for n, d in graph.nodes(data=True)}
    source, target = node[a], node[b]
    labels: dict[int, list[tuple[float, ...]]] = {source: [(0.0, 0.0, 0.0)]}
    todo = [(source, (0.0, 0.0, 0.0))]
    while todo:
        u, g = todo.pop(0)
        if g not in labels.get(u, []):
            continue
        for _, v, d in graph.out_edges(u, data=True):
            new = tuple(x + d[c] for x, c in zip(g, COLUMNS, strict=True))
            mine = labels.setdefault(v, [])
            if any(all(p <= q + 1e-12 for p, q in zip(m, new, strict=True)) for m in mine):
                continue
            mine[:] = [m for m in mine if not all(p <= q for p, q in zip(new, m, strict=True))]
            mine.append(new)
            todo.append((v, new))
    return np.array(labels[target])


@pytest.mark.parametrize("seed", range(6))
def test_a_complete_front_is_complete(seed) -> None:
    """Every trade-off of the whole graph is within the tolerance of a route of the front."""
    net = apart(seed)
    a, b = "rail-0-0", "road-5-4"
    truth = oracle(net, a, b, ("rail", "road"))
    assert len(truth) >= (1 if seed in (2, 4) else 2)
    for tolerance in (1e-6, 0.02, 0.2):
        front = net.pareto(a, b, modes="all", complete=True, tolerance=tolerance)
        mine = values(front)
        assert front.complete and front.tolerance == tolerance
        assert not dominated(mine)
        for point in truth:
            worse = (mine / np.maximum(point, 1e-12)).max(axis=1).min()
            assert worse <= 1 + tolerance + 1e-3, (point, mine)  # legs are rounded
        for point in mine:  # and nothing in it is better than possible
            assert ((truth <= point + 0.05).all(axis=1)).any()
    assert len(mine) <= len(truth)


@pytest.mark.parametrize("seed", range(4))
def test_supported_routes_are_those_that_sums_prefer(seed) -> None:
    net = apart(seed)
    a, b = net.place("rail-0-0"), net.place("road-5-4")
    w = net.weighted(Profile(modes=("rail", "road")))
    small = ways(net, w, a, b)
    found = np.array([small.value[x].sum(axis=0) for x in sweep(small)])
    truth = oracle(net, a.id, b.id, ("rail", "road"))
    rng = np.random.default_rng(seed)
    best = found[nondominated(found)]
    for point in best:
        # on the front, and a least weighted sum for some weights: its own cone is not empty
        assert (np.abs(truth - point).max(axis=1) < 1e-3 * point.max()).any()
    for single in np.eye(3):
        assert (best @ single).min() == pytest.approx((truth @ single).min(), rel=1e-5)
    for weight in rng.dirichlet([1, 1, 1], 20):
        # no weighted sum is missed by more than the grid of weights lets pass
        assert (best @ weight).min() <= (truth @ weight).min() * 1.05


def test_on_the_shipped_network_extremes_are_the_routes(net) -> None:
    front = net.pareto("Almaty", "Poti", modes="all")
    table = values(front)
    assert not dominated(table) and len(front) >= 3
    assert not front.complete and all(front.supported) and "some weighted sum" in front.note
    for column, by in enumerate(("time", "cost", "co2e")):
        route = net.route("Almaty", "Poti", by=by, modes="all")
        expected = (route.hours, route.cost_usd, route.co2e_kg)[column].expected
        assert table[:, column].min() == pytest.approx(expected, rel=1e-4)
    whole = net.pareto("Almaty", "Poti", modes="all", complete=True, tolerance=0.02)
    assert len(whole) >= len(front) and not dominated(values(whole))
    hours = [r.hours.expected for r in whole]
    assert hours == sorted(hours)
    for route in whole:
        legs = route.to_dict()["legs"]
        assert round(sum(x["hours"] for x in legs), 3) == route.hours.expected


def test_routes_of_a_front_are_ways_on_the_network(net) -> None:
    from corridors.geodesy import distance_km

    for route in net.pareto("Osh", "Baku"):
        lines = [line for line in route.lines if len(line)]
        for a, b in itertools.pairwise(lines):
            assert distance_km(*a[-1], *b[0]) < 0.05


def test_both_ends_on_one_line() -> None:
    net = grid(4)
    c = net.columns
    edge = int(np.flatnonzero((c.e_kind == 0) & (c.e_mode == 1) & ~c.e_oneway)[0])
    line = c.line(edge)
    p, q = (tuple((line[0] + t * (line[1] - line[0]))[::-1]) for t in (0.2, 0.7))
    front = net.pareto(p, q, modes=["road"], complete=True)
    assert len(front) == 1
    assert front[0].length_km == pytest.approx(0.5 * float(c.e_length_km[edge]), rel=1e-3)


def test_a_search_beyond_its_bounds_is_an_error_not_a_wait() -> None:
    net = apart(1)
    with pytest.raises(corridors.SchemaError, match="raise tolerance") as caught:
        pareto(net, "rail-0-0", "road-5-4", modes="all", avoid=(), year=2026, cargo=Cargo(), seed=0,
               complete=True, tolerance=1e-6, max_seconds=60, max_labels=10)  # fmt: skip
    assert "\n" not in str(caught.value)


def test_label_setting_adds_only_what_the_seeds_lack() -> None:
    net = apart(3)
    w = net.weighted(Profile(modes=("rail", "road")))
    small = ways(net, w, net.place("rail-0-0"), net.place("road-5-4"))
    seeds = sweep(small)
    assert label_setting(small, seeds, 0.5, 60, 10**6) == seeds
    from_one = label_setting(small, seeds[:1], 1e-6, 60, 10**6)
    table = np.array([small.value[x].sum(axis=0) for x in from_one])
    assert len(nondominated(table)) == len(oracle(net, "rail-0-0", "road-5-4", ("rail", "road")))


@pytest.mark.parametrize(
    ("terms", "said"),
    [({"tolerance": 0.0}, "tolerance"), ({"tolerance": 2.0}, "tolerance"),
     ({"max_seconds": -1}, "max_seconds"), ({"modes": ["pipeline"]}, "no containers"),
     ({"year": 1800}, "year")],
)  # fmt: skip
def test_bad_questions_get_one_clear_line(net, terms, said) -> None:
    with pytest.raises(corridors.SchemaError, match=said) as caught:
        net.pareto("Almaty", "Poti", **terms)
    assert "\n" not in str(caught.value)
    with pytest.raises(corridors.SchemaError, match="same place"):
        net.pareto("Almaty", "Almaty")


def test_the_small_graph_of_a_made_network_keeps_its_own_hours() -> None:
    """A user's own hours per edge make classes of their own: the small graph stays exact."""
    import pandas as pd

    rng = np.random.default_rng(4)
    nodes = pd.DataFrame({"id": range(12), "lon": 60 + 0.3 * (np.arange(12) % 4),
                          "lat": 45 + 0.3 * (np.arange(12) // 4)})  # fmt: skip
    rows = [{"u": i, "v": j, "mode": "road",
             "hours": float(rng.uniform(0.2, 3)) if rng.random() < 0.6 else np.nan,
             "cost_usd": float(rng.uniform(5, 90))}
            for i in range(12) for j in (i + 1, i + 4)
            if j < 12 and (j != i + 1 or j % 4)]  # fmt: skip
    net = corridors.from_frames(nodes, pd.DataFrame(rows))
    graph = net.to_networkx(Profile(modes=("road",)))
    front = net.pareto("0", "11", modes=["road"], complete=True, tolerance=1e-6)
    for column, name in enumerate(COLUMNS):
        expected = nx.shortest_path_length(graph, 0, 11, weight=name)
        assert values(front)[:, column].min() == pytest.approx(expected, abs=0.02)
    truth = oracle(net, "0", "11", ("road",))
    assert len(front) == len(truth)
