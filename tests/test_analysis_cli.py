"""Commands of the analyses, and what docs/analysis says to type."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from corridors.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "analysis").glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    return [str(x) for x in found]


COMMANDS = [
    shlex.split(line)[1:]
    for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _headless(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "Agg")
        patch.chdir(tmp_path_factory.mktemp("analysis"))
        yield


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_command_in_the_docs(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    told = capsys.readouterr()
    if "-o" in words:
        assert Path(words[words.index("-o") + 1]).stat().st_size > 0
    else:
        assert told.out.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_python_in_the_docs(page: Path) -> None:
    import matplotlib.pyplot as plt

    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), names)
    plt.close("all")


def test_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "Xi'an", "Duisburg", "--corridor", "northern-corridor/khorgos",
                 "--format", "json"]) == 0  # fmt: skip
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["corridor"] == "northern-corridor" and rows[0]["hours"] > 0
    assert main(["corridor", "sea-suez", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["corridor"].startswith("Sea route")


def test_a_log_with_faults_exits_with_one_and_names_them(tmp_path, capsys) -> None:
    from corridors.analysis.triplog import COLUMNS

    file = tmp_path / "log.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerow(["T", 1, "Urumqi", "origin", "road", "CN", "", "", "2025-03-01T08:00", "",
                         "", "", 18, ""])  # fmt: skip
        writer.writerow(["T", 2, "Almaty", "destination", "road", "KZ", "", "", "", 900, -5, "USD",
                         "", ""])  # fmt: skip
    assert main(["cpmm", str(file), "--faults"]) == 1
    told = capsys.readouterr().out
    assert "time is missing" in told and "is negative" in told


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["corridor", "atlantic-wall"], 2, "no corridor"),
        (["compare", "Xi'an", "Duisburg", "-o", "x.docx"], 2, "ending must be"),
        (["compare", "Xi'an", "Duisburg", "--corridor", "lapis-lazuli"], 1, "no way to compare"),
        (["whatif", "Urumqi -> Poti"], 2, "nothing is changed"),
        (["whatif", "Urumqi", "--year", "2031"], 2, "write it as"),
        (["whatif", "Urumqi -> Poti", "--delay", "x"], 2, "ID=FACTOR"),
        (["flow", "gas", "--without", "x"], 2, "no link"),
        (["flow", "gas", "--demand", "100"], 1, "at most"),
        (["charging", "--battery-kwh", "-1"], 2, "battery_kwh"),
        (["cpmm", "missing.csv"], 2, "cannot read"),
        (["tcd"], 2, "name a --corridor"),
        (["near", "cku-railway"], 2, "--within"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_wrong_questions_are_answered_in_one_line(words, status, text, capsys) -> None:
    assert main(words) == status
    told = capsys.readouterr()
    assert text in told.err and told.err.count("\n") == 1
    assert "Traceback" not in told.err
