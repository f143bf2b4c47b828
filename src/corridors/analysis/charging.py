"""Where battery trucks must charge along a road route.

On a line the problem is solvable exactly. A truck leaves every site with a full battery, so a
stretch between two sites is possible if and only if its energy is within what the battery gives
above the reserve. Fewest sites is then a shortest path over the candidate places in order, found
by dynamic programming; of all plans with the fewest sites the one with the least penalty (open
road instead of a town) and then the most even stretches is taken. Without penalties the greedy
rule, drive on to the farthest site in reach, gives the same number (Chandrasekaran & Tamir-type
covering on a line; the tests prove both against brute force).

How many chargers a site needs is Erlang's C formula (M/M/c): trucks arrive at random, the mean
wait must stay below a limit. Elevation is not at hand: grade is part of the range of kWh per km.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corridors.analysis.distances import LineIndex, cumulative_km
from corridors.errors import NoRouteError, SchemaError

if TYPE_CHECKING:
    import folium
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.atlas import Atlas
    from corridors.routing.network import Network
    from corridors.routing.route import Route

Floats = NDArray[np.float64]

TOWN_KM = 10.0
"""A town so near to the road can hold a site."""
OPEN_ROAD_KM = 10.0
"""Where there is no town, a site may stand at every so many km."""
KINDS = ("city", "border_crossing", "logistics_base", "dry_port", "port", "ferry_terminal",
         "free_zone", "rail_terminal", "station", "break_of_gauge")  # fmt: skip


@dataclass(frozen=True)
class Truck:
    """A truck and the chargers that it meets.

    Parameters
    ----------
    battery_kwh : float
        Usable capacity when new.
    kwh_per_km, kwh_per_km_low, kwh_per_km_high : float
        Mean and range (P10, P90): load, wind, cold and grade are in it. 1.1 is published for a
        40 t truck at 80 km/h (Volvo FH Electric); 1.2 to 1.8 is what a planner takes for 49 t and
        cold.
    reserve : float
        Part of the battery that is never used.
    start : float
        Charge at departure, part of the battery.
    charger_kw : float
        Nominal power of a charger; ``power_share`` of it is the mean over a charge.
    """

    battery_kwh: float = 540.0
    kwh_per_km: float = 1.4
    kwh_per_km_low: float = 1.2
    kwh_per_km_high: float = 1.8
    reserve: float = 0.15
    start: float = 1.0
    charger_kw: float = 360.0
    power_share: float = 0.8

    def __post_init__(self) -> None:
        bad = []
        for name in ("battery_kwh", "kwh_per_km", "kwh_per_km_low", "kwh_per_km_high",
                     "charger_kw"):  # fmt: skip
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                bad.append(f"{name}={value!r} must be above zero")
        if not 0 <= self.reserve < 1:
            bad.append(f"reserve={self.reserve!r}: between 0 and 1")
        if not self.reserve < self.start <= 1:
            bad.append(f"start={self.start!r}: above the reserve and at most 1")
        if not 0 < self.power_share <= 1:
            bad.append(f"power_share={self.power_share!r}: between 0 and 1")
        if not self.kwh_per_km_low <= self.kwh_per_km <= self.kwh_per_km_high:
            bad.append("kwh_per_km must lie between its low and high value")
        if bad:
            raise SchemaError(f"no such truck: {'; '.join(bad)}")

    @property
    def usable_kwh(self) -> float:
        """What a full battery gives above the reserve."""
        return self.battery_kwh * (1.0 - self.reserve)

    @property
    def range_km(self) -> float:
        """How far a full truck goes, down to the reserve."""
        return self.usable_kwh / self.kwh_per_km


@dataclass(frozen=True)
class Candidate:
    """A place where a site may stand."""

    km: float
    name: str
    kind: str = "open road"
    country: str = ""
    lon: float = float("nan")
    lat: float = float("nan")
    penalty: float = 0.0


# --- the line problem ----------------------------------------------------------------------------


def fewest_sites(
    energy_kwh: ArrayLike,
    usable_kwh: float,
    *,
    start_kwh: float | None = None,
    penalty: ArrayLike | None = None,
) -> list[int]:
    """Return the candidates of a plan with the fewest sites, in order.

    Parameters
    ----------
    energy_kwh : array of n + 2
        Energy from the origin to: the origin (0), each candidate in order, the destination.
    usable_kwh : float
        Of a full battery, above the reserve.
    start_kwh : float, optional
        At departure, above the reserve; by default full.
    penalty : array of n, optional
        Among plans with the fewest sites the least sum is taken, then the most even stretches.

    Returns
    -------
    list of int
        Numbers of candidates, 0 for the first.

    Raises
    ------
    NoRouteError
        A stretch is longer than the battery allows; see :func:`impossible_stretches`.
    """
    e = np.asarray(energy_kwh, dtype=float)
    n = len(e) - 2
    cost = np.zeros(n + 2)
    if penalty is not None:
        cost[1:-1] = np.asarray(penalty, dtype=float)
    first = usable_kwh if start_kwh is None else start_kwh
    tolerance = 1e-9 * max(usable_kwh, 1.0)
    best: list[tuple[float, float, float] | None] = [None] * (n + 2)
    back = [-1] * (n + 2)
    best[0] = (0, 0.0, 0.0)
    for j in range(1, n + 2):
        at_site = 1 if j <= n else 0
        for i in range(j - 1, -1, -1):
            used = float(e[j] - e[i])
            if used > usable_kwh + tolerance:
                break  # earlier candidates are farther still
            here = best[i]
            if here is None or used > (first if i == 0 else usable_kwh) + tolerance:
                continue
            value = (here[0] + at_site, here[1] + cost[j], here[2] + used * used)
            known = best[j]
            if known is None or value < known:
                best[j], back[j] = value, i
    if best[-1] is None:
        raise NoRouteError("a stretch between two possible sites needs more than the battery holds")
    path = []
    at = back[n + 1]
    while at > 0:
        path.append(at - 1)
        at = back[at]
    return path[::-1]


def greedy_sites(
    energy_kwh: ArrayLike, usable_kwh: float, *, start_kwh: float | None = None
) -> list[int]:
    """Return the sites of the greedy rule: always on to the farthest candidate in reach.

    Raises
    ------
    NoRouteError
        As for :func:`fewest_sites`.
    """
    e = np.asarray(energy_kwh, dtype=float)
    left = usable_kwh if start_kwh is None else start_kwh
    at, out = 0, []
    tolerance = 1e-9 * max(usable_kwh, 1.0)
    while e[-1] - e[at] > left + tolerance:
        reach = np.flatnonzero(e <= e[at] + left + tolerance)
        nxt = int(reach[-1])
        if nxt <= at:
            raise NoRouteError(
                "a stretch between two possible sites needs more than the battery holds"
            )
        out.append(nxt - 1)
        at, left = nxt, usable_kwh
    return out


def impossible_stretches(
    energy_kwh: ArrayLike, usable_kwh: float, *, start_kwh: float | None = None
) -> list[tuple[int, int]]:
    """Return the pairs (i, i + 1) of neighbours in ``energy_kwh`` that no full battery bridges."""
    e = np.asarray(energy_kwh, dtype=float)
    limit = np.full(len(e) - 1, usable_kwh)
    if start_kwh is not None:
        limit[0] = start_kwh
    tolerance = 1e-9 * max(usable_kwh, 1.0)
    return [(int(i), int(i) + 1) for i in np.flatnonzero(np.diff(e) > limit + tolerance)]


# --- chargers ------------------------------------------------------------------------------------


def erlang_c(servers: int, load: float) -> float:
    """Return the probability that an arrival must wait: M/M/c with an offered load in erlangs."""
    if load >= servers:
        return 1.0
    if load <= 0:
        return 0.0
    blocked = 1.0  # Erlang B by its recursion, which never overflows
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    rho = load / servers
    return blocked / (1.0 - rho + rho * blocked)


def mean_wait_h(servers: int, arrivals_per_h: float, service_h: float) -> float:
    """Return the mean wait in hours at so many chargers (inf where they are too few)."""
    load = arrivals_per_h * service_h
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service_h / (servers - load)


def chargers_needed(arrivals_per_h: float, service_h: float, max_wait_h: float) -> int:
    """Return the fewest chargers at which the mean wait is within the limit."""
    if max_wait_h <= 0:
        raise SchemaError("the longest mean wait must be above zero hours")
    servers = max(1, math.floor(arrivals_per_h * service_h) + 1)
    while mean_wait_h(servers, arrivals_per_h, service_h) > max_wait_h:
        servers += 1
    return servers


# --- a plan along a route ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ChargingPlan:
    """Sites along a route, and what a trip and a site need."""

    route: Route
    truck: Truck
    trucks_per_day: float
    sites: pd.DataFrame
    """Columns: name, kind, country, km, stretch_km (from the site or origin before), lon, lat,
    arrive_share, leave_share (of the battery), energy_kwh (a truck), charge_h, wait_h, chargers,
    peak_mw, energy_mwh_per_day."""
    infeasible: pd.DataFrame
    """Stretches between neighbouring places that no full battery bridges without a site on the
    open road: from, to, from_km, to_km, length_km, energy_kwh, usable_kwh, bridged."""
    totals: dict[str, Any]
    method: str

    @property
    def feasible(self) -> bool:
        """Whether a truck can make the trip on this plan."""
        return bool(self.totals["feasible"])

    def summary(self) -> str:
        """Return the totals in a few lines."""
        t = self.totals
        head = (
            f"{t['length_km']:,.0f} km, {t['sites']} sites ({self.method}); longest stretch "
            f"{t['longest_stretch_km']:,.0f} km of {t['range_km']:,.0f} km range"
        )
        if not self.feasible:
            return f"not feasible: {len(self.infeasible)} stretches beyond the range\n{head}"
        return (
            f"{head}\n{t['energy_kwh']:,.0f} kWh a trip ({t['energy_kwh_low']:,.0f}–"
            f"{t['energy_kwh_high']:,.0f}), {t['charged_kwh']:,.0f} of it charged on the way in "
            f"{t['charge_h']:.1f} h + {t['wait_h']:.1f} h wait\n"
            f"trip {t['trip_h_if_in_rests']:,.0f} h where all charging falls into the driver's "
            f"rests, {t['trip_h']:,.0f} h ({t['trip_h_p10']:,.0f}–{t['trip_h_p90']:,.0f}) where "
            f"none does\n{t['chargers']} chargers, {t['peak_mw']:,.1f} MW connected in all, "
            f"{t['peak_site_mw']:.1f} MW at the greatest site"
        )

    def __repr__(self) -> str:
        return f"<ChargingPlan {self.summary()}>"

    def chart(self, ax: Axes | None = None) -> Axes:
        """Draw the battery along the route, with the sites and the reserve."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(11, 4))
        km, share = self.battery()
        ax.plot(km, np.array(share) * 100, color="C0")
        ax.axhline(self.truck.reserve * 100, color="C3", ls="--", lw=1, label="reserve")
        for row in self.sites.to_dict("records"):
            ax.axvline(row["km"], color="0.85", lw=0.8, zorder=0)
            ax.annotate(row["name"], (row["km"], 102), rotation=90, fontsize=7, ha="center",
                        va="bottom", annotation_clip=False)  # fmt: skip
        for row in self.infeasible[~self.infeasible["bridged"]].to_dict("records"):
            ax.axvspan(row["from_km"], row["to_km"], color="C3", alpha=0.2)
        ax.set_ylim(0, 102)
        ax.set_xlim(0, self.totals["length_km"])
        ax.set_xlabel("km from origin")
        ax.set_ylabel("battery, %")
        ax.legend(loc="lower left", fontsize=8)
        return ax

    def battery(self) -> tuple[list[float], list[float]]:
        """Return km and the battery's charge (part of full) at the corners of the trip."""
        km, share = [0.0], [self.truck.start]
        for row in self.sites.to_dict("records"):
            km += [row["km"], row["km"]]
            share += [row["arrive_share"], row["leave_share"]]
        km.append(self.totals["length_km"])
        share.append(self.totals["arrive_share"])
        return km, share

    def to_gdf(self) -> Any:
        """Return the sites as points, EPSG:4326."""
        import geopandas as gpd

        points = gpd.points_from_xy(self.sites["lon"], self.sites["lat"])
        frame = self.sites.assign(kind="charging_site", status="proposed", place=self.sites["kind"])
        return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")

    def explore(self, **options: Any) -> folium.Map:
        """Return the route and its sites on a map."""
        from corridors.maps import explore

        return explore({"charging sites": self.to_gdf()}, routes=[self.route], **options)


