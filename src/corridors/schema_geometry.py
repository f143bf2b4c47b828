"""The geometry's part of :mod:`corridors.schema`: CRS, swapped axes, crossings, emptiness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.extents import EXTENT, country_box
from corridors.schema_tables import Table

if TYPE_CHECKING:
    from corridors.schema_read import Raw

__all__ = ["check_geometry"]

# position of the row (None: all of them), column, rule, message
Fault = tuple[int | None, str, str, str]

# places that take no part in any network may lie anywhere
_ANYWHERE = ("organisation",)


def check_geometry(raw: Raw, table: Table) -> list[Fault]:
    """Return the faults of a table's geometry, or of its columns lon and lat."""
    columns = set(raw.frame.columns)
    if "geometry" in columns:
        return list(_shapes(raw, table))
    if {"lon", "lat"} <= columns:
        return list(_columns(raw))
    if table.geometry and "Point" in table.geometry:
        return [(None, "geometry", "geometry", "no geometry and no columns lon and lat")]
    return []


def _columns(raw: Raw) -> Iterator[Fault]:
    import pandas as pd

    lon = pd.to_numeric(raw.frame["lon"], errors="coerce").to_numpy(dtype=float)
    lat = pd.to_numeric(raw.frame["lat"], errors="coerce").to_numpy(dtype=float)
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        if np.isfinite(x) and np.isfinite(y):
            fault = _position(np.array([[x, y]]), *_where(raw, i))
            if fault:
                yield i, "lon" if fault[0] != "outside" else "lat", fault[0], fault[1]


def _shapes(raw: Raw, table: Table) -> Iterator[Fault]:
    import shapely

    shapes = np.asarray(raw.frame["geometry"].tolist(), dtype=object)
    degrees, faults = _in_degrees(raw, shapes)
    yield from faults
    unread = {row for row, column, _, _ in raw.faults if column == "geometry"}
    for i, shape in enumerate(degrees):
        if shape is None:
            if i + raw.first_row not in unread:
                yield i, "geometry", "empty", "has no geometry"
            continue
        if shapely.is_empty(shape):
            yield i, "geometry", "empty", f"the geometry is empty ({shape.geom_type} EMPTY)"
            continue
        if table.geometry and shape.geom_type not in table.geometry:
            allowed = " or ".join(table.geometry)
            yield i, "geometry", "type", f"is a {shape.geom_type}, not a {allowed}"
        xy = shapely.get_coordinates(shape)
        if not np.isfinite(xy).all():
            yield i, "geometry", "finite", "holds a coordinate that is no number"
            continue
        fault = _position(xy, *_where(raw, i))
        if fault:
            yield i, "geometry", fault[0], fault[1]
            if fault[0] in ("crs", "range"):
                continue  # what form it has can not be said before it is put right
        yield from ((i, "geometry", rule, text) for rule, text in _form(shape))


def _in_degrees(raw: Raw, shapes: Any) -> tuple[Any, list[Fault]]:
    """Return the shapes in degrees, and what is wrong with the CRS as a whole."""
    import shapely
    from pyproj import CRS

    if raw.crs is None:
        text = "names no coordinate reference system; save it in EPSG:4326"
        return shapes, [(None, "geometry", "crs", text)]
    if raw.crs == "unknown":
        return shapes, []
    crs = CRS.from_user_input(raw.crs)
    wanted = CRS.from_epsg(4326)
    if crs == wanted or crs.equals(wanted, ignore_axis_order=True) or "CRS84" in str(crs):
        return shapes, []
    name = crs.to_string() if len(crs.to_string()) < 40 else crs.name
    xy = shapely.get_coordinates(shapes)
    xy = xy[np.isfinite(xy).all(axis=1)]
    small = len(xy) > 0 and float(np.mean((np.abs(xy) <= 180.0).all(axis=1))) > 0.5
    if crs.is_projected and small:
        text = f"the CRS is given as {name}, and the coordinates are degrees; it must be EPSG:4326"
        return shapes, [(None, "geometry", "crs", text)]
    fault: Fault = (None, "geometry", "crs", f"the CRS is {name}; it must be EPSG:4326")
    import geopandas as gpd

    return np.asarray(gpd.GeoSeries(list(shapes), crs=crs).to_crs(4326)), [fault]


