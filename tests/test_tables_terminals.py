"""The hand-written tables of terminals and ferries: form, and agreement with the ground."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from corridors.geodesy import distance_km, local_scale
from corridors.schema import validate

TABLES = Path(__file__).resolve().parents[1] / "data" / "tables"
COLUMNS = {
    "terminals": (
        "id,name,kind,country,lon,lat,modes,gauges_mm,status,from_year,to_year,unlocode,operator,"
        "capacity,capacity_unit,aliases,precision,confidence,source,note"
    ),
    "ferries": (
        "id,name,from_terminal,to_terminal,carries,sailing_h,sailing_h_low,sailing_h_high,"
        "headway_h,headway_h_low,headway_h_high,published_km,via,status,from_year,to_year,"
        "operator,confidence,source,note"
    ),
    "parameters": "key,mode,country,unit,value,low,high,confidence,source,note",
}
# Sea ships come up a river or a canal to these; the coast of the base map is far
INLAND = re.compile(r"\bOn (the|Lake)\b|\bsea canal\b|\bsea ships\b")
# not built on the coast but before it
OFFSHORE = {"yangshan-port", "dammam-port", "khalifa-port"}


def _rows(name):
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TERMINALS = _rows("terminals")
FERRIES = _rows("ferries")
BY_ID = {t["id"]: t for t in TERMINALS}


def _point(terminal):
    return float(terminal["lon"]), float(terminal["lat"])


def _many(cell):
    return [x for x in cell.split("|") if x]


def _km(a, b):
    return distance_km(*_point(BY_ID[a]), *_point(BY_ID[b]))


# -- form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_the_table_keeps_its_contract(name):
    text = (TABLES / f"{name}.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == COLUMNS[name]
    assert "\r" not in text
    assert not re.search(r"/(work|tmp|root|home)/", text)
    assert [str(f) for f in validate(TABLES / f"{name}.csv", name)] == []


def test_ids_are_kebab_case_and_apart_from_those_of_places():
    ids = [t["id"] for t in TERMINALS]
    assert len(set(ids)) == len(ids) >= 150
    for t in (*TERMINALS, *FERRIES):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", t["id"])
    assert not {p["id"] for p in _rows("places")} & set(ids)


def test_positions_lie_in_the_extent_and_apart():
    seen = []
    for t in TERMINALS:
        lon, lat = _point(t)
        assert -12 <= lon <= 150 and -11 <= lat <= 78, t["id"]
        assert all(len(t[c].partition(".")[2]) <= 5 for c in ("lon", "lat"))
        near = [i for i, x, y in seen if distance_km(lon, lat, x, y) < 0.15]
        assert not near, (t["id"], near)
        seen.append((t["id"], lon, lat))


def test_what_is_not_sure_is_marked():
    for t in TERMINALS:
        assert t["source"].startswith("position:"), t["id"]
        if "not checked against" in t["source"]:
            assert t["confidence"] == "low", t["id"]
        if t["confidence"] == "low":
            assert t["precision"] in ("approximate", "settlement", "station"), t["id"]


def test_codes_belong_to_their_country_and_to_one_terminal():
    codes = [t["unlocode"] for t in TERMINALS if t["unlocode"]]
    assert len(set(codes)) == len(codes)
    for t in TERMINALS:
        if t["unlocode"]:
            assert re.fullmatch(r"[A-Z]{2}[A-Z2-9]{3}", t["unlocode"])
            assert t["unlocode"][:2] == t["country"], t["id"]


def test_no_name_stands_for_two_terminals():
    owner = {}
    for t in TERMINALS:
        for name in {t["name"].casefold(), *(a.casefold() for a in _many(t["aliases"]))}:
            assert owner.setdefault(name, t["id"]) == t["id"], name
        assert t["name"] not in _many(t["aliases"]), t["id"]


# -- modes and gauges -----------------------------------------------------------------------------


def test_kinds_agree_with_modes_and_gauges():
    for t in TERMINALS:
        modes, gauges = _many(t["modes"]), _many(t["gauges_mm"])
        assert ("rail" in modes) == bool(gauges), t["id"]
        if t["kind"] == "port":
            assert "sea" in modes, t["id"]
        if t["kind"] == "ferry_terminal":
            assert "ferry" in modes, t["id"]
        if t["kind"] in ("rail_terminal", "break_of_gauge"):
            assert "rail" in modes, t["id"]
        if t["kind"] == "break_of_gauge":
            assert len(gauges) >= 2, t["id"]


def test_the_gauge_of_the_country_is_there():
    main = {r["country"]: {r["gauge_mm"], r["other_mm"]} for r in _rows("country_gauge")}
    for t in TERMINALS:
        if t["gauges_mm"] and t["id"] != "astara-ir":  # Iran's broad-gauge terminus
            assert main[t["country"]] & set(_many(t["gauges_mm"])), t["id"]


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ("khorgos-gateway", "altynkol", 0.2, 3),
        ("altynkol", "khorgos-cn-station", 5, 15),
        ("dostyk", "alashankou-station", 8, 16),
        ("malaszewicze", "brest-north", 8, 18),
        ("zabaikalsk", "manzhouli-station", 5, 14),
        ("zamyn-uud-station", "erenhot-station", 7, 14),
        ("sarakhs-ir-station", "serakhs-tm", 3, 12),
        ("incheh-borun", "akyayla-tm", 2, 12),
        ("galaba", "hairatan", 2, 8),
        ("chop", "zahony", 2, 8),
        ("aktau-port", "mangystau-station", 5, 20),
        ("kuryk-port", "aktau-port", 35, 75),
        ("alat-port", "baku-old-port", 50, 75),
    ],
)
def test_neighbours_lie_where_they_should(a, b, low, high):
    assert low <= _km(a, b) <= high


# -- the coast ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def land():
    """Shores of the shipped base map as segments: (n, 4) lon, lat, lon, lat."""
    from corridors import datasets

    if not (TABLES.parent / "geo" / datasets.PACKAGE_FILE).is_file():
        pytest.skip("data/geo is not built; run 'make data'")
    features = json.loads(datasets.path("basemap").read_text(encoding="utf-8"))["features"]
    pieces = []
    for f in features:
        if f["properties"].get("layer") in ("land", "lake"):
            for line in shapely.get_parts(shapely.boundary(shapely.geometry.shape(f["geometry"]))):
                c = shapely.get_coordinates(line)
                pieces.append(np.column_stack([c[:-1], c[1:]]))
    return np.concatenate(pieces)


def _shore_km(land, lon, lat):
    kx, ky = local_scale(lat)
    near = land[(np.abs(land[:, 1] - lat) < 2) & (np.abs(land[:, 0] - lon) < 2 * ky / kx)]
    a = (near[:, :2] - [lon, lat]) * [kx, ky]
    d = (near[:, 2:] - [lon, lat]) * [kx, ky] - a
    t = np.clip(-(a * d).sum(1) / np.maximum((d * d).sum(1), 1e-12), 0, 1)
    return float(np.hypot(*(a + t[:, None] * d).T).min(initial=999))


def test_ports_lie_at_the_water(land):
    far = {}
    for t in TERMINALS:
        if {"sea", "ferry"} & set(_many(t["modes"])) and not INLAND.search(t["note"]):
            km = _shore_km(land, *_point(t))
            limit = 30 if t["id"] in OFFSHORE else 6
            if km > limit:
                far[t["id"]] = round(km, 1)
    assert not far


# -- ferries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ferry", FERRIES, ids=lambda f: f["id"])
def test_a_ferry_fits_its_shores(ferry):
    a, b = BY_ID[ferry["from_terminal"]], BY_ID[ferry["to_terminal"]]
    carries = _many(ferry["carries"])
    for end in (a, b):
        modes = _many(end["modes"])
        assert "ferry" in modes
        assert "wagons" not in carries or "rail" in modes
        assert "trucks" not in carries or "road" in modes
    if "wagons" in carries:
        assert set(_many(a["gauges_mm"])) & set(_many(b["gauges_mm"])), "no gauge in common"


@pytest.mark.parametrize("ferry", FERRIES, ids=lambda f: f["id"])
def test_a_ferry_sails_at_a_ship_s_speed(ferry):
    circle = _km(ferry["from_terminal"], ferry["to_terminal"])
    hours = {c: float(ferry[c]) for c in ferry if c.startswith(("sailing_h", "headway_h"))}
    for stem in ("sailing_h", "headway_h"):
        assert 0 < hours[f"{stem}_low"] <= hours[stem] <= hours[f"{stem}_high"]
    # no ferry here makes 27 knots, and none crawls
    assert circle / hours["sailing_h_low"] < 50
    assert circle / hours["sailing_h"] > 8
    if ferry["published_km"]:
        assert 0.99 * circle <= float(ferry["published_km"]) <= 1.6 * circle


def test_years_and_states_of_ferries_agree():
    for f in FERRIES:
        if f["status"] in ("suspended", "closed"):
            assert f["to_year"], f["id"]
        else:
            assert not f["to_year"], f["id"]
        if f["from_year"] and f["to_year"]:
            assert int(f["from_year"]) <= int(f["to_year"])


def test_each_ferry_terminal_has_a_ferry():
    used = {f[c] for f in FERRIES for c in ("from_terminal", "to_terminal")}
    assert used == {t["id"] for t in TERMINALS if "ferry" in _many(t["modes"])}


def test_the_ferries_of_the_caspian_and_the_black_sea_are_there():
    lines = {
        (f["from_terminal"], f["to_terminal"], c) for f in FERRIES for c in _many(f["carries"])
    }
    assert ("aktau-port", "alat-port", "containers") in lines
    for shore in ("kuryk-port", "turkmenbashi-port"):
        assert {(shore, "alat-port", "wagons"), (shore, "alat-port", "trucks")} <= lines
    for shore in ("poti-port", "batumi-port"):
        assert (shore, "constanta-port", "trucks") in lines