def candidates_along(
    route: Route,
    atlas: Atlas | None = None,
    *,
    town_km: float = TOWN_KM,
    open_road_km: float | None = OPEN_ROAD_KM,
) -> list[Candidate]:
    """Return where sites may stand along a route, in order.

    Places of the atlas and towns of the gazetteer within ``town_km`` of the road (penalty 0), the
    border crossings of the route, and points of the open road every ``open_road_km`` (penalty 1).
    """
    line = road_line(route)
    at = scaled_km(route, line)
    index = LineIndex(line)
    towns = _towns(route, atlas)
    out: list[Candidate] = []
    lon, lat = towns["lon"].to_numpy(), towns["lat"].to_numpy()
    near = np.flatnonzero(index.within(lon, lat, town_km))
    scale = at[-1] / index.at_km[-1]
    if len(near):
        _, along, points = index.nearest(lon[near], lat[near])
        for i, km, point in zip(near, along * scale, points, strict=True):
            row = towns.iloc[int(i)]
            if 1.0 < km < at[-1] - 1.0:
                name, kind, code = (str(row[x]) for x in ("name", "kind", "country"))
                x, y = point.tolist()
                out.append(Candidate(float(km), name, kind, code, x, y))
    out += _crossings(route)
    if open_road_km:
        for km in np.arange(open_road_km, at[-1], open_road_km):
            x = float(np.interp(km, at, line[:, 0]))
            y = float(np.interp(km, at, line[:, 1]))
            out.append(Candidate(float(km), f"km {km:,.0f}", "open road", country_at(route, km),
                                 x, y, 1.0))  # fmt: skip
    return sorted(out, key=lambda c: (c.km, c.penalty, c.name))


