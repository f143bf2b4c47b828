"""Joining an imported layer into a network: inside its area it replaces what was there.

What stood on the replaced lines stays and is joined again: border edges, terminals with their
transfers, and the lines that end at the edge of the area. Each is put on the nearest imported line
of its mode, gauge and country, by a measured join; what finds none within reach is said, and goes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.geodesy import distance_km
from corridors.network.frames import COLUMNS, Graph, compact, line_reader, shapes_of, split_line
from corridors.network.terminals import attach
from corridors.osm.build import Imported, blank_table
from corridors.osm.countries import area_of, country_at
from corridors.osm.graph import ATTRIBUTES, carried

LIMIT_KM = {
    "terminal": {"rail": 12.0, "road": 30.0, "pipeline": 30.0},
    "border": {"rail": 15.0, "road": 15.0, "pipeline": 30.0},
    "line": {"rail": 5.0, "road": 3.0, "pipeline": 15.0},
}
"""How far the nearest imported line may be from a terminal, a border or the end of a line."""
LAND = ("rail", "road", "pipeline")
"""Layers that are replaced; imported ferries are added to those of the tables."""
OWN_SHARE = 0.5
WHOLE_SHARE = 0.9
SOME_SHARE = 0.1


@dataclass(frozen=True)
class Area:
    """Where an imported layer holds good."""

    told: str
    """In words, for the report."""
    countries: tuple[str, ...]
    """Only lines of these countries are replaced."""
    shape: Any = None
    """And only inside this shape, if there is one."""

    def holds(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points lie in the shape."""
        import shapely

        shapely.prepare(self.shape)
        return np.asarray(shapely.contains_xy(self.shape, lon, lat))


def shares(imported: Imported) -> dict[str, float]:
    """Return the share of each country in the km of an import, largest first."""
    edges = imported.graph.edges
    lines = edges[(edges["kind"] == "line") & (edges["mode"] != "ferry")]
    km = lines.groupby(lines["country"].astype(str))["length_km"].sum()
    total = float(km.sum())
    if total <= 0:
        return {}
    return {str(c): float(v) / total for c, v in km.sort_values(ascending=False).items()}


def told_shares(found: dict[str, float]) -> str:
    """Return shares as text: ``KZ 98 %, RU 2 %``."""
    few = [(c or "no country", s) for c, s in list(found.items())[:4]]
    return ", ".join(f"{c} {100 * s:.0f} %" for c, s in few) or "nothing"


def area_for(imported: Imported, country: str | None, shape: Path | None, file: str) -> Area:
    """Return the area in which an import replaces what was there.

    A polygon that the user gives; or a country; or, where neither is said, the box of the file's
    header inside the countries that it covers, or the one country that it covers altogether.

    Raises
    ------
    SchemaError
        The file is of another country than asked, or nothing says what it covers.
    """
    import shapely

    found = shares(imported)
    many = tuple(c for c, s in found.items() if c and s >= SOME_SHARE)
    if country is not None:
        code = country.upper()
        if area_of(code) is None:
            raise SchemaError(f"--country {country!r}: no such country (ISO code, as KZ)")
        if found and found.get(code, 0.0) < OWN_SHARE:
            raise SchemaError(
                f"{file}: is not of {code}: by length its lines lie in {told_shares(found)}"
            )
        many = (code,)
    if shape is not None:
        return Area(f"{shape.name} in {', '.join(many) or 'no country'}", many, read_area(shape))
    if country is not None:
        return Area(f"country {many[0]}", many)
    box = imported.report.get("box")
    if box is None:
        raise SchemaError(
            f"{file}: does not say what area it covers; say it with --country or --area, or keep "
            "the extract as a network of its own with --alone"
        )
    frame = shapely.box(*box)
    if len(many) == 1 and found[many[0]] >= WHOLE_SHARE:
        whole = area_of(many[0])
        if whole is not None and shapely.area(shapely.intersection(whole, frame)) >= (
            WHOLE_SHARE * shapely.area(whole)
        ):
            return Area(f"country {many[0]}", many)
    return Area(f"box of the file in {', '.join(many) or 'no country'}", many, frame)


