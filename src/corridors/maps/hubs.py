"""The hub graph as the planner inside the file reads it: columns, each shape and pair once."""

from __future__ import annotations

from typing import Any

from corridors.maps.encode import clean, encode_lines

WEIGHTS = ("hours", "cost_usd", "co2e_kg", "length_km")
# Significant digits of a weight: sums over a route agree with the library's to a millionth.
DIGITS = 9
# A plan is drawn on an overview; 0.022 degrees are a pixel at zoom 6.
DECIMALS, TOLERANCE = 2, 0.025

_WORDS = ("kind", "mode", "country")
_KNOWN = {*WEIGHTS, *_WORDS, "facilities", "from_year", "to_year", "geometry"}


def hubs_of(graph: Any) -> dict[str, Any] | None:
    """Return the hub graph for the planner; None for None.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        Nodes carry place, name, lon, lat, kind, country; edges kind, mode, country, hours,
        cost_usd, co2e_kg, length_km, facilities, from_year and to_year (0 = no limit, both years
        included), geometry (lon, lat pairs or a shapely line). The graph's own ``names`` may name
        facilities by their id.

    Returns
    -------
    dict
        ``nodes`` in the graph's order. ``edges``: columns of equal length; ``u`` and ``v`` are
        positions of nodes, ``both`` is 1 where the way back is the same, words are positions in
        ``words``, facilities in ``sets``, shapes in ``shapes`` (-1: none). ``more``: what else an
        edge carries, by its position.
    """
    if graph is None:
        return None
    index = {node: i for i, node in enumerate(graph.nodes)}
    words: dict[str, dict[str, int]] = {name: {} for name in _WORDS}
    sets: dict[tuple[str, ...], int] = {(): 0}
    shapes: dict[tuple[str, ...], int] = {}
    columns: dict[str, list[Any]] = {
        name: []
        for name in ("u", "v", "both", *_WORDS, *WEIGHTS, "facilities", "from_year", "to_year", "g")
    }
    more: dict[str, dict[str, Any]] = {}
    waiting: dict[tuple[Any, ...], list[int]] = {}
    for a, b, data in graph.edges(data=True):
        u, v = index[a], index[b]
        row: dict[str, Any] = {
            name: words[name].setdefault(str(data.get(name) or ""), len(words[name]))
            for name in _WORDS
        }
        for name in WEIGHTS:
            row[name] = float(f"{float(data.get(name) or 0.0):.{DIGITS}g}")
        ids = tuple(str(f) for f in data.get("facilities") or ())
        row["facilities"] = sets.setdefault(ids, len(sets))
        for name in ("from_year", "to_year"):
            row[name] = int(data.get(name) or 0)
        rest = clean({k: w for k, w in data.items() if k not in _KNOWN})
        same = (*row.values(), repr(rest))
        back = waiting.get((v, u, *same))
        # a transfer is not the same backwards: it goes from the other mode or gauge
        if back and not rest:
            columns["both"][back.pop()] = 1
            continue
        at = len(columns["u"])
        waiting.setdefault((u, v, *same), []).append(at)
        row.update(u=u, v=v, both=0, g=_shape(data.get("geometry"), shapes))
        for name, column in columns.items():
            column.append(row[name])
        if rest:
            more[str(at)] = rest
    return {
        "nodes": [_node(node, data) for node, data in graph.nodes(data=True)],
        "edges": columns,
        "words": {name: list(known) for name, known in words.items()},
        "sets": [list(ids) for ids in sets],
        "shapes": [list(parts) for parts in shapes],
        "more": more,
        "names": clean(graph.graph.get("names") or {}),
    }


def _node(node: Any, data: dict[str, Any]) -> dict[str, Any]:
    cells = ((k, clean(v)) for k, v in data.items() if k not in ("lon", "lat"))
    record = {str(k): v for k, v in cells if v is not None}
    record.setdefault("place", str(node))
    record.setdefault("name", record["place"])
    record.update(x=round(float(data["lon"]), 3), y=round(float(data["lat"]), 3))
    return record


def _shape(geometry: Any, shapes: dict[tuple[str, ...], int]) -> int:
    """Return the position of a shape among those that travel; -1 where an edge has none."""
    import shapely

    if geometry is None:
        return -1
    if not hasattr(geometry, "geom_type"):
        if len(geometry) < 2:
            return -1
        geometry = shapely.LineString(geometry)
    parts = tuple(encode_lines(geometry, DECIMALS, TOLERANCE))
    return shapes.setdefault(parts, len(shapes)) if parts else -1
