"""Commands over the atlas and over a user's files: assets, show, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corridors.cli import DataOption, FormatOption, OutOption, YearOption, app


@app.command()
def assets(
    text: Annotated[str | None, typer.Argument(help="Part of a name, in any spelling.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="railway, gas_pipeline …")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO code, e.g. KZ.")] = None,
    status: Annotated[list[str] | None, typer.Option(help="operating, planned …")] = None,
    year: YearOption = None,
    format: FormatOption = "table",
    output: OutOption = None,
    data: DataOption = None,
) -> None:
    """List railways, roads, pipelines, ferries and links of the atlas.

    Example: corridors assets --kind gas_pipeline --country KZ
    """
    from corridors.commands import list_assets

    list_assets(text, kind or [], country or [], status or [], year, format, output, data)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A place, asset or corridor, in any spelling.")],
    format: FormatOption = "table",
    data: DataOption = None,
) -> None:
    """Tell all that is known about one thing, with its sources.

    Example: corridors show "China-Jiangxi-Ukraine railway"
    """
    from corridors.commands import show_facts

    show_facts(name, format, data)


@app.command()
def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, GeoJSON, GeoPackage, GeoParquet, shapefile or KML; a folder for --data or "
            "of a saved network."
        ),
    ],
    kind: Annotated[
        str | None, typer.Option(help="Table that it should be; guessed from its columns.")
    ] = None,
    format: FormatOption = "table",
) -> None:
    """Validate your own table: every fault at once, with row and column.

    Exit status 1 where there are findings.

    Example: corridors check my-places.geojson
    """
    from corridors.commands import check_file

    if check_file(file, kind, format):
        raise typer.Exit(1)
