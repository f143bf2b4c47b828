"""Vector files: GeoJSON, GeoPackage, GeoParquet, shapefile and KML, in and out.

One frame or several are written and read with their coordinate system; what a format cannot hold
is returned as lines for a person. A format of one layer takes a network as two files, the edges
under the name that was asked and the nodes beside it (``net.geojson``, ``net-nodes.geojson``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corridors.errors import SchemaError
from corridors.io.coordinates import as_crs, check_fit, crs_name, is_degrees
from corridors.schema_read import KML_OWN, SHAPE_NAMES, STYLES, long_names, own_columns

ENDINGS = (".gpkg", ".geojson", ".parquet", ".shp", ".kml")
_TEXT_BYTES = 254
_KML_NOTE = (
    "KML holds every value as text of ExtendedData, coordinates in WGS84 with 15 digits, and no "
    "control characters"
)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a file, in longitude and latitude of WGS84.

    Parameters
    ----------
    name : str
    frame : GeoDataFrame or DataFrame
    first_row : int
        Number that a person gives to the first row.
    """

    name: str
    frame: Any
    first_row: int = 1


def write_layers(frames: Mapping[str, Any], path: str | Path) -> list[str]:
    """Write GeoDataFrames (EPSG:4326); return what the format cannot hold, one line each.

    Parameters
    ----------
    frames : mapping of name to GeoDataFrame
        The first is the one that a format of a single layer has under the file's own name;
        others go beside it as ``<stem>-<name><ending>``.
    path : path
        Its ending decides the format: .gpkg, .geojson, .parquet, .shp or .kml.

    Raises
    ------
    SchemaError
        An unknown ending, or a file that cannot be written; nothing is left half-written.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise SchemaError(f"cannot export to {target.name}: end it in {', '.join(ENDINGS)}")
    if target.is_dir():
        raise SchemaError(f"{target} is a folder; name a file in it")
    notes: list[str] = []
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.absolute().parent))
    except OSError as error:
        raise SchemaError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        for i, (name, frame) in enumerate(frames.items()):
            if ending in (".gpkg", ".kml"):
                file = scratch / target.name
            else:
                file = scratch / (target.name if i == 0 else f"{target.stem}-{name}{ending}")
            notes += _WRITERS[ending](frame.reset_index(drop=True), file, name)
        if ending == ".gpkg":
            from corridors.io.styles import add_styles

            add_styles(scratch / target.name, list(frames))
        for file in sorted(scratch.iterdir()):
            file.replace(target.parent / file.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    others = [f"{target.stem}-{n}{ending}" for n in list(frames)[1:]]
    if others and ending not in (".gpkg", ".kml"):
        notes.append(f"one layer in a file: {', '.join(others)} beside {target.name}")
    return list(dict.fromkeys(notes))


def _parquet(frame: Any, file: Path, name: str) -> list[str]:
    frame.to_parquet(file, index=False)
    return []


def _gpkg(frame: Any, file: Path, name: str) -> list[str]:
    taken = [c for c in frame.columns if str(c).lower() == "fid"]
    frame = frame.rename(columns={c: f"{c}_" for c in taken})
    frame.to_file(file, layer=name, driver="GPKG", mode="a" if file.exists() else "w",
                  **_plain(frame))  # fmt: skip
    return [f"GeoPackage keeps fid for itself: the column is {c}_" for c in taken]


def _geojson(frame: Any, file: Path, name: str) -> list[str]:
    # by hand: GDAL cuts a number's last digits off
    text = frame.to_json(drop_id=True, na="null", to_wgs84=False, ensure_ascii=False)
    file.write_text(text, encoding="utf-8")
    return []


def _kml(frame: Any, file: Path, name: str) -> list[str]:
    out = frame.copy()
    notes = [_KML_NOTE]
    for column in out.columns:
        if column != out.geometry.name:
            out[column] = [printable(_text(v)) for v in out[column].tolist()]
    # KML's own fields are set apart, so that ours are read again by their names
    own = {c: f"_{c}" for c in out.columns if str(c).lower() in KML_OWN and c != "name"}
    out = out.rename(columns=own)
    out.to_file(file, layer=name, driver="LIBKML", mode="a" if file.exists() else "w",
                **_plain(out))  # fmt: skip
    return notes


def _shape(frame: Any, file: Path, name: str) -> list[str]:
    """Write a shapefile: ten characters a name, 254 bytes a text, no difference of '' and none."""
    notes = []
    short: dict[str, str] = {}
    columns = [c for c in frame.columns if c != frame.geometry.name]
    for column in columns:
        wanted = SHAPE_NAMES.get(column, str(column)[:10])
        base, n = wanted, 1
        while wanted.lower() in (v.lower() for v in short.values()):
            wanted, n = f"{base[:8]}_{n}", n + 1
        short[column] = wanted
    renamed = [f"{a} as {b}" for a, b in short.items() if a != b]
    if renamed:
        notes.append(f"a shapefile's names have ten characters: {', '.join(renamed)}")
    out = frame.rename(columns=short)
    for column, called in short.items():
        if out[called].dtype.kind in "OUT" or str(out[called].dtype) in ("str", "string"):
            values = [_text(v) for v in out[called].tolist()]
            cut = [v.encode()[:_TEXT_BYTES].decode("utf-8", "ignore") for v in values]
            long = sum(a != b for a, b in zip(values, cut, strict=True))
            if long:
                notes.append(f"a shapefile's text has {_TEXT_BYTES} bytes: {column} is cut short "
                             f"in {long:,} rows")  # fmt: skip
            out[called] = cut
        elif out[called].dtype.kind == "b":
            out[called] = out[called].astype(np.int32)
        elif out[called].dtype.kind == "f":
            notes.append("a shapefile's numbers have 15 digits or so")
    try:
        out.to_file(file, driver="ESRI Shapefile", encoding="UTF-8", **_plain(out))
    except Exception as error:
        raise SchemaError(f"cannot write {file.name}: {str(error).splitlines()[0]}") from error
    return notes


def _plain(frame: Any) -> dict[str, Any]:
    """Return options of the writer: a layer with no line at all has still a type."""
    return {"engine": "pyogrio"} if frame.geometry.notna().any() else {
        "engine": "pyogrio", "geometry_type": "LineString"}  # fmt: skip


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return str(value)


def printable(text: str) -> str:
    """Return text without the control characters that XML forbids."""
    return "".join(c for c in text if c in "\t\n\r" or (ord(c) >= 32 and ord(c) not in _NO_XML))


_NO_XML = (0xFFFE, 0xFFFF, *range(0xD800, 0xE000))
_WRITERS = {".parquet": _parquet, ".gpkg": _gpkg, ".geojson": _geojson, ".kml": _kml,
            ".shp": _shape}  # fmt: skip


# --- reading -----------------------------------------------------------------------------------


def read_layers(path: str | Path, *, crs: str | None = None) -> list[Layer]:
    """Return the layers of a vector file (or of a CSV), in longitude and latitude of WGS84.

    Parameters
    ----------
    path : path
        .gpkg, .geojson, .json, .parquet, .shp, .kml or .csv (``lon``/``lat``, or ``geometry`` as
        well-known text).
    crs : str, optional
        Where the file names none. A file that names another one is refused.

    Raises
    ------
    SchemaError
        One line: no such file, unreadable, no or an unknown CRS, coordinates that contradict it.
    """
    path = Path(path)
    if not path.is_file():
        raise SchemaError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise SchemaError(f"{path}: is empty")
    ending = path.suffix.lower()
    if ending == ".csv":
        return [_read_csv(path, crs)]
    if ending in (".geojson", ".json"):
        return [_read_geojson(path, crs)]
    if ending not in ENDINGS:
        raise SchemaError(
            f"{path}: cannot read {ending or 'this'} files; {', '.join((*ENDINGS, '.csv'))}"
        )
    import geopandas as gpd
    import pandas as pd
    import pyogrio

    found = []
    try:
        if ending == ".parquet":
            frames = {path.stem: _read_parquet(path)}
        else:
            names = [str(n) for n, _ in pyogrio.list_layers(path)]
            frames = {n: gpd.read_file(path, layer=n, engine="pyogrio")
                      for n in names if n != STYLES}  # fmt: skip
    except SchemaError:
        raise
    except UnicodeDecodeError:
        raise SchemaError(f"{path}: holds text that is not UTF-8; save it in UTF-8") from None
    except Exception as error:  # the readers raise all sorts; a person needs one line
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{path}: cannot be read: {reason}") from error
    for name, frame in frames.items():
        if ending == ".kml":
            frame = own_columns(frame)
        if ending == ".shp":
            frame = long_names(frame)
        if isinstance(frame, gpd.GeoDataFrame):
            frame = (
                frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
            )
            frame = to_degrees(frame, path, crs, name if len(frames) > 1 else "")
        found.append(Layer(name, frame if len(frame.columns) else pd.DataFrame()))
    if not found:
        raise SchemaError(f"{path}: holds no layer")
    return found


def to_degrees(frame: Any, path: Path, crs: str | None, layer: str = "") -> Any:
    """Return a GeoDataFrame in EPSG:4326; its CRS must be known and fit its coordinates."""
    import shapely

    source = f"{path}, layer {layer}" if layer else str(path)
    own = frame.crs
    if own is not None and not (own.is_geographic or own.is_projected):
        raise SchemaError(
            f"{source}: its coordinate system is {own.name!r}, which lies nowhere on Earth; save "
            "it in EPSG:4326, or set the CRS that it really has"
        )
    if own is not None and crs is not None and as_crs(crs, source) != own:
        raise SchemaError(f"{source}: says its CRS is {crs_name(own)}, and --crs says {crs}; they "
                          "must agree")  # fmt: skip
    system = own if own is not None else as_crs(
        crs, f"{source}: names no coordinate reference system")  # fmt: skip
    xy = shapely.get_coordinates(frame.geometry.array)
    check_fit(xy[:, 0], xy[:, 1], system, source)
    if is_degrees(system):
        return frame.set_crs("EPSG:4326", allow_override=True)
    out = frame.set_crs(system, allow_override=True).to_crs("EPSG:4326")
    moved = shapely.get_coordinates(out.geometry.array)
    if not np.isfinite(moved[np.isfinite(xy).all(axis=1)]).all():
        raise SchemaError(f"{source}: coordinates lie where {crs_name(system)} does not hold; is "
                          "it the right CRS?")  # fmt: skip
    return out


def _read_parquet(path: Path) -> Any:
    import geopandas as gpd
    import pandas as pd

    try:
        return gpd.read_parquet(path)
    except ValueError as error:
        if "geo" not in str(error).lower():
            raise
        return pd.read_parquet(path)


def _read_geojson(path: Path, crs: str | None) -> Layer:
    """Read by the house's own reader, which keeps the types and the rows of what is broken."""
    import geopandas as gpd

    from corridors.io.tables import faults
    from corridors.schema_read import read

    raw = read(path)
    if raw.faults:
        raise faults(str(path), [f"{f'row {r}, ' if r else ''}{c}: {m}" for r, c, _, m in
                                 raw.faults])  # fmt: skip
    if raw.frame.empty:
        raise SchemaError(f"{path}: has no features")
    frame = gpd.GeoDataFrame(raw.frame, geometry="geometry", crs=raw.crs)
    return Layer(path.stem, to_degrees(frame, path, crs))


