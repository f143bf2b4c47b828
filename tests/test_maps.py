"""The map as a file: what it holds, that it loads nothing, and that it is the same every time."""

from __future__ import annotations

import importlib.util
import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, Point, Polygon

import corridors
from corridors.errors import CorridorsError, SchemaError
from corridors.maps import assets as built
from corridors.maps import draw, encode, hubs, page, payload, static, view
from map_samples import (
    HOSTILE,
    FakeRoute,
    assets,
    hub_graph,
    other_route,
    places,
    route,
    write_basemap,
)

needs_assets = pytest.mark.skipif(
    not built.available(), reason="the web assets are not built: cd web && npm ci && npm run build"
)


@pytest.fixture(autouse=True)
def basemap(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Draw on a small base map, so that these tests do not depend on the shipped one."""
    path = write_basemap(tmp_path_factory.mktemp("base"))
    monkeypatch.setattr(view, "basemap_path", lambda: path)
    return path


def atlas() -> dict[str, gpd.GeoDataFrame]:
    return {"assets": assets(), "places": places()}


def data_of(html: str) -> Any:
    """Return the structure that a page carries."""
    found = re.search(r'<script type="application/json" id="[^"]*">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found.group(1))


# ---- shapes and texts


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=2, max_size=30),
    st.sampled_from([2, 3, 4]),
)
def test_a_line_comes_back_within_its_rounding(
    coords: list[tuple[float, float]], decimals: int
) -> None:
    back = encode.decode_line(encode.encode_line(coords, decimals), decimals)
    rounded = [tuple(p) for p in np.round(np.array(coords) * 10**decimals).astype(int).tolist()]
    kept = [p for i, p in enumerate(rounded) if i == 0 or p != rounded[i - 1]]
    expected = kept if len(kept) >= 2 else rounded[:2]
    assert [(round(x * 10**decimals), round(y * 10**decimals)) for x, y in back] == expected


def test_a_line_is_a_fifth_of_its_geojson() -> None:
    coords = np.cumsum(np.full((500, 2), 0.011), axis=0) + np.array([60, 40])
    text = encode.encode_line(coords)
    assert len(text) < len(json.dumps(coords.round(3).tolist())) / 4
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


@given(st.text(max_size=60))
def test_no_text_can_leave_the_data(text: str) -> None:
    out = encode.script_json({"name": text})
    assert not set(out) & set("<>&\u2028\u2029")
    assert json.loads(out) == {"name": text}


def test_cells_become_json() -> None:
    assert encode.clean(float("nan")) is None
    assert encode.clean(np.int64(3)) == 3
    assert encode.clean(1234.5678) == 1234.57
    assert encode.clean(2009.0) == 2009
    assert encode.clean(1234.5678, digits=15) == 1234.5678
    assert encode.clean({"a": None, "b": [1.0, None]}) == {"b": [1, None]}
    assert encode.clean("") is None
    assert encode.clean(np.datetime64("NaT")) is None


def test_coordinates_are_rounded_to_what_the_precision_deserves() -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b"], "precision": ["surveyed", "approximate"]},
        geometry=[Point(50.123456, 40.123456)] * 2,
        crs="EPSG:4326",
    )
    _, points, _ = payload.features_of({"spots": frame})
    assert [(p["x"], p["y"]) for p in points] == [(50.1235, 40.1235), (50.12, 40.12)]
    assert [p["kind"] for p in points] == ["spots", "spots"]


def test_every_shape_is_drawn_and_empty_ones_are_left_out() -> None:
    shapes = [
        Point(50, 40),
        MultiPoint([(51, 41), (52, 42)]),
        LineString([(50, 40), (51, 41)]),
        Polygon([(60, 40), (61, 40), (61, 41)]),
        LineString(),
        None,
    ]
    frame = gpd.GeoDataFrame({"name": list("abcdef")}, geometry=shapes, crs="EPSG:4326")
    lines, points, boxes = payload.features_of({"mine": frame})
    assert [p["name"] for p in points] == ["a", "b", "b"]
    assert [r["name"] for r in lines] == ["c", "d"]
    assert len(boxes) == 4


def test_years_have_one_name_whatever_the_table() -> None:
    lines, points, _ = payload.features_of(atlas())
    by_id = {r["id"]: r for r in lines}
    assert by_id["new-line"]["from_y"] == 2030
    assert by_id["old-ferry"]["to_y"] == 2015
    assert "to_y" not in by_id["gas"]
    assert "from_y" not in points[0]


def test_only_the_wanted_kinds_are_drawn() -> None:
    lines, points, _ = payload.features_of(atlas(), ["railway", "port"])
    assert {r["kind"] for r in lines + points} == {"railway", "port"}


def test_other_reference_systems_are_brought_to_degrees() -> None:
    frame = places().to_crs("EPSG:3857")
    _, points, _ = payload.features_of(payload.frames_of(frame))
    assert points[0]["x"] == pytest.approx(87.6, abs=1e-3)


def test_a_frame_without_reference_system_is_refused() -> None:
    with pytest.raises(SchemaError, match="has no CRS"):
        payload.frames_of({"mine": gpd.GeoDataFrame(geometry=[Point(1, 2)])})


def test_what_is_not_a_map_thing_is_refused() -> None:
    with pytest.raises(SchemaError, match="cannot draw a int"):
        corridors.explore(3)
    with pytest.raises(SchemaError, match="theme 'blue'"):
        corridors.explore(places(), theme="blue")
    with pytest.raises(SchemaError, match="m is a str"):
        corridors.explore(places(), m="map")


def test_route_legs_keep_their_figures_and_get_their_shapes() -> None:
    fake = route()
    data, box = payload.route_of(fake, "By rail")
    legs = fake.to_dict()["legs"]
    assert data["label"] == "By rail"
    assert sum(leg["length_km"] for leg in data["legs"]) == pytest.approx(
        data["length_km"], abs=1e-9
    )
    assert [leg["hours"] for leg in data["legs"]] == [leg["hours"] for leg in legs]
    assert ["g" in leg for leg in data["legs"]] == [leg["kind"] == "line" for leg in legs]
    assert all("x" in leg for leg in data["legs"] if leg["kind"] != "line")
    assert box == pytest.approx([41.667, 39.976, 87.6, 44.203], abs=1e-3)


def test_a_route_whose_shapes_do_not_fit_its_legs_is_refused() -> None:
    class Broken(FakeRoute):
        def to_gdf(self) -> gpd.GeoDataFrame:
            return super().to_gdf().iloc[1:]

    with pytest.raises(SchemaError, match="8 legs but 7 shapes"):
        payload.route_of(Broken(route().stops))


def test_the_hub_graph_travels_once_for_both_ways() -> None:
    graph = hub_graph()
    graph.add_edge(0, 1, **{**graph.edges[0, 1, 0], "hours": 1.5})  # one way only
    found = hubs.hubs_of(graph)
    assert found is not None
    columns = found["edges"]
    both = columns["both"]
    assert len(found["nodes"]) == graph.number_of_nodes()
    assert sum(2 if b else 1 for b in both) == graph.number_of_edges()
    assert both.count(0) == 1
    assert columns["hours"][both.index(0)] == 1.5
    assert {len(c) for c in columns.values()} == {len(both)}
    assert len(found["shapes"]) <= len(both)
    assert found["names"] == {"aktau-alat": "Ferry Aktau–Alat"}
    facilities = [found["sets"][i] for i in columns["facilities"]]
    assert ["aktau-alat", "alat"] in facilities
    assert found["more"] == {}


def test_the_weights_of_the_hub_graph_keep_nine_digits() -> None:
    graph = hub_graph()
    graph.edges[0, 1, 0]["hours"] = graph.edges[1, 0, 0]["hours"] = 20.123456789012
    found = hubs.hubs_of(graph)
    assert found is not None
    assert 20.1234568 in found["edges"]["hours"]
    assert hubs.hubs_of(None) is None


# ---- the file


@needs_assets
def test_the_map_is_a_folium_map_and_one_file_that_loads_nothing(tmp_path: Path) -> None:
    m = corridors.explore(atlas(), routes=[route()], hub_graph=hub_graph())
    assert isinstance(m, folium.Map)
    path = corridors.save_map(m, tmp_path / "map.html")
    html = path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]
    assert not re.findall(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:https?:)?//""", html)
    assert not re.findall(r"@import|sourceMappingURL", html)
    assert not re.findall(r"url\(\s*[\"']?(?!data:|#)[^)]", html)
    for word in ("jquery", "bootstrap", "font-awesome", "AwesomeMarkers"):
        assert word not in html.lower()
    data = data_of(html)
    assert {r["kind"] for r in data["lines"]} == set(assets()["kind"])
    assert len(data["points"]) == len(places())
    assert data["routes"][0]["legs"][0]["from"] == "Urumqi"
    assert any("OpenStreetMap contributors (ODbL" in a for a in data["attribution"])


