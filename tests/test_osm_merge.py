"""An imported layer in the place of the shipped one: what joins, what does not, what answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import corridors
import osm_extracts
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.network.frames import compact, components
from corridors.osm import import_osm
from corridors.osm.merge import read_area
from corridors.osm.saved import read_graph, save

REGION = {"UZ", "KZ", "KG", "TJ", "TM", "AF"}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rails of Central Asia, and the roads and terminals of one country of it."""
    folder = tmp_path_factory.mktemp("base") / "region"
    whole = osm_extracts.shipped()
    edges = whole.edges
    near = edges["country"].isin(REGION) & (edges["to_country"].isin(REGION) | (
        edges["to_country"] == "")) & edges["mode"].eq("rail")  # fmt: skip
    near &= edges["to_mode"].isin(["rail", ""])
    near |= (edges["country"] == "UZ") & edges["mode"].isin(["rail", "road"]) & (
        edges["to_mode"].isin(["rail", "road", ""])) & (edges["to_country"] == "")  # fmt: skip
    return save(compact(whole, near.to_numpy()), pd.DataFrame(), [], folder)


@pytest.fixture(scope="module")
def uzbek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return osm_extracts.railway_of("UZ", tmp_path_factory.mktemp("uz") / "uz.osm.pbf")


@pytest.fixture(scope="module")
def merged(
    region: Path, uzbek: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("merged") / "net"
    (report,) = import_osm(uzbek, folder, base=region, country="UZ")
    return folder, report


def test_everything_is_joined_again(region: Path, merged: tuple[Path, dict[str, Any]]) -> None:
    folder, report = merged
    assert report["area"] == "country UZ"
    assert report["not_joined"] == []
    assert {r["what"] for r in report["joined"]} >= {"border", "terminal"}
    before, after = read_graph(region), read_graph(folder)
    for name in ("border", "transfer"):
        a, b = (g.edges[g.edges["kind"] == name] for g in (before, after))
        columns = ["mode", "gauge_mm", "facility", "country", "to_country", "from_year", "status"]
        for frame in (a, b):
            assert len(frame)
        assert sorted(a[columns].itertuples(index=False)) == sorted(
            b[columns].itertuples(index=False)
        )
    uz = after.edges[(after.edges["country"] == "UZ") & (after.edges["kind"] == "line")]
    uz = uz[uz["mode"] == "rail"]
    assert set(uz["origin"]) <= {"extract:uz.osm.pbf", "join:border", "join:terminal"}
    other = [g.edges[(g.edges["country"] != "UZ") & (g.edges["kind"] == "line")] for g in
             (before, after)]  # fmt: skip
    assert other[0]["length_km"].sum() == pytest.approx(other[1]["length_km"].sum())
    assert len(other[0]) == len(other[1])


def test_routes_through_it_are_those_of_before(
    region: Path, merged: tuple[Path, dict[str, Any]]
) -> None:
    before, after = corridors.load_network(region), corridors.load_network(merged[0])
    for a, b in (("Almaty", "Tashkent"), ("Almaty", "Bukhara"), ("Bishkek", "Ashgabat"),
                 ("Samarkand", "Turkmenbashi"), ("Nukus", "Dushanbe")):  # fmt: skip
        old, new = (n.route(a, b, by="distance", modes=["rail"]) for n in (before, after))
        assert [x["crossing"] for x in old.borders] == [x["crossing"] for x in new.borders]
        # the shipped lengths are published ones in part, the extract's are drawn
        assert new.length_km == pytest.approx(old.length_km, rel=0.1)


def test_the_route_follows_the_imported_line(
    merged: tuple[Path, dict[str, Any]], uzbek: Path
) -> None:
    import osmium
    import shapely

    track = shapely.multilinestrings(
        [shapely.linestrings([(n.lon, n.lat) for n in way.nodes])
         for way in osmium.FileProcessor(str(uzbek)).with_locations() if way.is_way()]
    )  # fmt: skip
    route = corridors.load_network(merged[0]).route("Tashkent", "Bukhara", modes=["rail"])
    points = shapely.points(shapely.get_coordinates(route.geometry))
    away = shapely.distance(track, points)
    # but for the way from the towns to the line the route lies on it
    assert np.quantile(away, 0.95) < 2e-5


def test_extracts_stack(region: Path, merged: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    tajik = osm_extracts.railway_of("TJ", tmp_path / "tj.osm.pbf")
    reports = import_osm(tajik, tmp_path / "two", base=merged[0])
    assert [r["file"] for r in reports] == ["uz.osm.pbf", "tj.osm.pbf"]
    assert reports[1]["not_joined"] == []
    net = corridors.load_network(tmp_path / "two")
    route = net.route("Tashkent", "Dushanbe", modes=["rail"])
    assert {"UZ", "TJ"} <= {c["country"] for c in route.countries}
    edges = read_graph(tmp_path / "two").edges
    lines = edges[(edges["kind"] == "line")]
    assert {"UZ", "TJ"} == set(lines.loc[lines["origin"].str.startswith("extract:"), "country"])
    # the same again changes nothing
    again = import_osm(tajik, tmp_path / "two", base=tmp_path / "two")
    assert len(again) == 3 and again[2]["not_joined"] == []
    km = read_graph(tmp_path / "two").edges
    km = (
        km[(km["kind"] == "line") & km["origin"].str.startswith("extract:")]
        .groupby("country")["length_km"]
        .sum()
    )
    assert km.to_dict() == pytest.approx(
        lines[lines["origin"].str.startswith("extract:")]
        .groupby("country")["length_km"]
        .sum()
        .to_dict(),
        rel=1e-6,
    )


def test_two_countries_in_one_extract(region: Path, tmp_path: Path) -> None:
    file = osm_extracts.railway_of("UZ", tmp_path / "two.osm.pbf", "TJ")
    (report,) = import_osm(file, tmp_path / "net", base=region)
    assert report["area"] == "box of the file in UZ, TJ"
    assert report["not_joined"] == []
    before, after = corridors.load_network(region), corridors.load_network(tmp_path / "net")
    for a, b in (("Tashkent", "Dushanbe"), ("Samarkand", "Khujand"), ("Almaty", "Dushanbe")):
        old, new = (n.route(a, b, by="distance", modes=["rail"]) for n in (before, after))
        assert new.length_km == pytest.approx(old.length_km, rel=0.1)
        assert {x["crossing"] for x in new.borders} <= {x["crossing"] for x in old.borders} | {
            x["name"] for x in _crossings("TJ", "UZ")
        }


def _crossings(a: str, b: str) -> list[dict[str, Any]]:
    from corridors import datasets

    table = datasets.read_table("crossings")
    rows = table[(table["country_a"] == a) & (table["country_b"] == b) & (table["mode"] == "rail")]
    found: list[dict[str, Any]] = rows.to_dict("records")
    return found


def test_a_part_of_a_country_joins_at_its_edge(region: Path, uzbek: Path, tmp_path: Path) -> None:
    import osmium
    import shapely

    # the east of the country: ways with a node east of the meridian, whole
    edge = tmp_path / "east.geojson"
    shape = shapely.box(67.0, 36.5, 74.0, 43.0)
    import geopandas as gpd

    gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4326").to_file(edge)
    file = tmp_path / "east.osm.pbf"
    keep = {w.id for w in osmium.FileProcessor(str(uzbek)).with_locations()
            if w.is_way() and any(n.lon > 67.0 for n in w.nodes)}  # fmt: skip
    with osmium.SimpleWriter(str(file)) as writer:
        for thing in osmium.FileProcessor(str(uzbek)):
            if thing.is_node() or thing.id in keep:
                writer.add(thing)
    (report,) = import_osm(file, tmp_path / "net", base=region, area=edge, country="UZ")
    at_edge = [r for r in report["joined"] if r["what"] == "line"]
    assert sum(r["lon"] == pytest.approx(67.0, abs=1e-4) for r in at_edge) >= 2
    assert all(r["km"] < 0.05 for r in at_edge)
    assert [r for r in report["not_joined"] if r["what"] == "line"] == []
    before, after = corridors.load_network(region), corridors.load_network(tmp_path / "net")
    old, new = (n.route("Bukhara", "Tashkent", by="distance", modes=["rail"])
                for n in (before, after))  # fmt: skip
    assert new.length_km == pytest.approx(old.length_km, rel=0.1)
    graph = read_graph(tmp_path / "net")
    lines = graph.edges[(graph.edges["kind"] == "line") & (graph.edges["country"] == "UZ")]
    lines = lines[lines["mode"] == "rail"]
    middle = graph.nodes["lon"].to_numpy()[lines["u"]]
    assert lines.loc[middle > 67.01, "origin"].str.startswith("extract:").mean() > 0.8
    assert not lines.loc[middle < 66.5, "origin"].str.startswith("extract:").any()


def test_what_finds_no_line_is_said_and_goes(region: Path, tmp_path: Path) -> None:
    at = {i: (66.9 + 0.02 * i, 39.65) for i in range(1, 9)}
    file = osm_extracts.write(
        tmp_path / "stub.osm.pbf", at, [(1, list(at), {"railway": "rail", "gauge": "1520"})]
    )
    (report,) = import_osm(file, tmp_path / "net", base=region, country="UZ")
    lost = report["not_joined"]
    assert {r["what"] for r in lost} >= {"border"}
    assert all("no imported line of its gauge in UZ within" in r["why"] for r in lost)
    edges = read_graph(tmp_path / "net").edges
    borders = edges[edges["kind"] == "border"]
    assert not (borders["country"] == "UZ").any() and not (borders["to_country"] == "UZ").any()
    with pytest.raises(corridors.NoRouteError):
        corridors.load_network(tmp_path / "net").route("Almaty", "Samarkand", modes=["rail"])


def test_every_command_takes_it(
    merged: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(merged[0])
    assert main(["route", "Tashkent", "Almaty", "--network", folder, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["length_km"] > 800 and {c["country"] for c in told["countries"]} == {"UZ", "KZ"}
    assert main(["matrix", "Tashkent; Almaty", "--network", folder, "--mode", "rail"]) == 0
    assert main(["map", "-o", str(tmp_path / "m.html"), "--network", folder, "--route",
                 "Tashkent -> Almaty", "--no-planner"]) == 0  # fmt: skip
    assert (tmp_path / "m.html").stat().st_size > 0


def test_stations_are_found_by_name(region: Path, tmp_path: Path) -> None:
    at = {i: (70.0 + 0.1 * i, 47.9) for i in range(1, 9)}
    places = {
        2: {"railway": "station", "name": "Zhartas-Test", "name:kk": "Жартас-Тест"},
        7: {"railway": "station", "name": "Almaty"},
        8: {"railway": "station"},
    }
    file = osm_extracts.write(
        tmp_path / "s.osm.pbf", at, [(1, list(at), {"railway": "rail", "gauge": "1520"})],
        node_tags=places,
    )  # fmt: skip
    (report,) = import_osm(file, tmp_path / "net", alone=True)
    assert report["places"] == 2
    net = corridors.load_network(tmp_path / "net")
    assert net.place("Zhartas-Test").id == net.place("Жартас-Тест").id == "osm-n2"
    # what is known stays what it is
    assert net.place("Almaty").kind == "city" and net.place("Almaty").country == "KZ"
    assert net.place("Almaty station").id == "osm-n7" or net.place("osm-n7").lon == 70.7
    route = net.route("Zhartas-Test", "osm-n7", modes=["rail"])
    assert route.length_km == pytest.approx(route.legs[0]["length_km"])
    assert 36 < route.length_km < 38
    # and the table is one that the validator of the atlas takes
    assert main(["check", str(tmp_path / "net" / "places.csv")]) == 0


def test_a_ferry_and_the_road_to_it(tmp_path: Path) -> None:
    at = {1: (51.0, 43.6), 2: (51.1, 43.6), 3: (50.5, 43.0), 4: (50.0, 42.5), 5: (49.9, 42.4)}
    ways = [(1, [1, 2], {"highway": "trunk"}), (2, [1, 3, 4], {"route": "ferry"}),
            (3, [4, 5], {"highway": "trunk"})]  # fmt: skip
    file = osm_extracts.write(
        tmp_path / "f.osm.pbf", at, ways,
        node_tags={1: {"amenity": "ferry_terminal", "name": "Quay"}},
    )  # fmt: skip
    (report,) = import_osm(file, tmp_path / "net", layers=("road", "ferry"), alone=True)
    assert report["ferry_berths"] == 2
    net = corridors.load_network(tmp_path / "net")
    route = net.route((43.6, 51.1), (42.4, 49.9), modes=["road", "ferry"])
    assert [leg["mode"] for leg in route.legs if leg["kind"] == "line"] == ["road", "ferry", "road"]
    assert sum(leg["kind"] == "transfer" for leg in route.legs) == 2


def test_a_pipeline(tmp_path: Path) -> None:
    import geopandas as gpd

    at = {i: (60.0 + 0.2 * i, 45.0) for i in range(1, 6)}
    tags = {
        "man_made": "pipeline",
        "substance": "gas",
        "diameter": "1420",
        "location": "underground",
    }
    file = osm_extracts.write(
        tmp_path / "p.osm.pbf", at, [(1, [1, 2, 3], tags), (2, [3, 4, 5], tags)]
    )
    import_osm(file, tmp_path / "net", layers=("pipeline",), alone=True)
    frame = gpd.read_parquet(tmp_path / "net" / "network_pipeline.parquet")
    assert frame[["substance", "diameter_mm", "location", "osm_ways"]].to_numpy().tolist() == [
        ["gas", 1420, "underground", "1|2"]
    ]
    route = corridors.load_network(tmp_path / "net").route(
        (45.0, 60.2), (45.0, 61.0), modes=["pipeline"], by="distance"
    )
    assert route.length_km == pytest.approx(63.1, abs=0.2)


def test_two_countries_and_the_border_between_them(tmp_path: Path) -> None:
    both = osm_extracts.part({"UZ", "KZ"})
    assert components(both).max() >= 0
    rows = (both.edges["kind"] == "line") & both.edges["origin"].astype(str).str.startswith("osm")
    # the line over the frontier at Saryagash, drawn through
    near = both.nodes["lon"].between(68.6, 69.6) & both.nodes["lat"].between(41.1, 41.7)
    rows &= near.to_numpy()[both.edges["u"]] & near.to_numpy()[both.edges["v"]]
    assert len(compact(both, rows.to_numpy()).edges)
    at = {1: (69.25, 41.2), 2: (69.22, 41.35), 3: (69.1, 41.46), 4: (68.9, 41.6), 5: (68.6, 41.75)}
    file = osm_extracts.write(
        tmp_path / "b.osm.pbf", at, [(1, list(at), {"railway": "rail", "gauge": "1520"})]
    )
    (report,) = import_osm(file, tmp_path / "net", alone=True)
    (border,) = report["borders"]
    assert {border["from"], border["to"]} == {"UZ", "KZ"}
    assert border["verdict"].startswith("rail:")
    route = corridors.load_network(tmp_path / "net").route(
        (41.2, 69.25), (41.75, 68.6), modes=["rail"]
    )
    assert [b["crossing"] for b in route.borders] and len(route.countries) == 2


def test_areas(tmp_path: Path) -> None:
    (tmp_path / "a.poly").write_text(
        "name\n1\n 10 40\n 12 40\n 12 42\n 10 42\nEND\n"
        "!2\n 10.5 40.5\n 11 40.5\n 11 41\nEND\nEND\n",
        encoding="utf-8",
    )
    assert read_area(tmp_path / "a.poly").area == pytest.approx(4 - 0.125)
    (tmp_path / "bad.poly").write_text("name\n1\n ten 40\nEND\nEND\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"is no \.poly file"):
        read_area(tmp_path / "bad.poly")
    (tmp_path / "none.poly").write_text("name\nEND\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="holds no polygon"):
        read_area(tmp_path / "none.poly")
