"""From frames and routes to what the map file carries: one plain structure of data.

Nothing here draws and nothing here is HTML. The scripts of the map read the structure and write
every text of it as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from corridors.errors import SchemaError
from corridors.maps.encode import bounds_of, clean, decimals_of, encode_line, encode_lines

YEARS = (2009, 2035)

# Columns that are told apart by the map; every other column of a frame is shown as it is.
_HIDDEN = {"geometry", "seq", "index", "fid"}

ATTRIBUTION = (
    "Rail and road lines © OpenStreetMap contributors (ODbL 1.0)",
    "Base map: Natural Earth",
    "Cities: GeoNames (CC BY 4.0)",
    "Sea lanes: Eurostat SeaRoute",
    "Pipelines: Global Energy Monitor, Global Gas and Oil Infrastructure Trackers (CC BY 4.0)",
)


def frames_of(atlas: Any) -> dict[str, Any]:
    """Return the frames to draw by name: of an Atlas, of a mapping, or of one frame.

    Raises
    ------
    SchemaError
        When something else is given, or a frame has no geometry.
    """
    if atlas is None:
        return {}
    if isinstance(atlas, Mapping):
        frames = {str(k): v for k, v in atlas.items()}
    elif hasattr(atlas, "places") and hasattr(atlas, "assets"):
        frames = {"assets": atlas.assets, "places": atlas.places}
    elif hasattr(atlas, "columns"):
        frames = {"features": atlas}
    else:
        raise SchemaError(
            f"explore: cannot draw a {type(atlas).__name__}; give an Atlas, a GeoDataFrame or a "
            "mapping of names to GeoDataFrames"
        )
    for name, frame in frames.items():
        if not hasattr(frame, "geometry"):
            raise SchemaError(f"explore: frame {name!r} has no geometry; give a GeoDataFrame")
    return {name: _to_degrees(name, frame) for name, frame in frames.items() if len(frame)}


def _to_degrees(name: str, frame: Any) -> Any:
    if frame.crs is None:
        raise SchemaError(f"explore: frame {name!r} has no CRS; set it with frame.set_crs(...)")
    return frame if frame.crs.equals("EPSG:4326") else frame.to_crs("EPSG:4326")


def features_of(
    frames: Mapping[str, Any], layers: Sequence[str] | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Any]]:
    """Return lines, points and the boxes of all that is drawn.

    A line has ``g`` (encoded parts) and ``d`` (their decimals), a point has ``x`` and ``y``;
    polygons are drawn as their outlines.
    """
    import shapely

    lines, points, boxes = [], [], []
    for frame_name, frame in frames.items():
        columns = [c for c in frame.columns if c != frame.geometry.name and c not in _HIDDEN]
        table = frame[columns].to_dict("records")
        for row, geometry in zip(table, frame.geometry, strict=True):
            if geometry is None or geometry.is_empty:
                continue
            record = {
                k: v for k, v in ((str(k), clean(v)) for k, v in row.items()) if v is not None
            }
            record.setdefault("kind", frame_name)
            record["kind"] = str(record["kind"])
            if layers is not None and record["kind"] not in layers:
                continue
            record.setdefault("name", record.get("id", record["kind"]))
            record["name"] = str(record["name"])
            decimals = decimals_of(record.get("precision"))
            _years(record)
            if geometry.geom_type == "Point":
                record["x"], record["y"] = round(geometry.x, decimals), round(geometry.y, decimals)
                points.append(record)
            elif geometry.geom_type == "MultiPoint":
                for part in geometry.geoms:
                    where = {"x": round(part.x, decimals), "y": round(part.y, decimals)}
                    points.append({**record, **where})
            else:
                shape = geometry.boundary if "Polygon" in geometry.geom_type else geometry
                record["g"], record["d"] = encode_lines(shape, decimals), decimals
                if not record["g"]:
                    continue
                lines.append(record)
            boxes.append(tuple(shapely.bounds(geometry)))
    return lines, points, boxes


def _years(record: dict[str, Any]) -> None:
    """Give the years of service one name each, whichever table they come from."""
    for ours, theirs in (("from", ("opened", "from_year")), ("to", ("closed", "to_year"))):
        for key in theirs:
            year = _year(record.get(key))
            if year is not None:
                record.setdefault(ours + "_y", year)


def _year(value: Any) -> int | None:
    text = str(value)[:4] if value is not None else ""
    return int(text) if len(text) == 4 and text.isdigit() else None


def route_of(route: Any, label: str | None = None) -> tuple[dict[str, Any], Any]:
    """Return a route as the map carries it, and its box.

    Parameters
    ----------
    route : Route
        Anything with ``to_dict()`` and ``to_gdf()`` (one row per leg, in the order of the legs).
    label : str, optional
        Its name on the map; by default origin → destination.
    """
    import shapely

    data: dict[str, Any] = clean(route.to_dict(), digits=15)
    frame = route.to_gdf()
    legs = [dict(leg) for leg in data.get("legs", [])]
    if len(frame) != len(legs):
        raise SchemaError(f"explore: a route has {len(legs)} legs but {len(frame)} shapes")
    if frame.crs is not None and not frame.crs.equals("EPSG:4326"):
        frame = frame.to_crs("EPSG:4326")
    extra = [c for c in ("hours_p10", "hours_p90", "facility") if c in frame.columns]
    rows = frame[extra].to_dict("records") if extra else [{} for _ in legs]
    for leg, row, geometry in zip(legs, rows, frame.geometry, strict=True):
        for key, value in row.items():
            if clean(value) is not None:
                leg.setdefault(key, clean(value))
        parts = encode_lines(geometry, 3)
        if parts:
            leg["g"] = parts
        elif geometry is not None and not geometry.is_empty:
            middle = shapely.centroid(geometry)
            leg["x"], leg["y"] = round(middle.x, 4), round(middle.y, 4)
    data["legs"] = legs
    if label:
        data["label"] = str(label)
    boxes = [tuple(shapely.bounds(g)) for g in frame.geometry if g is not None and not g.is_empty]
    return data, bounds_of(boxes)


def routes_of(routes: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return all routes and their boxes; ``routes`` is one, a sequence or a mapping by label."""
    if routes is None:
        return [], []
    if hasattr(routes, "to_gdf"):
        routes = [routes]
    if isinstance(routes, Mapping):
        pairs: Iterable[tuple[str | None, Any]] = [(str(k), v) for k, v in routes.items()]
    else:
        pairs = [(None, r) for r in routes]
    done = [route_of(route, label) for label, route in pairs]
    return [d for d, _ in done], [b for _, b in done]


@lru_cache(maxsize=2)
def base_of(path: Path) -> dict[str, Any]:
    """Return the base map: encoded rings and lines, and the points that carry names."""
    import json

    base: dict[str, Any] = {
        "land": [], "lake": [], "border": [], "country": [], "water": [], "city": []
    }  # fmt: skip
    for feature in json.loads(Path(path).read_text(encoding="utf-8"))["features"]:
        p, c = feature["properties"], feature["geometry"]["coordinates"]
        layer = p["layer"]
        if layer in ("land", "lake"):
            base[layer].append([encode_line(ring) for ring in c])
        elif layer == "border":
            base[layer] += [encode_line(line) for line in c]
        else:
            base[layer].append([p["name"], round(c[0], 2), round(c[1], 2), p["rank"]])
    return base
