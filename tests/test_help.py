"""Every command says how it is used, and those that print a table print it as JSON too."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from corridors import cli

# these write files, and print no table
FILES = ("map", "import ", "export")


def _commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield name.strip(), command
    for key, child in children.items():
        yield from _commands(child, f"{name} {key}")


COMMANDS = dict(_commands(typer.main.get_command(cli.app)))


def _examples(command: Any) -> list[list[str]]:
    lines = (line.strip() for line in (command.help or "").replace("\b", "").splitlines())
    return [shlex.split(x.removeprefix("Example: ")) for x in lines if x.startswith("Example: ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_with_options_that_exist(name: str) -> None:
    command = COMMANDS[name]
    found = _examples(command)
    assert found, f"corridors {name}: no example"
    known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
    for words in found:
        assert words[: 1 + len(name.split())] == ["corridors", *name.split()]
        given = {w.split("=")[0] for w in words if w.startswith("-") and not w.startswith("->")}
        assert given <= known, f"corridors {name}: {given - known}"


@pytest.mark.parametrize("name", [n for n in COMMANDS if not n.startswith(FILES)])
def test_what_prints_a_table_has_a_format(name: str) -> None:
    assert "--format" in {o for p in COMMANDS[name].params for o in p.opts}


@pytest.mark.parametrize(
    "line",
    [
        "places Khorgos", "places Almaty --kind city", "assets --kind oil_pipeline", "show Line-D",
        "show Khorgos", "data", "data --network", "corridor", "corridor middle-corridor",
        "route Urumqi Aktau --mode rail", "matrix Urumqi,Almaty Aktau",
        "compare Urumqi Poti --corridor middle-corridor", "tcd --corridor middle-corridor",
    ],
)  # fmt: skip
def test_json_is_json(line: str, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    words = [w.replace("Line-D", "Line D") for w in line.split()]
    if words[0] == "matrix":
        for i, word in enumerate(words[1:], start=1):
            file = tmp_path / f"{i}.csv"
            file.write_text("name\n" + word.replace(",", "\n") + "\n", encoding="utf-8")
            words[i] = str(file)
    assert cli.main([*words, "--format", "json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out), line
    assert told.err == ""


def test_bad_format_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["places", "Khorgos", "--format", "xml"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_planner_mode_that_is_none(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["map", "-o", "map.html", "--planner-mode", "air"]) == 2
    assert "road" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
