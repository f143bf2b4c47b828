"""A network as two frames: what every format is read into and written from.

nodes
    ``id`` (text), ``name``, ``kind``, ``country``, ``lon, lat`` (degrees, WGS84), ``terminal`` (the
    place it belongs to), ``aliases``.
edges
    ``id`` (text), ``u, v`` (ids of nodes), ``mode``, ``kind``, ``length_km``, ``gauge_mm``,
    ``country``, ``to_country``, ``facility``, ``status``, ``from_year``, ``to_year``, ``oneway``,
    ``precision``, ``to_mode``, ``to_gauge_mm``, ``electrified``, ``tracks``, ``origin``,
    ``hours``, ``cost_usd``, ``co2e_kg`` (of one TEU; NaN where the parameters count),
    ``geometry`` (a LineString from u to v).

Columns that the network does not know travel along, so that what came from another format goes
back to it. A saved network is a folder of these frames as GeoParquet, the layout of
:mod:`corridors.network.store`; every command takes it with ``--network``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import SchemaError
from corridors.network.store import LAYERS, MODES, layer_of

if TYPE_CHECKING:
    from corridors.routing.network import Network

NODE_TEXT = ("name", "kind", "country", "terminal", "aliases")
NODE_COLUMNS = ("id", "name", "kind", "country", "lon", "lat", "terminal", "aliases")
EDGE_TEXT = ("mode", "kind", "country", "to_country", "facility", "status", "precision", "to_mode",
             "origin", "electrified")  # fmt: skip
EDGE_WHOLE = ("gauge_mm", "from_year", "to_year", "to_gauge_mm", "tracks")
EDGE_FLOAT = ("length_km", "hours", "cost_usd", "co2e_kg")
EDGE_COLUMNS = ("id", "u", "v", "mode", "kind", "length_km", "gauge_mm", "country", "to_country",
                "facility", "status", "from_year", "to_year", "oneway", "precision", "to_mode",
                "to_gauge_mm", "electrified", "tracks", "origin", "hours", "cost_usd",
                "co2e_kg")  # fmt: skip


@dataclass(frozen=True, eq=False)
class NetworkTables:
    """A network's nodes and edges, and what was noted on the way to them.

    Parameters
    ----------
    nodes : DataFrame
    edges : GeoDataFrame
        EPSG:4326; see the module for the columns.
    notes : tuple of str
        What could not be kept, and what was decided; one line each, for a person.
    """

    nodes: Any
    edges: Any
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> NetworkTables:
        """Return the same tables with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def __str__(self) -> str:
        """Return one line: how many nodes, edges and km by mode."""
        lines = self.edges[(self.edges["kind"] == "line").to_numpy()]
        km = lines.groupby("mode")["length_km"].sum()
        by = ", ".join(f"{mode} {km[mode]:,.0f} km" for mode in MODES if mode in km)
        return f"{len(self.nodes):,} nodes, {len(self.edges):,} edges: {by or 'no lines'}"


