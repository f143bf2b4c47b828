"""Small networks for the tests of formats: one by hand, and any number at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from hypothesis import strategies as st

HOSTILE = ("", "Alpha", "Ürümqi 乌鲁木齐", "<b>x</b>&amp;", "'; DROP TABLE nodes; --", '"quoted"',
           "../../etc/passwd", "a,b;c", "Ўзбекистон", "=1+1", "NA", "None")  # fmt: skip

SAMPLE = (
    pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "p", "q"],
            "name": ["Alpha", "Beta", "Gamma", "Delta", "Port P", "Port Q"],
            "lon": [50.0, 51.0, 52.0, 51.0, 52.0, 54.0],
            "lat": [40.0, 40.0, 40.0, 41.0, 40.0, 40.0],
            "country": ["KZ", "KZ", "UZ", "KZ", "UZ", "TM"],
        }
    ),
    pd.DataFrame(
        [
            {"u": "a", "v": "b", "mode": "rail", "length_km": 100.0, "country": "KZ",
             "gauge_mm": 1520},
            {"u": "a", "v": "d", "mode": "rail", "length_km": 170.0, "country": "KZ",
             "gauge_mm": 1520},
            {"u": "d", "v": "b", "mode": "rail", "length_km": 120.0, "country": "KZ",
             "gauge_mm": 1520, "from_year": 2020, "oneway": True},
            {"u": "b", "v": "c", "mode": "rail", "length_km": 90.0, "country": "UZ",
             "gauge_mm": 1520},
            {"u": "c", "v": "p", "mode": "rail", "kind": "transfer", "to_mode": "ferry",
             "facility": "quay"},
            {"u": "p", "v": "q", "mode": "ferry", "length_km": 175.0, "facility": "line-pq",
             "hours": 14.0},
        ]
    ),
)  # fmt: skip


@st.composite
def small_networks(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return nodes and edges as ``from_frames`` takes them."""
    n = draw(st.integers(2, 6))
    degrees = st.floats(-5, 5, allow_nan=False, width=64)
    nodes = pd.DataFrame({
        "id": [f"n{i}" for i in range(n)],
        "name": [draw(st.sampled_from(HOSTILE)) or f"n{i}" for i in range(n)],
        "lon": [50 + i + draw(degrees) / 20 for i in range(n)],
        "lat": [40 + draw(degrees) for _ in range(n)],
        "country": [draw(st.sampled_from(("", "KZ", "NA"))) for _ in range(n)],
    })  # fmt: skip
    rows = []
    for _ in range(draw(st.integers(1, 7))):
        u, v = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
        if u == v:
            v = (u + 1) % n
        row: dict[str, Any] = {
            "u": f"n{u}", "v": f"n{v}",
            "mode": draw(st.sampled_from(("rail", "road", "sea", "ferry", "pipeline"))),
            "gauge_mm": draw(st.sampled_from((0, 1435, 1520))),
            "country": draw(st.sampled_from(("", "KZ", "NA"))),
            "facility": draw(st.sampled_from(HOSTILE)),
            "oneway": draw(st.booleans()),
            "electrified": draw(st.sampled_from(("", "yes", "no"))),
            "tracks": draw(st.sampled_from((0, 1, 2))),
            "from_year": draw(st.sampled_from((0, 2020))),
            "to_year": draw(st.sampled_from((0, 2040))),
            "precision": draw(st.sampled_from(("", "chord", "surveyed"))),
            "origin": draw(st.sampled_from(HOSTILE)),
            "hours": draw(st.one_of(st.just(np.nan), st.floats(0.01, 1e4))),
            "cost_usd": draw(st.one_of(st.just(np.nan), st.floats(0, 1e6))),
        }  # fmt: skip
        kind = draw(st.sampled_from(("line", "line", "line", "border", "transfer")))
        row["kind"] = kind
        if kind == "border":
            row["country"], row["to_country"] = "KZ", "UZ"
        if kind == "transfer":
            row["to_mode"] = "sea"
        if kind == "line":
            bends = [(draw(st.floats(45, 60)), draw(st.floats(35, 45)))
                     for _ in range(draw(st.integers(0, 3)))]  # fmt: skip
            ends = [tuple(nodes.loc[i, ["lon", "lat"]].astype(float)) for i in (u, v)]
            row["geometry"] = shapely.LineString([ends[0], *bends, ends[1]])
            if draw(st.booleans()):
                row["length_km"] = 5000.0 + draw(st.floats(0, 1000))
        rows.append(row)
    return nodes, pd.DataFrame(rows)


def assert_same(got: Any, wanted: Any, *, in_order: bool = True, but: tuple[str, ...] = ()) -> None:
    """Compare two networks' tables, every column and every vertex, to the last bit."""
    sides = []
    for tables in (got, wanted):
        nodes, edges = tables.nodes, tables.edges
        if not in_order:
            nodes, edges = nodes.sort_values("id"), edges.sort_values("id")
        sides.append((nodes.reset_index(drop=True), edges.reset_index(drop=True)))
    (nodes, edges), (nodes_, edges_) = sides
    for a, b in ((nodes, nodes_), (edges, edges_)):
        for name in b.columns:
            if name in but or name == "geometry":
                continue
            x, y = a[name].tolist(), b[name].tolist()
            same = [i == j or (i != i and j != j) for i, j in zip(x, y, strict=True)]
            assert all(same), (name, [p for p in zip(x, y, strict=True) if p[0] != p[1]][:5])
    if "geometry" not in but:
        line = (edges_["kind"] == "line").to_numpy()
        for x, y in zip(edges.geometry[line], edges_.geometry[line], strict=True):
            assert shapely.get_coordinates(x).tolist() == shapely.get_coordinates(y).tolist()
