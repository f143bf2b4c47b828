"""The command: parse, call, save, exit code.

Exit status: 0 done; 1 the question has no answer; 2 the question is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corridors.errors import CorridorsError, NoRouteError, SchemaError, SnapError

if TYPE_CHECKING:
    from rich.console import Console

    from corridors.routing.network import Network
    from corridors.routing.route import Route

app = typer.Typer(
    name="corridors",
    help="Transport and energy corridors of Eurasia: distances, transit paths, maps.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

NetworkOption = Annotated[
    Path | None, typer.Option("--network", help="Folder of an imported or merged network.")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of your own places and parameters.")
]
FormatOption = Annotated[str, typer.Option("--format", help="table or json.")]
OutOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="File; its ending decides the format.")
]
YearOption = Annotated[int | None, typer.Option("--year", help="Year to ask for.")]


def console() -> Console:
    """Return a console for the answer: as wide as the terminal, or as the table in a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False, soft_wrap=False)


def tell(text: str) -> None:
    """Say on the terminal that long work has begun; say nothing in a pipe."""
    if sys.stderr.isatty():
        print(f"{text} …", file=sys.stderr)


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show on the terminal that work goes on, and for how long; show nothing in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    what = TextColumn("{task.description}", markup=False)
    bar = Progress(SpinnerColumn(), what, TimeElapsedColumn(),
                   console=Console(stderr=True), transient=True)  # fmt: skip
    with bar:
        bar.add_task(text, total=None)
        yield


def network_of(network: Path | None, data: Path | None) -> Network:
    """Return the network that the options name."""
    from corridors.routing.network import load_network

    return load_network(network, data=data, progress=tell)


def checked_format(name: str, choices: tuple[str, ...]) -> str:
    """Return a format if it is one of the choices."""
    if name not in choices:
        raise SchemaError(f"--format {name!r} is unknown; choose one of {', '.join(choices)}")
    return name


