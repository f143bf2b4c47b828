"""One question answered: ends snapped, the path found, its legs priced with their ranges."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import NoRouteError, SchemaError, SnapError
from corridors.geodesy import distance_km
from corridors.network.store import KINDS, MODES
from corridors.routing.engine import INF
from corridors.routing.legs import (
    Leg,
    Step,
    amounts,
    confidence,
    facility_name,
    legs_of,
    line_of,
)
from corridors.routing.pricing import LEVELS, ferry_hours, transfer_key
from corridors.routing.profile import FREIGHT, QUANTUM, Cargo, Profile
from corridors.routing.route import End, Range, Route
from corridors.routing.snap import LIMIT_KM, snap

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted

DRAWS = 1000
DRAYAGE_FACTOR = 1.3
"""Road km per straight km between a place and the line that it is joined to."""
DRAYAGE_FROM_KM = 1.0
MAX_ENDS = 12


@dataclass(frozen=True, eq=False)
class Join:
    """One way of joining a place to the network: a node, and what lies before it.

    ``edge``/``fraction`` are set where the place lies inside an edge; ``offset`` is the weight
    of the part of that edge up to the node.
    """

    node: int
    offset: int
    snap_km: float
    edge: int = -1
    fraction: float = 0.0
    forward: bool = True


def limits(net: Network, modes: tuple[str, ...]) -> dict[str, float]:
    """Return the snapping limit in km of each mode."""
    return {m: km for m, km in {**LIMIT_KM, **dict(net.snap_limits_km)}.items() if m in modes}


def drayage_weight(net: Network, profile: Profile, km: float, country: str) -> float:
    """Return the weight in quanta of the way between a place and its line, by road."""
    if km < DRAYAGE_FROM_KM and profile.by != "distance":
        return 0.0
    value = drayage(net, profile.cargo, km, country)
    value["distance"] = km
    weights = profile.weights or ((profile.by, 1.0),)
    return sum(w * value[name] for name, w in weights) / QUANTUM[profile.by]


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


def joins(net: Network, place: Place, w: Weighted, *, arriving: bool) -> tuple[list[Join], float]:
    """Return how a place joins the network, and the km to the nearest usable line.

    A terminal joins at its own nodes; any other place at the nearest line of each mode, and for
    sea and ferry at the terminals in reach.
    """
    c, profile = net.columns, w.profile
    usable = w.weights < INF
    reach = limits(net, profile.modes)
    found: list[Join] = []
    own = _terminal_nodes(net, place.id)
    served: set[str] = set()
    for node, modes in own:
        if modes & set(profile.modes):
            served |= modes
            found.append(Join(node, 0, 0.0))
    wanted = {m: km for m, km in reach.items() if m not in served}
    nearest = 0.0 if found else float("inf")
    for mode in ("sea", "ferry"):
        if mode in wanted:
            km_limit = wanted.pop(mode)
            for node, km in _ports_near(net, place, mode, km_limit):
                nearest = min(nearest, km)
                offset = round(drayage_weight(net, profile, km, place.country))
                found.append(Join(node, offset, km))
    # a named place joins lines of its own country; a crossing or a point those of any
    country = "" if place.kind in ("border_crossing", "point") else place.country
    for s in snap(c, net.segments, place.lon, place.lat, usable, wanted, country=country,
                  groups=net.groups)[:MAX_ENDS]:  # fmt: skip
        nearest = min(nearest, s.km)
        gap = drayage_weight(net, profile, s.km, place.country)
        weight = float(w.weights[s.edge])
        oneway = bool(c.e_oneway[s.edge])
        for forward in (True, False):
            # leaving forward means on to v; arriving forward means in from u
            if oneway and not forward:
                continue
            share = (1.0 - s.fraction) if forward != arriving else s.fraction
            node = int(c.e_v[s.edge] if forward != arriving else c.e_u[s.edge])
            found.append(Join(node, round(gap + share * weight), s.km, s.edge, s.fraction, forward))
    return found, nearest


@lru_cache(maxsize=8)
def _terminal_table(key: int, net: Network) -> dict[str, list[tuple[int, set[str]]]]:
    c = net.columns
    nodes = np.flatnonzero(np.asarray(c.n_terminal) > 0)
    member: dict[int, set[str]] = {int(n): set() for n in nodes}
    line = np.asarray(c.e_kind) == KINDS.index("line")
    for end in (np.asarray(c.e_u), np.asarray(c.e_v)):
        for row in np.flatnonzero(line & np.isin(end, nodes)):
            member[int(end[row])].add(MODES[c.e_mode[row]])
    table: dict[str, list[tuple[int, set[str]]]] = {}
    for node in nodes:
        name = c.words["facility"][c.n_terminal[node]]
        table.setdefault(name, []).append((int(node), member[int(node)]))
    return table


def terminal_table(net: Network) -> dict[str, list[tuple[int, set[str]]]]:
    """Return the nodes of every terminal, with the modes whose lines end there."""
    return _terminal_table(id(net.columns), net)


def _terminal_nodes(net: Network, ident: str) -> list[tuple[int, set[str]]]:
    return terminal_table(net).get(ident, [])


def _ports_near(net: Network, place: Place, mode: str, limit_km: float) -> list[tuple[int, float]]:
    nodes = [n for rows in terminal_table(net).values() for n, modes in rows if mode in modes]
    if not nodes:
        return []
    at = np.array(nodes)
    km = np.atleast_1d(
        distance_km(place.lon, place.lat, net.columns.n_lon[at], net.columns.n_lat[at])
    )
    order = np.argsort(km, kind="stable")[:4]
    return [(int(at[i]), float(km[i])) for i in order if km[i] <= limit_km]


def path_steps(
    net: Network, w: Weighted, start: list[Join], end: list[Join]
) -> tuple[list[Step], Join, Join, int] | None:
    """Return the steps of the best path between any two joins, or None."""
    c = net.columns
    best: tuple[int, Join, Join, bool] | None = None
    s_nodes = np.array(sorted({j.node for j in start}))
    t_nodes = np.array(sorted({j.node for j in end}))
    table = w.metric.matrix(s_nodes, t_nodes).astype(np.int64)
    row = {n: i for i, n in enumerate(s_nodes.tolist())}
    col = {n: i for i, n in enumerate(t_nodes.tolist())}
    for a in start:
        for b in end:
            middle = int(table[row[a.node], col[b.node]])
            if middle >= INF:
                continue
            total = a.offset + middle + b.offset
            if best is None or total < best[0]:
                best = (total, a, b, False)
    # both ends inside one edge: straight along it
    for a in start:
        for b in end:
            if a.edge < 0 or a.edge != b.edge or a.forward != b.forward:
                continue
            along = b.fraction - a.fraction if a.forward else a.fraction - b.fraction
            if along < 0:
                continue
            weight = float(w.weights[a.edge])
            gaps = (a.offset - round((1 - a.fraction if a.forward else a.fraction) * weight)) + (
                b.offset - round((b.fraction if b.forward else 1 - b.fraction) * weight)
            )
            total = gaps + round(along * weight)
            if best is None or total < best[0]:
                best = (total, a, b, True)
    if best is None:
        return None
    total, a, b, direct = best
    if direct:
        lo, hi = sorted((a.fraction, b.fraction))
        return [Step(a.edge, hi - lo, a.forward, lo, hi)], a, b, total
    steps: list[Step] = []
    if a.edge >= 0:
        lo, hi = (a.fraction, 1.0) if a.forward else (0.0, a.fraction)
        if hi - lo > 1e-9:
            steps.append(Step(a.edge, hi - lo, a.forward, lo, hi))
    _, arcs = w.metric.query(a.node, b.node)
    edges = c.a_edge[arcs]
    forward = arcs < len(c.e_u)
    steps += [Step(int(e), 1.0, bool(f)) for e, f in zip(edges, forward, strict=True)]
    if b.edge >= 0:
        lo, hi = (0.0, b.fraction) if b.forward else (b.fraction, 1.0)
        if hi - lo > 1e-9:
            steps.append(Step(b.edge, hi - lo, b.forward, lo, hi))
    return steps, a, b, total


def answer(
    net: Network,
    origin: Any,
    destination: Any,
    *,
    by: str | dict[str, float],
    modes: Any,
    via: tuple[Any, ...],
    avoid: tuple[Any, ...],
    year: int,
    cargo: Cargo,
    seed: int,
) -> Route:
    """Return the best route; see :meth:`corridors.Network.route`."""
    from corridors.routing.network import as_modes

    asked = as_modes(modes)
    if asked == ("pipeline",):
        by = "distance"
    terms = Profile.of(by, modes=asked or FREIGHT, year=year, cargo=cargo,
                       closed=net.closure_of(avoid))  # fmt: skip
    stops = [net.place(q) for q in (origin, *via, destination)]
    queries = [str(q) for q in (origin, *via, destination)]
    for a, b in itertools.pairwise(stops):
        if (a.lat, a.lon) == (b.lat, b.lon):
            raise SchemaError(f"{a.name} and {b.name} are the same place; a route needs two")
    try:
        return _answer(net, stops, queries, terms, seed, ())
    except (NoRouteError, SnapError) as error:
        if asked is not None or "road" in terms.closed.modes:
            raise
        wider = replace(terms, modes=tuple(m for m in MODES if m != "pipeline"))
        note = f"road added: by {', '.join(FREIGHT)} alone, {error}"
        try:
            return _answer(net, stops, queries, wider, seed, (note,))
        except (NoRouteError, SnapError) as second:
            raise second from None


def _answer(
    net: Network,
    stops: list[Place],
    queries: list[str],
    profile: Profile,
    seed: int,
    notes: tuple[str, ...],
) -> Route:
    w = net.weighted(profile)
    steps: list[Step] = []
    breaks: list[int] = []
    ends: list[Join] = []
    for a, b in itertools.pairwise(stops):
        start, end = both_joins(net, a, b, w)
        path = path_steps(net, w, start, end)
        if path is None:
            from corridors.routing.cuts import explain

            raise NoRouteError(explain(net, w, a, b, start, end))
        part, first, last, _ = path
        breaks.append(len(steps))
        steps += part
        ends += [first, last]
    return assemble(net, w, stops, queries, steps, ends, breaks, seed, notes)


def both_joins(net: Network, a: Place, b: Place, w: Weighted) -> tuple[list[Join], list[Join]]:
    """Return how two places join the network.

    Raises
    ------
    SnapError
        Where one of them is beyond the limits of every asked mode.
    """
    start, a_km = joins(net, a, w, arriving=False)
    end, b_km = joins(net, b, w, arriving=True)
    for place, found, km in ((a, start, a_km), (b, end, b_km)):
        if not found:
            raise _too_far(net, place, w, km)
    return start, end


def _too_far(net: Network, place: Place, w: Weighted, km: float) -> SnapError:
    modes = w.profile.modes
    wide = {m: 1000.0 for m in modes if m in ("rail", "road", "pipeline")}
    found = snap(net.columns, net.segments, place.lon, place.lat, w.weights < INF, wide,
                 country="") if wide else []  # fmt: skip
    ports = [p for m in modes if m in ("sea", "ferry") for p in _ports_near(net, place, m, 20000)]
    best = [(s.km, MODES[net.columns.e_mode[s.edge]]) for s in found]
    best += [(p[1], "port") for p in ports[:1]]
    said = ", ".join(f"{what} {away:,.0f} km" for away, what in sorted(best)[:3])
    limit = ", ".join(f"{m} {v:g}" for m, v in limits(net, modes).items())
    return SnapError(
        f"{place.name} ({place.lat:.3f}, {place.lon:.3f}) is too far from any open line by "
        f"{', '.join(modes)}: nearest {said or 'none within 1,000 km'} away; limits in km: {limit}"
    )


def assemble(
    net: Network,
    w: Weighted,
    stops: list[Place],
    queries: list[str],
    steps: list[Step],
    ends: list[Join],
    breaks: list[int],
    seed: int,
    notes: tuple[str, ...] = (),
) -> Route:
    """Return the Route of some steps: legs, totals, ranges, lines."""
    c, profile = net.columns, w.profile
    legs: list[Leg] = []
    bounds = [*breaks, len(steps)]
    via_after: dict[int, int] = {}
    for i, (lo, hi) in enumerate(itertools.pairwise(bounds)):
        legs += legs_of(c, steps[lo:hi])
        via_after[len(legs)] = i + 1
    rows: list[dict[str, Any]] = []
    lines: list[NDArray[np.float64]] = []
    parts: list[dict[str, dict[int, float]]] = []
    for leg in legs:
        parts.append(amounts(w.prices, leg.steps))
        rows.append(_row(net, w, leg, parts[-1]))
        lines.append(line_of(c, leg.steps))
    pipeline = profile.modes == ("pipeline",)
    _name_ends(net, rows, legs, stops, via_after, lines)
    # drayage at both ends, where the line is not at the door
    for index, place, join in ((0, stops[0], ends[0]), (len(rows), stops[-1], ends[-1])):
        if join.snap_km >= DRAYAGE_FROM_KM and not pipeline:
            row, part, line = _drayage_row(net, w, place, join, last=index > 0, lines=lines)
            at = 0 if index == 0 else len(rows)
            rows.insert(at, row)
            parts.insert(at, part)
            lines.insert(at, line)
    draws = simulate(w, parts, seed)
    hours, usd, co2e = (_range(rows, name, draws[q]) for name, q in
                        (("hours", "hours"), ("cost_usd", "usd"), ("co2e_kg", "co2e")))  # fmt: skip
    for row, part in zip(rows, parts, strict=True):
        low, high = np.percentile(_draw(w, part["hours"], seed), [10, 90])
        row["hours_p10"], row["hours_p90"] = round(float(low), 2), round(float(high), 2)
        if pipeline:
            row["cost_usd"] = row["co2e_kg"] = None
    if pipeline:
        usd = co2e = Range(0.0, 0.0, 0.0)
        notes = (*notes, "a pipeline carries no containers: distance and transit time only")
    return Route(
        origin=_end(stops[0], queries[0], ends[0]),
        destination=_end(stops[-1], queries[-1], ends[-1]),
        by=profile.by, modes=profile.modes, year=profile.year,
        cargo={"unit": profile.cargo.unit, "amount": profile.cargo.amount,
               "payload_t_per_teu": net.parameters.get("payload_t_per_teu").value},
        length_km=_sum(rows, "length_km", 3), hours=hours, cost_usd=usd, co2e_kg=co2e,
        countries=_countries(rows), borders=_borders(rows), legs=rows,
        data={"version": net.version[:16], "parameters": net.parameters.digest()[:16]},
        notes=notes, lines=tuple(lines), draws=draws,
    )  # fmt: skip


def _end(place: Place, query: str, join: Join) -> End:
    return End(query, place.id, place.name, place.kind, place.country, place.lat, place.lon,
               join.snap_km)  # fmt: skip


def _sum(rows: list[dict[str, Any]], name: str, digits: int) -> float:
    return round(sum(r[name] or 0.0 for r in rows), digits)


def _row(net: Network, w: Weighted, leg: Leg, part: dict[str, dict[int, float]]) -> dict[str, Any]:
    c = net.columns
    edges = np.array([s.edge for s in leg.steps])
    share = np.array([s.share for s in leg.steps])
    km = float((c.e_length_km[edges] * share).sum()) if leg.kind == "line" else 0.0
    row: dict[str, Any] = {
        "kind": leg.kind, "mode": leg.mode, "gauge_mm": leg.gauge_mm, "from": "", "to": "",
        "country": leg.country, "length_km": round(km, 3),
        "hours": round(sum(part["hours"].values()), 3),
        "cost_usd": round(sum(part["usd"].values()), 2),
        "co2e_kg": round(sum(part["co2e"].values()), 2),
        "confidence": confidence(c, w.prices, leg, part), "facility": leg.facility,
    }  # fmt: skip
    if leg.kind == "border":
        row["to_country"] = leg.to_country
    if leg.kind == "transfer":
        key = transfer_key(c, leg.steps[0].edge)
        row["to_mode"], row["to_gauge_mm"] = leg.to_mode, leg.to_gauge_mm
        row["transfer"] = (
            f"break of gauge {leg.gauge_mm}→{leg.to_gauge_mm} mm"
            if key == "gauge"
            else f"transfer {leg.mode}→{leg.to_mode}"
        )
    if leg.kind == "line" and leg.mode == "ferry":
        split = ferry_hours(net.facilities.get(leg.facility), km, net.parameters)
        row |= {name: round(value, 2) for name, value in split.items()}
        row["ferry"] = facility_name(leg.facility, net.facilities)
    return row


def _name_ends(
    net: Network,
    rows: list[dict[str, Any]],
    legs: list[Leg],
    stops: list[Place],
    via_after: dict[int, int],
    lines: list[NDArray[np.float64]],
) -> None:
    """Give every leg its ``from`` and ``to``: the stops, crossings and terminals on the way."""
    names = [""] * (len(rows) + 1)
    for i, leg in enumerate(legs):
        if leg.kind != "line":
            label = facility_name(leg.facility, net.facilities)
            names[i] = names[i] or label
            names[i + 1] = label
        elif leg.mode == "ferry":
            facility = net.facilities.get(leg.facility)
            if facility is not None:
                ends = [facility.row["from_terminal"], facility.row["to_terminal"]]
                if not leg.steps[0].forward:
                    ends.reverse()
                names[i] = names[i] or facility_name(ends[0], net.facilities)
                names[i + 1] = facility_name(ends[1], net.facilities)
    for after, stop in via_after.items():
        names[after] = stops[stop].name
    names[0] = stops[0].name
    for i, row in enumerate(rows):
        for side, at in (("from", i), ("to", i + 1)):
            if not names[at]:
                line = lines[i]
                x, y = (line[0] if side == "from" else line[-1]) if len(line) else (0.0, 0.0)
                names[at] = f"{y:.3f}, {x:.3f}"
            row[side] = names[at]


def _drayage_row(
    net: Network,
    w: Weighted,
    place: Place,
    join: Join,
    *,
    last: bool,
    lines: list[NDArray[np.float64]],
) -> tuple[dict[str, Any], dict[str, dict[int, float]], NDArray[np.float64]]:
    """Return the leg between a place and the line that it is joined to."""
    value = drayage(net, w.profile.cargo, join.snap_km, place.country)
    speed = net.parameters.get("speed_km_h", "road", place.country)
    numbers = {x.name: i for i, x in enumerate(w.prices.components)}
    number = numbers.get(f"speed:road:{speed.country}", 0)
    at = (lines[-1][-1] if last else lines[0][0]) if lines else np.array([place.lon, place.lat])
    door = np.array([place.lon, place.lat])
    row = {
        "kind": "transfer", "mode": "road", "gauge_mm": 0,
        "from": "line" if last else place.name, "to": place.name if last else "line",
        "country": place.country, "length_km": 0.0, "hours": round(value["time"], 3),
        "cost_usd": round(value["cost"], 2), "co2e_kg": round(value["co2e"], 2),
        "confidence": "low", "facility": "", "to_mode": "road", "to_gauge_mm": 0,
        "transfer": f"drayage, {join.snap_km:.1f} km from the line",
    }  # fmt: skip
    part = {"hours": {number: value["time"]}, "usd": {0: value["cost"]}, "co2e": {0: value["co2e"]}}
    return row, part, np.array([at, door] if last else [door, at])


def simulate(
    w: Weighted, parts: list[dict[str, dict[int, float]]], seed: int
) -> dict[str, NDArray[np.float64]]:
    """Return draws of the totals of hours, usd and co2e."""
    out = {}
    for quantity in ("hours", "usd", "co2e"):
        total: dict[int, float] = {}
        for part in parts:
            for number, value in part[quantity].items():
                total[number] = total.get(number, 0.0) + value
        out[quantity] = _draw(w, total, seed)
    return out


def _draw(w: Weighted, total: dict[int, float], seed: int) -> NDArray[np.float64]:
    """Return DRAWS simulated sums of lognormal components with the given means."""
    sure = float(sum(v for n, v in total.items() if w.prices.components[n].sigma == 0.0))
    loose = [(n, v) for n, v in total.items() if w.prices.components[n].sigma > 0.0]
    out = np.full(DRAWS, float(sure))
    for number, value in loose:
        c = w.prices.components[number]
        out += value * np.exp(c.sigma * _normals(seed, c.name) - c.sigma**2 / 2)
    return out


@lru_cache(maxsize=4096)
def _normals(seed: int, name: str) -> NDArray[np.float64]:
    """Return the standard normal draws of one component: the same in every route that meets it."""
    import zlib

    return np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(DRAWS)


def _range(rows: list[dict[str, Any]], name: str, draws: NDArray[np.float64]) -> Range:
    low, high = np.percentile(draws, [10, 90])
    digits = 3 if name == "hours" else 2
    expected = _sum(rows, name, digits)
    if high == low:  # nothing uncertain: rounding must not part the range from its value
        return Range(expected, expected, expected)
    return Range(expected, round(float(low), digits), round(float(high), digits))


def _countries(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return km and hours inside each country, in order of the way; borders are not in them."""
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["kind"] == "border" or (row["mode"] in ("sea", "ferry") and row["kind"] == "line"):
            continue
        found = out.setdefault(
            row["country"], {"country": row["country"], "length_km": 0.0, "hours": 0.0}
        )
        found["length_km"] = round(found["length_km"] + row["length_km"], 3)
        found["hours"] = round(found["hours"] + row["hours"], 3)
    return list(out.values())


def _borders(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"crossing": r["from"], "id": r["facility"], "from": r["country"], "to": r["to_country"],
         "mode": r["mode"], "hours": r["hours"]}
        for r in rows
        if r["kind"] == "border"
    ]  # fmt: skip


__all__ = ["LEVELS", "answer", "assemble", "joins", "path_steps"]
