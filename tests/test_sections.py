"""Published kilometres on the rail layer, and lines closed to freight."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from corridors.network.frames import Graph, make_edges

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"


class Told:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def graph(points: list[tuple[float, float]], edges: list[tuple[int, int, float]]) -> Graph:
    lon, lat = np.array(points).T
    nodes = pd.DataFrame({"lon": lon, "lat": lat, "country": "KZ"})
    rows = [
        {"u": u, "v": v, "length_km": km, "mode": "rail", "origin": "osm"} for u, v, km in edges
    ]
    return Graph(nodes, make_edges(rows))


def row(line: str, a: tuple[float, float], b: tuple[float, float], km: float) -> dict[str, object]:
    return {
        "line": line, "mode": "rail", "from": "A", "from_lat": a[1], "from_lon": a[0], "to": "B",
        "to_lat": b[1], "to_lon": b[0], "via": "", "km": km, "source": "x", "confidence": "low",
        "note": "",
    }  # fmt: skip


def tables(
    folder: Path,
    lines: list[dict[str, object]],
    closed: list[dict[str, object]],
    module: ModuleType,
    equipment: list[dict[str, object]] | None = None,
) -> Path:
    pd.DataFrame(equipment or [], columns=module.EQUIPMENT_COLUMNS).to_csv(
        folder / "rail_equipment.csv", index=False
    )
    pd.DataFrame(lines, columns=module.SECTION_COLUMNS).to_csv(
        folder / "line_kilometres.csv", index=False
    )
    pd.DataFrame(closed, columns=module.PASSENGER_COLUMNS).to_csv(
        folder / "passenger_lines.csv", index=False
    )
    return folder


# one degree of longitude at the 45th parallel is 78.8 km
A, B, C = (70.0, 45.0), (70.5, 45.0), (71.0, 45.0)


def test_section_sums_to_the_published_length(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 40.0)])
    folder = tables(tmp_path, [row("L", A, C, 88.0)], [], sections)
    out = sections.apply(net, folder, Told())
    assert out.edges["length_km"].sum() == pytest.approx(88.0)
    assert list(out.edges["origin"]) == ["osm+km", "osm+km"]


def test_no_edge_is_shorter_than_its_line(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, B, C], [(0, 1, 39.45), (1, 2, 44.0)])
    folder = tables(tmp_path, [row("L", A, C, 80.0)], [], sections)
    km = sections.apply(net, folder, Told()).edges["length_km"]
    assert km.iloc[0] >= 39.4 and km.sum() == pytest.approx(80.0)


def test_what_does_not_fit_is_said_and_left(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 40.0)])
    told = Told()
    folder = tables(tmp_path, [row("Wrong", A, C, 140.0)], [], sections)
    out = sections.apply(net, folder, told)
    assert out.edges["length_km"].tolist() == [40.0, 40.0]
    assert any("Wrong" in line and "not applied" in line for line in told.lines)


def test_an_edge_is_scaled_once(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, B, C], [(0, 1, 40.0), (1, 2, 40.0)])
    lines = [row("First", A, B, 44.0), row("Second", A, C, 86.0), row("Third", A, B, 48.0)]
    told = Told()
    out = sections.apply(net, tables(tmp_path, lines, [], sections), told)
    assert out.edges["length_km"].tolist() == pytest.approx([44.0, 42.0])
    assert any("Third" in line and "another row" in line for line in told.lines)


def test_the_track_beside_does_not_stay_shorter(sections: ModuleType, tmp_path: Path) -> None:
    beside = (70.5, 45.001)
    net = graph([A, B, C, beside], [(0, 1, 40.0), (1, 2, 40.0), (0, 3, 40.1), (3, 2, 40.1)])
    out = sections.apply(net, tables(tmp_path, [row("L", A, C, 88.0)], [], sections), Told())
    km = out.edges["length_km"]
    assert km.iloc[0] + km.iloc[1] == pytest.approx(88.0)
    assert km.iloc[2] + km.iloc[3] == pytest.approx(88.0)


def test_a_station_on_a_long_edge_gets_a_node(sections: ModuleType, tmp_path: Path) -> None:
    net = graph([A, C], [(0, 1, 80.0)])
    folder = tables(tmp_path, [row("L", A, (70.5, 45.01), 44.0)], [], sections)
    out = sections.apply(net, folder, Told())
    assert len(out.nodes) == 3
    assert sorted(out.edges["length_km"].round(1)) == [40.0, 44.0]


def test_passenger_line_is_closed_and_the_other_is_not(
    sections: ModuleType, tmp_path: Path
) -> None:
    detour = (70.5, 45.3)
    net = graph([A, B, C, detour], [(0, 1, 39.5), (1, 2, 39.5), (0, 3, 55.0), (3, 2, 55.0)])
    closed = {"line": "Fast", "from_lat": 45.0, "from_lon": 70.0, "to_lat": 45.0,
              "to_lon": 71.0, "via": "", "reason": "r", "source": "s",
              "confidence": "low"}  # fmt: skip
    folder = tables(tmp_path, [row("Slow", A, C, 115.0)], [closed], sections)
    out = sections.apply(net, folder, Told())
    status = out.edges["status"].tolist()
    assert status == ["passenger", "passenger", "operating", "operating"]
    assert out.edges["length_km"].iloc[2:].sum() == pytest.approx(115.0)


def test_tables_are_sound(sections: ModuleType) -> None:
    lines = sections.read(TABLES, "line_kilometres.csv", sections.SECTION_COLUMNS)
    closed = sections.read(TABLES, "passenger_lines.csv", sections.PASSENGER_COLUMNS)
    assert len(lines) > 100 and len(closed) > 0
    for frame in (lines, closed):
        assert frame["source"].str.len().min() > 5
        assert set(frame["confidence"]) <= {"high", "medium", "low"}
    # what comes from memory is not called more than it is
    plain = lines["source"].str.startswith("general knowledge")
    assert set(lines.loc[plain, "confidence"]) <= {"medium", "low"}
    assert not lines.duplicated(["line", "from", "to"]).any()
    for r in lines.itertuples(index=False):
        crow = sections.line_length_km(np.array(r.points))
        # points are stations to about 5 km
        assert r.km > 0.97 * crow - 12, f"{r.line}: {r.km} km, its points are {crow:.0f} km apart"
