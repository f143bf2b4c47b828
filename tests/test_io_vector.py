"""Vector files and GraphML in and out, coordinate systems, and files that are wrong."""

from __future__ import annotations

import sqlite3
import xml.dom.minidom
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings

import corridors
import networks
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.io.graphml import read_graphml, write_graphml
from corridors.io.kepler import write_kepler
from corridors.io.tables import checked, save_tables
from corridors.io.vector import ENDINGS, read_layers, read_network, write_layers, write_network
from networks import small_networks

LINE = shapely.LineString([(50, 40), (50.5, 40.3), (51, 40)])
POINTS = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["Alpha", "Beta"]},
                          geometry=gpd.points_from_xy([50, 51], [40, 40]), crs=4326)  # fmt: skip
EDGES = gpd.GeoDataFrame({"u": ["a"], "v": ["b"], "mode": ["rail"]}, geometry=[LINE], crs=4326)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames=small_networks())
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_round_trip_changes_nothing_that_the_format_can_hold(
    frames, ending, tmp_path_factory
) -> None:
    tables = checked(*frames)
    path = tmp_path_factory.mktemp("vector") / f"net{ending}"
    notes = write_network(tables, path)
    back = read_network([path])
    if ending in (".gpkg", ".parquet", ".geojson"):
        networks.assert_same(back, tables)
        return
    # the other two say what they cannot hold
    assert any("15 digits" in note for note in notes)
    loose = ("geometry", "hours", "cost_usd", "length_km", "lon", "lat")
    networks.assert_same(back, tables, but=loose)
    assert np.allclose(back.nodes[["lon", "lat"]], tables.nodes[["lon", "lat"]], atol=1e-11)
    for name in ("hours", "cost_usd", "length_km"):
        a, b = back.edges[name].to_numpy(float), tables.edges[name].to_numpy(float)
        assert np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
    for a, b in zip(back.edges.geometry, tables.edges.geometry, strict=True):
        assert np.allclose(shapely.get_coordinates(a), shapely.get_coordinates(b), atol=1e-11)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames=small_networks())
def test_graphml_holds_the_network_and_no_missing_value(frames, tmp_path_factory) -> None:
    tables = checked(*frames)
    path = tmp_path_factory.mktemp("graphml") / "net.graphml"
    assert write_graphml(tables, path)
    networks.assert_same(read_graphml(path), tables)
    text = path.read_text("utf-8")
    meant = {"None"} & {*tables.nodes["name"], *tables.edges["facility"], *tables.edges["origin"]}
    assert meant or ">None<" not in text
    assert ">nan<" not in text.lower()
    xml.dom.minidom.parseString(text)


def test_gephi_finds_labels_and_coordinates(tmp_path) -> None:
    write_graphml(checked(*networks.SAMPLE), tmp_path / "net.graphml")
    graph = nx.read_graphml(tmp_path / "net.graphml", force_multigraph=True)
    assert graph.nodes["a"]["label"] == "Alpha"
    assert (graph.nodes["q"]["lon"], graph.nodes["q"]["lat"]) == (54.0, 40.0)
    assert graph.is_directed() and len(graph.edges) == 11  # one of six is one-way
    net = corridors.from_networkx(graph)
    assert net.route("a", "c", modes=["rail"]).length_km == 190.0


def test_another_program_s_graphml_is_read(tmp_path) -> None:
    graph = nx.MultiDiGraph()
    graph.add_node(1, x=50.0, y=40.0)
    graph.add_node(2, x=51.0, y=40.0)
    graph.add_edge(1, 2, highway="trunk", length=90000.0)
    nx.write_graphml(graph, tmp_path / "osmnx.graphml")
    with pytest.raises(SchemaError, match="edges have no mode; give --mode"):
        read_graphml(tmp_path / "osmnx.graphml")
    tables = read_graphml(tmp_path / "osmnx.graphml", mode="road")
    assert tables.edges["oneway"].tolist() == [True]
    assert tables.edges["highway"].tolist() == ["trunk"]


def test_qgis_finds_a_default_style_for_every_layer(tmp_path) -> None:
    path = tmp_path / "net.gpkg"
    write_network(checked(*networks.SAMPLE), path)
    assert {n for n, _ in pyogrio.list_layers(path)} == {"edges", "nodes", "layer_styles"}
    with closing(sqlite3.connect(path)) as base:
        rows = base.execute("SELECT f_table_name, f_geometry_column, useAsDefault, styleQML "
                            "FROM layer_styles").fetchall()  # fmt: skip
        columns = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {r[0] for r in rows} == {"edges", "nodes"}
    for name, column, default, qml in rows:
        assert column == columns[name] and default == 1
        document = xml.dom.minidom.parseString(qml)
        assert document.documentElement.tagName == "qgis"
        renderer = document.getElementsByTagName("renderer-v2")[0]
        symbols = {s.getAttribute("name") for s in document.getElementsByTagName("symbol")}
        used = {c.getAttribute("symbol") for c in document.getElementsByTagName("category")}
        assert used <= symbols and symbols
        if name == "edges":
            assert renderer.getAttribute("attr") == "mode"


