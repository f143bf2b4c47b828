"""Real railways of a country, as PBF: lengths, gauges and routes against the raw file.

The railways are OpenStreetMap's, as the shipped layer has them, written as an extract. With
CORRIDORS_OSM_EXTRACT=FILE.osm.pbf the same is asked of any extract that lies on the machine.
"""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmium
import pytest
from pyproj import Geod

import corridors
import osm_extracts
from corridors.osm import import_osm
from corridors.osm.tags import SERVICES, USAGES
from corridors.routing.profile import DATA_YEAR

GEOD = Geod(ellps="WGS84")
REAL = os.environ.get("CORRIDORS_OSM_EXTRACT")


class Raw:
    """An extract as osmium reads it, looked at without the library."""

    def __init__(self, file: Path) -> None:
        self.km: defaultdict[str, float] = defaultdict(float)
        self.gauges: set[str] = set()
        self.graph = nx.Graph()
        self.at: dict[int, tuple[float, float]] = {}
        for way in osmium.FileProcessor(str(file)).with_locations():
            if not way.is_way():
                continue
            tags = dict(way.tags)
            kind = tags.get("railway")
            if kind in ("construction", "proposed"):
                kind = tags.get(kind)
            if kind != "rail" or tags.get("usage", "") not in USAGES:
                continue
            if tags.get("service", "") not in SERVICES:
                continue
            points = [(n.ref, n.lon, n.lat) for n in way.nodes]
            _, lon, lat = zip(*points, strict=True)
            self.km[f"rail {tags.get('usage') or 'untyped'}"] += GEOD.line_length(lon, lat) / 1000.0
            self.gauges |= set(tags.get("gauge", "").split(";")) - {""}
            # what is being built counts from its year on
            built = tags.get("railway") == "rail" or (
                tags.get("railway") == "construction"
                and int(tags.get("opening_date", "9999")[:4]) <= DATA_YEAR
            )
            if not built or tags.get("railway:traffic_mode") == "passenger":
                continue
            for gauge in tags.get("gauge", "").split(";"):
                for (a, ax, ay), (b, bx, by) in itertools.pairwise(points):
                    self.at[a], self.at[b] = (ax, ay), (bx, by)
                    one = (GEOD.inv(ax, ay, bx, by)[2]) / 1000.0
                    if (
                        a != b
                        and one
                        < self.graph.get_edge_data((a, gauge), (b, gauge), {"km": np.inf})["km"]
                    ):
                        self.graph.add_edge((a, gauge), (b, gauge), km=one)


def check(raw: Raw, report: dict[str, Any], net: corridors.Network, pairs: int) -> None:
    assert report["km_by_type"] == pytest.approx(dict(raw.km), rel=0.01)
    assert set(map(int, raw.gauges)) == {int(g) for g in report["km_by_gauge"] if g != "unknown"}
    edges = net.edges_frame(mode="rail")
    assert set(map(int, raw.gauges)) <= set(edges["gauge_mm"])
    rng = np.random.default_rng(0)
    parts = sorted(nx.connected_components(raw.graph), key=len, reverse=True)
    nodes = sorted(parts[0])
    asked = 0
    for a, b in rng.choice(len(nodes), size=(pairs, 2)):
        (na, ga), (nb, gb) = nodes[a], nodes[b]
        want = nx.dijkstra_path_length(raw.graph, (na, ga), (nb, gb), weight="km")
        (ax, ay), (bx, by) = raw.at[na], raw.at[nb]
        route = net.route((ay, ax), (by, bx), by="distance", modes=["rail"])
        # positions are kept to five decimals, a metre
        assert route.origin.snap_km < 0.01 and route.destination.snap_km < 0.01
        assert route.length_km == pytest.approx(want, rel=2e-4, abs=0.05)
        asked += 1
    assert asked == pairs


@pytest.fixture(scope="module")
def kazakh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    where = tmp_path_factory.mktemp("kz")
    file = osm_extracts.railway_of("KZ", where / "kz.osm.pbf")
    (report,) = import_osm(file, where / "net", alone=True)
    return file, where / "net", report


