"""The command ``corridors export``: the atlas and the network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corridors.cli import DataOption, NetworkOption, YearOption, app, console, network_of, tell
from corridors.errors import SchemaError

if TYPE_CHECKING:
    from corridors.io.tables import NetworkTables

WHAT = ("assets", "places", "corridors", "all", "network")
BY_ENDING = {
    ".gpkg": "gpkg", ".geojson": "geojson", ".parquet": "parquet", ".shp": "shapefile",
    ".kml": "kml", ".graphml": "graphml", ".csv": "kepler",
}  # fmt: skip
NETWORK_FORMATS = (*BY_ENDING.values(), "gmns", "pgrouting", "postgis")


@app.command()
def export(
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            help="File (.gpkg .geojson .parquet .shp .kml .graphml .csv), folder, or "
            "postgresql://… of a database.",
        ),
    ],
    what: Annotated[
        str, typer.Option(help="assets, places, corridors, all (of these) or network.")
    ] = "assets",
    format: Annotated[
        str | None,
        typer.Option("--format", help="Where the ending does not say: gmns, pgrouting, kepler."),
    ] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO code, e.g. KZ.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Kinds of places or assets.")] = None,
    mode: Annotated[list[str] | None, typer.Option(help="Modes of a network's edges.")] = None,
    by: Annotated[
        str, typer.Option(help="Cost of an edge for pgRouting: time, cost, distance or co2e.")
    ] = "time",
    year: YearOption = None,
    schema: Annotated[str, typer.Option(help="Schema of the database.")] = "public",
    replace: Annotated[bool, typer.Option(help="Replace tables of the database.")] = False,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Write the atlas or the network for other programs; say what the format cannot hold.

    Example: corridors export -o atlas.gpkg --what all

    Example: corridors export -o gmns/ --what network --format gmns --mode rail
    """
    from corridors.io.postgis import is_url

    if what not in WHAT:
        raise SchemaError(f"--what {what!r} is unknown; choose {', '.join(WHAT)}")
    chosen = format or ("postgis" if is_url(output) else BY_ENDING.get(Path(output).suffix.lower()))
    if what == "network":
        if chosen not in NETWORK_FORMATS:
            raise SchemaError(
                f"cannot export a network to {output}: end it in {', '.join(BY_ENDING)}, or give "
                "--format gmns"
            )
        if (chosen == "postgis") != is_url(output):
            raise SchemaError("--format postgis needs -o postgresql://user@host/database")
        notes = _network(output, chosen, country or [], mode or [], by, year, schema, replace,
                         network, data)  # fmt: skip
        notes += _licence(network)
    else:
        notes = _atlas(output, chosen, what, country or [], kind or [], schema, replace, data)
    out = console()
    from rich.text import Text

    for note in notes:
        out.print(Text(f"note: {note}"))
    tell("written" if is_url(output) else f"{output} written")


def _network(
    output: str,
    format: str,
    countries: list[str],
    modes: list[str],
    by: str,
    year: int | None,
    schema: str,
    replace: bool,
    network: Path | None,
    data: Path | None,
) -> list[str]:
    from corridors.io.tables import chosen, read_saved

    tables: NetworkTables = read_saved(network)
    if format in ("pgrouting", "postgis"):
        from corridors.io.costs import edge_costs

        # the costs are of the whole network, and travel with the rows that are chosen
        cost = edge_costs(tables, network_of(network, data), by, year)
        tables.edges["cost"] = cost
    if countries or modes:
        tables = chosen(tables, modes, countries)
    if format in ("pgrouting", "postgis"):
        cost = tables.edges.pop("cost").to_numpy()
        if format == "postgis":
            from corridors.io import postgis

            return postgis.write_network(tables, output, cost, schema=schema, replace=replace)
        return _pgrouting(tables, cost, Path(output))
    if format == "gmns":
        from corridors.io.gmns import write_gmns

        return write_gmns(tables, output)
    if format == "graphml":
        from corridors.io.graphml import write_graphml

        return write_graphml(tables, output)
    if format == "kepler":
        from corridors.io.kepler import write_kepler

        return write_kepler(tables, output)
    from corridors.io.vector import write_network

    _same_ending(output, format)
    return write_network(tables, output)


def _licence(network: Path | None) -> list[str]:
    """Return what must be said with the data: none where the network is the user's own."""
    import json

    if network is None:
        return ["the network is under ODbL 1.0, © OpenStreetMap contributors and others: "
                "corridors data names all sources"]  # fmt: skip
    try:
        told = json.loads((network / "import.json").read_text(encoding="utf-8"))["imports"]
        said = {f"{x['attribution']}, {x['licence']}" for x in told}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [f"to be said with these data: {'; '.join(sorted(said))}"] if said else []


def _pgrouting(tables: NetworkTables, cost: Any, path: Path) -> list[str]:
    """Write a GeoPackage that ogr2ogr brings into a database for pgRouting as it is."""
    from dataclasses import replace

    from corridors.io.costs import with_costs
    from corridors.io.vector import write_network

    _same_ending(str(path), "gpkg")
    nodes, edges = with_costs(tables, cost)
    nodes = nodes.rename(columns={"id": "node_id", "node": "id"})
    edges = edges.rename(columns={"id": "link_id", "edge": "id"})
    return write_network(replace(tables, nodes=nodes, edges=edges), path)


def _same_ending(output: str, format: str) -> None:
    if BY_ENDING.get(Path(output).suffix.lower()) != format:
        ending = next(e for e, f in BY_ENDING.items() if f == format)
        raise SchemaError(f"--format {format}: end the name {output!r} in {ending}")


def _atlas(
    output: str,
    format: str | None,
    what: str,
    countries: list[str],
    kinds: list[str],
    schema: str,
    replace: bool,
    data: Path | None,
) -> list[str]:
    from corridors.atlas import load_atlas, select
    from corridors.io.vector import ENDINGS, write_layers

    known = ("postgis", "gpkg", "geojson", "parquet", "shapefile", "kml")
    if format not in known:
        raise SchemaError(f"cannot export to {output}: end it in {', '.join(ENDINGS)}")
    if what in ("all", "corridors") and format not in ("gpkg", "postgis"):
        raise SchemaError(
            "only .gpkg and a database hold more than one table; choose --what assets or places"
        )
    atlas = load_atlas(data=data)
    frames: dict[str, Any] = {}
    for name in ("assets", "places"):
        if what in (name, "all"):
            frames[name] = select(
                getattr(atlas, name), kind=kinds or None, country=countries or None
            )
    if what in ("corridors", "all") and format == "postgis":
        frames["corridors"], frames["corridor_stages"] = atlas.corridors, atlas.stages
    if format == "postgis":
        from corridors.io import postgis

        tables = {n: f.rename_geometry("geom") if "geometry" in f else f for n, f in frames.items()}
        return postgis.write_frames(tables, output, schema=schema, replace=replace)
    if what == "corridors":
        raise SchemaError("named corridors have no geometry of their own; export them to a "
                          "database, or take corridors.csv")  # fmt: skip
    _same_ending(output, format)
    return write_layers(frames, output)