@needs_assets
def test_the_same_map_has_the_same_bytes_and_saving_again_adds_nothing(tmp_path: Path) -> None:
    def make() -> folium.Map:
        m = corridors.explore(atlas(), routes={"A": route(), "B": other_route()})
        folium.Marker([43, 77], popup="here", tooltip="there").add_to(m)
        folium.GeoJson(places().__geo_interface__, name="mine").add_to(m)
        return m

    one = make()
    first = corridors.save_map(one, tmp_path / "1.html").read_bytes()
    again = corridors.save_map(one, tmp_path / "2.html").read_bytes()
    other = corridors.save_map(make(), tmp_path / "3.html").read_bytes()
    assert first == again
    assert first == other


@needs_assets
def test_a_map_of_ours_alone_is_sealed_and_one_with_other_layers_is_not(tmp_path: Path) -> None:
    m = corridors.explore(places())
    sealed = corridors.save_map(m, tmp_path / "1.html").read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'sha256-" in sealed
    folium.CircleMarker([43, 77]).add_to(m)
    other = corridors.save_map(m, tmp_path / "2.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" not in other


@needs_assets
def test_layers_of_folium_can_be_added_and_bring_what_they_need(tmp_path: Path) -> None:
    m = corridors.explore(places())
    folium.Marker([43, 77], popup=folium.Popup("<b>mine</b>")).add_to(m)
    html = corridors.save_map(m, tmp_path / "map.html").read_text(encoding="utf-8")
    assert "jQuery" in html
    assert not re.findall(r'src="http', html)


@needs_assets
def test_a_layer_that_loads_from_a_network_is_said(tmp_path: Path) -> None:
    m = corridors.explore(places())
    folium.Marker([43, 77], icon=folium.Icon(icon="train", prefix="fa")).add_to(m)
    with pytest.warns(UserWarning, match="will load from a network.*awesome-markers"):
        corridors.save_map(m, tmp_path / "map.html")


@needs_assets
def test_online_tiles_are_asked_for(tmp_path: Path) -> None:
    m = corridors.explore(places(), tiles="https://tiles.example/{z}/{x}/{y}.png")
    html = corridors.save_map(m, tmp_path / "map.html").read_text(encoding="utf-8")
    assert "https://tiles.example/{z}/{x}/{y}.png" in html
    assert "Tiles: tiles.example" in html
    assert data_of(html)["base"] is None


@needs_assets
@pytest.mark.parametrize("kind", ["map", "group", "late group"])
def test_drawing_into_a_map_or_group_of_ones_own(tmp_path: Path, kind: str) -> None:
    mine = folium.Map(tiles=None)
    group = folium.FeatureGroup(name="corridors")
    if kind == "group":
        group.add_to(mine)
    target = mine if kind == "map" else group
    assert corridors.explore(atlas(), routes=route(), m=target) is target
    if kind == "late group":
        group.add_to(mine)
    html = corridors.save_map(target, tmp_path / "map.html").read_text(encoding="utf-8")
    assert data_of(html)["base"] is None
    assert html.count("corridorsMap.start(") == 1
    assert not re.findall(r'(?:src|href)="http', html)


def test_a_group_on_no_map_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(CorridorsError, match="is on no map"):
        corridors.save_map(folium.FeatureGroup(), tmp_path / "map.html")


@needs_assets
def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CorridorsError, match="is not there"):
        corridors.save_map(corridors.explore(places()), tmp_path / "no" / "map.html")


