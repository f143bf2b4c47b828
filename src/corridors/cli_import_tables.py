"""The commands ``corridors import gmns|table|legs|postgis``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corridors.cli import console, tell
from corridors.cli_import import imports

if TYPE_CHECKING:
    from corridors.io.tables import NetworkTables

SavedOption = Annotated[
    Path, typer.Option("-o", "--output", help="Folder of the saved network, for --network.")
]
CrsOption = Annotated[
    str | None, typer.Option("--crs", help="Where the file names none, as EPSG:32642.")
]
ModeOfAll = Annotated[
    str | None, typer.Option("--mode", help="Mode of the rows that name none, as road.")
]


def deliver(tables: NetworkTables, output: Path) -> None:
    """Save a network and say what it is and what was left out."""
    from rich.text import Text

    from corridors.io.tables import save_tables

    save_tables(tables, output)
    out = console()
    out.print(Text(f"{output}: {tables}"))
    for note in tables.notes:
        out.print(Text(f"note: {note}"))
    tell(f"ask it with --network {output}")


@imports.command()
def gmns(
    folder: Annotated[Path, typer.Argument(help="Folder with node.csv, link.csv, config.csv.")],
    output: SavedOption,
    crs: CrsOption = None,
    length_unit: Annotated[
        str | None, typer.Option(help="Where config.csv says none: km, mile, m.")
    ] = None,
    mode: ModeOfAll = None,
) -> None:
    """Import a network in the General Modeling Network Specification.

    Example: corridors import gmns cambridge/ -o cambridge-net --mode road
    """
    from corridors.io.gmns import read_gmns

    deliver(read_gmns(folder, crs=crs, length_unit=length_unit, mode=mode), output)