def _crossings(route: Route) -> list[Candidate]:
    km, out = 0.0, []
    for leg, line in zip(route.legs, route.lines, strict=True):
        if leg["kind"] == "border" and len(line) and leg["from"]:
            out.append(Candidate(km, leg["from"], "border_crossing", leg["country"],
                                 float(line[0][0]), float(line[0][1])))  # fmt: skip
        km += leg["length_km"]
    return [c for c in out if c.km > 1.0]


def _towns(route: Route, atlas: Atlas | None) -> Any:
    import pandas as pd

    from corridors import datasets

    columns = ["name", "kind", "country", "lon", "lat", "population"]
    town = pd.read_parquet(datasets.path("gazetteer.parquet"),
                           columns=["name", "country", "lon", "lat", "population"])  # fmt: skip
    frames = [town.assign(kind="town")[columns]]
    if atlas is not None:
        p = atlas.places[atlas.places["kind"].isin(KINDS)]
        standing = p["status"].fillna("").isin(["", "operating", "open"])
        p = p[standing]
        frames.insert(0, pd.DataFrame({
            "name": p["name"], "kind": p["kind"], "country": p["country"], "lon": p.geometry.x,
            "lat": p.geometry.y, "population": 0,
        })[columns])  # fmt: skip
    found = pd.concat(frames, ignore_index=True)
    line = road_line(route)
    box = (line[:, 0].min() - 1, line[:, 1].min() - 1, line[:, 0].max() + 1, line[:, 1].max() + 1)
    inside = found["lon"].between(box[0], box[2]) & found["lat"].between(box[1], box[3])
    return found[inside].drop_duplicates(["name", "country"]).reset_index(drop=True)


