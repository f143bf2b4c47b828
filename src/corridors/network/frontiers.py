"""Countries along the lines, and the frontiers between them.

A line changes country only at a border edge. Which border edges exist is said by two tables:
``frontiers`` (open, closed or restricted, by pair, mode and year) and ``crossings`` (the named
points). On a frontier under control a line crosses only near a named crossing; where a pair has
no named crossing at all (far from the corridors) each crossing of the line stands as unnamed,
priced by the general rule and marked low confidence.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corridors.geodesy import distance_km, local_scale
from corridors.network.frames import (
    Graph,
    add_nodes,
    compact,
    components,
    line_reader,
    make_edges,
    split_edge,
)

SAMPLE_KM = 2.0
EXCURSION_KM = 4.0


@dataclass(frozen=True)
class Countries:
    """Country polygons ready for many points: codes and a tree of simple pieces."""

    codes: NDArray[np.object_]
    pieces: NDArray[np.object_]
    tree: Any

    def at(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the ISO code at each point, '' over water."""
        import shapely

        out = np.full(len(lon), "", dtype=object)
        point, piece = self.tree.query(shapely.points(lon, lat), predicate="intersects")
        out[point] = self.codes[piece]
        return out

    def nearest(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], limit_deg: float = 0.3
    ) -> NDArray[np.object_]:
        """Return the code of the nearest country (for points on the shore), '' beyond the limit."""
        import shapely

        out = np.full(len(lon), "", dtype=object)
        point, piece = self.tree.query_nearest(
            shapely.points(lon, lat), max_distance=limit_deg, all_matches=False
        )
        out[point] = self.codes[piece]
        return out


def prepare_countries(frame: pd.DataFrame) -> Countries:
    """Cut country polygons along a 4-degree grid, so that a point meets a small piece only.

    Parameters
    ----------
    frame : GeoDataFrame
        ``country`` (ISO alpha-2) and polygons in EPSG:4326.
    """
    import shapely

    codes: list[str] = []
    pieces: list[object] = []
    for code, shape in zip(frame["country"], frame.geometry, strict=True):
        for part in shapely.get_parts(shape):
            if part.is_empty or part.geom_type not in ("Polygon", "MultiPolygon"):
                continue
            x1, y1, x2, y2 = part.bounds
            for x in np.arange(np.floor(x1 / 4) * 4, x2, 4):
                for y in np.arange(np.floor(y1 / 4) * 4, y2, 4):
                    cut = shapely.clip_by_rect(part, x, y, x + 4, y + 4)
                    if not cut.is_empty:
                        codes.append(code)
                        pieces.append(cut)
    array = np.array(pieces, dtype=object)
    shapely.prepare(array)
    return Countries(np.array(codes, dtype=object), array, shapely.STRtree(array))


def assign_nodes(graph: Graph, countries: Countries) -> Graph:
    """Return the graph with ``country`` on every node (the nearest land's for the shore)."""
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    code = countries.at(lon, lat)
    sea = np.flatnonzero(code == "")
    if len(sea):
        code[sea] = countries.nearest(lon[sea], lat[sea])
    return Graph(graph.nodes.assign(country=code), graph.edges)


def absorb_slivers(graph: Graph, max_km: float = 30.0) -> Graph:
    """Give back to the neighbour the few nodes that a coarse frontier put in a wrong country.

    A set of nodes of one country whose lines, inside it, are at most ``max_km`` long together,
    and which hangs on one other country only, belongs to that country: a road that runs along a
    frontier drawn at 1:10m would otherwise cross it again and again.
    """
    nodes = graph.nodes
    for _ in range(3):
        country = nodes["country"].to_numpy()
        u, v = graph.edges["u"].to_numpy(), graph.edges["v"].to_numpy()
        same = country[u] == country[v]
        labels = components(Graph(nodes, graph.edges), same)
        inside = np.bincount(
            labels[u[same]],
            weights=graph.edges["length_km"].to_numpy()[same],
            minlength=labels.max() + 1,
        )
        across = pd.DataFrame(
            {
                "label": np.concatenate([labels[u[~same]], labels[v[~same]]]),
                "other": np.concatenate([country[v[~same]], country[u[~same]]]),
            }
        ).drop_duplicates()
        single = across.groupby("label")["other"].agg(["size", "first"])
        single = single[(single["size"] == 1) & (inside[single.index] <= max_km)]
        # a whole small network beyond the frontier (one border station) is not a sliver:
        # slivers hang on their neighbour by two lines or more
        hangs = pd.Series(np.concatenate([labels[u[~same]], labels[v[~same]]])).value_counts()
        single = single[hangs.reindex(single.index).fillna(0) >= 2]
        if single.empty:
            break
        new = pd.Series(labels).map(single["first"]).to_numpy()
        nodes = nodes.assign(country=np.where(pd.isna(new), country, new))
    return Graph(nodes, graph.edges)


