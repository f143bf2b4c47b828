"""GraphML by networkx: for Gephi, yEd and whoever reads graphs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from corridors.errors import SchemaError
from corridors.files import whole
from corridors.io.tables import EDGE_FLOAT, EDGE_WHOLE, NetworkTables, checked
from corridors.io.vector import printable

HOLDS_NOT = (
    "GraphML tells a missing value by leaving it out, and holds no control characters",
    "a line that may be travelled both ways is two edges with one number (edge), the second "
    "marked back",
)


def write_graphml(tables: NetworkTables, path: str | Path) -> list[str]:
    """Write a network as a directed multigraph; return what the format cannot hold.

    Nodes have ``label``, ``lon``, ``lat``; edges ``edge`` (the row's number), ``length_km``,
    ``mode`` and the other columns, ``wkt`` the line as well-known text. No value is missing or
    not a number: such are left out, since readers in Java stumble over them.
    """
    import networkx as nx
    import shapely

    graph = nx.MultiDiGraph()
    for row in tables.nodes.to_dict("records"):
        ident = printable(row.pop("id"))
        graph.add_node(ident, label=printable(row["name"] or ident), **_present(row))
    edges = tables.edges
    line = (edges["kind"] == "line").to_numpy()
    wkt = shapely.to_wkt(edges.geometry.array, rounding_precision=-1)
    plain = edges.drop(columns="geometry").to_dict("records")
    for number, (row, text, drawn) in enumerate(zip(plain, wkt, line, strict=True)):
        u, v = printable(row.pop("u")), printable(row.pop("v"))
        # "id" is the graph's own word for an edge's key
        values = _present({"link": row.pop("id"), **row})
        if drawn:
            values["wkt"] = text
        values["edge"] = number
        graph.add_edge(u, v, key=f"{number}f", **values)
        if not row["oneway"]:
            graph.add_edge(v, u, key=f"{number}b", **values, back=True)
    with whole(path) as scratch:
        nx.write_graphml(graph, scratch, encoding="utf-8", named_key_ids=True)
    return list(HOLDS_NOT)


def read_graphml(path: str | Path, *, mode: str | None = None) -> NetworkTables:
    """Return the network of a GraphML file: ours, or any with ``lon, lat`` (or ``x, y``).

    Raises
    ------
    SchemaError
        One line: unreadable, no coordinates, or a network with faults.
    """
    import networkx as nx
    import pandas as pd
    import shapely

    path = Path(path)
    if not path.is_file():
        raise SchemaError(f"{path}: no such file")
    try:
        graph = nx.read_graphml(path, force_multigraph=True)
    except Exception as error:  # the parser raises all sorts
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{path}: is no GraphML: {reason}") from None
    if not len(graph):
        raise SchemaError(f"{path}: holds no nodes")
    nodes = pd.DataFrame([{**data, "id": ident} for ident, data in graph.nodes(data=True)])
    for name, other in (("lon", "x"), ("lat", "y"), ("lon", "longitude"), ("lat", "latitude")):
        if name not in nodes and other in nodes:
            nodes = nodes.rename(columns={other: name})
    if "name" not in nodes and "label" in nodes:
        nodes = nodes.rename(columns={"label": "name"})
    rows: list[dict[str, Any]] = []
    for u, v, data in graph.edges(data=True):
        row = {**data, "u": u, "v": v}
        # the way back of a line that may be travelled both ways
        if not row.pop("back", False):
            row.setdefault("oneway", graph.is_directed())
            rows.append(row)
    if not rows:
        raise SchemaError(f"{path}: holds no edges")
    edges = pd.DataFrame(rows)
    if "edge" in edges:
        edges = edges.sort_values("edge", kind="stable").drop(columns="edge")
    edges = edges.drop(columns=[c for c in ("id", "key") if c in edges])
    edges = edges.rename(columns={"link": "id"}).reset_index(drop=True)
    if "mode" not in edges:
        if mode is None:
            raise SchemaError(f"{path}: edges have no mode; give --mode")
        edges["mode"] = mode
    column = next((c for c in ("wkt", "geometry") if c in edges), None)
    if column is not None:
        try:
            lines = [None if t != t else shapely.from_wkt(t) for t in edges.pop(column)]
            edges["geometry"] = pd.Series(lines, dtype=object)
        except (shapely.errors.GEOSException, TypeError):
            raise SchemaError(f"{path}: a geometry is no well-known text") from None
    nodes = nodes.drop(columns=[c for c in ("label",) if c in nodes])
    return checked(nodes, edges, source=str(path))


def _present(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are there, as plain text, numbers and truth values."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        if isinstance(value, str):
            if value:
                out[printable(str(name))] = printable(value)
        elif name in EDGE_FLOAT or isinstance(value, float):
            out[str(name)] = float(value)
        elif name in EDGE_WHOLE or (hasattr(value, "is_integer") and not isinstance(value, bool)):
            out[str(name)] = int(value)
        elif isinstance(value, bool) or type(value).__name__ == "bool":
            out[str(name)] = bool(value)
        else:
            out[str(name)] = printable(str(value))
    return out
