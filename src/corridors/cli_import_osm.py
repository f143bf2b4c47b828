"""The command ``corridors import osm``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from corridors.cli import console, tell
from corridors.cli_import import imports

SHOWN = 12


@imports.command()
def osm(
    files: Annotated[
        list[Path], typer.Argument(help="Extracts: .osm.pbf, .osm, .osm.bz2; several stack.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the saved network, for --network.")
    ],
    layer: Annotated[
        list[str] | None, typer.Option(help="rail, road, ferry, pipeline; may be repeated.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(help="Replace the lines of this country only, as KZ.")
    ] = None,
    area: Annotated[
        Path | None, typer.Option(help="Replace lines inside this polygon only (.poly, .geojson).")
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="Saved network to merge into; else the shipped one.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Merge into nothing: the extract and no more.")
    ] = False,
    all_tracks: Annotated[
        bool, typer.Option("--all-tracks", help="Yards, sidings and spurs too.")
    ] = False,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Take gauges that cannot be read as not known.")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Take ways with missing nodes as far as they go.")
    ] = False,
    join_m: Annotated[
        float, typer.Option(min=0.0, max=1000.0, help="Join dead ends within so many metres.")
    ] = 0.0,
    memory: Annotated[
        float | None, typer.Option(min=1.0, help="MB that may be used; else what is free.")
    ] = None,
    compile: Annotated[
        bool, typer.Option(help="Order the network now, so that its first use is quick.")
    ] = True,
) -> None:
    """Import OpenStreetMap: the extract's lines take the place of the shipped ones in its area.

    Rails unless --layer says otherwise. What the lines had there (borders, terminals, lines that
    go on outside) is joined to them again, and what is not is said; all of it is in import.json of
    the folder.

    Example: corridors import osm uzbekistan.osm.pbf -o mine --layer rail --country UZ
    """
    from corridors.osm import import_osm

    with _ended_by_signal(), _bar() as (progress, say):
        reports = import_osm(
            files, output, layers=layer or ["rail"], base=base, alone=alone, country=country,
            area=area, all_tracks=all_tracks, lenient=lenient, incomplete=incomplete,
            join_m=join_m, memory_mb=memory, progress=progress, say=say,
        )  # fmt: skip
    if compile:
        from corridors.routing.network import load_network

        load_network(output, progress=tell)
    for report in reports[-len(files) :]:
        _show(report)
    console().print(f"{output} written; ask it with --network {output}", markup=False)


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let the end that another program asks for pass through what cleans up behind us."""

    def leave(number: int, _frame: Any) -> None:
        sys.exit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _bar() -> Iterator[tuple[Callable[[str, int, int], None] | None, Callable[[str], None]]]:
    """Yield something to tell how far a file is read and what is done; silent in a pipe."""
    if not sys.stderr.isatty():
        yield None, tell
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("beginning", total=None)

        def read(what: str, done: int, of: int) -> None:
            bar.update(line, description=f"reading {what}", completed=done, total=of)

        def say(text: str) -> None:
            # what takes an unknown time is a bar that moves to and fro
            bar.reset(line, description=text, total=None)

        yield read, say


def _show(report: dict[str, Any]) -> None:
    """Print what was imported, replaced, joined and not joined."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    dated = f", data of {report['date']}" if report["date"] else ""
    out.print(Text(f"{report['file']}{dated}; {report['attribution']}, {report['licence']}"))
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("imported")
    table.add_column("km", justify="right")
    for name, km in report["km_by_type"].items():
        table.add_row(Text(name), f"{km:,.1f}")
    out.print(table)
    for reason, count in report["left_out"].items():
        out.print(Text(f"left out: {count:,} ways ({reason})"))
    if report["ways_with_missing_nodes"]:
        out.print(Text(f"{report['ways_with_missing_nodes']:,} ways lack nodes and were cut short"))
    if report["km_gauge_by_country_rule"]:
        out.print(Text(f"{report['km_gauge_by_country_rule']:,.1f} km of rails have no gauge in "
                       "the file; they took their country's"))  # fmt: skip
    if "area" not in report:
        return
    gone = ", ".join(f"{mode} {km:,.0f} km" for mode, km in report["replaced_km"].items())
    out.print(Text(f"in place of {gone or 'nothing'} ({report['area']})"))
    beyond = ", ".join(f"{what} {km:,.1f} km" for what, km in report["left_outside"]["km"].items())
    if beyond:
        out.print(Text(f"outside the area, left out: {beyond}"))
    kinds = [r["what"] for r in report["joined"]]
    out.print(Text(f"joined: {kinds.count('border')} borders, {kinds.count('terminal')} terminals, "
                   f"{kinds.count('line')} lines at the edge of the area"))  # fmt: skip
    lost = report["not_joined"]
    for row in lost[:SHOWN]:
        gauge = f" {row['gauge_mm']} mm" if row["gauge_mm"] else ""
        name = f"{row['what']} {row['name']}".strip()
        out.print(Text(f"not joined: {name}, {row['mode']}{gauge} at {row['lat']}, {row['lon']}: "
                       f"{row['why']}", style="yellow"))  # fmt: skip
    if len(lost) > SHOWN:
        out.print(Text(f"and {len(lost) - SHOWN} more not joined; see import.json"))