def road_line(route: Route) -> Floats:
    """Return the whole line of a road route.

    Raises
    ------
    SchemaError
        The route has no way by road, or other modes on it.
    """
    modes = {x["mode"] for x in route.legs if x["kind"] == "line" and x["length_km"] > 0}
    if modes != {"road"}:
        raise SchemaError(
            f"charging is planned along a road route; this one goes by "
            f"{', '.join(sorted(modes)) or 'nothing'}: ask for it with modes=['road']"
        )
    return np.asarray(route.geometry.coords)[:, :2]


def scaled_km(route: Route, line: Floats) -> Floats:
    """Return km along the road at each vertex: geodesic, scaled to the road's stored length."""
    at = cumulative_km(line)
    return np.asarray(at * (route.length_km / at[-1]))


def country_at(route: Route, km: float) -> str:
    """Return the country in which a km of the route lies."""
    past = 0.0
    for leg in route.legs:
        past += leg["length_km"]
        if km <= past + 1e-9 and leg["kind"] == "line":
            return str(leg["country"])
    return str(route.legs[-1]["country"])


def energy_at(
    route: Route, km: ArrayLike, truck: Truck, factors: Mapping[str, float] | None = None
) -> Floats:
    """Return kWh used from the origin to each km; ``factors`` multiply it by country."""
    corners, used = [0.0], [0.0]
    for leg in route.legs:
        if leg["kind"] != "line" or leg["length_km"] <= 0:
            continue
        factor = (factors or {}).get(leg["country"], 1.0)
        if not (math.isfinite(factor) and factor > 0):
            raise SchemaError(f"energy factor {leg['country']}={factor!r} must be above zero")
        corners.append(corners[-1] + leg["length_km"])
        used.append(used[-1] + leg["length_km"] * truck.kwh_per_km * factor)
    return np.asarray(np.interp(np.asarray(km, dtype=float), corners, used))


