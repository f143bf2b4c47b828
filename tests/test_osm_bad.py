"""Bad files and bad questions: one clear line each, and nothing written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import osm_extracts
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.osm import import_osm

AT = {i: (70.0 + 0.05 * i, 48.0) for i in range(1, 9)}
RAIL = {"railway": "rail", "usage": "main", "gauge": "1520"}
GOOD = [(1, [1, 2, 3], RAIL), (2, [3, 4], RAIL)]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return osm_extracts.write(tmp_path / "good.osm.pbf", AT, GOOD)


def refused(tmp: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command, see that it refuses in one line and writes nothing; return the line."""
    before = sorted(p.name for p in tmp.iterdir())
    assert main(["import", "osm", *words, "-o", str(tmp / "net")]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "Traceback" not in told.err
    assert sorted(p.name for p in tmp.iterdir()) == before
    return told.err


def test_a_truncated_file(tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = good.read_bytes()
    for share in (0.5, 0.9, 0.99):
        (tmp_path / "cut.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
        assert "ends in the middle of its data" in refused(
            tmp_path, capsys, str(tmp_path / "cut.osm.pbf")
        )


@pytest.mark.parametrize("content", [b"", b"<html>", b"\0" * 100, b"%PDF-1.7 and more", b"OSM"])
@pytest.mark.parametrize("ending", [".osm.pbf", ".osm", ".osm.bz2", ".shp"])
def test_what_is_no_such_file(
    content: bytes, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"bad{ending}"
    file.write_bytes(content)
    assert str(file) in refused(tmp_path, capsys, str(file))


def test_no_file_and_no_layer(
    tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no such file" in refused(tmp_path, capsys, str(tmp_path / "none.osm.pbf"))
    assert "layer 'tram' is unknown" in refused(tmp_path, capsys, str(good), "--layer", "tram")
    assert "holds no road" in refused(tmp_path, capsys, str(good), "--layer", "road")


def test_a_file_of_another_country(
    tmp_path: Path, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(tmp_path, capsys, str(good), "--country", "UZ")
    assert "is not of UZ" in told and "KZ 100 %" in told
    assert "no such country" in refused(tmp_path, capsys, str(good), "--country", "QQ")


def test_ways_whose_nodes_are_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = osm_extracts.write(
        tmp_path / "holes.osm.pbf", AT, [(7, [1, 2, 3, 4, 5], RAIL), (8, [5, 6], RAIL)],
        missing=frozenset([3]),
    )  # fmt: skip
    told = refused(tmp_path, capsys, str(file))
    assert "1 of 2 ways name nodes that the file does not hold (way 7)" in told
    assert "complete ways" in told
    (report,) = import_osm(file, tmp_path / "net", alone=True, incomplete=True)
    assert report["ways_with_missing_nodes"] == 1
    assert report["edges"] == 2  # the hole stays a hole


@pytest.mark.parametrize("gauge", ["narrow", "1520;narrow", "15200"])
def test_a_gauge_that_is_none(
    gauge: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = osm_extracts.write(
        tmp_path / "gauge.osm.pbf", AT, [*GOOD, (9, [4, 5], {**RAIL, "gauge": gauge})]
    )
    told = refused(tmp_path, capsys, str(file))
    assert f"way 9, gauge '{gauge}' is no number of millimetres" in told and "--lenient" in told
    (report,) = import_osm(file, tmp_path / "net", alone=True, lenient=True)
    assert report["left_out"] == {"gauge that cannot be read: taken as not known": 1}


def test_memory_that_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # 2 GB on paper: a hole in the file, which takes no room on the disk
    file = osm_extracts.write(tmp_path / "big.osm.pbf", AT, GOOD)
    os.truncate(file, 2_000_000_000)
    told = refused(tmp_path, capsys, str(file), "--memory", "4000")
    assert "MB of memory are needed for a file of 2,000 MB and 4,000 MB are free" in told


def test_memory_that_turns_out_to_be_short(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corridors.osm import memory

    monkeypatch.setattr(memory, "BASE_MB", 0.0)
    monkeypatch.setattr(memory, "SHARE", 0.0)
    monkeypatch.setattr(memory, "STORE_BYTES", 0.0)
    with pytest.raises(SchemaError, match="its 5 or more nodes of ways need about 0 MB"):
        import_osm(good, tmp_path / "net", alone=True, memory_mb=1e-4)
    assert not (tmp_path / "net").exists()


def test_a_place_that_is_taken(tmp_path: Path, good: Path) -> None:
    other = tmp_path / "mine"
    other.mkdir()
    (other / "diary.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(SchemaError, match="is no saved network"):
        import_osm(good, other, alone=True)
    assert (other / "diary.txt").read_text(encoding="utf-8") == "dear diary"
    with pytest.raises(SchemaError, match="there is no folder"):
        import_osm(good, tmp_path / "no" / "where", alone=True)
    with pytest.raises(SchemaError, match="is a file"):
        import_osm(good, good, alone=True)


def test_a_file_without_a_box_must_be_told_its_area(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = osm_extracts.write(tmp_path / "nobox.osm.pbf", AT, GOOD, box=False)
    assert "does not say what area it covers" in refused(tmp_path, capsys, str(file))


def test_without_osmium_the_extra_is_named(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(SchemaError, match=r"pip install 'corridors\[osm\]'"):
        import_osm(good, tmp_path / "net", alone=True)


SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs in the background ignores it
from pathlib import Path
from corridors.cli import main
from corridors.network import store
import corridors.osm.saved as saved

def slow(graph, folder, **more):
    store.write_layers(graph, folder, **more)
    Path(sys.argv[3]).touch()
    time.sleep(60)

saved.write_layers = slow
main(["import", "osm", sys.argv[1], "-o", sys.argv[2], "--alone"])
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_leaves_nothing_half_written(
    how: signal.Signals, good: Path, tmp_path: Path
) -> None:
    home = tmp_path / "work"
    home.mkdir()
    target = home / "net"
    import_osm(good, target, alone=True)
    before = {p.name: p.read_bytes() for p in target.iterdir()}
    mark = tmp_path / "mark"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(good), str(target), str(mark)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(600):
            if mark.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        assert mark.exists()
        process.send_signal(how)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before
    left = [p.name for p in home.iterdir() if p != target]
    if how != signal.SIGKILL:
        assert left == []
    # and the next one starts clean
    import_osm(good, target, alone=True)
    assert [p.name for p in home.iterdir()] == ["net"]