def _read_csv(path: Path, crs: str | None) -> Layer:
    import geopandas as gpd
    import shapely

    from corridors.io.delimited import read_delimited
    from corridors.io.tables import faults

    frame, _ = read_delimited(path)
    if "geometry" not in frame:
        if crs is not None and not is_degrees(as_crs(crs, str(path))):
            raise SchemaError(f"{path}: columns lon and lat are degrees of WGS84; --crs {crs} "
                              "cannot be")  # fmt: skip
        return Layer(path.stem, frame, 2)
    shapes, told = [], []
    for i, text in enumerate(frame["geometry"]):
        try:
            shapes.append(shapely.from_wkt(text) if text.strip() else None)
        except shapely.errors.GEOSException:
            told.append(f"row {i + 2}, geometry: is no well-known text")
    if told:
        raise faults(str(path), told)
    out = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes)
    return Layer(path.stem, to_degrees(out, path, crs), 2)


# --- networks ----------------------------------------------------------------------------------


def write_network(tables: Any, path: str | Path) -> list[str]:
    """Write a network's edges and nodes; return what the format cannot hold.

    A border or a transfer takes place at a node and has no line of its own.
    """
    import geopandas as gpd

    edges = tables.edges.copy()
    line = (edges["kind"] == "line").to_numpy()
    shapes = np.array(edges.geometry.array, dtype=object)
    shapes[~line] = None
    edges = edges.set_geometry(shapes, crs="EPSG:4326")
    nodes = gpd.GeoDataFrame(
        tables.nodes, geometry=gpd.points_from_xy(tables.nodes["lon"], tables.nodes["lat"]),
        crs="EPSG:4326",
    ).drop(columns=["lon", "lat"])  # fmt: skip
    return write_layers({"edges": edges, "nodes": nodes}, path)


