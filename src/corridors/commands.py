"""What the commands other than ``route`` print and write."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corridors.errors import SchemaError, UnknownPlaceError
from corridors.files import whole


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def print_table(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print rows as a table; every cell is text, never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", show_edge=False, pad_edge=False)
    for i, column in enumerate(columns):
        number = bool(rows) and all(
            isinstance(r[i], (int, float)) or r[i] in ("", None) for r in rows
        )
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(c)) for c in row))
    _console().print(table)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0") if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)


def emit(
    title: str, columns: list[str], rows: list[list[Any]], format: str, output: Path | None
) -> None:
    """Print rows as a table or as JSON records, or write them as CSV or JSON."""
    import json

    if format not in ("table", "json"):
        raise SchemaError(f"--format {format!r} is unknown; choose table or json")
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    if output is not None:
        import csv

        if output.suffix.lower() not in (".csv", ".json"):
            raise SchemaError(f"cannot write a list to {output.name}: end it in .csv or .json")
        with whole(output) as scratch:
            if output.suffix.lower() == ".json":
                scratch.write_text(json.dumps(records, ensure_ascii=False, indent=2), "utf-8")
            else:
                with scratch.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(columns)
                    writer.writerows(rows)
        return
    if format == "json":
        print(json.dumps(records, ensure_ascii=False, indent=2))
        return
    print_table(title, columns, rows)


def _plain(value: Any) -> Any:
    """Return a frame's cell as a plain value, '' where it is missing."""
    import pandas as pd

    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if pd.isna(value):
        return ""
    if hasattr(value, "item"):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _frame_rows(frame: Any, columns: list[str]) -> list[list[Any]]:
    return [[_plain(v) for v in row] for row in frame[columns].itertuples(index=False)]


def list_places(
    text: str | None,
    kinds: list[str],
    countries: list[str],
    format: str,
    output: Path | None,
    data: Path | None,
) -> None:
    """Print places by name, kind and country."""
    from corridors.atlas import load_atlas

    atlas = load_atlas(data=data)
    frame = atlas.places
    if text:
        ids = [m.id for m in atlas.names.find(text, limit=50)]
        found = frame[frame["id"].isin(ids)]
        frame = found.set_index("id", drop=False).loc[[i for i in ids if i in set(found["id"])]]
        if frame.empty:
            towns = list(atlas.names.find(text, limit=20))
            if not towns:
                raise UnknownPlaceError(f"no place like {text!r}")
            rows = [[m.id, m.name, m.kind, m.country, round(m.lat, 4), round(m.lon, 4), "", ""]
                    for m in towns]  # fmt: skip
            emit("places of the gazetteer",
                 ["id", "name", "kind", "country", "lat", "lon", "unlocode", "confidence"],
                 rows, format, output)  # fmt: skip
            return
    frame = _chosen(frame, "kind", kinds)
    frame = _chosen(frame, "country", [c.upper() for c in countries])
    frame = frame.assign(lat=frame.geometry.y.round(4), lon=frame.geometry.x.round(4))
    columns = ["id", "name", "kind", "country", "status", "lat", "lon", "unlocode", "confidence"]
    emit(f"{len(frame)} places", columns, _frame_rows(frame, columns), format, output)


def _chosen(frame: Any, column: str, wanted: list[str]) -> Any:
    """Return rows whose (possibly ``|``-separated) cell holds one of the wanted words."""
    if not wanted:
        return frame
    cells = frame[column].fillna("").astype(str).str.split(r"[|, ]+")
    known = {w for row in cells for w in row if w}
    unknown = [w for w in wanted if w not in known]
    if unknown:
        raise SchemaError(
            f"no {column} {', '.join(map(repr, unknown))} in the data; there are: "
            f"{', '.join(sorted(known))}"
        )
    return frame[[bool(set(row) & set(wanted)) for row in cells]]


def list_data(format: str, output: Path | None = None) -> None:
    """Print what ships."""
    from corridors import datasets

    rows = datasets.describe()
    columns = ["dataset", "title", "version", "licence", "rows", "bytes", "verified"]
    emit("data that ship", columns, [[r[c] for c in columns] for r in rows], format, output)


