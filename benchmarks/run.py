"""Times of corridors and its peers, side by side in one run: ``make bench``.

    python benchmarks/run.py [--quick] [--only PART ...] [--out docs/benchmarks.md]

Ratios are what counts: every peer answers the same questions on the same graph in the same
process, minutes apart at most, and its answers are compared before its time is believed. Times
are medians, or the best of a few where one call takes long. What a peer would take for a whole
matrix is reckoned from a sample of its rows, and marked ``~``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

import corridors
from corridors.routing.engine import INF
from corridors.routing.profile import Profile

ROOT = Path(__file__).resolve().parents[1]
ALL = ("rail", "road", "sea", "ferry")
# what the public papers of the peers and the project's own goals say, for the last column
GOALS = {
    "route": "at most 10 ms",
    "path": "within 2× of the bare engine",
    "matrix": "within 1.5× of the bare engine",
    "matrix2000": "under 10 s",
    "profile": "under 0.2 s",
    "closures": "under 30 s",
    "memory": "under 600 MB",
    "memory2": "under 100 MB",
    "import": "under 0.2 s",
    "process": "under 1 s",
    "cell": "under 3 s",
    "file": "under 4 MB",
}


@dataclass
class Table:
    """One table of the page."""

    title: str
    note: str = ""
    columns: tuple[str, ...] = ("what", "time", "against corridors", "remark")
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)
        print("   ", " | ".join(cells), flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def seconds(call: Callable[[], Any], repeat: int = 1) -> float:
    """Return the best time of a call."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def median_ms(call: Callable[..., Any], questions: list[tuple[Any, ...]]) -> float:
    """Return the median time in ms over questions."""
    times = []
    for question in questions:
        start = time.perf_counter()
        call(*question)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000.0


def ms(value: float) -> str:
    return f"{value:,.2f} ms" if value < 10 else f"{value:,.0f} ms"


def s(value: float) -> str:
    return f"{value:,.2f} s" if value < 10 else f"{value:,.0f} s"


def times(value: float) -> str:
    if value < 1:
        return f"{value:.2f}×"
    return f"{value:,.1f}×" if value < 100 else f"{value:,.0f}×"


# --- graphs for the peers --------------------------------------------------------------------


