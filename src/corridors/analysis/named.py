"""Named corridors as routes, and the named corridor that a route mostly follows.

A corridor is a list of places in order, each with the mode by which it is reached from the one
before (corridor_stages.csv). Every stage is routed in its own mode alone; where the mode changes
the cargo goes over the terminal's transfer. A place may join the network at several points (a yard
of each gauge, a siding beside the main line): a small dynamic programme over these points keeps the
whole way in one piece and cheapest by the asked criterion.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import NoRouteError, SchemaError, SnapError, UnknownPlaceError
from corridors.geodesy import distance_km
from corridors.network.store import KINDS, MODES
from corridors.routing.answer import assemble, path_steps
from corridors.routing.engine import INF
from corridors.routing.joins import Join, access_of, check_open, directed, joins_of, too_far
from corridors.routing.legs import Step
from corridors.routing.profile import DATA_YEAR, Cargo, Closures, Profile, quantum

if TYPE_CHECKING:
    from corridors.atlas import Atlas
    from corridors.names import Match
    from corridors.routing.network import Network, Weighted
    from corridors.routing.route import Route

SAME_KM = 60.0
"""An origin so near to a corridor's place stands for it."""
LINK_KM = 60.0
"""Longest way between two modes at one place that is no terminal of both."""
REACH = 0.25
"""A branch leads from A to B if its ends are no farther off than this part of the distance."""
MIN_SHARE, MIN_COVER = 0.6, 0.3
"""A route follows a corridor that holds so much of its length, and of which it holds so much."""


@dataclass(frozen=True)
class Stage:
    """A place of a corridor and the modes by which it is reached (none: the first)."""

    place: str
    modes: tuple[str, ...]


# --- stages ----------------------------------------------------------------------------------


def find_corridor(atlas: Atlas, text: str) -> str:
    """Return the id of the corridor that a text names.

    Raises
    ------
    UnknownPlaceError
        No corridor is called so; the message lists the ids.
    """
    ids = atlas.corridors["id"].astype(str).tolist()
    if text in ids:
        return text
    found = [m.id for m in atlas.index.find(text, limit=20) if m.id in set(ids)]
    if found:
        return found[0]
    raise UnknownPlaceError(f"no corridor {text!r}; there are: {', '.join(ids)}")


def branches(atlas: Atlas, ident: str) -> dict[str, list[Stage]]:
    """Return the branches of a corridor in the table's order: name -> stages."""
    rows = atlas.stages[atlas.stages["corridor_id"].astype(str) == ident]
    out: dict[str, list[Stage]] = {}
    for branch, part in rows.groupby(rows["branch"].fillna("").astype(str), sort=False):
        part = part.sort_values("seq", kind="stable")
        out[str(branch)] = [
            Stage(str(p), (str(m),) if isinstance(m, str) and m else ())
            for p, m in zip(part["place"], part["mode"], strict=True)
        ]
    return out


def reversed_stages(stages: Sequence[Stage]) -> list[Stage]:
    """Return the stages of the way back."""
    places = [s.place for s in reversed(stages)]
    modes = [s.modes for s in reversed(stages[1:])]
    return [Stage(p, m) for p, m in zip(places, [(), *modes], strict=True)]


def branch_stages(atlas: Atlas, ident: str, branch: str | None) -> list[Stage]:
    """Return the stages of one branch (the first by default).

    Raises
    ------
    UnknownPlaceError, SchemaError
        No such corridor; no such branch.
    """
    found = branches(atlas, find_corridor(atlas, ident))
    if branch is None:
        branch = next(iter(found))
    if branch not in found:
        raise SchemaError(f"corridor {ident} has no branch {branch!r}; its branches are: "
                          f"{', '.join(found)}")  # fmt: skip
    return found[branch]


# --- a chain of stages as one route ----------------------------------------------------------


