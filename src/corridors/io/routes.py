"""Routes as files: the ending of the name decides the format."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from corridors.errors import SchemaError
from corridors.files import whole

if TYPE_CHECKING:
    from corridors.routing.route import Route

DIGITS = 5


def write_routes(routes: Sequence[Route], path: str | Path) -> Path:
    """Write routes to a file, whole or not at all.

    Parameters
    ----------
    routes : sequence of Route
        Best first.
    path : path
        Ends in .html, .geojson, .gpkg, .kml, .gpx, .csv, .json, .png, .svg or .pdf.

    Raises
    ------
    SchemaError
        An unknown ending, or a file that cannot be written.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise SchemaError(
            f"cannot write a route to {target.name}: the ending must be one of {', '.join(WRITERS)}"
        )
    with whole(target) as scratch:
        writer(routes, scratch)
    return target


def to_json(routes: Sequence[Route]) -> str:
    """Return the contract's JSON: one route, or ``{"routes": [...]}`` of several."""
    if len(routes) == 1:
        return json.dumps(routes[0].to_dict(), ensure_ascii=False, indent=2)
    return json.dumps({"routes": [r.to_dict() for r in routes]}, ensure_ascii=False, indent=2)


def to_geojson(routes: Sequence[Route]) -> str:
    """Return one feature per leg, EPSG:4326, with the route's number and its totals."""
    features = []
    for number, route in enumerate(routes, start=1):
        for order, feature in enumerate(route.__geo_interface__["features"], start=1):
            feature["properties"] = {"route": number, "leg": order, **feature["properties"]}
            features.append(feature)
    answers = [{k: v for k, v in r.to_dict().items() if k != "legs"} for r in routes]
    return json.dumps(
        {"type": "FeatureCollection", "routes": answers, "features": features},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def to_csv(routes: Sequence[Route]) -> str:
    """Return one row per leg; units are in the column names."""
    import io

    columns = ["route", "leg", "kind", "mode", "gauge_mm", "from", "to", "country", "to_country",
               "length_km", "hours", "hours_p10", "hours_p90", "cost_usd", "co2e_kg",
               "confidence", "facility", "transfer"]  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    for number, route in enumerate(routes, start=1):
        for order, leg in enumerate(route.legs, start=1):
            writer.writerow({"route": number, "leg": order, **leg})
    return out.getvalue()


def _text(make: Callable[[Sequence[Route]], str]) -> Callable[[Sequence[Route], Path], None]:
    def write(routes: Sequence[Route], path: Path) -> None:
        path.write_text(make(routes), encoding="utf-8")

    return write


def _gpkg(routes: Sequence[Route], path: Path) -> None:
    import pandas as pd

    frames = [r.to_gdf().assign(route=i, leg=range(1, len(r.legs) + 1))
              for i, r in enumerate(routes, start=1)]  # fmt: skip
    frame = pd.concat(frames, ignore_index=True).rename(
        columns={"from": "from_name", "to": "to_name"}
    )
    lines = frame[frame["kind"] == "line"]
    lines.to_file(path, layer="lines", driver="GPKG")
    stops = frame[frame["kind"] != "line"]
    if len(stops):
        stops.to_file(path, layer="stops", driver="GPKG")


def to_kml(routes: Sequence[Route]) -> str:
    """Return a KML document with a placemark per leg."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>']  # fmt: skip
    for route in routes:
        out.append(f"<Folder><name>{_x(route.origin.name)} - {_x(route.destination.name)}</name>")
        for leg, line in zip(route.legs, route.lines, strict=True):
            if not len(line):
                continue
            shape = "LineString" if leg["kind"] == "line" and len(line) > 1 else "Point"
            points = line if shape == "LineString" else line[:1]
            text = " ".join(f"{x:.5f},{y:.5f}" for x, y in points)
            note = f"{leg['kind']} {leg['mode']}: {leg['length_km']} km, {leg['hours']} h"
            out.append(
                f"<Placemark><name>{_x(leg['from'])} - {_x(leg['to'])}</name>"
                f"<description>{_x(note)}</description>"
                f"<{shape}><coordinates>{text}</coordinates></{shape}></Placemark>"
            )
        out.append("</Folder>")
    out.append("</Document></kml>")
    return "\n".join(out) + "\n"


def to_gpx(routes: Sequence[Route]) -> str:
    """Return a GPX track with a segment per leg."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="corridors" xmlns="http://www.topografix.com/GPX/1/1">',
    ]
    for route in routes:
        out.append(f"<trk><name>{_x(route.origin.name)} - {_x(route.destination.name)}</name>")
        for leg, line in zip(route.legs, route.lines, strict=True):
            if leg["kind"] == "line" and len(line) > 1:
                points = "".join(f'<trkpt lat="{y:.5f}" lon="{x:.5f}"/>' for x, y in line)
                out.append(f"<trkseg>{points}</trkseg>")
        out.append("</trk>")
    out.append("</gpx>")
    return "\n".join(out) + "\n"


def _x(text: object) -> str:
    """Return text for XML: escaped, and without the control characters that XML forbids."""
    clean = "".join(c for c in str(text) if c in "\t\n\r" or ord(c) >= 32)
    return html.escape(clean)


def _html(routes: Sequence[Route], path: Path) -> None:
    from corridors.atlas import load_atlas
    from corridors.maps import explore, save_map

    save_map(explore(load_atlas(), routes=list(routes)), path)


def _figure(routes: Sequence[Route], path: Path) -> None:
    from corridors.maps.static import draw_routes

    draw_routes(routes, path)


def bounds(routes: Sequence[Route]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of all lines, degrees."""
    points = np.concatenate([line for r in routes for line in r.lines if len(line)])
    (w, s), (e, n) = points.min(axis=0), points.max(axis=0)
    return float(w), float(s), float(e), float(n)


WRITERS: dict[str, Callable[[Sequence[Route], Path], None]] = {
    ".html": _html,
    ".geojson": _text(to_geojson),
    ".gpkg": _gpkg,
    ".kml": _text(to_kml),
    ".gpx": _text(to_gpx),
    ".csv": _text(to_csv),
    ".json": _text(to_json),
    ".png": _figure,
    ".svg": _figure,
    ".pdf": _figure,
}