class Graph:
    """The shipped network's open arcs of some modes, by length, for every engine."""

    def __init__(self, net: corridors.Network, modes: tuple[str, ...]) -> None:
        self.net, self.modes = net, modes
        c = net.columns
        self.w = net.weighted(Profile(by="distance", modes=modes))
        weight = self.w.weights[c.a_edge]
        use = np.flatnonzero(weight < INF)
        order = use[np.lexsort((weight[use], c.a_head[use], c.a_tail[use]))]
        tail, head = c.a_tail[order], c.a_head[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        self.tail, self.head = tail[first], head[first]
        self.weight = weight[order][first].astype(np.int64)
        # questions inside the largest part that can be gone round in both directions
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        self.matrix = csr_array(
            (self.weight.astype(float), (self.tail, self.head)), shape=(c.n_nodes, c.n_nodes)
        )
        label = connected_components(self.matrix, directed=True, connection="strong")[1]
        self.nodes = np.flatnonzero(label == np.bincount(label).argmax())

    def pairs(self, n: int, seed: int = 0) -> list[tuple[int, int]]:
        found = np.random.default_rng(seed).choice(self.nodes, (n, 2))
        return [(int(a), int(b)) for a, b in found]

    def floor(self) -> tuple[Any, Callable[[Any], Any]]:
        """Return the bare engine's metric, and what turns our numbers of nodes into its own."""
        metric: Any = self.w.metric
        if hasattr(metric, "_inner"):  # the network without roads
            return metric._inner._metric, lambda nodes: metric._part._number[nodes]
        return metric._metric, lambda nodes: nodes

    def scgraph(self) -> Any:
        from scgraph import Graph as Peer

        rows: list[dict[int, float]] = [{} for _ in range(self.net.columns.n_nodes)]
        # its own graphs are in km
        km = (self.weight / 64 / 1000).tolist()
        for a, b, x in zip(self.tail.tolist(), self.head.tolist(), km, strict=True):
            rows[a][b] = x
        return Peer(rows)

    def networkx(self) -> Any:
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_weighted_edges_from(
            zip(self.tail.tolist(), self.head.tolist(), self.weight.tolist(), strict=True)
        )
        return graph


def settlements(net: corridors.Network, least: int) -> list[Any]:
    """Return settlements of the gazetteer, the largest first."""
    index = net.names
    found = [index._match(i, "id") for i in np.flatnonzero(index._arrays["population"] >= least)]
    return sorted(found, key=lambda m: -m.population)


# --- the tables ------------------------------------------------------------------------------


def single(net: corridors.Network, quick: bool) -> list[Table]:
    return [_single(net, modes, quick) for modes in (("rail",), ALL)]


def _single(net: corridors.Network, modes: tuple[str, ...], quick: bool) -> Table:
    cities = [("Urumqi", "Aktau"), ("Almaty", "Poti"), ("Xi'an", "Duisburg"),
              ("Tashkent", "Moscow"), ("Baku", "Istanbul"), ("Khorgos", "Tbilisi"),
              ("Lianyungang", "Hamburg"), ("Osh", "Kashgar"), ("Astana", "Warsaw"),
              ("Tehran", "Beijing")]  # fmt: skip
    say(f"one question, {', '.join(modes)}")
    graph = Graph(net, modes)
    n, m = len(graph.nodes), len(graph.tail)
    table = Table(
        f"One question: {', '.join(modes)}",
        f"{n:,} nodes in the part that is asked, {m:,} arcs; random pairs of nodes by length. "
        "The whole route is asked by name: names resolved, snapped to lines, legs, totals "
        "and ranges from 1,000 draws, line ready.",
    )
    pairs = graph.pairs(50 if quick else 300)
    usable = []
    for a, b in cities:
        try:
            net.route(a, b, modes=modes)
            usable.append((a, b))
        except corridors.CorridorsError:
            continue
    whole = median_ms(lambda a, b: net.route(a, b, modes=modes), usable * (2 if quick else 6))
    metric = graph.w.metric
    path = median_ms(metric.query, pairs)
    raw, number = graph.floor()
    its = [(int(number(a)), int(number(b))) for a, b in pairs]
    bare = median_ms(raw.query, its)
    again = median_ms(metric.query, pairs)
    path = min(path, again)
    table.add("corridors, net.route whole", ms(whole), "1×", GOALS["route"])
    table.add("corridors, path only", ms(path), f"{times(path / bare)} of the floor", GOALS["path"])
    table.add("floor: bare pyroutingkit", ms(bare), f"{bare / whole:.2f}×", "")
    truth = {p: metric.query(*p)[0] for p in pairs}

    def check(name: str, found: float, pair: tuple[int, int], unit: float, of: Any = truth) -> None:
        if abs(found * unit - of[pair]) > 1e-6 * of[pair] + 1:
            raise SystemExit(f"{name} and corridors differ on {pair}: {found * unit} {of[pair]}")

    try:
        peer = graph.scgraph()
        few = pairs[: 5 if quick else 25]
        a, b = few[0]
        found = peer.bidirectional_buckets(origin_id=a, destination_id=b)
        check("scgraph", found["length"], few[0], 64_000.0)
        ask = lambda x, y: peer.bidirectional_buckets(origin_id=x, destination_id=y)  # noqa: E731
        took = median_ms(ask, few)
        table.add(f"scgraph {version('scgraph')}, its default query, bare", ms(took),
                  times(took / whole), "nodes, no names, no snapping, no legs")  # fmt: skip
        del peer
    except ImportError as error:
        table.add("scgraph", "not measured", "", str(error))
    from scipy.sparse.csgraph import dijkstra

    few = pairs[: 3 if quick else 10]
    took = median_ms(lambda x, y: dijkstra(graph.matrix, indices=x, return_predecessors=True), few)
    table.add(f"scipy {version('scipy')}, full tree", ms(took), times(took / whole), "")
    if modes == ("rail",) or not quick:
        import networkx as nx

        peer = graph.networkx()
        few = pairs[: 2 if quick else 5]
        length, _ = nx.bidirectional_dijkstra(peer, *few[0])
        check("networkx", length, few[0], 1.0)
        took = median_ms(lambda x, y: nx.bidirectional_dijkstra(peer, x, y), few)
        table.add(f"networkx {version('networkx')}, bidirectional", ms(took),
                  times(took / whole), "")  # fmt: skip
        del peer
    return table


def sea(net: corridors.Network, quick: bool) -> Table:
    say("sea")
    table = Table(
        "One question at sea",
        "The same pairs of ports; searoute on its own graph with a nearest node, corridors whole, "
        "from quay to quay. Lengths may differ: the lanes are not the same.",
    )
    ports = [
        "Shanghai",
        "Rotterdam",
        "Istanbul",
        "Poti",
        "Singapore",
        "Mumbai",
        "Hamburg",
        "Piraeus",
    ]
    found = []
    for a in ports:
        for b in ports:
            if a != b:
                try:
                    net.route(a, b, modes=["sea"], by="distance")
                    found.append((a, b))
                except corridors.CorridorsError:
                    continue
    found = found[: 6 if quick else 40]
    mine = median_ms(lambda a, b: net.route(a, b, modes=["sea"], by="distance"), found)
    table.add("corridors, net.route whole", ms(mine), "1×", "")
    try:
        import searoute

        where = {p: net.place(p) for p in ports}
        asked = [([where[a].lon, where[a].lat], [where[b].lon, where[b].lat]) for a, b in found]
        searoute.searoute(*asked[0])
        took = median_ms(searoute.searoute, asked)
        table.add(
            f"searoute {version('searoute')}", ms(took), times(took / mine), "line and length"
        )
    except ImportError as error:
        table.add("searoute", "not measured", "", str(error))
    return table


def matrices(net: corridors.Network, quick: bool) -> Table:
    say("matrices")
    table = Table(
        "Matrices",
        "Settlements of the gazetteer with all their joins (two nodes of the nearest rail line, "
        "two of the nearest road, ports in reach), door to door, on every processor; the bare "
        "engine and the peers from as many single nodes, on one.",
    )
    places = [(p.lat, p.lon) for p in settlements(net, 100_000)]
    rng = np.random.default_rng(0)

    def some(n: int) -> list[Any]:
        return [places[i] for i in rng.choice(len(places), n, replace=False)]

    from scipy.sparse.csgraph import dijkstra

    for modes in (("rail",), ALL):
        graph = Graph(net, modes)
        net.matrix(some(2), modes=modes, by="distance")  # metrics made, as for the others
        n = 300 if quick else 1000
        nodes = rng.choice(graph.nodes, (2, n))
        name = ", ".join(modes)
        mine = seconds(lambda m=modes, k=n: net.matrix(some(k), some(k), modes=m, by="distance"),
                       1 if quick else 3)  # fmt: skip
        raw, number = graph.floor()
        its = [number(x).astype(np.uint32) for x in nodes]
        bare = seconds(lambda r=raw, x=its: r.distances_many_to_many(*x), 1 if quick else 3)
        table.add(f"{n} × {n}, {name}: corridors", s(mine), f"{times(mine / bare)} of the floor",
                  GOALS["matrix"])  # fmt: skip
        table.add(f"{n} × {n}, {name}: floor, bare pyroutingkit", s(bare), times(bare / mine), "")
        few = 4 if quick else 12
        took = seconds(lambda g=graph, x=nodes, k=few: [
            dijkstra(g.matrix, indices=int(i))[x[1]] for i in x[0][:k]]) / few * n  # fmt: skip
        table.add(f"{n} × {n}, {name}: scipy", f"~{s(took)}", times(took / mine),
                  f"from {few} rows")  # fmt: skip
        truth = net.engine() and graph.w.metric.matrix(nodes[0][:1], nodes[1])[0].astype(np.int64)
        row = dijkstra(graph.matrix, indices=int(nodes[0][0]))[nodes[1]]
        if not np.array_equal(row.astype(np.int64), truth):
            raise SystemExit("scipy and corridors differ")
        try:
            peer = graph.scgraph()
            few = 2 if quick else 5
            took = seconds(lambda p=peer, x=nodes, k=few: [
                p.get_shortest_path_tree(int(i)) for i in x[0][:k]]) / few * n  # fmt: skip
            table.add(f"{n} × {n}, {name}: scgraph, a tree per row", f"~{s(took)}",
                      times(took / mine), f"from {few} rows")  # fmt: skip
            del peer
        except ImportError as error:
            table.add("scgraph", "not measured", "", str(error))
    n = 600 if quick else 2000
    mine = seconds(lambda: net.matrix(some(n), modes="all", by="time"), 1 if quick else 2)
    table.add(f"{n} × {n}, whole network by time: corridors", s(mine), "1×", GOALS["matrix2000"])
    table.add("arteries 0.1, all pairs of 2,075 cities, published", "20 s", times(20 / mine),
              "its authors' machine; its data are fetched from the web at first use")  # fmt: skip
    return table


def own(net: corridors.Network, quick: bool) -> Table:
    say("other questions")
    table = Table("What the others do not answer", "Whole answers, names resolved, lines ready.",
                  ("what", "time", "", "remark"))  # fmt: skip
    fresh = iter(range(2027, 2100))
    net.route("Urumqi", "Poti")

    def profile() -> None:
        net.route("Urumqi", "Poti", year=next(fresh))

    table.add("new profile (a year): first whole route", s(seconds(profile, 5)), "",
              GOALS["profile"])  # fmt: skip
    known = set(net.columns.words["facility"])
    crossings = [f.id for f in net.facilities.values() if f.kind == "crossing" and f.id in known]
    shut = iter(crossings)
    table.add("new closure: first whole route",
              s(seconds(lambda: net.closed(next(shut)).route("Urumqi", "Poti"), 5)), "",
              GOALS["profile"])  # fmt: skip
    rng = np.random.default_rng(1)
    graph = Graph(net, ("rail", "sea", "ferry"))
    pairs = graph.pairs(100)
    closures = rng.choice(crossings, 5 if quick else 100, replace=True).tolist()

    def closed_pairs() -> None:
        for crossing in closures:
            w = net.closed(crossing).weighted(Profile(by="time"))
            for a, b in pairs:
                w.metric.query(a, b)

    took = seconds(closed_pairs) * 100 / len(closures)
    table.add("100 closures × 100 pairs, paths", s(took), "", GOALS["closures"])
    for name, call in (
        ("alternatives, 3 routes Urumqi – Poti", lambda: net.alternatives("Urumqi", "Poti", k=3)),
        ("pareto, supported, Urumqi – Poti", lambda: net.pareto("Urumqi", "Poti")),
        ("pareto, complete within 1 %", lambda: net.pareto("Urumqi", "Poti", complete=True)),
        ("pareto, complete within 1 %, all modes",
         lambda: net.pareto("Urumqi", "Istanbul", modes="all", complete=True)),
        ("robust, 500 draws, Urumqi – Poti", lambda: net.robust("Urumqi", "Poti", n=500)),
        ("isochrone, 24, 48, 96 h from Urumqi", lambda: net.isochrone("Urumqi", [24, 48, 96])),
    ):  # fmt: skip
        call()
        table.add(name, s(seconds(call, 1 if quick else 3)), "", "warm")
    return table


def processes(quick: bool) -> Table:
    say("processes and memory")
    table = Table("Processes and memory", "", ("what", "measured", "", "goal"))
    python = sys.executable

    def run(*argv: str) -> float:
        return seconds(lambda: subprocess.run(
            [python, *argv], check=True, capture_output=True), 3 if quick else 7)  # fmt: skip

    bare = run("-c", "pass")
    light = run("-c", "import corridors")
    table.add(
        "import corridors, over a bare interpreter", f"{light - bare:.3f} s", "", GOALS["import"]
    )
    command = "from corridors.cli import main; main()"
    for name, argv in (("Urumqi Aktau --mode rail", ["Urumqi", "Aktau", "--mode", "rail"]),
                       ("Urumqi Poti", ["Urumqi", "Poti"])):  # fmt: skip
        took = run("-c", command, "route", *argv)
        table.add(f"corridors route {name}, whole process, warm", s(took), "", GOALS["process"])
    code = """
import corridors
def mb():
    return [int(x.split()[1]) / 1024 for x in open("/proc/self/status") if x.startswith("VmRSS")][0]
net = corridors.load_network()
net.route("Urumqi", "Poti", modes="all"); one = mb()
net.route("Urumqi", "Poti", modes="all", by="cost"); two = mb()
print(one, two)
"""
    if Path("/proc/self/status").exists():
        done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
        one, two = map(float, done.stdout.split())
        table.add("memory with the network and one metric (all modes)", f"{one:,.0f} MB", "",
                  GOALS["memory"])  # fmt: skip
        table.add("a second metric", f"{two - one:,.0f} MB more", "", GOALS["memory2"])
    return table


def maps(quick: bool) -> Table:
    """Time maps and weigh their files, beside ``GeoDataFrame.explore()`` on the same features."""
    say("maps")
    table = Table(
        "Maps",
        "The same features, all lines and places of the atlas, by `corridors.explore` and by "
        "`GeoDataFrame.explore()`, from frames in memory to a saved file. What a file asks of a "
        "network is counted in the file: scripts, styles and fonts, and whose tiles. Every row "
        "is a process of its own, warm, its own start left out.",
        ("what", "measured", "against corridors", "remark"),
    )
    python = sys.executable

    def run(code: str) -> list[float]:
        """Return the medians of the numbers that a program prints."""
        rows = []
        for _ in range(3 if quick else 5):
            done = subprocess.run([python, "-W", "ignore", "-c", code], check=True,
                                  capture_output=True, text=True)  # fmt: skip
            rows.append([float(x) for x in done.stdout.split()])
        return [statistics.median(column) for column in zip(*rows, strict=True)]

    with tempfile.TemporaryDirectory() as folder:
        before = """
import time
import folium
import matplotlib.pyplot
import corridors
atlas = corridors.load_atlas()
start = time.perf_counter()
"""
        ours, theirs = Path(folder) / "ours.html", Path(folder) / "theirs.html"
        (took,) = run(
            before
            + f"""
corridors.save_map(corridors.explore(atlas), {str(ours)!r})
print(time.perf_counter() - start)
"""
        )
        size = ours.stat().st_size
        table.add("corridors, made and saved", s(took), "1×",
                  "with base map, search, legend, cards, year")  # fmt: skip
        table.add("corridors, size of the file", mb(size), "1×", "whole")
        table.add("corridors, asked of a network", *asks(ours))
        try:
            (peer,) = run(
                before
                + f"""
m = atlas.assets.explore()
atlas.places.explore(m=m)
m.save({str(theirs)!r})
print(time.perf_counter() - start)
"""
            )
            weight = theirs.stat().st_size
            name = f"GeoDataFrame.explore(), geopandas {version('geopandas')}"
            table.add(f"{name}, made and saved", s(peer), times(peer / took),
                      "lines and points alike, no legend, no search")  # fmt: skip
            table.add(f"{name}, size of the file", mb(weight), times(weight / size),
                      "without its scripts and tiles")  # fmt: skip
            table.add(f"{name}, asked of a network", *asks(theirs))
        except subprocess.CalledProcessError as error:
            table.add("GeoDataFrame.explore()", "not measured", "",
                      error.stderr.strip().splitlines()[-1])  # fmt: skip
        for name, made in (
            ("the atlas", "corridors.explore(corridors.load_atlas())"),
            ("the atlas and a route Urumqi – Poti",
             "corridors.explore(corridors.load_atlas(), routes=["
             "corridors.load_network().route('Urumqi', 'Poti')])"),
        ):  # fmt: skip
            wall, cpu = run(f"""
import time
wall, cpu = time.perf_counter(), time.process_time()
import corridors
{made}._repr_html_()
print(time.perf_counter() - wall, time.process_time() - cpu)
""")
            table.add(f"from `import corridors` to {name} under a cell", s(wall), "",
                      f"{GOALS['cell']}; processor time {s(cpu)}")  # fmt: skip
        full = Path(folder) / "full.html"
        command = "from corridors.cli import main; main()"
        pairs = ("Urumqi -> Poti", "Xi'an -> Duisburg", "Tashkent -> Istanbul")
        argv = [python, "-c", command, "map", "-o", str(full),
                *(x for p in pairs for x in ("--route", p))]  # fmt: skip
        subprocess.run(argv, check=True, capture_output=True)  # the planner's graph, once
        took = seconds(lambda: subprocess.run(argv, check=True, capture_output=True), 3)
        table.add("corridors map, atlas, three routes and planner, whole process, warm", s(took),
                  "", "")  # fmt: skip
        table.add("its file", mb(full.stat().st_size), "", GOALS["file"])
    return table


def mb(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def asks(file: Path) -> tuple[str, str, str]:
    """Return what a page asks of a network when it is opened: how much, and of whom."""
    text = file.read_text(encoding="utf-8")
    links = re.findall(r'<(?:script|link)\b[^>]*?\b(?:src|href)="(https?://[^"]+)"', text)
    tiles = re.findall(r'"(https?://[^"]*\{z\}[^"]*)"', text)
    hosts = sorted({urlsplit(x.replace("{s}.", "")).hostname or "" for x in (*links, *tiles)})
    if not hosts:
        return "nothing", "", "opens offline"
    return (f"{len(links)} files{' and map tiles' if tiles else ''}", "",
            f"of {len(hosts)} hosts; empty offline")  # fmt: skip


# --- the page --------------------------------------------------------------------------------


def version(name: str) -> str:
    return importlib.metadata.version(name)


def machine() -> list[str]:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [x.split(":", 1)[1].strip() for x in info.read_text().splitlines()
                 if x.startswith("model name")]  # fmt: skip
        model = names[0] if names else model
    packages = ["corridors", "pyroutingkit", "numpy", "scipy", "networkx", "scgraph", "searoute",
                "arteries"]  # fmt: skip
    found = []
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return [
        f"{model}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}",
        ", ".join(found),
    ]


def page(tables: list[Table], net: corridors.Network, quick: bool) -> str:
    lines = [
        "# Benchmarks", "",
        "Made by `make bench`; do not edit. Trust the ratios more than the times: all figures of a "
        "table come from one run, and where the graph is the same the lengths were compared with "
        "ours before a time was taken.", "",
        *(f"- {x}" for x in machine()),
        f"- shipped network {net.version[:12]}: {net.columns.n_nodes:,} nodes, "
        f"{len(net.columns.e_u):,} edges",
    ]  # fmt: skip
    if quick:
        lines += ["", "**A quick run: fewer questions, rougher figures.**"]
    return "\n".join([*lines, *(line for table in tables for line in section(table))]) + "\n"


def section(table: Table) -> list[str]:
    lines = ["", f"## {table.title}", ""]
    if table.note:
        lines += [table.note, ""]
    lines.append("| " + " | ".join(table.columns) + " |")
    lines.append("|---|" + "---:|" * (len(table.columns) - 2) + "---|")
    return lines + ["| " + " | ".join(x.replace("|", "/") for x in r) + " |" for r in table.rows]


def renewed(text: str, tables: list[Table]) -> str:
    """Return a page with some of its tables measured anew, or added at its end."""
    for table in tables:
        new = "\n".join(section(table)).lstrip("\n")
        old = re.compile(rf"^## {re.escape(table.title)}$.*?(?=^## |\Z)", re.M | re.S)
        if old.search(text):
            text = old.sub(lambda _, new=new: new + "\n\n", text, count=1).rstrip("\n") + "\n"
        else:
            text = text.rstrip("\n") + "\n\n" + new + "\n"
    return text


PARTS: dict[str, Callable[[Any, bool], list[Table]]] = {
    "single": single,
    "sea": lambda net, quick: [sea(net, quick)],
    "matrices": lambda net, quick: [matrices(net, quick)],
    "own": lambda net, quick: [own(net, quick)],
    "processes": lambda _net, quick: [processes(quick)],
    "maps": lambda _net, quick: [maps(quick)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer questions, a minute in all")
    parser.add_argument("--only", action="append", choices=PARTS, default=[],
                        help="this part alone, put into the page that is there")  # fmt: skip
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--json", type=Path, help="the tables as JSON, too")
    options = parser.parse_args()
    net = corridors.load_network(progress=say)
    # other work on the machine makes walls longer, and not processor time
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    busy = f", with {load:.1f} other programs at work on {processors} processors"
    busy = busy if load > 0.5 else ""
    chosen = options.only or list(PARTS)
    tables = [t for name in chosen for t in PARTS[name](net, options.quick)]
    if options.only:
        for table in tables:
            alone = f"Measured in a run of its own, on data {net.version[:12]}{busy}."
            table.note = f"{table.note} {alone}".strip()
        text = renewed(options.out.read_text(encoding="utf-8"), tables)
    else:
        text = page(tables, net, options.quick)
    options.out.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps([vars(t) for t in tables], indent=2), encoding="utf-8")
    say(f"{options.out} written")


if __name__ == "__main__":
    main()
