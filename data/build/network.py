"""The multimodal network from its raw material and tables: layers, joins, frontiers, transfers.

Order matters and is the argument of this file: lines are given their true course and patched
first, then each node its country, gaps are joined inside countries, lines are cut at frontiers
and joined again only at listed crossings, gauges are parted, terminals join the layers, and only
then are chains contracted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import sections
import shape
from inputs import country_polygons, raw_graph

from corridors.geodesy import chord, distance_km, line_length_km, unit_vectors
from corridors.network.chains import contract
from corridors.network.frames import (
    Graph,
    add_edges,
    compact,
    component_km,
    components,
    make_edges,
    merge,
)
from corridors.network.frontiers import (
    Countries,
    absorb_slivers,
    assign_nodes,
    border_edges,
    cut_at_frontiers,
    prepare_countries,
)
from corridors.network.gaps import join_gaps
from corridors.network.gauges import assign_gauges, part_borders, part_gauges
from corridors.network.terminals import LIMIT_KM, attach, transfer_rows

# an edge drawn straight over more than this is called a chord
CHORD_KM = 20.0
# components shorter than this are not worth a place in a route graph
MIN_COMPONENT_KM = {"rail": 25.0, "road": 60.0}


@dataclass
class Report:
    """What the build did, for the tables and the page that tell of it."""

    joins: list[pd.DataFrame] = field(default_factory=list)
    cuts: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    terminals: list[dict[str, object]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Print and keep one line."""
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", flush=True)
        self.notes.append(text)


def table(tables: Path, name: str) -> pd.DataFrame:
    """Return a hand-written table, every cell as text, '' where empty."""
    return pd.read_csv(tables / name, dtype=str, keep_default_na=False, encoding="utf-8")


def numbers(frame: pd.DataFrame, names: list[str], empty: float = 0) -> pd.DataFrame:
    """Return the frame with some text columns as numbers."""
    return frame.assign(**{n: pd.to_numeric(frame[n].replace("", empty)) for n in names})


