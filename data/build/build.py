"""``make data``: hand-written tables and pinned packages in, data/geo out, byte for byte the same.

    python data/build/build.py [--out FOLDER]

Nothing in data/geo is edited by hand; what stands there that no step wrote is removed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
ROOT = HERE.parents[1]

import trace as tracing  # noqa: E402

import assets  # noqa: E402
import atlas_places  # noqa: E402
import basemap  # noqa: E402
import datapackage  # noqa: E402
import gazetteer  # noqa: E402
import network  # noqa: E402
import pandas as pd  # noqa: E402
import sea  # noqa: E402

from corridors import __version__  # noqa: E402
from corridors.network.frames import Graph  # noqa: E402
from corridors.network.store import compile_columns, write_layers  # noqa: E402
from corridors.routing.engine import make_engine  # noqa: E402

NETWORK_FILES = {
    "network_nodes.parquet": ("Network: nodes of all layers", "ODbL-1.0",
                              ["openstreetmap", "searoute", "tables"]),
    "network_rail.parquet": ("Network: railway lines with gauge and country", "ODbL-1.0",
                             ["openstreetmap", "openstreetmap-stations", "natural-earth",
                              "tables"]),
    "network_road.parquet": ("Network: main roads with country", "ODbL-1.0",
                             ["openstreetmap", "natural-earth", "tables"]),
    "network_sea.parquet": ("Network: sea lanes, over water", "Apache-2.0",
                            ["searoute", "natural-earth", "tables"]),
    # courses traced by OpenStreetMap reach it by way of Global Energy Monitor
    "network_pipeline.parquet": ("Network: gas and oil pipelines of the atlas", "ODbL-1.0",
                                 ["tables", assets.GEM, "natural-earth"]),
    "network_links.parquet": ("Network: ferries, border crossings and transfers", "CC-BY-4.0",
                              ["tables", "natural-earth"]),
}  # fmt: skip
TABLES = {
    "crossings.csv": "Border crossing points by road and rail, with delays where measured",
    "terminals.csv": "Ports, dry ports, ferry terminals and yards where modes or gauges meet",
    "ferries.csv": "Ferry lines with sailing time and headway",
    "straits.csv": "Straits and canals that can be closed",
    "zones.csv": "Zones inside a country that have parameters of their own",
    "frontiers.csv": "Land frontiers: open, closed or restricted, by mode and year",
    "parameters.csv": "Operating parameters with range and source",
    "capacities.csv": "Capacities of crossings, lines, ports and fleets",
    "gas_system.csv": "The gas system as links with capacities",
    "claims.csv": "Claims about the systems, and what is computed to judge them",
    "reference_distances.csv": "Published distances that the network is checked against",
    "country_gauge.csv": "Rail gauge of each country's main network",
    "gauge_exceptions.csv": "Where the rail gauge is not the country's",
}


def table_entries(tables: Path, out: Path) -> list[dict[str, object]]:
    """Copy the tables that the library reads as they are."""
    entries = []
    for name, title in TABLES.items():
        frame = pd.read_csv(tables / name, dtype=str, keep_default_na=False, encoding="utf-8")
        frame.to_csv(out / name, index=False, lineterminator="\n")
        entry = {"path": name, "title": title, "licenses": ["CC-BY-4.0"], "sources": ["tables"]}
        entries.append({**entry, "primaryKey": "id"} if "id" in frame else entry)
    return entries


def node_order(out: Path) -> dict[str, object]:
    """Write the order in which the engine contracts the nodes, so that no user waits for it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [out / name for name in NETWORK_FILES if name != "network_nodes.parquet"]
    columns = compile_columns(out / "network_nodes.parquet", [f for f in files if f.is_file()])
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "order"
        make_engine(columns.a_tail, columns.a_head, columns.n_lat, columns.n_lon, kept)
        order = np.fromfile(kept / "order", dtype=np.uint32)
    # hardly compressible: what stands nowhere else is the order itself
    pq.write_table(pa.table({"node": order}), out / "network_order.parquet", compression="zstd",
                   compression_level=19, use_dictionary=False,
                   column_encoding={"node": "BYTE_STREAM_SPLIT"})  # fmt: skip
    return {
        "path": "network_order.parquet",
        "licenses": ["ODbL-1.0"],
        "sources": ["openstreetmap", "tables"],
        "title": "Network: its nodes from the least to the most important for the engine",
    }


