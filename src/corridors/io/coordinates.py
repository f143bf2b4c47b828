"""Coordinate systems of other people's files: honoured, reprojected, and never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np

from corridors.errors import SchemaError


def as_crs(named: Any, missing: str, *, option: str | None = None, found: str = "") -> Any:
    """Return a pyproj CRS.

    Parameters
    ----------
    named : text, CRS or None
        What the file or the user says.
    missing : str
        The beginning of the error where nobody says anything.
    option, found : str
        What the user and the file say each; they must not contradict each other.

    Raises
    ------
    SchemaError
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if named is None or not str(named).strip():
        raise SchemaError(f"{missing}; give it with --crs, as --crs EPSG:4326")
    try:
        crs = CRS.from_user_input(int(str(named)) if str(named).strip().isdigit() else named)
    except CRSError:
        raise SchemaError(
            f"{missing.partition(':')[0]}: the coordinate system {str(named)[:60]!r} is unknown; "
            "name it as EPSG:4326 or by its own EPSG number"
        ) from None
    if option and found and as_crs(option, missing) != crs:
        raise SchemaError(f"{missing.partition(':')[0]}: says its crs is {found}, and --crs says "
                          f"{option}; they must agree")  # fmt: skip
    return crs


def is_degrees(crs: Any) -> bool:
    """Return whether a CRS is longitude and latitude of WGS84, whatever the axes' order."""
    from pyproj import CRS

    wgs84 = CRS.from_epsg(4326)
    return bool(
        crs == wgs84 or crs.equals(wgs84, ignore_axis_order=True) or "CRS84" in crs.to_string()
    )


def in_degrees(x: Any, y: Any, crs: Any, source: str) -> tuple[Any, Any]:
    """Return coordinates (x to the east, y to the north) as longitude and latitude of WGS84.

    Raises
    ------
    SchemaError
        Coordinates that cannot be of this CRS: degrees under a projected one, metres under one in
        degrees, or a place where it does not hold.
    """
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    check_fit(x, y, crs, source)
    if is_degrees(crs):
        return x, y
    try:
        lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    except ProjError as error:
        raise SchemaError(f"{source}: cannot be brought from {crs_name(crs)} to longitude and "
                          f"latitude: {str(error).splitlines()[0]}") from None  # fmt: skip
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if not (np.isfinite(lon) & np.isfinite(lat))[np.isfinite(x) & np.isfinite(y)].all():
        raise SchemaError(f"{source}: coordinates lie where {crs_name(crs)} does not hold; is it "
                          "the right CRS?")  # fmt: skip
    return lon, lat


def check_fit(x: Any, y: Any, crs: Any, source: str) -> None:
    """Refuse coordinates that contradict their CRS."""
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    if not len(x):
        return
    shown = f"{x[0]:.6g}, {y[0]:.6g}"
    if crs.is_geographic:
        wide = (np.abs(x) > 360.0) | (np.abs(y) > 90.0)
        if wide.any():
            swapped = bool((np.abs(y) <= 180.0).all() and (np.abs(x) <= 90.0).all())
            at = int(np.flatnonzero(wide)[0])
            hint = ("longitude and latitude are swapped" if swapped else
                    "they are no degrees; name the right CRS")  # fmt: skip
            raise SchemaError(f"{source}: the CRS is {crs_name(crs)}, and the coordinates are "
                              f"{x[at]:.6g}, {y[at]:.6g}: {hint}")  # fmt: skip
    elif crs.is_projected and float(np.mean((np.abs(x) <= 180.0) & (np.abs(y) <= 90.0))) > 0.5:
        raise SchemaError(
            f"{source}: the CRS is {crs_name(crs)}, whose unit is the metre, and the coordinates "
            f"look like degrees ({shown}); name the right CRS"
        )


def crs_name(crs: Any) -> str:
    """Return a short name of a CRS for a person."""
    text = str(crs.to_string())
    return text if len(text) < 40 else str(crs.name)
