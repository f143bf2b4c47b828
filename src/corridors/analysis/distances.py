"""Distances: along a corridor, to the nearest asset, within x km of a line, length by country.

All on the WGS84 ellipsoid. A line is cut into pieces of at most 5 km first, so that its nearest
point is found in a frame centred beside it; the distance told is then geodesic (good to some
metres). Nothing is measured in degrees.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corridors.errors import NoRouteError, SchemaError, UnknownPlaceError
from corridors.geodesy import chord, densify, distance_km, geod, project_to_segments, unit_vectors

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from corridors.atlas import Atlas
    from corridors.routing.network import Network

STEP_KM = 5.0
BUFFER_STEP_KM = 100.0

Floats = NDArray[np.float64]


# --- lines and points --------------------------------------------------------------------------


def parts_of(geometry: Any) -> list[Floats]:
    """Return the lines of a geometry (points as lines of one vertex), (n, 2) lon, lat."""
    import shapely

    if geometry is None or geometry.is_empty:
        return []
    out = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            out += [np.asarray(r.coords)[:, :2] for r in (part.exterior, *part.interiors)]
        else:
            out.append(np.asarray(part.coords)[:, :2])
    return out


class LineIndex:
    """Nearest points on a line (or several), by a tree of unit vectors on the sphere."""

    def __init__(self, geometry: Any) -> None:
        from scipy.spatial import cKDTree

        lines = parts_of(geometry) if hasattr(geometry, "geom_type") else [np.asarray(geometry)]
        if not lines:
            raise SchemaError("the line is empty; a distance needs one")
        pieces = [densify(line, STEP_KM) if len(line) > 1 else line for line in lines]
        self.xy = np.concatenate(pieces)
        self.first = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
        self.part = np.repeat(np.arange(len(pieces)), [len(p) for p in pieces])
        step = np.zeros(len(self.xy))
        if len(self.xy) > 1:
            x, y = self.xy[:, 0], self.xy[:, 1]
            step[1:] = distance_km(x[:-1], y[:-1], x[1:], y[1:])
        step[self.first[:-1]] = 0.0
        self.at_km = np.cumsum(step)
        """Km along the parts, one after the other."""
        self._tree = cKDTree(unit_vectors(self.xy[:, 0], self.xy[:, 1]))

    def nearest(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return geodesic km to the line, km along it, and the points there (n, 2)."""
        lon, lat = np.atleast_1d(lon).astype(float), np.atleast_1d(lat).astype(float)
        _, vertex = self._tree.query(unit_vectors(lon, lat))
        km, along = np.empty(len(lon)), np.empty(len(lon))
        point = np.empty((len(lon), 2))
        for i, v in enumerate(np.atleast_1d(vertex)):
            km[i], along[i], point[i] = self._beside(float(lon[i]), float(lat[i]), int(v))
        return km, along, point

    def _beside(self, lon: float, lat: float, v: int) -> tuple[float, float, Floats]:
        """Return the nearest point on the few segments around the nearest vertex."""
        lo = max(v - 2, int(self.first[self.part[v]]))
        hi = min(v + 2, int(self.first[self.part[v] + 1]) - 1)
        if hi == lo:
            x, y = self.xy[v]
            return float(distance_km(lon, lat, x, y)), float(self.at_km[v]), self.xy[v]
        a, b = self.xy[lo:hi], self.xy[lo + 1 : hi + 1]
        # the frame is centred on the line, where it must be true, not on a point far from it
        _, t = project_to_segments(lon, lat, a[:, 0], a[:, 1], b[:, 0], b[:, 1])
        if self._far(lon, lat, v):
            t = np.array([_geodesic_fraction(lon, lat, p, q) for p, q in zip(a, b, strict=True)])
        points = a + t[:, None] * (b - a)
        km = np.atleast_1d(distance_km(lon, lat, points[:, 0], points[:, 1]))
        i = int(np.argmin(km))
        along = self.at_km[lo + i] + t[i] * (self.at_km[lo + i + 1] - self.at_km[lo + i])
        return float(km[i]), float(along), points[i]

    def _far(self, lon: float, lat: float, v: int) -> bool:
        return float(distance_km(lon, lat, *self.xy[v])) > 100.0

    def within(self, lon: ArrayLike, lat: ArrayLike, km: float) -> NDArray[np.bool_]:
        """Return which points lie within so many km of the line."""
        lon, lat = np.atleast_1d(lon).astype(float), np.atleast_1d(lat).astype(float)
        # the sphere first, with room for the ellipsoid and for half a step
        rough, _ = self._tree.query(unit_vectors(lon, lat))
        out = rough <= chord(km * 1.01 + STEP_KM)
        at = np.flatnonzero(out)
        if len(at):
            out[at] = self.nearest(lon[at], lat[at])[0] <= km
        return np.asarray(out)


