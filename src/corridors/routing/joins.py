"""How places join the network: at terminals, at ports in reach, and at the nearest lines.

One place or thousands go through the same arrays (:func:`access_of`), so that a route and a matrix
can never disagree about where a place begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import NoRouteError, SnapError
from corridors.geodesy import chord, distance_km, unit_vectors
from corridors.network.store import KINDS, MODES
from corridors.routing.engine import INF
from corridors.routing.profile import GRAIN, quantum
from corridors.routing.snap import LIMIT_KM, snap, snap_many

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted
    from corridors.routing.profile import Cargo, Profile

DRAYAGE_FACTOR = 1.3
"""Road km per straight km between a place and the line that it is joined to."""
DRAYAGE_FROM_KM = 1.0
MAX_ENDS = 12
MAX_PORTS = 4
OWN_PORT_KM = 15.0
"""Ports so much farther from a place than its nearest one are not its ports."""


@dataclass(frozen=True, eq=False)
class Join:
    """One way of joining a place to the network: a node, and what lies before it.

    ``edge``/``fraction`` are set where the place lies inside an edge; ``offset`` is the weight
    of the part of that edge up to the node, drayage included.
    """

    node: int
    offset: int
    snap_km: float
    edge: int = -1
    fraction: float = 0.0
    forward: bool = True


@dataclass(frozen=True, eq=False)
class Access:
    """Where places touch the network, whatever the direction; rows by place.

    A row is a node (``edge`` -1) or a point inside an edge. ``gap`` is the weight of the way
    there, in quanta, not rounded.
    """

    n_places: int
    place: NDArray[np.int64]
    node: NDArray[np.int64]
    edge: NDArray[np.int64]
    fraction: NDArray[np.float64]
    km: NDArray[np.float64]
    gap: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JoinTable:
    """Joins of many places in one direction, rows by place and in the order of preference."""

    n_places: int
    place: NDArray[np.int64]
    node: NDArray[np.int64]
    offset: NDArray[np.int64]
    gap: NDArray[np.int64]
    """The part of the offset that is the way to the line."""
    km: NDArray[np.float64]
    edge: NDArray[np.int64]
    fraction: NDArray[np.float64]
    share: NDArray[np.float64]
    """The part of the edge between the place and the node."""
    forward: NDArray[np.bool_]

    def joined(self) -> NDArray[np.bool_]:
        """Return which places have a join at all."""
        out = np.zeros(self.n_places, dtype=bool)
        out[self.place] = True
        return out


def limits(net: Network, modes: tuple[str, ...]) -> dict[str, float]:
    """Return the snapping limit in km of each mode."""
    return {m: km for m, km in {**LIMIT_KM, **dict(net.snap_limits_km)}.items() if m in modes}


def drayage(net: Network, cargo: Cargo, km: float, country: str) -> dict[str, float]:
    """Return hours, USD and kg CO2e of so many straight km by truck."""
    from corridors.routing.pricing import cargo_amounts

    p = net.parameters
    teu, tonnes = cargo_amounts(cargo, p)
    road_km = km * DRAYAGE_FACTOR
    grams = (
        p.get("co2e_g_per_tkm.ttw", "road", country).value
        + p.get("co2e_g_per_tkm.wtt", "road", country).value
    )
    return {
        "time": road_km / p.get("speed_km_h", "road", country).value,
        "cost": road_km * p.get("cost_usd_per_teu_km", "road", country).value * teu,
        "co2e": road_km * grams * tonnes / 1000.0,
    }


def _drayage_weights(
    net: Network, profile: Profile, km: NDArray[np.float64], countries: list[str]
) -> NDArray[np.float64]:
    """Return the weight in quanta of the ways between places and their lines, by road."""
    rate: dict[str, float] = {}
    for country in set(countries):
        one = {**drayage(net, profile.cargo, 1.0, country), "distance": 1.0}
        terms = profile.weights or ((profile.by, 1.0),)
        rate[country] = sum(weight * one[name] for name, weight in terms) / quantum(profile)
    out = km * np.array([rate[c] for c in countries])
    if profile.by != "distance":
        out[km < DRAYAGE_FROM_KM] = 0.0  # the line is at the door
    return np.asarray(out)


def access_of(net: Network, places: Sequence[Place], w: Weighted) -> Access:
    """Return where places touch the network under a profile.

    A terminal joins at its own nodes; any other place at the nearest line of each mode, and for
    sea and ferry at the terminals in reach.
    """
    c, profile = net.columns, w.profile
    usable = w.weights < INF
    reach = limits(net, profile.modes)
    n = len(places)
    lon = np.array([p.lon for p in places], dtype=float)
    lat = np.array([p.lat for p in places], dtype=float)
    table = terminal_table(net)
    asked = set(profile.modes)
    wants = {m: np.ones(n, dtype=bool) for m in reach}
    # columns: place, order of preference, node, edge, fraction, km
    rows: list[tuple[NDArray[Any], ...]] = []

    def note(place: NDArray[np.int64], order: int, node: NDArray[np.int64],
             edge: NDArray[np.int64], fraction: NDArray[np.float64],
             km: NDArray[np.float64]) -> None:  # fmt: skip
        rows.append((place, np.full(len(place), order), node, edge, fraction, km))

    own = [(i, node, modes) for i, p in enumerate(places)
           for node, modes in table.get(p.id, ()) if modes & asked]  # fmt: skip
    for i, _, modes in own:
        for mode in modes & asked:
            wants[mode][i] = False
    zero = np.zeros(len(own))
    note(np.array([i for i, _, _ in own], dtype=np.int64), 0,
         np.array([node for _, node, _ in own], dtype=np.int64),
         np.full(len(own), -1), zero, zero)  # fmt: skip
    for order, mode in ((1, "sea"), (2, "ferry")):
        if mode in wants and wants[mode].any():
            at = np.flatnonzero(wants[mode])
            near = _ports_near(net, lon[at], lat[at], mode, reach[mode], usable)
            none = np.full(len(near[0]), -1)
            note(at[near[0]], order, near[1], none, np.zeros(len(none)), near[2])
    # a named place joins lines of its own country; a crossing or a point those of any
    countries = ["" if p.kind in ("border_crossing", "point") else p.country for p in places]
    for mode in wants:
        at = np.flatnonzero(wants[mode])
        if mode not in ("sea", "ferry") and len(at):
            s = snap_many(c, net.segments, lon[at], lat[at], usable, {mode: reach[mode]},
                          countries=[countries[i] for i in at], groups=net.groups)  # fmt: skip
            note(at[s.point], 3, np.full(len(s.point), -1), s.edge, s.fraction, s.km)
    table_ = [np.concatenate(column) for column in zip(*rows, strict=True)]
    place, rank, _, edge, _, km = table_
    order_ = np.lexsort((edge, np.where(rank == 3, km, 0.0), rank, place))
    place, rank, node, edge, fraction, km = (x[order_] for x in table_)
    place = place.astype(np.int64)
    # of the lines no more than the nearest few
    line = rank == 3
    nth = np.cumsum(line) - 1
    first = np.zeros(n, dtype=np.int64)
    counts = np.bincount(place[line], minlength=n)
    first[1:] = np.cumsum(counts)[:-1]
    keep = ~line | (nth - first[place] < MAX_ENDS)
    place, node, edge, fraction, km = (x[keep] for x in (place, node, edge, fraction, km))
    own_country = [p.country for p in places]
    gap = _drayage_weights(net, profile, km, [own_country[i] for i in place])
    return Access(n, place, node.astype(np.int64), edge.astype(np.int64), fraction, km, gap)


def directed(net: Network, access: Access, w: Weighted, *, arriving: bool) -> JoinTable:
    """Return the joins that some access gives to who leaves (or arrives)."""
    c = net.columns
    inside = np.flatnonzero(access.edge >= 0)
    both = np.repeat(np.arange(len(access.place)), np.where(access.edge >= 0, 2, 1))
    forward = np.ones(len(both), dtype=bool)
    forward[1:] = both[1:] != both[:-1]
    edge, fraction = access.edge[both], access.fraction[both]
    node = access.node[both]
    offset, share = access.gap[both], np.zeros(len(both))
    line = edge >= 0
    if len(inside):
        e = np.where(line, edge, 0)
        # leaving forward means on to v; arriving forward means in from u
        ahead = forward != arriving
        node = np.where(line, np.where(ahead, c.e_v[e], c.e_u[e]), node)
        share = np.where(line, np.where(ahead, 1.0 - fraction, fraction), 0.0)
        offset = np.where(line, offset + share * w.weights[e].astype(float), offset)
    keep = forward | ~line
    keep |= ~np.asarray(c.e_oneway)[np.where(line, edge, 0)]
    grain = GRAIN if w.profile.by == "distance" else 1

    def whole(x: NDArray[np.float64]) -> NDArray[np.int64]:
        return grain * np.rint(x[keep] / grain).astype(np.int64)

    return JoinTable(
        access.n_places, access.place[both][keep], node[keep], whole(offset),
        whole(access.gap[both]),
        access.km[both][keep], edge[keep], fraction[keep], share[keep], forward[keep],
    )  # fmt: skip


def joins_of(t: JoinTable, place: int) -> list[Join]:
    """Return the joins of one place, one by one."""
    own = t.place == place
    columns = (t.node, t.offset, t.km, t.edge, t.fraction, t.forward)
    return [Join(*row) for row in zip(*(x[own].tolist() for x in columns), strict=True)]


def both_joins(net: Network, a: Place, b: Place, w: Weighted) -> tuple[list[Join], list[Join]]:
    """Return how two places join the network.

    Raises
    ------
    SnapError
        Where one of them is beyond the limits of every asked mode.
    NoRouteError
        Where one of them is closed.
    """
    access = access_of(net, [a, b], w)
    start = joins_of(directed(net, access, w, arriving=False), 0)
    end = joins_of(directed(net, access, w, arriving=True), 1)
    for place, found in ((a, start), (b, end)):
        check_open(place, w)
        if not found:
            raise too_far(net, place, w)
    return start, end


def check_open(place: Place, w: Weighted) -> None:
    """Refuse a place that the question itself closes."""
    if place.id and place.id in w.profile.closed.facilities:
        raise NoRouteError(f"{place.name} is closed in this question, and it is one of its ends")


def too_far(net: Network, place: Place, w: Weighted) -> SnapError:
    """Return the error that says how far a place is from any open line."""
    modes = w.profile.modes
    wide = {m: 1000.0 for m in modes if m in ("rail", "road", "pipeline")}
    found = snap(net.columns, net.segments, place.lon, place.lat, w.weights < INF, wide)
    best = [(s.km, MODES[net.columns.e_mode[s.edge]]) for s in found]
    for mode in modes:
        if mode in ("sea", "ferry"):
            _, _, km = _ports_near(net, np.array([place.lon]), np.array([place.lat]), mode, 20000.0)
            best += [(float(km.min()), "port")] if len(km) else []
    said = ", ".join(f"{what} {away:,.0f} km" for away, what in sorted(best)[:3])
    limit = ", ".join(f"{m} {v:g}" for m, v in limits(net, modes).items())
    country = place.country and f" of {place.country.replace('|', '/')}"
    own = f" (lines{country} alone count)" if country and not best else ""
    return SnapError(
        f"{place.name} ({place.lat:.3f}, {place.lon:.3f}) is too far from any open line by "
        f"{', '.join(modes)}{own}: nearest {said or 'none within 1,000 km'} away; "
        f"limits in km: {limit}"
    )


Terminals = dict[str, list[tuple[int, set[str]]]]


def terminal_table(net: Network) -> Terminals:
    """Return the nodes of every terminal, with the modes whose lines end there."""
    found: Terminals = net.kept("terminals", lambda: _terminal_table(net))
    return found


def _terminal_table(net: Network) -> Terminals:
    c = net.columns
    member: dict[int, set[str]] = {
        int(n): set() for n in np.flatnonzero(np.asarray(c.n_terminal) > 0)
    }
    line = np.asarray(c.e_kind) == KINDS.index("line")
    marked = np.asarray(c.n_terminal) > 0
    for end in (np.asarray(c.e_u), np.asarray(c.e_v)):
        for row in np.flatnonzero(line & marked[end]):
            member[int(end[row])].add(MODES[c.e_mode[row]])
    table: Terminals = {}
    for node, modes in member.items():
        table.setdefault(c.words["facility"][c.n_terminal[node]], []).append((node, modes))
    return table


def _port_nodes(net: Network, mode: str) -> NDArray[np.int64]:
    nodes = [n for rows in terminal_table(net).values() for n, modes in rows if mode in modes]
    return np.array(nodes, dtype=np.int64)


def _served(net: Network, mode: str, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which nodes have a line of the mode that may be used."""
    c = net.columns
    rows: NDArray[np.int64] = net.kept(
        f"edges of {mode}", lambda: np.flatnonzero(np.asarray(c.e_mode) == MODES.index(mode))
    )
    rows = rows[usable[rows]]
    served = np.zeros(c.n_nodes, dtype=bool)
    served[c.e_u[rows]] = served[c.e_v[rows]] = True
    return served


