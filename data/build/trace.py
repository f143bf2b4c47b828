"""Tracing: the course of a named railway or road over the network's own lines."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from corridors.network.store import KINDS, LAYERS, MODES, compile_columns
from corridors.routing.engine import INF, make_engine
from corridors.routing.legs import Step, line_of
from corridors.routing.snap import build_index, snap

Trace = Callable[[str, list[tuple[float, float]], int], "np.ndarray | None"]
# a node, the way to it in metres, steps out of the edge and into it, the edge, where on it
End = tuple[int, int, list[Step], list[Step], int, float]

# a stop farther than this from any line of its mode is not on the line
REACH_KM = 25.0


def tracer(folder: Path) -> Trace:
    """Return ``trace(mode, points, year)`` over the network written in a folder.

    The shortest way by length through all points (lon, lat), over lines of every status; None
    where a point is off the lines or two do not connect.
    """
    columns = compile_columns(
        folder / "network_nodes.parquet", [folder / f"network_{n}.parquet" for n in LAYERS]
    )
    index = build_index(columns)
    engine = make_engine(columns.a_tail, columns.a_head, columns.n_lat, columns.n_lon)
    metrics = {}
    km = np.rint(columns.e_length_km * 1000)
    for mode in ("rail", "road"):
        code = MODES.index(mode)
        ok = (columns.e_mode == code) & np.isin(columns.e_to_mode, [-1, code])
        weights = np.where(ok, km, INF).astype(np.uint32)
        usable = ok & (columns.e_kind == KINDS.index("line"))
        metrics[mode] = engine.metric(weights[columns.a_edge]), weights, usable

    def ends(mode: str, point: tuple[float, float]) -> list[End]:
        _, weights, usable = metrics[mode]
        found = snap(columns, index, *point, usable, {mode: REACH_KM})
        if not found:
            return []
        s = found[0]
        e, w = s.edge, float(weights[s.edge])
        u, v = int(columns.e_u[e]), int(columns.e_v[e])
        # to u and to v from inside the edge, and the same the other way round
        return [
            (u, round(s.fraction * w), [Step(e, s.fraction, False, 0.0, s.fraction)],
             [Step(e, s.fraction, True, 0.0, s.fraction)], e, s.fraction),
            (v, round((1 - s.fraction) * w), [Step(e, 1 - s.fraction, True, s.fraction, 1.0)],
             [Step(e, 1 - s.fraction, False, s.fraction, 1.0)], e, s.fraction),
        ]  # fmt: skip

    def along(mode: str, a: list[End], b: list[End]) -> tuple[float, list[Step]] | None:
        """Return the way between two points of one edge, straight along it."""
        if not a or not b or a[0][4] != b[0][4]:
            return None
        edge, f, g = a[0][4], a[0][5], b[0][5]
        lo, hi = min(f, g), max(f, g)
        return (hi - lo) * float(metrics[mode][1][edge]), [Step(edge, hi - lo, f <= g, lo, hi)]

    def trace(mode: str, points: list[tuple[float, float]], year: int) -> np.ndarray | None:
        metric = metrics[mode][0]
        joins = [ends(mode, p) for p in points]
        parts = []
        for a, b in itertools.pairwise(joins):
            best = None
            for s, out_km, out, *_ in a:
                for t, in_km, _, into, *_ in b:
                    total, arcs = metric.query(s, t)
                    if total < INF and (best is None or total + out_km + in_km < best[0]):
                        best = (total + out_km + in_km, out, arcs, into)
            straight = along(mode, a, b)
            if straight is not None and (best is None or straight[0] <= best[0]):
                steps = straight[1]
            elif best is None:
                return None
            else:
                _, out, arcs, into = best
                edges, forward = columns.a_edge[arcs], arcs < len(columns.e_u)
                middle = [Step(int(e), 1.0, bool(f)) for e, f in zip(edges, forward, strict=True)]
                steps = [*out, *middle, *into]
            steps = [s for s in steps if s.hi - s.lo > 1e-9]
            parts.append(line_of(columns, tuple(steps)))
        return np.concatenate(parts) if parts else None

    return trace
