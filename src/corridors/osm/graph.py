"""From ways to a graph: what shares a node is joined, what merely goes on is one edge.

Nothing is joined by distance here. Two rails of different gauge that share a node do not meet in
it, nor do a railway and the road that crosses it on the level; a ferry and the road or rail that
reaches its berth meet in a transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.geodesy import distance_km
from corridors.network.frames import Graph, make_edges
from corridors.osm.countries import country_at
from corridors.osm.read import Extract, Ways
from corridors.osm.tags import LAYERS, Kind

SCALE = 1e-7
BLOCK = 2_000_000
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chains:
    """Edges between junctions, with what is known of each."""

    u: Ints
    v: Ints
    """Numbers of nodes."""
    lon: Floats
    lat: Floats
    node_ref: Ints
    """OpenStreetMap's id of each node."""
    offset: Ints
    x: Floats
    y: Floats
    """Vertices of edge ``i``: ``offset[i]:offset[i + 1]``, from u to v."""
    length_km: Floats
    bridge_km: Floats
    tunnel_km: Floats
    gauge_mm: Ints
    gauge_known: NDArray[np.bool_]
    """Whether a tag says the gauge, and not the country's rule."""
    twin: NDArray[np.bool_]
    """Whether the same track is there already under another gauge."""
    kind: NDArray[np.int32]
    ways: list[Ints]
    """Ids of the ways of each edge, in its direction."""
    label: list[tuple[str, str]]
    kinds: list[Kind]


def mode_of(chains: Chains) -> NDArray[np.object_]:
    """Return each edge's mode."""
    return np.array([k.mode for k in chains.kinds] or [""], dtype=object)[chains.kind]


def gauge_rule() -> dict[str, int]:
    """Return the gauge in mm of each country's main network."""
    from corridors import datasets

    frame = datasets.read_table("country_gauge")
    known = frame[frame["gauge_mm"].notna() & (frame["gauge_mm"] > 0)]
    return dict(zip(known["country"], known["gauge_mm"].astype(int), strict=True))