def corridor_route(
    net: Network, atlas: Atlas, ident: str, branch: str | None = None, **terms: Any
) -> Route:
    """Return a named corridor as one route, from its first place to its last.

    Parameters
    ----------
    net : Network
    atlas : Atlas
    ident : str
        Id, name or alias of the corridor.
    branch : str, optional
        One of its branches; by default the first one that is open in the year.
    **terms
        ``by`` (time, cost, distance, co2e, or weights), ``year``, ``cargo``, ``seed``,
        ``reverse`` (the way back), ``start`` and ``end`` (places of the corridor).

    Returns
    -------
    Route
        ``route.corridor`` is the corridor's name; legs are cut at its places.

    Raises
    ------
    UnknownPlaceError, SchemaError, NoRouteError
        NoRouteError names the stage that is not open.
    """
    known = find_corridor(atlas, ident)
    start, end = terms.pop("start", None), terms.pop("end", None)
    back = bool(terms.pop("reverse", False))
    named = branches(atlas, known)
    if branch is not None:
        named = {branch: branch_stages(atlas, known, branch)}
    errors = []
    for name, stages in named.items():
        try:
            part = section(net, stages, start, end)
            route = chain(net, reversed_stages(part) if back else part, **terms)
        except (NoRouteError, SnapError) as error:
            errors.append(f"{known} {name}: {error}")
            continue
        notes = (*route.notes, f"branch {name}", *(f"not open: {e}" for e in errors))
        return replace(route, corridor=corridor_label(atlas, known), notes=notes)
    raise NoRouteError("; ".join(errors))


def corridor_label(atlas: Atlas, ident: str) -> str:
    """Return the name of a corridor."""
    row = atlas.corridors[atlas.corridors["id"].astype(str) == ident]
    return str(row["name"].iloc[0]) if len(row) else ident


def section(
    net: Network, stages: Sequence[Stage], start: Any = None, end: Any = None
) -> list[Stage]:
    """Return the stages between two of a corridor's places, in the direction asked.

    Raises
    ------
    UnknownPlaceError
        A place that is not on the corridor.
    """
    lo = 0 if start is None else position(net, stages, start)
    hi = len(stages) - 1 if end is None else position(net, stages, end)
    if lo == hi:
        raise SchemaError(f"{stages[lo].place} is both ends; a section needs two places")
    if lo < hi:
        return [Stage(stages[lo].place, ()), *stages[lo + 1 : hi + 1]]
    part = reversed_stages(stages)
    return section(net, part, start, end)


def position(net: Network, stages: Sequence[Stage], query: Any) -> int:
    """Return where a place stands among the stages: by id, else the one within 60 km.

    Raises
    ------
    UnknownPlaceError
        The corridor does not pass there.
    """
    ids = [s.place for s in stages]
    if isinstance(query, str) and query in ids:
        return ids.index(query)
    place = net.place(query)
    if place.id in ids:
        return ids.index(place.id)
    km = stage_distances(net, stages, place)
    at = int(np.argmin(km))
    if km[at] <= SAME_KM:
        return at
    raise UnknownPlaceError(
        f"{place.name} is not on this corridor; its nearest place, {ids[at]}, is "
        f"{km[at]:,.0f} km away; its places are: {', '.join(ids)}"
    )


def place_of(net: Network, query: Any) -> Match:
    """Return a corridor's place: any place of the network, or a strait by its id.

    Raises
    ------
    UnknownPlaceError
    """
    facility = net.facilities.get(query) if isinstance(query, str) else None
    if facility is None or facility.kind != "strait":
        return net.place(query, "any" if isinstance(query, str) else "end")
    from corridors.names import Match

    lon, lat = (
        sum(facility.number(f"{axis}{i}") or 0.0 for i in (1, 2)) / 2 for axis in ("lon", "lat")
    )
    return Match(facility.id, facility.name, "strait", "", lon, lat, how="id")


def stage_distances(net: Network, stages: Sequence[Stage], place: Match) -> np.ndarray[Any, Any]:
    """Return the geodesic km from a place to each stage."""
    at = [place_of(net, s.place) for s in stages]
    km = distance_km(place.lon, place.lat, [p.lon for p in at], [p.lat for p in at])
    return np.asarray(np.atleast_1d(km))


