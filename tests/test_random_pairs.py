"""A thousand random pairs of atlas places by each choice of modes: what no answer may be.

Every answer is a route or an error that says why not; a route crosses no closed frontier, keeps to
the modes that were asked, changes country only at a border and mode or gauge only at a transfer,
adds up, and is never shorter than the earth allows.
"""

from __future__ import annotations

import csv
import itertools
import random
from pathlib import Path

import pytest

import corridors
from corridors.errors import NoRouteError, SnapError
from corridors.geodesy import distance_km

ROOT = Path(__file__).resolve().parents[1]
YEAR = 2026
PAIRS = 1000
LAND = {"rail": ["rail"], "road": ["road"], "all": ["rail", "road", "sea", "ferry"]}


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.load_network()


@pytest.fixture(scope="module")
def ids() -> list[str]:
    return sorted(corridors.load_atlas().places["id"])


def _frontiers() -> dict[tuple[str, str, str], str]:
    """Return the status of every frontier by mode in the year that is asked."""
    found = {}
    with (ROOT / "data" / "tables" / "frontiers.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            first, last = int(row["from_year"] or 0), int(row["to_year"] or 9999)
            if first <= YEAR <= last:
                found[row["country_a"], row["country_b"], row["mode"]] = row["status"]
    return found


FRONTIERS = _frontiers()


def _faults(told: dict, modes: list[str]) -> list[str]:
    """Return what is wrong with one answer."""
    out = []
    a, b = told["origin"], told["destination"]
    gap = a["snap_km"] + b["snap_km"]
    geodesic = float(distance_km(a["lon"], a["lat"], b["lon"], b["lat"]))
    if told["length_km"] + gap < geodesic - 0.01:
        out.append(f"{told['length_km']} km and {gap} km to the ends: geodesic {geodesic:.2f} km")
    legs = told["legs"]
    km = sum(leg["length_km"] for leg in legs)
    if abs(km - told["length_km"]) > 0.01 + 0.001 * len(legs):
        out.append(f"legs add up to {km}, not {told['length_km']}")
    for leg in legs:
        if leg["mode"] not in modes and "line" not in (leg["from"], leg["to"]):
            out.append(f"a leg by {leg['mode']}")
        if leg["hours"] < 0 or leg["cost_usd"] < 0 or leg["co2e_kg"] < 0:
            out.append(f"a negative amount: {leg}")
        if leg["kind"] == "border":
            low, high = sorted((leg["country"], leg["to_country"]))
            status = FRONTIERS.get((low, high, leg["mode"]))
            if status not in ("open", "restricted"):
                out.append(f"{low}-{high} by {leg['mode']} is {status}: {leg['facility']}")
    # the way from a place to its line or port is a leg of its own, by truck, and no transfer
    on_the_net = [leg for leg in legs if "line" not in (leg["from"], leg["to"])]
    for one, two in itertools.pairwise(on_the_net):
        end = one.get("to_country", one["country"])
        land = {one["mode"], two["mode"]} <= {"rail", "road"}
        if land and end != two["country"]:
            out.append(f"from {end} to {two['country']} without a border")
        mode, gauge = one.get("to_mode", one["mode"]), one.get("to_gauge_mm", one["gauge_mm"])
        if mode != two["mode"]:
            out.append(f"from {mode} to {two['mode']} without a transfer at {two['from']}")
        elif mode == "rail" and gauge != two["gauge_mm"]:
            out.append(f"gauge {gauge} to {two['gauge_mm']} at {two['from']}")
    return out


@pytest.mark.parametrize("modes", LAND.values(), ids=LAND)
def test_every_answer_is_a_lawful_route_or_says_why_not(net, ids, modes) -> None:
    rng = random.Random(4)
    wrong, routes = [], 0
    for _ in range(PAIRS):
        a, b = rng.sample(ids, 2)
        try:
            told = net.route(a, b, by="time", modes=modes, year=YEAR).to_dict()
        except NoRouteError as error:
            text = str(error)
            if not ("no way from" in text or "is closed" in text or "not built" in text):
                wrong.append((a, b, f"an error that names no cut: {text}"))
        except SnapError as error:
            if "too far from any open line" not in str(error):
                wrong.append((a, b, str(error)))
        else:
            routes += 1
            wrong += [(a, b, fault) for fault in _faults(told, modes)]
    assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert routes > PAIRS / 2, f"only {routes} of {PAIRS} pairs have a route"


def test_lengths_and_line_hours_are_the_same_both_ways(net, ids) -> None:
    rng = random.Random(5)
    seen = 0
    for _ in range(120):
        a, b = rng.sample(ids, 2)
        modes = rng.choice([["rail"], ["road"]])
        try:
            there = net.route(a, b, by="distance", modes=modes)
            back = net.route(b, a, by="distance", modes=modes)
        except (NoRouteError, SnapError):
            continue
        seen += 1
        assert there.length_km == pytest.approx(back.length_km, abs=0.01), (a, b)
        if [leg["facility"] for leg in there.legs] != [leg["facility"] for leg in back.legs[::-1]]:
            continue  # two ways of the same length
        for one, two in zip(there.legs, reversed(back.legs), strict=True):
            if one["kind"] == "line":
                assert one["hours"] == pytest.approx(two["hours"], rel=1e-3, abs=0.01), (a, b)
    assert seen > 60


def test_a_place_on_the_way_makes_no_way_shorter(net) -> None:
    """Time from A to C is at most A to B and B to C, B a city where nothing changes train."""
    towns = ["Urumqi", "Almaty", "Astana", "Tashkent", "Bishkek", "Ashgabat", "Tehran", "Baku",
             "Tbilisi", "Ankara", "Moscow", "Warsaw", "Xi'an", "Lanzhou", "Aktobe", "Samarkand",
             "Dushanbe", "Mashhad", "Tabriz", "Omsk"]  # fmt: skip
    table = net.matrix(towns, towns, by="time", modes=["road"])
    hours = table.values
    for a, b, c in itertools.permutations(range(len(towns)), 3):
        # a city joins the roads beside it at no cost beyond its own snap
        slack = 0.5
        assert hours[a, c] <= hours[a, b] + hours[b, c] + slack, (towns[a], towns[b], towns[c])
