"""A user's folder beside the shipped data: used everywhere, and refused with clear lines."""

from __future__ import annotations

from pathlib import Path

import pytest

import corridors
import networks
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.io.tables import checked, save_tables
from corridors.userdata import findings

PLACES = """id,name,kind,country,lon,lat
my-yard,My Yard,terminal,KZ,51.0,40.5
"""
CORRIDORS = "id,name\nmy-way,My Way\n"
STAGES = """corridor_id,branch,seq,place,mode
my-way,,1,a,
my-way,,2,c,rail
"""
PARAMETERS = "key,mode,country,value\nspeed_km_h,rail,,100\n"
FILES = {"places.csv": PLACES, "parameters.csv": PARAMETERS}


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    out = tmp_path / "mine"
    out.mkdir(exist_ok=True)
    for name, text in files.items():
        path = out / name.replace("__", ".")
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return out


@pytest.fixture
def saved(tmp_path, own_cache) -> Path:
    nodes, edges = networks.SAMPLE
    return save_tables(checked(nodes, edges), tmp_path / "net")


def test_own_places_and_parameters_count_on_shipped_ground(tmp_path) -> None:
    own = folder(tmp_path, places__csv=PLACES, parameters__csv=PARAMETERS)
    net = corridors.load_network(data=own)
    assert net.place("My Yard").id == "my-yard"
    assert net.parameters.get("speed_km_h", "rail").value == 100.0
    atlas = corridors.load_atlas(data=own)
    row = atlas.places[atlas.places["id"] == "my-yard"].iloc[0]
    assert (row["status"], row["confidence"], row["source"]) == ("operating", "low", "places.csv")
    assert atlas.show("My Yard").source == "places.csv"


def test_own_corridors_run_on_an_imported_network(tmp_path, saved, capsys) -> None:
    places = PLACES + "a,Alpha,city,KZ,50,40\nc,Gamma,city,UZ,52,40\n"
    places = places.replace("UZ,52,40", "KZ,52,40")
    speeds = PARAMETERS + "speed_km_h,rail,KZ,100\nspeed_km_h,rail,UZ,100\n"
    own = folder(tmp_path, places__csv=places, corridors__csv=CORRIDORS, stages__csv=STAGES,
                 parameters__csv=speeds)  # fmt: skip
    ask = ["--network", str(saved), "--data", str(own)]
    assert main(["corridor", "my-way", *ask, "--format", "json"]) == 0
    assert '"length_km": 190.0' in capsys.readouterr().out
    assert main(["route", "Alpha", "Gamma", "--mode", "rail", "--format", "json", *ask]) == 0
    assert '"expected": 1.9' in capsys.readouterr().out  # 190 km at 100 km/h


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"places.csv": PLACES + "my-yard,Twin,terminal,KZ,51,40\n"}, "'my-yard' is in row 2"),
        ({"places.csv": PLACES.replace("KZ,", "Kazakhstan,")}, "write 'KZ'"),
        ({"places.csv": PLACES.replace("terminal", "starport")}, "'starport' is not one of"),
        ({"places.csv": PLACES.replace("My Yard", "<script>x")}, "holds markup"),
        ({"places.csv": PLACES.replace("51.0,40.5", "40.5,151")}, "row 2"),
        ({"places.csv": PLACES.replace("country,", "")}, "places.csv"),
        ({"places.csv": PLACES.replace(",", ";")}, "cells are separated by ';', not by ','"),
        ({"places.csv": PLACES.encode().replace(b"My", b"M\xff")}, "row 2 is not UTF-8"),
        ({"places.csv": ""}, "is empty"),
        ({"parameters.csv": PARAMETERS.replace("100", "-1")}, "row 2, value: -1 is negative"),
        ({"parameters.csv": PARAMETERS.replace("speed", "sped")}, "did you mean speed_km_h"),
        ({"corridors.csv": CORRIDORS}, "'my-way' has no stages; add them"),
        ({"stages.csv": STAGES}, "there is no corridor 'my-way'; add it to corridors.csv"),
        ({"corridors.csv": CORRIDORS, "stages.csv": STAGES.replace(",a,", ",atlantis-x,")},
         "row 2, column place: no place is called 'atlantis-x'"),
        ({"crossings.csv": "id\nx\n"}, "crossings.csv: has no effect here"),
        ({"placse.csv": PLACES}, "did you mean places"),
    ],
)  # fmt: skip
def test_a_wrong_folder_is_told_by_every_command(tmp_path, files, said, capsys, own_cache) -> None:
    own = folder(tmp_path, **{k.replace(".", "__"): v for k, v in files.items()})
    for command in (["places", "Almaty"], ["route", "Urumqi", "Almaty"]):
        assert main([*command, "--data", str(own)]) == 2
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told, told
    with pytest.raises(SchemaError):
        corridors.load_atlas(data=own)


def test_check_takes_a_folder_and_a_saved_network(tmp_path, saved, capsys) -> None:
    own = folder(tmp_path, places__csv="\ufeff" + PLACES)
    assert findings(own) == []
    assert main(["check", str(own)]) == 0
    assert "no faults" in capsys.readouterr().out
    folder(tmp_path, places__csv=PLACES.replace("terminal", "starport"))
    assert main(["check", str(own)]) == 1
    assert "starport" in capsys.readouterr().out
    assert main(["check", str(saved)]) == 0
    assert "6 nodes, 6 edges" in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".parquet", ".shp", ".kml"])
def test_the_atlas_s_own_exports_are_a_user_s_tables(tmp_path, ending) -> None:
    from corridors.io.vector import write_layers

    atlas = corridors.load_atlas()
    some = atlas.assets.head(12).assign(operator="Mine")
    own = folder(tmp_path)
    write_layers({"assets": some}, own / f"assets{ending}")
    assert findings(own) == []
    again = corridors.load_atlas(data=own)
    assert len(again.assets) == len(atlas.assets)
    assert (again.assets["operator"] == "Mine").sum() == 12
    assert again.assets["published_km"].sum() == pytest.approx(atlas.assets["published_km"].sum())
