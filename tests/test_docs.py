"""What the README and the how-tos say to type works: commands and Python, run in their order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/index.md", "docs/concepts/questions.md", *(
    p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs" / "how-to").glob("*.md"))
))  # fmt: skip


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, those inside tabs too."""
    text = (ROOT / page).read_text(encoding="utf-8")
    fence = rf"^( *)```{language}\n(.*?)^\1```$"
    found = []
    for indent, body in re.findall(fence, text, flags=re.MULTILINE | re.DOTALL):
        found.append("\n".join(line.removeprefix(indent) for line in body.splitlines()))
    return found


def commands(page: str) -> list[list[str]]:
    """Return the arguments of every `corridors ...` line: fenced, or indented in the README."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    if page == "README.md":
        lines += re.findall(
            r"^    (corridors .*)$", (ROOT / page).read_text(encoding="utf-8"), re.M
        )
    told = (shlex.split(line, comments=True) for line in lines)
    return [words[1:] for words in told if words[:1] == ["corridors"]]


COMMANDS = [(page, words) for page in PAGES for words in commands(page)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for all commands, since some read what another wrote."""
    where = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        yield where


def test_there_is_something_to_try() -> None:
    assert len(COMMANDS) > 15
    assert {"route", "map", "places", "data"} <= {words[0] for _, words in COMMANDS}


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=lambda x: str(x)[:60])
def test_command_in_the_docs(
    page: str, words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from corridors.cli import main

    status = main(words)
    told = capsys.readouterr()
    assert status == 0, f"{page}: {told.err}"
    assert "Traceback" not in told.err
    if "-o" in words:
        assert (folder / words[words.index("-o") + 1]).stat().st_size > 0
    else:
        assert told.out.strip()


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")])
def test_python_in_the_docs(page: str, folder: Path) -> None:
    mine = folder / "mine"
    mine.mkdir(exist_ok=True)
    (mine / "parameters.csv").write_text(
        "key,mode,country,unit,value,low,high,confidence,source,note\n"
        "speed_km_h,rail,KZ,km/h,40,30,50,low,own guess,\n",
        encoding="utf-8",
    )
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)


def test_links_and_pictures_of_the_readme_are_there() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / target).exists(), f"{page}: {target}"


def test_contributing_names_tables_that_exist() -> None:
    for page in ("CONTRIBUTING.md", "docs/how-to/data.md"):
        rows = [
            line for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
            if line.startswith("| a")
        ]  # fmt: skip
        assert rows
        for name in re.findall(r"`(\w+\.csv)`", "\n".join(rows)):
            assert (ROOT / "data" / "tables" / name).is_file(), f"{page}: {name}"
