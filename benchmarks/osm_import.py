"""Imports of generated extracts: time and peak memory by size, and how they grow.

    python benchmarks/osm_import.py [WAYS ...] [-o FILE.json]

Each size is a country-like extract of its own: a grid of roads and rails in the middle of
Kazakhstan, ten nodes a way, and for each of them a node of something else, at random places, since
the files of neighbours pack too well. (In a country's extract some nine of ten nodes are of other
things; they cost the store of nodes, and reading, and nothing more.) Each import runs in a process
of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (10_000, 100_000, 1_000_000)
NODES_A_WAY = 10
OTHERS = 1
"""Nodes of other things for each node of a way."""
LON, LAT, STEP = 60.0, 46.5, 0.0006


def generate(file: Path, ways: int) -> int:
    """Write an extract of so many ways; return its nodes."""
    import osmium
    from osmium.osm.mutable import Node, Way

    side = max(int(math.sqrt(ways / 2)), 2)
    inner = NODES_A_WAY - 2
    scale = min(STEP * NODES_A_WAY, 14.0 / side)
    number = 0
    draw = random.Random(ways).random
    tags = [
        {"highway": "primary", "surface": "asphalt", "maxspeed": "90"},
        {"highway": "secondary", "surface": "asphalt"},
        {"highway": "tertiary"},
        {"railway": "rail", "usage": "main", "gauge": "1520", "electrified": "contact_line"},
    ]
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-11-01T00:00:00Z")
    header.add_box(osmium.osm.Box(LON, LAT, LON + scale * side, LAT + scale * side * 0.3))
    made: list[tuple[list[int], dict[str, str]]] = []
    with osmium.SimpleWriter(str(file), header=header, overwrite=True) as writer:

        def node(x: float, y: float) -> int:
            nonlocal number
            number += 1
            writer.add_node(Node(id=number, location=(LON + x * scale, LAT + y * scale * 0.3),
                                 version=1))  # fmt: skip
            return number

        cross = [[node(i, j) for j in range(side)] for i in range(side)]
        for i in range(side):
            for j in range(side):
                for k, (di, dj) in enumerate(((1, 0), (0, 1))):
                    if len(made) >= ways or i + di >= side or j + dj >= side:
                        continue
                    refs = [cross[i][j]]
                    for step in range(1, inner + 1):
                        t = step / (inner + 1)
                        bend = 0.08 * math.sin(math.pi * t) * (1 if (i + j) % 2 else -1)
                        refs.append(node(i + di * t + dj * bend + 0.02 * draw(),
                                         j + dj * t + di * bend + 0.02 * draw()))  # fmt: skip
                    refs.append(cross[i + di][j + dj])
                    # every tenth line of the grid is a railway
                    rail = (j if k == 0 else i) % 10 == 0
                    made.append((refs, tags[3] if rail else tags[(i * 7 + j) % 3]))
                    for _ in range(OTHERS * NODES_A_WAY):
                        node(i + draw(), j + draw())
        for ident, (refs, what) in enumerate(made, start=1):
            writer.add_way(Way(id=ident, nodes=refs, tags=what, version=1))
    return number


def one(file: Path) -> dict[str, float]:
    """Import a file, and return seconds and megabytes; for a process of its own."""
    from corridors.osm.build import build
    from corridors.osm.countries import prepared
    from corridors.osm.memory import plan
    from corridors.osm.read import read_extract
    from corridors.osm.saved import save

    prepared()  # kept in the cache from the first import on
    told = plan(file, "pbf")
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    start = time.perf_counter()
    extract = read_extract(file, ("rail", "road"))
    read = time.perf_counter()
    ways = len(extract.ways.id)
    made = build(extract)
    built = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        save(made.graph, made.places, [made.report], Path(folder) / "net")
    saved = time.perf_counter()
    return {
        "ways": ways, "edges": made.report["edges"], "way_nodes": made.report["way_nodes"],
        "file_mb": round(file.stat().st_size / 1e6, 1),
        "read_s": round(read - start, 2), "graph_s": round(built - read, 2),
        "save_s": round(saved - built, 2), "total_s": round(saved - start, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0),
        "libraries_mb": round(base), "planned_mb": round(told.need_mb),
    }  # fmt: skip


def growth(rows: list[dict[str, float]], what: str) -> float:
    """Return the exponent of the growth between the smallest and the largest extract."""
    a, b = rows[0], rows[-1]
    return math.log(b[what] / a[what]) / math.log(b["ways"] / a["ways"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("ways", nargs="*", type=int, default=[*SIZES])
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one)))
        return
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for ways in asked.ways:
            file = Path(folder) / f"{ways}.osm.pbf"
            generate(file, ways)
            done = subprocess.run(
                [sys.executable, __file__, "--one", str(file)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(", ".join(f"{k} {v:,}" for k, v in rows[-1].items()), flush=True)
            file.unlink()
    if len(rows) > 1:
        told = {w: round(growth(rows, w), 2) for w in ("total_s", "peak_mb")}
        print(f"growth from {rows[0]['ways']:,} to {rows[-1]['ways']:,} ways: "
              f"time ~ n^{told['total_s']}, peak memory ~ n^{told['peak_mb']}")  # fmt: skip
    if asked.output:
        asked.output.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
