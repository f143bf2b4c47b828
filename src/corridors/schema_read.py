"""Reads a user's table for :mod:`corridors.schema` as it is, with nothing mended in silence.

GeoJSON is read as JSON, so that values keep their types and a feature whose geometry cannot be
read is one fault among others, not the end of the reading.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENDINGS", "Raw", "read", "to_frame"]

ENDINGS = (".csv", ".geojson", ".json", ".gpkg", ".parquet", ".shp", ".kml")
STYLES = "layer_styles"
"""The table of a GeoPackage in which QGIS keeps its styles."""
SHAPE_NAMES = {
    "to_gauge_mm": "to_gaug_mm", "published_km": "publ_km", "published_km_note": "publ_note",
    "capacity_unit": "cap_unit", "diameter_mm": "diam_mm", "electrified": "electrif",
}  # fmt: skip
"""Columns whose names are longer than the ten characters of a shapefile, and what they become."""
KML_OWN = ("id", "name", "description", "timestamp", "begin", "end", "altitudemode", "tessellate",
           "extrude", "visibility", "draworder", "icon", "snippet")  # fmt: skip
"""Fields that KML has of its own; ours of these names are written with ``_`` before them."""

# row as a person counts it (None: all of them), column, rule, message
Fault = tuple[int | None, str, str, str]


@dataclass(frozen=True)
class Raw:
    """A table as it was found.

    Parameters
    ----------
    frame : DataFrame
        Cells; a column ``geometry`` of shapely geometries (or None) where it has geometry.
    crs : object
        pyproj CRS, None where the file names none, ``"unknown"`` where it cannot be read.
    first_row : int
        Number that a person gives to the first row.
    stem : str
        The file's name without its ending.
    faults : tuple
        What was wrong already in the reading.
    """

    frame: pd.DataFrame
    crs: Any = None
    first_row: int = 1
    stem: str = ""
    faults: tuple[Fault, ...] = field(default=())


def read(source: Any) -> Raw:
    """Return a frame or a file as :class:`Raw`.

    Raises
    ------
    SchemaError
        What cannot be read at all.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return _from_frame(source)
    path = Path(source)
    if not path.is_file():
        raise SchemaError(f"{path}: no such file")
    readers = {
        ".csv": _read_csv,
        ".geojson": _read_geojson,
        ".json": _read_geojson,
        ".gpkg": _read_gpkg,
        ".parquet": _read_parquet,
        ".shp": _read_shape,
        ".kml": _read_kml,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SchemaError(
            f"{path}: cannot check {path.suffix or 'this'} files; {', '.join(ENDINGS)}"
        )
    try:
        return reader(path)
    except SchemaError:
        raise
    except Exception as error:  # the readers raise all sorts; a person needs one line
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{path}: cannot be read: {reason}") from error


def to_frame(frame: pd.DataFrame) -> Any:
    """Return a checked frame with geometry, in EPSG:4326, where it has coordinates."""
    import geopandas as gpd
    import pandas as pd

    if "geometry" in frame.columns:
        return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")
    if {"lon", "lat"} <= set(frame.columns):
        points = gpd.points_from_xy(
            pd.to_numeric(frame["lon"]), pd.to_numeric(frame["lat"]), crs="EPSG:4326"
        )
        return gpd.GeoDataFrame(frame.drop(columns=["lon", "lat"]), geometry=points)
    return frame


def _from_frame(frame: Any, **more: Any) -> Raw:
    import geopandas as gpd
    import pandas as pd

    crs = None
    if isinstance(frame, gpd.GeoDataFrame):
        name = frame._geometry_column_name
        plain = pd.DataFrame(frame)
        if name in plain.columns:
            crs = frame.geometry.crs
            plain = plain.rename(columns={name: "geometry"})
            plain["geometry"] = list(frame.geometry)
        frame = plain
    return Raw(frame.reset_index(drop=True), crs, **more)


def _read_csv(path: Path) -> Raw:
    import pandas as pd

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SchemaError(f"{path}: row {line} is not UTF-8; save the file as UTF-8") from None
    faults: list[Fault] = []
    head = text.partition("\n")[0]
    comma = max((",", ";", "\t"), key=head.count)
    if comma != ",":
        faults.append((1, "header", "separator", f"cells are separated by {comma!r}, not by ','"))
    header, *body = csv.reader(io.StringIO(text), delimiter=comma) if text.strip() else [[]]
    if not header:
        raise SchemaError(f"{path}: is empty")
    header = [name.strip() for name in header]
    for name in {n for n in header if header.count(n) > 1}:
        faults.append((1, name or "header", "column", f"the column {name!r} is there twice"))
    rows = []
    for number, cells in enumerate(body, start=2):
        if cells and len(cells) != len(header):
            faults.append((number, "row", "cells", f"has {len(cells)} cells, not {len(header)}"))
        padded = (cells + [""] * len(header))[: len(header)]
        rows.append(padded)
    while rows and not any(rows[-1]):
        rows.pop()
    frame = pd.DataFrame(rows, columns=header, dtype=object)
    frame = frame.loc[:, ~frame.columns.duplicated()]
    return Raw(frame, None, 2, path.stem, tuple(faults))


def _read_geojson(path: Path) -> Raw:
    import pandas as pd

    try:
        parsed = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path}: is no JSON: {error}") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("features"), list):
        raise SchemaError(f"{path}: is no GeoJSON FeatureCollection")
    faults: list[Fault] = []
    rows, shapes = [], []
    for number, feature in enumerate(parsed["features"], start=1):
        feature = feature if isinstance(feature, dict) else {}
        properties = feature.get("properties")
        row = dict(properties) if isinstance(properties, dict) else {}
        if "id" not in row and feature.get("id") is not None:
            row["id"] = feature["id"]
        shape, fault = _shape(feature.get("geometry"))
        if fault:
            faults.append((number, "geometry", "geometry", fault))
        rows.append(row)
        shapes.append(shape)
    frame = pd.DataFrame(rows, dtype=object)
    frame["geometry"] = pd.Series(shapes, dtype=object, index=frame.index)
    return Raw(frame, _geojson_crs(parsed, faults), 1, path.stem, tuple(faults))


