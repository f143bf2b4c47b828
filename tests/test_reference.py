"""The network against published distances: every row of the reference table, as a user asks it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import corridors

ROOT = Path(__file__).resolve().parents[1]
with (ROOT / "data" / "tables" / "reference_distances.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.load_network()


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['origin']}-{r['destination']}")
@pytest.mark.parametrize("by", ["time", "distance"])
def test_published_distance(net, row, by) -> None:
    route = net.route(row["origin"], row["destination"], modes=[row["mode"]], by=by)
    published, tolerance = float(row["km"]), float(row["tolerance_pct"])
    assert 100 * abs(route.length_km / published - 1) <= tolerance, f"{route.length_km} km"