def _runs(codes: NDArray[np.object_], at_km: NDArray[np.float64]) -> list[tuple[str, float, float]]:
    """Return (country, from, to) along a line, water and short excursions given to neighbours."""
    if np.all((codes == codes[0]) | (codes == "")):
        return [(str(codes[0]), float(at_km[0]), float(at_km[-1]))]
    filled = pd.Series(codes).replace("", None).ffill().bfill().fillna("").to_numpy()
    runs: list[tuple[str, float, float]] = []
    start = 0
    for i in range(1, len(filled) + 1):
        if i == len(filled) or filled[i] != filled[start]:
            runs.append((str(filled[start]), float(at_km[start]), float(at_km[i - 1])))
            start = i
    changed = True
    while changed and len(runs) > 2:
        changed = False
        for i in range(1, len(runs) - 1):
            if runs[i - 1][0] == runs[i + 1][0] and runs[i][2] - runs[i][1] < EXCURSION_KM:
                runs[i - 1 : i + 2] = [(runs[i - 1][0], runs[i - 1][1], runs[i + 1][2])]
                changed = True
                break
    return runs


def cut_at_frontiers(graph: Graph, countries: Countries) -> tuple[Graph, pd.DataFrame]:
    """Split every edge that changes country there, and give each piece its country.

    Returns
    -------
    graph : Graph
        Pieces end at separate nodes on either side; nothing crosses yet.
    cuts : DataFrame
        ``a, b`` (node numbers on the two sides), ``country_a, country_b``, ``mode``, ``lon,
        lat``: the places where border edges may be put.
    """
    edges, nodes = graph.edges, graph.nodes
    code = nodes["country"].to_numpy()
    u, v = edges["u"].to_numpy(), edges["v"].to_numpy()
    long = edges["length_km"].to_numpy() > 12.0
    differ = code[u] != code[v]
    plain = ~(differ | long)
    edges = edges.assign(country=np.where(code[u] == code[v], code[u], ""))
    reader = line_reader(graph)
    keep = plain.copy()
    new_lon: list[float] = []
    new_lat: list[float] = []
    new_country: list[str] = []
    rows: list[dict[str, object]] = []
    cuts: list[dict[str, object]] = []
    first = len(nodes)
    new_country_of = edges["country"].to_numpy().copy()
    samples: list[tuple[int, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    for row in np.flatnonzero(~plain).tolist():
        line = reader(row)
        seg = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
        at = np.concatenate([[0.0], np.cumsum(seg)])
        n = max(int(at[-1] / SAMPLE_KM), 3) if at[-1] > 0 else 2
        samples.append((row, line, at, np.linspace(0, at[-1], n + 1)))
    found = countries.at(
        np.concatenate([np.interp(km, at, line[:, 0]) for _, line, at, km in samples]),
        np.concatenate([np.interp(km, at, line[:, 1]) for _, line, at, km in samples]),
    )
    bounds = np.cumsum([0, *(len(s[3]) for s in samples)])
    for k, (row, line, at, km) in enumerate(samples):
        along = found[bounds[k] : bounds[k + 1]]
        along[0], along[-1] = code[u[row]], code[v[row]]
        runs = _runs(along, km)
        if len(runs) < 2 or at[-1] == 0:
            keep[row] = True
            new_country_of[row] = code[u[row]]
            continue
        fractions = []
        for (left, _, lo), (_, hi, _) in itertools.pairwise(runs):
            for _ in range(12):
                mid = (lo + hi) / 2
                here = countries.at(
                    np.array([np.interp(mid, at, line[:, 0])]),
                    np.array([np.interp(mid, at, line[:, 1])]),
                )[0]
                lo, hi = (mid, hi) if here in (left, "") else (lo, mid)
            fractions.append(min(max(hi / at[-1], 1e-6), 1 - 1e-6))
        points, pieces = split_edge(
            edges.iloc[row].to_dict(), line, fractions, [r[0] for r in runs]
        )
        numbers: list[tuple[int, int]] = []
        for i in range(len(fractions)):
            a = first + len(new_lon)
            for side in (runs[i][0], runs[i + 1][0]):
                new_lon.append(float(points["lon"][i]))  # type: ignore[arg-type]
                new_lat.append(float(points["lat"][i]))  # type: ignore[arg-type]
                new_country.append(side)
            numbers.append((a, a + 1))
            cuts.append(
                {
                    "a": a,
                    "b": a + 1,
                    "country_a": runs[i][0],
                    "country_b": runs[i + 1][0],
                    "mode": edges["mode"].iat[row],
                    "lon": points["lon"][i],
                    "lat": points["lat"][i],
                    "status": edges["status"].iat[row],
                    "from_year": edges["from_year"].iat[row],
                    "origin": edges["origin"].iat[row],
                }
            )
        for i, piece in enumerate(pieces):
            piece["u"] = edges["u"].iat[row] if i == 0 else numbers[i - 1][1]
            piece["v"] = edges["v"].iat[row] if i == len(pieces) - 1 else numbers[i][0]
            rows.append(piece)
    edges = edges.assign(country=new_country_of)
    merged = pd.concat([edges[keep], make_edges(rows)] if rows else [edges], ignore_index=True)
    out, _ = add_nodes(Graph(nodes, merged), new_lon, new_lat, new_country)
    return out, pd.DataFrame(
        cuts,
        columns=[
            "a", "b", "country_a", "country_b", "mode", "lon", "lat",
            "status", "from_year", "origin",
        ],
    )  # fmt: skip


def border_edges(
    cuts: pd.DataFrame,
    frontiers: pd.DataFrame,
    crossings: pd.DataFrame,
    *,
    near_km: float = 15.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the border edges (two directed rows each) and what became of every cut.

    Returns
    -------
    edges : DataFrame
        Rows for :func:`frames.make_edges`: kind border, length 0, ``facility`` the crossing's
        id or ``frontier:AA-BB``, ``country`` → ``to_country``.
    verdicts : DataFrame
        The cuts with ``verdict`` (crossing id, ``schengen``, ``unnamed``, ``closed``,
        ``no crossing here``) and ``km`` to the crossing.
    """
    rows: list[dict[str, object]] = []
    verdicts: list[tuple[str, float]] = []
    rules = {
        (str(a), str(b), str(m)): group
        for (a, b, m), group in frontiers.groupby(["country_a", "country_b", "mode"])
    }
    listed = {
        (str(a), str(b), str(m)): group
        for (a, b, m), group in crossings.groupby(["country_a", "country_b", "mode"])
    }
    for cut in cuts.itertuples(index=False):
        a, b = sorted((str(cut.country_a), str(cut.country_b)))
        mode = str(cut.mode)
        rule, named = rules.get((a, b, mode)), listed.get((a, b, mode))
        base: dict[str, Any] = {"mode": mode, "kind": "border", "length_km": 0.0, "oneway": True,
                "origin": cut.origin, "from_year": cut.from_year, "status": cut.status}  # fmt: skip
        windows = _windows(rule)
        if not a or not windows:
            verdicts.append(("closed" if a else "no country", np.nan))
            continue
        regime = windows[0][2]
        km, nearest = np.nan, None
        if named is not None and len(named):
            kx, ky = local_scale(cut.lat)
            away = np.hypot((named["lon"] - cut.lon) * kx, (named["lat"] - cut.lat) * ky)
            nearest, km = named.iloc[int(np.argmin(away))], float(away.min())
            # a rail frontier has one gate per line, so a crossing named by its station may be
            # some way from the line; roads are dense and the gate must be the near one
        if nearest is not None and km <= near_km:
            facility = str(nearest["id"])
            base["status"] = nearest["status"] if cut.status == "operating" else cut.status
            base["from_year"] = max(int(cut.from_year), int(nearest["from_year"]))
            base["to_year"] = int(nearest["to_year"])
            if nearest["status"] == "closed":
                verdicts.append((f"closed: {facility}", km))
                continue
        elif regime == "schengen" or regime == "customs_union" or named is None:
            facility = f"frontier:{a}-{b}"
        else:
            verdicts.append(("no crossing here", km))
            continue
        for since, until, rule_regime in windows:
            window = {
                **base,
                "facility": facility,
                "origin": f"border:{rule_regime}",
                "from_year": max(int(base["from_year"]), since),
                "to_year": min(
                    [y for y in (int(base.get("to_year", 0)), until) if y],
                    default=0,
                ),
            }
            rows.append({**window, "u": cut.a, "v": cut.b,
                         "country": cut.country_a, "to_country": cut.country_b})  # fmt: skip
            rows.append({**window, "u": cut.b, "v": cut.a,
                         "country": cut.country_b, "to_country": cut.country_a})  # fmt: skip
        verdicts.append((facility if not facility.startswith("frontier") else regime, km))
    edges = make_edges(rows) if rows else make_edges([])
    return edges, cuts.assign(verdict=[x[0] for x in verdicts], km=[x[1] for x in verdicts])


def _windows(rule: pd.DataFrame | None) -> list[tuple[int, int, str]]:
    """Return the years in which a frontier is open: (from, to, regime), 0 for no limit."""
    if rule is None:
        return [(0, 0, "control")]
    open_rows = rule[rule["status"] != "closed"]
    return [
        (int(r.from_year), int(r.to_year), str(r.regime)) for r in open_rows.itertuples(index=False)
    ]


def drop_dead(graph: Graph, min_km: float) -> tuple[Graph, float]:
    """Drop components shorter than ``min_km``; return the graph and the km dropped."""
    from corridors.network.frames import component_km

    labels = components(graph)
    km = component_km(graph, labels)
    keep = km[graph.edges["u"].to_numpy()] >= min_km
    lost = float(graph.edges["length_km"].to_numpy()[~keep].sum())
    return compact(graph, keep), lost
