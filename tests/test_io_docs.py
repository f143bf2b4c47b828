"""What the how-tos of tables and other programs say to type works, page by page, in its order."""

from __future__ import annotations

import shlex
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import networks
from corridors.cli import main
from corridors.io.gmns import write_gmns
from corridors.io.tables import checked, save_tables
from test_docs import blocks

PAGES = ("docs/how-to/own-tables.md", "docs/how-to/other-programs.md")


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page(page, tmp_path: Path, monkeypatch, capsys) -> None:
    legs = next(b for b in blocks(PAGES[0], "text") if b.startswith("from,to"))
    (tmp_path / "plan.csv").write_text(legs, encoding="utf-8")
    tables = checked(*networks.SAMPLE)
    write_gmns(tables, tmp_path / "city")
    line = shapely.LineString([(76.9, 43.2), (77.0, 43.9)])
    gpd.GeoDataFrame({"ref": ["1"]}, geometry=[line], crs=4326).to_file(tmp_path / "lines.gpkg")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "places.csv").write_text(
        "id,name,kind,country,lon,lat\nmy-yard,My Yard,terminal,KZ,77.5,43.5\n", encoding="utf-8"
    )
    if page.endswith("other-programs.md"):
        save_tables(tables, tmp_path / "my-net")
    monkeypatch.chdir(tmp_path)
    commands = [
        shlex.split(line.removeprefix("$ "))[1:]
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ corridors ")
    ]
    assert len(commands) > 5
    for words in commands:
        assert main(words) == 0, (words, capsys.readouterr().err)
        if "-o" in words:
            assert (tmp_path / words[words.index("-o") + 1]).exists()
