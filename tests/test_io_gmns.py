"""GMNS in and out: nothing that the format can hold is changed, and bad folders give one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import corridors
import networks
from corridors.errors import SchemaError
from corridors.io.gmns import read_gmns, write_gmns
from corridors.io.tables import checked, read_saved, save_tables
from networks import small_networks

NODE = "node_id,name,x_coord,y_coord,node_type\n1,One,50,40,station\n2,Two,51,40,\n"
LINK = "link_id,from_node_id,to_node_id,directed,length,allowed_uses\n1,1,2,true,60,auto\n"
CONFIG = "dataset_name,long_length,speed,crs\nx,mile,mph,4326\n"


def folder(tmp_path: Path, node: str = NODE, link: str = LINK, config: str | None = CONFIG) -> Path:
    files = {"node.csv": node, "link.csv": link, "config.csv": config}
    out = tmp_path / "gmns"
    out.mkdir()
    for name, text in files.items():
        if text is not None:
            (out / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return out


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames=small_networks())
def test_a_round_trip_changes_nothing(frames, tmp_path_factory) -> None:
    tables = checked(*frames)
    target = tmp_path_factory.mktemp("gmns") / "net"
    assert write_gmns(tables, target)  # what it cannot hold is listed
    networks.assert_same(read_gmns(target), tables)


def test_units_and_use_classes_are_honoured(tmp_path) -> None:
    tables = read_gmns(folder(tmp_path))
    edge = tables.edges.iloc[0]
    assert edge["mode"] == "road" and edge["oneway"]
    assert edge["length_km"] == pytest.approx(60 * 1.609344)
    net = corridors.from_frames(tables.nodes, tables.edges)
    assert net.route("One", "Two", modes=["road"]).length_km == pytest.approx(96.6, abs=0.05)


def test_free_speed_becomes_hours_and_the_reader_is_told(tmp_path) -> None:
    link = LINK.replace("auto", "auto,30").replace("allowed_uses", "allowed_uses,free_speed")
    link = link.replace("auto,30", "truck,30")
    tables = read_gmns(folder(tmp_path, link=link))
    assert tables.edges["hours"].tolist() == [pytest.approx(2.0)]
    assert any("free_speed" in note for note in tables.notes)


def test_a_projected_network_is_brought_to_degrees(tmp_path) -> None:
    node = "node_id,x_coord,y_coord\n1,500000,4427757.2\n2,585000,4427757.2\n"
    config = "long_length,crs\nkm,EPSG:32639\n"
    tables = read_gmns(folder(tmp_path, node, LINK.replace(",60,", ",90,"), config))
    assert tables.nodes["lon"].iloc[0] == pytest.approx(51.0, abs=1e-6)
    assert tables.nodes["lat"].iloc[0] == pytest.approx(40.0, abs=1e-4)


def test_further_columns_and_files_are_kept_or_named(tmp_path) -> None:
    link = LINK.replace("allowed_uses", "allowed_uses,lanes").replace("auto", "auto,2")
    source = folder(tmp_path, link=link)
    (source / "lane.csv").write_text("lane_id\n1\n")
    tables = read_gmns(source)
    assert tables.edges["lanes"].tolist() == ["2"]
    assert any("lane.csv" in note for note in tables.notes)
    save_tables(tables, tmp_path / "saved")
    write_gmns(read_saved(tmp_path / "saved"), tmp_path / "again")
    assert "2" in pd.read_csv(tmp_path / "again" / "link.csv", dtype=str)["lanes"].tolist()


@pytest.mark.parametrize(
    ("node", "link", "config", "said"),
    [
        (NODE, LINK.replace("1,1,2", "1,1,9"), CONFIG, "row 2, to_node_id: there is no node '9'"),
        (NODE, LINK.replace("60", "-60"), CONFIG, "link.csv row 2, length: is -60"),
        (NODE + "1,Twin,52,40,\n", LINK, CONFIG, "node.csv row 4, node_id: '1' is in row 2"),
        (NODE, LINK + "1,2,1,true,60,auto\n", CONFIG, "link.csv row 3, link_id: '1' is in row 2"),
        (NODE.replace("x_coord", "x"), LINK, CONFIG, "node.csv: the column x_coord is missing"),
        (NODE, LINK.replace("auto", "hovercraft"), CONFIG, "row 2, allowed_uses: 'hovercraft'"),
        (NODE, LINK, None, "there is no config.csv that names the crs; give it with --crs"),
        (NODE, LINK, CONFIG.replace("4326", "EPSG:999999"), "'EPSG:999999' is unknown"),
        (NODE, LINK, CONFIG.replace("4326", "32642"), "look like degrees"),
        (NODE, LINK, CONFIG.replace("mile", "parsec"), "the unit of lengths is 'parsec'"),
        (NODE.replace("40", "four"), LINK, CONFIG, "node.csv row 2, y_coord: 'four' is no number"),
        ("", LINK, CONFIG, "node.csv: is empty"),
        (NODE.encode().replace(b"One", b"\xc4l"), LINK, CONFIG, "row 2 holds bytes that are not"),
        (NODE, LINK + "2,1\n", CONFIG, "row 3 has 2 cells, the header has 6"),
    ],
)  # fmt: skip
def test_bad_folders_give_one_clear_line(tmp_path, node, link, config, said, capsys) -> None:
    source = folder(tmp_path, node, link, config)
    with pytest.raises(SchemaError) as caught:
        read_gmns(source)
    assert said in str(caught.value)
    from corridors.cli import main

    assert main(["import", "gmns", str(source), "-o", str(tmp_path / "net")]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
    assert not (tmp_path / "net").exists()
    assert not list(tmp_path.glob(".writing-*"))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path) -> None:
    assert len(read_gmns(folder(tmp_path, node="\ufeff" + NODE)).nodes) == 2


def test_a_folder_with_something_else_in_it_is_not_overwritten(tmp_path) -> None:
    tables = checked(*networks.SAMPLE)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(SchemaError, match=r"holds thesis\.txt"):
        write_gmns(tables, tmp_path / "full")
    with pytest.raises(SchemaError, match="is no saved network"):
        save_tables(tables, tmp_path / "full")
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


def test_a_saved_network_routes_as_the_one_in_memory(tmp_path, own_cache) -> None:
    tables = checked(*networks.SAMPLE)
    save_tables(tables, tmp_path / "net")
    networks.assert_same(read_saved(tmp_path / "net"), tables, in_order=False)
    saved, memory = (
        corridors.load_network(tmp_path / "net"),
        corridors.from_frames(*networks.SAMPLE),
    )
    for a, b in (("Alpha", "Port Q"), ("a", "c"), ("Delta", "Beta")):
        assert saved.route(a, b).to_dict()["legs"] == memory.route(a, b).to_dict()["legs"]
    with pytest.raises(corridors.NoRouteError):
        saved.closed("quay").route("Alpha", "Port Q")