def plan(
    route: Route,
    truck: Truck | None = None,
    *,
    trucks_per_day: float = 100.0,
    spacing_km: float | None = None,
    candidates: Sequence[Candidate] | None = None,
    atlas: Atlas | None = None,
    towns_only: bool = False,
    factors: Mapping[str, float] | None = None,
    peak_factor: float = 1.5,
    max_wait_h: float = 0.25,
    plug_h: float = 0.1,
) -> ChargingPlan:
    """Plan charging sites along a road route.

    Parameters
    ----------
    route : Route
        By road alone: ``net.route(a, b, modes=["road"])``.
    truck : Truck, optional
    trucks_per_day : float
        Both directions together; each is taken to charge alike at every site.
    spacing_km : float, optional
        Sites at this spacing (each moved to a town within a fifth of it) in place of the fewest.
    candidates : sequence of Candidate, optional
        By default :func:`candidates_along`.
    towns_only : bool
        No sites on the open road: where towns are too far apart the plan is not feasible.
    factors : mapping, optional
        Energy per km by country, as a multiple (cold, grade).
    peak_factor : float
        Trucks in the busiest hour over those in the mean hour.
    max_wait_h : float
        Longest mean wait for a charger in the busiest hour.
    plug_h : float
        To leave the road, plug in and out.

    Raises
    ------
    SchemaError
        A route with other modes, or numbers out of their bounds.
    """
    import pandas as pd

    truck = truck or Truck()
    if trucks_per_day <= 0 or peak_factor < 1 or plug_h < 0:
        raise SchemaError("trucks a day above 0, peak factor of 1 or more, plug-in time 0 or more")
    road_line(route)
    whole = route.length_km
    found = list(candidates_along(route, atlas) if candidates is None else candidates)
    found = [c for c in found if 0 < c.km < whole]
    towns = [c for c in found if c.penalty == 0]
    if towns_only:
        found = towns
    start_kwh = truck.battery_kwh * (truck.start - truck.reserve)
    gaps = _gaps(route, truck, towns, factors, start_kwh)
    energy = energy_at(route, [0.0, *(c.km for c in found), whole], truck, factors)
    stuck = impossible_stretches(energy, truck.usable_kwh, start_kwh=start_kwh)
    gaps["bridged"] = not stuck
    if stuck and not towns_only:
        gaps = _gaps(route, truck, found, factors, start_kwh).assign(bridged=False)
    if spacing_km is not None:
        chosen, method = _spaced(whole, spacing_km, found), f"every {spacing_km:g} km"
    elif stuck:
        chosen, method = _as_far_as_it_goes(energy, truck, start_kwh, found), "fewest sites"
    else:
        picks = fewest_sites(energy, truck.usable_kwh, start_kwh=start_kwh,
                             penalty=[c.penalty for c in found])  # fmt: skip
        chosen, method = [found[i] for i in picks], "fewest sites"
    sites, extra = _schedule(route, truck, chosen, factors, trucks_per_day, peak_factor,
                             max_wait_h, plug_h)  # fmt: skip
    totals = _totals(route, truck, sites, extra, factors)
    totals["trucks_per_day"] = trucks_per_day
    if not totals["feasible"] and gaps.empty:
        gaps = _gaps(route, truck, chosen, factors, start_kwh).assign(bridged=False)
    return ChargingPlan(route, truck, trucks_per_day, sites, pd.DataFrame(gaps), totals, method)


