"""Lengths and nearest points on the WGS84 ellipsoid.

All coordinates are degrees, longitude before latitude (EPSG:4326 axis order of GeoPandas);
all lengths are kilometres. Geodesics are Karney's, by PROJ through :class:`pyproj.Geod`.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from pyproj import Geod

Floats = NDArray[np.float64]

_A = 6378.137  # WGS84 semi-major axis, km
_E2 = 0.00669437999014  # first eccentricity squared


@cache
def geod() -> Geod:
    """Return the WGS84 geodesic calculator (one per process, stateless)."""
    from pyproj import Geod

    return Geod(ellps="WGS84")


def distance_km(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Any:
    """Return the geodesic distance in km between points (element-wise).

    Correct across the antimeridian and at the poles.
    """
    lon1, lat1, lon2, lat2 = np.broadcast_arrays(lon1, lat1, lon2, lat2)
    _, _, metres = geod().inv(lon1, lat1, lon2, lat2)
    return np.asarray(metres) / 1000.0 if np.ndim(metres) else float(metres) / 1000.0


def path_lengths_km(lon: Floats, lat: Floats, offsets: NDArray[np.int64]) -> Floats:
    """Return the geodesic length in km of each of many lines stored one after the other.

    Parameters
    ----------
    lon, lat : float arrays
        Vertices of all lines.
    offsets : int array of n + 1
        Line ``i`` has the vertices ``offsets[i]:offsets[i + 1]``.
    """
    pieces = np.zeros(len(lon))
    if len(lon) > 1:
        pieces[1:] = distance_km(lon[:-1], lat[:-1], lon[1:], lat[1:])
    pieces[offsets[:-1][offsets[:-1] < len(lon)]] = 0.0
    total = np.concatenate([[0.0], np.cumsum(pieces)])
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])


def line_length_km(coords: ArrayLike) -> float:
    """Return the geodesic length in km of one line given as (n, 2) lon, lat."""
    c = np.asarray(coords, dtype=float)
    if len(c) < 2:
        return 0.0
    return float(np.sum(distance_km(c[:-1, 0], c[:-1, 1], c[1:, 0], c[1:, 1])))


def local_scale(lat: ArrayLike) -> tuple[Any, Any]:
    """Return km per degree of longitude and of latitude at a latitude.

    Radii of curvature of the ellipsoid; good to 0.1 % within some 100 km of the point.
    """
    phi = np.radians(lat)
    s2 = np.sin(phi) ** 2
    w = np.sqrt(1.0 - _E2 * s2)
    rad = np.pi / 180.0
    return rad * _A / w * np.cos(phi), rad * _A * (1.0 - _E2) / w**3


def project_to_segments(
    lon: float | Floats,
    lat: float | Floats,
    a_lon: Floats,
    a_lat: Floats,
    b_lon: Floats,
    b_lat: Floats,
) -> tuple[Floats, Floats]:
    """Return distance in km and fraction along each segment of its point nearest to one point.

    Planar in a local frame centred on the point; used only for near segments (snapping), the
    reported distance is then taken on the ellipsoid.
    """
    kx, ky = local_scale(lat)
    ax, ay = _wrap(a_lon - lon) * kx, (a_lat - lat) * ky
    dx, dy = _wrap(b_lon - a_lon) * kx, (b_lat - a_lat) * ky
    norm = dx * dx + dy * dy
    t = np.clip(-(ax * dx + ay * dy) / np.where(norm > 0, norm, 1.0), 0.0, 1.0)
    return np.hypot(ax + t * dx, ay + t * dy), t


def _wrap(delta: Floats) -> Floats:
    """Return a difference of longitudes in [-180, 180)."""
    return (delta + 180.0) % 360.0 - 180.0


def unit_vectors(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return (n, 3) unit vectors; nearest neighbours on the sphere are found among these."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def chord(km: float) -> float:
    """Return the length of the chord of the unit sphere under an arc of so many km."""
    return float(2.0 * np.sin(min(km, 20000.0) / 6371.0088 / 2.0))


def densify(coords: ArrayLike, step_km: float) -> Floats:
    """Return a line with geodesic vertices added so that no piece is longer than ``step_km``."""
    c = np.asarray(coords, dtype=float)
    out = [c[:1]]
    for (x1, y1), (x2, y2) in itertools.pairwise(c):
        n = int(np.ceil(distance_km(x1, y1, x2, y2) / step_km)) - 1
        if n > 0:
            out.append(np.array(geod().npts(x1, y1, x2, y2, n)))
        out.append(np.array([[x2, y2]]))
    return np.concatenate(out)