NODE_IDS = ("id", "node_id", "osmid")
EDGE_ENDS = (("u", "v"), ("source", "target"), ("from_node_id", "to_node_id"))


def read_network(
    paths: Sequence[str | Path], *, crs: str | None = None, mode: str | None = None
) -> Any:
    """Return the network of one or several files.

    Lines are edges, points are nodes. Edges name their nodes in ``u, v`` (or ``source, target``,
    or ``from_node_id, to_node_id``); where they do not, lines that end at the very same point
    meet there, and nothing is joined by distance.

    Parameters
    ----------
    paths : sequence of path
        ``<stem>-nodes.<ending>`` beside the first is read with it.
    crs : str, optional
        Where a file names none.
    mode : str, optional
        Mode of the edges that name none.

    Returns
    -------
    NetworkTables

    Raises
    ------
    SchemaError
        One line per fault, by row.
    """
    import pandas as pd

    from corridors.io.tables import checked

    files = [Path(p) for p in paths]
    notes: list[str] = []
    if len(files) == 1:
        beside = files[0].with_name(f"{files[0].stem}-nodes{files[0].suffix}")
        if beside.is_file():
            files.append(beside)
            notes.append(f"nodes from {beside.name}")
    layers = [(file, layer) for file in files for layer in read_layers(file, crs=crs)]
    nodes = [(f, x) for f, x in layers if _is_nodes(x)]
    edges = [(f, x) for f, x in layers if not _is_nodes(x)]
    source = ", ".join(str(f) for f in files)
    for found, what in ((nodes, "nodes"), (edges, "edges")):
        if len(found) > 1:
            named = ", ".join(f"{f.name}/{x.name}" for f, x in found)
            raise SchemaError(
                f"{source}: several layers of {what} ({named}); name one file of each"
            )
    if not edges:
        raise SchemaError(f"{source}: holds no edges: no lines, and no columns u, v")
    layer = edges[0][1]
    if not len(layer.frame):
        raise SchemaError(f"{edges[0][0]}: layer {layer.name} is empty")
    table = pd.DataFrame(layer.frame)
    called: dict[str, str] = {}
    for a, b in EDGE_ENDS:
        if a in table and b in table:
            table = table.rename(columns={a: "u", b: "v"})
            called = {"u": a, "v": b}
            break
    if "geometry" in table:
        table["geometry"] = _one_line(table["geometry"].tolist(), layer, edges[0][0])
    if nodes:
        spots = _spots(nodes[0][1])
    else:
        table, spots = _nodes_of_lines(table, edges[0][0])
        notes.append(f"{len(spots):,} nodes where lines end; lines meet where their ends are equal")
    if mode is not None:
        own = table["mode"] if "mode" in table else pd.Series([""] * len(table))
        blank = own.isna() | (own.astype(str).str.strip() == "")
        table["mode"] = own.astype(object).where(~blank, mode)
    if "mode" not in table:
        raise SchemaError(f"{edges[0][0]}: the column mode is missing; add it, or give --mode")
    name = edges[0][0].name if len(files) > 1 else layer.name
    other = nodes[0][1] if nodes else layer
    return checked(spots, table, source=source, node_rows=(other.name, other.first_row),
                   edge_rows=(name, layer.first_row), called=called, notes=notes)  # fmt: skip