def _gaps(
    route: Route, truck: Truck, places: Sequence[Candidate], factors: Any, start_kwh: float
) -> pd.DataFrame:
    """Return the stretches between neighbouring places that a full battery does not bridge."""
    import pandas as pd

    names = [route.origin.name, *(c.name for c in places), route.destination.name]
    km = [0.0, *(c.km for c in places), route.length_km]
    energy = energy_at(route, km, truck, factors)
    rows = []
    for i, j in impossible_stretches(energy, truck.usable_kwh, start_kwh=start_kwh):
        rows.append({
            "from": names[i], "to": names[j], "from_km": round(km[i], 1), "to_km": round(km[j], 1),
            "length_km": round(km[j] - km[i], 1), "energy_kwh": round(float(energy[j] - energy[i])),
            "usable_kwh": round(start_kwh if i == 0 else truck.usable_kwh), "bridged": False,
        })  # fmt: skip
    columns = ["from", "to", "from_km", "to_km", "length_km", "energy_kwh", "usable_kwh", "bridged"]
    return pd.DataFrame(rows, columns=columns).astype({"bridged": bool})


def _spaced(whole: float, spacing: float, found: Sequence[Candidate]) -> list[Candidate]:
    if not spacing > 0:
        raise SchemaError(f"spacing of {spacing:g} km: above zero")
    parts = math.ceil(whole / spacing)
    out: list[Candidate] = []
    for k in range(1, parts):
        km = whole * k / parts
        near = [c for c in found if abs(c.km - km) <= spacing / 5 and c not in out]
        towns = [c for c in near if c.penalty == 0]
        pool = towns or near or [min(found, key=lambda c: abs(c.km - km))] if found else []
        out.append(min(pool, key=lambda c: abs(c.km - km)) if pool
                   else Candidate(km, f"km {km:,.0f}"))  # fmt: skip
    return sorted(dict.fromkeys(out), key=lambda c: c.km)


def _as_far_as_it_goes(
    energy: Floats, truck: Truck, start_kwh: float, found: Sequence[Candidate]
) -> list[Candidate]:
    """Return greedy sites, stepping over the stretches that cannot be bridged."""
    out, at, left = [], 0, start_kwh
    while energy[-1] - energy[at] > left + 1e-9:
        reach = np.flatnonzero(energy[:-1] <= energy[at] + left + 1e-9)
        nxt = max(int(reach[-1]), at + 1)
        if nxt >= len(energy) - 1:
            break
        out.append(found[nxt - 1])
        at, left = nxt, truck.usable_kwh
    return out


def _schedule(
    route: Route, truck: Truck, chosen: Sequence[Candidate], factors: Any, trucks_per_day: float,
    peak_factor: float, max_wait_h: float, plug_h: float,
) -> tuple[pd.DataFrame, dict[str, float]]:  # fmt: skip
    """Return sites with what a truck takes and what a site needs, and the charge on arrival.

    A truck takes at each site what the next stretch needs above the reserve, no more.
    """
    import pandas as pd

    km = [0.0, *(c.km for c in chosen), route.length_km]
    energy = energy_at(route, km, truck, factors)
    floor = truck.reserve * truck.battery_kwh
    charge = truck.start * truck.battery_kwh
    power = truck.charger_kw * truck.power_share
    arrivals = trucks_per_day / 24.0
    lowest = charge
    rows = []
    for i, c in enumerate(chosen, start=1):
        arrive = charge - float(energy[i] - energy[i - 1])
        lowest = min(lowest, arrive)
        needed = float(energy[i + 1] - energy[i]) + floor
        leave = min(max(arrive, needed), truck.battery_kwh)
        taken = leave - arrive
        charge = leave
        hours = taken / power
        service = hours + plug_h
        n = chargers_needed(arrivals * peak_factor, service, max_wait_h)
        rows.append({
            "name": c.name, "kind": c.kind, "country": c.country, "km": round(c.km, 1),
            "stretch_km": round(c.km - km[i - 1], 1), "lon": c.lon, "lat": c.lat,
            "arrive_share": round(arrive / truck.battery_kwh, 4),
            "leave_share": round(leave / truck.battery_kwh, 4),
            "energy_kwh": round(taken, 1), "charge_h": round(hours, 3),
            "wait_h": round(mean_wait_h(n, arrivals, service), 3), "chargers": n,
            "peak_mw": round(n * truck.charger_kw / 1000.0, 3),
            "energy_mwh_per_day": round(taken * trucks_per_day / 1000.0, 2),
        })  # fmt: skip
    arrive = charge - float(energy[-1] - energy[-2])
    lowest = min(lowest, arrive)
    columns = ["name", "kind", "country", "km", "stretch_km", "lon", "lat", "arrive_share",
               "leave_share", "energy_kwh", "charge_h", "wait_h", "chargers", "peak_mw",
               "energy_mwh_per_day"]  # fmt: skip
    longest = float(np.max(np.diff(km)))
    return pd.DataFrame(rows, columns=columns), {
        "arrive_share": arrive / truck.battery_kwh, "lowest_kwh": lowest, "longest_km": longest,
        "plug_h": plug_h * len(rows),
    }  # fmt: skip


