"""From an extract to a finished network of its own: countries, borders, gauges, ferries.

The rules are those by which the shipped network is made: a line changes country only at a border
edge, which the tables of frontiers and crossings allow; two gauges meet only at a listed yard;
layers meet only where a ferry berths, or at the listed terminals once the network is merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors import datasets
from corridors.geodesy import chord, distance_km, unit_vectors
from corridors.network.frames import Graph, add_edges, compact, make_edges
from corridors.network.frontiers import Countries, absorb_slivers, border_edges, cut_at_frontiers
from corridors.network.gauges import gauge_transfer, part_borders
from corridors.osm.countries import country_at, homeward, prepared
from corridors.osm.graph import (
    ATTRIBUTES,
    Chains,
    as_graph,
    attributes,
    carried,
    chains_of,
    mode_of,
)
from corridors.osm.read import Extract
from corridors.osm.tags import Place
from corridors.spelling import normalise

YARD_KM = 8.0
HOME_SHARE = 0.97
"""Of the lines of an extract of one country begin in it or a few km beyond its frontier."""
HOME_DEG = 0.05
"""Beyond the frontier, some 5 km, that an extract of one country may still reach."""
BERTH_KM = 0.5
NEAR_KM = {"rail": 15.0, "road": 15.0}
ATTRIBUTION = "© OpenStreetMap contributors"
LICENCE = "ODbL-1.0"


@dataclass(frozen=True, eq=False)
class Imported:
    """An extract as a graph, what its tags say, its places, and what became of it."""

    graph: Graph
    """Edges carry the columns of :data:`corridors.osm.graph.ATTRIBUTES`."""
    places: pd.DataFrame
    report: dict[str, Any] = field(default_factory=dict)


def build(extract: Extract, *, join_m: float = 0.0, home: str = "") -> Imported:
    """Return a network made of an extract.

    Parameters
    ----------
    extract : Extract
    join_m : float
        Join a dead end to a node of the same mode and gauge within so many metres; 0 joins only
        what shares a node.
    home : str, optional
        The country that the extract is of; found out where left out.
    """
    chains = chains_of(extract)
    notes = attributes(chains)
    graph, refs = as_graph(chains), chains.node_ref
    report = _told(extract, chains)
    if join_m > 0:
        graph, joined = _join_near(graph, join_m / 1000.0)
        report["joined_by_distance"] = joined
    graph, cuts = _countries(graph, home)
    graph, borders = _borders(graph, cuts)
    graph, gauges = _gauge_yards(graph, refs)
    graph, berths = _berths(graph, refs, extract.places)
    graph = Graph(graph.nodes.assign(terminal=""), graph.edges)
    report |= {"borders": borders, "gauge_meetings": gauges, "ferry_berths": berths}
    places = places_of(extract.places)
    graph = compact(
        _noted(graph, notes, chains, extract.path.name), np.ones(len(graph.edges), dtype=bool)
    )
    report["places"] = len(places)
    report["edges"] = int((graph.edges["kind"] == "line").sum())
    report["km_by_country"] = km_by(graph, ["mode", "country"])
    return Imported(graph, places, report)


def km_by(graph: Graph, columns: list[str]) -> dict[str, float]:
    """Return the km of lines by some columns, tracks of several gauges once."""
    edges = graph.edges
    line = (edges["kind"] == "line") & edges["origin"].astype(str).str.startswith("extract:")
    line &= ~edges["twin"].astype(bool)
    total = edges[line].groupby(columns)["length_km"].sum()
    return {
        " ".join(str(x) or "none" for x in (key if isinstance(key, tuple) else (key,))): round(v, 3)
        for key, v in total.items()
    }


def _told(extract: Extract, chains: Chains) -> dict[str, Any]:
    """Return where the data come from and how much there is, by what its tags say."""
    mode, once = mode_of(chains), ~chains.twin
    kind = np.array([f"{k.mode} {k.type or 'untyped'}" for k in chains.kinds] or [""], dtype=object)
    status = np.array([k.status for k in chains.kinds] or [""], dtype=object)

    def km(labels: NDArray[np.object_], rows: NDArray[np.bool_]) -> dict[str, float]:
        total = pd.Series(chains.length_km[rows]).groupby(labels[rows]).sum()
        return {str(k): round(float(v), 3) for k, v in total.items()}

    rail = mode == "rail"
    gauge = np.array([str(g) if g else "unknown" for g in chains.gauge_mm.tolist()], dtype=object)
    return {
        "file": extract.path.name,
        "date": extract.date,
        "date_from": extract.date_from,
        "generator": extract.generator,
        "attribution": ATTRIBUTION,
        "licence": LICENCE,
        "layers": list(extract.layers),
        "box": extract.box,
        "ways": len(extract.ways.id),
        "way_nodes": len(extract.ways.ref),
        "ways_with_missing_nodes": extract.incomplete,
        "left_out": dict(sorted(extract.left_out.items())),
        "km_by_type": km(kind[chains.kind], once),
        "km_by_status": km(status[chains.kind], once),
        "km_by_gauge": km(gauge, rail),
        "km_gauge_by_country_rule": round(
            float(chains.length_km[rail & ~chains.gauge_known].sum()), 3
        ),
    }


def _join_near(graph: Graph, reach_km: float) -> tuple[Graph, int]:
    """Join dead ends to the nearest node of their mode and gauge; the origin says so."""
    from scipy.spatial import cKDTree

    edges, nodes = graph.edges, graph.nodes
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    n = len(nodes)
    degree = np.bincount(np.concatenate([u, v]), minlength=n)
    sheet = np.full(n, -1, dtype=np.int64)
    code = pd.factorize(pd.MultiIndex.from_frame(edges[["mode", "gauge_mm"]]))[0]
    sheet[u] = sheet[v] = code
    lon, lat = nodes["lon"].to_numpy(), nodes["lat"].to_numpy()
    xyz = unit_vectors(lon, lat)
    other = np.full(n, -1)
    other[u], other[v] = v, u  # of a dead end: the far end of its one edge
    rows: list[dict[str, object]] = []
    taken: set[tuple[int, int]] = set()
    for number in np.unique(sheet[sheet >= 0]).tolist():
        mine = np.flatnonzero(sheet == number)
        ends = mine[degree[mine] == 1]
        if len(mine) < 2 or not len(ends):
            continue
        k = min(4, len(mine))
        far, near = cKDTree(xyz[mine]).query(xyz[ends], k=k, distance_upper_bound=chord(reach_km))
        for end, reach, found in zip(ends.tolist(), far, near, strict=True):
            for r, j in zip(np.atleast_1d(reach), np.atleast_1d(found), strict=True):
                if not np.isfinite(r) or mine[j] in (end, other[end]):
                    continue
                pair = (min(end, int(mine[j])), max(end, int(mine[j])))
                if pair not in taken:
                    taken.add(pair)
                    edge = edges.iloc[int(np.flatnonzero((u == end) | (v == end))[0])]
                    rows.append(
                        {"u": pair[0], "v": pair[1], "mode": edge["mode"],
                         "gauge_mm": int(edge["gauge_mm"]), "precision": "approximate",
                         "length_km": float(distance_km(*nodes.loc[pair[0], ["lon", "lat"]],
                                                        *nodes.loc[pair[1], ["lon", "lat"]])),
                         "origin": f"join:within {reach_km * 1000:g} m"}
                    )  # fmt: skip
                break
    return add_edges(graph, rows), len(rows)


def _countries(graph: Graph, home: str) -> tuple[Graph, pd.DataFrame]:
    """Give nodes and edges their country, and cut lines where they change it; a ferry is in none.

    The polygons are drawn to one or two kilometres. In an extract of one country what lies a few
    kilometres beyond its frontier is its own: the border station, or the rest of a way.
    """
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    code = country_at(lon, lat)
    home = home or _home(graph, code)
    countries: Countries = prepared()
    if home:
        countries = near = homeward(home, HOME_DEG)
        away = np.flatnonzero(code != home)
        code[away[near.near(lon[away], lat[away])]] = home
    graph = Graph(graph.nodes.assign(country=code), graph.edges)
    afloat = (graph.edges["mode"] == "ferry").to_numpy()
    ferries = graph.edges[afloat]
    land = Graph(graph.nodes, graph.edges[~afloat].reset_index(drop=True))
    if len(land.edges):
        land = absorb_slivers(land)
    code = land.nodes["country"].to_numpy()
    u, v = land.edges["u"].to_numpy(), land.edges["v"].to_numpy()
    if ((code[u] != code[v]) | (land.edges["length_km"].to_numpy() > 12.0)).any():
        land, cuts = cut_at_frontiers(land, countries)
    else:
        land = Graph(land.nodes, land.edges.assign(country=code[u]))
        cuts = pd.DataFrame(columns=["a", "b", "country_a", "country_b", "mode", "lon", "lat",
                                     "status", "from_year", "origin"])  # fmt: skip
    edges = pd.concat([land.edges, ferries], ignore_index=True) if len(ferries) else land.edges
    return Graph(land.nodes, edges), cuts


def _home(graph: Graph, code: NDArray[np.object_]) -> str:
    """Return the country that an extract is of, '' where it reaches well into another."""
    lines = graph.edges[graph.edges["mode"] != "ferry"]
    at = lines["u"].to_numpy()
    km = lines["length_km"].to_numpy()
    total = pd.Series(km).groupby(code[at]).sum()
    if not len(total):
        return ""
    home = str(total.idxmax())
    own = code[at] == home
    away = graph.nodes.iloc[at[~own]]
    near = homeward(home, HOME_DEG).near(away["lon"].to_numpy(), away["lat"].to_numpy())
    own[np.flatnonzero(~own)[near]] = True
    return home if km[own].sum() >= HOME_SHARE * km.sum() else ""


def _table(name: str, numbers: list[str]) -> pd.DataFrame:
    """Return a shipped table as the build scripts see it: text '' and numbers 0 where empty."""
    frame = datasets.read_table(name)
    for column in frame:
        if column in numbers:
            frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float).fillna(0.0)
        elif not pd.api.types.is_numeric_dtype(frame[column]):
            frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    return frame


def _borders(graph: Graph, cuts: pd.DataFrame) -> tuple[Graph, list[dict[str, Any]]]:
    """Join what was cut at a frontier where the tables let a line cross."""
    if cuts.empty:
        return graph, []
    frontiers = _table("frontiers", ["from_year", "to_year"])
    crossings = _table("crossings", ["lon", "lat", "from_year", "to_year"])
    told: list[dict[str, Any]] = []
    for mode in ("rail", "road"):
        mine = cuts[cuts["mode"] == mode]
        if mine.empty:
            continue
        edges, verdicts = border_edges(mine, frontiers, crossings, near_km=NEAR_KM[mode])
        if len(edges):
            graph = Graph(graph.nodes, pd.concat([graph.edges, edges], ignore_index=True))
        told += [
            {"mode": mode, "from": str(c.country_a), "to": str(c.country_b),
             "lon": round(float(c.lon), 5), "lat": round(float(c.lat), 5),
             "verdict": str(c.verdict)}
            for c in verdicts.itertuples(index=False)
        ]  # fmt: skip
    pipes = cuts[cuts["mode"] == "pipeline"]
    graph = add_edges(
        graph,
        [
            {"u": a, "v": b, "mode": "pipeline", "kind": "border", "country": x, "to_country": y,
             "facility": f"frontier:{min(x, y)}-{max(x, y)}", "oneway": True,
             "origin": "border:none"}
            for c in pipes.itertuples(index=False) if c.country_a and c.country_b
            for a, b, x, y in ((c.a, c.b, c.country_a, c.country_b),
                               (c.b, c.a, c.country_b, c.country_a))
        ],
    )  # fmt: skip
    return part_borders(graph), told


def _gauge_yards(graph: Graph, refs: NDArray[np.int64]) -> tuple[Graph, dict[str, Any]]:
    """Let gauges that share a node meet where a yard of the tables is; say where else they do."""
    edges = graph.edges
    rail = ((edges["mode"] == "rail") & (edges["kind"] == "line")).to_numpy()
    ends = pd.DataFrame(
        {"node": np.concatenate([edges["u"][rail], edges["v"][rail]]),
         "gauge": np.concatenate([edges["gauge_mm"][rail]] * 2)}
    ).drop_duplicates()  # fmt: skip
    ends = ends[(ends["node"] < len(refs)) & (ends["gauge"] > 0)]
    ends["ref"] = refs[ends["node"].to_numpy(np.int64)]
    mixed = ends[ends["ref"].duplicated(keep=False)]
    if mixed.empty:
        return graph, {"nodes": 0, "worked_at_yards": 0}
    terminals = _table("terminals", ["lon", "lat"])
    yards = terminals[terminals["gauges_mm"].astype(str).str.contains("|", regex=False)]
    rows: list[dict[str, object]] = []
    worked = 0
    for _, group in mixed.groupby("ref"):
        at = graph.nodes.loc[int(group["node"].iloc[0])]
        own = yards[yards["country"] == at["country"]]
        if own.empty:
            continue
        away = np.atleast_1d(distance_km(at["lon"], at["lat"], own["lon"], own["lat"]))
        if away.min() > YARD_KM:
            continue
        worked += 1
        yard = str(own["id"].iat[int(np.argmin(away))])
        sides = list(zip(group["node"].tolist(), group["gauge"].tolist(), strict=True))
        rows += [gauge_transfer(a, b, g1, g2, at["country"], yard)
                 for a, g1 in sides for b, g2 in sides if g1 != g2]  # fmt: skip
    return add_edges(graph, rows), {"nodes": int(mixed["ref"].nunique()), "worked_at_yards": worked}


def _berths(graph: Graph, refs: NDArray[np.int64], places: list[Place]) -> tuple[Graph, int]:
    """Put transfers where a ferry's line shares a node with a road or a railway."""
    edges = graph.edges
    line = (edges["kind"] == "line").to_numpy()
    ends = pd.DataFrame(
        {"node": np.concatenate([edges["u"][line], edges["v"][line]]),
         "mode": np.concatenate([edges["mode"][line]] * 2),
         "gauge": np.concatenate([edges["gauge_mm"][line]] * 2)}
    ).drop_duplicates()  # fmt: skip
    ends = ends[ends["node"] < len(refs)]
    ends["ref"] = refs[ends["node"].to_numpy(np.int64)]
    afloat = set(ends.loc[ends["mode"] == "ferry", "ref"])
    at_berth = ends[ends["ref"].isin(afloat) & (ends["mode"] != "pipeline")]
    quays = [p for p in places if p.kind == "ferry_terminal"]
    rows: list[dict[str, object]] = []
    count = 0
    for ref, group in at_berth.groupby("ref"):
        if len(group) < 2:
            continue
        count += 1
        node = graph.nodes.loc[int(group["node"].iloc[0])]
        sides = [(str(m), int(g), int(n)) for m, g, n in
                 zip(group["mode"], group["gauge"], group["node"], strict=True)]  # fmt: skip
        name = _berth_name(int(ref), node, quays)
        ferry = next(n for m, _, n in sides if m == "ferry")
        # rails and roads meet at terminals only; here each boards the ferry that it shares a node
        # with: trucks from a road, wagons from a railway
        for mode, gauge, number in sides:
            if mode == "ferry":
                continue
            base = {"kind": "transfer", "facility": name, "country": str(node["country"]),
                    "oneway": True, "origin": "terminal"}  # fmt: skip
            rows.append({**base, "u": number, "v": ferry, "mode": mode, "gauge_mm": gauge,
                         "to_mode": "ferry"})  # fmt: skip
            rows.append({**base, "u": ferry, "v": number, "mode": "ferry", "to_mode": mode,
                         "to_gauge_mm": gauge})  # fmt: skip
    return add_edges(graph, rows), count


