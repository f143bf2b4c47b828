"""Files for kepler.gl: one CSV whose columns it takes for points, arcs and lines by their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from corridors.files import whole
from corridors.io.tables import NetworkTables


def write_kepler(tables: NetworkTables, path: str | Path) -> list[str]:
    """Write a network's edges as CSV for kepler.gl; return what it cannot hold.

    ``start_lat, start_lng, end_lat, end_lng`` make an arc layer, ``_geojson`` a line layer.
    """
    import pandas as pd
    import shapely

    edges = tables.edges
    nodes = tables.nodes.set_index("id")
    named = {c: nodes[c] for c in ("lat", "lon", "name")}
    line = (edges["kind"] == "line").to_numpy()
    shapes = edges.geometry.array
    text: list[Any] = [
        json.dumps({"type": "LineString", "coordinates": shapely.get_coordinates(s).tolist()},
                   separators=(",", ":")) if drawn else ""
        for s, drawn in zip(shapes, line, strict=True)
    ]  # fmt: skip
    rest = {c: edges[c] for c in edges.columns if c not in ("geometry", "u", "v")}
    frame = pd.DataFrame({
        "start": named["name"].loc[edges["u"]].to_numpy(),
        "start_lat": named["lat"].loc[edges["u"]].to_numpy(dtype=float),
        "start_lng": named["lon"].loc[edges["u"]].to_numpy(dtype=float),
        "end": named["name"].loc[edges["v"]].to_numpy(),
        "end_lat": named["lat"].loc[edges["v"]].to_numpy(dtype=float),
        "end_lng": named["lon"].loc[edges["v"]].to_numpy(dtype=float),
        **{c: np.asarray(v) for c, v in rest.items()}, "_geojson": text,
    })  # fmt: skip
    with whole(path) as scratch:
        frame.to_csv(scratch, index=False, lineterminator="\n")
    return ["a kepler.gl CSV is for looking: it has no nodes of its own, and is not read back"]
