"""Distances are geodesic, near the pole and across the antimeridian too."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import corridors
from corridors.analysis import distances as ds
from corridors.errors import SchemaError, UnknownPlaceError
from corridors.geodesy import densify, distance_km, geod


@pytest.fixture(scope="module")
def atlas() -> corridors.Atlas:
    return corridors.load_atlas()


@settings(max_examples=60, deadline=None)
@given(
    lat=st.floats(-70, 78), lon=st.floats(-170, 170), azimuth=st.floats(0, 360),
    length=st.floats(20, 400), off=st.floats(0.1, 90),
)  # fmt: skip
def test_distance_to_a_line_is_the_geodesic_one(lat, lon, azimuth, length, off) -> None:
    lon2, lat2, _ = geod().fwd(lon, lat, azimuth, length * 1000)
    line = np.array([[lon, lat], [lon2, lat2]])
    if abs(lon2 - lon) > 180:
        return
    mid = densify(line, length / 2.0)[1]
    _, _, at_mid = geod().inv(*mid, lon2, lat2)
    bearing = geod().inv(*mid, lon2, lat2)[0]
    x, y, _ = geod().fwd(*mid, bearing + 90, off * 1000)
    km, along, _ = ds.LineIndex(line).nearest(x, y)
    # no vertex of the line, cut to 20 m, is nearer
    fine = densify(line, 0.02 if length < 60 else 0.1)
    best = float(np.min(distance_km(x, y, fine[:, 0], fine[:, 1])))
    assert km[0] == pytest.approx(best, abs=0.02)
    assert 0 <= along[0] <= length + 0.01
    assert at_mid > 0


def test_within_is_in_km_not_in_degrees() -> None:
    # one degree of longitude is 111 km at the equator and 29 km at 75 N
    for lat, inside in ((0.0, False), (75.0, True)):
        line = shapely.LineString([(10.0, lat), (10.0, lat + 2)])
        point = gpd.GeoDataFrame({"id": ["p"]}, geometry=[shapely.Point(11.0, lat + 1)],
                                 crs="EPSG:4326")  # fmt: skip
        found = ds.within_km(point, line, 50)
        assert (len(found) == 1) is inside
        if inside:
            assert found["distance_km"].iloc[0] == pytest.approx(
                float(distance_km(11.0, lat + 1, 10.0, lat + 1)), abs=0.5
            )
    with pytest.raises(SchemaError, match="above zero"):
        ds.within_km(point, line, 0)


def test_a_line_lies_within_if_a_part_of_it_does() -> None:
    # along a parallel in small steps: between far vertices a line is a geodesic and leaves it
    line = shapely.LineString([(60.0 + i / 10, 45.0) for i in range(101)])
    other = gpd.GeoDataFrame(
        {"id": ["crossing", "beside", "far"]},
        geometry=[
            shapely.LineString([(65.0, 40.0), (65.0, 50.0)]),
            shapely.LineString([(64.0, 45.05), (64.0, 48.0)]),
            shapely.LineString([(64.0, 47.0), (64.0, 48.0)]),
        ], crs="EPSG:4326",
    )  # fmt: skip
    found = ds.within_km(other, line, 10).set_index("id")
    assert set(found.index) == {"crossing", "beside"}
    assert found.loc["crossing", "distance_km"] == 0
    assert found.loc["beside", "distance_km"] == pytest.approx(
        float(distance_km(64, 45.0, 64, 45.05)), abs=0.1
    )


def test_a_buffer_is_as_wide_as_it_says() -> None:
    line = shapely.LineString([(60.0, 65.0), (63.0, 66.0)])
    area = ds.buffer_km(line, 25.0)
    edge = np.asarray(area.exterior.coords)
    km, _, _ = ds.LineIndex(line).nearest(edge[:, 0], edge[:, 1])
    assert km == pytest.approx(25.0, abs=0.5)
    with pytest.raises(SchemaError):
        ds.buffer_km(line, -1)


def test_nearest_assets_to_khorgos(atlas) -> None:
    found = ds.nearest_assets(atlas.assets, "khorgos-gateway", k=3)
    assert found["distance_km"].is_monotonic_increasing
    assert found["distance_km"].iloc[0] < 15
    x, y = 80.3001, 44.1649
    same = ds.nearest_assets(atlas.assets, (y, x), k=1).iloc[0]
    assert same["distance_km"] < 15
    assert float(distance_km(x, y, same["lon"], same["lat"])) == pytest.approx(
        same["distance_km"], abs=0.02
    )


def test_length_by_country_adds_up_and_stays_at_sea_on_the_caspian(atlas) -> None:
    gas = ds.asset_length_by_country(atlas, "central-asia-china-gas-a").set_index("country")
    assert set(gas.index) == {"UZ", "KZ", "CN"}
    assert gas.loc["UZ", "length_km"] == pytest.approx(529, rel=0.05)  # published
    assert gas.loc["KZ", "length_km"] == pytest.approx(1300, rel=0.06)
    assert gas["share"].sum() == pytest.approx(1.0, abs=0.001)
    ferry = ds.asset_length_by_country(atlas, "kuryk-alat-ferry").set_index("country")
    assert ferry.loc["", "share"] > 0.9
    with pytest.raises(UnknownPlaceError):
        ds.asset_length_by_country(atlas, "no-such-line")


def test_along_a_corridor_between_two_of_its_places(atlas) -> None:
    net = corridors.load_network()
    frame = ds.along(net, atlas, "middle-corridor", "altynkol", "aktau-port")
    assert frame.attrs["length_km"] == pytest.approx(3200, rel=0.06)  # published about 3,200
    assert frame["km_from_start"].iloc[-1] == pytest.approx(frame.attrs["length_km"], abs=0.01)
    assert frame.attrs["by_country_km"] == {"KZ": pytest.approx(frame.attrs["length_km"])}
    assert frame.attrs["geodesic_km"] < frame.attrs["length_km"]
    with pytest.raises(UnknownPlaceError, match="not on this corridor"):
        ds.along(net, atlas, "middle-corridor", "altynkol", "Vladivostok")
