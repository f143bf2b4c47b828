"""The tables of assets and corridors, and the step that draws them."""

from __future__ import annotations

import importlib.util
import json
import sys
import unicodedata
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from corridors.errors import DataIntegrityError
from corridors.geodesy import distance_km, line_length_km
from corridors.schema_tables import ASSET_KINDS, CONFIDENCES, GAUGES, PRECISIONS, STATUSES, THEMES

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"
BUILD = ROOT / "data" / "build"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"build_{name}", BUILD / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


step = load("assets")


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(TABLES / name, dtype=str, keep_default_na=False)


assets = read("assets.csv").set_index("id", drop=False)
points = read("asset_lines.csv")
claims = read("claims.csv")


def straight(mode: str, stops: list[tuple[float, float]], year: int) -> np.ndarray | None:
    """Trace for tests: a network that has no lines."""
    return None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    out = tmp_path_factory.mktemp("geo")
    return out, step.build(TABLES, out, straight)


# ------------------------------------------------------------------ tables


def test_choices() -> None:
    assert set(assets["kind"]) <= set(ASSET_KINDS)
    assert set(assets["status"]) <= set(STATUSES)
    assert set(assets["precision"]) <= set(PRECISIONS)
    assert set(assets["confidence"]) <= set(CONFIDENCES)
    assert set(points["confidence"]) <= set(CONFIDENCES)
    assert set(points["precision"]) <= set(PRECISIONS)
    assert {t for cell in assets["theme"] for t in cell.split("|")} <= set(THEMES)
    assert {g for cell in assets["gauge_mm"] for g in cell.split("|") if g} <= set(GAUGES)


def test_every_row_has_a_source() -> None:
    assert (assets["source"] != "").all()
    assert (points["source"] != "").all()


def key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in plain if c.isalnum())


def test_no_two_assets_for_one_thing() -> None:
    seen: dict[str, str] = {}
    for row in assets.itertuples():
        for name in {key(n) for n in [row.name, *row.aliases.split("|")] if n}:
            assert seen.setdefault(name, row.id) == row.id, f"{name}: {seen[name]} and {row.id}"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("China-Jiangxi-Ukraine railway", "cku-railway"),
        ("Turkmenistan–China pipeline", "central-asia-china-gas-a"),
        ("new North-South Highway", "kyrgyz-north-south-road"),
    ],
)
def test_garbled_names_of_the_article(said: str, meant: str) -> None:
    held = [
        i for i, cell in assets["aliases"].items() if key(said) in {key(a) for a in cell.split("|")}
    ]
    assert held == [meant]


def test_gas_lines_are_three_and_add_up() -> None:
    lines = assets.loc[[f"central-asia-china-gas-{x}" for x in "abc"]]
    assert lines["capacity"].astype(float).sum() == 55
    assert lines["published_km"].astype(float).iloc[:2].sum() == 3666


def test_gauge_only_on_rails_and_diameter_only_on_pipes() -> None:
    rail, pipe = assets["kind"] == "railway", assets["kind"].str.endswith("_pipeline")
    assert (assets["gauge_mm"][~rail] == "").all()
    assert (assets["gauge_mm"][rail] != "").all()
    assert (assets["diameter_mm"][~pipe] == "").all()


def test_years_fit_status() -> None:
    for row in assets.itertuples():
        if row.opened:
            year = int(row.opened)
            assert 1800 < year <= 2040, row.id
            assert (row.status == "operating") <= (year <= 2026), row.id
            assert (row.status in ("planned", "proposed")) <= (year >= 2026), row.id


def test_claims_name_things_that_exist() -> None:
    where = step.coordinates(TABLES)
    corridors = set(read("corridors.csv")["id"])
    for row in claims.itertuples():
        assert {a for a in row.assets.split("|") if a} <= set(assets["id"]), row.id
        assert {p for p in row.places.split("|") if p} <= set(where), row.id
        assert {c for c in row.corridors.split("|") if c} <= corridors, row.id
        assert row.source, row.id


# ------------------------------------------------------------------ drawing


def test_built_files(built: tuple[Path, list[dict]]) -> None:
    out, resources = built
    assert [r["name"] for r in resources] == [
        "assets", "asset_lengths", "corridors", "corridor_stages",
    ]  # fmt: skip
    features = json.loads((out / "assets.geojson").read_text(encoding="utf-8"))["features"]
    ids = [f["properties"]["id"] for f in features]
    assert ids == sorted(assets["id"])
    for f in features:
        assert f["geometry"]["type"] == "MultiLineString"
        assert all(len(part) > 1 for part in f["geometry"]["coordinates"]), f["properties"]["id"]
        assert f["properties"]["length_km"] > 0


def test_same_input_same_bytes(built: tuple[Path, list[dict]], tmp_path: Path) -> None:
    step.build(TABLES, tmp_path, straight)
    for name in ("assets.geojson", "asset_lengths.csv", "corridors.csv", "corridor_stages.csv"):
        assert (tmp_path / name).read_bytes() == (built[0] / name).read_bytes()


def test_pipelines_as_drawn(built: tuple[Path, list[dict]]) -> None:
    lengths = pd.read_csv(built[0] / "asset_lengths.csv").set_index("asset")
    for x in "abc":
        row = lengths.loc[f"central-asia-china-gas-{x}"]
        assert abs(row["difference_pct"]) <= 5
        assert row["verdict"] == "ok"
    pipes = lengths[lengths["kind"].str.endswith("_pipeline")]
    assert (pipes["difference_pct"].dropna().abs() <= 20).all()


