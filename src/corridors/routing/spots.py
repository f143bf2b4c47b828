"""Many places from what people have: names, a table, a frame, a file. All faults at once."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import SchemaError, UnknownPlaceError

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network

FILES = (".csv", ".txt", ".geojson", ".json", ".gpkg", ".parquet")
_LAT, _LON = ("lat", "latitude", "y"), ("lon", "lng", "long", "longitude", "x")
_NAME, _ID = ("name", "place", "city", "query"), ("id",)
Row = tuple[str, Mapping[str, Any]]
"""Where a row stands, for a message, and its cells."""


def spots(net: Network, what: Any, role: str) -> tuple[tuple[str, ...], tuple[Place, ...]]:
    """Return labels and places.

    Parameters
    ----------
    net : Network
        Resolves the names.
    what : name, point, iterable of these, DataFrame, GeoDataFrame, or path of a file
        A table has ``name`` or ``id``, or ``lat`` and ``lon`` (degrees, WGS84) with any of
        these as a label, and ``country`` (ISO code) if it is known.
    role : str
        ``origins`` or ``destinations``, for messages.

    Raises
    ------
    SchemaError
        Nothing in it, or rows that are no places: every fault with its row.
    """
    title, rows = _rows(what, role)
    labels: list[str] = []
    places: list[Place] = []
    faults: list[str] = []
    for where, row in rows:
        try:
            label, place = _spot(net, row)
        except (UnknownPlaceError, SchemaError) as error:
            faults.append(f"{where}: {error}")
            continue
        labels.append(label)
        places.append(place)
    if len(faults) == 1:
        raise SchemaError(f"{title}: {faults[0]}")
    if faults:
        raise SchemaError(f"{title}: {len(faults)} faults; nothing was asked", tuple(faults))
    if not places:
        raise SchemaError(f"{title}: no places in it")
    return tuple(labels), tuple(places)


def _rows(what: Any, role: str) -> tuple[str, list[Row]]:
    if isinstance(what, Path) or (
        isinstance(what, str)
        and (Path(what).suffix.lower() in FILES or ("\n" not in what and Path(what).is_file()))
    ):
        return str(what), _of_file(Path(what))
    if hasattr(what, "columns") and hasattr(what, "iloc"):
        return role, _of_frame(what)
    one = isinstance(what, str) or hasattr(what, "geom_type")
    pair = isinstance(what, tuple) and len(what) == 2 and not any(isinstance(x, str) for x in what)
    if one or pair:
        return role, [("item 1", {"query": what})]
    if not isinstance(what, Iterable):
        raise SchemaError(f"{role}: {what!r} is no list of places, table or file")
    found = []
    for i, item in enumerate(what, start=1):
        row = item if isinstance(item, Mapping) else {"query": item}
        found.append((f"item {i}", row))
    return role, found


def _of_frame(frame: Any) -> list[Row]:
    names = [str(c) for c in frame.columns]
    geometry = getattr(frame, "_geometry_column_name", None)
    if geometry in names:
        if frame.crs is None:
            raise SchemaError("a GeoDataFrame of places needs a CRS; set EPSG:4326")
        points = frame.geometry.to_crs("EPSG:4326")
        bad = np.flatnonzero((points.geom_type != "Point") | points.is_empty) + 1
        if len(bad):
            raise SchemaError(f"row {bad[0]}: the geometry of a place must be a Point")
        frame = frame.drop(columns=geometry).assign(lon=points.x, lat=points.y)
        names = [str(c) for c in frame.columns]
    _check_columns(names)
    records = frame.to_dict("records")
    return [(f"row {i}", {str(k): v for k, v in r.items()}) for i, r in enumerate(records, 1)]


def _check_columns(names: Sequence[str]) -> None:
    low = {n.strip().lower() for n in names}
    if not low & {*_NAME, *_ID} and not (low & set(_LAT) and low & set(_LON)):
        raise SchemaError(
            f"a table of places needs a column name or id, or lat and lon; there are: "
            f"{', '.join(names) or 'none'}"
        )


def _of_file(path: Path) -> list[Row]:
    if not path.is_file():
        raise SchemaError(f"{path}: no such file")
    ending = path.suffix.lower()
    if ending in (".csv", ".txt"):
        return _of_csv(path)
    import geopandas as gpd
    import pandas as pd

    try:
        if ending == ".parquet":
            try:
                frame = gpd.read_parquet(path)
            except ValueError:  # a table without geometry
                frame = pd.read_parquet(path)
        elif ending in (".geojson", ".json", ".gpkg"):
            frame = gpd.read_file(path)
        else:
            raise SchemaError(f"{path}: cannot read places from this; {', '.join(FILES)}")
    except SchemaError:
        raise
    except Exception as error:  # the readers raise all sorts; a person needs one line
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{path}: cannot be read: {reason}") from error
    try:
        return _of_frame(frame)
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None


def _of_csv(path: Path) -> list[Row]:
    """Return the rows of a CSV file, or of a list of names, one a line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = [(file_row, cells) for file_row, cells in enumerate(csv.reader(file), 1)
                     if any(c.strip() for c in cells)]  # fmt: skip
    except (UnicodeDecodeError, csv.Error) as error:
        raise SchemaError(f"{path} is not a table in UTF-8: {error}") from error
    if not table:
        raise SchemaError(f"{path}: no places in it")
    header = [c.strip() for c in table[0][1]]
    known = {*_NAME, *_ID, *_LAT, *_LON}
    if not {h.lower() for h in header} & known:
        if all(len(cells) == 1 for _, cells in table) or path.suffix.lower() == ".txt":
            return [(f"row {i}", {"query": ",".join(cells).strip()}) for i, cells in table]
        try:
            _check_columns(header)
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}") from None
    rows: list[Row] = []
    for i, cells in table[1:]:
        if len(cells) != len(header):
            rows.append((f"row {i}", {"broken": (len(cells), len(header))}))
        else:
            rows.append((f"row {i}", dict(zip(header, (c.strip() for c in cells), strict=True))))
    return rows


def _spot(net: Network, row: Mapping[str, Any]) -> tuple[str, Place]:
    if "broken" in row:
        cells, columns = row["broken"]
        raise SchemaError(f"{cells} cells where the header has {columns}")
    cells_ = {str(k).strip().lower(): v for k, v in row.items() if not _missing(v)}
    lat, lon = _first(cells_, _LAT), _first(cells_, _LON)
    query = _first(cells_, _NAME)
    ident = _first(cells_, _ID)
    if lat is None and lon is None:
        asked = query if query is not None else ident
        if asked is None:
            raise SchemaError("neither a name nor lat and lon")
        place = net.place(asked)
        return (asked.strip() if isinstance(asked, str) else place.name), place
    from corridors.names import Match
    from corridors.routing.network import point_place

    numbers = []
    for name, value in (("lat", lat), ("lon", lon)):
        try:
            numbers.append(float(value))
        except (TypeError, ValueError):
            raise SchemaError(f"{name} {value!r} is no number") from None
        if not math.isfinite(numbers[-1]):
            raise SchemaError(f"{name} {value!r} is no number")
    point = point_place(*numbers)
    label = str(query if query is not None else ident if ident is not None else point.name)
    country = str(cells_.get("country", "")).strip().upper()
    if not country:
        return label, Match("", label, "point", "", point.lon, point.lat, how="point")
    return label, Match("", label, "place", country, point.lon, point.lat, how="point")


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((cells[n] for n in names if n in cells), None)
