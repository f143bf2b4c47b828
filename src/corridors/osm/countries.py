"""Country polygons of the shipped base map, kept in the user's cache, asked for many points.

They are Natural Earth's, drawn to one or two kilometres: good for telling on which side of a
frontier a junction lies, not for surveying it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridors import datasets
from corridors.network.frontiers import Countries, prepare_countries

GRID_DEG = 0.1


@lru_cache(maxsize=1)
def polygons() -> Any:
    """Return countries as polygons: ``country`` (ISO alpha-2) and geometry, EPSG:4326."""
    import geopandas as gpd

    file = datasets.cache_dir() / f"countries-{datasets.version()}.parquet"
    if file.is_file():
        try:
            return gpd.read_parquet(file)
        except (OSError, ValueError):
            pass  # a cache is made again, not complained about
    from corridors.analysis.distances import country_polygons

    frame = country_polygons()
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        frame.to_parquet(draft)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
    return frame


@lru_cache(maxsize=1)
def prepared() -> Countries:
    """Return the polygons ready for many points."""
    return prepare_countries(polygons())


def country_at(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return the country of each point, the nearest one's on the shore, '' far from land.

    Points in a cell of a tenth of a degree that lies in one country altogether have its code
    without being looked at one by one.
    """
    import shapely

    found = np.full(len(lon), "", dtype=object)
    if not len(lon):
        return found
    countries = prepared()
    cell = np.floor(np.column_stack([lon, lat]) / GRID_DEG).astype(np.int64)
    cells, of = np.unique(cell, axis=0, return_inverse=True)
    of = of.ravel()
    boxes = shapely.box(
        cells[:, 0] * GRID_DEG, cells[:, 1] * GRID_DEG,
        (cells[:, 0] + 1) * GRID_DEG, (cells[:, 1] + 1) * GRID_DEG,
    )  # fmt: skip
    inside = np.full(len(cells), "", dtype=object)
    box, piece = countries.tree.query(boxes, predicate="within")
    inside[box] = countries.codes[piece]
    found = inside[of]
    rest = np.flatnonzero(found == "")
    if len(rest):
        found[rest] = countries.at(lon[rest], lat[rest])
        wet = rest[found[rest] == ""]
        if len(wet):
            found[wet] = countries.nearest(lon[wet], lat[wet])
    return found


def area_of(code: str) -> Any:
    """Return a country's area as one shapely geometry, None where it is not known."""
    import shapely

    frame = polygons()
    mine = frame[frame["country"] == code]
    return shapely.union_all(mine.geometry.to_numpy()) if len(mine) else None


@dataclass(frozen=True)
class Homeward(Countries):
    """Country polygons in which one country reaches somewhat beyond its frontier."""

    home: str = ""
    pieces_of_home: Any = None
    reach_deg: float = 0.0

    def at(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the ISO code at each point, '' over water."""
        found = super().at(lon, lat)
        away = np.flatnonzero(found != self.home)
        found[away[self.near(lon[away], lat[away])]] = self.home
        return found

    def near(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points are still the home country's."""
        import shapely

        out = np.zeros(len(lon), dtype=bool)
        if len(lon):
            points = shapely.points(lon, lat)
            hit = self.pieces_of_home.query(points, predicate="dwithin", distance=self.reach_deg)
            out[hit[0]] = True
        return out


def homeward(code: str, reach_deg: float) -> Homeward:
    """Return the polygons with a country that reaches so many degrees beyond its frontier."""
    import shapely

    c = prepared()
    return Homeward(c.codes, c.pieces, c.tree, code, shapely.STRtree(c.pieces[c.codes == code]),
                    reach_deg)  # fmt: skip