def read_area(file: Path) -> Any:
    """Return the polygon of a ``.poly`` file (as extracts have beside them) or any vector file.

    Raises
    ------
    SchemaError
        No such file, or no polygon in it.
    """
    import shapely

    if not file.is_file():
        raise SchemaError(f"{file}: no such file")
    if file.suffix.lower() != ".poly":
        import geopandas as gpd

        try:
            frame = gpd.read_file(file)
        except Exception as error:  # the readers raise all sorts; the user needs one line
            raise SchemaError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from None
        if frame.crs is None:
            raise SchemaError(f"{file}: has no coordinate reference system; save it in EPSG:4326")
        shape = shapely.union_all(frame.to_crs("EPSG:4326").geometry.to_numpy())
    else:
        shape = _poly(file)
    if shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise SchemaError(f"{file}: holds no polygon")
    return shape


def _poly(file: Path) -> Any:
    import shapely

    plus: list[Any] = []
    minus: list[Any] = []
    ring: list[tuple[float, float]] | None = None
    hole = False
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        for line in lines[1:]:
            words = line.split()
            if ring is None:
                if words and words[0] != "END":
                    ring, hole = [], words[0].startswith("!")
            elif words == ["END"]:
                (minus if hole else plus).append(shapely.make_valid(shapely.Polygon(ring)))
                ring = None
            elif words:
                ring.append((float(words[0]), float(words[1])))
    except (ValueError, IndexError, UnicodeError, shapely.errors.GEOSException) as error:
        raise SchemaError(f"{file}: is no .poly file: {error}") from None
    return shapely.difference(shapely.union_all(plus), shapely.union_all(minus))


def merge(base: Graph, imported: Imported, area: Area, layers: Iterable[str]) -> Imported:
    """Return a network in which an imported layer has taken the place of what was there.

    Parameters
    ----------
    base : Graph
        As :func:`corridors.osm.saved.read_graph` returns it.
    imported : Imported
    area : Area
    layers : names of the layers imported

    Returns
    -------
    Imported
        The whole; its report has ``replaced_km``, ``joined``, ``not_joined`` and
        ``left_outside``.
    """
    modes = tuple(m for m in layers if m in LAND)
    own, outside = _own(imported.graph, area)
    borders = own.edges[own.edges["kind"] == "border"]
    base, gone = _cleared(base, area, modes, set(borders["facility"]))
    points = _loose(base, gone, modes)
    report = dict(imported.report)
    replaced = base.edges[gone & (base.edges["kind"] == "line").to_numpy()]
    report["area"] = area.told
    report["replaced_km"] = {
        str(m): round(float(v), 3) for m, v in replaced.groupby("mode")["length_km"].sum().items()
    }
    report["left_outside"] = outside
    kept = Graph(base.nodes, base.edges[~gone].reset_index(drop=True))
    whole, joined, lost = _joined(kept, own, points, modes)
    report["joined"], report["not_joined"] = joined, lost
    return Imported(whole, imported.places, report)


