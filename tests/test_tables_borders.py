"""The frontier and crossing tables hold together: columns, keys, years, ranges, codes.

Meaning of the words: a frontier is ``open`` when freight passes as the regime says,
``restricted`` when only some freight, some points or some hours do, ``closed`` when none does
(or when no line crosses). A change in the second half of a year counts from the next year;
a new line counts from the year of its opening.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

TABLES = Path(__file__).resolve().parents[1] / "data" / "tables"

FRONTIER_COLUMNS = "country_a,country_b,mode,status,regime,from_year,to_year,confidence,source,note"
CROSSING_COLUMNS = (
    "id,name,mode,country_a,country_b,lon,lat,gauge_a_mm,gauge_b_mm,transfer_at,status,"
    "from_year,to_year,hours_ab,hours_ab_low,hours_ab_high,hours_ba,hours_ba_low,hours_ba_high,"
    "cost_usd_ab,cost_usd_ba,aliases,precision,confidence,source,note"
)
GAUGES_MM = {"1000", "1435", "1520", "1524", "1676"}
# Monaco and San Marino stand in by their open borders.
SCHENGEN = {
    "AT", "BE", "BG", "CH", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IT",
    "LI", "LT", "LU", "LV", "MC", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "SM",
}  # fmt: skip
EAEU = {"AM", "BY", "KG", "KZ", "RU"}


def read(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


FRONTIERS = read("frontiers.csv")
CROSSINGS = read("crossings.csv")


def pair(row: dict[str, str]) -> tuple[str, str]:
    return row["country_a"], row["country_b"]


def label(row: dict[str, str]) -> str:
    return row.get("id") or "-".join((*pair(row), row["mode"], row["from_year"], row["to_year"]))


def now(country_a: str, country_b: str, mode: str) -> dict[str, str]:
    """Row of a frontier that holds today: the one whose end is open."""
    rows = [
        r
        for r in FRONTIERS
        if pair(r) == (country_a, country_b) and r["mode"] == mode and not r["to_year"]
    ]
    assert len(rows) == 1, (country_a, country_b, mode, len(rows))
    return rows[0]


@pytest.mark.parametrize(
    ("name", "columns"),
    [("frontiers.csv", FRONTIER_COLUMNS), ("crossings.csv", CROSSING_COLUMNS)],
)
def test_columns_and_encoding(name: str, columns: str) -> None:
    raw = (TABLES / name).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == columns
    assert [i for i, row in enumerate(rows, 1) if len(row) != len(rows[0])] == []


@pytest.mark.parametrize("rows", [FRONTIERS, CROSSINGS], ids=["frontiers", "crossings"])
def test_every_row_is_a_sorted_pair_with_a_source(rows: list[dict[str, str]]) -> None:
    bad = [
        label(r)
        for r in rows
        if not (
            re.fullmatch("[A-Z]{2}", r["country_a"])
            and re.fullmatch("[A-Z]{2}", r["country_b"])
            and r["country_a"] < r["country_b"]
            and r["mode"] in {"rail", "road"}
            and r["confidence"] in {"high", "medium", "low"}
            and r["source"].strip()
            and all(cell == cell.strip() for cell in r.values())
        )
    ]
    assert bad == []


@pytest.mark.parametrize("rows", [FRONTIERS, CROSSINGS], ids=["frontiers", "crossings"])
def test_general_knowledge_is_not_called_certain(rows: list[dict[str, str]]) -> None:
    # A row that rests on nothing but general knowledge may not be marked high.
    bad = [
        label(r) for r in rows if r["source"] == "general knowledge" and r["confidence"] == "high"
    ]
    assert bad == []


@pytest.mark.parametrize("rows", [FRONTIERS, CROSSINGS], ids=["frontiers", "crossings"])
def test_years_are_years(rows: list[dict[str, str]]) -> None:
    for r in rows:
        for key in ("from_year", "to_year"):
            assert re.fullmatch(r"|(19|20)\d\d", r[key]), label(r)
        if r["from_year"] and r["to_year"]:
            assert int(r["from_year"]) <= int(r["to_year"]), label(r)


def test_frontier_words() -> None:
    for r in FRONTIERS:
        assert r["status"] in {"open", "closed", "restricted"}, label(r)
        assert r["regime"] in {"control", "customs_union", "schengen"}, label(r)


def test_frontier_years_leave_no_gap_and_do_not_overlap() -> None:
    spans: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for r in FRONTIERS:
        spans[(*pair(r), r["mode"])].append((int(r["from_year"] or 0), int(r["to_year"] or 9999)))
    for key, found in spans.items():
        found.sort()
        assert found[0][0] == 0, key
        assert found[-1][1] == 9999, key
        assert all(a[1] + 1 == b[0] for a, b in pairwise(found)), (key, found)


def test_every_frontier_has_rail_and_road() -> None:
    modes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for r in FRONTIERS:
        modes[pair(r)].add(r["mode"])
    assert [p for p, found in modes.items() if found != {"rail", "road"}] == []
    assert len(modes) > 250


def test_regimes_follow_membership() -> None:
    for p in {pair(r) for r in FRONTIERS}:
        regime = now(*p, "road")["regime"]
        if set(p) <= EAEU:
            assert regime == "customs_union", p
        elif set(p) <= SCHENGEN:
            assert regime == "schengen", p
        else:
            assert regime != "schengen", p


@pytest.mark.parametrize(
    ("country_a", "country_b", "mode", "status"),
    [
        ("AM", "AZ", "road", "closed"),
        ("AM", "TR", "rail", "closed"),
        ("AM", "TR", "road", "closed"),
        ("BY", "PL", "rail", "open"),
        ("BY", "PL", "road", "restricted"),
        ("BY", "UA", "rail", "closed"),
        ("CN", "KZ", "rail", "open"),
        ("DZ", "MA", "road", "closed"),
        ("FI", "RU", "rail", "restricted"),
        ("FI", "RU", "road", "closed"),
        ("GE", "RU", "rail", "closed"),
        ("GE", "RU", "road", "open"),
        ("IN", "PK", "road", "closed"),
        ("KG", "TJ", "road", "open"),
        ("KP", "KR", "rail", "closed"),
        ("RU", "UA", "rail", "closed"),
    ],
)
def test_frontiers_that_decide_routes(
    country_a: str, country_b: str, mode: str, status: str
) -> None:
    assert now(country_a, country_b, mode)["status"] == status


def test_crossing_ids() -> None:
    assert [i for i, n in Counter(r["id"] for r in CROSSINGS).items() if n > 1] == []
    for r in CROSSINGS:
        assert re.fullmatch(rf"{r['mode']}:[a-z0-9]+(-[a-z0-9]+)*", r["id"]), r["id"]


def test_crossings_stand_on_known_frontiers() -> None:
    known = {(*pair(r), r["mode"]) for r in FRONTIERS}
    assert [r["id"] for r in CROSSINGS if (*pair(r), r["mode"]) not in known] == []


def test_crossing_words() -> None:
    for r in CROSSINGS:
        assert r["status"] in {"open", "closed", "restricted", "construction", "planned"}, r["id"]
        assert r["precision"] in {
            "surveyed", "station", "settlement", "traced", "chord", "schematic", "approximate",
        }, r["id"]  # fmt: skip
        if r["status"] in {"construction", "planned"}:
            assert r["from_year"], f"{r['id']}: a planned crossing needs the year it is due"


def test_crossing_positions() -> None:
    for r in CROSSINGS:
        assert -12 <= float(r["lon"]) <= 150, r["id"]
        assert -11 <= float(r["lat"]) <= 78, r["id"]
        for key in ("lon", "lat"):
            assert re.fullmatch(r"-?\d+(\.\d{1,5})?", r[key]), r["id"]


def test_rough_positions_are_not_called_certain() -> None:
    bad = [
        r["id"]
        for r in CROSSINGS
        if r["precision"] in {"approximate", "chord"} and r["confidence"] == "high"
    ]
    assert bad == []


def test_gauges_on_rail_and_nowhere_else() -> None:
    for r in CROSSINGS:
        gauges = {r["gauge_a_mm"], r["gauge_b_mm"]}
        assert gauges <= GAUGES_MM if r["mode"] == "rail" else gauges == {""}, r["id"]


def test_a_break_of_gauge_says_where_it_is_worked() -> None:
    # 1520 and 1524 run through; every other change in use needs a yard.
    bad = [
        r["id"]
        for r in CROSSINGS
        if r["mode"] == "rail"
        and r["status"] in {"open", "restricted"}
        and {r["gauge_a_mm"], r["gauge_b_mm"]} not in ({"1520", "1524"},)
        and r["gauge_a_mm"] != r["gauge_b_mm"]
        and not r["transfer_at"]
        and "break of gauge at" not in r["note"]
    ]
    assert bad == []


def test_transfers_name_terminals() -> None:
    terminals = {r["id"] for r in read("terminals.csv")}
    named = {t for r in CROSSINGS for t in r["transfer_at"].split("|") if t}
    assert named - terminals == set()


@pytest.mark.parametrize("way", ["ab", "ba"])
def test_hours_are_ranges(way: str) -> None:
    measured = 0
    for r in CROSSINGS:
        cells = [r[f"hours_{way}_low"], r[f"hours_{way}"], r[f"hours_{way}_high"]]
        assert all(cells) or not any(cells), r["id"]
        if any(cells):
            low, value, high = map(float, cells)
            assert 0 <= low <= value <= high <= 240, r["id"]
            # measured hours say how they were added up, estimates that they are estimates
            told = r["note"] or ("estimated" in r["source"] and r["confidence"] == "low")
            assert told, f"{r['id']}: hours without a word on where they come from"
            measured += 1
        if r[f"cost_usd_{way}"]:
            assert 0 <= float(r[f"cost_usd_{way}"]) < 5000, r["id"]
    assert measured >= 10


def test_crossings_of_one_mode_are_apart() -> None:
    # The same point entered twice under two names would count a border twice.
    seen: dict[tuple[str, str, str, str], str] = {}
    for r in CROSSINGS:
        key = (r["mode"], r["lon"], r["lat"], "".join(pair(r)))
        assert key not in seen, (r["id"], seen[key])
        seen[key] = r["id"]


def test_the_corridors_have_their_crossings() -> None:
    ids = {r["id"] for r in CROSSINGS}
    for needed in (
        "rail:khorgos-altynkol", "rail:dostyk-alashankou", "rail:torugart",
        "rail:saryagash-keles", "rail:bolashak-serhetyaka", "rail:incheh-borun-akyayla",
        "rail:sarakhs-serakhs", "rail:hairatan-galaba", "rail:torghundi-serhetabat",
        "rail:boyuk-kesik-gardabani", "rail:kartsakhi", "rail:kapikule", "rail:terespol-brest",
        "road:khorgos", "road:irkeshtam", "road:torugart", "road:torkham", "road:lars-kazbegi",
    ):  # fmt: skip
        assert needed in ids
    per_frontier = Counter((*pair(r), r["mode"]) for r in CROSSINGS)
    assert per_frontier["KZ", "RU", "rail"] >= 20
    assert per_frontier["CN", "KZ", "road"] >= 5
