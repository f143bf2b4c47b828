"""The small graph of places and the best legs between neighbours.

An exact reduction of the network: its nodes are the network's nodes at terminals, at both sides of
border crossings, at both ends of straits, and nearest to the atlas's cities; its edges are the best
line between two of them inside one mode and country that meets no third one, plus the crossings,
transfers, straits and ferries as they are. Inside one mode and country hours, cost and emissions
all follow the length, so the best leg is the same by every criterion, and a shortest path between
two hubs here is a shortest path there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import KINDS, MODES
from corridors.routing.engine import INF
from corridors.routing.legs import LINE, Step, facility_name, line_of
from corridors.routing.profile import Profile, open_edges
from corridors.routing.snap import LIMIT_KM, snap

if TYPE_CHECKING:
    import networkx as nx

    from corridors.routing.network import Network

HUB_MODES = ("rail", "road", "sea", "ferry")
SIMPLIFY_DEG = 0.01


def hub_graph(
    net: Network,
    *,
    modes: tuple[str, ...] = HUB_MODES,
    years: tuple[int, int] = (2009, 2035),
    countries: set[str] | None = None,
) -> nx.MultiDiGraph:
    """Return places as nodes and best legs between neighbours as edges.

    Parameters
    ----------
    modes : tuple of str
    years : (int, int)
        Legs carry the years of this span in which they hold.
    countries : set of ISO codes, optional
        Land hubs and legs of these countries only.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes: ``place`` (id of the place, terminal or crossing), ``name, kind, country, lon,
        lat``; several nodes may be one place (a port's quay and its rail yard). Edges: ``kind``
        (line, border, transfer), ``mode, country, length_km, hours, cost_usd, co2e_kg`` (expected
        values for one TEU), ``facilities`` (ids whose closure closes the edge), ``from_year,
        to_year`` (0 = no limit), ``geometry`` (list of lon, lat).
    """
    import networkx as nx

    hubs = _Hubs(net, modes, countries)
    graph = nx.MultiDiGraph(name="corridors hubs", crs="EPSG:4326")
    for node, data in hubs.nodes.items():
        graph.add_node(node, **data)
    for a, b, data in [*hubs.gates(), *hubs.legs(years)]:
        if a in graph and b in graph:
            graph.add_edge(a, b, **data)
    lonely = [n for n in graph if graph.degree(n) == 0]
    graph.remove_nodes_from(lonely)
    return graph


class _Hubs:
    """Hub nodes of a network, and what joins them."""

    def __init__(self, net: Network, modes: tuple[str, ...], countries: set[str] | None) -> None:
        self.net, self.c = net, net.columns
        self.modes = modes
        c, words = self.c, self.c.words
        codes = [MODES.index(m) for m in modes]
        self.prices = net.weighted(Profile(by="distance", modes=modes)).prices
        self.in_mode = np.isin(c.e_mode, codes) & np.isin(c.e_to_mode, [-1, *codes])
        if countries is not None:
            wanted = np.array([w in countries or w == "" for w in words["country"]])
            at_sea = np.isin(c.e_mode, [MODES.index("sea"), MODES.index("ferry")])
            self.in_mode &= at_sea | (wanted[c.e_country] & wanted[c.e_to_country])
        strait = np.array([w.startswith("strait:") for w in words["facility"]])
        ferry = c.e_mode == MODES.index("ferry")
        self.gate = self.in_mode & ((c.e_kind != LINE) | strait[c.e_facility] | ferry)
        self.nodes: dict[int, dict[str, Any]] = {}
        self._find()

    def _find(self) -> None:
        c, words = self.c, self.c.words
        for row in np.flatnonzero(self.gate):
            name = words["facility"][c.e_facility[row]]
            facility = self.net.facilities.get(name)
            kind = facility.kind if facility else "frontier"
            for node in (int(c.e_u[row]), int(c.e_v[row])):
                if c.n_terminal[node]:
                    own = words["facility"][c.n_terminal[node]]
                    self._add(node, own, facility_name(own, self.net.facilities), "terminal")
                else:
                    self._add(node, name, facility_name(name, self.net.facilities), kind)
        usable = self.in_mode & (c.e_kind == LINE)
        limits = {m: LIMIT_KM[m] for m in self.modes if m in ("rail", "road")}
        for place in self.net.names.atlas_places():
            if place.kind != "city":
                continue
            for s in snap(c, self.net.segments, place.lon, place.lat, usable, limits,
                          country=place.country):  # fmt: skip
                node = int(c.e_u[s.edge] if s.fraction < 0.5 else c.e_v[s.edge])
                self._add(node, place.id, place.name, "city", place.lon, place.lat)

    def _add(
        self, node: int, place: str, name: str, kind: str,
        lon: float | None = None, lat: float | None = None,
    ) -> None:  # fmt: skip
        c = self.c
        if node not in self.nodes or kind == "city":
            self.nodes[node] = {
                "place": place, "name": name, "kind": kind,
                "country": c.words["country"][c.n_country[node]],
                "lon": float(c.n_lon[node]) if lon is None else lon,
                "lat": float(c.n_lat[node]) if lat is None else lat,
            }  # fmt: skip

    def gates(self) -> list[tuple[int, int, dict[str, Any]]]:
        """Return borders, transfers, straits and ferries as edges."""
        c, words = self.c, self.c.words
        out = []
        never = np.array([s in ("proposed", "stalled", "closed") for s in words["status"]])
        dated = np.array([s in ("construction", "planned") for s in words["status"]])
        for row in np.flatnonzero(self.gate):
            status = c.e_status[row]
            if never[status] or (dated[status] and c.e_from_year[row] == 0):
                continue
            name = words["facility"][c.e_facility[row]]
            data = {
                "kind": KINDS[c.e_kind[row]], "mode": MODES[c.e_mode[row]],
                "country": words["country"][c.e_country[row]],
                "length_km": float(c.e_length_km[row]) if c.e_kind[row] == LINE else 0.0,
                "hours": float(self.prices.hours[row]), "cost_usd": float(self.prices.usd[row]),
                "co2e_kg": float(self.prices.co2e_kg[row]), "facilities": [name] if name else [],
                "from_year": int(c.e_from_year[row]), "to_year": int(c.e_to_year[row]),
            }  # fmt: skip
            if c.e_kind[row] == KINDS.index("transfer"):
                data["to_mode"] = MODES[c.e_to_mode[row]]
                if c.e_to_gauge_mm[row] != c.e_gauge_mm[row] and data["mode"] == data["to_mode"]:
                    data["gauge_mm"] = int(c.e_gauge_mm[row])
                    data["to_gauge_mm"] = int(c.e_to_gauge_mm[row])
            line = c.line(int(row)) if c.e_kind[row] == LINE else None
            for a, b, forward in ((c.e_u[row], c.e_v[row], True), (c.e_v[row], c.e_u[row], False)):
                if not forward and c.e_oneway[row]:
                    continue
                shape = (
                    {} if line is None else {"geometry": _simple(line if forward else line[::-1])}
                )
                out.append((int(a), int(b), {**data, **shape}))
        return out

    def legs(self, years: tuple[int, int]) -> list[tuple[int, int, dict[str, Any]]]:
        """Return the best lines between neighbouring hubs, with the years in which they hold."""
        c = self.c
        line = self.in_mode & (c.e_kind == LINE) & ~self.gate
        changes = np.concatenate([c.e_from_year[line], c.e_to_year[line] + 1])
        cuts = sorted({int(y) for y in changes if years[0] < y <= years[1]})
        spans = list(zip([years[0], *cuts], [*(y - 1 for y in cuts), years[1]], strict=True))
        held: dict[tuple[int, int, int], list[Any]] = {}
        out: list[tuple[tuple[int, int, int], list[Any]]] = []
        for first, last in spans:
            found: dict[tuple[int, int, int], Any] = {}
            is_open = open_edges(Profile(modes=self.modes, year=first), c)
            for mode in self.modes:
                if mode != "ferry":
                    found |= self._legs(mode, line & is_open)
            for key, data in found.items():
                before = held.get(key)
                if before is not None and before[0] == data[0]:
                    before[2] = last
                else:
                    if before is not None:
                        out.append((key, before))
                    held[key] = [data[0], first, last, data[1]]
            for key in [k for k in held if k not in found]:
                out.append((key, held.pop(key)))
        out += list(held.items())
        edges: list[tuple[int, int, dict[str, Any]]] = []
        for (a, b, mode), held_leg in out:
            _, first, last, make = held_leg
            data = make()
            data["from_year"] = 0 if first == years[0] else first
            data["to_year"] = 0 if last == years[1] else last
            edges.append((a, b, {**data, "mode": MODES[mode]}))
            edges.append((b, a, {**data, "mode": MODES[mode], "geometry": data["geometry"][::-1]}))
        return edges

    def _legs(self, mode: str, usable: NDArray[np.bool_]) -> dict[Any, Any]:
        """Return {(a, b, mode): (weight, make)} for neighbours a < b."""
        net, c = self.net, self.c
        code = MODES.index(mode)
        ok = usable & (c.e_mode == code)
        weights = np.where(ok, np.rint(c.e_length_km * 1000), INF).astype(np.uint32)
        metric = net.engine().metric(weights[c.a_edge])
        served = np.zeros(c.n_nodes, dtype=bool)
        served[c.e_u[ok]] = served[c.e_v[ok]] = True
        hubs = np.array(sorted(n for n in self.nodes if served[n]), dtype=np.int64)
        if not len(hubs):
            return {}
        table = metric.matrix(hubs, hubs).astype(np.int64)
        near = _neighbours(table)
        out = {}
        for i, j in zip(*np.nonzero(near), strict=True):
            if i < j:
                a, b = int(hubs[i]), int(hubs[j])

                def make(a: int = a, b: int = b, metric: Any = metric) -> dict[str, Any]:
                    return self._leg(metric.query(a, b)[1])

                out[a, b, code] = (int(table[i, j]), make)
        return out

    def _leg(self, arcs: NDArray[np.int64]) -> dict[str, Any]:
        c, words = self.c, self.c.words
        edges = c.a_edge[arcs]
        steps = tuple(
            Step(int(e), 1.0, bool(a < len(c.e_u))) for e, a in zip(edges, arcs, strict=True)
        )
        names = sorted({words["facility"][f] for f in c.e_facility[edges]} - {""})
        return {
            "kind": "line", "country": words["country"][c.e_country[edges[0]]],
            "length_km": float(c.e_length_km[edges].sum()),
            "hours": float(self.prices.hours[edges].sum()),
            "cost_usd": float(self.prices.usd[edges].sum()),
            "co2e_kg": float(self.prices.co2e_kg[edges].sum()),
            "facilities": names, "geometry": _simple(line_of(c, steps)),
        }  # fmt: skip


def _neighbours(table: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pairs are joined by a way that passes no third one."""
    n = len(table)
    near = (table < INF) & ~np.eye(n, dtype=bool)
    far = np.where(table < INF, table, np.int64(1) << 40)
    np.fill_diagonal(far, np.int64(1) << 40)
    # of hubs at distance zero from one another, the first stands for the rest
    for k in range(n):
        row = far[k]
        reach = row < (np.int64(1) << 40)
        if not reach.any():
            continue
        at = np.flatnonzero(reach)
        block = row[at][:, None] + row[at][None, :]
        here = table[np.ix_(at, at)]
        # a tie at zero length must not delete both of two equal ways
        through = (block <= here) & (row[at][:, None] + row[at][None, :] > 0)
        through &= (row[at][:, None] > 0) & (row[at][None, :] > 0) | (at[:, None] > k) & (
            at[None, :] > k
        )
        sub = near[np.ix_(at, at)]
        near[np.ix_(at, at)] = sub & ~through
    return np.asarray(near)


def _simple(line: NDArray[np.float64]) -> list[list[float]]:
    import shapely

    shape = shapely.LineString(line) if len(line) > 1 else shapely.LineString([line[0], line[0]])
    return [[round(x, 4), round(y, 4)] for x, y in shape.simplify(SIMPLIFY_DEG).coords]