@needs_assets
def test_a_failed_export_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    m = corridors.explore(places())

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        corridors.save_map(m, tmp_path / "map.html")
    assert list(tmp_path.iterdir()) == []


@needs_assets
def test_hostile_names_stay_text_in_the_file(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"name": HOSTILE, "note": HOSTILE, "kind": HOSTILE},
        geometry=[Point(50 + i, 45) for i in range(len(HOSTILE))],
        crs="EPSG:4326",
    )
    html = corridors.save_map(
        corridors.explore({"<b>mine": frame}, title=HOSTILE[1], notes=HOSTILE), tmp_path / "m.html"
    ).read_text(encoding="utf-8")
    assert [p["name"] for p in data_of(html)["points"]] == list(HOSTILE)
    assert (
        "<img" not in html.replace("<img ", "<img ", 0) or "onerror" not in html.split("<body>")[0]
    )
    assert 'onerror="window' not in html
    assert "<script>window.hacked" not in html
    assert "{{ 7 * 7 }}" in html


def test_a_broken_name_has_bytes(tmp_path: Path) -> None:
    page.write_whole(tmp_path / "x.html", "lone \ud800 surrogate")
    assert (tmp_path / "x.html").read_bytes() == b"lone ? surrogate"


@needs_assets
def test_assets_can_stand_beside_the_page(tmp_path: Path) -> None:
    m = corridors.explore(places())
    path = corridors.save_map(m, tmp_path / "map.html", link_assets=True)
    html = path.read_text(encoding="utf-8")
    linked = set(re.findall(r'(?:src|href)="(map_files/[^"]+)"', html))
    assert linked == {
        f"map_files/{n}" for n in ("leaflet.js", "leaflet.css", "corridors.js", "corridors.css")
    }
    assert all((tmp_path / name).is_file() for name in linked)
    assert len(html) < len(corridors.save_map(m, tmp_path / "whole.html").read_text()) / 2