@app.command()
def route(
    origin: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE or 'lat,lon'.")],
    destination: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE or 'lat,lon'.")],
    via: Annotated[list[str] | None, typer.Option(help="Place to pass; may be repeated.")] = None,
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
    alternatives: Annotated[int, typer.Option(min=1, max=20, help="How many routes.")] = 1,
    cargo: Annotated[str, typer.Option(help="TEU, FEU or tonne.")] = "TEU",
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Find the way from A to B: legs, borders, hours, cost and emissions.

    Example: corridors route Urumqi Poti --by time --avoid Khorgos
    """
    from corridors.routing.profile import DATA_YEAR

    checked_format(format, ("table", "json", "geojson", "csv"))
    if output is not None:
        from corridors.io.routes import WRITERS

        if output.suffix.lower() not in WRITERS:
            raise SchemaError(
                f"cannot write a route to {output.name}: the ending must be one of "
                f"{', '.join(WRITERS)}"
            )
    net = network_of(network, data)
    terms: dict[str, Any] = {
        "by": by, "modes": mode or None, "avoid": avoid or (),
        "year": DATA_YEAR if year is None else year, "cargo": cargo,
    }  # fmt: skip
    if alternatives > 1:
        if via:
            raise SchemaError("--alternatives and --via cannot be asked together")
        routes = net.alternatives(origin, destination, k=alternatives, **terms)
    else:
        routes = [net.route(origin, destination, via=via or (), **terms)]
    if output is not None:
        from corridors.io.routes import write_routes

        write_routes(routes, output)
        tell(f"{output} written")
        if format == "table" and not sys.stdout.isatty():
            return
    if format == "table":
        for number, found in enumerate(routes, start=1):
            print_route(found, number if len(routes) > 1 else None)
        return
    from corridors.io.routes import to_csv, to_geojson, to_json

    text = {"json": to_json, "geojson": to_geojson, "csv": to_csv}[format](routes)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def print_route(found: Route, number: int | None) -> None:
    """Print a route as tables."""
    from rich.table import Table
    from rich.text import Text

    from corridors.routing.route import LEG_COLUMNS, leg_rows, summary

    out = console()
    head = f"{found.origin.name} → {found.destination.name}"
    if number is not None:
        head = f"{number}. {head}" + (f" — {found.corridor}" if found.corridor else "")
    out.print(Text(head, style="bold"))
    out.print(Text(summary(found)))
    cargo = f"{found.cargo['amount']:g} {found.cargo['unit']}"
    out.print(
        Text(f"by {found.by}, {', '.join(found.modes)}, {found.year}, {cargo}; "
             "expected value (P10–P90)", style="dim")
    )  # fmt: skip
    for end, word in ((found.origin, "begins"), (found.destination, "ends")):
        if end.snap_km >= 1.0:
            out.print(
                Text(f"{end.name}: the line {word} {end.snap_km:.1f} km away", style="yellow")
            )
    for note in found.notes:
        out.print(Text(f"note: {note}", style="yellow"))
    table = Table(show_edge=False, pad_edge=False)
    for column in LEG_COLUMNS:
        right = column in ("km", "hours", "USD", "kg CO2e")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in leg_rows(found):
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)
    if found.borders:
        text = "; ".join(f"{b['crossing']} {b['from']}→{b['to']} {b['hours']:.1f} h"
                         for b in found.borders)  # fmt: skip
        out.print(Text(f"borders: {text}"))
    out.print()


@app.command()
def places(
    text: Annotated[str | None, typer.Argument(help="Part of a name, in any spelling.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="city, port, dry_port …")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO code, e.g. KZ.")] = None,
    format: FormatOption = "table",
    output: OutOption = None,
    data: DataOption = None,
) -> None:
    """List the places of the atlas.

    Example: corridors places --kind dry_port --country KZ
    """
    from corridors.commands import list_places

    list_places(text, kind or [], country or [], format, output, data)


@app.command()
def data(
    network: Annotated[
        bool, typer.Option("--network", help="Components, orphans and joins of the network.")
    ] = False,
    format: FormatOption = "table",
    output: OutOption = None,
) -> None:
    """List what ships: dataset, version, licence, rows, hash verified.

    Example: corridors data --network -o joins.html (a map of every gap that was joined)
    """
    from corridors.commands import list_data, list_network

    if network:
        list_network(format, output)
    else:
        list_data(format, output)


@app.command(name="map")
def draw_map(
    output: OutOption = None,
    route: Annotated[
        list[str] | None, typer.Option(help="'A -> B' to be drawn; may be repeated.")
    ] = None,
    corridor: Annotated[
        list[str] | None, typer.Option(help="Corridor id; may be repeated.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Kinds of assets and places.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO code, e.g. KZ.")] = None,
    year: YearOption = None,
    tiles: Annotated[str | None, typer.Option(help="URL of online tiles, only if wanted.")] = None,
    link_assets: Annotated[
        bool, typer.Option(help="Write scripts beside the file instead of into it.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the map in a browser.")] = False,
    planner: Annotated[
        bool, typer.Option(help="Let the reader plan routes inside the file.")
    ] = True,
    planner_mode: Annotated[
        list[str] | None,
        typer.Option(
            help="road: the planner knows roads too, and the file is nearly twice as big."
        ),
    ] = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Write the atlas as one HTML file that opens with no network.

    Example: corridors map -o corridors.html --route 'Urumqi -> Poti'
    """
    from corridors.commands import make_map

    make_map(output or Path("corridors.html"), route or [], corridor or [], kind or [],
             country or [], year, tiles, link_assets, open_it, network, data, planner,
             planner_mode or [])  # fmt: skip


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from corridors import __version__

        print(f"corridors {__version__}")
        raise typer.Exit


def main(argv: list[str] | None = None) -> int:
    """Run the command; return or exit with its status."""
    status = 0
    try:
        app(args=argv)
    except SystemExit as leave:  # the parser's own way out, usage errors among them
        status = leave.code if isinstance(leave.code, int) else 0 if leave.code is None else 2
    except (NoRouteError, SnapError) as error:
        print(f"corridors: {error}", file=sys.stderr)
        status = 1
    except CorridorsError as error:
        print(f"corridors: {error}", file=sys.stderr)
        status = 2
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        print(f"corridors: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        status = 2
    if argv is None:
        sys.exit(status)
    return status


# commands of other rooms register themselves on ``app``
from corridors import cli_analysis, cli_atlas, cli_export, cli_import, cli_matrix  # noqa: E402, F401