def records(report: network.Report, out: Path) -> list[dict[str, object]]:
    """Write what the build decided: joins, frontier cuts, terminals' access."""
    joins = pd.concat(report.joins, ignore_index=True)
    joins = joins.sort_values(["mode", "country", "lon", "lat", "to_lon"], kind="stable")
    joins.round(5).to_csv(out / "joins.csv", index=False, lineterminator="\n")
    cuts = pd.concat(report.cuts, ignore_index=True)
    cuts = cuts[["mode", "country_a", "country_b", "lon", "lat", "verdict", "km"]]
    cuts = cuts.assign(km=cuts["km"].round(1)).sort_values(
        ["mode", "country_a", "country_b", "lon", "lat"], kind="stable"
    )
    cuts.round(5).to_csv(out / "frontier_cuts.csv", index=False, lineterminator="\n")
    access = pd.DataFrame(report.terminals).sort_values(["terminal", "mode", "gauge_mm"])
    access.to_csv(out / "terminal_access.csv", index=False, lineterminator="\n")
    common = {"licenses": ["ODbL-1.0"], "sources": ["openstreetmap", "tables"]}
    return [
        {"path": "joins.csv", "title": "Network: gaps that were joined, each with its reason",
         **common},
        {"path": "frontier_cuts.csv",
         "title": "Network: where lines meet a frontier, and whether they may cross", **common},
        {"path": "terminal_access.csv",
         "title": "Network: terminals and the length of their access to each mode", **common},
    ]  # fmt: skip


def main() -> None:
    """Build everything into a fresh folder, then put it in place of data/geo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "geo")
    parser.add_argument("--inputs", type=Path, default=HERE / "inputs")
    parser.add_argument("--tables", type=Path, default=ROOT / "data" / "tables")
    options = parser.parse_args()
    tables, inputs = options.tables, options.inputs
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".building-") as scratch:
        out = Path(scratch) / "geo"
        out.mkdir()
        report = network.Report()
        entries = table_entries(tables, out)
        entries += basemap.build(inputs, out)
        report.say("base map written")
        entries += gazetteer.build(tables, out)
        entries += atlas_places.build(tables, out)
        report.say("places and gazetteer written")
        terminals = network.terminals_table(tables)
        ferries = network.table(tables, "ferries.csv")
        nodes, edges, facts = sea.build_all(inputs, terminals, ferries, tables)
        facts = facts.round(3).sort_values(list(facts.columns[:2]), kind="stable")
        facts.to_csv(out / "sea_facts.csv", index=False, lineterminator="\n")
        entries.append({"path": "sea_facts.csv", "title": "Network: how the sea lanes were made",
                        "licenses": ["Apache-2.0"], "sources": ["searoute", "tables"]})  # fmt: skip
        report.say(f"sea: {len(edges)} edges")
        graph = network.build(inputs, tables, Graph(nodes, edges), report)
        graph = Graph(graph.nodes[["lon", "lat", "country", "terminal"]], graph.edges)
        rows = write_layers(graph, out)
        for name, (title, licence, sources) in NETWORK_FILES.items():
            if rows.get(name):
                entries.append(
                    {"path": name, "title": title, "licenses": [licence], "sources": sources}
                )
        report.say("network written")
        entries.append(node_order(out))
        report.say("its nodes ordered")
        entries += records(report, out)
        entries += assets.build(tables, out, tracing.tracer(out))
        report.say("assets written")
        datapackage.write(out, entries, version=__version__)
        total = sum(f.stat().st_size for f in out.iterdir()) / 1e6
        report.say(f"data/geo: {total:.1f} MB")
        if total > 25:
            raise SystemExit("data/geo is over 25 MB")
        shutil.rmtree(options.out, ignore_errors=True)
        out.rename(options.out)


if __name__ == "__main__":
    main()