@needs_assets
def test_under_a_notebook_cell_the_map_is_whole() -> None:
    html = corridors.explore(places(), height=420)._repr_html_()
    assert 'height="420px"' in html
    assert "corridorsMap.start" in html
    assert "cdn" not in html


def test_without_the_built_assets_the_map_is_plain_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built, "FOLDER", tmp_path / "nowhere")
    frame = places(urumqi=HOSTILE[0] + HOSTILE[4] + HOSTILE[3])
    with pytest.warns(UserWarning, match="web assets of the map are not built"):
        m = corridors.explore({"assets": assets(), "places": frame}, routes=[route()])
    with pytest.warns(UserWarning, match="will load from a network.*leaflet"):
        html = corridors.save_map(m, tmp_path / "plain.html").read_text(encoding="utf-8")
    assert "leaflet.js" in html
    assert "Northern Xinjiang railway" in html
    assert "<img src=x" not in html
    assert "${window" not in html


# ---- static maps


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_static_map_is_whole_and_the_same_every_time(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for path in files:
        draw(atlas(), [route(), other_route()], path=path, title="Two ways $x$", dpi=60)
    first, second = (p.read_bytes() for p in files)
    assert first == second
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    assert sorted(tmp_path.iterdir()) == files


def test_a_static_map_holds_hostile_names_and_refuses_other_endings(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    frame = places(urumqi=HOSTILE[3], almaty="$\\frac{$ 乌鲁木齐")
    draw({"places": frame}, {"$\\bad{ 乌鲁木齐 \U000132b9": route()}, path=tmp_path / "x.svg")
    with pytest.raises(SchemaError, match="static map ends in one of"):
        draw(atlas(), path=tmp_path / "x.jpg")
    with pytest.raises(SchemaError, match="needs something to draw"):
        draw(None, path=tmp_path / "y.png")
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]


def test_static_and_interactive_maps_have_the_same_colours(root: Path) -> None:
    script = (root / "web" / "src" / "style.js").read_text(encoding="utf-8")
    for kind, colour in static.COLORS.items():
        assert re.search(rf"\b{kind}: \{{ color: '{colour}'", script), kind
    for colour in static.CASINGS:
        assert colour in script


# ---- the base map that ships


def build_module(root: Path) -> Any:
    """Return data/build/basemap.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("basemap", root / "data/build/basemap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generalising_keeps_the_ends_and_drops_what_does_not_show(root: Path) -> None:
    build = build_module(root)
    line = [(60 + i / 1000, 45 + (i % 2) / 10000) for i in range(1000)]
    line[500] = (60.5, 45.8)
    out = build._generalise(line)
    assert out[0] == (60.0, 45.0)
    assert out[-1] == (60.999, 45.0)
    assert (60.5, 45.8) in out
    assert len(out) < 10
    ring = [(60, 45), (60.001, 45), (60.001, 45.001), (60, 45)]
    assert len(build._generalise(ring)) == 4
    # far from the networks more goes than in the core
    wave = [(i / 100, math.sin(i / 5) / 20) for i in range(300)]
    far = build._generalise([(x - 60, y - 20) for x, y in wave])
    core = build._generalise([(x + 60, y + 45) for x, y in wave])
    assert len(far) < len(core)


def test_a_polygon_over_the_antimeridian_is_cut(root: Path) -> None:
    build = build_module(root)
    ring = [(170.0, 60.0), (-170.0, 60.0), (-170.0, 70.0), (170.0, 70.0), (170.0, 60.0)]
    west, east = sorted(build._cut([ring]), key=lambda rings: rings[0][0][0])
    assert {x for x, _ in west[0]} == {-180.0, -170.0}
    assert {x for x, _ in east[0]} == {170.0, 180.0}
    inner = [[(10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 10.0)]]
    assert build._cut(inner) == [inner]


def test_the_shipped_base_map_is_right_where_it_matters(root: Path) -> None:
    import shapely

    path = root / "data" / "geo" / "basemap.geojson"
    if not path.is_file():
        pytest.skip("data/geo is not built")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    land = [f["geometry"]["coordinates"] for f in features if f["properties"]["layer"] == "land"]
    shape = shapely.union_all([shapely.make_valid(Polygon(r[0], r[1:])) for r in land])

    def on_land(lon: float, lat: float) -> bool:
        return bool(shape.contains(Point(lon, lat)))

    assert on_land(76.9, 43.25)
    assert on_land(87.6, 43.8)
    assert on_land(-175.0, 67.0)  # Chukotka, beyond the antimeridian
    assert not on_land(50.5, 41.5)  # the Caspian is water
    assert not on_land(34.0, 43.0)
    # no line runs across the whole map
    widest = max(abs(a[0] - b[0]) for rings in land for r in rings for a, b in pairwise(r))
    assert widest < 15
    borders = {
        (f["properties"]["a"], f["properties"]["b"])
        for f in features
        if f["properties"]["layer"] == "border"
    }
    assert {("CN", "KZ"), ("KZ", "UZ"), ("AM", "AZ"), ("GE", "TR")} <= borders
    names = {f["properties"]["name"] for f in features if f["properties"]["layer"] == "country"}
    assert {"Kazakhstan", "Türkiye", "Georgia"} <= names
    encoded = len(encode.script_json(payload.base_of(path)))
    assert encoded < 700_000


def test_opens_on_what_lies_together_not_on_one_far_place() -> None:
    import geopandas as gpd
    from shapely.geometry import Point

    def opened(points: list[Point]) -> list[float]:
        frame = gpd.GeoDataFrame({"name": "x"}, geometry=points, index=range(len(points)), crs=4326)
        m = corridors.explore({"port": frame})
        views = [c for c in m._children.values() if hasattr(c, "payload")]
        return list(views[0].payload["view"])

    many = [Point(50 + i / 10, 40) for i in range(100)]
    assert opened([*many, Point(-82, 23)])[0] == pytest.approx(50)
    assert opened([Point(-82, 23), Point(-70, 20)])[0] == pytest.approx(-82)