def _gauged(ways: Ways) -> tuple[Ints, Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return one row per way and gauge: way, gauge in mm, known by a tag, a twin of the first."""
    n = len(ways.id)
    rows, gauges, known, twin = [], [], [], []
    lists = [k.gauges for k in ways.kinds]
    many = np.array([len(g) for g in lists] or [0])[ways.kind]
    first = np.array([g[0] if g else 0 for g in lists] or [0])[ways.kind]
    # what has no tag takes its country's gauge
    open_ = np.array([k.mode == "rail" and not k.gauges and k.rule for k in ways.kinds] or [False])
    ask = np.flatnonzero(open_[ways.kind]) if n else np.zeros(0, np.int64)
    gauge = first.astype(np.int64)
    if len(ask):
        middle = (ways.offset[ask] + ways.offset[ask + 1]) // 2
        code = country_at(ways.x[middle] * SCALE, ways.y[middle] * SCALE)
        rule = gauge_rule()
        gauge[ask] = [rule.get(str(c), 1435) for c in code]
    rows.append(np.arange(n))
    gauges.append(gauge)
    known.append(many > 0)
    twin.append(np.zeros(n, dtype=bool))
    for place in range(1, int(many.max(initial=0))):
        more = np.flatnonzero(many > place)
        rows.append(more)
        gauges.append(np.array([lists[k][place] for k in ways.kind[more]], dtype=np.int64))
        known.append(np.ones(len(more), dtype=bool))
        twin.append(np.ones(len(more), dtype=bool))
    return (np.concatenate(rows), np.concatenate(gauges).astype(np.int64), np.concatenate(known),
            np.concatenate(twin))  # fmt: skip


def chains_of(extract: Extract) -> Chains:
    """Return the edges of an extract.

    A chain of ways is one edge as long as nothing branches off and the kind (class, gauge,
    electrification, tracks, speed, surface, toll, status …) stays the same; bridges and tunnels
    do not break it, their lengths are summed.
    """
    ways = extract.ways
    row, gauge, known, twin = _gauged(ways)
    kind = ways.kind[row]
    # the layer and the gauge are a sheet: sheets have no node in common
    mode = np.array([LAYERS.index(k.mode) for k in ways.kinds] or [0])[kind]
    sheet = mode * 10_000 + gauge
    count = np.diff(ways.offset)[row]
    start = np.concatenate([[0], np.cumsum(count)])
    at = np.repeat(ways.offset[row] - start[:-1], count) + np.arange(start[-1])
    owner = np.repeat(np.arange(len(row)), count)
    against = np.array([k.oneway < 0 for k in ways.kinds] or [False])[kind]
    if against.any():
        # a way that is one-way against its direction is turned round
        back = against[owner]
        turned = start[owner] + start[owner + 1] - 1 - np.arange(start[-1])
        at[back] = at[turned[back]]
    refs, node_of_ref = np.unique(ways.ref, return_inverse=True)
    sheets, sheet_of = np.unique(sheet, return_inverse=True)
    code = node_of_ref[at] * len(sheets) + sheet_of[owner]
    codes, first, node = np.unique(code, return_index=True, return_inverse=True)
    n = len(codes)
    del code, node_of_ref
    vertex = at  # of the ways' own arrays
    inner = np.ones(len(node), dtype=bool)
    inner[start[:-1]] = inner[start[1:] - 1] = False
    degree = np.bincount(node, weights=np.where(inner, 2, 1), minlength=n).astype(np.int64)
    stays = degree != 2
    stays |= _berths(codes, sheets, len(refs))
    # pieces: runs of a way between its ends and the nodes where something else happens
    cut = ~inner | stays[node]
    marks = np.flatnonzero(cut)
    follow = owner[marks[:-1]] == owner[marks[1:]]
    lo, hi = marks[:-1][follow], marks[1:][follow]
    piece_row = owner[lo]
    step = np.zeros(len(node))
    lon, lat = ways.x[vertex] * SCALE, ways.y[vertex] * SCALE
    for a in range(0, len(node) - 1, BLOCK):
        b = min(a + BLOCK, len(node) - 1)
        step[a + 1 : b + 1] = distance_km(
            lon[a:b], lat[a:b], lon[a + 1 : b + 1], lat[a + 1 : b + 1]
        )
    step[start[:-1]] = 0.0
    total = np.cumsum(step, out=step)
    km = total[hi] - total[lo]
    tail, head = node[lo], node[hi]
    directed = np.array([k.oneway != 0 for k in ways.kinds] or [False])[kind][piece_row]
    group = kind[piece_row].astype(np.int64) * 2 + twin[piece_row]
    group = group * 2 + known[piece_row]
    order, ends, forward = _walk(tail, head, stays, group, directed, n)
    return _assemble(
        ways, order, ends, forward, lo, hi, tail, head, km, row[piece_row], lon, lat,
        codes // len(sheets), refs, first, gauge[piece_row], known[piece_row], twin[piece_row],
    )  # fmt: skip


def _berths(codes: Ints, sheets: Ints, n_refs: int) -> NDArray[np.bool_]:
    """Return which nodes are shared by a ferry and something that can board it."""
    ferry = LAYERS.index("ferry")
    mode = sheets[codes % len(sheets)] // 10_000
    ref = codes // len(sheets)
    afloat, ashore = np.zeros(n_refs, dtype=bool), np.zeros(n_refs, dtype=bool)
    afloat[ref[mode == ferry]] = True
    ashore[ref[mode < ferry]] = True
    return (afloat & ashore)[ref]


def _walk(
    tail: Ints,
    head: Ints,
    stays: NDArray[np.bool_],
    group: Ints,
    directed: NDArray[np.bool_],
    n: int,
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Link pieces end to end where nothing else happens.

    Returns
    -------
    order : pieces, chain after chain, each in travelling order
    ends : number of pieces up to the end of each chain
    forward : whether each of ``order`` runs as it is drawn
    """
    m = len(tail)
    node = np.concatenate([tail, head])
    piece = np.concatenate([np.arange(m), np.arange(m)])
    by = np.argsort(node, kind="stable")
    degree = np.bincount(node, minlength=n)
    first = np.concatenate([[0], np.cumsum(degree)])[:-1]
    two = np.flatnonzero((degree == 2) & ~stays)
    a, b = by[first[two]], by[first[two] + 1]
    pa, pb = piece[a], piece[b]
    good = (pa != pb) & (group[pa] == group[pb])
    # one-way pieces go on only head to tail
    good &= ~directed[pa] | ((a < m) != (b < m))
    a, b = a[good], b[good]
    # the end of a piece that each end is linked to; ends are 0..m-1 tails, m..2m-1 heads
    link = np.full(2 * m, -1, dtype=np.int64)
    link[a], link[b] = b, a
    nxt = link.tolist()
    done = bytearray(m)
    order: list[int] = []
    forward: list[bool] = []
    ends: list[int] = []
    free_tail, free_head = link[:m] < 0, link[m:] < 0
    begin = np.concatenate([np.flatnonzero(free_tail), np.flatnonzero(free_head & ~free_tail)])
    ring = np.flatnonzero(~free_tail & ~free_head)
    backwards = set(np.flatnonzero(free_head & ~free_tail).tolist())
    for p in (*begin.tolist(), *ring.tolist()):
        if done[p]:
            continue
        ahead = p not in backwards
        while not done[p]:
            done[p] = 1
            order.append(p)
            forward.append(ahead)
            far = nxt[p + m] if ahead else nxt[p]
            if far < 0:
                break
            ahead = far < m
            p = far if ahead else far - m
        ends.append(len(order))
    # a chain of one-way pieces that began at its head end is turned round
    sequence, runs = np.array(order, dtype=np.int64), np.array(forward, dtype=bool)
    limits = np.array(ends, dtype=np.int64)
    if m:
        starts = np.concatenate([[0], limits[:-1]])
        wrong = directed[sequence[starts]] & ~runs[starts]
        if wrong.any():
            of = np.repeat(np.arange(len(limits)), limits - starts)
            turn = wrong[of]
            mirror = starts[of] + limits[of] - 1 - np.arange(len(sequence))
            sequence = np.where(turn, sequence[mirror], sequence)
            runs = np.where(turn, ~runs[mirror], runs)
    return sequence, limits, runs


def _assemble(
    ways: Ways,
    order: Ints,
    ends: Ints,
    forward: NDArray[np.bool_],
    lo: Ints,
    hi: Ints,
    tail: Ints,
    head: Ints,
    km: Floats,
    way: Ints,
    lon: Floats,
    lat: Floats,
    ref_of_node: Ints,
    refs: Ints,
    first: Ints,
    gauge: Ints,
    known: NDArray[np.bool_],
    twin: NDArray[np.bool_],
) -> Chains:
    n = len(ends)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    chain = np.repeat(np.arange(n), ends - starts)
    # vertices: of each piece all but its last, and the last one of each chain
    count = (hi - lo)[order]
    last = np.zeros(len(order), dtype=bool)
    last[ends - 1] = True
    size = count + last
    begin = np.concatenate([[0], np.cumsum(size)])
    along = np.arange(begin[-1]) - np.repeat(begin[:-1], size)
    base = np.where(forward, lo[order], hi[order])
    vertex = np.repeat(base, size) + np.repeat(np.where(forward, 1, -1), size) * along
    offset = np.concatenate([[0], begin[1:][ends - 1]]).astype(np.int64)
    u = np.where(forward, tail[order], head[order])[starts]
    v = np.where(forward, head[order], tail[order])[ends - 1]
    piece_km = km[order]

    def summed(values: Floats) -> Floats:
        return np.asarray(np.bincount(chain, weights=values, minlength=n), dtype=float)

    used, number = np.unique(np.concatenate([u, v]), return_inverse=True)
    owner = way[order]
    ids = ways.id[owner]
    fresh = np.ones(len(ids), dtype=bool)
    fresh[1:] = (ids[1:] != ids[:-1]) | (chain[1:] != chain[:-1])
    held = np.bincount(chain[fresh], minlength=n)
    lists = np.split(ids[fresh], np.cumsum(held)[:-1]) if n else []
    at = first[used]
    return Chains(
        u=number[:n].astype(np.int64), v=number[n:].astype(np.int64),
        lon=lon[at], lat=lat[at], node_ref=refs[ref_of_node[used]],
        offset=offset, x=lon[vertex], y=lat[vertex], length_km=summed(piece_km),
        bridge_km=summed(np.where(ways.bridge[owner], piece_km, 0.0)),
        tunnel_km=summed(np.where(ways.tunnel[owner], piece_km, 0.0)),
        gauge_mm=gauge[order][starts], gauge_known=known[order][starts], twin=twin[order][starts],
        kind=ways.kind[owner][starts], ways=lists, label=_labels(ways, owner, chain, piece_km, n),
        kinds=ways.kinds,
    )  # fmt: skip


def _labels(ways: Ways, owner: Ints, chain: Ints, km: Floats, n: int) -> list[tuple[str, str]]:
    """Return the name and number that most of each edge's length has."""
    if not n:
        return []
    frame = pd.DataFrame({"chain": chain, "label": ways.label[owner], "km": km})
    total = frame.groupby(["chain", "label"], sort=True)["km"].sum().reset_index()
    best = total.loc[total.groupby("chain", sort=True)["km"].idxmax(), "label"].to_numpy()
    return [ways.labels[i] for i in best.tolist()]


def as_graph(chains: Chains) -> Graph:
    """Return the edges as frames; ``origin`` is ``osm:`` and the edge's row in the chains."""
    n = len(chains.u)
    mode = mode_of(chains)
    kinds = chains.kinds or []

    def each(name: str, empty: Any) -> Any:
        return np.array([getattr(k, name) for k in kinds] or [empty])[chains.kind]

    via = np.empty(n, dtype=object)
    xy = np.column_stack([chains.x, chains.y])
    counts = np.diff(chains.offset)
    starts = chains.offset[:-1].tolist()
    stops = chains.offset[1:].tolist()
    for i in np.flatnonzero(counts > 2).tolist():
        via[i] = xy[starts[i] + 1 : stops[i] - 1]
    nodes = pd.DataFrame({"lon": chains.lon, "lat": chains.lat, "country": ""})
    edges = make_edges(
        {
            "u": chains.u, "v": chains.v, "mode": mode, "length_km": chains.length_km, "via": via,
            "gauge_mm": chains.gauge_mm, "kind": np.full(n, "line", dtype=object),
            "status": np.asarray(each("status", ""), dtype=object),
            "from_year": each("from_year", 0), "to_year": each("to_year", 0),
            "oneway": each("oneway", 0) != 0,
            "precision": np.full(n, "surveyed", dtype=object),
            "origin": np.array([f"osm:{i}" for i in range(n)], dtype=object),
        }
    )  # fmt: skip
    return Graph(nodes, edges)


ATTRIBUTES = ("osm_ways", "name", "ref", "type", "electrified", "tracks", "maxspeed_km_h",
              "gauges_mm", "gauge_from", "service", "surface", "toll", "hgv", "substance",
              "diameter_mm", "location", "bridge_km", "tunnel_km", "twin")  # fmt: skip
"""Columns that imported edges have beside the network's own."""


def carried(
    edges: pd.DataFrame, prefix: str, notes: pd.DataFrame, whole_km: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64], dict[str, NDArray[Any]]]:
    """Return what an edge's row in some notes says of it, the row being carried in its origin.

    ``prefix`` and the row's number make the origin; edges without it get blanks. ``whole_km`` is
    the length of each row: of an edge that was cut since each piece has its share of the bridges
    and tunnels.

    Returns
    -------
    had : (n,) bool array
        Which edges carry a row.
    row : (n,) int array
        The row (0 where there is none).
    columns : dict
        One array per name in :data:`ATTRIBUTES`.
    """
    origin = edges["origin"].astype(str)
    had = origin.str.startswith(prefix).to_numpy()
    row = np.zeros(len(edges), dtype=np.int64)
    row[had] = origin[had].str.slice(len(prefix)).astype(np.int64)
    columns: dict[str, NDArray[Any]] = {}
    for name in ATTRIBUTES:
        values = notes[name].to_numpy()
        blank: Any = "" if values.dtype == object else values.dtype.type(0)
        taken = values[row] if len(values) else np.full(len(edges), blank)
        columns[name] = np.where(had, taken, blank)
    whole = whole_km[row] if len(whole_km) else np.ones(len(edges))
    share = np.where(had & (whole > 0), edges["length_km"] / np.maximum(whole, 1e-9), 1.0)
    for name in ("bridge_km", "tunnel_km"):
        columns[name] = (columns[name].astype(float) * np.minimum(share, 1.0)).round(4)
    return had, row, columns


