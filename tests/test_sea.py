"""Ways over water, and the sea that is built from them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from corridors.errors import CorridorsError, NoRouteError
from corridors.geodesy import distance_km, line_length_km
from corridors.network import water
from corridors.network.frames import Graph, components

# a sea of about 330 by 330 km with an island, a spit and a bay behind it
COAST = shapely.box(49.0, 39.0, 55.0, 45.0).difference(shapely.box(50.0, 40.0, 54.0, 44.0))
ISLAND = shapely.box(51.7, 41.0, 52.3, 43.0)
SPIT = shapely.Polygon([(53.99, 41.0), (53.2, 41.0), (53.2, 40.3), (53.25, 40.3), (53.25, 40.95),
                        (53.99, 40.95)])  # fmt: skip
LAND = water.land_from([COAST, ISLAND, SPIT])
FIELD = water.field(LAND, (49.9, 39.9, 54.1, 44.1))


def test_points_and_segments_on_land() -> None:
    assert list(water.on_land(LAND, [52.0, 51.0, 49.5], [42.0, 42.0, 42.0])) == [True, False, True]
    over = water.land_km(LAND, [[51.0, 42.0], [50.5, 43.5]], [[53.0, 42.0], [53.5, 43.5]])
    assert over[0] == pytest.approx(distance_km(51.7, 42.0, 52.3, 42.0), rel=1e-6)
    assert over[1] == 0.0


def test_the_way_goes_round_the_island_and_keeps_off_it() -> None:
    line = water.shortest_way(FIELD, (51.0, 42.0), (53.0, 42.0))
    assert water.line_land_km(LAND, line) == 0.0
    straight = distance_km(51.0, 42.0, 53.0, 42.0)
    assert straight < line_length_km(line) < 330.0
    inner = shapely.MultiPoint(line[1:-1])
    assert inner.distance(ISLAND) * 82.0 > 2.5  # km per degree of longitude at 42 N, about


def test_the_way_into_the_bay_goes_round_the_spit() -> None:
    line = water.shortest_way(FIELD, (53.0, 40.9), (53.3, 40.9))
    assert water.line_land_km(LAND, line) == 0.0
    assert line_length_km(line) > 2 * distance_km(53.2, 40.9, 53.2, 40.3) * 0.95


def test_no_water_no_way() -> None:
    with pytest.raises(NoRouteError, match="no way over water"):
        water.shortest_way(FIELD, (51.0, 42.0), (52.0, 42.0))  # the end is inside the island
    with pytest.raises(NoRouteError, match="no open water"):
        water.leave_land(water.pool(LAND, (49.1, 39.1, 49.4, 39.4)), 49.2, 39.2)


def test_a_port_leaves_the_land_by_the_shortest_way() -> None:
    x, y = water.leave_land(FIELD, 49.98, 42.0)
    assert x == pytest.approx(50.0, abs=0.003)
    assert y == pytest.approx(42.0, abs=0.003)
    assert water.leave_land(FIELD, 51.0, 42.0) == (51.0, 42.0)


def test_rings_over_the_antimeridian_are_cut_there() -> None:
    island = shapely.Polygon([(179.0, 0.0), (-179.0, 0.0), (-179.0, 1.0), (179.0, 1.0)])
    land = water.land_from([island])
    assert list(water.on_land(land, [179.5, -179.5, 0.0], [0.5, 0.5, 0.5])) == [True, True, False]


ON_WATER = st.tuples(st.floats(50.02, 53.1), st.floats(40.02, 43.98)).filter(
    lambda p: not water.on_land(LAND, *p)[0]
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ON_WATER, ON_WATER)
def test_ways_are_over_water_no_shorter_than_the_earth_allows_and_the_same_back(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    line = water.shortest_way(FIELD, a, b)
    assert line_length_km(line) >= distance_km(*a, *b) - 1e-6
    assert water.line_land_km(LAND, line) == 0.0
    assert np.array_equal(water.shortest_way(FIELD, b, a), line[::-1])
    assert tuple(line[0]) == a
    assert tuple(line[-1]) == b


# ---------------------------------------------------------------- the build script

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def sea() -> Iterator[ModuleType]:
    """data/build/sea.py, which is no package's module."""
    folder = str(ROOT / "data" / "build")
    sys.path.insert(0, folder)
    yield importlib.import_module("sea")
    sys.path.remove(folder)


def test_a_strait_names_two_km_of_the_lane_that_crosses_its_gate(sea: ModuleType) -> None:
    net = sea.Net()
    net.add([(50.0, 42.0), (51.0, 42.0)], origin="searoute", precision="traced")
    net.add([(50.0, 43.0), (51.0, 43.0)], origin="searoute", precision="traced")
    row = {"id": "strait:x", "lat1": "41.9", "lon1": "50.5", "lat2": "42.1", "lon2": "50.5"}
    sea.name_straits(net, pd.DataFrame([row]))
    named = [k for k, told in net.segments.items() if told["facility"] == "strait:x"]
    assert len(named) == 1 and len(net.segments) == 4
    (a, b) = named[0]
    assert distance_km(*a, *b) == pytest.approx(2.0, abs=0.02)
    assert a[0] < 50.5 < b[0]
    with pytest.raises(CorridorsError, match="crosses no lane"):
        sea.name_straits(net, pd.DataFrame([{**row, "lon1": "53", "lon2": "53"}]))


