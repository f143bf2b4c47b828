"""Reach in hours: points, lines and areas that agree with one another and with the matrix."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import corridors
from corridors.geodesy import distance_km
from corridors.routing.isochrone import _to_degrees, hours_to_nodes
from corridors.routing.profile import Profile, quantum
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "KG", "TM", "AZ", "GE"}


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return cut_out(corridors.load_network(), SOUTH, south=35.0)


def test_points_have_the_matrix_s_hours(net) -> None:
    reach = net.isochrone("Almaty", [24, 72], modes=["rail"])
    points = reach.points
    assert len(points) >= 5 and points["hours"].is_monotonic_increasing
    assert points["hours"].max() <= 72 and set(points["within_h"]) == {24.0, 72.0}
    assert (points["hours"] <= points["within_h"]).all()
    hours = net.matrix(["Almaty"], points["id"].tolist(), modes=["rail"]).values[0]
    assert np.allclose(points["hours"], hours, atol=2e-3)
    missing = [p.id for p in net.names.atlas_places() if p.id not in set(points["id"])
               and p.kind == "city"]  # fmt: skip
    rest = net.matrix(["Almaty"], missing, modes=["rail"]).values[0]
    assert not (rest <= 72).any()


def test_hours_to_nodes_are_the_engine_s(net) -> None:
    w = net.weighted(Profile(modes=("rail", "road")))
    place = net.place("Tashkent")
    found, _ = hours_to_nodes(net, w, place, 40.0)
    from corridors.routing.joins import access_of, directed

    joins = directed(net, access_of(net, [place], w), w, arriving=False)
    nodes = np.random.default_rng(0).integers(0, net.columns.n_nodes, 200)
    table = w.metric.matrix(joins.node, nodes).astype(float)
    table[table >= 2147483647] = np.inf
    truth = (table + joins.offset[:, None]).min(axis=0) * quantum(w.profile)
    inside = truth <= 40.0
    assert np.allclose(found[nodes[inside]], truth[inside], atol=1e-3)
    assert (found[nodes[~inside]] > 39.999).all()


def test_lines_are_cut_where_the_hours_end() -> None:
    net = grid(5, seed=1)
    c = net.columns
    limit = 8.0
    reach = net.isochrone("road-2-2", [3.5, limit], modes=["road"])
    edges = reach.edges
    assert (edges["hours_from"] <= edges["hours_to"] + 1e-9).all()
    assert edges["hours_to"].max() == pytest.approx(limit)
    assert set(edges["within_h"]) == {3.5, limit} and set(edges["mode"]) == {"road"}
    w = net.weighted(Profile(modes=("road",)))
    node_h, _ = hours_to_nodes(net, w, net.place("road-2-2"), 1000.0)
    hours = w.weights * quantum(w.profile)
    for edge, group in edges.groupby("edge"):
        a, b, t = node_h[c.e_u[edge]], node_h[c.e_v[edge]], hours[edge]
        b_in = np.inf if c.e_oneway[edge] else b
        share = min(1.0, max(0.0, (limit - a) / t) + max(0.0, (limit - b_in) / t))
        whole = shapely.LineString(c.line(int(edge))).length
        drawn = shapely.length(np.asarray(group.geometry.array)).sum()
        assert drawn == pytest.approx(share * whole, rel=2e-3)
        if share >= 1.0 and np.isfinite(b_in):
            assert group["hours_to"].iloc[0] == pytest.approx(min((a + b + t) / 2, limit), abs=2e-3)
    reached = set(edges["edge"])
    lines = np.flatnonzero((c.e_kind == 0) & (c.e_mode == 1))
    for edge in lines.tolist():
        b_in = np.inf if c.e_oneway[edge] else node_h[c.e_v[edge]]
        assert (min(node_h[c.e_u[edge]], b_in) < limit) == (edge in reached)


def test_a_place_inside_a_long_line_reaches_both_ways() -> None:
    import pandas as pd

    nodes = pd.DataFrame({"id": ["a", "b"], "lon": [60.0, 70.0], "lat": [45.0, 45.0]})
    edges = pd.DataFrame([{"u": "a", "v": "b", "mode": "road"}])
    net = corridors.from_frames(nodes, edges)
    reach = net.isochrone((45.0, 65.0), [1.0], modes=["road"])
    assert len(reach.edges) == 1
    west, _, east, _ = reach.edges.total_bounds
    assert 63.5 < west < 64.9 and 65.1 < east < 66.5


def test_areas_lie_within_each_other_and_follow_the_lines(net) -> None:
    reach = net.isochrone("Almaty", [6, 24, 48], modes=["rail", "road"], buffer_km=20)
    areas = reach.polygons
    assert areas["hours"].tolist() == [6.0, 24.0, 48.0] and areas.geometry.is_valid.all()
    assert areas.crs.to_epsg() == reach.edges.crs.to_epsg() == 4326
    place = net.place("Almaty")
    assert areas.geometry.iloc[0].contains(shapely.Point(place.lon, place.lat))
    for small, large in zip(areas.geometry.iloc[:-1], areas.geometry.iloc[1:], strict=True):
        assert shapely.difference(small, large).area < 1e-9
    for hours, area in zip(areas["hours"], areas.geometry, strict=True):
        lines = reach.edges[reach.edges["within_h"] <= hours].geometry
        assert lines.within(area).mean() > 0.999
    edge = np.array(areas.geometry.iloc[-1].geoms[0].exterior.coords
                    if areas.geometry.iloc[-1].geom_type == "MultiPolygon"
                    else areas.geometry.iloc[-1].exterior.coords)  # fmt: skip
    lines = np.asarray(reach.edges.geometry.array)
    for x, y in edge[:: max(len(edge) // 20, 1)]:
        near = shapely.shortest_line(
            shapely.Point(x, y), lines[shapely.dwithin(lines, shapely.Point(x, y), 0.8)]
        )
        ends = shapely.get_coordinates(near).reshape(-1, 4)
        assert np.min(distance_km(*ends.T), initial=1e9) < 20 * 1.6


def test_an_area_over_the_antimeridian_is_cut_there() -> None:
    import pyproj

    plane = pyproj.CRS.from_proj4("+proj=aeqd +lat_0=65 +lon_0=179 +datum=WGS84 +units=km")
    there = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    area = _to_degrees(shapely.Point(0, 0).buffer(150), there, 179.0)
    west, _, east, _ = area.bounds
    assert area.is_valid and (west, east) == (-180.0, 180.0)
    assert len(area.geoms) == 2


@pytest.mark.parametrize(
    ("hours", "terms", "said"),
    [([], {}, "hours"), ([0], {}, "hours"), ([float("nan")], {}, "hours"), (["x"], {}, "hours"),
     ([24], {"buffer_km": 0}, "buffer_km"), ([24], {"modes": ["zeppelin"]}, "mode")],
)  # fmt: skip
def test_bad_questions_get_one_clear_line(net, hours, terms, said) -> None:
    with pytest.raises(corridors.SchemaError, match=said) as caught:
        net.isochrone("Almaty", hours, **terms)
    assert "\n" not in str(caught.value)
    with pytest.raises(corridors.SnapError, match="too far"):
        net.isochrone("21.3,-157.9", [24])
    with pytest.raises(corridors.NoRouteError, match="closed"):
        net.isochrone("aktau-port", [24], avoid=["aktau-port"])
