"""The how-to about OpenStreetMap does what it says, on extracts that stand in for the downloads."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import osm_extracts
from corridors.cli import main
from corridors.osm.saved import save

PAGE = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "osm.md"


def test_the_commands_of_the_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    osm_extracts.railway_of("UZ", tmp_path / "uzbekistan-latest.osm.pbf")
    osm_extracts.railway_of("TJ", tmp_path / "tajikistan-latest.osm.pbf")
    # the region instead of all Eurasia: a test should not take minutes
    region = osm_extracts.part({"UZ", "TJ", "KZ", "TM", "KG", "AF"})
    save(region, pd.DataFrame(), [], tmp_path / "base")
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 7
    for line in lines:
        words = shlex.split(line)[1:]
        if "--layer" in words:
            continue  # the stand-in has no roads
        if words[:2] == ["import", "osm"] and "--base" not in words:
            words += ["--base", "base"]
        if words[0] in ("route", "map") and "--network" not in words:
            words += ["--network", "base"]
        if words[0] == "map":
            words.append("--no-planner")
        assert main(words) == 0, line
        assert "Traceback" not in capsys.readouterr().err
    for name in ("before.html", "after.html"):
        assert (tmp_path / name).stat().st_size > 10_000
