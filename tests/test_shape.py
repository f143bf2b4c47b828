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


def rows(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base: dict[str, list[object]] = {
        "action": ["join"] * n, "mode": ["rail"] * n, "via": [np.empty((0, 2))] * n,
        "length_km": [np.nan] * n, "gauge_mm": [0] * n, "country": ["KZ"] * n,
        "status": ["operating"] * n, "from_year": [0] * n, "to_year": [0] * n,
    }  # fmt: skip
    return pd.DataFrame({**base, **columns})


LON, LAT = np.array([70.0, 71.0, 71.1, 72.0]), np.array([45.0, 45.0, 45.0, 45.0])
U, V, KM = np.array([0, 2]), np.array([1, 3]), np.array([80.0, 75.0])


def test_join_and_add_keep_nodes_of_the_source_and_make_new_ones(shape: ModuleType) -> None:
    table = rows(
        action=["join", "add"],
        from_lat=[45.0, 45.0], from_lon=[71.0, 72.0],
        to_lat=[45.0, 46.0], to_lon=[71.1, 72.5],
        length_km=[np.nan, 123.0],
    )  # fmt: skip
    lon, lat, edges = shape.apply_patches(LON, LAT, U, V, KM, table)
    assert len(lon) == len(lat) == 5
    assert list(edges["origin"]) == ["raw", "raw", "patch:1", "patch:2"]
    assert tuple(edges.loc[2, ["u", "v"]]) == (1, 2)
    assert 7.8 < edges.loc[2, "length_km"] < 8.3  # 0.1 degree, drawn length times 1.03
    assert edges.loc[3, "length_km"] == 123.0


def test_cut_shares_the_stored_length_and_remove_takes_the_edge(shape: ModuleType) -> None:
    table = rows(
        action=["cut", "remove"],
        from_lat=[45.0, 45.0], from_lon=[70.0, 71.1],
        to_lat=[45.0, 45.0], to_lon=[71.0, 72.0],
        via=[np.array([[70.5, 45.0]]), np.empty((0, 2))],
    )  # fmt: skip
    lon, _, edges = shape.apply_patches(LON, LAT, U, V, KM, table)
    assert lon[4] == 70.5
    assert edges["length_km"].sum() == pytest.approx(80.0, abs=0.01)
    assert set(edges["origin"]) == {"patch:1"}


def test_a_patch_of_an_edge_that_is_gone_is_an_error(shape: ModuleType) -> None:
    table = rows(action=["remove"], from_lat=[45.0], from_lon=[71.0], to_lat=[45.0], to_lon=[71.1])
    with pytest.raises(ValueError, match=r"no edge 45\.0 71\.0"):
        shape.apply_patches(LON, LAT, U, V, KM, table)


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
    # Shu - Almaty passes Otar, by hand; the short edge has nothing to gain; the town is too far
    few = np.array([[75.5, 43.9]]), np.ones(1), np.zeros(1, dtype=bool), np.array(["KZ"])
    monkeypatch.setattr(shape, "_places", lambda tables: few)
    a_lon, a_lat = np.array([74.639, 76.306, 70.0]), np.array([43.770, 43.599, 45.0])
    b_lon, b_lat = np.array([76.306, 74.639, 70.05]), np.array([43.599, 43.770, 45.0])
    km = np.array([143.711, 143.711, 4.0])
    via, precision = shape.via_for_edges(a_lon, a_lat, b_lon, b_lat, km, ["KZ"] * 3)
    assert precision == ["station", "station", "chord"]
    assert via[2] is None
    np.testing.assert_allclose(via[0], via[1][::-1])
    line = np.vstack([[[74.639, 43.770]], via[0], [[76.306, 43.599]]])
    assert shape.line_km(line) <= 143.711 * shape.TRUSTED_KM
    assert np.hypot(*(via[0] - [75.206, 43.537]).T).min() < 0.01


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
    assert set(table["kind"]) == {"box", "corridor"}
    assert (table.loc[table["kind"] == "corridor", "radius_km"] > 0).all()
    assert (table.loc[table["kind"] == "box", "coords"].map(len) == 2).all()
    gauges = {1000, 1067, 1435, 1520, 1524, 1600, 1668, 1676}
    assert set(table["gauge_mm"]) <= gauges
