"""PostGIS: networks and tables in a real server, started for these tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import corridors
import networks
import postgres
from corridors.cli import main
from corridors.errors import SchemaError
from corridors.io import postgis
from corridors.io.costs import edge_costs
from corridors.io.tables import checked, network_of_tables, save_tables
from networks import small_networks

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    binaries = postgres.bin_folder()
    if binaries is None:
        pytest.skip("no PostgreSQL with PostGIS: install postgresql-15-postgis-3")
    with postgres.server(binaries) as found:
        yield found


def ask(url: str, text: str, **values: object) -> list[tuple]:
    import sqlalchemy as sa

    with postgis.connection(url) as base:
        return [tuple(r) for r in base.execute(sa.text(text), values).fetchall()]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(frames=small_networks())
def test_a_round_trip_changes_nothing(url, frames) -> None:
    tables = checked(*frames)
    assert postgis.write_network(tables, url, schema="trip", replace=True)
    networks.assert_same(postgis.read_network(url, schema="trip"), tables)


def test_the_edges_are_as_pgrouting_wants_them(url) -> None:
    tables = checked(*networks.SAMPLE)
    net = network_of_tables(tables)
    cost = edge_costs(tables, net, "time", 2010)
    postgis.write_network(tables, url, cost, schema="pgr", replace=True)
    rows = ask(url, "SELECT id, source, target, cost, reverse_cost FROM pgr.edges ORDER BY id")
    assert [r[:3] for r in rows] == [(1, 1, 2), (2, 1, 4), (3, 4, 2), (4, 2, 3), (5, 3, 5),
                                     (6, 5, 6)]  # fmt: skip
    assert rows[2][3:] == (-1.0, -1.0)  # not there before 2020
    assert rows[5][3:] == (14.0, 14.0)  # the user's own hours
    assert all(cost > 0 for _, _, _, cost, _ in rows[:2])
    query = """SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = :s AND table_name = :t"""
    types = dict(ask(url, query, s="pgr", t="edges"))
    assert types["id"] == types["source"] == types["target"] == "bigint"
    assert types["cost"] == "double precision"
    ends = ask(url, """SELECT bool_and(ST_StartPoint(e.geom) = a.geom AND ST_EndPoint(e.geom) =
        b.geom) FROM pgr.edges e JOIN pgr.nodes a ON a.id = e.source JOIN pgr.nodes b
        ON b.id = e.target WHERE e.geom IS NOT NULL""")  # fmt: skip
    assert ends == [(True,)]
    assert ask(url, "SELECT DISTINCT ST_SRID(geom) FROM pgr.nodes") == [(4326,)]


def test_the_atlas_goes_in_and_comes_back_through_the_validator(url) -> None:
    atlas = corridors.load_atlas()
    some = atlas.places[atlas.places["country"] == "AM"].reset_index(drop=True)
    lines = atlas.assets.head(5).reset_index(drop=True)
    geo = {n: f.rename_geometry("geom") for n, f in (("places", some), ("assets", lines))}
    postgis.write_frames({**geo, "corridors": atlas.corridors}, url, schema="atlas", replace=True)
    back = postgis.read_checked(url, "places", "places", schema="atlas")
    assert back.sort_values("id")["name"].tolist() == some.sort_values("id")["name"].tolist()
    assert back.crs.to_epsg() == 4326
    assert len(postgis.read_frame(url, "corridors", schema="atlas")) == len(atlas.corridors)
    ask(url, "SELECT 1")
    bad = geo["places"].assign(confidence="certain")
    postgis.write_frames({"places": bad}, url, schema="atlas", replace=True)
    with pytest.raises(SchemaError, match="'certain' is not one of"):
        postgis.read_checked(url, "places", "places", schema="atlas")


def test_another_coordinate_system_is_reprojected_and_none_is_refused(url) -> None:
    postgis.write_network(checked(*networks.SAMPLE), url, schema="metres", replace=True)
    with postgis.connection(url) as base:
        import sqlalchemy as sa

        for table, kind in (("nodes", "Point"), ("edges", "LineString")):
            change = f"geometry({kind}, 3857) USING ST_Transform(geom, 3857)"
            base.execute(sa.text(f"ALTER TABLE metres.{table} ALTER COLUMN geom TYPE {change}"))
    back = postgis.read_network(url, schema="metres")
    assert np.allclose(back.nodes["lon"], [50, 51, 52, 51, 52, 54], atol=1e-9)
    with postgis.connection(url) as base:
        base.execute(sa.text("ALTER TABLE metres.nodes ALTER COLUMN geom TYPE geometry(Point, 0) "
                             "USING ST_SetSRID(geom, 0)"))  # fmt: skip
    with pytest.raises(SchemaError, match="SRID 0"):
        postgis.read_network(url, schema="metres")


def test_hostile_values_are_values_and_hostile_names_are_refused(url) -> None:
    nodes, edges = networks.SAMPLE
    hostile = "'); DROP TABLE hostile.nodes; --"
    tables = checked(nodes.assign(name=hostile), edges)
    postgis.write_network(tables, url, schema="hostile", replace=True)
    assert set(postgis.read_network(url, schema="hostile").nodes["name"]) == {hostile}
    for schema in ('x"; DROP SCHEMA hostile; --', "", "a b", "ü", "x" * 64):
        with pytest.raises(SchemaError, match="is no name for a schema"):
            postgis.write_network(tables, url, schema=schema)
    with pytest.raises(SchemaError, match="is no name for a column of edges"):
        postgis.write_network(checked(nodes, edges.assign(**{'a"b': "1"})), url, schema="hostile")
    with pytest.raises(SchemaError, match="is no name for a table"):
        postgis.read_frame(url, "nodes; SELECT 1", schema="hostile")


def test_what_is_there_is_replaced_only_on_demand_and_as_a_whole(url, monkeypatch) -> None:
    tables = checked(*networks.SAMPLE)
    postgis.write_network(tables, url, schema="once")
    with pytest.raises(SchemaError, match=r"once\.nodes is there already"):
        postgis.write_network(tables, url, schema="once")
    broken = {"nodes": pd.DataFrame({"id": [1]}), "edges": pd.DataFrame({"id": [object()]})}
    with pytest.raises(SchemaError):
        postgis.write_frames(broken, url, schema="once", replace=True)
    networks.assert_same(postgis.read_network(url, schema="once"), tables)


def test_a_wrong_database_is_one_line_without_the_password(url, capsys, tmp_path) -> None:
    plain = url.replace("/gis?", "/plain?")
    for wrong, said in (
        (plain, "has no PostGIS"),
        (url.replace("/gis?", "/nowhere?"), 'database "nowhere" does not exist'),
        ("postgresql://me:secret@localhost:1/x", "postgresql://me:***@localhost:1/x"),
        ("postgresql://me:secret@host:port/x", "no database is named so"),
    ):
        assert main(["import", "postgis", wrong, "-o", str(tmp_path / "net")]) == 2
        told = capsys.readouterr().err
        assert said in told and "secret" not in told and "Traceback" not in told
        assert not (tmp_path / "net").exists()
    postgis.write_network(checked(*networks.SAMPLE), url, schema="here", replace=True)
    assert main(["import", "postgis", url, "--edges", "nothing", "--schema", "here",
                 "-o", str(tmp_path / "net")]) == 2  # fmt: skip
    assert "there is no table here.nothing" in capsys.readouterr().err


def test_the_commands_write_and_read_a_network(url, tmp_path, own_cache, capsys) -> None:
    save_tables(checked(*networks.SAMPLE), tmp_path / "net")
    out = ["--what", "network", "--network", str(tmp_path / "net"), "--schema", "cli"]
    assert main(["export", "-o", url, *out]) == 0
    assert main(["export", "-o", url, *out]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["export", "-o", url, *out, "--replace", "--by", "distance"]) == 0
    assert main(["import", "postgis", url, "--schema", "cli", "-o", str(tmp_path / "again")]) == 0
    assert "6 nodes, 6 edges" in capsys.readouterr().out
    again = corridors.load_network(tmp_path / "again")
    assert again.route("Alpha", "Gamma", modes=["rail"]).length_km == 190.0