def _totals(
    route: Route, truck: Truck, sites: pd.DataFrame, extra: dict[str, float], factors: Any
) -> dict[str, Any]:
    floor = truck.reserve * truck.battery_kwh
    energy = float(energy_at(route, [route.length_km], truck, factors)[0])
    charge, wait = float(sites["charge_h"].sum()), float(sites["wait_h"].sum())
    stop = charge + wait + extra["plug_h"]
    low, high = (
        energy * k / truck.kwh_per_km for k in (truck.kwh_per_km_low, truck.kwh_per_km_high)
    )
    carried = energy - float(sites["energy_kwh"].sum())
    power = truck.charger_kw * truck.power_share
    slow, fast = (max(0.0, e - carried) / power + wait + extra["plug_h"] for e in (high, low))
    return {
        "feasible": bool(extra["lowest_kwh"] >= floor - 1e-6), "length_km": route.length_km,
        "range_km": truck.range_km, "longest_stretch_km": extra["longest_km"],
        "sites": len(sites), "sites_in_towns": int((sites["kind"] != "open road").sum()),
        "energy_kwh": energy, "energy_kwh_low": low, "energy_kwh_high": high,
        "charged_kwh": float(sites["energy_kwh"].sum()), "charge_h": charge, "wait_h": wait,
        "stop_h": stop, "arrive_share": extra["arrive_share"],
        "trip_h_if_in_rests": route.hours.expected, "trip_h": route.hours.expected + stop,
        "trip_h_p10": route.hours.p10 + fast, "trip_h_p90": route.hours.p90 + slow,
        "chargers": int(sites["chargers"].sum()), "peak_mw": float(sites["peak_mw"].sum()),
        "peak_site_mw": float(sites["peak_mw"].max()) if len(sites) else 0.0,
        "energy_mwh_per_day": float(sites["energy_mwh_per_day"].sum()),
    }  # fmt: skip


def plan_range(route: Route, truck: Truck | None = None, **options: Any) -> pd.DataFrame:
    """Return the plan's totals for the low, the mean and the high energy per km.

    A network of sites must hold for the high one; columns as in ``ChargingPlan.totals``, with
    ``kwh_per_km``.
    """
    import pandas as pd

    truck = truck or Truck()
    if options.get("candidates") is None:
        options["candidates"] = candidates_along(route, options.get("atlas"))
    rows = []
    for case in ("low", "mean", "high"):
        value = truck.kwh_per_km if case == "mean" else getattr(truck, f"kwh_per_km_{case}")
        one = replace(truck, kwh_per_km=value, kwh_per_km_low=min(value, truck.kwh_per_km_low),
                      kwh_per_km_high=max(value, truck.kwh_per_km_high))  # fmt: skip
        totals = plan(route, one, **options).totals
        rows.append({"case": case, "kwh_per_km": value, **totals})
    return pd.DataFrame(rows)


def charging_route(
    net: Network,
    atlas: Atlas,
    origin: Any = "Urumqi",
    destination: Any = "aktau-port",
    **terms: Any,
) -> Route:
    """Return the road route that a charging plan is made for."""
    return net.route(origin, destination, modes=["road"], **terms)