def test_a_port_joins_the_lane_and_is_on_no_way_to_another_place(sea: ModuleType) -> None:
    net = sea.Net()
    net.add([(50.6, 41.0), (50.6, 43.0)], origin="searoute", precision="traced")
    told = {"facility": "p-port", "status": "operating", "from_year": 0, "to_year": 0}
    start, km = sea.join_port(net, LAND, "p-port", (49.99, 42.0), told)
    assert not water.on_land(LAND, *start)[0]
    assert km == pytest.approx(distance_km(49.99, 42.0, 50.6, 42.0), rel=0.02)
    nodes, edges = sea.to_frames(net, {"p-port": (49.99, 42.0)})
    port = int(nodes.index[nodes["terminal"] == "p-port"][0])
    own = edges[(edges["u"] == port) | (edges["v"] == port)]
    assert list(own["facility"]) == ["p-port"]
    assert nodes["side"][port] == "sea"
    lane = edges[edges["origin"] == "searoute"]
    assert len(lane) == 2  # cut where the approach comes in
    assert lane["length_km"].sum() == pytest.approx(distance_km(50.6, 41.0, 50.6, 43.0), rel=1e-6)
    with pytest.raises(CorridorsError, match="no way over water"):
        sea.join_port(net, LAND, "inland", (49.2, 39.2), told)


def test_lanes_over_land_are_led_round_it_or_dropped(sea: ModuleType) -> None:
    net = sea.Net()
    net.add([(51.5, 42.5), (52.5, 42.5)], origin="searoute", precision="traced")
    net.add([(49.2, 39.5), (49.8, 39.5)], origin="searoute", precision="traced")
    sea.repair(net, LAND)
    ends = np.array(list(net.segments))
    assert water.land_km(LAND, ends[:, 0], ends[:, 1]).max() == 0.0
    kinds = [f["kind"] for f in net.facts]
    assert sorted(kinds) == ["lane dropped", "lane led round land"]


def test_tables_of_the_sea_are_whole(sea: ModuleType) -> None:
    terminals = set(sea.read_table("terminals.csv")["id"])
    channels = sea.read_channels()
    assert len({c.id for c in channels}) == len(channels)
    assert all(len(c.course) > 1 and line_length_km(np.array(c.course)) > 1 for c in channels)
    straits = sea.read_table("straits.csv")
    assert straits["id"].is_unique and straits["id"].str.startswith("strait:").all()
    known = sea.read_table("sea_distances.csv")
    assert set(known["from_terminal"]) | set(known["to_terminal"]) <= terminals
    assert set(known["avoid"]) - {""} <= set(straits["id"])
    for name in ("straits.csv", "channels.csv", "no_passage.csv", "sea_distances.csv"):
        table = sea.read_table(name)
        assert (table["source"] != "").all()
        assert table["confidence"].isin(["high", "medium", "low"]).all()


# ---------------------------------------------------------------- what ships


@pytest.fixture(scope="module")
def shipped() -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = ROOT / "data" / "geo"
    nodes = pd.read_parquet(folder / "network_nodes.parquet")
    return nodes, gpd.read_parquet(folder / "network_sea.parquet")


def test_shipped_lanes_are_no_shorter_than_drawn(
    shipped: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    _, edges = shipped
    lanes = edges[edges["mode"].isin(["sea", "ferry"]) & (edges["kind"] == "line")]
    for km, line in zip(lanes["length_km"], lanes.geometry, strict=True):
        assert km >= line_length_km(shapely.get_coordinates(line)) * 0.999 - 0.01
    assert (lanes["country"] == "").all()


def test_shipped_straits_and_seas(
    sea: ModuleType, shipped: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    nodes, edges = shipped
    lanes = edges[(edges["mode"] == "sea") & (edges["kind"] == "line")]
    assert set(sea.read_table("straits.csv")["id"]) <= set(lanes["facility"])
    labels = components(Graph(nodes, lanes[["u", "v"]]))
    ports = nodes[nodes.index.isin(set(lanes["u"]) | set(lanes["v"])) & (nodes["terminal"] != "")]
    # the oceans with the Black Sea, and the Caspian
    of = dict(zip(ports["terminal"], labels[ports.index], strict=True))
    assert len(set(of.values())) == 2
    assert of["poti-port"] == of["shanghai-port"] != of["aktau-port"] == of["alat-port"]


def test_shipped_sea_distances_are_those_published(
    sea: ModuleType, shipped: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    nodes, edges = shipped
    lanes = edges[(edges["mode"] == "sea") & (edges["kind"] == "line")]
    on_lane = nodes.index.isin(set(lanes["u"]) | set(lanes["v"]))
    found = sea.check(
        nodes.assign(side=np.where(on_lane, "sea", "")), lanes, sea.read_table("sea_distances.csv")
    )
    assert found["within"].all(), found.to_string()