def _ports_near(
    net: Network,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    mode: str,
    limit_km: float,
    usable: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (point, node, km) of the few terminals of a mode nearest to each point."""
    c = net.columns
    ports: NDArray[np.int64] = net.kept(f"ports of {mode}", lambda: _port_nodes(net, mode))
    if not len(ports):
        return ports, ports, np.zeros(0)
    vectors = net.kept(
        f"port vectors of {mode}", lambda: unit_vectors(c.n_lon[ports], c.n_lat[ports])
    )
    # by the sphere first, which is within 0.6 % of the ellipsoid, then truly
    bound = 1.0 - chord(limit_km * 1.01) ** 2 / 2.0
    point, port = np.nonzero(unit_vectors(lon, lat) @ vectors.T >= bound - 1e-12)
    if usable is not None:
        # a port where nothing sails any more is nobody's nearest
        alive = _served(net, mode, usable)[ports[port]]
        point, port = point[alive], port[alive]
    at = ports[port]
    km = np.atleast_1d(distance_km(lon[point], lat[point], c.n_lon[at], c.n_lat[at]))
    order = np.lexsort((port, km, point))
    order = order[km[order] <= limit_km]
    point, at, km = point[order], at[order], km[order]
    first = np.searchsorted(point, point)
    nth = np.arange(len(point)) - first
    # a town loads in its own harbour: a port far beyond the nearest one is no choice of its
    keep = (nth < MAX_PORTS) & (km <= np.maximum(km[first] * 1.5, km[first] + OWN_PORT_KM))
    return point[keep].astype(np.int64), at[keep], km[keep]
