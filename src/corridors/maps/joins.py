"""A map of the gaps that were joined in the network."""

from __future__ import annotations

from pathlib import Path

DRAWN_KM = 5.0
"""Joins by hand longer than this are lines as well as points."""


def joins_map(path: Path) -> None:
    """Write a map of every gap that was joined, by mode and rule (HTML, one file).

    Each join is a point with its reason and length; a join by hand over more than DRAWN_KM is
    drawn as a line as well.
    """
    import geopandas as gpd
    import numpy as np
    import shapely

    from corridors import datasets
    from corridors.maps.view import explore, save_map

    joins = datasets.read_table("joins")
    hand = joins["rule"].str.startswith("patch: ")
    rule = joins["rule"].str.removeprefix("patch: ").str.removeprefix("join:")
    what = joins["mode"] + np.where(hand, ", by hand", ", by rule")
    frame = gpd.GeoDataFrame(
        {
            "name": what + ": " + rule, "layer": what, "country": joins["country"],
            "length_km": joins["length_km"],
        },
        geometry=shapely.points(
            (joins["lon"] + joins["to_lon"]) / 2, (joins["lat"] + joins["to_lat"]) / 2
        ),
        crs="EPSG:4326",
    )  # fmt: skip
    ends = joins[["lon", "lat", "to_lon", "to_lat"]].to_numpy(dtype=float).reshape(-1, 2, 2)
    long = (hand & (joins["length_km"] > DRAWN_KM)).to_numpy()
    lines = frame[long].set_geometry(shapely.linestrings(ends[long]), crs="EPSG:4326")
    layers = {str(name): part.drop(columns="layer") for name, part in frame.groupby("layer")}
    layers |= {f"{name}, long": part.drop(columns="layer") for name, part in lines.groupby("layer")}
    save_map(explore(layers, title="Joins of the network"), path)