def chain(
    net: Network,
    stages: Sequence[Stage | tuple[Any, Iterable[str]]],
    *,
    by: str | dict[str, float] = "time",
    year: int = DATA_YEAR,
    cargo: Cargo | str | None = None,
    seed: int = 0,
    avoid: Iterable[Any] = (),
) -> Route:
    """Return the route through places in order, each reached in its own modes.

    Parameters
    ----------
    stages : sequence of Stage
        Or pairs of a place (as for :meth:`corridors.Network.route`) and modes.
    by, year, cargo, seed, avoid
        As for :meth:`corridors.Network.route`.

    Raises
    ------
    NoRouteError, SnapError
        Naming the stage.
    """
    from corridors.routing.network import as_cargo

    points = [s.place if isinstance(s, Stage) else s[0] for s in stages]
    modes = [tuple(s.modes if isinstance(s, Stage) else s[1]) for s in stages]
    if len(points) < 2:
        raise SchemaError("a corridor needs two places")
    places = [place_of(net, p) for p in points]
    union = tuple(m for m in MODES if any(m in row for row in modes[1:]))
    terms: dict[str, Any] = {
        "year": year, "cargo": as_cargo(cargo), "closed": net.closure_of(tuple(avoid)),
    }  # fmt: skip
    weighted = {m: net.weighted(Profile.of(by, modes=m, **terms)) for m in set(modes[1:])}
    links = _Chain(net, places, [weighted[m] for m in modes[1:]], by, union, terms)
    steps, breaks, ends = links.best()
    whole = next(iter(weighted.values()))
    whole = replace(whole, profile=replace(whole.profile, modes=union))
    queries = [str(p) for p in points]
    return assemble(net, whole, places, queries, steps, ends, breaks, seed, tuple(links.notes))


