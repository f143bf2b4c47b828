"""The commands ``corridors import gmns|table|legs|postgis``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corridors.cli import DataOption, console, tell
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


@imports.command()
def table(
    files: Annotated[
        list[Path],
        typer.Argument(help="Edges (and nodes): .gpkg .geojson .parquet .shp .kml .graphml .csv"),
    ],
    output: SavedOption,
    crs: CrsOption = None,
    mode: ModeOfAll = None,
) -> None:
    """Import a network of lines and points: GeoPackage, GeoJSON, GeoParquet, shapefile, KML, CSV.

    Lines are edges, points are nodes; edges name their nodes in u and v (or source and target),
    else lines meet where they end at the very same point.

    Example: corridors import table edges.gpkg -o my-net --mode rail
    """
    if len(files) == 1 and files[0].suffix.lower() == ".graphml":
        from corridors.io.graphml import read_graphml

        deliver(read_graphml(files[0], mode=mode), output)
        return
    from corridors.io.vector import read_network

    deliver(read_network(files, crs=crs, mode=mode), output)


@imports.command()
def postgis(
    database: Annotated[str, typer.Argument(help="postgresql://user@host:5432/database")],
    output: SavedOption,
    schema: Annotated[str, typer.Option(help="Schema of the tables.")] = "public",
    nodes: Annotated[str, typer.Option(help="Table of the nodes.")] = "nodes",
    edges: Annotated[str, typer.Option(help="Table of the edges.")] = "edges",
) -> None:
    """Import a network from PostGIS: ours, or one that pgRouting routes on.

    Example: corridors import postgis postgresql://me@localhost/gis --schema rail -o my-net
    """
    from corridors.io.postgis import read_network

    deliver(read_network(database, schema=schema, nodes=nodes, edges=edges), output)


@imports.command()
def legs(
    file: Annotated[Path, typer.Argument(help=".csv or .xlsx: from, to, mode, km, hours, cost.")],
    output: SavedOption,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    transfers: Annotated[
        bool, typer.Option(help="A change of mode costs what the parameters say.")
    ] = True,
    one_way: Annotated[bool, typer.Option(help="Legs run only as they are written.")] = False,
    data: DataOption = None,
) -> None:
    """Import a spreadsheet of legs: a network that routes by your own numbers.

    Places are names of the atlas or of your own places (--data), or have columns from_lat,
    from_lon, to_lat, to_lon. Cost is USD and co2e kg, both of one TEU.

    Example: corridors import legs plan.xlsx -o plan-net
    """
    from corridors.io.legs import read_legs

    tables = read_legs(file, data=data, sheet=sheet, transfers=transfers, oneway=one_way)
    deliver(tables, output)
