"""What the network is made of, by mode and country."""

from __future__ import annotations

from typing import Any

import numpy as np

from corridors import datasets
from corridors.network.store import ELECTRIFIED, known_equipment


def by_country() -> Any:
    """Return one row per land mode and country of the shipped network.

    Columns: ``mode, country, line_km, edges, components`` (pieces inside the country, borders
    left out), ``main_km`` (the longest piece), ``orphan_km`` (all others), ``gauges_mm``,
    ``joins`` (gaps joined) and ``join_km``, ``chord_km`` and ``chord_share_pct`` (drawn straight
    because no better course is known); of railways ``electrified_km``, ``double_km`` (two tracks
    and more), ``wires_unknown_km`` and ``tracks_unknown_km`` (where no source says), 0 of roads.
    """
    import pandas as pd
    import pyarrow.parquet as pq
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joins = datasets.read_table("joins")
    nodes = pq.read_metadata(datasets.path("network_nodes.parquet")).num_rows
    columns = ["u", "v", "country", "length_km", "gauge_mm", "precision"]
    rows = []
    for mode in ("rail", "road"):
        table = pq.read_table(datasets.path(f"network_{mode}.parquet"))
        edges = table.select(columns).to_pandas()
        wires, tracks = known_equipment(table)
        rail = mode == "rail"
        edges = edges.assign(
            electrified=rail & (wires == ELECTRIFIED.index("yes")), double=rail & (tracks > 1),
            no_wires=rail & (wires == 0), no_tracks=rail & (tracks == 0),
        )  # fmt: skip
        for country, part in edges.groupby("country"):
            matrix = coo_array(
                (np.ones(len(part), dtype=np.int8), (part["u"], part["v"])), shape=(nodes, nodes)
            )
            labels = connected_components(matrix, directed=False)[1][part["u"].to_numpy()]
            km = part["length_km"].groupby(labels).sum()
            chord = part.loc[part["precision"] == "chord", "length_km"].sum()
            own = joins[(joins["mode"] == mode) & (joins["country"] == country)]
            total = float(km.sum())
            rows.append(
                {
                    "mode": mode, "country": country or "(none)", "line_km": round(total, 1),
                    "edges": len(part), "components": len(km),
                    "main_km": round(float(km.max()), 1),
                    "orphan_km": round(total - float(km.max()), 1),
                    "gauges_mm": "|".join(str(g) for g in sorted(set(part["gauge_mm"]) - {0})),
                    "joins": len(own), "join_km": round(float(own["length_km"].sum()), 1),
                    "chord_km": round(float(chord), 1),
                    "chord_share_pct": round(100 * float(chord) / total, 1) if total else 0.0,
                    **{
                        column: round(float(part.loc[part[flag], "length_km"].sum()), 1)
                        for column, flag in (
                            ("electrified_km", "electrified"), ("double_km", "double"),
                            ("wires_unknown_km", "no_wires"), ("tracks_unknown_km", "no_tracks"),
                        )
                    },
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