def _berth_name(ref: int, node: Any, quays: list[Place]) -> str:
    near = [(float(distance_km(node["lon"], node["lat"], q.lon, q.lat)), q) for q in quays]
    near = [x for x in near if x[0] <= BERTH_KM and x[1].name]
    if near:
        return f"{min(near, key=lambda x: x[0])[1].name} (OSM node {ref})"
    return f"ferry berth (OSM node {ref})"


def _noted(graph: Graph, notes: pd.DataFrame, chains: Chains, file: str) -> Graph:
    """Return the graph with what the tags say beside each edge that comes from a way."""
    edges = graph.edges
    own, _, added = carried(edges, "osm:", notes, chains.length_km)
    added["twin"] = added["twin"].astype(bool)
    origin = np.where(own, f"extract:{file}", edges["origin"].astype(str))
    return Graph(graph.nodes, edges.assign(**added, origin=origin))


def places_of(places: list[Place]) -> pd.DataFrame:
    """Return places as a table that the atlas' validator takes, those without a name left out."""
    named = [p for p in places if p.name and normalise(p.name)]
    lon = np.array([p.lon for p in named], dtype=float)
    lat = np.array([p.lat for p in named], dtype=float)
    code = country_at(lon, lat)
    return pd.DataFrame(
        {
            "id": [f"osm-{p.osm_id}" for p in named], "name": [p.name for p in named],
            "kind": [p.kind for p in named], "country": code.tolist(), "lon": lon, "lat": lat,
            "status": "operating", "operator": [p.operator for p in named],
            "aliases": [p.aliases for p in named], "precision": "station", "confidence": "medium",
            "source": [f"OpenStreetMap {'node' if p.osm_id[0] == 'n' else 'way'} {p.osm_id[1:]}"
                       for p in named],
        }
    )  # fmt: skip


def blank_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return rows as edges with the columns of what is imported, empty."""
    edges = make_edges(rows)
    for name in ATTRIBUTES:
        edges[name] = False if name == "twin" else (0 if name in NUMBERS else "")
    return edges


NUMBERS = ("tracks", "maxspeed_km_h", "diameter_mm", "bridge_km", "tunnel_km")