def test_lengths_gauges_and_routes_of_a_country(kazakh: tuple[Path, Path, dict[str, Any]]) -> None:
    file, folder, report = kazakh
    raw = Raw(file)
    assert sum(raw.km.values()) > 10_000
    assert raw.gauges == {"1435", "1520"}
    check(raw, report, corridors.load_network(folder), 25)


def test_the_file_is_told(kazakh: tuple[Path, Path, dict[str, Any]]) -> None:
    _, folder, report = kazakh
    assert report["date"] == "2026-11-01T00:00:00Z" and report["date_from"] == "file header"
    assert report["attribution"] == "© OpenStreetMap contributors"
    assert report["licence"] == "ODbL-1.0"
    assert report["left_out"] == {} and report["ways_with_missing_nodes"] == 0
    import json

    (kept,) = json.loads((folder / "import.json").read_text(encoding="utf-8"))["imports"]
    assert kept["km_by_type"] == report["km_by_type"]


def test_edges_keep_what_the_tags_say(kazakh: tuple[Path, Path, dict[str, Any]]) -> None:
    import geopandas as gpd

    _, folder, report = kazakh
    rail = gpd.read_parquet(folder / "network_rail.parquet")
    lines = rail[rail["kind"] == "line"]
    assert (lines["origin"] == "extract:kz.osm.pbf").all()
    assert set("|".join(lines["osm_ways"]).split("|")) == {
        str(i + 1) for i in range(report["ways"])
    }
    assert set(lines["type"]) <= {"main", "branch", ""}
    assert (lines["gauge_from"] == "tag").all()
    assert (lines["country"] == "KZ").mean() > 0.99
    assert len(lines) < report["ways"]  # chains of ways are one edge
    dated = lines[lines["status"] == "construction"]
    assert len(dated)
    geod = lines.geometry.iloc[:50]
    for shape, length in zip(geod, lines["length_km"], strict=False):
        assert GEOD.geometry_length(shape) / 1000.0 == pytest.approx(length, rel=1e-3, abs=0.02)


@pytest.mark.parametrize("ending", [".osm", ".osm.bz2", ".osm.gz"])
def test_all_formats_give_the_same(
    ending: str, kazakh: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    from corridors.osm.read import read_extract

    file = kazakh[0]
    copy = tmp_path / f"copy{ending}"
    with osmium.SimpleWriter(str(copy)) as writer:
        for thing in osmium.FileProcessor(str(file)):
            writer.add(thing)
    a, b = (read_extract(f, ("rail",)) for f in (file, copy))
    assert a.ways.kinds == b.ways.kinds
    for name in ("id", "kind", "offset", "ref", "x", "y"):
        assert np.array_equal(getattr(a.ways, name), getattr(b.ways, name)), name


def test_a_store_in_a_scratch_file_gives_the_same(
    kazakh: tuple[Path, Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import tempfile

    from corridors.osm import memory
    from corridors.osm.read import read_extract

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    a = read_extract(kazakh[0], ("rail",))
    for name, value in (("BASE_MB", 0.0), ("SHARE", 1.0), ("GRAPH_BYTES", 1.0)):
        monkeypatch.setattr(memory, name, value)
    # room for the graph and half of the store
    room = 8 * kazakh[0].stat().st_size / memory.BYTES_PER_NODE["pbf"] / 1e6
    assert not memory.plan(kazakh[0], "pbf", room).in_memory
    b = read_extract(kazakh[0], ("rail",), memory_mb=room)
    assert np.array_equal(a.ways.x, b.ways.x) and np.array_equal(a.ways.y, b.ways.y)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(REAL is None, reason="CORRIDORS_OSM_EXTRACT names no extract")
def test_an_extract_from_elsewhere(tmp_path: Path) -> None:
    assert REAL is not None
    raw = Raw(Path(REAL))
    (report,) = import_osm(REAL, tmp_path / "net", alone=True, incomplete=True)
    check(raw, report, corridors.load_network(tmp_path / "net"), 20)
