"""Ways over water, and the sea that is built from them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from corridors.errors import NoRouteError
from corridors.geodesy import distance_km, line_length_km
from corridors.network import water

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