class _Chain:
    """The dynamic programme over the points where each place joins each mode."""

    def __init__(
        self,
        net: Network,
        places: Sequence[Match],
        weighted: Sequence[Weighted],
        by: str | dict[str, float],
        union: tuple[str, ...],
        terms: dict[str, Any],
    ) -> None:
        self.net, self.places, self.weighted = net, places, weighted
        self.by, self.union, self.terms = by, union, terms
        self.notes: list[str] = []
        c = net.columns
        rows = np.flatnonzero(c.e_kind == KINDS.index("transfer"))
        self._transfers: dict[tuple[int, int], list[int]] = {}
        for row in rows.tolist():
            self._transfers.setdefault((int(c.e_u[row]), int(c.e_v[row])), []).append(row)

    def best(self) -> tuple[list[Step], list[int], list[Join]]:
        """Return steps, the index at which each stage begins, and the joins of all stages."""
        leave = [self._joins(i, w, arriving=False) for i, w in enumerate(self.weighted)]
        reach = [self._joins(i + 1, w, arriving=True) for i, w in enumerate(self.weighted)]
        cost = np.array([0.0] * len(leave[0]))
        back: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]] = []
        for i, w in enumerate(self.weighted):
            table = self._table(w, leave[i], reach[i])
            total = cost[:, None] + table
            if not np.isfinite(total).any():
                raise self._cut(i, w, leave[i], reach[i])
            from_leave = np.argmin(total, axis=0)
            cost = total[from_leave, np.arange(total.shape[1])]
            change = None
            if i + 1 < len(self.weighted):
                move = self._changes(i + 1, reach[i], leave[i + 1])
                onward = cost[:, None] + move
                if not np.isfinite(onward).any():
                    raise NoRouteError(
                        f"at {self.places[i + 1].name} the ways by "
                        f"{'/'.join(w.profile.modes)} and "
                        f"{'/'.join(self.weighted[i + 1].profile.modes)} do not meet"
                    )
                change = np.argmin(onward, axis=0)
                cost = onward[change, np.arange(onward.shape[1])]
            back.append((from_leave, change))
        return self._trace(leave, reach, back, int(np.argmin(cost)))

    def _joins(self, i: int, w: Weighted, *, arriving: bool) -> list[Join]:
        place = self.places[i]
        if place.kind == "strait":
            return self._gates(place)
        check_open(place, w)
        t = directed(self.net, access_of(self.net, [place], w), w, arriving=arriving)
        found = joins_of(t, 0)
        if not found:
            raise too_far(self.net, place, w)
        return found

    def _gates(self, strait: Match) -> list[Join]:
        """Return the nodes on both sides of a strait's gate."""
        c = self.net.columns
        words = c.words["facility"]
        if strait.id not in words:
            raise SnapError(f"no lane passes {strait.name}")
        rows = np.flatnonzero(c.e_facility == words.index(strait.id))
        nodes = np.unique(np.concatenate([c.e_u[rows], c.e_v[rows]]))
        return [Join(int(n), 0, 0.0) for n in nodes]

    def _table(self, w: Weighted, start: list[Join], end: list[Join]) -> np.ndarray[Any, Any]:
        """Return the weight in quanta between all joins of a stage."""
        s = np.array([j.node for j in start])
        t = np.array([j.node for j in end])
        middle = w.metric.matrix(s, t).astype(float)
        middle[middle >= INF] = np.inf
        table = middle + np.array([j.offset for j in start])[:, None]
        table = table + np.array([j.offset for j in end])[None, :]
        for a, first in enumerate(start):
            for b, last in enumerate(end):
                if first.edge >= 0 and first.edge == last.edge:
                    path = path_steps(self.net, w, [first], [last])
                    if path is not None:
                        table[a, b] = path[3]
        return np.asarray(table)

    def _changes(self, i: int, arrive: list[Join], leave: list[Join]) -> np.ndarray[Any, Any]:
        """Return the weight between the points of arrival and of departure at one place."""
        out = np.full((len(arrive), len(leave)), np.inf)
        w = self.weighted[i]
        for a, b in itertools.product(range(len(arrive)), range(len(leave))):
            first, last = arrive[a], leave[b]
            if first.edge < 0 and last.edge < 0 and first.node == last.node:
                out[a, b] = 0.0
            elif first.edge >= 0 and first.edge == last.edge:
                out[a, b] = 0.0  # the same point of the same line, whichever way it is left
            else:
                rows = self._transfers.get((first.node, last.node), [])
                if rows and first.edge < 0 and last.edge < 0:
                    out[a, b] = min(self._worth(w, row) for row in rows)
        if not np.isfinite(out).any():
            self._by_road(i, arrive, leave, out)
        return out

    def _worth(self, w: Weighted, row: int) -> float:
        """Return the weight of a transfer: closed terminals pass nothing."""
        words = self.net.columns.words["facility"]
        if words[self.net.columns.e_facility[row]] in w.profile.closed.facilities:
            return float("inf")
        p = w.prices
        value = {"time": p.hours, "cost": p.usd, "co2e": p.co2e_kg}
        parts = w.profile.weights or ((w.profile.by, 1.0),)
        worth = sum(k * float(value[n][row]) if n in value else 0.0 for n, k in parts)
        return worth / quantum(w.profile)

    def _by_road(self, i: int, arrive: list[Join], leave: list[Join], out: Any) -> None:
        """Join two modes at a place that is no terminal of both, over a short way by road."""
        modes = tuple(m for m in MODES if m in (*self.union, "road") and m != "pipeline")
        w = self.net.weighted(Profile.of(self.by, modes=modes, **self.terms))
        km = self.net.columns.e_length_km
        for a, b in itertools.product(range(len(arrive)), range(len(leave))):
            path = path_steps(self.net, w, [self._out(arrive[a], w)], [self._in(leave[b], w)])
            if path is None:
                continue
            if sum(float(km[s.edge]) * s.share for s in path[0]) <= LINK_KM:
                out[a, b] = path[3]
        self._linker = w

    @staticmethod
    def _out(join: Join, w: Weighted) -> Join:
        """Return a point of arrival as one of departure, at its node."""
        return Join(join.node, 0, join.snap_km)

    _in = _out

    def _cut(self, i: int, w: Weighted, start: list[Join], end: list[Join]) -> NoRouteError:
        from corridors.routing.cuts import explain

        return NoRouteError(explain(self.net, w, self.places[i], self.places[i + 1], start, end))

    def _trace(
        self, leave: list[list[Join]], reach: list[list[Join]], back: Any, last: int
    ) -> tuple[list[Step], list[int], list[Join]]:
        picks: list[tuple[int, int]] = []
        b = last
        for i in range(len(self.weighted) - 1, -1, -1):
            if i + 1 < len(self.weighted):
                b = int(back[i][1][b])
            a = int(back[i][0][b])
            picks.append((a, b))
            b = a
        picks.reverse()
        steps: list[Step] = []
        breaks: list[int] = []
        ends: list[Join] = []
        for i, (a, b) in enumerate(picks):
            breaks.append(len(steps))
            first, final = leave[i][a], reach[i][b]
            if i:
                steps += self._link(i, reach[i - 1][picks[i - 1][1]], first)
            path = path_steps(self.net, self.weighted[i], [first], [final])
            assert path is not None
            steps += path[0]
            ends += [first, final]
        return steps, breaks, ends

    def _link(self, i: int, arrive: Join, leave: Join) -> list[Step]:
        """Return the steps of the change at place i (none where it is one point)."""
        if arrive.edge < 0 and leave.edge < 0:
            if arrive.node == leave.node:
                return []
            rows = self._transfers.get((arrive.node, leave.node), [])
            if rows:
                w = self.weighted[i]
                return [Step(min(rows, key=lambda row: self._worth(w, row)), 1.0, True)]
        if arrive.edge >= 0 and arrive.edge == leave.edge:
            return []
        path = path_steps(self.net, self._linker, [self._out(arrive, self._linker)],
                          [self._in(leave, self._linker)])  # fmt: skip
        assert path is not None
        self.notes.append(f"{self.places[i].name}: modes change over a short way by road")
        return path[0]


