"""The command ``corridors matrix``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from corridors.cli import (
    DataOption,
    NetworkOption,
    YearOption,
    app,
    checked_format,
    network_of,
    tell,
)
from corridors.errors import SchemaError

SHOWN_PAIRS = 2500


@app.command()
def matrix(
    origins: Annotated[
        str, typer.Argument(help="File of places (.csv, .txt, .geojson …), or 'A; B; C'.")
    ],
    destinations: Annotated[
        str | None, typer.Argument(help="The same; the origins where left out.")
    ] = None,
    by: Annotated[str, typer.Option(help="time, cost, distance or co2e.")] = "time",
    mode: Annotated[
        list[str] | None,
        typer.Option(help="rail, road, sea, ferry, pipeline or all; may be repeated."),
    ] = None,
    avoid: Annotated[
        list[str] | None,
        typer.Option(help="Crossing, port, strait, country code or mode; may be repeated."),
    ] = None,
    year: YearOption = None,
    cargo: Annotated[str, typer.Option(help="TEU, FEU or tonne.")] = "TEU",
    format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File .csv or .parquet, or a folder of parts."),
    ] = None,
    block: Annotated[int, typer.Option(min=1, help="Origins per block.")] = 256,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler; needs -o FOLDER.")
    ] = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Distances, hours, cost or emissions from every origin to every destination.

    A pair without a way is empty, with the reason beside it. A folder is written part by part,
    and the same command goes on where it was stopped.

    Example: corridors matrix cities.csv ports.csv --by cost -o costs.parquet
    """
    from corridors.routing.network import question
    from corridors.routing.parts import frames, task_of, write_file, write_parts
    from corridors.routing.profile import DATA_YEAR

    checked_format(format, ("table", "csv", "json"))
    if scheduler is not None and output is None:
        raise SchemaError("--scheduler needs -o FOLDER, which all workers can write")
    in_parts = output is not None and (
        scheduler is not None
        or output.is_dir()
        or output.suffix.lower() not in (".csv", ".parquet")
    )
    if (
        in_parts
        and output is not None
        and output.suffix
        and not output.is_dir()
        and scheduler is None
    ):
        raise SchemaError(
            f"cannot write a matrix to {output.name}: end it in .csv or .parquet, or name a folder"
        )
    net = network_of(network, data)
    terms = question(by, mode or None, avoid or (), DATA_YEAR if year is None else year, cargo)
    task = task_of(net, _places(origins), None if destinations is None else _places(destinations),
                   terms)  # fmt: skip
    pairs = len(task.origins) * len(task.destinations)
    if output is None and format == "table" and pairs > SHOWN_PAIRS:
        raise SchemaError(
            f"{pairs:,} pairs are too many for a table; write them with -o, or --format csv"
        )
    with progress_bar(f"{pairs:,} pairs") as progress:
        if output is None:
            _show(list(frames(task, block, progress)), format)
            return
        if not in_parts:
            write_file(task, output, rows=block, progress=progress)
        else:
            with _client(scheduler) as client:
                write_parts(task, output, rows=block, client=client, progress=progress)
    tell(f"{output} written")


def _places(text: str) -> Any:
    """Return a file's path, or the places of a list."""
    from corridors.routing.spots import FILES

    path = Path(text)
    if path.suffix.lower() in FILES or path.is_file():
        return path
    return [x.strip() for x in text.split(";") if x.strip()]


@contextmanager
def _client(address: str | None) -> Iterator[Any]:
    """Yield a client of a Dask scheduler, None where there is none."""
    if address is None:
        yield None
        return
    from corridors.routing.parts import dask_distributed

    distributed = dask_distributed()
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise SchemaError(f"no Dask scheduler answers at {address}: {first}") from None
    try:
        yield client
    finally:
        client.close()


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield something to tell progress to, None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task(title, total=None)
        yield lambda done, whole: bar.update(line, completed=done, total=whole)


def _show(parts: list[Any], format: str) -> None:
    import pandas as pd

    frame = pd.concat(parts, ignore_index=True)
    if not frame["note"].any():
        frame = frame.drop(columns="note")
    if format == "csv":
        sys.stdout.write(frame.to_csv(index=False, lineterminator="\n"))
    elif format == "json":
        text = frame.to_json(orient="records", force_ascii=False, indent=2, double_precision=3)
        sys.stdout.write(f"{text}\n")
    else:
        from corridors.commands import print_table

        rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
        print_table(f"{len(frame):,} pairs", list(frame.columns), rows)
