"""One validator: all faults of a table at once, each with row and column."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, Polygon

from corridors.errors import SchemaError
from corridors.schema import TABLES, Finding, guess_kind, read_checked, validate

DATA = Path(__file__).parent / "data"


def test_ten_faults_are_named_in_one_run() -> None:
    found = {(f.row, f.column): f for f in validate(DATA / "faulty.geojson")}
    wanted = {
        (2, "geometry"): ("swapped", "longitude and latitude are swapped"),
        (3, "geometry"): ("crs", "perhaps EPSG:3857 .then 87.6"),
        (4, "status"): ("choice", "did you mean 'operating'"),
        (5, "id"): ("duplicate", "in row 1 already"),
        (6, "geometry"): ("crossing", "crosses itself near 71.0000, 39.0000"),
        (7, "geometry"): ("empty", "empty"),
        (8, "name"): ("markup", "<script>"),
        (9, "published_km"): ("range", "-323 km; it can not be negative"),
        (10, "opened"): ("date", "3025"),
        (11, "source"): ("source", "every row names its source"),
    }
    assert set(found) == set(wanted)
    for where, (rule, message) in wanted.items():
        assert found[where].rule == rule
        assert pd.Series([found[where].message]).str.contains(message).all(), found[where].message
    assert str(found[4, "status"]).startswith("row 4 (unknown-status), column status: ")


def test_a_wrong_crs_of_the_whole_file_and_nothing_else() -> None:
    found = validate(DATA / "faulty_crs.geojson")
    assert [(f.row, f.column, f.rule) for f in found] == [(None, "geometry", "crs")]
    assert "EPSG:3857" in found[0].message and str(found[0]).startswith("all rows")


def test_a_csv_counts_rows_as_a_spreadsheet_does() -> None:
    found = {(f.row, f.column, f.rule) for f in validate(DATA / "faulty.csv")}
    assert found == {
        (3, "lon", "swapped"),
        (4, "id", "duplicate"),
        (5, "kind", "choice"),
        (5, "stay_h", "range"),
        (6, "name", "markup"),
        (6, "to_year", "order"),
        (6, "confidence", "choice"),
        (6, "source", "source"),
        (7, "country", "value"),
        (7, "lon", "range"),
        (8, "lat", "outside"),
    }


def test_read_checked_raises_with_every_finding_or_gives_the_frame(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="10 faults") as caught:
        read_checked(DATA / "faulty.geojson")
    assert len(caught.value.findings) == 10
    good = tmp_path / "places.csv"
    good.write_text(
        "id,name,kind,country,lon,lat,status,confidence,source\n"
        "osh-x,Osh,city,KG,72.8,40.5,operating,high,GeoNames\n",
        encoding="utf-8",
    )
    frame = read_checked(good)
    assert isinstance(frame, gpd.GeoDataFrame) and frame.crs == "EPSG:4326"
    assert frame.geometry[0] == Point(72.8, 40.5)


def place(**more: object) -> gpd.GeoDataFrame:
    row = {
        "id": "osh-x", "name": "Osh", "kind": "city", "country": "KG", "status": "operating",
        "confidence": "high", "source": "GeoNames", "geometry": Point(72.8, 40.5),
    }  # fmt: skip
    return gpd.GeoDataFrame([row | more], geometry="geometry", crs="EPSG:4326")


def rules(frame: pd.DataFrame, kind: str = "places") -> list[tuple[str, str]]:
    return [(f.column, f.rule) for f in validate(frame, kind)]


def test_a_right_frame_has_no_findings_and_is_not_changed() -> None:
    frame = place()
    before = frame.copy()
    assert validate(frame, "places") == []
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"geometry": None}, ("geometry", "empty")),
        ({"geometry": Point()}, ("geometry", "empty")),
        ({"geometry": Point(float("inf"), 40)}, ("geometry", "finite")),
        ({"geometry": Point(40.5, 72.8)}, ("geometry", "swapped")),
        ({"geometry": Point(172.8, 40.5)}, ("geometry", "outside")),
        ({"geometry": LineString([(72, 40), (73, 41)])}, ("geometry", "type")),
        ({"name": ""}, ("name", "required")),
        ({"name": None}, ("name", "required")),
        ({"name": "a\x00b"}, ("name", "control")),
        ({"note": "<img src=x onerror=alert(1)>"}, ("note", "markup")),
        ({"note": "javascript:alert(1)"}, ("note", "markup")),
        ({"id": "Osh City"}, ("id", "value")),
        ({"unlocode": "OSH"}, ("unlocode", "value")),
        ({"capacity": -1}, ("capacity", "range")),
        ({"capacity": "much"}, ("capacity", "range")),
        ({"theme": "trade|fun"}, ("theme", "choice")),
        ({"from_year": 2030, "to_year": 2020}, ("to_year", "order")),
        ({"from_year": "soon"}, ("from_year", "date")),
        ({"from_year": "2020-13"}, ("from_year", "date")),
        ({"wait_h": -2.5}, ("wait_h", "range")),
    ],
)
def test_single_faults(more: dict[str, object], wanted: tuple[str, str]) -> None:
    assert rules(place(**more)) == [wanted]


def test_text_with_a_less_than_sign_is_no_markup() -> None:
    assert rules(place(note="delay < 3 h & more; A<B")) == []


def test_a_crs_is_wanted_and_read() -> None:
    assert rules(place().set_crs(None, allow_override=True)) == [("geometry", "crs")]
    assert rules(place().to_crs("EPSG:3857")) == [("geometry", "crs")]
    named_so = place().set_crs("EPSG:32643", allow_override=True)
    assert "the coordinates are degrees" in validate(named_so, "places")[0].message


def test_an_area_that_crosses_itself() -> None:
    bow = Polygon([(70, 40), (71, 41), (71, 40), (70, 41)])
    assert ("geometry", "crossing") in rules(place(geometry=bow))


def test_a_line_over_the_antimeridian_and_one_of_one_point() -> None:
    row = {"id": "x", "name": "x", "kind": "road", "status": "operating", "confidence": "low",
           "source": "x"}  # fmt: skip
    lines = [LineString([(170, 60), (-170, 61)]), LineString([(70, 40), (70, 40)])]
    frame = gpd.GeoDataFrame([row, row | {"id": "y"}], geometry=lines, crs=4326)
    assert rules(frame, "assets") == [("geometry", "antimeridian"), ("geometry", "short")]


def test_missing_columns_are_said_once_and_near_names_hinted() -> None:
    frame = place().rename(columns={"status": "statuss"}).drop(columns="source")
    found = validate(frame, "places")
    assert [(f.row, f.column, f.rule) for f in found] == [
        (None, "source", "column"),
        (None, "status", "column"),
    ]
    assert "'statuss'" in found[1].message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.geojson", "{", "is no JSON"),
        ("x.geojson", '{"type": "Feature"}', "FeatureCollection"),
        ("x.csv", "", "empty"),
        ("x.xlsx", "", "cannot check"),
        ("x.gpkg", "no database", "cannot be read"),
        ("x.parquet", "no parquet", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=message) as caught:
        validate(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_an_unknown_kind() -> None:
    with pytest.raises(SchemaError, match="no such file"):
        validate("nowhere.csv")
    with pytest.raises(SchemaError, match="no table is called 'plaices'"):
        validate(place(), "plaices")


def test_ragged_foreign_and_badly_encoded_csv(tmp_path: Path) -> None:
    head = "id;name;kind;country;lon;lat;status;confidence;source\n"
    file = tmp_path / "places.csv"
    file.write_text(head + "a;A;city;KG;72;40;operating;high;x\nb;B\n", encoding="utf-8")
    found = validate(file)
    assert (1, "separator") in {(f.row, f.rule) for f in found}
    assert (3, "cells") in {(f.row, f.rule) for f in found}
    file.write_bytes(head.encode() + "a;Łódź".encode("cp1250"))
    with pytest.raises(SchemaError, match="row 2 is not UTF-8"):
        validate(file)


def test_a_feature_that_cannot_be_read_is_one_fault_among_others(tmp_path: Path) -> None:
    parsed = json.loads((DATA / "faulty.geojson").read_text(encoding="utf-8"))
    parsed["features"][0]["geometry"] = {"type": "LineString", "coordinates": ["a", "b"]}
    parsed["features"].append("no feature")
    file = tmp_path / "assets.geojson"
    file.write_text(json.dumps(parsed), encoding="utf-8")
    found = validate(file)
    assert (1, "geometry") in {(f.row, f.column) for f in found}
    assert (11, "source") in {(f.row, f.column) for f in found}
    assert [f for f in found if f.row == 12]


@pytest.mark.parametrize("ending", [".gpkg", ".parquet", ".geojson"])
def test_every_format_is_checked_alike(tmp_path: Path, ending: str) -> None:
    frame = pd.concat([place(), place(id="bad", status="oprating", source=None)])
    file = tmp_path / f"places{ending}"
    frame.to_parquet(file) if ending == ".parquet" else frame.to_file(file)
    assert [(f.row, f.column) for f in validate(file)] == [(2, "source"), (2, "status")]


def test_the_kind_is_guessed_from_the_name_and_from_the_columns() -> None:
    assert guess_kind([], "terminals") == "terminals"
    for kind, table in TABLES.items():
        if kind != "places":
            assert guess_kind([c.name for c in table.columns]) == kind
    assert guess_kind(["id", "name"]) == "places"


def test_every_column_says_what_it_means() -> None:
    for kind, table in TABLES.items():
        assert len(table.names()) == len(table.columns), kind
        for column in table.columns:
            assert column.meaning, (kind, column.name)
            assert (column.type == "choice") == bool(column.choices), (kind, column.name)
        assert set(table.key) <= table.names()


def test_findings_are_values() -> None:
    one = Finding(1, "a", "choice", "wrong")
    assert one == Finding(1, "a", "choice", "wrong") and hash(one) == hash(one)


OURS = ("places", "terminals", "crossings", "frontiers", "ferries", "parameters", "assets",
        "corridors", "corridor_stages", "straits")  # fmt: skip


@pytest.mark.parametrize("kind", OURS)
def test_our_own_tables_pass(root: Path, kind: str) -> None:
    assert [str(f) for f in validate(root / "data" / "tables" / f"{kind}.csv", kind)] == []
