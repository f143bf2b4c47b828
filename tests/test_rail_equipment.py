"""Electrification and tracks: the table, its sections on the lines, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import corridors
from corridors.network.chains import contract
from corridors.network.frames import DEFAULTS, Graph, make_edges, split_edge
from corridors.network.gaps import join_gaps
from corridors.network.store import (
    ELECTRIFIED,
    compile_columns,
    electrified_codes,
    known_equipment,
    load_columns,
    save_columns,
    write_layers,
)
from corridors.routing.profile import Profile

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"
SYSTEMS = {"", "25 kV 50 Hz", "3 kV DC", "15 kV 16.7 Hz"}


# ── the table ──


@pytest.fixture(scope="module")
def table(sections: ModuleType) -> pd.DataFrame:
    return sections.read(TABLES, "rail_equipment.csv", sections.EQUIPMENT_COLUMNS)


def test_every_row_says_something_in_the_words_there_are(
    table: pd.DataFrame, sections: ModuleType
) -> None:
    assert list(table.columns[:-1]) == sections.EQUIPMENT_COLUMNS
    assert len(table) > 150
    assert set(table["electrified"]) == {"yes", "no", ""}
    assert set(table["tracks"]) <= {"", "1", "2", "3", "4"}
    assert set(table["system"]) <= SYSTEMS
    silent = (table["electrified"] == "") & (table["tracks"] == "")
    assert not silent.any(), table[silent]
    # a current where there are no wires
    odd = (table["system"] != "") & (table["electrified"] != "yes")
    assert not odd.any(), table[odd]
    years = pd.to_numeric(table.loc[table["from_year"] != "", "from_year"])
    assert years.between(1850, 2040).all()
    assert not table.duplicated(["line", "from", "to"]).any()
    assert (table[["line", "from", "to"]] != "").all(axis=None)


def test_every_row_has_a_source_and_memory_is_not_called_more_than_it_is(
    table: pd.DataFrame,
) -> None:
    assert table["source"].str.len().min() > 10
    assert set(table["confidence"]) <= {"high", "medium", "low"}
    memory = table["source"].str.contains("general knowledge")
    assert set(table.loc[memory, "confidence"]) <= {"medium", "low"}
    # the lines that matter most do not rest on memory alone
    assert (~table["source"].str.startswith("general knowledge")).mean() > 0.4


def test_sections_are_of_a_size_and_follow_on(table: pd.DataFrame, sections: ModuleType) -> None:
    for r in table.itertuples(index=False):
        points = np.array(r.points)
        assert points[:, 0].min() > -12 and points[:, 0].max() < 150
        assert points[:, 1].min() > 0 and points[:, 1].max() < 78
        km = sections.line_length_km(points)
        assert 5 < km < 1000, f"{r.line}: {km:.0f} km"
    # one station of a line has one position, or its sections would not be traced as one line
    ends = pd.concat([
        table[["line", x, f"{x}_lat", f"{x}_lon"]].set_axis(["line", "at", "lat", "lon"], axis=1)
        for x in ("from", "to")
    ])  # fmt: skip
    assert (ends.drop_duplicates().groupby(["line", "at"]).size() == 1).all()


# ── sections on lines ──

# one degree of longitude at the 45th parallel is 78.8 km
A, B, C = (70.0, 45.0), (70.5, 45.0), (71.0, 45.0)


def graph(points: list[tuple[float, float]], edges: list[tuple[int, int, float]]) -> Graph:
    lon, lat = np.array(points).T
    nodes = pd.DataFrame({"lon": lon, "lat": lat, "country": "KZ"})
    rows = [
        {"u": u, "v": v, "length_km": km, "mode": "rail", "origin": "osm", "country": "KZ",
         "gauge_mm": 1520}
        for u, v, km in edges
    ]  # fmt: skip
    return Graph(nodes, make_edges(rows))


def said(line: str, a: tuple[float, float], b: tuple[float, float],
         **more: object) -> dict[str, object]:  # fmt: skip
    return {
        "line": line, "from": "A", "from_lat": a[1], "from_lon": a[0], "to": "B", "to_lat": b[1],
        "to_lon": b[0], "via": "", "electrified": "yes", "system": "", "tracks": "2",
        "from_year": "", "confidence": "low", "source": "x", **more,
    }  # fmt: skip


def equipped(
    sections: ModuleType, net: Graph, rows: list[dict[str, object]], tmp_path: Path
) -> tuple[Graph, list[str]]:
    pd.DataFrame(rows).to_csv(tmp_path / "rail_equipment.csv", index=False)
    read = sections.read(tmp_path, "rail_equipment.csv", sections.EQUIPMENT_COLUMNS)
    out, found = sections.equip(net, read)
    return out, found["verdict"].tolist()


def state(net: Graph) -> list[tuple[str, int]]:
    return list(zip(net.edges["electrified"], net.edges["tracks"], strict=True))


def test_a_section_marks_its_edges_and_no_others(sections: ModuleType, tmp_path: Path) -> None:
    branch = (70.5, 45.4)
    net = graph([A, B, C, branch], [(0, 1, 40.0), (1, 2, 40.0), (1, 3, 46.0)])
    out, verdicts = equipped(sections, net, [said("L", A, C)], tmp_path)
    assert verdicts == ["applied"]
    assert state(out) == [("yes", 2), ("yes", 2), ("", 0)]


def test_a_section_that_ends_on_a_long_edge_cuts_it(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, C], [(0, 1, 80.0)])
    out, _ = equipped(sections, net, [said("L", A, (70.5, 45.01))], tmp_path)
    assert len(out.nodes) == 3
    assert sorted(state(out)) == [("", 0), ("yes", 2)]
    assert out.edges["length_km"].sum() == pytest.approx(80.0)


def test_another_line_is_refused_and_said(sections: ModuleType, tmp_path: Path) -> None:
    detour = (70.5, 45.5)
    net = graph([A, C, detour], [(0, 2, 90.0), (2, 1, 90.0)])
    out, verdicts = equipped(sections, net, [said("L", A, C)], tmp_path)
    assert verdicts[0].startswith("not a direct line")
    assert state(out) == [("", 0), ("", 0)]
    none, verdicts = equipped(sections, net, [said("L", A, (75.0, 45.0))], tmp_path)
    assert verdicts == ["no path"] and state(none) == [("", 0), ("", 0)]


def test_the_earlier_row_holds_and_an_empty_cell_says_nothing(
    sections: ModuleType, tmp_path: Path
) -> None:
    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 40.0)])
    rows = [said("One", A, B, electrified="no", tracks=""), said("Two", A, C)]
    out, _ = equipped(sections, net, rows, tmp_path)
    assert state(out) == [("no", 2), ("yes", 2)]


def test_what_begins_later_is_not_yet(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, B], [(0, 1, 40.0)])
    later = str(sections.EQUIPMENT_YEAR + 1)
    out, verdicts = equipped(sections, net, [said("L", A, B, from_year=later)], tmp_path)
    assert verdicts == [f"begins in {later}"] and state(out) == [("", 0)]
    now = str(sections.EQUIPMENT_YEAR)
    out, _ = equipped(sections, net, [said("L", A, B, from_year=now)], tmp_path)
    assert state(out) == [("yes", 2)]


def test_the_track_beside_is_of_the_same_line(sections: ModuleType, tmp_path: Path) -> None:
    beside, apart = (70.5, 45.001), (70.5, 45.15)
    points = [A, B, C, beside, apart]
    net = graph(points, [(0, 1, 40.0), (1, 2, 40.0), (0, 3, 40.1), (3, 2, 40.1), (0, 4, 43.0),
                         (4, 2, 43.0)])  # fmt: skip
    out, _ = equipped(sections, net, [said("L", A, C)], tmp_path)
    assert state(out) == [("yes", 2)] * 4 + [("", 0)] * 2


def test_the_build_applies_the_table_and_tells(sections: ModuleType, tmp_path: Path) -> None:
    for name, columns in (("line_kilometres.csv", sections.SECTION_COLUMNS),
                          ("passenger_lines.csv", sections.PASSENGER_COLUMNS)):  # fmt: skip
        pd.DataFrame(columns=columns).to_csv(tmp_path / name, index=False)
    rows = [said("Good", A, C), said("Lost", A, (75.0, 45.0))]
    pd.DataFrame(rows).to_csv(tmp_path / "rail_equipment.csv", index=False)
    told: list[str] = []

    class Told:
        def say(self, text: str) -> None:
            told.append(text)

    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 40.0)])
    out = sections.apply(net, tmp_path, Told())
    assert state(out) == [("yes", 2), ("yes", 2)]
    assert any("Lost" in t and "no path" in t for t in told)
    assert any("1 of 2 sections applied, 80 km" in t for t in told)


# ── what becomes of them ──


def known(net: Graph, wires: list[str], tracks: list[int]) -> Graph:
    return Graph(net.nodes, net.edges.assign(electrified=wires, tracks=tracks))


@pytest.mark.parametrize(
    ("wires", "tracks", "left"),
    [
        (["yes", "yes"], [2, 2], 1),
        (["yes", ""], [2, 2], 2),
        (["yes", "no"], [1, 1], 2),
        (["yes", "yes"], [2, 1], 2),
        (["", ""], [0, 0], 1),
    ],
)
def test_chains_are_contracted_where_equal(wires: list[str], tracks: list[int], left: int) -> None:
    net = known(graph([A, B, C], [(0, 1, 40.0), (1, 2, 41.0)]), wires, tracks)
    small = contract(net)
    assert len(small.edges) == left
    assert sorted(set(state(small))) == sorted(set(zip(wires, tracks, strict=True)))
    assert small.edges["length_km"].sum() == pytest.approx(81.0)


def test_chains_of_a_network_of_before_are_contracted() -> None:
    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 41.0)])
    old = Graph(net.nodes, net.edges.drop(columns=["electrified", "tracks"]))
    assert len(contract(old).edges) == 1


def test_parts_of_a_cut_edge_keep_what_is_known() -> None:
    net = known(graph([A, C], [(0, 1, 80.0)]), ["yes"], [2])
    line = np.array([A, C])
    _, parts = split_edge(net.edges.iloc[0].to_dict(), line, [0.25, 0.5], [])
    assert [(p["electrified"], p["tracks"]) for p in parts] == [("yes", 2)] * 3


def test_a_joined_gap_is_not_known_and_its_neighbours_stay() -> None:
    points = [(70.0, 45.0), (70.1, 45.0), (70.101, 45.0), (70.2, 45.0)]
    net = known(graph(points, [(0, 1, 8.0), (2, 3, 8.0)]), ["yes", "no"], [2, 1])
    out = join_gaps(net, mode="rail", over_water=lambda x, _: np.zeros(len(x), dtype=bool))
    assert state(out)[:2] == [("yes", 2), ("no", 1)]
    assert len(out.edges) == 3 and state(out)[2] == ("", 0)


def test_defaults_are_unknown() -> None:
    assert (DEFAULTS["electrified"], DEFAULTS["tracks"]) == ("", 0)
    assert ELECTRIFIED[0] == ""


# ── on disk and in frames ──


def saved(folder: Path, net: Graph) -> list[Path]:
    nodes = net.nodes.assign(terminal="")
    rows = write_layers(Graph(nodes, net.edges), folder, level=3)
    return [folder / name for name in rows if name != "network_nodes.parquet"]


def test_columns_are_written_compiled_mapped_and_shown(tmp_path: Path) -> None:
    net = known(graph([A, B, C], [(0, 1, 40.0), (1, 2, 41.0)]), ["yes", ""], [2, 0])
    layers = saved(tmp_path / "net", net)
    file = pq.read_table(tmp_path / "net" / "network_rail.parquet")
    assert file.column("electrified").to_pylist() == ["yes", ""]
    assert file.column("tracks").to_pylist() == [2, 0]
    columns = compile_columns(tmp_path / "net" / "network_nodes.parquet", layers)
    save_columns(columns, tmp_path / "home")
    mapped = load_columns(tmp_path / "home")
    assert [ELECTRIFIED[i] for i in mapped.e_electrified] == ["yes", ""]
    assert mapped.e_tracks.tolist() == [2, 0]
    loaded = corridors.load_network(tmp_path / "net")
    frame = loaded.edges_frame(mode="rail")
    assert frame["electrified"].tolist() == ["yes", ""] and frame["tracks"].tolist() == [2, 0]


def test_a_file_of_before_the_columns_is_unknown(tmp_path: Path) -> None:
    net = known(graph([A, B, C], [(0, 1, 40.0), (1, 2, 41.0)]), ["yes", "no"], [2, 1])
    for path in saved(tmp_path / "net", net):
        table = pq.read_table(path)
        pq.write_table(table.drop_columns(["electrified", "tracks"]), path)
    frame = corridors.load_network(tmp_path / "net").edges_frame(mode="rail")
    assert frame["electrified"].tolist() == ["", ""] and frame["tracks"].tolist() == [0, 0]
    assert frame["length_km"].tolist() == pytest.approx([40.0, 41.0])


def test_imported_words_mean_yes_no_or_not_known() -> None:
    told = ["contact_line 25000 V 50 Hz", "rail", "yes", "no", "", None, "unknown", "false"]
    assert [ELECTRIFIED[i] for i in electrified_codes(told)] == [
        "yes", "yes", "yes", "no", "", "", "", "no"
    ]  # fmt: skip
    table = pa.table({"u": [0, 1, 2], "tracks": [2.0, None, float("nan")]})
    wires, tracks = known_equipment(table)
    assert wires.tolist() == [0, 0, 0] and tracks.tolist() == [2, 0, 0]
    assert known_equipment(pa.table({"tracks": ["2", "many"]}))[1].tolist() == [2, 0]


def test_networkx_and_own_tables_carry_them() -> None:
    nodes = pd.DataFrame({"id": ["a", "b", "c"], "lon": [50.0, 51.0, 52.0], "lat": 40.0})
    edges = pd.DataFrame({"u": ["a", "b"], "v": ["b", "c"], "mode": "rail", "country": "KZ"})
    edges = edges.assign(electrified=["no", ""], tracks=[1, 0])
    net = corridors.from_frames(nodes.assign(country="KZ"), edges)
    made = net.to_networkx(Profile(by="distance", modes=("rail",)))
    shown = [(d["electrified"], d["tracks"]) for _, _, d in made.edges(data=True)]
    assert sorted(shown) == [("", 0), ("", 0), ("no", 1), ("no", 1)]
    from corridors.io.tables import tables_of

    assert tables_of(net).edges["electrified"].tolist() == ["no", ""]
    with pytest.raises(corridors.SchemaError, match="tracks"):
        corridors.from_frames(nodes, edges.assign(tracks=[-1, 0]))


# ── what ships ──


def test_the_shipped_columns_are_sound() -> None:
    frame = corridors.load_network().edges_frame()
    assert set(frame["electrified"]) <= set(ELECTRIFIED)
    assert frame["tracks"].between(0, 4).all()
    other = frame[(frame["mode"] != "rail") | (frame["kind"] != "line")]
    assert (other["electrified"] == "").all() and (other["tracks"] == 0).all()


@pytest.mark.parametrize(
    ("a", "b", "wires", "tracks"),
    [
        ("Lanzhou", "Urumqi", "yes", 2),
        ("Dostyk", "Aktogay", "no", 2),
        ("Bereket", "Gorgan", "no", 1),
        ("Omsk", "Novosibirsk", "yes", 2),
    ],
)
def test_corridor_lines_are_known(a: str, b: str, wires: str, tracks: int) -> None:
    net = corridors.load_network()
    frame = net.edges_frame(mode="rail")
    if not (frame["electrified"] != "").any():
        pytest.skip("the data of before electrification")
    line = net.route(a, b, modes=["rail"], by="distance").geometry
    lines = frame[frame["kind"] == "line"]
    tree = shapely.STRtree(np.asarray(lines["geometry"]))
    spots = shapely.line_interpolate_point(line, np.linspace(0.05, 0.95, 40), normalized=True)
    near = lines.iloc[tree.nearest(spots)]
    good = (near["electrified"] == wires) & (near["tracks"] == tracks)
    assert good.mean() > 0.9
