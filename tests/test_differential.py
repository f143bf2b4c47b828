"""The engine against networkx, on a cut-out of the shipped network and on made graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corridors
from corridors.geodesy import distance_km
from corridors.names import Match
from corridors.network.store import MODES
from corridors.routing.engine import INF, CchEngine, ScipyEngine
from corridors.routing.joins import JoinTable, access_of, directed
from corridors.routing.labels import Product, far, labels
from corridors.routing.part import PartEngine, save_order
from corridors.routing.profile import GRAIN, Cargo, Closures, Profile
from corridors.routing.reduced import neighbours, nodes_as_joins, reduced
from corridors.routing.snap import build_index, snap_many
from cutouts import cut_out, grid

pytest.importorskip("pyroutingkit")
SOUTH = {"KZ", "UZ", "KG", "TM", "AZ", "GE"}
MIXES = [("rail",), ("road",), ("rail", "ferry"), ("rail", "sea", "ferry"),
         ("rail", "road", "sea", "ferry"), ("pipeline",)]  # fmt: skip
CLOSED = [
    Closures(),
    Closures(facilities=frozenset({"aktau-port", "rail:saryagash-keles", "strait:suez"})),
    Closures(countries=frozenset({"UZ"})),
    Closures(modes=frozenset({"ferry"})),
]


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


def truth(net: corridors.Network, profile: Profile) -> nx.DiGraph:
    """Return the exported graph; of parallel edges the lightest."""
    many = net.to_networkx(profile)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(net.columns.n_nodes))
    for u, v, weight in many.edges(data="weight"):
        if not graph.has_edge(u, v) or weight < graph[u][v]["weight"]:
            graph.add_edge(u, v, weight=weight)
    return graph


@pytest.mark.parametrize("modes", MIXES, ids="+".join)
def test_every_criterion_and_mode_mix_equals_networkx(net, modes) -> None:
    rng = np.random.default_rng(len(modes))
    queries = 0
    for number, by in enumerate(("time", "cost", "distance", "co2e")):
        if modes == ("pipeline",) and by in ("cost", "co2e"):
            continue
        closed = CLOSED[(number + len(modes)) % len(CLOSED)]
        profile = Profile(by=by, modes=modes, closed=closed, year=(2026, 2031)[number % 2])
        graph, w = truth(net, profile), net.weighted(profile)
        nodes = np.array([n for n in graph if graph.degree(n)])
        for source in rng.choice(nodes, 3, replace=False).tolist():
            expected = nx.single_source_dijkstra_path_length(graph, source, weight="weight")
            targets = rng.choice(nodes, min(300, len(nodes)), replace=False)
            forth = w.metric.matrix(np.array([source]), targets)[0].tolist()
            wanted = [expected.get(t, INF) for t in targets.tolist()]
            assert forth == wanted
            queries += len(targets)
            # and the other way round, by the turned metric
            back = w.metric.backward().matrix(targets, np.array([source]))[:, 0].tolist()
            assert back == wanted
            for target in targets[:10].tolist():
                total, arcs = w.metric.query(source, target)
                assert total == expected.get(target, INF)
                if total < INF and target != source:
                    c = net.columns
                    assert c.a_tail[arcs[0]] == source and c.a_head[arcs[-1]] == target
                    assert (c.a_head[arcs[:-1]] == c.a_tail[arcs[1:]]).all()
                    assert int(w.weights[c.a_edge[arcs]].astype(np.int64).sum()) == total
    assert queries >= 300


def test_the_engine_without_roads_equals_the_whole(net, tmp_path) -> None:
    """Same numbers of nodes and arcs, same answers, wherever no road is asked for."""
    c = net.columns
    tree = net.engine().tree()
    save_order(c, tree, tmp_path / "part")
    part = PartEngine(c, tmp_path / "part")
    rng = np.random.default_rng(3)
    modes = ("rail", "sea", "ferry")
    used = np.flatnonzero(np.isin(c.e_mode, [MODES.index(m) for m in modes]))
    nodes = rng.choice(np.unique(np.concatenate([c.e_u[used], c.e_v[used]])), 250)
    nodes = np.concatenate([nodes, rng.integers(0, c.n_nodes, 50)])  # on roads, too
    for by, closed in (("time", CLOSED[0]), ("distance", CLOSED[1]), ("cost", CLOSED[2])):
        w = net.weighted(Profile(by=by, modes=modes, closed=closed))
        metric = part.metric(w.weights[c.a_edge])
        assert np.array_equal(metric.matrix(nodes, nodes), w.metric.matrix(nodes, nodes))
        assert np.array_equal(metric.backward().matrix(nodes, nodes),
                              w.metric.backward().matrix(nodes, nodes))  # fmt: skip
        for a, b in rng.choice(nodes, (40, 2)).tolist():
            total, arcs = metric.query(a, b)
            assert total == w.metric.query(a, b)[0]
            if 0 < total < INF:
                assert c.a_tail[arcs[0]] == a and c.a_head[arcs[-1]] == b
                assert int(w.weights[c.a_edge[arcs]].astype(np.int64).sum()) == total
        joins = nodes_as_joins(nodes.astype(np.int64))
        here = nodes_as_joins(nodes[part.tree().rank[nodes] >= 0].astype(np.int64))
        for t, j in ((tree, joins), (part.tree(), here)):
            tables = [
                Product(labels(t, m.backward(), j), 1).rows(labels(t, m, j), 0, j.n_places)
                for m in (metric, w.metric)
            ]
            assert np.array_equal(*tables)
        arcs = np.flatnonzero(np.isin(c.a_edge, rng.choice(len(c.e_u), 300)))
        changed = w.weights[c.a_edge].copy()
        changed[arcs] = np.minimum(changed[arcs] * 2, INF)
        metric.reweigh(arcs, changed[arcs])
        again = net.engine().metric(changed)
        assert np.array_equal(metric.matrix(nodes, nodes), again.matrix(nodes, nodes))
    with pytest.raises(IndexError):
        metric.query(0, c.n_nodes)
    with pytest.raises(IndexError):
        metric.matrix(np.array([-1]), np.array([0]))
    with pytest.raises(ValueError, match="weights for"):
        part.metric(w.weights[:5])


@pytest.mark.parametrize("by", ["time", "distance", "co2e"])
def test_matrices_equal_networkx(net, by) -> None:
    profile = Profile(by=by, modes=("rail", "road", "sea", "ferry"), closed=CLOSED[1])
    graph, w = truth(net, profile), net.weighted(profile)
    rng = np.random.default_rng(5)
    nodes = rng.choice([n for n in graph if graph.degree(n)], 300, replace=False)
    tree = net.engine().tree()
    joins = nodes_as_joins(nodes.astype(np.int64))
    away = labels(tree, w.metric, joins)
    back = labels(tree, w.metric.backward(), joins)
    table = Product(back, 2).rows(away, 0, len(nodes)).astype(np.int64)
    for row in rng.integers(0, len(nodes), 12).tolist():
        expected = nx.single_source_dijkstra_path_length(graph, int(nodes[row]), weight="weight")
        assert table[row].tolist() == [expected.get(n, INF) for n in nodes.tolist()]


@pytest.mark.parametrize("modes", [("rail", "sea", "ferry"), ("rail", "road", "sea", "ferry")])
def test_the_small_graph_is_exact_by_every_criterion(net, modes) -> None:
    w = net.weighted(Profile(modes=modes))
    small = reduced(net, w)
    values = {"time": w.prices.hours, "cost": w.prices.usd, "co2e": w.prices.co2e_kg}
    rng = np.random.default_rng(2)
    for column, (by, price) in enumerate(values.items()):
        little, big = nx.DiGraph(), nx.DiGraph()
        arcs = zip(small.tail.tolist(), small.head.tolist(), small.value[:, column].tolist(),
                   strict=True)  # fmt: skip
        c, is_open = net.columns, w.weights < INF
        use = np.flatnonzero(is_open[c.a_edge])
        full = zip(c.a_tail[use].tolist(), c.a_head[use].tolist(), price[c.a_edge[use]].tolist(),
                   strict=True)  # fmt: skip
        for graph, rows in ((little, arcs), (big, full)):
            for u, v, weight in rows:
                if not graph.has_edge(u, v) or weight < graph[u][v]["weight"]:
                    graph.add_edge(u, v, weight=weight)
        for source in rng.choice(len(small.node), 5, replace=False).tolist():
            a = nx.single_source_dijkstra_path_length(little, source, weight="weight")
            b = nx.single_source_dijkstra_path_length(big, int(small.node[source]), weight="weight")
            for i, node in enumerate(small.node.tolist()):
                assert (i in a) == (node in b), by
                if i in a:
                    # lengths of legs are in tenths of a metre
                    assert a[i] == pytest.approx(b[node], rel=1e-5, abs=1e-4), by


# --- properties on made graphs ---------------------------------------------------------------

N = 10
ARCS = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1),
              st.one_of(st.integers(0, 40), st.just(INF), st.integers(2**22, 2**24))),
    min_size=1, max_size=45,
)  # fmt: skip
JOINS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, N - 1), st.integers(0, 30)), min_size=1, max_size=9
)


def table_of(rows: list[tuple[int, int, int]]) -> JoinTable:
    place, node, offset = (np.array(x, dtype=np.int64) for x in zip(*sorted(rows), strict=True))
    none = np.zeros(len(place))
    return JoinTable(4, place, node, offset, offset // 2, none, np.full(len(place), -1), none, none,
                     none == 0)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(arcs=ARCS, starts=JOINS, ends=JOINS, extra=st.booleans())
def test_labels_find_the_least_over_all_joins(arcs, starts, ends, extra) -> None:
    tail, head, weight = (np.array(x) for x in zip(*arcs, strict=True))
    lat, lon = np.linspace(40, 44, N), np.linspace(50, 90, N)
    engine = CchEngine(tail, head, lat, lon)
    metric = engine.metric(weight.astype(np.uint32))
    full = ScipyEngine(tail, head, N).metric(weight.astype(np.uint32))
    table = full.matrix(np.arange(N), np.arange(N)).astype(np.int64)
    a, b, tree = table_of(starts), table_of(ends), engine.tree()
    away = labels(tree, metric, a, extra=extra)
    back = labels(tree, metric.backward(), b, extra=extra)
    found = Product(back, 1).rows(away, 0, 4)
    limit = int(far(found.dtype))
    for i in range(4):
        for j in range(4):
            ways = [(int(x + table[s, t] + y), int(g + h))
                    for s, x, g in zip(a.node[a.place == i], a.offset[a.place == i],
                                       a.gap[a.place == i], strict=True)
                    for t, y, h in zip(b.node[b.place == j], b.offset[b.place == j],
                                       b.gap[b.place == j], strict=True)
                    if table[s, t] < INF]  # fmt: skip
            best = min(ways, default=None)
            if best is None or best[0] >= INF:
                assert int(found[i, j]) >= limit
            elif extra:
                assert (int(found[i, j]) >> 32, int(found[i, j]) & 0xFFFFFFFF) == best
            else:
                assert int(found[i, j]) == best[0]


@settings(max_examples=100, deadline=None)
@given(arcs=ARCS)
def test_every_node_is_under_the_separators_of_its_ways(arcs) -> None:
    """Ends of an arc are ancestor and descendant in the elimination tree."""
    tail, head, _ = (np.array(x) for x in zip(*arcs, strict=True))
    tree = CchEngine(tail, head, np.linspace(40, 44, N), np.linspace(50, 90, N)).tree()
    for a, b in zip(tree.rank[tail].tolist(), tree.rank[head].tolist(), strict=True):
        low, high = min(a, b), max(a, b)
        while low != high and low >= 0:
            low = int(tree.parent[low])
        assert low == high


@settings(max_examples=100, deadline=None)
@given(arcs=ARCS)
def test_legs_between_neighbours_keep_all_distances(arcs) -> None:
    tail, head, weight = (np.array(x) for x in zip(*arcs, strict=True))
    metric = ScipyEngine(tail, head, N).metric(weight.astype(np.uint32))
    table = metric.matrix(np.arange(N), np.arange(N)).astype(np.int64)
    near = neighbours(table)
    u, v = np.nonzero(near)
    again = ScipyEngine(u, v, N).metric(table[u, v].astype(np.uint32)) if len(u) else None
    for i in range(N):
        for j in range(N):
            if i != j:
                found = INF if again is None else again.query(i, j)[0]
                assert found == table[i, j]


@settings(max_examples=40, deadline=None)
@given(x=st.floats(59.0, 64.0), y=st.floats(44.0, 48.0), seed=st.integers(0, 3))
def test_snapping_finds_the_nearest_line(x, y, seed) -> None:
    net = grid(5, seed=seed)
    c = net.columns
    index = build_index(c, net.groups)
    usable = np.asarray(c.e_kind) == 0
    limits = {"rail": 50.0, "road": 80.0}
    found = snap_many(c, index, np.array([x]), np.array([y]), usable, limits)
    for mode, limit in limits.items():
        best = np.inf
        for edge in np.flatnonzero(usable & (c.e_mode == MODES.index(mode))).tolist():
            line = c.line(edge)
            t = np.linspace(0, 1, 401)[:, None]
            points = line[0] + t * (line[1] - line[0])
            best = min(best, float(np.min(distance_km(x, y, points[:, 0], points[:, 1]))))
        mine = [k for e, k in zip(found.edge, found.km, strict=True)
                if c.e_mode[e] == MODES.index(mode)]  # fmt: skip
        if best <= limit * 0.99:
            assert mine and mine[0] == pytest.approx(best, abs=0.15)
        elif best > limit * 1.01:
            assert not mine


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 5), x=st.floats(59.9, 62.6), y=st.floats(44.9, 47.1),
       by=st.sampled_from(["time", "cost", "distance"]))  # fmt: skip
def test_a_place_s_offsets_add_up_to_its_edge(seed, x, y, by) -> None:
    net = grid(5, seed=seed)
    w = net.weighted(Profile(by=by, modes=("rail", "road")))
    access = access_of(net, [Match("", "", "point", "", x, y)], w)
    grain = GRAIN if by == "distance" else 1
    tables = [directed(net, access, w, arriving=a) for a in (False, True)]
    for table in tables:
        assert (table.offset >= table.gap).all() and (table.offset % grain == 0).all()
        for edge in np.unique(table.edge[table.edge >= 0]).tolist():
            own = np.flatnonzero(table.edge == edge)
            if len(own) == 2:
                inner = int((table.offset[own] - table.gap[own]).sum())
                assert abs(inner - int(w.weights[edge])) <= 2 * grain


@pytest.mark.parametrize("cargo", [Cargo("tonne", 0.001), Cargo("TEU", 5000), Cargo("FEU", 1.0)])
def test_no_cargo_is_too_small_or_too_large_for_the_engine(net, cargo) -> None:
    one = net.route("Almaty", "Poti", by="cost", modes="all")
    many = net.route("Almaty", "Poti", by="cost", modes="all", cargo=cargo)
    assert many.length_km == pytest.approx(one.length_km, rel=1e-6)
    assert many.cost_usd.expected > 0