# --- from one place to another over a corridor -------------------------------------------------


def between(
    net: Network,
    atlas: Atlas,
    ident: str,
    origin: Any,
    destination: Any,
    branch: str | None = None,
    *,
    reach: float = REACH,
    **terms: Any,
) -> Route:
    """Return the way from one place to another over a named corridor.

    The corridor is entered at its place nearest to the origin and left at the one nearest to the
    destination (geodesic). Where that is within 60 km the end stands for it; else the way there is
    found by rail, or by any mode where rail does not reach.

    Parameters
    ----------
    ident : str
        Corridor by id or name.
    branch : str, optional
        By default the branch that is best by the criterion.
    reach : float
        How far a branch's places may be from the ends, as a part of the distance between these.
    **terms
        ``by``, ``year``, ``cargo``, ``seed``, ``avoid``.

    Raises
    ------
    NoRouteError
        The corridor does not lead that way, or is not open.
    """
    known = find_corridor(atlas, ident)
    named = branches(atlas, known)
    if branch is not None:
        named = {branch: branch_stages(atlas, known, branch)}
    found: list[tuple[str, Route]] = []
    errors: list[str] = []
    for name, stages in named.items():
        try:
            found.append((name, _over(net, stages, origin, destination, reach, terms)))
        except (NoRouteError, SnapError) as error:
            errors.append(f"{name}: {error}")
    if not found:
        raise NoRouteError(f"{known}: " + "; ".join(errors))
    by = terms.get("by", "time")
    name, route = min(found, key=lambda x: criterion_of(x[1], by))
    return replace(
        route, corridor=corridor_label(atlas, known), notes=(*route.notes, f"branch {name}")
    )


def criterion_of(route: Route, by: str | dict[str, float]) -> float:
    """Return a route's value by a criterion."""
    value = {"time": route.hours.expected, "cost": route.cost_usd.expected,
             "distance": route.length_km, "co2e": route.co2e_kg.expected}  # fmt: skip
    if isinstance(by, dict):
        return sum(weight * value[name] for name, weight in by.items())
    return value[by]


def _over(
    net: Network,
    stages: list[Stage],
    origin: Any,
    destination: Any,
    reach: float,
    terms: dict[str, Any],
) -> Route:
    a, b = net.place(origin), net.place(destination)
    from_km, to_km = stage_distances(net, stages, a), stage_distances(net, stages, b)
    lo, hi = int(np.argmin(from_km)), int(np.argmin(to_km))
    if lo == hi:
        raise NoRouteError(
            f"{stages[lo].place} is the nearest place to both {a.name} and {b.name}: the corridor "
            "does not lead from one to the other"
        )
    far = reach * float(distance_km(a.lon, a.lat, b.lon, b.lat))
    for place, km, at in ((a, from_km, lo), (b, to_km, hi)):
        if km[at] > max(far, SAME_KM):
            raise NoRouteError(
                f"its nearest place to {place.name}, {stages[at].place}, is {km[at]:,.0f} km away"
            )
    if lo > hi:
        stages = reversed_stages(stages)
        lo, hi = len(stages) - 1 - lo, len(stages) - 1 - hi
        from_km, to_km = from_km[::-1], to_km[::-1]
    part = [Stage(stages[lo].place, ()), *stages[lo + 1 : hi + 1]]
    head: list[Any] = [(origin, ())]
    tail: list[Any] = [(destination, ())]
    if from_km[lo] <= SAME_KM:
        part = part[1:]
    else:
        part[0] = Stage(part[0].place, ("rail",))
    if to_km[hi] <= SAME_KM:
        tail = [(destination, part[-1].modes)]
        part = part[:-1]
    else:
        tail = [(destination, ("rail",))]
    whole = [*head, *part, *tail]
    notes: tuple[str, ...] = ()
    try:
        route = chain(net, whole, **terms)
    except (NoRouteError, SnapError):
        if from_km[lo] <= SAME_KM and to_km[hi] <= SAME_KM:
            raise
        wide = tuple(m for m in MODES if m != "pipeline")
        if from_km[lo] > SAME_KM:
            whole[1] = Stage(whole[1].place, wide)
        if to_km[hi] > SAME_KM:
            whole[-1] = (destination, wide)
        route = chain(net, whole, **terms)
        notes = ("to and from the corridor by any mode: rail does not reach",)
    return replace(route, notes=(*route.notes, *notes))