def attributes(chains: Chains) -> Any:
    """Return what the tags say of each edge: one row per chain, see :data:`ATTRIBUTES`."""
    kinds = chains.kinds

    def each(make: Any, empty: Any) -> Any:
        values = np.empty(max(len(kinds), 1), dtype=object)
        values[:] = [make(k) for k in kinds] or [empty]
        return values[chains.kind]

    rail = mode_of(chains) == "rail"
    pipe = mode_of(chains) == "pipeline"
    kind_type = each(lambda k: k.type, "")
    source = np.where(chains.gauge_known, "tag", np.where(chains.gauge_mm > 0, "country", ""))
    return pd.DataFrame(
        {
            "osm_ways": ["|".join(map(str, w.tolist())) for w in chains.ways],
            "name": [x[0] for x in chains.label], "ref": [x[1] for x in chains.label],
            "type": np.where(pipe, "pipeline", kind_type),
            "electrified": each(lambda k: k.electrified, ""),
            "tracks": each(lambda k: k.tracks, 0).astype(np.int16),
            "maxspeed_km_h": each(lambda k: k.maxspeed_km_h, 0).astype(np.int16),
            "gauges_mm": each(lambda k: "|".join(map(str, k.gauges)), ""),
            "gauge_from": np.where(rail, source, ""),
            "service": each(lambda k: k.service, ""), "surface": each(lambda k: k.surface, ""),
            "toll": each(lambda k: k.toll, ""), "hgv": each(lambda k: k.hgv, ""),
            "substance": np.where(pipe, kind_type, ""),
            "diameter_mm": each(lambda k: k.diameter_mm, 0).astype(np.int32),
            "location": each(lambda k: k.location, ""),
            "bridge_km": chains.bridge_km.round(4), "tunnel_km": chains.tunnel_km.round(4),
            "twin": chains.twin,
        }
    )  # fmt: skip