def test_kepler_s_columns_are_named_as_it_looks_for_them(tmp_path) -> None:
    import json

    write_kepler(checked(*networks.SAMPLE), tmp_path / "k.csv")
    frame = pd.read_csv(tmp_path / "k.csv")
    assert {"start_lat", "start_lng", "end_lat", "end_lng", "_geojson"} <= set(frame.columns)
    assert json.loads(frame["_geojson"].iloc[0])["coordinates"] == [[50.0, 40.0], [51.0, 40.0]]
    assert frame.loc[5, ["start_lng", "end_lng"]].tolist() == [52.0, 54.0]


@pytest.mark.parametrize("ending", [".gpkg", ".parquet", ".shp", ".geojson"])
def test_a_file_in_another_crs_is_reprojected(tmp_path, ending) -> None:
    edges, nodes = tmp_path / f"e{ending}", tmp_path / f"n{ending}"
    for path, frame in ((edges, EDGES), (nodes, POINTS)):
        moved = frame.to_crs(32639)
        moved.to_parquet(path) if ending == ".parquet" else moved.to_file(path)
    tables = read_network([edges, nodes])
    assert np.allclose(tables.nodes[["lon", "lat"]], [[50, 40], [51, 40]], atol=1e-8)
    assert np.allclose(shapely.get_coordinates(tables.edges.geometry.iloc[0]),
                       shapely.get_coordinates(LINE), atol=1e-8)  # fmt: skip


def _write(frame, path: Path, crs) -> Path:
    frame.set_crs(crs, allow_override=True).to_file(path, engine="pyogrio")
    return path


def test_a_missing_or_wrong_crs_is_said_and_never_guessed(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    EDGES.to_file(tmp_path / "a" / "e.shp")
    (tmp_path / "a" / "e.prj").unlink()
    (tmp_path / "a" / "e.cpg").unlink()
    with pytest.raises(SchemaError, match=r"e\.shp: names no coordinate reference system; give it"):
        read_network([tmp_path / "a" / "e.shp"])
    assert len(read_network([tmp_path / "a" / "e.shp"], crs="EPSG:4326").edges) == 1

    local = 'ENGCRS["Site grid",EDATUM["Site"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'  # noqa: E501
    unknown = _write(EDGES, tmp_path / "local.gpkg", local)
    with pytest.raises(SchemaError, match="which lies nowhere on Earth"):
        read_network([unknown])
    degrees = _write(EDGES, tmp_path / "metres.gpkg", 3857)
    with pytest.raises(SchemaError, match="whose unit is the metre, and the coordinates look like"):
        read_network([degrees])
    metres = _write(EDGES.to_crs(3857), tmp_path / "degrees.gpkg", 4326)
    with pytest.raises(SchemaError, match="they are no degrees; name the right CRS"):
        read_network([metres])
    swapped = EDGES.set_geometry(shapely.transform(EDGES.geometry, lambda xy: xy[:, ::-1] * [1, 2]))
    with pytest.raises(SchemaError, match="longitude and latitude are swapped"):
        read_network([_write(swapped, tmp_path / "swapped.gpkg", 4326)])
    with pytest.raises(SchemaError, match="--crs says EPSG:3857; they must agree"):
        read_network([_write(EDGES, tmp_path / "fine.gpkg", 4326)], crs="EPSG:3857")


def test_lines_without_nodes_meet_where_their_ends_are_equal(tmp_path) -> None:
    other = shapely.LineString([(51, 40), (52, 40)])
    near = shapely.LineString([(52.0001, 40), (53, 40)])
    lines = gpd.GeoDataFrame({"name": ["x", "y", "z"]}, geometry=[LINE, other, near], crs=4326)
    lines.to_file(tmp_path / "lines.geojson")
    tables = read_network([tmp_path / "lines.geojson"], mode="rail")
    assert len(tables.nodes) == 5  # nothing is joined by distance
    assert tables.edges["name"].tolist() == ["x", "y", "z"]


def _bad(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"{name}.gpkg"
    edges, nodes = EDGES, POINTS
    if name == "unknown-node":
        edges = EDGES.assign(v="z")
    elif name == "negative":
        edges = EDGES.assign(length_km=-5.0)
    elif name == "twice":
        nodes = pd.concat([POINTS, POINTS.iloc[:1]])
    elif name == "no-mode":
        edges = EDGES.drop(columns="mode")
    elif name == "mode":
        edges = EDGES.assign(mode="<b>zeppelin</b>")
    elif name == "many":
        edges = EDGES.set_geometry([shapely.MultiLineString([LINE.coords, [(1, 1), (2, 2)]])])
    elif name == "empty":
        edges = EDGES.iloc[:0]
    edges.to_file(path, layer="edges")
    nodes.to_file(path, layer="nodes", mode="a")
    return path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown-node", "edges row 1, v: there is no node 'z'"),
        ("negative", "edges row 1, length_km: -5 is below zero"),
        ("twice", "nodes row 3, id: 'a' is in row 1 already"),
        ("no-mode", "the column mode is missing; add it, or give --mode"),
        ("mode", "edges row 1, mode: '<b>zeppelin</b>' is not one of rail, road"),
        ("many", "edges row 1, geometry: is a MultiLineString, and an edge is one line"),
        ("empty", "layer edges is empty"),
    ],
)
def test_bad_files_give_one_clear_line_and_write_nothing(tmp_path, name, said, capsys) -> None:
    assert main(["import", "table", str(_bad(tmp_path, name)), "-o", str(tmp_path / "net")]) == 2
    told = capsys.readouterr().err
    assert said in told and len(told.strip().splitlines()) == 1
    assert not (tmp_path / "net").exists() and not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("net.geojson", b"", "is empty"),
        ("net.geojson", b'{"type": "Feature', "is no JSON"),
        ("net.geojson", b'{"type":"FeatureCollection","features":[]}', "has no features"),
        ("net.gpkg", b"SQLite format 3\x00 and then nothing", "cannot be read"),
        ("net.parquet", b"PAR1", "cannot be read"),
        ("net.shp", b"\x00\x01", "cannot be read"),
        ("net.kml", b"<kml><Document>", "cannot be read"),
        ("net.docx", b"x", "cannot read .docx files"),
        ("net.csv", b"u;v\n1;2\n", "holds edges and no nodes"),
        (
            "net.csv",
            "u,v,mode\nZürich,b,rail\n".encode("latin-1"),
            "row 2 holds bytes that are not",
        ),
        ("net.graphml", b"<graphml>", "is no GraphML"),
    ],
)
def test_files_that_are_no_such_files_give_one_line(tmp_path, name, raw, said, capsys) -> None:
    (tmp_path / name).write_bytes(raw)
    assert main(["import", "table", str(tmp_path / name), "-o", str(tmp_path / "net")]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told and len(told.strip().splitlines()) == 1
    assert not (tmp_path / "net").exists()
    assert main(["import", "table", str(tmp_path / "none.gpkg"), "-o", str(tmp_path / "n")]) == 2
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ENDINGS)
def test_places_and_assets_pass_through_every_format(tmp_path, ending) -> None:
    from corridors.schema import validate

    atlas = corridors.load_atlas()
    for kind, frame in (("places", atlas.places.head(40)), ("assets", atlas.assets.head(20))):
        path = tmp_path / f"{kind}{ending}"
        write_layers({kind: frame}, path)
        (layer,) = read_layers(path)
        assert sorted(layer.frame["id"]) == sorted(frame["id"])
        assert layer.frame.crs.to_epsg() == 4326
        told = [f for f in validate(path) if f.rule not in ("long",)]
        assert not told, told[:3]