# --- the corridor that a route follows -----------------------------------------------------------

Pieces = dict[bytes, float]


def pieces_of(route: Route) -> Pieces:
    """Return the straight pieces of a route's lines (undirected) with their km."""
    out: Pieces = {}
    for leg, line in zip(route.legs, route.lines, strict=True):
        if leg["kind"] != "line" or len(line) < 2:
            continue
        grid = np.round(line * 1e5).astype(np.int32)
        pairs = np.hstack([grid[:-1], grid[1:]])
        swap = (pairs[:, 0] > pairs[:, 2]) | (
            (pairs[:, 0] == pairs[:, 2]) & (pairs[:, 1] > pairs[:, 3])
        )
        pairs[swap] = pairs[swap][:, [2, 3, 0, 1]]
        km = np.atleast_1d(distance_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]))
        for row, length in zip(np.ascontiguousarray(pairs), km.tolist(), strict=True):
            out[row.tobytes()] = length
    return out


def _corridor_pieces(net: Network, atlas: Atlas, year: int) -> list[Any]:
    """Return every open branch's pieces: routed once for a network, whatever is closed in it."""

    def make() -> list[Any]:
        whole = replace(net, closures=Closures())
        out = []
        for ident in atlas.corridors["id"].astype(str):
            for branch in branches(atlas, ident):
                try:
                    route = corridor_route(whole, atlas, ident, branch, year=year)
                except (NoRouteError, SnapError, UnknownPlaceError, SchemaError):
                    continue
                pieces = pieces_of(route)
                out.append((ident, branch, frozenset(pieces), sum(pieces.values())))
        return out

    found: list[Any] = net.kept(f"corridor pieces {year} {atlas.data}", make)
    return found


def corridor_shares(net: Network, atlas: Atlas, route: Route) -> list[dict[str, Any]]:
    """Return, for every branch, how much of a route runs on its lines and how much of it that is.

    Columns ``corridor, branch, share`` (of the route's length), ``cover`` (of the branch's),
    best first.
    """
    mine = pieces_of(route)
    total = sum(mine.values())
    out = []
    for ident, branch, pieces, length in _corridor_pieces(net, atlas, route.year):
        same = sum(km for piece, km in mine.items() if piece in pieces)
        if same > 0 and total > 0:
            out.append({"corridor": ident, "branch": branch, "share": same / total,
                        "cover": same / length})  # fmt: skip
    # of two that hold as much of the route (to a twentieth), the one of which it holds more
    return sorted(out, key=lambda x: (-round(x["share"] * 20), -x["cover"]))


def corridor_name(net: Network, atlas: Atlas, route: Route) -> str:
    """Return the name of the corridor that a route mostly follows, '' where there is none.

    A route follows a corridor if three fifths of its length run on the corridor's lines and these
    are at least three tenths of the corridor's branch. The first call for a network routes all
    corridors once (some seconds).
    """
    for found in corridor_shares(net, atlas, route):
        if found["share"] >= MIN_SHARE and found["cover"] >= MIN_COVER:
            return corridor_label(atlas, found["corridor"])
    return ""


def with_corridors(net: Network, atlas: Atlas, routes: Iterable[Route]) -> list[Route]:
    """Return routes with ``corridor`` filled where they follow one."""
    return [r if r.corridor else replace(r, corridor=corridor_name(net, atlas, r)) for r in routes]