def _where(raw: Raw, i: int) -> tuple[list[str], bool]:
    """Return the countries that a row says it lies in, and whether it may lie anywhere."""
    row = raw.frame.iloc[i]
    codes: list[str] = []
    for column in ("country", "countries", "country_a", "country_b"):
        value = row.get(column)
        if isinstance(value, str):
            codes += [c.strip() for c in value.split("|") if c.strip()]
    return codes, row.get("kind") in _ANYWHERE


def _position(xy: Any, codes: list[str], anywhere: bool) -> tuple[str, str] | None:
    """Return what is wrong with where coordinates lie: no degrees, swapped, or elsewhere."""
    x, y = xy[:, 0], xy[:, 1]
    shown = f"{x[0]:.5g}, {y[0]:.5g}"
    if (np.abs(x) > 400.0).any() or (np.abs(y) > 400.0).any():
        guess = _from_web_mercator(float(x[0]), float(y[0]))
        return "crs", f"({shown}) are no degrees but metres of another CRS{guess}"
    boxes = [b for b in (country_box(c) for c in codes) if b]
    known = len(boxes) == len(codes) and bool(boxes)
    within = _share(x, y, boxes) if known else _share(x, y, [EXTENT])
    swapped = _share(y, x, boxes) if known else _share(y, x, [EXTENT])
    of = f" in {'/'.join(codes)}" if known else ""
    if within < 0.5 and swapped > 0.9:
        return "swapped", (
            f"longitude and latitude are swapped: ({shown}) should be ({y[0]:.5g}, {x[0]:.5g}){of}"
        )
    if (np.abs(x) > 180.0).any() or (np.abs(y) > 90.0).any():
        return "range", f"({shown}) lies nowhere on Earth"
    if known and within < 0.5 and not anywhere:
        return "outside", f"({shown}) does not lie{of}"
    return None


def _share(x: Any, y: Any, boxes: list[tuple[float, float, float, float]]) -> float:
    """Return the share of points within any of some boxes, one degree of slack around them."""
    inside = np.zeros(len(x), dtype=bool)
    for west, south, east, north in boxes:
        inside |= (x >= west - 1) & (x <= east + 1) & (y >= south - 1) & (y <= north + 1)
    return float(inside.mean())


def _from_web_mercator(x: float, y: float) -> str:
    radius = 6378137.0
    lon = np.degrees(x / radius)
    lat = np.degrees(2.0 * np.arctan(np.exp(np.clip(y / radius, -10, 10))) - np.pi / 2.0)
    if abs(lon) > 180.0:
        return ""
    return f", perhaps EPSG:3857 (then {lon:.3f}, {lat:.3f})"


def _form(shape: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a geometry's form."""
    import shapely

    if shape.geom_type in ("Polygon", "MultiPolygon"):
        if not shapely.is_valid(shape):
            yield "crossing", f"is not valid: {shapely.is_valid_reason(shape)}"
        return
    lines = [p for p in shapely.get_parts(shape) if p.geom_type == "LineString"]
    for line in lines:
        xy = shapely.get_coordinates(line)
        if len(np.unique(xy, axis=0)) < 2:
            yield "short", "the line has fewer than two different points"
        elif not shapely.is_simple(line):
            at = _crossing_point(line)
            yield "crossing", f"the line crosses itself{at}"
        if (np.abs(np.diff(xy[:, 0])) > 180.0).any():
            yield "antimeridian", "a piece spans more than 180 degrees; split it at 180"


def _crossing_point(line: Any) -> str:
    """Return where a line meets itself, as text."""
    import shapely

    parts = shapely.get_parts(shapely.node(line))
    ends = np.concatenate([shapely.get_coordinates(p)[[0, -1]] for p in parts])
    points, counts = np.unique(np.round(ends, 6), axis=0, return_counts=True)
    at = points[counts > 2]
    return f" near {at[0][0]:.4f}, {at[0][1]:.4f}" if len(at) else ""
