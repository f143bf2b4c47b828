"""Flow and cut: networkx against a linear programme, and the gas system's own figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from corridors.analysis import flow as fl
from corridors.analysis import gas
from corridors.analysis.capacity import capacities
from corridors.analysis.tables import load_table
from corridors.errors import NoRouteError, SchemaError


def links_of(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["from_node", "to_node", "name", "capacity", "cost_per_unit"])


def lp(links: pd.DataFrame, sink: str, demand: float | None = None) -> float:
    """Maximum flow, or the least cost of a demand, by scipy; supplies have no from_node."""
    frame = links.reset_index(drop=True)
    nodes = sorted((set(frame["from_node"]) | set(frame["to_node"])) - {"", sink})
    balance = np.zeros((len(nodes), len(frame)))
    into = np.zeros(len(frame))
    for j, row in frame.iterrows():
        if row["from_node"] in nodes:
            balance[nodes.index(row["from_node"]), j] -= 1
        if row["to_node"] in nodes:
            balance[nodes.index(row["to_node"]), j] += 1
        into[j] = (row["to_node"] == sink) - (row["from_node"] == sink)
    bounds = [(0, None if math.isnan(c) else c) for c in frame["capacity"]]
    zero = np.zeros(len(nodes))
    if demand is None:
        done = linprog(-into, A_eq=balance, b_eq=zero, bounds=bounds)
        return -done.fun
    done = linprog(frame["cost_per_unit"], A_eq=np.vstack([balance, into]),
                   b_eq=np.append(zero, demand), bounds=bounds)  # fmt: skip
    return done.fun


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_max_flow_and_cut_agree_with_the_linear_programme(data) -> None:
    nodes = ["a", "b", "c", "sink"]
    n = data.draw(st.integers(1, 12))
    rows = [("", data.draw(st.sampled_from(nodes[:-1])), f"supply {i}",
             float(data.draw(st.integers(0, 20))), 0.0) for i in range(3)]  # fmt: skip
    for i in range(n):
        tail = data.draw(st.sampled_from(nodes[:-1]))
        head = data.draw(st.sampled_from([x for x in nodes if x != tail]))
        rows.append((tail, head, f"line {i}", float(data.draw(st.integers(0, 20))),
                     float(data.draw(st.integers(0, 9)))))  # fmt: skip
    links = links_of(rows)
    if "sink" not in set(links["to_node"]):
        return
    found = fl.max_flow(links, "sink")
    assert found.value == pytest.approx(lp(links, "sink"), abs=1e-6)
    # the cut is a proof: it is full, and it carries everything
    assert found.cut["capacity"].sum() == pytest.approx(found.value, abs=1e-6)
    assert (found.links["flow"] <= found.links["capacity"] + 1e-9).all()
    if found.value >= 1:
        demand = found.value * 0.5
        cheap = fl.cheapest_flow(links, "sink", demand)
        assert cheap.cost == pytest.approx(lp(links, "sink", demand), abs=1e-4)


def test_parallel_lines_stay_apart_and_unknown_capacity_is_unlimited() -> None:
    links = links_of([("a", "b", "A", 15.0, 1.0), ("a", "b", "B", 15.0, 1.0),
                      ("b", "c", "on", math.nan, 1.0)])  # fmt: skip
    found = fl.max_flow(links, "c", "a")
    assert found.value == 30 and found.cut["name"].tolist() == ["A", "B"]
    assert found.links["flow"].tolist() == [15, 15, 30]
    with pytest.raises(NoRouteError, match="nothing is known to limit"):
        fl.max_flow(links.iloc[2:], "c", "b")


def test_too_much_demand_says_what_limits_it() -> None:
    links = links_of([("a", "b", "narrow", 5.0, 1.0), ("b", "c", "wide", 50.0, 1.0)])
    with pytest.raises(NoRouteError, match=r"at most 5, limited by narrow"):
        fl.cheapest_flow(links, "c", 6, "a")


def test_links_with_faults_are_refused_with_all_of_them() -> None:
    links = links_of([("a", "b", "x", -1.0, 0.0), ("a", "b", "x", 1.0, 0.0)])
    with pytest.raises(SchemaError) as error:
        fl.max_flow(links, "b", "a")
    assert len(error.value.findings) == 2
    with pytest.raises(SchemaError, match="no node"):
        fl.max_flow(links_of([("a", "b", "x", 1.0, 0.0)]), "z", "a")
    with pytest.raises(SchemaError, match="capacity"):
        fl.max_flow(links.drop(columns="capacity"), "b", "a")
    with pytest.raises(SchemaError, match="no link 'nothing'"):
        fl.without(links, ["nothing"])


def test_gas_55_bcm_fill_the_three_lines() -> None:
    today = gas.gas_flow(2026)
    assert today.value == pytest.approx(55)
    assert set(today.cut["id"]) == {"line-a-3", "line-b-3", "line-c-3"}
    assert today.value == pytest.approx(lp(gas.gas_links(2026), gas.SINK))
    used = gas.gas_use(55).links.set_index("id")
    assert used.loc[["west-east-2-west", "west-east-3-west"], "flow"].sum() == pytest.approx(55)
    assert used.loc["horgos-compressors", "used"] == pytest.approx(55 / 58.4, abs=1e-3)
    with pytest.raises(NoRouteError, match="at most 55"):
        gas.gas_use(56)


def test_gas_outages_and_line_d() -> None:
    assert gas.gas_flow(without_links=["line-c-3"]).value == pytest.approx(30)
    lost = gas.gas_outages().set_index("name")
    assert lost.loc["Horgos compressor station", "left"] == 0
    assert lost.loc["Line A Shymkent–Horgos", "loss"] == pytest.approx(15)
    # line D carries 30 and brings no more than West-East 4 takes
    more = gas.gas_flow(2030, add=gas.LINE_D)
    assert more.value == pytest.approx(55 + 15)
    assert more.value == pytest.approx(lp(gas.gas_links(2030, add=gas.LINE_D), gas.SINK))
    assert "west-east-4-west" in set(more.cut["id"]) or "west-east-4-far-west" in set(
        more.cut["id"]
    )
    # it is stalled: it counts only where it is added
    assert gas.gas_flow(2035).value == pytest.approx(55)


def test_the_range_of_the_gas_flow_holds_the_value() -> None:
    frame = fl.flow_range(gas.gas_links(), gas.SINK).set_index("case")["flow"]
    assert frame["low"] <= frame["as given"] <= frame["high"]


@pytest.mark.parametrize(("name", "value"), [("capacities", "mt"), ("gas_system", "capacity")])
def test_tables_have_ranges_sources_and_ids(name, value) -> None:
    frame = load_table(name)
    assert frame["id"].is_unique
    assert (
        frame["source"].notna().all() and frame["confidence"].isin(["high", "medium", "low"]).all()
    )
    triples = (
        [("mt_low", "mt_per_year", "mt_high"), ("teu_low", "teu_per_year", "teu_high")]
        if value == "mt" else [("low", "capacity_bcm_per_year", "high")]
    )  # fmt: skip
    for low, mid, high in triples:
        part = frame.dropna(subset=[mid])
        assert (part[low] <= part[mid]).all() and (part[mid] <= part[high]).all(), mid


def test_gas_lines_are_those_of_the_atlas() -> None:
    import corridors

    assets = corridors.load_atlas().assets.set_index("id")
    links = gas.gas_links().set_index("id")
    for letter in "abc":
        capacity = float(assets.loc[f"central-asia-china-gas-{letter}", "capacity"])
        for piece in (1, 2, 3):
            assert links.loc[f"line-{letter}-{piece}", "capacity"] == capacity
    parts = links.loc[["line-a-1", "line-a-2", "line-a-3"], "length_km"].sum()
    assert parts == pytest.approx(1833, rel=0.01)


def test_capacities_stand_on_things_that_exist() -> None:
    import corridors
    from corridors.analysis.named import place_of

    net = corridors.load_network()
    for year in (2023, 2026, 2031):
        for unit in ("mt", "teu"):
            for c in capacities(unit, year):
                for at in c.at:
                    for ident in at.split(">"):
                        assert ident in net.facilities or place_of(net, ident), (c.id, at)


def test_the_middle_corridors_cut_agrees_with_the_linear_programme() -> None:
    import corridors

    net, atlas = corridors.load_network(), corridors.load_atlas()
    for unit, kinds in (("mt", None), ("mt", ("crossing", "line", "port")), ("teu", None)):
        links = fl.corridor_links(net, atlas, "middle-corridor", unit=unit, kinds=kinds)
        found = fl.max_flow(links, "poti-port", "xian-international-port", unit=unit)
        source = pd.DataFrame([{"from_node": "", "to_node": "xian-international-port",
                                "name": "all", "capacity": np.nan}])  # fmt: skip
        assert found.value == pytest.approx(lp(pd.concat([links, source]), "poti-port"))
        assert found.cut["capacity"].sum() == pytest.approx(found.value)
        cheap = fl.cheapest_flow(links, "poti-port", found.value, "xian-international-port")
        assert cheap.cost > 0
