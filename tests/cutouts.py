"""Pieces of the shipped network, small enough for networkx, and networks made for a test."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

import corridors
from corridors.network.store import Columns
from corridors.routing.network import Network, _Shared, groups_of
from corridors.routing.snap import build_index


def cut_out(
    net: Network, countries: set[str], *, sea: bool = True, south: float = -90.0
) -> Network:
    """Return the part of a network inside some countries, with the sea lanes and ferries."""
    c, words = net.columns, net.columns.words
    wanted = np.array([w in countries for w in words["country"]])
    keep = wanted[c.e_country] & (wanted[c.e_to_country] | (np.asarray(c.e_to_country) == 0))
    lanes = np.isin(c.e_mode, [2, 3]) & (np.asarray(c.e_kind) == 0)
    if sea:
        keep |= lanes & (np.asarray(c.n_lat)[c.e_u] > south)
    rows = np.flatnonzero(keep)
    nodes = np.unique(np.concatenate([c.e_u[rows], c.e_v[rows]]))
    number = np.full(c.n_nodes, -1, dtype=np.int32)
    number[nodes] = np.arange(len(nodes))
    counts = (c.g_offset[1:] - c.g_offset[:-1])[rows]
    first = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(c.g_offset[rows] - first[:-1], counts) + np.arange(first[-1])
    u, v = number[c.e_u[rows]], number[c.e_v[rows]]
    oneway = np.array(c.e_oneway[rows])
    back = np.flatnonzero(~oneway).astype(np.int32)
    edge = {n: np.array(getattr(c, n)[rows]) for n in Columns.__dataclass_fields__
            if n.startswith("e_") and n not in ("e_u", "e_v")}  # fmt: skip
    columns = Columns(
        n_lon=np.array(c.n_lon[nodes]), n_lat=np.array(c.n_lat[nodes]),
        n_country=np.array(c.n_country[nodes]), n_terminal=np.array(c.n_terminal[nodes]),
        e_u=u, e_v=v, **edge,
        g_offset=first.astype(np.int64), g_lon=np.array(c.g_lon[at]), g_lat=np.array(c.g_lat[at]),
        a_edge=np.concatenate([np.arange(len(rows), dtype=np.int32), back]),
        a_tail=np.concatenate([u, v[back]]), a_head=np.concatenate([v, u[back]]), words=words,
    )  # fmt: skip
    groups = groups_of(columns)
    return replace(net, columns=columns, segments=build_index(columns, groups), groups=groups,
                   _shared=_Shared(columns, None), _source=None)  # fmt: skip


@lru_cache(maxsize=16)
def grid(n: int = 6, *, seed: int = 0) -> Network:
    """Return a made network: a grid of roads and rails in two countries, with a frontier."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    rows, edges = [], []
    for mode in ("rail", "road"):
        for i in range(n):
            for j in range(n):
                rows.append({
                    "id": f"{mode}-{i}-{j}", "lon": 60 + 0.5 * i + (0.01 if mode == "road" else 0),
                    "lat": 45 + 0.4 * j, "country": "KZ" if i < n // 2 else "UZ",
                    "name": f"{mode.title()} {i} {j}",
                })  # fmt: skip
                for di, dj in ((1, 0), (0, 1)):
                    if i + di >= n or j + dj >= n or rng.random() < 0.1:
                        continue
                    a, b = f"{mode}-{i}-{j}", f"{mode}-{i + di}-{j + dj}"
                    if i + di == n // 2 and di:
                        gate = f"{mode}-gate-{j}"
                        rows.append({"id": gate, "lon": 60 + 0.5 * (i + 0.5), "lat": 45 + 0.4 * j,
                                     "country": "KZ", "name": gate})  # fmt: skip
                        edges.append({"u": a, "v": gate, "mode": mode, "country": "KZ"})
                        edges += [
                            {"u": x, "v": y, "mode": mode, "kind": "border", "oneway": True,
                             "country": p, "to_country": q, "facility": f"border-{mode}-{j}",
                             "hours": float(rng.uniform(1, 20)), "cost_usd": 50.0}
                            for x, y, p, q in ((gate, b, "KZ", "UZ"), (b, gate, "UZ", "KZ"))
                        ]  # fmt: skip
                    else:
                        edges.append({"u": a, "v": b, "mode": mode,
                                      "oneway": bool(rng.random() < 0.05),
                                      "country": "KZ" if i < n // 2 else "UZ"})  # fmt: skip
    for j in range(0, n, 2):
        edges.append({"u": f"rail-1-{j}", "v": f"road-1-{j}", "mode": "rail", "kind": "transfer",
                      "to_mode": "road", "facility": f"yard-{j}", "country": "KZ"})  # fmt: skip
    return corridors.from_frames(pd.DataFrame(rows), pd.DataFrame(edges))