def _is_nodes(layer: Layer) -> bool:
    import shapely

    frame = layer.frame
    if "geometry" in frame:
        kinds = set(shapely.get_type_id(np.asarray(frame["geometry"].array, dtype=object))) - {-1}
        if kinds:
            return kinds <= {0}
    if any(a in frame and b in frame for a, b in EDGE_ENDS):
        return False
    return "geometry" not in frame and {"lon", "lat"} <= set(frame.columns)


def _spots(layer: Layer) -> Any:
    import pandas as pd
    import shapely

    frame = pd.DataFrame(layer.frame)
    name = next((n for n in NODE_IDS if n in frame), None)
    if name is None:
        raise SchemaError(f"{layer.name}: the column id is missing; edges name their nodes by it")
    frame = frame.rename(columns={name: "id"})
    if "geometry" in frame:
        shapes = np.asarray(frame["geometry"].tolist(), dtype=object)
        frame = frame.drop(columns="geometry")
        frame["lon"], frame["lat"] = shapely.get_x(shapes), shapely.get_y(shapes)
    return frame


def _one_line(shapes: list[Any], layer: Layer, file: Path) -> list[Any]:
    """Return lines; a MultiLineString of one piece, or of pieces that follow each other, is one."""
    import shapely

    from corridors.io.tables import faults

    out, told = [], []
    for i, shape in enumerate(shapes):
        if shape is not None and shape == shape and shape.geom_type == "MultiLineString":
            parts = shapely.get_parts(shape)
            shape = parts[0] if len(parts) == 1 else shapely.line_merge(shape, directed=True)
        if shape is not None and shape == shape and shape.geom_type != "LineString":
            told.append(f"{layer.name} row {i + layer.first_row}, geometry: is a "
                        f"{shape.geom_type}, and an edge is one line")  # fmt: skip
        out.append(shapely.force_2d(shape) if shape is not None and shape == shape else None)
    if told:
        raise faults(str(file), told)
    return out