def _inside(graph: Graph, area: Area, modes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which edges of some modes belong to the area (cut at its edge before)."""
    edges = graph.edges
    mine = edges["mode"].isin(modes).to_numpy(copy=True)
    mine &= edges["country"].isin(area.countries).to_numpy()
    # a border edge belongs to the area only with both its sides
    mine &= (edges["to_country"].isin(area.countries) | (edges["to_country"] == "")).to_numpy()
    if area.shape is None:
        return np.asarray(mine)
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    rows = np.flatnonzero(mine)
    inside = np.zeros(len(edges), dtype=bool)
    via = edges["via"].to_numpy()
    u, v = edges["u"].to_numpy()[rows], edges["v"].to_numpy()[rows]
    # the middle of an edge is not on the edge of the area, where both its ends may be
    x, y = (lon[u] + lon[v]) / 2, (lat[u] + lat[v]) / 2
    for i, row in enumerate(rows.tolist()):
        if via[row] is not None:
            x[i], y[i] = via[row][len(via[row]) // 2]
    inside[rows] = area.holds(x, y)
    return inside


def _own(graph: Graph, area: Area) -> tuple[Graph, dict[str, Any]]:
    """Return what of an import lies in the area, and what of it does not."""
    modes = tuple(LAND)
    if area.shape is not None:
        graph = _cut(graph, area.shape, modes)
    inside = _inside(graph, area, modes)
    edges = graph.edges
    afloat = (edges["mode"] == "ferry").to_numpy() | (edges["to_mode"] == "ferry").to_numpy()
    keep = inside | afloat
    lines = edges[~keep & (edges["kind"] == "line").to_numpy()]
    borders = edges[~keep & (edges["kind"] == "border").to_numpy()]
    told = {
        "km": {
            " ".join(map(str, key)): round(float(v), 3)
            for key, v in lines.groupby(["mode", "country"])["length_km"].sum().items()
        },
        "border_edges": len(borders) // 2,
    }
    return compact(graph, keep), told


def _cut(graph: Graph, shape: Any, modes: tuple[str, ...]) -> Graph:
    """Cut lines where they cross the edge of an area."""
    import shapely

    edges = graph.edges
    rows = np.flatnonzero(((edges["kind"] == "line") & edges["mode"].isin(modes)).to_numpy())
    rim = shape.boundary
    x1, y1, x2, y2 = shapely.bounds(rim)
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    # a line is seldom far from its ends: look only at those that begin within a degree of the box
    near = (
        (np.minimum(lon[u[rows]], lon[v[rows]]) <= x2 + 1)
        & (np.maximum(lon[u[rows]], lon[v[rows]]) >= x1 - 1)
        & (np.minimum(lat[u[rows]], lat[v[rows]]) <= y2 + 1)
        & (np.maximum(lat[u[rows]], lat[v[rows]]) >= y1 - 1)
    )
    rows = rows[near]
    shapes = shapes_of(graph, rows)
    pieces = np.array(list(_segments(rim)), dtype=object)
    tree = shapely.STRtree(pieces)
    hit = np.unique(tree.query(shapes, predicate="intersects")[0])
    reader = line_reader(graph)
    drop = np.zeros(len(edges), dtype=bool)
    more: list[dict[str, Any]] = []
    new: list[tuple[float, float, str]] = []
    country = graph.nodes["country"].to_numpy()
    for i in hit.tolist():
        row = int(rows[i])
        line = reader(row)
        fractions = _crossings(line, shapes[i], pieces, tree)
        if not fractions:
            continue
        points, inner = split_line(line, fractions)
        edge = edges.iloc[row].to_dict()
        first = len(graph.nodes) + len(new)
        # where a shape is cut at a frontier the point is the country's that the line is in
        name = str(edge["country"]) or str(country[u[row]])
        new += [(float(x), float(y), name) for x, y in points]
        stops = [edge["u"], *range(first, first + len(points)), edge["v"]]
        bounds = [0.0, *fractions, 1.0]
        drop[row] = True
        for k in range(len(inner)):
            share = bounds[k + 1] - bounds[k]
            part = {**edge, "u": stops[k], "v": stops[k + 1],
                    "length_km": float(edge["length_km"]) * share,
                    "via": inner[k] if len(inner[k]) else None}  # fmt: skip
            for column in ("bridge_km", "tunnel_km"):
                if column in part:
                    part[column] = float(part[column] or 0.0) * share
            more.append(part)
    if not more:
        return graph
    table = pd.DataFrame(more, columns=edges.columns)
    table = table.astype({c: t for c, t in edges.dtypes.items() if t.kind in "biuf"})
    nodes = pd.concat(
        [graph.nodes, pd.DataFrame(new, columns=["lon", "lat", "country"]).assign(terminal="")],
        ignore_index=True,
    )
    return Graph(nodes, pd.concat([edges[~drop], table], ignore_index=True))


def _segments(rim: Any) -> Iterable[Any]:
    """Yield the edge of an area in short runs, so that a line meets few of them."""
    import shapely

    for ring in shapely.get_parts(rim):
        xy = shapely.get_coordinates(ring)
        for i in range(0, len(xy) - 1, 50):
            yield shapely.linestrings(xy[i : i + 51])


def _crossings(line: NDArray[np.float64], shape: Any, pieces: Any, tree: Any) -> list[float]:
    """Return where a line crosses the edge of an area, as shares of its length."""
    import shapely

    found = tree.query(shape, predicate="intersects")
    points = shapely.get_coordinates(shapely.get_parts(shapely.intersection(shape, pieces[found])))
    if not len(points):
        return []
    seg = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
    planar = np.hypot(*np.diff(line, axis=0).T)
    at_planar = np.concatenate([[0.0], np.cumsum(planar)])
    at_km = np.concatenate([[0.0], np.cumsum(seg)])
    if at_km[-1] <= 0:
        return []
    along = shapely.line_locate_point(shape, shapely.points(points))
    share = np.unique((np.interp(along, at_planar, at_km) / at_km[-1]).round(9))
    share = share[(share > 1e-6) & (share < 1 - 1e-6)]
    return [float(s) for s in share]


def _cleared(
    base: Graph, area: Area, modes: tuple[str, ...], crossed: set[str]
) -> tuple[Graph, NDArray[np.bool_]]:
    """Return the base, cut at the edge of the area, and which of its edges go.

    A crossing between two countries of the area goes where the import has lines of its own over
    it (``crossed``), and stays where it has none.
    """
    if area.shape is not None:
        base = _cut(base, area.shape, modes)
    gone = _inside(base, area, modes)
    border = (base.edges["kind"] == "border").to_numpy()
    gone &= ~border | base.edges["facility"].isin(crossed).to_numpy()
    # transfers stay where terminals are; a break of gauge on the open line is the import's own
    terminal = base.nodes["terminal"].fillna("").to_numpy() != ""
    transfer = (base.edges["kind"] == "transfer").to_numpy()
    named = terminal[base.edges["u"].to_numpy()] | terminal[base.edges["v"].to_numpy()]
    behind = _behind_border(base, gone)
    gone &= ~(transfer & (named | behind))
    return base, gone


def _behind_border(base: Graph, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which transfers hang on a border edge that stays."""
    edges = base.edges
    at = np.zeros(len(base.nodes), dtype=bool)
    border = edges[(edges["kind"] == "border").to_numpy() & ~gone]
    at[border["u"].to_numpy()] = at[border["v"].to_numpy()] = True
    transfer = (edges["kind"] == "transfer").to_numpy()
    return np.asarray(transfer & (at[edges["u"].to_numpy()] | at[edges["v"].to_numpy()]))


def _loose(base: Graph, gone: NDArray[np.bool_], modes: tuple[str, ...]) -> pd.DataFrame:
    """Return the nodes that lost their lines and have something left: what must be joined again.

    Columns: ``node, mode, gauge_mm, lon, lat, country, what, name``; one row per node and gauge.
    """
    edges = base.edges
    line = (edges["kind"] == "line").to_numpy()
    lost = edges[gone & line & edges["mode"].isin(modes).to_numpy()]
    pairs = pd.DataFrame(
        {"node": np.concatenate([lost["u"], lost["v"]]),
         "mode": np.concatenate([lost["mode"]] * 2),
         "gauge_mm": np.concatenate([lost["gauge_mm"]] * 2)}
    ).drop_duplicates()  # fmt: skip
    left = edges[~gone]
    held: dict[int, tuple[str, str]] = {}
    rank = {"line": 0, "border": 1, "transfer": 2}
    columns = ("u", "v", "kind", "facility")
    wanted = set(pairs["node"].tolist())
    touching = left[left["u"].isin(wanted) | left["v"].isin(wanted)]
    for u, v, kind, facility in zip(*(touching[c] for c in columns), strict=True):
        for node in (u, v):
            if node in wanted:
                before = held.get(node)
                if before is None or rank[kind] > rank[before[0]]:
                    held[node] = (kind, str(facility))
    pairs = pairs[pairs["node"].isin(held.keys())].reset_index(drop=True)
    kind = [held[n][0] for n in pairs["node"]]
    names = base.nodes["terminal"].fillna("").to_numpy()[pairs["node"].to_numpy(np.int64)]
    word = {"line": "line", "border": "border", "transfer": "terminal"}
    at = base.nodes.iloc[pairs["node"].to_numpy(np.int64)]
    lon, lat = at["lon"].to_numpy(), at["lat"].to_numpy()
    country = at["country"].astype(str).to_numpy()
    blank = np.flatnonzero(country == "")
    if len(blank):
        country = country.astype(object)
        country[blank] = country_at(lon[blank], lat[blank])
    return pairs.assign(
        lon=lon, lat=lat, country=country, what=[word[k] for k in kind],
        name=[t or held[n][1] for n, t in zip(pairs["node"], names, strict=True)],
    )  # fmt: skip


def _joined(
    base: Graph, own: Graph, points: pd.DataFrame, modes: tuple[str, ...]
) -> tuple[Graph, list[dict[str, Any]], list[dict[str, Any]]]:
    """Put the loose nodes on the nearest imported lines, and both graphs into one."""
    own, back, built = _stripped(own)
    node_of: dict[int, int] = {}
    access: dict[int, float] = {}
    # first on what is built; then, what found nothing, on lines that are to be
    for lines in (own, None):
        own = built(own) if lines is None else lines
        left = points[~points.index.isin(list(node_of))]
        near, rest = _nearest_lines(own, left)
        for mode, what in itertools.product(modes, LIMIT_KM):
            mine = left[(left["mode"] == mode) & (left["what"] == what)]
            if len(mine) and (near.edges["mode"] == mode).any():
                ask = mine.assign(origin=f"join:{what}")
                near, found, km = attach(near, mode, ask, LIMIT_KM[what][mode])
                node_of |= found
                access |= km
        own = Graph(near.nodes, pd.concat([near.edges, rest], ignore_index=True))
    joined: list[dict[str, Any]] = []
    lost: list[dict[str, Any]] = []
    for index, p in points.iterrows():
        row = {"what": p["what"], "name": p["name"], "mode": p["mode"],
               "gauge_mm": int(p["gauge_mm"]), "country": p["country"],
               "lon": round(float(p["lon"]), 5), "lat": round(float(p["lat"]), 5)}  # fmt: skip
        if index in node_of:
            joined.append({**row, "km": round(access[int(index)], 3)})
        else:
            limit = LIMIT_KM[p["what"]][p["mode"]]
            why = f"no imported line of its gauge in {p['country']} within {limit:g} km"
            lost.append({**row, "why": why})
    own = back(own)
    return _united(base, own, points, node_of), joined, lost


def _nearest_lines(own: Graph, points: pd.DataFrame) -> tuple[Graph, pd.DataFrame]:
    """Return the graph of those lines only that may be the nearest of a point, and the others.

    A point has some lines near it and a country some hundred thousand; only the former are looked
    at one by one.
    """
    import shapely

    edges = own.edges
    take = np.zeros(len(edges), dtype=bool)
    usable = ((edges["kind"] == "line") & (edges["status"] != "passenger")).to_numpy()
    mode, country = edges["mode"].to_numpy(), edges["country"].to_numpy()
    gauge = edges["gauge_mm"].to_numpy()
    for (m, g, c), mine in points.groupby(["mode", "gauge_mm", "country"]):
        fits = usable & (mode == m) & (country == c)
        rows = np.flatnonzero(fits & (gauge == g) if g else fits)
        if not len(rows):
            continue
        tree = shapely.STRtree(shapes_of(own, rows))
        at = shapely.points(mine["lon"].to_numpy(), mine["lat"].to_numpy())
        (point, _), far = tree.query_nearest(at, return_distance=True, all_matches=False)
        # the nearest in degrees is at most so far in km; nearer ones in km lie within as many
        # degrees of longitude as that is there
        wide = np.maximum(np.cos(np.radians(mine["lat"].to_numpy()[point])), 0.1)
        reach = np.minimum(far, 0.4) / wide * 1.01 + 1e-6
        hit = tree.query(at[point], predicate="dwithin", distance=reach)[1]
        take[rows[hit]] = True
    return Graph(own.nodes, edges[take].reset_index(drop=True)), edges[~take]


Step = Callable[[Graph], Graph]


def _stripped(own: Graph) -> tuple[Graph, Step, Step]:
    """Return the graph with the network's own columns only, and two steps for later.

    The first puts the other columns back, the second makes lines that are not built yet fit to be
    joined to. Splitting an edge keeps only those; its row is carried in its origin meanwhile.
    """
    notes = own.edges[list(ATTRIBUTES)].reset_index(drop=True)
    origin = own.edges["origin"].astype(str).reset_index(drop=True)
    km = own.edges["length_km"].to_numpy()
    plain = own.edges[COLUMNS].reset_index(drop=True)
    plain["origin"] = [f"row:{i}" for i in range(len(plain))]
    # nothing is joined to a line that is not built: attach() passes by what carries no freight
    status = plain["status"].to_numpy()
    plain["status"] = np.where(np.isin(status, ("construction", "proposed")), "passenger", status)

    def back(graph: Graph) -> Graph:
        edges = graph.edges
        had, row, added = carried(edges, "row:", notes, km)
        if len(origin):
            added["origin"] = np.where(had, origin.to_numpy()[row], edges["origin"].astype(str))
            added["status"] = np.where(had, status[row], edges["status"].to_numpy())
        return Graph(graph.nodes, edges.assign(**added))

    def built(graph: Graph) -> Graph:
        edges = graph.edges
        had, row, _ = carried(edges, "row:", notes, km)
        now = edges["status"].to_numpy()
        return Graph(
            graph.nodes,
            edges.assign(status=np.where(had, status[row], now) if len(status) else now),
        )

    return Graph(own.nodes, plain), back, built


def _united(base: Graph, own: Graph, points: pd.DataFrame, node_of: dict[int, int]) -> Graph:
    """Return both graphs in one; each loose node takes the place of the node it was joined to."""
    first = len(base.nodes)
    nodes = pd.concat([base.nodes, own.nodes], ignore_index=True)
    nodes["terminal"] = nodes["terminal"].astype(object).where(nodes["terminal"].notna(), "")
    moved = own.edges.assign(u=own.edges["u"] + first, v=own.edges["v"] + first)
    number = np.arange(len(nodes))
    seams: list[dict[str, object]] = []
    taken: set[int] = set()
    terminal = nodes["terminal"].to_numpy().copy()
    for index, node in node_of.items():
        old, new = int(points["node"].loc[index]), node + first
        if number[old] == old and new not in taken:
            number[old] = new
            taken.add(new)
            terminal[new] = terminal[new] or terminal[old]
            continue
        # a second gauge at one node, or a second node at one spot: a seam without length
        p = points.loc[index]
        seams.append(
            {"u": int(number[old]), "v": new, "mode": p["mode"], "gauge_mm": int(p["gauge_mm"]),
             "country": p["country"], "origin": f"join:{p['what']}", "precision": "approximate"}
        )  # fmt: skip
    kept = base.edges.assign(u=number[base.edges["u"]], v=number[base.edges["v"]])
    parts = [kept, moved]
    if seams:
        parts.append(blank_table(seams))
    edges = pd.concat(parts, ignore_index=True)
    edges["via"] = edges["via"].astype(object).where(edges["via"].notna(), None)
    graph = Graph(nodes.assign(terminal=terminal), edges)
    left = points.loc[~points.index.isin(list(node_of)), "node"].to_numpy(np.int64)
    return compact(graph, _useful(graph, number[left]))


def _useful(graph: Graph, left: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which edges stay: what hangs on a node that found no line goes, link by link."""
    edges = graph.edges
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    kinds = {k: (edges["kind"] == k).to_numpy() for k in ("line", "border", "transfer")}
    keep = np.ones(len(edges), dtype=bool)
    doubtful = np.zeros(len(graph.nodes), dtype=bool)
    doubtful[left] = True
    while True:
        has = {}
        for kind, mask in kinds.items():
            has[kind] = np.zeros(len(graph.nodes), dtype=bool)
            has[kind][u[keep & mask]] = has[kind][v[keep & mask]] = True
        # between a border and the change of gauge behind it there is a node without a line
        dead = doubtful & ~(has["line"] | (has["border"] & has["transfer"]))
        goes = keep & ~kinds["line"] & (dead[u] | dead[v])
        if not goes.any():
            return keep
        keep &= ~goes
        doubtful[u[goes]] = doubtful[v[goes]] = True
