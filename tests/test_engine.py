"""The two engines against networkx on random graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corridors
from corridors.routing.engine import INF, CchEngine, ScipyEngine, make_engine

N = 9
ARCS = st.lists(
    st.tuples(
        st.integers(0, N - 1),
        st.integers(0, N - 1),
        st.one_of(st.integers(0, 50), st.just(INF), st.integers(2**20, 2**22)),
    ),
    min_size=1,
    max_size=40,
)


def engines(tail: np.ndarray, head: np.ndarray) -> list:
    lat, lon = np.linspace(40, 44, N), np.linspace(50, 90, N)
    found: list = [ScipyEngine(tail, head, N)]
    try:
        import pyroutingkit  # noqa: F401
    except ImportError:
        return found
    return [*found, CchEngine(tail, head, lat, lon)]


@settings(max_examples=150, deadline=None)
@given(arcs=ARCS)
def test_every_pair_equals_networkx(arcs: list[tuple[int, int, int]]) -> None:
    tail, head, weight = (np.array(x) for x in zip(*arcs, strict=True))
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(N))
    for t, h, w in arcs:
        if w < INF:
            graph.add_edge(t, h, weight=w)
    truth = dict(nx.all_pairs_dijkstra_path_length(graph))
    for engine in engines(tail, head):
        metric = engine.metric(weight.astype(np.uint32))
        table = metric.matrix(np.arange(N), np.arange(N))
        for s in range(N):
            for t in range(N):
                expected = truth[s].get(t, INF)
                total, path = metric.query(s, t)
                assert total == expected
                assert table[s, t] == expected
                if s != t and expected < INF:
                    assert tail[path[0]] == s and head[path[-1]] == t
                    assert np.array_equal(head[path[:-1]], tail[path[1:]])
                    assert weight[path].sum() == expected


def test_nodes_beyond_the_graph_are_refused() -> None:
    tail, head = np.array([0, 1]), np.array([1, 2])
    for engine in engines(tail, head):
        metric = engine.metric(np.array([1, 1], dtype=np.uint32))
        with pytest.raises(IndexError):
            metric.query(0, N)
        with pytest.raises(IndexError):
            metric.query(-1, 0)
        with pytest.raises(IndexError):
            metric.matrix(np.array([0]), np.array([N + 3]))


def test_weights_must_fit_the_arcs() -> None:
    for engine in engines(np.array([0]), np.array([1])):
        with pytest.raises(ValueError, match="2 weights for 1 arcs"):
            engine.metric(np.array([1, 1], dtype=np.uint32))


def test_a_saved_order_gives_the_same_answers(tmp_path) -> None:
    rng = np.random.default_rng(0)
    tail, head = rng.integers(0, N, 30), rng.integers(0, N, 30)
    weight = rng.integers(1, 99, 30).astype(np.uint32)
    lat, lon = np.linspace(40, 44, N), np.linspace(50, 90, N)
    first = make_engine(tail, head, lat, lon, tmp_path / "order").metric(weight)
    again = make_engine(tail, head, lat, lon, tmp_path / "order").metric(weight)
    nodes = np.arange(N)
    assert np.array_equal(first.matrix(nodes, nodes), again.matrix(nodes, nodes))


def test_the_order_that_ships_is_one_of_the_shipped_nodes(monkeypatch, tmp_path) -> None:
    """Nobody waits for an order that ships: the compiled network holds it as it is."""
    import pyarrow.parquet as pq

    from corridors import datasets
    from corridors.routing import network as module

    net = corridors.load_network()
    order = pq.read_table(datasets.path("network_order.parquet"))["node"].to_numpy()
    assert np.array_equal(np.sort(order), np.arange(net.columns.n_nodes))
    module._shipped_order(net.columns, tmp_path / "order")
    kept = np.fromfile(tmp_path / "order" / "order", dtype=np.uint32)
    assert np.array_equal(kept, order)
    short = tmp_path / "short.parquet"
    pq.write_table(pq.read_table(datasets.path("network_order.parquet")).slice(1), short)
    monkeypatch.setattr(module.datasets, "path", lambda name: short)
    module._shipped_order(net.columns, tmp_path / "none")
    assert not (tmp_path / "none").exists()
