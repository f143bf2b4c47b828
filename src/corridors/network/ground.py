"""Drawn railways against points of the real track: how far off the line on the map is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridors.geodesy import project_to_segments

SEARCH_DEG = (0.03, 0.3, 3.0)
"""Half widths of the boxes that are searched for a line, one after the other."""


def off_line_km(edges: Any, points: NDArray[np.float64]) -> Any:
    """Return how far each point lies from the nearest drawn line, in km.

    Parameters
    ----------
    edges : GeoDataFrame
        ``net.edges_frame(mode="rail")``, or some of it; only its lines count.
    points : (n, 2) array
        lon, lat in degrees (EPSG:4326).

    Returns
    -------
    (n,) array
        Kilometres in a plane around each point (good to 0.1 % this near); NaN where no line is
        within some 300 km.
    """
    import shapely

    lines = np.asarray(edges.loc[edges["kind"] == "line", "geometry"])
    tree = shapely.STRtree(lines)
    out = np.full(len(points), np.nan)
    for i, (lon, lat) in enumerate(points):
        for half in SEARCH_DEG:
            wide = half / max(np.cos(np.radians(lat)), 0.1)
            found = tree.query(shapely.box(lon - wide, lat - half, lon + wide, lat + half))
            if not len(found):
                continue
            xy, owner = shapely.get_coordinates(lines[found], return_index=True)
            same = owner[1:] == owner[:-1]
            a, b = xy[:-1][same], xy[1:][same]
            km, _ = project_to_segments(lon, lat, a[:, 0], a[:, 1], b[:, 0], b[:, 1])
            nearest = float(km.min())
            if nearest <= half * 110.0:  # nothing outside the box is nearer
                out[i] = nearest
                break
    return out