def list_network(format: str, output: Path | None = None) -> None:
    """Print components, orphans and joins per country and mode, or draw the joins on a map."""
    from corridors.maps.joins import joins_map
    from corridors.network.report import by_country

    if output is not None and output.suffix.lower() in (".html", ".htm"):
        joins_map(output)
        return

    frame = by_country()
    emit("network by mode and country", list(frame.columns),
         _frame_rows(frame, list(frame.columns)), format, output)  # fmt: skip


def make_map(
    output: Path,
    routes: list[str],
    corridors: list[str],
    kinds: list[str],
    countries: list[str],
    year: int | None,
    tiles: str | None,
    link_assets: bool,
    open_it: bool,
    network: Path | None,
    data: Path | None,
    planner: bool = True,
    planner_modes: Sequence[str] = (),
) -> None:
    """Write the atlas and some routes as one HTML file."""
    from corridors.atlas import load_atlas
    from corridors.cli import busy, network_of, tell
    from corridors.maps import explore, save_map

    picture = output.suffix.lower() in (".png", ".svg", ".pdf")
    if not picture and output.suffix.lower() not in (".html", ".htm"):
        raise SchemaError(
            f"cannot draw a map to {output.name}: end it in .html, .png, .svg or .pdf"
        )
    modes = tuple(m for m in (*PLANNER_MODES, "road") if m in {*PLANNER_MODES, *planner_modes})
    if unknown_modes := sorted({*planner_modes} - {*modes}):
        raise SchemaError(f"--planner-mode {unknown_modes[0]!r}: it takes road; "
                          f"{', '.join(PLANNER_MODES)} are there always")  # fmt: skip
    pairs = []
    for text in routes:
        ends = [p.strip() for p in text.split("->")]
        if len(ends) < 2 or not all(ends):
            raise SchemaError(f"--route {text!r}: write it as 'A -> B' (or 'A -> via -> B')")
        pairs.append(ends)
    tell("loading the atlas")
    atlas = load_atlas(data=data)
    found = []
    if pairs or corridors:
        net = network_of(network, data)
        terms: dict[str, Any] = {} if year is None else {"year": year}
        for ends in pairs:
            tell(f"finding {ends[0]} -> {ends[-1]}")
            found.append(net.route(ends[0], ends[-1], via=ends[1:-1], **terms))
        for ident in corridors:
            from corridors.analysis.named import corridor_route

            found.append(corridor_route(net, atlas, ident, **terms))
    if kinds or countries:
        from dataclasses import replace

        places, assets = atlas.places, atlas.assets
        codes = [c.upper() for c in countries]
        if countries:
            places = _chosen(places, "country", codes)
            assets = _chosen(assets, "countries", codes)
        if kinds:
            known = set(places["kind"]) | set(assets["kind"])
            unknown = [k for k in kinds if k not in known]
            if unknown:
                raise SchemaError(
                    f"no kind {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
                )
            places, assets = places[places["kind"].isin(kinds)], assets[assets["kind"].isin(kinds)]
        atlas = replace(atlas, places=places, assets=assets)
    if picture:
        from corridors.maps import draw

        with busy("drawing"):
            draw(atlas, found, path=output)
        return
    options: dict[str, Any] = {} if year is None else {"year": year}
    if planner:
        options["hub_graph"] = planner_graph(network, data, modes)
    with busy("drawing"):
        m = explore(atlas, routes=found, tiles=tiles, **options)
        save_map(m, output, link_assets=link_assets)
    if sys.stderr.isatty():
        print(f"{output} written, {output.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    if open_it:
        webbrowser.open(output.resolve().as_uri())


# the planner inside the file is for these lands; more of them, and the file grows past its size
# (4 MB); roads, which make it 7, are there for who asks for them
PLANNER_MODES = ("rail", "sea", "ferry")
PLANNER_COUNTRIES = frozenset("CN KZ KG UZ TM TJ AF IR AZ GE AM TR RU BY PL".split())  # noqa: SIM905


def planner_graph(
    network: Path | None, data: Path | None, modes: tuple[str, ...] = PLANNER_MODES
) -> Any:
    """Return the hub graph that travels in the map, kept in the user's cache once it is made."""
    import json

    import networkx as nx

    from corridors import datasets
    from corridors.cli import busy, network_of

    net = network_of(network, data)
    added = "".join(f"-{m}" for m in modes if m not in PLANNER_MODES)
    key = f"hubs-1-{net.version[:16]}-{net.parameters.digest()[:16]}{added}.json"
    kept = datasets.cache_dir() / key
    if kept.is_file():
        graph = nx.node_link_graph(json.loads(kept.read_text(encoding="utf-8")), edges="edges")
    else:
        with busy("preparing the planner for its first use"):
            graph = net.hub_graph(modes=modes, countries=set(PLANNER_COUNTRIES))
        text = json.dumps(nx.node_link_data(graph, edges="edges"), separators=(",", ":"))
        with whole(kept) as scratch:
            scratch.write_text(text, encoding="utf-8")
        graph = nx.node_link_graph(json.loads(text), edges="edges")
    graph.graph["names"] = {f.id: f.name for f in net.facilities.values()}
    return graph


def list_assets(
    text: str | None,
    kinds: list[str],
    countries: list[str],
    statuses: list[str],
    year: int | None,
    format: str,
    output: Path | None,
    data: Path | None,
) -> None:
    """Print assets by name, kind, country, status and year."""
    from corridors.atlas import load_atlas, select

    atlas = load_atlas(data=data)
    frame = select(
        atlas.assets, kind=kinds or None, country=countries or None, status=statuses or None,
        year=year,
    )  # fmt: skip
    if text:
        ids = [m.id for m in atlas.find(text, limit=50)]
        frame = frame[frame["id"].isin(ids)]
        if frame.empty:
            near = tuple(m.name for m in atlas.find(text, limit=3))
            raise UnknownPlaceError(f"no asset like {text!r}", near)
    columns = [c for c in ("id", "name", "kind", "status", "opened", "countries", "published_km",
                           "length_km", "capacity", "capacity_unit", "precision", "confidence")
               if c in frame.columns]  # fmt: skip
    emit(f"{len(frame)} assets", columns, _frame_rows(frame, columns), format, output)


def show_facts(name: str, format: str, data: Path | None) -> None:
    """Print what is known about one thing."""
    import json

    from corridors.atlas import load_atlas

    if format not in ("table", "json"):
        raise SchemaError(f"--format {format!r} is unknown; choose table or json")
    facts = load_atlas(data=data).show(name)
    if format == "json":
        print(json.dumps(facts.to_dict(), ensure_ascii=False, indent=2))
        return
    print(facts)


def _check_folder(folder: Path, format: str) -> bool:
    """Print the faults of a saved network or of a folder for ``--data``."""
    if (folder / "network_nodes.parquet").is_file():
        from corridors.io.tables import checked, read_saved

        tables = read_saved(folder)
        try:
            checked(tables.nodes, tables.edges)
            told: list[str] = []
        except SchemaError as error:
            told = list(error.findings) or [str(error)]
        what = f"{folder}: {tables}"
    else:
        from corridors.userdata import findings

        told, what = findings(folder), f"{folder}"
    if not told and format == "table":
        print(f"{what}: no faults")
        return False
    title = f"{what}: {len(told)} fault{'s' if len(told) != 1 else ''}"
    emit(title, ["fault"], [[t] for t in told], format, None)
    return bool(told)


def check_file(file: Path, kind: str | None, format: str) -> bool:
    """Print the faults of a file; return whether there are any."""
    if file.is_dir():
        return _check_folder(file, format)
    from corridors.schema import validate

    findings = validate(file, kind)
    if not findings and format == "table":
        print(f"{file}: no faults")
        return False
    rows: list[list[Any]] = [
        ["" if f.row is None else f.row, f.id, f.column, f.rule, f.message] for f in findings
    ]
    title = f"{file}: {len(findings)} fault{'s' if len(findings) != 1 else ''}"
    emit(title, ["row", "id", "column", "rule", "fault"], rows, format, None)
    return bool(findings)
