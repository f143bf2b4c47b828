"""The data that ship are found, verified, read, overlaid; the package is written as it should."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from corridors import datasets
from corridors.errors import DataIntegrityError, SchemaError

PLACES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"id": i, "name": n, "country": c, "capacity": cap},
            "geometry": {"type": "Point", "coordinates": xy},
        }
        for i, n, c, cap, xy in (
            ("urumqi", "Urumqi", "CN", None, [87.6, 43.8]),
            ("windhoek", "Windhoek", "NA", 5.5, [17.1, -22.6]),
        )
    ],
}
PARAMETERS = "key,mode,country,value,note\nspeed,rail,,30,\nspeed,rail,NA,25.5,slow\nwait,,,4,\n"


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    """data/build/datapackage.py, which is no package's module."""
    file = Path(__file__).parents[1] / "data" / "build" / "datapackage.py"
    spec = importlib.util.spec_from_file_location("datapackage_writer", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries() -> list[dict[str, Any]]:
    return [
        {
            "path": "places.geojson",
            "title": "Places",
            "licenses": ["CC-BY-4.0"],
            "sources": ["tables"],
            "primaryKey": "id",
            "fields": {"capacity": "as published, million t a year"},
        },
        {
            "path": "parameters.csv",
            "title": "Parameters",
            "licenses": [{"name": "CC-BY-4.0"}],
            "sources": [{"title": "CAREC"}],
            "primaryKey": ["key", "mode", "country"],
        },
    ]


@pytest.fixture
def shipped(
    tmp_path: Path, writer: ModuleType, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A small data package of its own in place of the shipped one."""
    folder = tmp_path / "geo"
    folder.mkdir()
    (folder / "places.geojson").write_text(json.dumps(PLACES), encoding="utf-8")
    (folder / "parameters.csv").write_text(PARAMETERS, encoding="utf-8")
    writer.write(folder, entries(), version="1")
    monkeypatch.setattr(datasets, "data_dir", lambda: folder)
    return folder


# --- found, verified ---


def test_the_shipped_data_are_whole() -> None:
    rows = datasets.describe()
    assert rows
    assert [r["verified"] for r in rows] == [True] * len(rows)
    for row in rows:
        assert row["licence"]
        assert row["rows"] > 0
    assert sum(r["bytes"] for r in rows) < 25e6


def test_every_shipped_dataset_states_sources_and_columns() -> None:
    for resource in datasets.package()["resources"]:
        assert resource["sources"], resource["name"]
        assert resource["licenses"], resource["name"]
        assert resource.get("schema", {}).get("fields"), resource["name"]


def test_path_by_name_and_by_file(shipped: Path) -> None:
    assert datasets.path("places") == shipped / "places.geojson"
    assert datasets.path("places.geojson") == shipped / "places.geojson"
    with pytest.raises(DataIntegrityError, match=r"no dataset 'plaices'.*places"):
        datasets.path("plaices")


def test_a_changed_file_is_refused_whatever_its_size(shipped: Path) -> None:
    file = shipped / "parameters.csv"
    datasets.path("parameters")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("30", "31"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    with pytest.raises(DataIntegrityError, match=r"parameters\.csv: changed \(SHA-256") as caught:
        datasets.path("parameters")
    assert "\n" not in str(caught.value)
    file.write_text(text + " ", encoding="utf-8")
    with pytest.raises(DataIntegrityError, match=r"bytes where \d+ should be"):
        datasets.path("parameters")
    file.unlink()
    with pytest.raises(DataIntegrityError, match="missing"):
        datasets.path("parameters")
    assert "missing" in next(
        r["verified"] for r in datasets.describe() if r["dataset"] == "parameters"
    )


def test_a_verified_file_is_hashed_once(
    shipped: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []
    real: Callable[[Path], str] = datasets._sha256
    monkeypatch.setattr(datasets, "_sha256", lambda file: (calls.append(file), real(file))[1])
    datasets.path("places")
    datasets.path("places")
    assert len(calls) == 1
    datasets._memory.cache_clear()  # as another process would see it
    datasets.path("places")
    assert len(calls) == 1
    assert (own_cache / "verified.json").is_file()
    os.utime(shipped / "places.geojson", ns=(1, 1))
    datasets.path("places")
    assert len(calls) == 2


@pytest.mark.parametrize("memory", ["", "[]", "{", '{"x": 3}'])
def test_a_spoilt_memory_of_hashes_does_no_harm(
    shipped: Path, own_cache: Path, memory: str
) -> None:
    own_cache.mkdir(exist_ok=True)
    (own_cache / "verified.json").write_text(memory, encoding="utf-8")
    datasets._memory.cache_clear()
    assert datasets.path("places").is_file()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"resources": [{"name": "a"}]}'])
def test_a_spoilt_package_is_one_clear_line(shipped: Path, text: str) -> None:
    (shipped / "datapackage.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataIntegrityError, match=r"datapackage\.json: cannot be read") as caught:
        datasets.package()
    assert "\n" not in str(caught.value)


def test_the_callers_package_is_her_own(shipped: Path) -> None:
    datasets.package()["resources"].clear()
    assert datasets.names() == ["parameters", "places"]
    assert datasets.package()["resources"]


def test_version_follows_the_hashes(shipped: Path, writer: ModuleType, tmp_path: Path) -> None:
    before = datasets.version()
    assert before == datasets.version()
    assert len(before) == 12
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "parameters.csv").write_text("key,mode,country,value\nwait,,,5\n", encoding="utf-8")
    with_mine = datasets.version(data=mine)
    assert with_mine != before
    (mine / "parameters.csv").write_text("key,mode,country,value\nwait,,,6\n", encoding="utf-8")
    assert datasets.version(data=mine) != with_mine
    (shipped / "parameters.csv").write_text(PARAMETERS + "x,,,1,\n", encoding="utf-8")
    writer.write(shipped, entries(), version="1")
    os.utime(shipped / "datapackage.json", ns=(5, 5))
    assert datasets.version() != before


def test_cache_dir_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("CORRIDORS_CACHE", str(blocked / "below"))
    datasets.cache_dir.cache_clear()
    folder = datasets.cache_dir()
    datasets.cache_dir.cache_clear()
    assert folder.is_dir()
    assert tmp_path not in folder.parents


# --- read, overlaid ---


def test_read_table_keeps_namibia_and_types(shipped: Path) -> None:
    frame = datasets.read_table("parameters")
    assert frame["country"].tolist()[1] == "NA"
    assert frame["country"].isna().tolist() == [True, False, True]
    assert frame["value"].tolist() == [30.0, 25.5, 4.0]


def test_read_frame_is_in_degrees(shipped: Path) -> None:
    frame = datasets.read_frame("places")
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.x.tolist() == [87.6, 17.1]


def test_users_rows_replace_by_key_and_add(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("not a table", encoding="utf-8")
    (mine / "parameters.csv").write_text(
        "key,mode,country,value\nspeed,rail,,33\ntoll,road,KZ,7\n", encoding="utf-8"
    )
    (mine / "places.csv").write_text(
        "id,name,lon,lat,berths\nurumqi,My Urumqi,87.5,43.9,\nalat,Alat,49.44,39.98,3\n",
        encoding="utf-8",
    )
    table = datasets.read_table("parameters", data=mine)
    assert table["value"].tolist() == [25.5, 4.0, 33.0, 7.0]
    frame = datasets.read_frame("places", data=mine)
    assert frame["name"].tolist() == ["Windhoek", "My Urumqi", "Alat"]
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.x.tolist() == [17.1, 87.5, 49.44]
    assert frame["berths"].tolist()[2] == 3
    one = datasets.read_frame("places", data=mine / "places.csv")
    assert one["name"].tolist() == frame["name"].tolist()
    # the shipped answer is as it was
    assert datasets.read_frame("places")["name"].tolist() == ["Urumqi", "Windhoek"]


def test_users_projected_file_is_brought_to_degrees(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "places.gpkg"
    frame = datasets.read_frame("places").iloc[:1]
    frame.assign(id="x").to_crs("EPSG:32645").to_file(mine)
    read = datasets.read_frame("places", data=mine)
    assert read.geometry.x.tolist()[2] == pytest.approx(87.6, abs=1e-6)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no .csv"),
        ({"place.csv": "id\n"}, "did you mean places"),
        ({"zzz.csv": "id\n"}, "known: parameters, places"),
        ({"places.csv": "id,name\na,b\n"}, "no column lon or lat"),
        ({"places.csv": "name,lon,lat\nb,1,2\n"}, "no column id"),
        ({"places.csv": "id,lon,lat\na,1,2\na,3,4\n"}, "row 3 repeats the key id"),
        ({"places.csv": "id,lon,lat\na,east,2\n"}, "cannot be read"),
        ({"places.geojson": "{}"}, "cannot be read"),
        ({"places.csv": "id,lon,lat\n", "places.geojson": "{}"}, "places.csv is there too"),
    ],
)
def test_bad_user_data(shipped: Path, tmp_path: Path, files: dict[str, str], words: str) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for name, text in files.items():
        (mine / name).write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        datasets.read_frame("places", data=mine)
    assert words in str(caught.value)
    assert str(mine) in str(caught.value)


def test_user_folder_that_is_not_there(shipped: Path, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no such file or folder"):
        datasets.read_table("parameters", data=tmp_path / "nowhere")


# --- written ---


def test_package_says_what_the_files_hold(shipped: Path) -> None:
    parameters, places = datasets.package()["resources"]
    assert places["rows"] == 2
    assert parameters["rows"] == 3
    raw = (shipped / "places.geojson").read_bytes()
    assert places["hash"] == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert places["bytes"] == len(raw)
    fields = {f["name"]: f for f in places["schema"]["fields"]}
    assert fields["capacity"]["type"] == "number"
    assert fields["capacity"]["description"].startswith("as published")
    assert {f["name"]: f["type"] for f in parameters["schema"]["fields"]}["value"] == "number"
    licences = (shipped / "LICENSES.md").read_text(encoding="utf-8")
    assert "places.geojson" in licences
    assert "OpenStreetMap contributors" in licences


def test_written_twice_the_same_bytes(shipped: Path, writer: ModuleType) -> None:
    before = {f.name: f.read_bytes() for f in shipped.iterdir()}
    writer.write(shipped, reversed(entries()), version="1")
    assert {f.name: f.read_bytes() for f in shipped.iterdir()} == before


def test_writer_gives_known_keys_and_meanings_and_checks_them(
    shipped: Path, writer: ModuleType
) -> None:
    plain = [{k: v for k, v in e.items() if k not in ("primaryKey", "fields")} for e in entries()]
    writer.write(shipped, plain, version="1")
    parameters, places = datasets.package()["resources"]
    assert places["schema"]["primaryKey"] == ["id"]
    assert parameters["schema"]["primaryKey"] == ["key", "mode", "country"]
    meanings = {f["name"]: f.get("description") for f in places["schema"]["fields"]}
    assert meanings["country"] == "ISO 3166-1 alpha-2"
    (shipped / "parameters.csv").write_text(PARAMETERS + "wait,,,9,\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="not unique: wait"):
        writer.write(shipped, plain, version="1")


def test_writer_names_all_faults_at_once(shipped: Path, writer: ModuleType) -> None:
    (shipped / "stray.csv").write_text("a\n1\n", encoding="utf-8")
    wrong = entries()
    wrong[0]["licenses"] = ["WTFPL"]
    wrong[1]["rows"] = 99
    wrong.append({**entries()[0], "path": "gone.csv"})
    with pytest.raises(SystemExit) as caught:
        writer.write(shipped, wrong, version="1")
    for words in ("unknown licence 'WTFPL'", "holds 3 rows", "gone.csv", "stray.csv: lies in"):
        assert words in str(caught.value)
