"""What the loss of a crossing, port, strait or country costs a set of pairs.

Only what the best ways use can matter to them, so each facility on a best way is closed by itself
and the pairs that used it are asked again (one partial customization of the engine's metric for
each). Beside it stands betweenness on the hub graph: how much lies on best ways between all places,
whoever travels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.network.store import MODES
from corridors.routing.answer import path_steps
from corridors.routing.engine import INF
from corridors.routing.joins import both_joins
from corridors.routing.legs import LINE, facility_name
from corridors.routing.profile import DATA_YEAR, FREIGHT, Profile

if TYPE_CHECKING:
    import folium
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.routing.network import Network, Weighted

Pair = tuple[Any, Any]
STRETCH_KM = 100.0


@dataclass(frozen=True, eq=False)
class Criticality:
    """Facilities ranked by what their loss costs."""

    frame: pd.DataFrame
    """``rank, id, name, kind, pairs`` (that use it), ``cut`` (pairs left without a way),
    ``mean_d_hours, worst_d_hours, mean_d_cost_usd, sum_d_hours, lon, lat``. Means and sums are
    over the pairs that find another way; one that finds none is in ``cut``, not in them."""
    pairs: pd.DataFrame
    """Per facility and pair: ``id, origin, destination, d_hours, d_cost_usd, cut``."""

    def chart(self, ax: Axes | None = None, top: int = 20) -> Axes:
        """Draw the days that the loss costs in all, and the pairs that it cuts."""
        import matplotlib.pyplot as plt

        part = self.frame.head(top).iloc[::-1]
        if ax is None:
            _, ax = plt.subplots(figsize=(8, 0.32 * len(part) + 1.2))
        ax.barh(part["name"], part["sum_d_hours"] / 24,
                color=["C3" if c else "C0" for c in part["cut"]])  # fmt: skip
        for i, row in enumerate(part.to_dict("records")):
            if row["cut"]:
                ax.annotate(f" cuts {row['cut']}", (row["sum_d_hours"] / 24, i), va="center",
                            fontsize=8)  # fmt: skip
        ax.set_xlabel("days lost by its loss, sum over all pairs (red: cuts pairs off)")
        ax.tick_params(axis="y", labelsize=8)
        return ax

    def explore(self, **options: Any) -> folium.Map:
        """Return a map of the facilities with what their loss costs."""
        import geopandas as gpd

        from corridors.maps import explore

        here = self.frame[self.frame["lon"].notna()].rename(columns={"kind": "facility"})
        points = gpd.GeoDataFrame(
            here, geometry=gpd.points_from_xy(here["lon"], here["lat"]), crs="EPSG:4326"
        )
        return explore({"critical facilities": points}, **options)


def criticality(
    net: Network,
    pairs: Iterable[Pair],
    *,
    modes: tuple[str, ...] = FREIGHT,
    by: str | dict[str, float] = "time",
    year: int = DATA_YEAR,
    countries: bool = False,
    lines: bool = False,
    kinds: tuple[str, ...] | None = None,
) -> Criticality:
    """Rank crossings, terminals, ferries and straits by what their loss costs.

    Parameters
    ----------
    pairs : iterable of (origin, destination)
    modes, by, year
        Of the question; modes are not widened by road as :meth:`corridors.Network.route` does.
    countries : bool
        Close whole countries too (those of a pair's own ends are left out).
    lines : bool
        Break the lines too: every stretch of 100 km or more that the same pairs use, in its
        middle.
    kinds : tuple of str, optional
        Of crossing, terminal, ferry, strait, frontier, country, line.

    Raises
    ------
    NoRouteError
        No pair has a way to begin with.
    """
    import pandas as pd

    every = [(a, b) for a, b in pairs]
    if not every:
        raise SchemaError("criticality needs at least one pair of places")
    w = net.weighted(Profile.of(by, modes=modes, year=year))
    base: list[tuple[int, Any, Any, tuple[float, float], set[str]]] = []
    paths: list[Any] = []
    missing = []
    for i, (a, b) in enumerate(every):
        try:
            start, end = both_joins(net, net.place(a), net.place(b), w)
        except (SnapError, NoRouteError) as error:
            missing.append(f"{a} – {b}: {error}")
            continue
        path = path_steps(net, w, start, end)
        if path is None:
            missing.append(f"{a} – {b}: no way")
            continue
        used = _used(net, path[0], countries, {net.place(a).country, net.place(b).country})
        base.append((i, start, end, _worth(w, path[0]), used))
        paths.append(path[0])
    if not base:
        raise NoRouteError(f"no pair has a way: {'; '.join(missing[:5])}")
    if lines:
        for ident, users in _stretches(net, paths).items():
            for k in users:
                base[k][4].add(ident)
    own: Weighted = replace(
        w, weights=w.weights.copy(), metric=net.engine().metric(w.weights[net.columns.a_edge])
    )
    rows, detail = [], []
    for ident in sorted(set().union(*(x[4] for x in base))):
        kind = _kind(net, ident)
        if kinds is not None and kind not in kinds:
            continue
        edges = _edges(net, ident)
        _put(net, own, edges, np.full(len(edges), INF))
        d_hours, d_usd, cut = [], [], 0
        for i, start, end, (hours, usd), used in base:
            if ident not in used:
                continue
            path = path_steps(net, own, start, end)
            other = None if path is None else _worth(w, path[0])
            detail.append({"id": ident, "origin": str(every[i][0]), "destination": str(every[i][1]),
                           "d_hours": np.nan if other is None else _plain(other[0] - hours),
                           "d_cost_usd": np.nan if other is None else _plain(other[1] - usd),
                           "cut": other is None})  # fmt: skip
            if other is None:
                cut += 1
            else:
                d_hours.append(other[0] - hours)
                d_usd.append(other[1] - usd)
        _put(net, own, edges, w.weights[edges])
        lon, lat = _where(net, edges, kind)
        rows.append({
            "id": ident, "name": _name(net, ident), "kind": kind, "pairs": len(d_hours) + cut,
            "cut": cut, "mean_d_hours": _plain(np.mean(d_hours)) if d_hours else np.nan,
            "worst_d_hours": _plain(max(d_hours)) if d_hours else np.nan,
            "mean_d_cost_usd": _plain(np.mean(d_usd)) if d_usd else np.nan,
            "sum_d_hours": _plain(np.sum(d_hours)), "lon": lon, "lat": lat,
        })  # fmt: skip
    frame = pd.DataFrame(rows).sort_values(
        ["cut", "sum_d_hours", "id"], ascending=[False, False, True], kind="stable"
    )
    frame = frame.reset_index(drop=True)
    frame.insert(0, "rank", range(1, len(frame) + 1))
    frame.attrs = {"pairs": len(base), "without_way": missing, "by": by, "year": year}
    return Criticality(frame, pd.DataFrame(detail))


def _plain(value: Any) -> float:
    """Return a difference to two digits, without a minus before nothing."""
    return round(float(value), 2) + 0.0


def _worth(w: Weighted, steps: Any) -> tuple[float, float]:
    edges = np.array([s.edge for s in steps], dtype=np.int64)
    share = np.array([s.share for s in steps])
    return (float((w.prices.hours[edges] * share).sum()),
            float((w.prices.usd[edges] * share).sum()))  # fmt: skip


def _used(net: Network, steps: Any, countries: bool, ends: set[str]) -> set[str]:
    """Return the facilities of a way: where it crosses, changes, sails; countries on demand.

    The approach of a port that a ship passes carries the port's id too, and its loss would close
    the lane in the model alone; only terminals where the way changes count.
    """
    c, words = net.columns, net.columns.words
    out = set()
    for s in steps:
        ident = words["facility"][c.e_facility[s.edge]]
        facility = net.facilities.get(ident)
        passing = c.e_kind[s.edge] == LINE and (facility is None or facility.kind == "terminal")
        if ident and not passing:
            out.add(ident)
            if facility is not None and facility.kind == "ferry":
                out |= {facility.row["from_terminal"], facility.row["to_terminal"]}
        if countries:
            sea = MODES[c.e_mode[s.edge]] in ("sea", "ferry")
            code = words["country"][c.e_country[s.edge]]
            if code and code not in ends and not sea:
                out.add(f"country:{code}")
    return out


def _stretches(net: Network, paths: list[Any]) -> dict[str, set[int]]:
    """Return the stretches of rail and road that the same paths use: ``line:edge`` -> paths.

    The edge is the one in the stretch's middle: closing it breaks the stretch.
    """
    c = net.columns
    land = [MODES.index("rail"), MODES.index("road")]
    users: dict[int, set[int]] = {}
    for k, steps in enumerate(paths):
        for s in steps:
            if c.e_kind[s.edge] == LINE and c.e_mode[s.edge] in land:
                users.setdefault(s.edge, set()).add(k)
    out: dict[str, set[int]] = {}
    done: set[int] = set()
    for steps in paths:
        run: list[int] = []
        for s in [*steps, None]:
            edge = None if s is None or s.edge not in users else s.edge
            if run and (edge is None or _unlike(net, users, run[-1], edge)):
                km = np.cumsum(c.e_length_km[np.array(run)])
                if km[-1] >= STRETCH_KM and not done & set(run):
                    middle = run[int(np.searchsorted(km, km[-1] / 2))]
                    out[f"line:{middle}"] = set(users[middle])
                done |= set(run)
                run = []
            if edge is not None:
                run.append(edge)
    return out


def _unlike(net: Network, users: dict[int, set[int]], a: int, b: int) -> bool:
    c = net.columns
    return bool(
        users[a] != users[b] or c.e_mode[a] != c.e_mode[b] or c.e_country[a] != c.e_country[b]
    )


def _edges(net: Network, ident: str) -> Any:
    """Return the edges that close with a facility, a country or a stretch of line."""
    c, words = net.columns, net.columns.words
    if ident.startswith("line:"):
        return np.array([int(ident.removeprefix("line:"))])
    if ident.startswith("country:"):
        code = words["country"].index(ident.removeprefix("country:"))
        return np.flatnonzero((c.e_country == code) | (c.e_to_country == code))
    facility = net.facilities.get(ident)
    codes = [words["facility"].index(ident)] if ident in words["facility"] else []
    rows = np.isin(c.e_facility, codes)
    if facility is not None and facility.kind == "terminal":
        # ferries that call there stop too
        calls = [f.id for f in net.facilities.values() if f.kind == "ferry"
                 and ident in (f.row["from_terminal"], f.row["to_terminal"])]  # fmt: skip
        more = [words["facility"].index(i) for i in calls if i in words["facility"]]
        rows |= np.isin(c.e_facility, more)
    return np.flatnonzero(rows)


def _put(net: Network, w: Weighted, edges: Any, weights: Any) -> None:
    from corridors.routing.alternatives import _put as put

    if len(edges):
        put(net, w, edges, weights)


def _kind(net: Network, ident: str) -> str:
    for kind in ("country", "line"):
        if ident.startswith(f"{kind}:"):
            return kind
    facility = net.facilities.get(ident)
    return "frontier" if facility is None else facility.kind


def _name(net: Network, ident: str) -> str:
    if ident.startswith("country:"):
        from corridors.spelling import country_name

        return country_name(ident.removeprefix("country:"))
    if ident.startswith("line:"):
        return _line_name(net, int(ident.removeprefix("line:")))
    facility = net.facilities.get(ident)
    if facility is not None and facility.kind == "crossing":
        return f"{facility.name} ({facility.row['mode']})"
    return facility_name(ident, net.facilities)


def _line_name(net: Network, edge: int) -> str:
    """Return what a person would call the middle of a stretch: by the nearest city."""
    from corridors.geodesy import distance_km

    c = net.columns
    line = c.line(edge)
    lon, lat = line[len(line) // 2]
    code = c.words["country"][c.e_country[edge]]
    cities = [p for p in net.names.atlas_places() if p.kind in ("city", "station")]
    mode = MODES[c.e_mode[edge]]
    if not cities:
        return f"{mode} line in {code} at {lat:.2f}, {lon:.2f}"
    km = distance_km(lon, lat, [p.lon for p in cities], [p.lat for p in cities])
    i = int(np.argmin(km))
    return f"{mode} line near {cities[i].name} ({code})"


def _where(net: Network, edges: Any, kind: str) -> tuple[float, float]:
    if kind == "country" or not len(edges):
        return float("nan"), float("nan")
    node = int(net.columns.e_u[edges[0]])
    return round(float(net.columns.n_lon[node]), 4), round(float(net.columns.n_lat[node]), 4)


def betweenness(
    graph: nx.MultiDiGraph,
    *,
    weight: str = "hours",
    year: int = DATA_YEAR,
    modes: tuple[str, ...] | None = None,
    sample: int | None = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the betweenness of places on the hub graph.

    Parameters
    ----------
    graph : MultiDiGraph
        ``net.hub_graph()``.
    weight : {"hours", "cost_usd", "length_km", "co2e_kg"}
    modes : tuple of str, optional
    sample : int, optional
        Best ways from so many places, drawn with ``seed``; None for all.

    Returns
    -------
    DataFrame
        ``place, name, kind, country, betweenness`` (share of best ways that pass there; of a place
        with several nodes the greatest), greatest first.
    """
    import networkx as nx
    import pandas as pd

    simple = nx.DiGraph()
    for a, b, data in graph.edges(data=True):
        if modes is not None and data["mode"] not in modes:
            continue
        if data.get("to_mode") and modes is not None and data["to_mode"] not in modes:
            continue
        first, last = data.get("from_year", 0), data.get("to_year", 0)
        if (first and first > year) or (last and last < year):
            continue
        value = max(float(data[weight]), 1e-6)
        if not simple.has_edge(a, b) or value < simple[a][b]["weight"]:
            simple.add_edge(a, b, weight=value)
    n = simple.number_of_nodes()
    k = None if sample is None or sample >= n else sample
    score = nx.betweenness_centrality(simple, k=k, weight="weight", seed=seed)
    rows = [{**{x: graph.nodes[v].get(x, "") for x in ("place", "name", "kind", "country")},
             "betweenness": s} for v, s in score.items()]  # fmt: skip
    frame = pd.DataFrame(rows)
    best = frame.sort_values("betweenness", ascending=False, kind="stable")
    best = best.drop_duplicates("place").reset_index(drop=True)
    best["betweenness"] = best["betweenness"].round(5)
    return best


def beside_betweenness(found: Criticality, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the ranking with each facility's betweenness and its rank by it."""
    ranked = scores.assign(betweenness_rank=range(1, len(scores) + 1))
    columns = ranked[["place", "betweenness", "betweenness_rank"]]
    return found.frame.merge(columns, left_on="id", right_on="place", how="left").drop(
        columns="place"
    )