def layer(mode: str, tables: Path, countries: Countries, report: Report) -> Graph:
    """Return one land layer: raw edges with course, patches, countries, joins."""
    lon, lat, raw = raw_graph({"rail": "world_railways", "road": "world_highways"}[mode])
    nodes = pd.DataFrame({"lon": lon, "lat": lat, "country": ""})
    rows = raw.rename(columns={"km": "length_km"}).assign(mode=mode, origin="osm")
    graph = Graph(nodes, make_edges(rows.to_dict("list")))
    graph = Graph(graph.nodes, _course(graph, mode, tables, countries))
    report.say(f"{mode}: {len(nodes)} nodes, {len(raw)} edges, {raw['km'].sum():,.0f} km")
    name = {"rail": "patches.csv", "road": "patches_road.csv"}[mode]
    graph = apply_patches(graph, mode, shape.patches(tables, name), report)
    graph = absorb_slivers(assign_nodes(graph, countries))
    report.say(f"{mode}: countries assigned")

    def over_water(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(countries.at(x, y) == "", dtype=bool)

    before = len(graph.edges)
    graph = join_gaps(graph, mode=mode, over_water=over_water)
    report.joins.append(joins_of(graph, before))
    report.say(f"{mode}: {len(graph.edges) - before} gaps joined by rule")
    return sections.apply(graph, tables, report) if mode == "rail" else graph


def _course(graph: Graph, mode: str, tables: Path, countries: Countries) -> pd.DataFrame:
    """Return the edges with ``via`` and ``precision``."""
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    km = graph.edges["length_km"].to_numpy()
    if mode == "rail":
        code = countries.at(lon, lat)
        via, precision = shape.via_for_edges(lon[u], lat[u], lon[v], lat[v], km, list(code[u]))
        precision = [p or "junctions" for p in precision]
    else:
        via = [None] * len(u)
        precision = ["junctions"] * len(u)
    holder = np.empty(len(u), dtype=object)
    holder[:] = via
    straight = np.array([x is None for x in via])
    drawn = np.asarray(distance_km(lon[u], lat[u], lon[v], lat[v]))
    words = np.array(precision, dtype=object)
    words[straight & (drawn > CHORD_KM)] = "chord"
    # no line is shorter than the earth allows
    shortest = drawn.copy()
    for row in np.flatnonzero(~straight):
        line = np.vstack([[lon[u[row]], lat[u[row]]], via[row], [lon[v[row]], lat[v[row]]]])
        shortest[row] = line_length_km(line)
    return graph.edges.assign(via=holder, precision=words, length_km=np.maximum(km, shortest))


def joins_of(graph: Graph, first: int) -> pd.DataFrame:
    """Return the joins among the edges from row ``first`` on, one row each."""
    new = graph.edges.iloc[first:]
    a, b = graph.nodes.iloc[new["u"]], graph.nodes.iloc[new["v"]]
    return pd.DataFrame(
        {
            "mode": new["mode"].to_numpy(), "country": new["country"].to_numpy(),
            "lon": a["lon"].to_numpy(), "lat": a["lat"].to_numpy(),
            "to_lon": b["lon"].to_numpy(), "to_lat": b["lat"].to_numpy(),
            "length_km": new["length_km"].to_numpy().round(3), "rule": new["origin"].to_numpy(),
        }
    )  # fmt: skip


def apply_patches(graph: Graph, mode: str, patches: pd.DataFrame, report: Report) -> Graph:
    """Return the graph with one mode's patches applied; a patch that fits nothing is an error."""
    rows = patches[patches["mode"] == mode].reset_index(drop=True)
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    at = {}
    for i, key in enumerate(zip(lat.round(3), lon.round(3), strict=True)):
        at.setdefault(key, i)
    from scipy.spatial import cKDTree

    tree = cKDTree(unit_vectors(lon, lat))

    def node(y: float, x: float, what: str, reach_km: float = 0.3) -> int:
        found = at.get((round(y, 3), round(x, 3)))
        if found is not None:
            return found
        far, i = tree.query(unit_vectors([x], [y])[0])
        if far > chord(reach_km):
            raise SystemExit(f"patches.csv: no {mode} node at {y}, {x} ({what})")
        return int(i)

    u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
    pair = {(min(a, b), max(a, b)): i for i, (a, b) in enumerate(zip(u, v, strict=True))}

    def edge(p: pd.Series) -> int:
        a = node(p["from_lat"], p["from_lon"], p["reason"])
        b = node(p["to_lat"], p["to_lon"], p["reason"])
        found = pair.get((min(a, b), max(a, b)))
        if found is None:
            raise SystemExit(
                f"patches.csv: no {mode} edge {p['from_lat']}, {p['from_lon']} - "
                f"{p['to_lat']}, {p['to_lon']} ({p['action']}: {p['reason']})"
            )
        return found

    edges = graph.edges
    drop = np.zeros(len(edges), dtype=bool)
    length = edges["length_km"].to_numpy().copy()
    added: list[dict[str, object]] = []
    new_nodes: list[tuple[float, float]] = []
    own: dict[tuple[float, float], int] = {}

    def end(y: float, x: float) -> int:
        found = at.get((round(y, 3), round(x, 3)))
        if found is None:
            key = (round(y, 5), round(x, 5))
            if key not in own:
                own[key] = len(lon) + len(new_nodes)
                new_nodes.append((x, y))
            found = own[key]
        return found

    for i, p in rows.iterrows():
        if p["action"] == "remove":
            drop[edge(p)] = True
        elif p["action"] == "relength":
            length[edge(p)] = p["length_km"]
        elif p["action"] == "cut":
            row = edge(p)
            drop[row] = True
            via = [tuple(q) for q in p["via"]]
            stops = [int(u[row]), *[end(y, x) for x, y in via], int(v[row])]
            xy = [(lon[u[row]], lat[u[row]]), *via, (lon[v[row]], lat[v[row]])]
            first = np.hypot(*(np.array(via[0]) - xy[0]))
            last = np.hypot(*(np.array(via[0]) - xy[-1]))
            if first > last:  # the row names the edge the other way round
                stops[1:-1], xy[1:-1] = stops[-2:0:-1], xy[-2:0:-1]
            seg = [float(distance_km(*xy[k], *xy[k + 1])) for k in range(len(xy) - 1)]
            # high confidence: cut at stations, so that the parts lie where the line lies
            known = {"precision": "station"} if p["confidence"] == "high" and mode == "rail" else {}
            for k, part in enumerate(seg):
                added.append({
                    **edges.iloc[row].drop(["u", "v", "via"]).to_dict(), **known, "u": stops[k],
                    "v": stops[k + 1], "via": None, "length_km": length[row] * part / sum(seg),
                })  # fmt: skip
        elif p["action"] in ("add", "join"):
            a, b = end(p["from_lat"], p["from_lon"]), end(p["to_lat"], p["to_lon"])
            if a == b:
                raise SystemExit(f"patches.csv: {p['reason']}: both ends are one node")
            line = np.vstack([[[p["from_lon"], p["from_lat"]]], p["via"].reshape(-1, 2),
                              [[p["to_lon"], p["to_lat"]]]])  # fmt: skip
            drawn = line_length_km(line)
            km = (
                drawn * (1.0 if p["action"] == "join" else 1.03)
                if np.isnan(p["length_km"])
                else p["length_km"]
            )
            added.append(
                {
                    "u": a, "v": b, "mode": mode, "length_km": max(float(km), drawn),
                    "via": line[1:-1] if len(line) > 2 else None, "gauge_mm": int(p["gauge_mm"]),
                    "status": p["status"] or "operating", "from_year": int(p["from_year"]),
                    "to_year": int(p["to_year"]), "origin": f"patch:{p['action']}:{i}",
                    "precision": "schematic" if p["confidence"] == "low" else "settlement",
                }
            )  # fmt: skip
        else:
            raise SystemExit(f"patches.csv: unknown action {p['action']!r}")
    nodes = pd.concat(
        [
            graph.nodes,
            pd.DataFrame(new_nodes, columns=["lon", "lat"], dtype=float).assign(country=""),
        ],
        ignore_index=True,
    )
    edges = edges.assign(length_km=length)[~drop]
    # rows of "added" that replace a cut edge keep their origin
    out = (
        pd.concat([edges, make_edges(added)], ignore_index=True)
        if added
        else edges.reset_index(drop=True)
    )
    record = rows[rows["action"].isin(["add", "join"])]
    report.joins.append(
        pd.DataFrame(
            {
                "mode": mode,
                "country": record["country"],
                "lon": record["from_lon"],
                "lat": record["from_lat"],
                "to_lon": record["to_lon"],
                "to_lat": record["to_lat"],
                "length_km": [
                    round(float(e["length_km"]), 3)
                    for e in added
                    if str(e["origin"]).startswith("patch:")
                ],
                "rule": [f"patch: {r}" for r in record["reason"]],
            }
        )
    )
    report.say(f"{mode}: {len(rows)} patches")
    return Graph(nodes, out)


def gate(graph: Graph, mode: str, countries: Countries, tables: Path, report: Report) -> Graph:
    """Cut one layer at the frontiers and join it again where a crossing is."""
    graph, cuts = cut_at_frontiers(graph, countries)
    frontiers = numbers(table(tables, "frontiers.csv"), ["from_year", "to_year"])
    crossings = numbers(table(tables, "crossings.csv"), ["lon", "lat", "from_year", "to_year"])
    borders, verdicts = border_edges(cuts, frontiers, crossings)
    report.cuts.append(verdicts)
    kept = int((verdicts["verdict"] != "no crossing here").sum())
    report.say(f"{mode}: {len(cuts)} frontier cuts, {kept} not refused, {len(borders) // 2} gates")
    return Graph(graph.nodes, pd.concat([graph.edges, borders], ignore_index=True))


def drop_small(graph: Graph, min_km: float, report: Report, mode: str) -> Graph:
    """Drop components too short to matter."""
    labels = components(graph)
    km = component_km(graph, labels)
    keep = km[graph.edges["u"].to_numpy()] >= min_km
    lost = graph.edges[~keep]
    report.say(f"{mode}: {lost['length_km'].sum():,.0f} km in pieces under {min_km:g} km dropped")
    return compact(graph, keep)


def terminals_table(tables: Path) -> pd.DataFrame:
    """Return terminals.csv with numbers."""
    return numbers(table(tables, "terminals.csv"), ["lon", "lat", "from_year", "to_year"])


def join_terminals(graph: Graph, terminals: pd.DataFrame, report: Report) -> Graph:
    """Join every terminal to its layers, and its layers to each other."""
    sides: dict[str, list[tuple[str, int, int]]] = {}
    marks: dict[int, str] = {}
    berths: dict[int, frozenset[str]] = {}
    for mode in ("rail", "road"):
        rows = []
        for t in terminals.itertuples(index=False):
            if mode not in t.modes.split("|"):
                continue
            gauges = [int(g) for g in t.gauges_mm.split("|") if g] if mode == "rail" else [0]
            rows += [
                {"id": t.id, "lon": t.lon, "lat": t.lat, "country": t.country, "gauge_mm": g,
                 "origin": f"access:{t.id}"}
                for g in (gauges or [0])
            ]  # fmt: skip
        points = pd.DataFrame(rows)
        graph, node_of, access = attach(graph, mode, points, LIMIT_KM[mode])
        for index, p in points.iterrows():
            found = index in node_of
            report.terminals.append(
                {"terminal": p["id"], "mode": mode, "gauge_mm": p["gauge_mm"],
                 "access_km": round(access[index], 2) if found else np.nan}
            )  # fmt: skip
            if found:
                sides.setdefault(p["id"], []).append((mode, int(p["gauge_mm"]), node_of[index]))
                marks[node_of[index]] = p["id"]
        missing = [p["id"] for i, p in points.iterrows() if i not in node_of]
        report.say(f"{mode}: {len(node_of)} terminal sides joined; out of reach: {missing}")
    named = graph.nodes.get("terminal", pd.Series("", index=graph.nodes.index)).fillna("")
    for number in np.flatnonzero(named != ""):
        mode, _, carries = graph.nodes["side"].iat[number].partition(":")
        sides.setdefault(named.iat[number], []).append((mode, 0, int(number)))
        if carries:
            berths[int(number)] = frozenset(carries.split("|"))
    rows = []
    for t in terminals.itertuples(index=False):
        rows += transfer_rows(
            sides.get(t.id, []), t.id, t.country, (t.from_year, t.to_year), t.status, berths
        )
    terminal = named.to_numpy().astype(object)
    for number, name in marks.items():
        terminal[number] = name
    graph = Graph(graph.nodes.assign(terminal=terminal), graph.edges)
    report.say(f"{len(rows)} transfers at {len(sides)} terminals")
    return add_edges(graph, rows)


def stops_of(tables: Path) -> dict[str, tuple[float, float]]:
    """Return lon, lat of every place, terminal and crossing by id."""
    found = {}
    for name in ("places.csv", "terminals.csv", "crossings.csv"):
        for row in table(tables, name).itertuples(index=False):
            if row.lon and row.lat:
                found[row.id] = (float(row.lon), float(row.lat))
    return found


def pipelines(tables: Path, countries: Countries) -> Graph:
    """Return the pipelines of the asset tables as a layer: waypoints joined by geodesics.

    Lines that share a waypoint meet there. Frontiers cost nothing; they only part the countries.
    """
    assets = table(tables, "assets.csv")
    assets = numbers(assets, ["opened", "closed"])
    assets = assets[assets["kind"].isin(["gas_pipeline", "oil_pipeline"])].set_index("id")
    lines = numbers(table(tables, "asset_lines.csv"), ["seq"])
    where = stops_of(tables)
    number: dict[tuple[float, float], int] = {}
    rows: list[dict[str, object]] = []
    for (ident, _), part in lines[lines["asset_id"].isin(assets.index)].groupby(
        ["asset_id", "part"]
    ):
        a = assets.loc[ident]
        before = None
        for p in part.sort_values("seq").itertuples(index=False):
            x, y = (float(p.lon), float(p.lat)) if p.lon else where[p.place]
            here = number.setdefault((round(x, 5), round(y, 5)), len(number))
            if before is not None and before != here:
                rows.append(
                    {"u": before, "v": here, "mode": "pipeline", "status": a["status"],
                     "from_year": int(a["opened"]), "to_year": int(a["closed"]),
                     "facility": f"asset:{ident}", "origin": "asset",
                     "precision": p.precision or a["precision"]}
                )  # fmt: skip
            before = here
    points = np.array(list(number))
    nodes = pd.DataFrame({"lon": points[:, 0], "lat": points[:, 1], "country": ""})
    edges = make_edges(rows)
    ends = points[edges["u"]], points[edges["v"]]
    edges["length_km"] = distance_km(ends[0][:, 0], ends[0][:, 1], ends[1][:, 0], ends[1][:, 1])
    graph, cuts = cut_at_frontiers(assign_nodes(Graph(nodes, edges), countries), countries)
    gates = [
        {"u": a, "v": b, "mode": "pipeline", "kind": "border", "country": x, "to_country": y,
         "facility": f"frontier:{min(x, y)}-{max(x, y)}", "oneway": True, "origin": "border:none"}
        for c in cuts.itertuples(index=False)
        for a, b, x, y in (
            (c.a, c.b, c.country_a, c.country_b), (c.b, c.a, c.country_b, c.country_a)
        )
    ]  # fmt: skip
    return add_edges(graph, gates)


def finish(graph: Graph) -> Graph:
    """Contract chains and keep terminals."""
    graph = part_borders(graph)
    keep = (graph.nodes["terminal"].fillna("") != "").to_numpy()
    return contract(graph, keep)


def build(inputs: Path, tables: Path, sea: Graph, report: Report) -> Graph:
    """Return the finished network; ``sea`` holds lanes and ferries, terminals marked."""
    countries = prepare_countries(country_polygons(inputs))
    report.say("country polygons ready")
    land = []
    extra = [sea, pipelines(tables, countries)]
    report.say(f"pipelines: {extra[1].edges['length_km'].sum():,.0f} km")
    for mode in ("rail", "road"):
        graph = layer(mode, tables, countries, report)
        graph = gate(graph, mode, countries, tables, report)
        if mode == "rail":
            rule = numbers(table(tables, "country_gauge.csv"), ["gauge_mm"])
            graph = assign_gauges(graph, rule[rule["gauge_mm"] > 0], shape.gauge_exceptions(tables))
            terminals = terminals_table(tables)
            yards = terminals[terminals["gauges_mm"].str.contains("|", regex=False)]
            graph = part_gauges(graph, yards)
        graph = drop_small(graph, MIN_COMPONENT_KM[mode], report, mode)
        land.append(graph)
    graph = join_terminals(merge([*land, *extra]), terminals_table(tables), report)
    graph = finish(graph)
    report.say(f"network: {len(graph.nodes)} nodes, {len(graph.edges)} edges")
    return graph