def _nodes_of_lines(table: Any, file: Path) -> tuple[Any, Any]:
    """Return edges and the nodes that follow from their ends."""
    import pandas as pd
    import shapely

    if "geometry" not in table or all(s is None for s in table["geometry"]):
        raise SchemaError(f"{file}: holds edges and no nodes; add the file or layer of nodes")
    found: dict[str, tuple[float, float]] = {}
    ends: dict[str, list[str]] = {"u": [], "v": []}
    own = {"u", "v"} <= set(table.columns)
    for i, shape in enumerate(table["geometry"]):
        if shape is None:
            raise SchemaError(f"{file}: row {i + 1} has no geometry, and there are no nodes to "
                              "place its ends")  # fmt: skip
        xy = shapely.get_coordinates(shape)
        for name, at in (("u", xy[0]), ("v", xy[-1])):
            spot = (float(at[0]), float(at[1]))
            label = f"{spot[0]!r} {spot[1]!r}"
            if own:
                from corridors.io.tables import as_ids

                label = as_ids([table[name].iloc[i]])[0]
                if found.get(label, spot) != spot:
                    raise SchemaError(f"{file}: row {i + 1}, {name}: node {label!r} lies at two "
                                      "points; add the file or layer of nodes")  # fmt: skip
            found[label] = spot
            ends[name].append(label)
    table = table.assign(u=ends["u"], v=ends["v"])
    spots = pd.DataFrame({"id": list(found), "lon": [x for x, _ in found.values()],
                          "lat": [y for _, y in found.values()]})  # fmt: skip
    return table, spots
