"""The small graph of places and the best legs between neighbours.

An exact reduction of the network, made as in :mod:`corridors.routing.reduced`: its nodes are the
network's nodes at terminals, at both sides of border crossings, at both ends of straits, where
other rates begin, and nearest to the atlas's cities; its edges are the best line between two of
them inside one mode and country that meets no third one, plus the crossings, transfers, straits
and ferries as they are. Inside one mode and country hours, cost and emissions all follow the
length, so the best leg is the same by every criterion, and a shortest path between two hubs here
is a shortest path there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import KINDS, MODES
from corridors.routing.legs import LINE, facility_name, line_of_edges
from corridors.routing.profile import DATED, NEVER, Profile, boards, open_edges
from corridors.routing.reduced import (
    Classes,
    Parts,
    classes_of,
    legs_between,
    length_metric,
    parts_of,
)
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
        profile = Profile(by="distance", modes=modes)
        self.prices = net.weighted(profile).prices
        self.in_mode = np.isin(c.e_mode, codes) & np.isin(c.e_to_mode, [-1, *codes])
        self.in_mode &= boards(profile, words["origin"])[c.e_origin]
        if countries is not None:
            wanted = np.array([w in countries or w == "" for w in words["country"]])
            at_sea = np.isin(c.e_mode, [MODES.index("sea"), MODES.index("ferry")])
            self.in_mode &= at_sea | (wanted[c.e_country] & wanted[c.e_to_country])
        strait = np.array([w.startswith("strait:") for w in words["facility"]])
        ferry = c.e_mode == MODES.index("ferry")
        self.gate = self.in_mode & ((c.e_kind != LINE) | strait[c.e_facility] | ferry)
        line = self.in_mode & (c.e_kind == LINE) & ~self.gate
        self.classes = classes_of(c, self.prices, line)
        self.gate |= line & (self.classes.of < 0)
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
        # where lines of two classes meet: another country's or zone's rates hold from here on
        ends = parts_of(c, self.classes).pairs[1]
        twice = np.bincount(ends, minlength=c.n_nodes) > 1
        for at in np.flatnonzero(twice).tolist():
            self._add(at, f"node:{at}", "", "junction")
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
        never = np.array([s in NEVER for s in words["status"]])
        dated = np.array([s in DATED for s in words["status"]])
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
        """Return the best lines between neighbouring hubs, with the years in which they hold.

        The years are gone through one change after the other; only the pieces of the network that
        a change touches are looked at again.
        """
        c = self.c
        line = self.in_mode & (c.e_kind == LINE) & ~self.gate
        changes = np.concatenate([c.e_from_year[line], c.e_to_year[line] + 1])
        cuts = sorted({int(y) for y in changes if years[0] < y <= years[1]})
        stamp = np.random.default_rng(0).integers(0, 1 << 62, len(line))
        keep = np.zeros(c.n_nodes, dtype=bool)
        keep[list(self.nodes)] = True
        found: dict[int, dict[Leg, Any]] = {}  # legs of each piece, the piece by what is in it
        held: dict[Leg, list[Any]] = {}  # first year, what the leg is
        done: list[tuple[Leg, int, int, Any]] = []
        for first in [years[0], *cuts]:
            usable = line & open_edges(Profile(modes=self.modes, year=first), c)
            parts = parts_of(c, _only(self.classes, usable))
            mark = np.zeros(len(parts.klass), dtype=np.int64)
            at = np.flatnonzero(parts.of >= 0)
            np.add.at(mark, parts.of[at], stamp[at])
            now = {int(m): found.get(int(m)) for m in mark}
            fresh = np.array([now[int(m)] is None for m in mark], dtype=bool)
            if fresh.any():
                for piece, legs in self._legs(parts, keep, fresh).items():
                    now[int(mark[piece])] = legs
            found = {m: legs or {} for m, legs in now.items()}
            current: dict[Leg, Any] = {}
            for legs in found.values():
                current.update(legs)
            for key in [k for k in held if k not in current]:
                start, data = held.pop(key)
                done.append((key, start, first - 1, data))
            for key, data in current.items():
                held.setdefault(key, [first, data])
        done += [(key, start, years[1], data) for key, (start, data) in held.items()]
        done.sort(key=lambda x: (x[0], x[1]))
        return [
            (a, b, {**data, "from_year": 0 if start == years[0] else start,
                    "to_year": 0 if last == years[1] else last})
            for (a, b, _, _), start, last, data in done
        ]  # fmt: skip

    def _legs(
        self, parts: Parts, keep: NDArray[np.bool_], only: NDArray[np.bool_]
    ) -> dict[int, dict[Leg, Any]]:
        """Return the legs of some pieces: (a, b, class, length) -> what the leg is."""
        piece, a, b, length = legs_between(self.net, parts, keep, only)
        out: dict[int, dict[Leg, Any]] = {}
        metrics: dict[int, Any] = {}
        both_ways = not np.asarray(self.c.e_oneway)[parts.of >= 0].any()
        # legs of equal ends in several classes all stay; of one class there is one
        for p, u, v, quanta in zip(piece.tolist(), a.tolist(), b.tolist(), length.tolist(),
                                   strict=True):  # fmt: skip
            colour = int(parts.colour[p])
            if colour not in metrics:
                lines = (parts.of >= 0) & (parts.colour[np.maximum(parts.of, 0)] == colour)
                metrics[colour] = length_metric(self.net, lines)
            klass = int(parts.klass[p])
            legs = out.setdefault(p, {})
            back = legs.get((v, u, klass, quanta)) if both_ways else None
            if back is None:
                legs[u, v, klass, quanta] = self._leg(metrics[colour].query(u, v)[1])
            else:
                legs[u, v, klass, quanta] = {**back, "geometry": back["geometry"][::-1]}
        return out

    def _leg(self, arcs: NDArray[np.int64]) -> dict[str, Any]:
        c, words = self.c, self.c.words
        edges = c.a_edge[arcs].astype(np.int64)
        names = sorted({words["facility"][f] for f in np.unique(c.e_facility[edges])} - {""})
        return {
            "kind": "line", "mode": MODES[c.e_mode[edges[0]]],
            "country": words["country"][c.e_country[edges[0]]],
            "length_km": float(c.e_length_km[edges].sum()),
            "hours": float(self.prices.hours[edges].sum()),
            "cost_usd": float(self.prices.usd[edges].sum()),
            "co2e_kg": float(self.prices.co2e_kg[edges].sum()),
            "facilities": names, "geometry": _simple(line_of_edges(c, edges, arcs < len(c.e_u))),
        }  # fmt: skip


Leg = tuple[int, int, int, int]
"""Of a leg: its ends, its class, and its length in QUANTUM_KM."""


def _only(classes: Classes, usable: NDArray[np.bool_]) -> Classes:
    return Classes(np.where(usable, classes.of, -1), classes.rate, classes.component)


def _simple(line: NDArray[np.float64]) -> list[list[float]]:
    import shapely

    shape = shapely.LineString(line) if len(line) > 1 else shapely.LineString([line[0], line[0]])
    coords = shapely.get_coordinates(shape.simplify(SIMPLIFY_DEG, preserve_topology=False))
    found: list[list[float]] = coords.round(4).tolist()
    return found