@pytest.mark.parametrize("ending", [*ENDINGS, ".graphml", ".csv"])
def test_the_command_exports_a_network_as(tmp_path, ending, own_cache, capsys) -> None:
    save_tables(checked(*networks.SAMPLE), tmp_path / "net")
    out = tmp_path / f"out{ending}"
    ask = ["export", "-o", str(out), "--what", "network", "--network", str(tmp_path / "net")]
    assert main(ask) == 0
    assert out.is_file()
    if ending != ".csv":
        assert main(["import", "table", str(out), "-o", str(tmp_path / "again")]) == 0
        assert "6 nodes, 6 edges: rail 480 km, ferry 175 km" in capsys.readouterr().out
    assert main([*ask, "--mode", "rail"]) == 0
    assert main([*ask, "--mode", "zeppelin"]) == 2


def test_the_command_writes_for_pgrouting(tmp_path, own_cache) -> None:
    save_tables(checked(*networks.SAMPLE), tmp_path / "net")
    out = tmp_path / "pgr.gpkg"
    assert main(["export", "-o", str(out), "--what", "network", "--format", "pgrouting", "--by",
                 "distance", "--network", str(tmp_path / "net")]) == 0  # fmt: skip
    frame = gpd.read_file(out, layer="edges")
    assert {"id", "source", "target", "cost", "reverse_cost"} <= set(frame.columns)
    assert frame["reverse_cost"].tolist().count(-1.0) == 1
    assert sorted(frame["cost"]) == [0.0, 90.0, 100.0, 120.0, 170.0, 175.0]


def test_what_is_of_openstreetmap_is_exported_with_its_attribution(
    tmp_path, own_cache, capsys
) -> None:
    net = save_tables(checked(*networks.SAMPLE), tmp_path / "net")
    told = '{"imports": [{"attribution": "© OpenStreetMap contributors", "licence": "ODbL-1.0"}]}'
    (net / "import.json").write_text(told, encoding="utf-8")
    out = ["export", "-o", str(tmp_path / "o.gpkg"), "--what", "network", "--network", str(net)]
    assert main(out) == 0
    assert "© OpenStreetMap contributors, ODbL-1.0" in capsys.readouterr().out