def _geodesic_fraction(lon: float, lat: float, p: Floats, q: Floats) -> float:
    """Return where on a short segment the geodesic distance to a far point is least."""
    from scipy.optimize import minimize_scalar

    def away(t: float) -> float:
        return float(distance_km(lon, lat, *(p + t * (q - p))))

    best = minimize_scalar(away, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4})
    return float(min((away(0.0), 0.0), (away(1.0), 1.0), (float(best.fun), float(best.x)))[1])


def buffer_km(geometry: Any, km: float) -> Any:
    """Return the area within so many km of a line, as a polygon in degrees, for drawing.

    The line is cut into stretches of 100 km; each is widened in an azimuthal equidistant
    projection of its own middle, where a km is a km.

    Raises
    ------
    SchemaError
        Not 0 < km <= 500.
    """
    import shapely
    from pyproj import CRS, Transformer

    if not 0 < km <= 500:
        raise SchemaError(f"a buffer of {km:g} km: between 0 and 500")
    areas = []
    for line in parts_of(geometry):
        fine = densify(line, STEP_KM) if len(line) > 1 else line
        step = max(int(BUFFER_STEP_KM / STEP_KM), 1)
        for i in range(0, max(len(fine) - 1, 1), step):
            piece = fine[i : i + step + 1]
            lon0, lat0 = piece[len(piece) // 2]
            local = CRS.from_proj4(f"+proj=aeqd +lat_0={lat0} +lon_0={lon0} +datum=WGS84 +units=m")
            there = Transformer.from_crs("EPSG:4326", local, always_xy=True)
            x, y = there.transform(piece[:, 0], piece[:, 1])
            xy = np.column_stack([x, y])
            shape = shapely.LineString(xy) if len(xy) > 1 else shapely.Point(xy[0])
            area = shapely.buffer(shape, km * 1000.0, quad_segs=16)
            rim = np.asarray(area.exterior.coords)
            bx, by = there.transform(rim[:, 0], rim[:, 1], direction="INVERSE")
            areas.append(shapely.make_valid(shapely.Polygon(np.column_stack([bx, by]))))
    return shapely.union_all(areas)


# --- questions -----------------------------------------------------------------------------------


def along(
    net: Network,
    atlas: Atlas,
    corridor: str,
    start: Any,
    end: Any,
    branch: str | None = None,
    **terms: Any,
) -> pd.DataFrame:
    """Return the way along a corridor between two of its places, leg by leg, with its sums.

    Columns ``from, to, mode, country, length_km, km_from_start``; the sum and the straight line
    are in ``frame.attrs``: ``length_km``, ``geodesic_km``, ``by_mode_km``, ``by_country_km``.

    Raises
    ------
    UnknownPlaceError
        The corridor does not pass there.
    """
    import pandas as pd

    from corridors.analysis.named import branches, corridor_route, find_corridor, position

    ident = find_corridor(atlas, corridor)
    names = [branch] if branch else list(branches(atlas, ident))
    problem: Exception | None = None
    for name in names:
        try:
            stages = branches(atlas, ident).get(name)
            if stages is not None and branch is None:
                position(net, stages, start), position(net, stages, end)
            route = corridor_route(net, atlas, ident, name, start=start, end=end, **terms)
            break
        except (UnknownPlaceError, NoRouteError) as error:
            problem = problem or error
    else:
        assert problem is not None
        raise problem
    lines = [x for x in route.legs if x["kind"] == "line"]
    frame = pd.DataFrame(lines)[["from", "to", "mode", "country", "length_km"]]
    frame["km_from_start"] = frame["length_km"].cumsum().round(3)
    o, d = route.origin, route.destination
    frame.attrs = {
        "corridor": ident, "branch": name, "length_km": route.length_km,
        "geodesic_km": round(float(distance_km(o.lon, o.lat, d.lon, d.lat)), 3),
        "by_mode_km": frame.groupby("mode")["length_km"].sum().round(3).to_dict(),
        "by_country_km": {c["country"]: c["length_km"] for c in route.countries},
    }  # fmt: skip
    return frame


def _point(net: Network | None, place: Any) -> tuple[float, float]:
    if hasattr(place, "geom_type"):
        return float(place.x), float(place.y)
    if isinstance(place, (tuple, list)):
        return float(place[1]), float(place[0])
    if hasattr(place, "lon"):
        return float(place.lon), float(place.lat)
    if net is None:
        from corridors.names import cached_index

        found = cached_index(None).resolve(str(place), role="any")
    else:
        found = net.place(place, "any")
    return found.lon, found.lat


def nearest_assets(
    frame: Any, place: Any, *, k: int = 5, net: Network | None = None
) -> pd.DataFrame:
    """Return the assets (or places) nearest to a place, by geodesic distance.

    Parameters
    ----------
    frame : GeoDataFrame
        ``atlas.assets``, ``atlas.places`` or a selection of them.
    place : str, (lat, lon), Point
    k : int

    Returns
    -------
    DataFrame
        ``id, name, kind, status, distance_km, lat, lon`` (the nearest point of it), nearest first.
    """
    import pandas as pd

    lon, lat = _point(net, place)
    rows = []
    for row in frame.to_dict("records"):
        shape = row["geometry"]
        if shape is None or shape.is_empty:
            continue
        km, point = _nearest_point(shape, lon, lat)
        x, y = (round(float(v), 5) for v in point)
        rows.append({"id": row["id"], "name": row["name"], "kind": row["kind"],
                     "status": row.get("status", ""), "distance_km": round(km, 2),
                     "lat": y, "lon": x})  # fmt: skip
    out = pd.DataFrame(rows, columns=["id", "name", "kind", "status", "distance_km", "lat", "lon"])
    return out.sort_values(["distance_km", "id"], kind="stable").head(k).reset_index(drop=True)


def _nearest_point(shape: Any, lon: float, lat: float) -> tuple[float, Floats]:
    if shape.geom_type == "Point":
        return float(distance_km(lon, lat, shape.x, shape.y)), np.array([shape.x, shape.y])
    km, _, point = LineIndex(shape).nearest(lon, lat)
    return float(km[0]), point[0]


def within_km(frame: Any, line: Any, km: float) -> gpd.GeoDataFrame:
    """Return the rows of a frame that lie within so many km of a line, nearest first.

    Parameters
    ----------
    frame : GeoDataFrame
        Points or lines, EPSG:4326; a line lies within if any part of it does.
    line : Route, asset row, shapely geometry, or (n, 2) array of lon, lat
    km : float

    Returns
    -------
    GeoDataFrame
        With ``distance_km`` to the line and ``along_km``, where beside the line it lies.
    """
    if not (km > 0 and np.isfinite(km)):
        raise SchemaError(f"within {km!r} km: a number above zero")
    shape = getattr(line, "geometry", line)
    index = LineIndex(shape)
    away = np.full(len(frame), np.inf)
    along_km = np.full(len(frame), np.nan)
    for i, geometry in enumerate(frame.geometry):
        parts = parts_of(geometry)
        if not parts:
            continue
        xy = np.concatenate([densify(p, STEP_KM) if len(p) > 1 else p for p in parts])
        rough, _ = index._tree.query(unit_vectors(xy[:, 0], xy[:, 1]))
        close = rough <= chord(km * 1.01 + 2 * STEP_KM)
        if not close.any():
            continue
        d, a, _ = index.nearest(xy[close, 0], xy[close, 1])
        j = int(np.argmin(d))
        away[i], along_km[i] = d[j], a[j]
        if geometry.geom_type != "Point" and geometry.geom_type != "MultiPoint":
            away[i] = 0.0 if shape_crosses(geometry, shape) else d[j]
    keep = np.flatnonzero(away <= km)
    out = frame.iloc[keep].copy()
    out["distance_km"], out["along_km"] = away[keep].round(3), along_km[keep].round(2)
    return out.sort_values(["distance_km"], kind="stable")


def shape_crosses(a: Any, b: Any) -> bool:
    """Return whether two lines touch or cross (as drawn)."""
    import shapely

    if not hasattr(b, "geom_type"):
        b = shapely.LineString(b)
    return bool(shapely.intersects(a, b))


def length_by_country(geometry: Any, countries: Any = None) -> pd.DataFrame:
    """Return the geodesic length of a line inside each country, in the order of the way.

    Parameters
    ----------
    geometry : shapely geometry or row with one
        For instance an asset's.
    countries : GeoDataFrame, optional
        Polygons with ``country`` (ISO alpha-2); by default :func:`country_polygons`. What lies in
        none (sea) has an empty country.

    Returns
    -------
    DataFrame
        ``country, length_km, share``.
    """
    import pandas as pd
    import shapely

    shape = getattr(geometry, "geometry", geometry)
    land = country_polygons() if countries is None else countries
    names = land["country"].to_numpy()
    tree = shapely.STRtree(land.geometry.to_numpy())
    km: dict[str, float] = {}
    for line in parts_of(shape):
        if len(line) < 2:
            continue
        fine = densify(line, 1.0)
        middle = (fine[:-1] + fine[1:]) / 2
        piece = np.atleast_1d(distance_km(fine[:-1, 0], fine[:-1, 1], fine[1:, 0], fine[1:, 1]))
        point, polygon = tree.query(shapely.points(middle), predicate="intersects")
        owner = np.full(len(middle), "", dtype=object)
        owner[point[::-1]] = names[polygon[::-1]]
        for code, part in zip(owner, piece, strict=True):
            km[code] = km.get(code, 0.0) + float(part)
    total = sum(km.values())
    return pd.DataFrame(
        [(c, round(v, 1), round(v / total, 4)) for c, v in km.items()],
        columns=["country", "length_km", "share"],
    )


@lru_cache(maxsize=1)
def country_polygons() -> gpd.GeoDataFrame:
    """Return countries as polygons: ``country`` (ISO alpha-2) and geometry.

    The base map holds coasts and borders as lines; the areas that they enclose belong to the
    country of most of the network's nodes in them, or of the country's label. Borders are those of
    Natural Earth, drawn to one or two kilometres.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    from corridors import datasets

    base = datasets.read_frame("basemap")
    layer = base["layer"]
    land = base[layer == "land"].geometry
    borders = base[layer == "border"].geometry
    labels = base[layer == "country"]
    nodes = pd.read_parquet(
        datasets.path("network_nodes.parquet"), columns=["lon", "lat", "country"]
    )
    nodes = nodes[nodes["country"].astype(str) != ""]
    lines = shapely.union_all([*land.boundary, *borders])
    areas = shapely.get_parts(shapely.polygonize([lines]))
    # what the coasts enclose without being land is water: the Caspian Sea
    ground = shapely.STRtree(land.to_numpy())
    dry, _ = ground.query(shapely.point_on_surface(areas), predicate="within")
    areas = areas[np.unique(dry)]
    tree = shapely.STRtree(areas)
    codes = np.full(len(areas), "", dtype=object)
    label, area = tree.query(labels.geometry.to_numpy(), predicate="within")
    codes[area] = labels["code"].to_numpy()[label]
    point, area = tree.query(
        shapely.points(nodes["lon"].to_numpy(), nodes["lat"].to_numpy()), predicate="within"
    )
    inside = pd.DataFrame({"area": area, "country": nodes["country"].to_numpy()[point]})
    most = inside.groupby("area")["country"].agg(lambda c: c.value_counts().index[0])
    codes[most.index.to_numpy()] = most.to_numpy()
    frame = gpd.GeoDataFrame({"country": codes}, geometry=areas, crs="EPSG:4326")
    return frame[frame["country"] != ""].reset_index(drop=True)


def asset_length_by_country(atlas: Atlas, ident: str) -> pd.DataFrame:
    """Return the drawn length of an asset by country; see :func:`length_by_country`.

    Raises
    ------
    UnknownPlaceError
        No such asset.
    """
    rows = atlas.assets[atlas.assets["id"].astype(str) == ident]
    if rows.empty:
        found = [m for m in atlas.find(ident) if m.id in set(atlas.assets["id"].astype(str))]
        if not found:
            raise UnknownPlaceError(f"no asset {ident!r}")
        rows = atlas.assets[atlas.assets["id"].astype(str) == found[0].id]
    out = length_by_country(rows.geometry.iloc[0])
    out.attrs = {"asset": str(rows["id"].iloc[0]), "name": str(rows["name"].iloc[0]),
                 "length_km": round(float(out["length_km"].sum()), 1),
                 "published_km": rows["published_km"].iloc[0]}  # fmt: skip
    return out


def cumulative_km(line: ArrayLike) -> Floats:
    """Return the geodesic km from a line's first vertex to each."""
    c = np.asarray(line, dtype=float)
    _, _, m = geod().inv(c[:-1, 0], c[:-1, 1], c[1:, 0], c[1:, 1])
    return np.concatenate([[0.0], np.cumsum(np.asarray(m) / 1000.0)])