def checked(
    nodes: Any,
    edges: Any,
    *,
    source: str = "",
    node_rows: tuple[str, int] = ("nodes", 1),
    edge_rows: tuple[str, int] = ("edges", 1),
    called: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
) -> NetworkTables:
    """Return frames as a network's tables with every column, or all their faults.

    Parameters
    ----------
    nodes, edges : DataFrame
        As of :func:`corridors.from_frames`.
    source : str
        Name of the file, for the error.
    node_rows, edge_rows : (str, int)
        What a person calls the table, and the number of its first row there.
    called : mapping, optional
        What a person calls the columns, where it is not their own name.

    Raises
    ------
    SchemaError
        With one finding per fault, by the file's own row numbers.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    from corridors.routing.custom import checked_frames

    nodes, edges = pd.DataFrame(nodes).reset_index(drop=True), edges.reset_index(drop=True)
    for frame, columns in ((nodes, ("id",)), (edges, ("u", "v"))):
        for name in columns:
            if name in frame:
                frame[name] = pd.Series(as_ids(frame[name].tolist()), dtype=object)
    nodes = _as_numbers(nodes, ("lon", "lat"))
    edges = _as_numbers(edges, (*EDGE_FLOAT, *EDGE_WHOLE))
    try:
        spots, table = checked_frames(nodes, edges)
    except SchemaError as error:
        names = {"nodes": node_rows, "edges": edge_rows}
        told = [_renumbered(text, names, called or {}) for text in error.findings]
        raise faults(source, told) from None
    ids = spots["label"].astype(str)
    out_nodes = pd.DataFrame({
        "id": ids, **{c: spots[c] for c in NODE_COLUMNS if c != "id"},
    })[list(NODE_COLUMNS)]  # fmt: skip
    if "name" in nodes:
        # a nameless node is asked by its id where it is a place; else nobody asks for it
        blank = _blanks(nodes["name"]) & (spots["terminal"] != ids).to_numpy()
        out_nodes["name"] = out_nodes["name"].where(~blank, "")
        if "kind" in nodes:
            out_nodes["kind"] = out_nodes["kind"].where(~(blank & _blanks(nodes["kind"])), "")
    label = ids.to_numpy(dtype=object)
    own = as_ids(edges["id"].tolist()) if "id" in edges else [""] * len(edges)
    frame = pd.DataFrame({
        "id": [x or str(i) for i, x in enumerate(own)],
        "u": label[table["u"].to_numpy()], "v": label[table["v"].to_numpy()],
        **{c: table[c] for c in EDGE_COLUMNS if c not in ("id", "u", "v")},
    })[list(EDGE_COLUMNS)]  # fmt: skip
    counts = np.array([len(x) for x in table["geometry"]])
    shapes = shapely.linestrings(
        np.concatenate(table["geometry"].tolist()),
        indices=np.repeat(np.arange(len(counts)), counts),
    )
    for target, given, known in ((out_nodes, nodes, NODE_COLUMNS), (frame, edges, EDGE_COLUMNS)):
        for name in given.columns:
            # a column of nothing is nothing to carry
            if name not in known and name != "geometry" and not _blank(given[name]):
                target[str(name)] = given[name].to_numpy()
    whole = gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")
    return NetworkTables(out_nodes, whole, tuple(notes))


def _as_numbers(frame: Any, columns: Sequence[str]) -> Any:
    """Return a frame whose cells of text are numbers where they are any, to the last digit."""
    import pandas as pd

    def number(value: Any) -> Any:
        try:
            return float(value) if isinstance(value, str) else value
        except ValueError:
            return value

    own = {c: pd.Series([number(v) for v in frame[c].tolist()], index=frame.index, dtype=object)
           for c in columns if c in frame and frame[c].dtype.kind not in "fiub"}  # fmt: skip
    return frame.assign(**own) if own else frame


def _blanks(column: Any) -> Any:
    return (column.isna() | (column.astype(str).str.strip() == "")).to_numpy()


def _blank(column: Any) -> bool:
    return bool(_blanks(column).all())


def faults(source: str, findings: Sequence[str]) -> SchemaError:
    """Return the error of a file: one line where there is one fault."""
    head = f"{source}: " if source else ""
    if len(findings) == 1:
        return SchemaError(f"{head}{findings[0]}")
    return SchemaError(f"{head}{len(findings)} faults", tuple(findings))


def _renumbered(text: str, names: dict[str, tuple[str, int]], called: Mapping[str, str]) -> str:
    found = re.match(r"(nodes|edges) row (\d+), (\w+)(.*)", text, re.DOTALL)
    if found:
        table, row, column, rest = found.groups()
        name, first = names[table]
        where = f"{name} row {int(row) - 1 + first}".strip()
        return f"{where}, {called.get(column, column)}{rest}"
    found = re.match(r"(nodes|edges)(.*)", text, re.DOTALL)
    return f"{names[found[1]][0]}{found[2]}" if found else text


def as_ids(values: Iterable[Any]) -> list[str]:
    """Return ids as text: 7, 7.0 and '7' are one id; what is missing is ''."""
    out = []
    for value in values:
        if value is None or value != value:
            out.append("")
        elif isinstance(value, (float, np.floating)) and float(value).is_integer():
            out.append(str(int(value)))
        else:
            out.append(str(value).strip())
    return out


def network_of_tables(tables: NetworkTables, **more: Any) -> Network:
    """Return the network of some tables, ready to be asked."""
    from corridors.routing.custom import from_frames

    return from_frames(tables.nodes, tables.edges, **more)


def tables_of(net: Network) -> NetworkTables:
    """Return the tables of a network that is in memory.

    A node of a user's own network has the id it came with; in the shipped network, where a
    terminal has several nodes, ids are the nodes' numbers.
    """
    nodes = net.nodes_frame()
    edges = net.edges_frame()
    named = nodes["terminal"].astype(str)
    own = bool((named != "").all()) and not named.duplicated().any()
    ids = named if own else nodes.index.astype(str)
    labels = np.asarray(ids, dtype=object)
    nodes.insert(0, "id", labels)
    matches = {m.id: m for m in net.names.atlas_places()}
    facilities = {k: f.name for k, f in net.facilities.items()}
    nodes["name"] = [matches[t].name if t in matches else facilities.get(t, "") for t in named]
    nodes["kind"] = [matches[t].kind if t in matches else "" for t in named]
    nodes["aliases"] = ""
    edges["u"], edges["v"] = labels[edges["u"].to_numpy()], labels[edges["v"].to_numpy()]
    edges.insert(0, "id", edges.index.astype(str))
    prices = net._shared._own or {}
    for name in ("hours", "cost_usd", "co2e_kg"):
        edges[name] = prices.get(name, np.full(len(edges), np.nan))
    order = [*EDGE_COLUMNS, "geometry"]
    return NetworkTables(nodes[list(NODE_COLUMNS)].reset_index(drop=True),
                         edges[order].reset_index(drop=True))  # fmt: skip


def chosen(
    tables: NetworkTables, modes: Sequence[str] = (), countries: Sequence[str] = ()
) -> NetworkTables:
    """Return the part of a network by modes and countries; nodes without an edge are left out.

    Raises
    ------
    SchemaError
        A mode or country that no edge has.
    """
    edges = tables.edges
    keep = np.ones(len(edges), dtype=bool)
    if modes:
        unknown = [m for m in modes if m not in MODES]
        if unknown:
            raise SchemaError(f"mode {unknown[0]!r} is unknown; choose from {', '.join(MODES)}")
        keep &= edges["mode"].isin(modes).to_numpy()
        keep &= (edges["to_mode"].isin([*modes, ""])).to_numpy()
    if countries:
        codes = [c.upper() for c in countries]
        keep &= edges["country"].isin(codes).to_numpy()
    if not keep.any():
        what = ", ".join([*modes, *countries])
        raise SchemaError(f"the network has no edge of {what}")
    edges = edges[keep].reset_index(drop=True)
    used = set(edges["u"]) | set(edges["v"])
    nodes = tables.nodes[tables.nodes["id"].isin(used)].reset_index(drop=True)
    return replace(tables, nodes=nodes, edges=edges)


# --- saved networks ----------------------------------------------------------------------------


def save_tables(tables: NetworkTables, folder: str | Path) -> Path:
    """Write a network that every command takes with ``--network``; whole or not at all.

    Raises
    ------
    SchemaError
        Where the folder is there and holds something else, or may not be written.
    """
    import pandas as pd
    import shapely

    target = Path(folder)
    if target.exists() and not _replaceable(target):
        raise SchemaError(f"{target} is there and is no saved network; name a new folder")
    nodes, edges = tables.nodes, tables.edges.copy()
    number = pd.Series(np.arange(len(nodes)), index=nodes["id"])
    for name in ("u", "v"):
        edges[name] = number.loc[edges[name]].to_numpy(np.int32)
    # a border or transfer at one spot is a point, as in what ships
    line = (edges["kind"] == "line").to_numpy()
    shapes = np.array(edges.geometry.array, dtype=object)
    for i in np.flatnonzero(~line).tolist():
        xy = shapely.get_coordinates(shapes[i])
        if (xy == xy[0]).all():
            shapes[i] = shapely.points(xy[0])
    edges = edges.set_geometry(shapes, crs="EPSG:4326").astype(
        {"gauge_mm": np.int16, "to_gauge_mm": np.int16, "from_year": np.int16,
         "to_year": np.int16, "tracks": np.int16, "oneway": bool}
    )  # fmt: skip
    layer = np.array([layer_of(k, m) for k, m in zip(edges["kind"], edges["mode"], strict=True)])
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.absolute().parent))
    except OSError as error:
        raise SchemaError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        nodes.to_parquet(scratch / "network_nodes.parquet", compression="zstd", index=False)
        for name in LAYERS:
            part = edges[layer == name].reset_index(drop=True)
            part.to_parquet(scratch / f"network_{name}.parquet", compression="zstd", index=False)
        scratch.chmod(0o755)
        if target.exists():
            for old in target.glob("network_*.parquet"):
                old.unlink()
            target.rmdir()
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _replaceable(folder: Path) -> bool:
    """Return whether a folder is empty or holds nothing but a saved network."""
    if not folder.is_dir():
        return False
    return all(re.fullmatch(r"network_\w+\.parquet", p.name) for p in folder.iterdir())


def read_saved(folder: str | Path | None = None) -> NetworkTables:
    """Return the tables of a saved network, or of the shipped one.

    Raises
    ------
    DataIntegrityError
        Where there is none.
    """
    import geopandas as gpd
    import pandas as pd

    from corridors import datasets
    from corridors.errors import DataIntegrityError

    if folder is None:
        files = {n: datasets.path(f"network_{n}.parquet") for n in ("nodes", *LAYERS)}
    else:
        files = {n: Path(folder) / f"network_{n}.parquet" for n in ("nodes", *LAYERS)}
        if not files["nodes"].is_file():
            raise DataIntegrityError(f"{folder} is no saved network: network_nodes.parquet missing")
    nodes = pd.read_parquet(files["nodes"])
    if "id" not in nodes:
        nodes.insert(0, "id", np.arange(len(nodes)).astype(str).astype(object))
    for name in NODE_TEXT:
        if name not in nodes:
            nodes[name] = ""
        nodes[name] = nodes[name].fillna("").astype(object)
    parts = [gpd.read_parquet(p) for n, p in files.items() if n != "nodes" and p.is_file()]
    edges = pd.concat([p for p in parts if len(p)], ignore_index=True)
    label = nodes["id"].to_numpy(dtype=object)
    edges["u"], edges["v"] = label[edges["u"].to_numpy()], label[edges["v"].to_numpy()]
    if "id" not in edges:
        edges["id"] = np.arange(len(edges)).astype(str).astype(object)
    for name in ("hours", "cost_usd", "co2e_kg"):
        if name not in edges:
            edges[name] = np.nan
    for name in EDGE_TEXT:
        edges[name] = edges[name].fillna("").astype(object) if name in edges else ""
    for name in EDGE_WHOLE:
        told = pd.to_numeric(edges[name], errors="coerce") if name in edges else None
        edges[name] = 0 if told is None else told.fillna(0).astype(np.int64)
    rest = [c for c in edges.columns if c not in (*EDGE_COLUMNS, "geometry")]
    more = [c for c in nodes.columns if c not in NODE_COLUMNS]
    return NetworkTables(
        nodes[[*NODE_COLUMNS, *more]], _lines(edges[[*EDGE_COLUMNS, *rest, "geometry"]])
    )


def _lines(edges: Any) -> Any:
    """Return edges whose borders and transfers are lines of two equal points again."""
    import shapely

    shapes = np.array(edges.geometry.array, dtype=object)
    point = shapely.get_type_id(shapes) == 0
    if point.any():
        xy = shapely.get_coordinates(shapes[point])
        shapes[point] = shapely.linestrings(np.stack([xy, xy], axis=1))
    return edges.set_geometry(shapes, crs="EPSG:4326")
