"""A spreadsheet of legs: a network that routes by it, or one clear line per fault."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import corridors
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.io.legs import read_legs
from corridors.io.tables import network_of_tables

LEGS = """from,to,mode,km,hours,cost
Urumqi,Aktau,rail,3500,120,1800
Aktau,Baku,ferry,460,30,700
Baku,Poti,rail,840,40,600
Poti,Constanta,sea,1150,,
"""


def table(tmp_path: Path, text: str | bytes = LEGS, name: str = "legs.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_table_s_own_numbers_count(tmp_path) -> None:
    net = network_of_tables(read_legs(table(tmp_path), transfers=False))
    route = net.route("Urumqi", "Poti")
    assert route.length_km == 4800.0
    assert (route.hours.expected, route.cost_usd.expected) == (190.0, 3100.0)
    assert [leg["mode"] for leg in route.legs] == ["rail", "ferry", "rail"]
    assert route.origin.snap_km == 0.0


def test_a_change_of_mode_costs_what_the_parameters_say(tmp_path) -> None:
    tables = read_legs(table(tmp_path))
    assert any("changes of mode at 3 places" in note for note in tables.notes)
    net = network_of_tables(tables)
    route = net.route("Urumqi", "Poti")
    transfer = net.parameters.get("transfer_h.rail-ferry").value
    assert route.hours.expected == pytest.approx(190.0 + 2 * transfer, abs=0.01)
    with pytest.raises(corridors.NoRouteError):
        net.closed("Aktau").route("Urumqi", "Poti")


def test_legs_run_both_ways_unless_they_are_said_not_to(tmp_path) -> None:
    net = network_of_tables(read_legs(table(tmp_path)))
    assert net.route("Poti", "Urumqi").length_km == 4800.0
    with pytest.raises(corridors.NoRouteError):
        network_of_tables(read_legs(table(tmp_path), oneway=True)).route("Poti", "Urumqi")


def test_what_is_not_given_is_said(tmp_path) -> None:
    notes = " ".join(read_legs(table(tmp_path)).notes)
    assert "1 of 4 legs have no hours" in notes and "1 of 4 legs have no cost" in notes
    assert "1 legs without hours cross a border, whose delay is not counted" in notes
    bare = read_legs(table(tmp_path, "from,to,mode\nUrumqi,Almaty,road\n"))
    assert "1 of 1 legs have no km: the straight line is taken" in bare.notes
    assert 800 < bare.edges["length_km"].iloc[0] < 900


def test_a_break_of_gauge_is_a_change_where_every_rail_leg_has_its_gauge(tmp_path) -> None:
    text = ("from,to,mode,km,hours,gauge\nUrumqi,Almaty,rail,1300,30,1435\n"
            "Almaty,Aktau,rail,3000,90,1520\n")  # fmt: skip
    route = network_of_tables(read_legs(table(tmp_path, text))).route("Urumqi", "Aktau")
    assert [leg["kind"] for leg in route.legs] == ["line", "transfer", "line"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_marks_and_separators_of_spreadsheets_are_taken(tmp_path, mark, comma) -> None:
    tables = read_legs(table(tmp_path, mark + LEGS.replace(",", comma).replace("\n", "\r\n")))
    assert tables.edges["length_km"].iloc[:4].tolist() == [3500.0, 460.0, 840.0, 1150.0]
    assert any("separated by" in note for note in tables.notes) == (comma != ",")


def test_a_workbook_is_the_same_table(tmp_path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "plan"
    for row in (line.split(",") for line in LEGS.splitlines()):
        sheet.append([float(x) if x.replace(".", "").isdigit() else (x or None) for x in row])
    book.create_sheet("notes")["A1"] = "nothing"
    book.save(tmp_path / "legs.xlsx")
    tables = read_legs(tmp_path / "legs.xlsx")
    assert any("sheet 'plan'; not read: notes" in note for note in tables.notes)
    csv = read_legs(table(tmp_path))
    assert tables.edges["hours"].dropna().tolist() == csv.edges["hours"].dropna().tolist()
    with pytest.raises(SchemaError, match="has no sheet 'x'; there are: plan, notes"):
        read_legs(tmp_path / "legs.xlsx", sheet="x")


def test_places_of_one_s_own_have_coordinates_or_are_in_the_folder(tmp_path) -> None:
    text = ("from,to,mode,from_lat,from_lon,to_lat,to_lon\n"
            "<b>Mine</b>,Smelter; DROP TABLE,road,48.0,67.0,48.5,68.0\n")  # fmt: skip
    tables = read_legs(table(tmp_path, text))
    assert tables.nodes["name"].tolist() == ["<b>Mine</b>", "Smelter; DROP TABLE"]
    own = tmp_path / "mine"
    own.mkdir()
    (own / "places.csv").write_text("id,name,kind,country,lon,lat\n"
                                    "my-yard,My Yard,terminal,KZ,67.0,48.0\n")  # fmt: skip
    tables = read_legs(table(tmp_path, "from,to,mode\nMy Yard,Almaty,road\n"), data=own)
    assert tables.nodes["id"].tolist() == ["my-yard", "almaty"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEGS.replace("Urumqi", "Uruqmi"), "row 2, from: no place is called 'Uruqmi'; did you"),
        (LEGS.replace("ferry", "zeppelin"), "row 3, mode: 'zeppelin' is not one of rail, road"),
        (LEGS.replace("460", "-460"), "row 3, km: -460 is below zero"),
        (LEGS.replace("840", "much"), "row 4, km: 'much' is no number"),
        (LEGS.replace("840", "84"), "row 4, km: 84.0 is less than the"),
        (LEGS.replace(",", ";").replace("840", "840,5"), "row 4, km: '840,5' is no number; write"),
        (LEGS.replace("Baku,Poti", "Baku,Baku"), "row 4: from and to are the same place (Baku)"),
        (LEGS.replace("from", "start"), "row 1: the column from is missing"),
        (LEGS.replace("hours", "km"), "row 1: the column 'km' is there twice"),
        (LEGS.replace("hours", "length_km"), "row 1: 'km' and 'length_km' mean the same"),
        (LEGS.encode().replace(b"Poti", b"Pot\xed", 1), "row 4 holds bytes that are not UTF-8"),
        (LEGS.encode("utf-16"), "is UTF-16; save the file as CSV in UTF-8"),
        ("", "is empty"),
        ("from,to,mode\n", "has a header and no rows"),
        (LEGS + "Baku\n", "row 6 has 1 cells, the header has 6"),
        ("from,to,mode,from_lat,from_lon\nA,Baku,rail,95,50\n", "row 2, from_lat: '95' is no"),
        ("from,to,mode\n,Baku,rail\n", "row 2, from: is empty"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_one_clear_line_and_nothing_is_written(
    tmp_path, text, said, capsys
) -> None:
    path = table(tmp_path, text)
    assert main(["import", "legs", str(path), "-o", str(tmp_path / "net")]) == 2
    told = capsys.readouterr().err
    assert said in told and len(told.strip().splitlines()) == 1, told
    assert not (tmp_path / "net").exists() and not list(tmp_path.glob(".writing-*"))


def test_what_is_no_workbook_is_said(tmp_path) -> None:
    with pytest.raises(SchemaError, match="is no workbook"):
        read_legs(table(tmp_path, "no zip", "legs.xlsx"))
    with pytest.raises(SchemaError, match=r"a table of legs is \.csv or \.xlsx"):
        read_legs(table(tmp_path, "x", "legs.docx"))
    with pytest.raises(SchemaError, match="No such file"):
        read_legs(tmp_path / "none.csv")


def test_the_command_makes_a_network_that_every_command_takes(tmp_path, own_cache, capsys) -> None:
    net = tmp_path / "net"
    assert main(["import", "legs", str(table(tmp_path)), "-o", str(net), "--no-transfers"]) == 0
    capsys.readouterr()
    assert main(["route", "Urumqi", "Poti", "--network", str(net), "--format", "json"]) == 0
    assert '"length_km": 4800.0' in capsys.readouterr().out
    assert main(["matrix", "Urumqi; Baku", "--network", str(net), "--format", "csv"]) == 0
    assert "150" in capsys.readouterr().out