def _shape(geometry: Any) -> tuple[Any, str]:
    """Return a shapely geometry (None where there is none) and what is wrong with it."""
    from shapely.geometry import shape

    if geometry is None:
        return None, ""
    try:
        return shape(geometry), ""
    except Exception as error:  # shapely and malformed input: all sorts
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        return None, f"the geometry cannot be read ({reason})"


def _geojson_crs(parsed: dict[str, Any], faults: list[Fault]) -> Any:
    member = parsed.get("crs")
    if member is None:
        return "EPSG:4326"  # what RFC 7946 says of a file that names none
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(member["properties"]["name"])
    except (CRSError, KeyError, TypeError):
        faults.append((None, "geometry", "crs", f"the CRS {str(member)[:60]!r} is unknown"))
        return "unknown"


def _read_gpkg(path: Path) -> Raw:
    import geopandas as gpd
    import pyogrio

    layers = [str(name) for name, _ in pyogrio.list_layers(path) if name != STYLES]
    if not layers:
        raise SchemaError(f"{path}: holds no layer")
    layer = next((name for name in (path.stem, "places", "assets") if name in layers), layers[0])
    frame = gpd.read_file(path, layer=layer)
    raw = _from_frame(frame, stem=layer if len(layers) > 1 else path.stem)
    if len(layers) > 1:
        others = ", ".join(name for name in layers if name != layer)
        fault: Fault = (None, "layer", "layers", f"only layer {layer!r} is checked, not {others}")
        return Raw(raw.frame, raw.crs, 1, raw.stem, (fault,))
    return raw


def _read_parquet(path: Path) -> Raw:
    import geopandas as gpd
    import pandas as pd

    try:
        frame: Any = gpd.read_parquet(path)
    except ValueError:
        frame = pd.read_parquet(path)
    return _from_frame(frame, stem=path.stem)


def _read_shape(path: Path) -> Raw:
    import geopandas as gpd

    return _from_frame(long_names(gpd.read_file(path)), stem=path.stem)


def _read_kml(path: Path) -> Raw:
    import geopandas as gpd
    import pyogrio

    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if not layers:
        raise SchemaError(f"{path}: holds no layer")
    raw = _from_frame(own_columns(gpd.read_file(path, layer=layers[0])), stem=path.stem)
    if len(layers) > 1:
        fault: Fault = (None, "layer", "layers", f"only layer {layers[0]!r} is checked, not "
                        f"{', '.join(layers[1:])}")  # fmt: skip
        return Raw(raw.frame, raw.crs, 1, raw.stem, (fault,))
    return raw


def long_names(frame: Any) -> Any:
    """Return a shapefile's frame with our columns under their full names."""
    return frame.rename(columns={v: k for k, v in SHAPE_NAMES.items() if k not in frame})


def own_columns(frame: Any) -> Any:
    """Return our columns of what LIBKML reads, without the fields that it adds."""
    own = {c: str(c)[1:] for c in frame.columns if str(c).startswith("_")
           and str(c)[1:].lower() in KML_OWN}  # fmt: skip
    added = [c for c in frame.columns if str(c).lower() in KML_OWN and str(c).lower() != "name"]
    frame = frame.drop(columns=added).rename(columns=own)
    return frame.rename(columns={"Name": "name"}) if "name" not in frame else frame
