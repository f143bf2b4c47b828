"""Matrices: the same numbers as routes, missing with a reason, from what people have, in parts."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import corridors
from corridors.cli import main
from corridors.routing import network as network_module
from corridors.routing.engine import ScipyEngine
from corridors.routing.matrix import UNIT
from corridors.routing.parts import read_parts, task_of, write_file
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "KG", "TJ", "TM", "AZ", "GE"}
PLACES = ["Almaty", "Aktau", "Baku", "Poti", "Tashkent", "Osh", "43.30,68.27", "41.5,52.6",
          "Atyrau", "Tbilisi"]  # fmt: skip
VALUE = {"time": lambda r: r.hours.expected, "distance": lambda r: r.length_km,
         "cost": lambda r: r.cost_usd.expected, "co2e": lambda r: r.co2e_kg.expected}  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> corridors.Network:
    return corridors.load_network()


@pytest.fixture(scope="module")
def net(whole) -> corridors.Network:
    return cut_out(whole, SOUTH, south=35.0)


@pytest.fixture(scope="module")
def made() -> corridors.Network:
    return grid(6, seed=3)


def names(net: corridors.Network, n: int = 40) -> list[str]:
    return [p.id for p in net.names.atlas_places()][:n]


@pytest.mark.parametrize("by", list(VALUE))
@pytest.mark.parametrize("modes", [None, "all", ("rail",), ("road",)])
def test_every_pair_equals_its_route(net, by, modes) -> None:
    found = net.matrix(PLACES, by=by, modes=modes)
    assert found.unit == UNIT[by]
    for i, a in enumerate(PLACES):
        for j, b in enumerate(PLACES):
            if i == j:
                continue
            try:
                value = VALUE[by](net.route(a, b, by=by, modes=modes))
            except (corridors.NoRouteError, corridors.SnapError):
                assert np.isnan(found.values[i, j]) and found.reason(i, j), (a, b)
                continue
            # legs are rounded one by one
            assert found.values[i, j] == pytest.approx(value, rel=1e-4, abs=0.05), (a, b)
            assert found.reason(i, j) == ""


def test_one_way_and_closed_lines_hold_both_ways(made) -> None:
    shut = made.closed("border-rail-1", "yard-2")
    for view in (made, shut):
        places = names(view)
        for by in ("time", "cost"):
            found = view.matrix(places, by=by, modes=["rail", "road"])
            for i, j in np.random.default_rng(1).integers(0, len(places), (60, 2)).tolist():
                if i == j:
                    continue
                try:
                    value = VALUE[by](
                        view.route(places[i], places[j], by=by, modes=["rail", "road"])
                    )
                except corridors.NoRouteError:
                    assert np.isnan(found.values[i, j])
                    continue
                assert found.values[i, j] == pytest.approx(value, rel=1e-4, abs=0.05)


def test_scipy_s_engine_gives_the_same_numbers(made, monkeypatch) -> None:
    def plain(tail, head, lat, lon, folder=None):
        return ScipyEngine(tail, head, len(lat))

    monkeypatch.setattr(network_module, "make_engine", plain)
    other = grid.__wrapped__(6, seed=3)
    places = names(made, 25)
    for by in ("time", "distance"):
        a = made.matrix(places, by=by, modes="all").values
        assert np.array_equal(a, other.matrix(places, by=by, modes="all").values, equal_nan=True)
    assert isinstance(other.engine(), ScipyEngine)


def test_unreachable_is_missing_with_the_reason_and_never_zero(net) -> None:
    asked = ["Almaty", "Aktau", "21.3,-157.9", "Baku"]
    found = net.matrix(asked, modes=["rail"])
    assert np.array_equal(np.diag(found.values), [0, 0, np.nan, 0], equal_nan=True)
    off = ~np.eye(4, dtype=bool)
    assert not (found.values[off] == 0).any()
    assert "no open line in reach" in found.reason(0, 2) and "destination" in found.reason(0, 2)
    assert "origin" in found.reason(2, 0)
    assert "do not meet" in found.reason(0, 3) and "rail" in found.reason(0, 3)
    assert (found.reasons[np.isnan(found.values)] != "").all()
    assert np.isnan(found.origins[2].snap_km) and found.origins[0].snap_km < 50
    with pytest.raises(ValueError, match="read-only"):
        found.values[0, 0] = 1.0


def test_a_closed_end_is_missing_with_the_reason(net) -> None:
    found = net.matrix(["Tashkent"], ["aktau-port", "Almaty"], avoid=["aktau-port"])
    assert np.isnan(found.values[0, 0]) and "closed" in found.reason(0, 0)
    assert found.values[0, 1] > 0


def test_road_is_added_where_a_route_would_add_it(net) -> None:
    found = net.matrix(["Osh", "Almaty"], ["Tashkent", "41.43,75.99"])
    notes = [[bool(net.route(a, b).notes) for b in ("Tashkent", "41.43,75.99")]
             for a in ("Osh", "Almaty")]  # fmt: skip
    assert np.array_equal(found.road_added, notes)
    assert found.to_frame()["note"].tolist() == [
        "road added" if x else "" for x in found.road_added.ravel()
    ]


def test_the_frame_is_tidy_with_the_unit_in_the_column(net) -> None:
    frame = net.matrix(["Almaty", "Aktau"], ["Poti"], by="cost").to_frame()
    assert list(frame.columns) == ["origin", "destination", "cost_usd", "reason", "note"]
    assert frame["origin"].tolist() == ["Almaty", "Aktau"]
    assert frame["destination"].tolist() == ["Poti", "Poti"]


def test_places_come_from_names_tables_and_files(net, tmp_path: Path) -> None:
    wanted = net.matrix(["Almaty", "Aktau"], modes="all").values
    almaty, aktau = net.place("Almaty"), net.place("Aktau")
    table = pd.DataFrame({"name": ["Almaty", "Aktau"], "population": [2, 1]})
    points = gpd.GeoDataFrame(
        {"name": ["a", "b"], "country": ["KZ", "KZ"]},
        geometry=gpd.points_from_xy([almaty.lon, aktau.lon], [almaty.lat, aktau.lat]),
        crs="EPSG:4326",
    )
    table.to_csv(tmp_path / "names.csv", index=False)
    (tmp_path / "lines.txt").write_text("Almaty\nAktau\n", encoding="utf-8")
    (tmp_path / "plain.csv").write_text("Almaty\nAktau\n", encoding="utf-8")
    points.to_file(tmp_path / "points.geojson")
    points.to_parquet(tmp_path / "points.parquet")
    table.to_parquet(tmp_path / "names.parquet")
    for what in (table, "names.csv", "lines.txt", "plain.csv", "names.parquet"):
        found = net.matrix(tmp_path / what if isinstance(what, str) else what, modes="all")
        assert np.array_equal(found.values, wanted)
        assert [s.name for s in found.origins] == ["Almaty", "Aktau"]
    for what in (points, points.to_crs(3857), "points.geojson", "points.parquet"):
        found = net.matrix(tmp_path / what if isinstance(what, str) else what, modes="all")
        assert np.allclose(found.values, wanted, rtol=1e-3)
        assert [s.label for s in found.origins] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no places in it"),
        ("name\n", "no places in it"),
        ("name,lat,lon\nA,43,77\nB,43\n", "row 3: 2 cells where the header has 3"),
        ("name,lat,lon\nA,north,77\n", "row 2: lat 'north' is no number"),
        ("name,lat,lon\nA,nan,77\n", "row 2: lat 'nan' is no number"),
        ("name,lat,lon\nA,95,77\n", "row 2: 95"),
        ("name\nAtlantis\n", "row 2: no place is called 'Atlantis'"),
        ("size,colour\n1,red\n", "needs a column name or id, or lat and lon"),
    ],
)
def test_broken_files_get_one_clear_line_and_nothing_is_written(
    net, tmp_path: Path, capsys, text, said
) -> None:
    file = tmp_path / "places.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(corridors.SchemaError) as caught:
        net.matrix(file)
    assert said in str(caught.value) and "places.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(corridors.SchemaError):
        net.write_matrix(tmp_path / "out", file)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["places.csv"]


def test_all_broken_rows_are_told_at_once(net) -> None:
    table = pd.DataFrame({"name": ["Almaty", "Atlantis", "x"], "lat": [None, None, 99.0],
                          "lon": [None, None, 9.0]})  # fmt: skip
    with pytest.raises(corridors.SchemaError, match="2 faults") as caught:
        net.matrix(table)
    assert [f.split(":")[0] for f in caught.value.findings] == ["row 2", "row 3"]


@pytest.mark.parametrize(
    ("terms", "said"),
    [({"by": "speed"}, "criterion"), ({"modes": ["zeppelin"]}, "mode"), ({"year": 1800}, "year"),
     ({"cargo": "parcel"}, "cargo"), ({"avoid": ["Atlantis"]}, "cannot close"),
     ({"threads": 0}, "threads")],
)  # fmt: skip
def test_bad_terms_get_one_clear_line(net, terms, said) -> None:
    with pytest.raises(corridors.CorridorsError, match=said) as caught:
        net.matrix(["Almaty"], **terms)
    assert "\n" not in str(caught.value)


def test_progress_counts_rows(made) -> None:
    seen: list[tuple[int, int]] = []
    made.matrix(names(made, 10), modes="all", progress=lambda done, n: seen.append((done, n)))
    assert seen[-1] == (10, 10)


def test_thousands_of_places_are_joined_in_no_time(whole) -> None:
    from corridors.names import Match
    from corridors.routing.joins import access_of
    from corridors.routing.profile import Profile

    w = whole.weighted(Profile(modes=("rail", "road", "sea", "ferry")))
    rng = np.random.default_rng(0)
    at = rng.integers(0, whole.columns.n_nodes, 2000)
    points = zip(whole.columns.n_lon[at].tolist(), whole.columns.n_lat[at].tolist(), strict=True)
    places = [Match("", "", "point", "", x, y) for x, y in points]
    started = time.process_time()
    found = access_of(whole, places, w)
    assert time.process_time() - started < 4.0
    assert len(np.unique(found.place)) > 1950  # the rest lie at sea


# --- in parts --------------------------------------------------------------------------------


def test_a_file_appears_whole_and_equals_the_frame(made, tmp_path: Path) -> None:
    from corridors.routing.network import question

    places = names(made, 20)
    wanted = made.matrix(places, by="cost", modes="all").to_frame()
    task = task_of(made, places, None, question("cost", "all", (), 2026, None))
    csv = pd.read_csv(write_file(task, tmp_path / "m.csv", rows=7), keep_default_na=False)
    parquet = pd.read_parquet(write_file(task, tmp_path / "m.parquet", rows=7))
    pd.testing.assert_frame_equal(parquet, wanted, check_dtype=False)
    assert csv["origin"].tolist() == wanted["origin"].tolist()
    assert np.allclose(pd.to_numeric(csv["cost_usd"]), wanted["cost_usd"], equal_nan=True)

    def stop(done: int, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(task, tmp_path / "stopped.csv", rows=7, progress=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.csv", "m.parquet"]
    with pytest.raises(corridors.SchemaError, match=r"\.csv or \.parquet"):
        write_file(task, tmp_path / "m.xlsx")


def test_a_stopped_run_goes_on_where_it_was(made, tmp_path: Path) -> None:
    places, folder = names(made, 20), tmp_path / "parts"

    def stop(done: int, n: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.write_matrix(folder, places, modes="all", block_rows=4, progress=stop)
    first = {p.name: p.stat().st_mtime_ns for p in folder.glob("part-*")}
    assert 0 < len(first) < 5
    with pytest.raises(corridors.DataIntegrityError, match="parts are missing"):
        read_parts(folder)
    made.write_matrix(folder, places, modes="all", block_rows=4)
    assert {n: (folder / n).stat().st_mtime_ns for n in first} == first
    wanted = made.matrix(places, modes="all").to_frame()
    pd.testing.assert_frame_equal(read_parts(folder), wanted, check_dtype=False)
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_another_matrix_is_not_written_over_it(made, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    made.write_matrix(folder, names(made, 5), modes="all")
    for other in ({"by": "cost"}, {"avoid": ["yard-0"]}, {"block_rows": 3}):
        with pytest.raises(corridors.SchemaError, match="another matrix"):
            made.write_matrix(folder, names(made, 5), **{"modes": "all", **other})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(corridors.SchemaError, match="holds no matrix"):
        made.write_matrix(tmp_path / "full", names(made, 5), modes="all")


def test_a_network_travels_to_another_process(made, whole) -> None:
    import pickle

    places = names(made, 6)
    other = pickle.loads(pickle.dumps(made.closed("yard-0")))
    here = made.closed("yard-0").matrix(places, modes="all").values
    assert np.array_equal(other.matrix(places, modes="all").values, here, equal_nan=True)
    packed = pickle.dumps(whole.closed("KZ"))
    assert len(packed) < 1_000_000  # by name, not whole
    assert pickle.loads(packed).closures == whole.closed("KZ").closures


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_loses_nothing(made, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    places, folder = names(made, 40), tmp_path / "parts"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None,
            memory_limit=0,
        )  # fmt: skip
        client = distributed.Client(cluster)
        try:
            pids = [w.process.pid for w in cluster.workers.values()]
            killed: list[int] = []

            def kill(done: int, n: int) -> None:
                if not killed and done >= 3:
                    killed.append(pids[0])
                    os.kill(pids[0], signal.SIGKILL)

            made.write_matrix(folder, places, modes="all", block_rows=1, client=client,
                              progress=kill)  # fmt: skip
            assert killed
            with pytest.raises(corridors.SchemaError, match="another matrix"):
                made.write_matrix(folder, places, by="cost", modes="all", client=client)
        finally:
            client.close()
            cluster.close()
    wanted = made.matrix(places, modes="all").to_frame()
    pd.testing.assert_frame_equal(read_parts(folder), wanted, check_dtype=False)
    assert sorted({p.suffix for p in folder.iterdir()}) == [".json", ".parquet"]


# --- the command -----------------------------------------------------------------------------


def test_the_command_prints_and_writes(tmp_path: Path, capsys) -> None:
    file = tmp_path / "o.csv"
    file.write_text("name\nUrumqi\nAlmaty\n", encoding="utf-8")
    assert main(["matrix", str(file), "Aktau; 21.3,-157.9", "--mode", "rail"]) == 0
    out = capsys.readouterr().out
    assert "hours" in out and "no open line in reach" in out
    assert main(["matrix", str(file), "--by", "distance", "-o", str(tmp_path / "m.parquet")]) == 0
    assert pd.read_parquet(tmp_path / "m.parquet")["length_km"].iloc[0] == 0.0
    assert main(["matrix", str(file), "-o", str(tmp_path / "folder")]) == 0
    assert len(read_parts(tmp_path / "folder")) == 4
    capsys.readouterr()
    for argv, said in (
        (["matrix", str(tmp_path / "none.csv")], "no such file"),
        (["matrix", str(file), "--by", "speed"], "criterion"),
        (["matrix", str(file), "-o", str(tmp_path / "m.xlsx")], ".csv or .parquet"),
        (["matrix", str(file), "--scheduler", "tcp://127.0.0.1:1"], "-o FOLDER"),
    ):
        assert main(argv) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "m.parquet", "o.csv"]
