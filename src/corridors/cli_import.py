"""The command group ``corridors import``: other people's networks, as one saved network."""

from __future__ import annotations

import typer

from corridors.cli import app

imports = typer.Typer(
    help="Make a saved network of other people's files; every command takes it with --network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(imports, name="import")

# commands of other rooms register themselves on ``imports``
from corridors import cli_import_osm, cli_import_tables  # noqa: E402, F401
