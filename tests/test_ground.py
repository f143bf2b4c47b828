"""The drawn railways against the ground: real track, real stations, no long straight piece."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import corridors
from corridors.geodesy import distance_km
from corridors.network.ground import off_line_km

TABLES = Path(__file__).resolve().parents[1] / "data" / "tables"


@pytest.fixture(scope="module")
def rails() -> gpd.GeoDataFrame:
    return corridors.load_network().edges_frame(mode="rail")


def _points(name: str, country: str) -> np.ndarray:
    frame = pd.read_csv(TABLES / name, keep_default_na=False)
    frame = frame[frame["country"] == country]
    if "kind" in frame:
        frame = frame[frame["kind"] == "station"]
    return frame[["lon", "lat"]].to_numpy(dtype=float)


@pytest.mark.parametrize("country", ["TM", "AZ", "AF", "UZ", "IR"])
def test_drawn_rail_lies_on_the_track(rails, country) -> None:
    """Vertices of OpenStreetMap ways, which no line was drawn through."""
    km = np.nan_to_num(off_line_km(rails, _points("osm_track_points.csv", country)), nan=1e3)
    assert len(km) >= 10
    assert np.median(km) < 1.0
    assert np.quantile(km, 0.9) < 10.0


def test_stations_of_kazakhstan_lie_on_the_drawn_rail(rails) -> None:
    km = np.nan_to_num(off_line_km(rails, _points("osm_stations.csv", "KZ")), nan=1e3)
    assert (km <= 5.0).mean() > 0.85


@pytest.mark.parametrize("country", ["KZ", "UZ"])
def test_a_long_straight_piece_is_marked_a_chord(rails, country) -> None:
    edges = rails
    edges = edges[(edges["country"] == country) & (edges["kind"] == "line")]
    xy, owner = shapely.get_coordinates(np.asarray(edges["geometry"]), return_index=True)
    same = owner[1:] == owner[:-1]
    a, b = xy[:-1][same], xy[1:][same]
    km = distance_km(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    long = np.unique(owner[1:][same][km > 80.0])
    precision = edges["precision"].to_numpy()[long]
    assert set(precision) <= {"chord", "schematic"}, edges.iloc[long]


def test_a_point_far_from_every_line_has_no_distance(rails) -> None:
    km = off_line_km(rails, np.array([[76.94, 43.34], [-150.0, -40.0]]))
    assert km[0] < 1.0
    assert np.isnan(km[1])


def test_joins_are_drawn_on_a_map(tmp_path) -> None:
    from corridors.cli import main

    file = tmp_path / "joins.html"
    assert main(["data", "--network", "-o", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert "Khaf-Herat: Rozanak-Herat" in text and "rail, by rule" in text
