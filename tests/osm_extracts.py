"""OpenStreetMap files for the tests: by hand, and real railways of a country written as PBF."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from osmium.osm.mutable import Node, Way

from corridors.network.frames import Graph, compact, line_reader
from corridors.osm.saved import read_graph

NOT_BUILT = {"construction": "construction", "proposed": "proposed", "planned": "proposed"}


def write(
    file: Path,
    nodes: dict[int, tuple[float, float]],
    ways: list[tuple[int, list[int], dict[str, str]]],
    *,
    node_tags: dict[int, dict[str, str]] | None = None,
    date: str = "2026-11-01T00:00:00Z",
    box: bool = True,
    missing: frozenset[int] = frozenset(),
) -> Path:
    """Write nodes (id -> lon, lat) and ways (id, nodes, tags) in the format of the ending."""
    header = osmium.io.Header()
    if date:
        header.set("osmosis_replication_timestamp", date)
    xy = np.array(list(nodes.values()))
    if box:
        low, high = xy.min(axis=0), xy.max(axis=0)
        header.add_box(osmium.osm.Box(*map(float, low), *map(float, high)))
    with osmium.SimpleWriter(str(file), header=header, overwrite=True) as writer:
        for ident, (lon, lat) in sorted(nodes.items()):
            if ident not in missing:
                tags = (node_tags or {}).get(ident, {})
                writer.add_node(Node(id=ident, location=(float(lon), float(lat)), tags=tags,
                                     version=1, timestamp="2026-10-01T12:00:00Z"))  # fmt: skip
        for ident, refs, tags in ways:
            writer.add_way(Way(id=ident, nodes=refs, tags=tags, version=1,
                               timestamp="2026-10-02T12:00:00Z"))  # fmt: skip
    return file


def part(countries: set[str], modes: tuple[str, ...] = ("rail",)) -> Graph:
    """Return the shipped network inside some countries, lines and their borders and transfers."""
    whole = shipped()
    edges = whole.edges
    keep = edges["country"].isin(countries) & edges["mode"].isin(modes)
    keep &= edges["to_country"].isin(countries) | (edges["to_country"] == "")
    keep &= edges["to_mode"].isin(modes) | (edges["to_mode"] == "")
    return compact(whole, keep.to_numpy())


@lru_cache(maxsize=1)
def shipped() -> Graph:
    """Return the shipped network as frames."""
    return read_graph(None)


def railway_of(country: str, file: Path, *others: str) -> Path:
    """Write the real railways of a country (OpenStreetMap, as the shipped layer has them) as PBF.

    Each edge is a way; junctions are shared nodes, and so are the two sides of a frontier. What is
    built to be replaced (access to terminals, joins) is left out.
    """
    graph = part({country, *others})
    edges = graph.edges
    origin = edges["origin"].astype(str)
    take = (edges["kind"] == "line") & (origin.str.startswith("osm") | (origin.str[:5] == "patch"))
    line = line_reader(graph)
    number: dict[Any, int] = {}
    nodes: dict[int, tuple[float, float]] = {}

    def node(key: Any, at: Any) -> int:
        if key not in number:
            number[key] = len(number) + 1
            nodes[number[key]] = (round(float(at[0]), 7), round(float(at[1]), 7))
        return number[key]

    ways = []
    for row in np.flatnonzero(take.to_numpy()).tolist():
        xy = line(row)
        refs = [node(("end", *xy[0].round(6)), xy[0])]
        refs += [node((row, i), p) for i, p in enumerate(xy[1:-1])]
        refs.append(node(("end", *xy[-1].round(6)), xy[-1]))
        status = str(edges["status"].iat[row])
        tags = {"gauge": str(edges["gauge_mm"].iat[row])}
        if status in NOT_BUILT:
            word = NOT_BUILT[status]
            tags |= {"railway": word, word: "rail"}
            if year := int(edges["from_year"].iat[row]):
                tags["opening_date"] = str(year)
        else:
            tags |= {"railway": "rail", "usage": "main" if row % 3 else "branch"}
            if status == "passenger":
                tags["railway:traffic_mode"] = "passenger"
        ways.append((len(ways) + 1, refs, tags))
    return write(file, nodes, ways)
