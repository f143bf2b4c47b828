"""OpenStreetMap extracts as networks: read, made into a graph, joined into the shipped one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corridors.osm.read import Progress

__all__ = ["import_osm"]


def import_osm(
    files: str | Path | Sequence[str | Path],
    target: str | Path,
    *,
    layers: Sequence[str] = ("rail",),
    base: str | Path | None = None,
    alone: bool = False,
    country: str | None = None,
    area: str | Path | None = None,
    all_tracks: bool = False,
    lenient: bool = False,
    incomplete: bool = False,
    join_m: float = 0.0,
    memory_mb: float | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Import extracts of OpenStreetMap and save the network that they make.

    Parameters
    ----------
    files : path or paths
        ``.osm.pbf``, ``.osm``, ``.osm.bz2`` or ``.osm.gz``; several are merged in their order.
    target : path
        Folder of the saved network, for ``--network`` and :func:`corridors.load_network`.
    layers : sequence of str
        Of rail, road, ferry, pipeline.
    base : path, optional
        A saved network to merge into; the shipped one where left out.
    alone : bool
        Merge into nothing: the network is the one file alone.
    country : str, optional
        ISO 3166-1 alpha-2: the lines of this country are replaced, and of no other.
    area : path, optional
        ``.poly`` or any vector file: lines are replaced inside its polygon only.
    all_tracks : bool
        Yards, sidings and spurs too.
    lenient : bool
        Take gauges that cannot be read as not known.
    incomplete : bool
        Take ways whose nodes are partly missing as far as they go.
    join_m : float
        Join dead ends within so many metres; 0 joins only what shares a node.
    memory_mb : float, optional
        May be used at most; what is free where left out.
    progress : callable, optional
        Told (what, done, of) while a file is read.
    say : callable, optional
        Told what is being done.

    Returns
    -------
    list of dict
        What was imported, replaced, joined and not joined, one dict per import; also in
        ``import.json`` of the folder.

    Raises
    ------
    SchemaError
        One line; nothing is written.
    """
    from corridors.errors import SchemaError
    from corridors.osm.build import build
    from corridors.osm.merge import area_for, merge, shares, told_shares
    from corridors.osm.read import read_extract
    from corridors.osm.saved import claim, places_in, read_graph, reports_of, save
    from corridors.osm.tags import LAYERS

    many = [Path(files)] if isinstance(files, (str, Path)) else [Path(f) for f in files]
    wanted = tuple(x for x in LAYERS if x in layers)
    unknown = [x for x in layers if x not in LAYERS]
    if unknown or not wanted:
        raise SchemaError(
            f"layer {', '.join(map(repr, unknown)) or '(none)'} is unknown; choose from "
            f"{', '.join(LAYERS)}"
        )
    if not many:
        raise SchemaError("no file to import")
    if alone and (len(many) > 1 or base is not None):
        raise SchemaError("a network of its own (--alone) is made of one file, and into no other")
    tell = say or (lambda _text: None)
    where = Path(target)
    claim(where)
    graph = None
    reports = [] if alone else reports_of(base)
    places = None if alone else places_in(base)
    for file in many:
        extract = read_extract(
            file, wanted, all_tracks=all_tracks, lenient=lenient, incomplete=incomplete,
            memory_mb=memory_mb, merging=not alone, progress=progress,
        )  # fmt: skip
        tell(f"{file.name}: {len(extract.ways.id):,} ways, joining what shares a node")
        made = build(extract, join_m=join_m, home=(country or "").upper())
        del extract
        made.report["country_shares"] = {
            c or "none": round(s, 4) for c, s in shares(made).items() if s >= 0.0005
        }
        tell(f"{file.name}: {made.report['edges']:,} edges in {told_shares(shares(made))}")
        if alone:
            if country is not None:
                area_for(made, country, None, str(file))  # is it of that country?
            graph, places = made.graph, made.places
            reports.append(made.report)
            continue
        ground = area_for(made, country, None if area is None else Path(area), str(file))
        if graph is None:
            tell("reading the network that it joins")
            graph = read_graph(base)
        tell(f"{file.name}: taking the place of {ground.told}")
        made = merge(graph, made, ground, wanted)
        graph, places = made.graph, _more(places, made.places)
        reports.append(made.report)
    tell(f"writing {where}")
    assert graph is not None and places is not None
    save(graph, places, reports, where)
    return reports


def _more(before: Any, now: Any) -> Any:
    """Return places with those of another import, each id once, the newest."""
    import pandas as pd

    if before is None or not len(before):
        return now
    return pd.concat([before[~before["id"].isin(now["id"])], now], ignore_index=True)