def test_gas_line_passes_where_the_pipe_passes(built: tuple[Path, list[dict]]) -> None:
    # places named by the builders and operators: Gazli, the road junction south of Shymkent,
    # Uzynagash's district north-west of Almaty, the plain 40 km north of Almaty, Khorgos
    named = [(63.55, 40.16), (69.6, 42.2), (76.2, 43.5), (76.95, 43.6), (80.47, 44.1)]
    features = json.loads((built[0] / "assets.geojson").read_text(encoding="utf-8"))["features"]
    line = next(f for f in features if f["properties"]["id"] == "central-asia-china-gas-a")
    xy = np.array(line["geometry"]["coordinates"][0])
    for lon, lat in named:
        near = distance_km(np.full(len(xy), lon), np.full(len(xy), lat), xy[:, 0], xy[:, 1])
        assert near.min() < 15, (lon, lat, near.min())


def test_traced_pieces_are_taken_and_far_ones_are_not() -> None:
    along = np.array([(70.0, 45.0), (70.5, 45.2), (71.0, 45.0)])
    line, on_network, total = step.draw(
        [(70.0, 45.0), (71.0, 45.0)], ["", "rail"], 2026, lambda *_: along
    )
    assert np.allclose(line, along)
    assert on_network == total == pytest.approx(line_length_km(along))
    off = np.add(along, [0.0, 0.5])
    line, on_network, _ = step.draw(
        [(70.0, 45.0), (71.0, 45.0)], ["", "rail"], 2026, lambda *_: off
    )
    assert on_network == 0
    assert np.allclose(line[[0, -1]], [(70.0, 45.0), (71.0, 45.0)])
    roundabout = np.array([(70.0, 45.0), (70.5, 49.0), (71.0, 45.0)])
    assert step.traced((70.0, 45.0), (71.0, 45.0), "rail", 2026, lambda *_: roundabout) is None


def test_way_into_a_branch_and_back_is_dropped() -> None:
    line = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (1.0, 1.0), (1.0, 0.0), (2.0, 0.0)]
    assert step.unspike(line).tolist() == [[0, 0], [1, 0], [2, 0]]


def test_way_to_an_edge_end_and_back_is_dropped() -> None:
    # from 2 to 5 along an edge with vertices at 0, 1, 4 and 9, by way of its end at 0
    folded = [(2.0, 0.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.0), (4.0, 0.0), (5.0, 0.0)]
    line = step.unfold(step.unspike(folded))
    assert line.tolist() == [[2, 0], [4, 0], [5, 0]]
    assert step.unfold(np.array([(2.0, 0.0), (9.0, 0.0), (3.0, 0.0)])).tolist() == [[2, 0], [3, 0]]
    bend = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])
    assert step.unfold(bend).tolist() == bend.tolist()


def test_small_loops_are_cut_and_large_ones_stay() -> None:
    triangle = [(0.0, 0.0), (0.1, 0.0), (0.15, 0.05), (0.1, 0.05), (0.1, 0.0), (0.2, 0.0)]
    assert step.unloop(np.array(triangle)).tolist() == [[0, 0], [0.1, 0], [0.2, 0]]
    crossing = [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.05, 0.1), (0.05, -0.1)]
    assert step.unloop(np.array(crossing)).tolist() == [[0, 0], [0.05, 0], [0.05, -0.1]]
    fold = [(0.0, 0.0), (0.2, 0.0), (0.3, 0.0), (0.1, 0.0), (0.1, 0.4)]
    assert step.unloop(np.array(fold)).tolist() == [[0, 0], [0.1, 0], [0.1, 0.4]]
    large = [(0.0, 0.0), (5.0, 0.0), (5.0, 5.0), (2.0, 5.0), (2.0, -1.0)]
    assert step.unloop(np.array(large)).tolist() == [list(p) for p in large]


def test_faults_are_all_named(tmp_path: Path) -> None:
    for name in ("assets.csv", "asset_lines.csv", "corridors.csv", "corridor_stages.csv"):
        (tmp_path / name).write_bytes((TABLES / name).read_bytes())
    for name in step.PLACE_TABLES:
        (tmp_path / name).write_bytes((TABLES / name).read_bytes())
    with (tmp_path / "asset_lines.csv").open("a", encoding="utf-8") as f:
        f.write("no-such-asset,1,1,nowhere-at-all,,,,traced,high,x,\n")
    with (tmp_path / "corridor_stages.csv").open("a", encoding="utf-8") as f:
        f.write("middle-corridor,new,1,atlantis,\nmiddle-corridor,new,2,almaty,camel\n")
    with pytest.raises(DataIntegrityError) as error:
        step.build(tmp_path, tmp_path / "out", straight)
    for word in ("no-such-asset", "nowhere-at-all", "atlantis", "camel"):
        assert word in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_trace_between_two_points_of_one_edge_runs_straight_along_it(tmp_path: Path) -> None:
    from corridors.network.frames import Graph, make_edges
    from corridors.network.store import write_layers

    nodes = pd.DataFrame(
        {"lon": [70.0, 72.0], "lat": [45.0, 45.0], "country": "KZ", "terminal": ""}
    )
    edge = {"u": 0, "v": 1, "mode": "rail", "country": "KZ", "length_km": 160.0, "gauge_mm": 1520}
    write_layers(Graph(nodes, make_edges([edge])), tmp_path)
    trace = load("trace").tracer(tmp_path)
    for stops in ([(70.5, 45.01), (71.5, 45.01)], [(71.5, 45.01), (70.5, 45.01)]):
        line = trace("rail", stops, 2026)
        assert np.allclose(line[[0, -1], 0], [stops[0][0], stops[1][0]], atol=0.01)
        assert line_length_km(line) == pytest.approx(float(distance_km(*line[0], *line[-1])), 1e-6)
