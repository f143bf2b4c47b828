"""Patches, waypoints and threading of the raw rail graph."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"


@pytest.fixture(scope="module")
def shape() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shape", ROOT / "data" / "build" / "shape.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_thread_takes_what_fits_the_length_and_nothing_else(shape: ModuleType) -> None:
    a, b = np.array([70.0, 45.0]), np.array([72.0, 45.0])  # 157.7 km apart
    on, off = [71.0, 45.2], [71.0, 45.6]
    towns = np.array([on, off])
    chosen, drawn = shape.thread(a, b, 170.0, towns, np.array([1.0, 1.0]))
    assert chosen == [0]
    assert 157.7 < drawn <= 170.0
    chosen, drawn = shape.thread(a, b, 158.0, towns, np.array([1.0, 1.0]))
    assert chosen == [] and drawn == pytest.approx(157.6, abs=0.5)


def test_thread_does_not_turn_back(shape: ModuleType) -> None:
    a, b = np.array([70.0, 45.0]), np.array([71.0, 45.0])
    zigzag = np.array([[70.50, 45.15], [70.51, 44.85], [70.52, 45.15]])
    chosen, _ = shape.thread(a, b, 400.0, zigzag, np.ones(3))
    assert len({float(np.sign(zigzag[i][1] - 45.0)) for i in chosen}) == 1


def test_short_edges_stay_chords_and_both_directions_agree(
    shape: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Termez - Mukry runs by Kelif, by hand; the short edge has nothing to gain; Shu - Almaty
    # passes Otar, but is drawn straight for 89 km beyond it; the town is too far from all
    few = np.array([[75.5, 44.9]]), np.ones(1), np.zeros(1, dtype=bool), np.array(["KZ"])
    monkeypatch.setattr(shape, "_places", lambda tables, short: few)
    a_lon, a_lat = np.array([67.105, 65.740, 70.0, 74.639]), np.array([37.38, 37.6, 45.0, 43.77])
    b_lon, b_lat = np.array([65.740, 67.105, 70.05, 76.306]), np.array([37.6, 37.38, 45.0, 43.599])
    km = np.array([130.4, 130.4, 4.0, 143.711])
    via, precision = shape.via_for_edges(a_lon, a_lat, b_lon, b_lat, km, ["UZ"] * 3 + ["KZ"])
    assert precision == ["station", "station", "", "chord"]
    assert via[2] is None
    np.testing.assert_allclose(via[0], via[1][::-1])
    for i in (0, 3):
        line = np.vstack([[[a_lon[i], a_lat[i]]], via[i], [[b_lon[i], b_lat[i]]]])
        assert shape.line_km(line) <= km[i] * shape.TRUSTED_KM
    assert np.hypot(*(via[3] - [75.206, 43.537]).T).min() < 0.01


def test_tables_say_where_from_and_how_sure() -> None:
    for name in ("patches", "waypoints", "stations", "gauge_exceptions", "country_gauge"):
        table = pd.read_csv(TABLES / f"{name}.csv", dtype=str, keep_default_na=False)
        assert len(table), name
        assert (table["source"].str.len() > 5).all(), name
        assert set(table["confidence"]) <= {"high", "medium", "low"}, name


def test_patches_are_of_known_kinds_with_a_reason(shape: ModuleType) -> None:
    table = shape.patches()
    assert set(table["action"]) <= {"add", "remove", "join", "cut", "relength"}
    assert set(table["status"]) <= {"operating", "construction", "planned"}
    assert (table["reason"].str.len() > 10).all()
    future = table[table["status"] != "operating"]
    assert (future["from_year"] >= 2026).all()
    drawn = [
        shape.line_km(np.vstack([[[r.from_lon, r.from_lat]], r.via, [[r.to_lon, r.to_lat]]]))
        for r in table.itertuples()
    ]
    given = table["length_km"].notna() & table["action"].isin(["add", "join"])
    # a published length may not be shorter than the line drawn for it
    assert (table["length_km"][given] >= np.array(drawn)[given] * 0.99).all()


def test_gauge_exceptions_lie_in_their_shape(shape: ModuleType) -> None:
    table = shape.gauge_exceptions()
    assert set(table["status"]) == {"operating"}
    assert set(table["kind"]) == {"box", "corridor"}
    assert (table.loc[table["kind"] == "corridor", "radius_km"] > 0).all()
    assert (table.loc[table["kind"] == "box", "coords"].map(len) == 2).all()
    gauges = {1000, 1067, 1435, 1520, 1524, 1600, 1668, 1676}
    assert set(table["gauge_mm"]) <= gauges
