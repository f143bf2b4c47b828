"""The commands of the analyses.

They are corridor, compare, tcd, whatif, criticality, flow, charging, cpmm and near. Each prints
a table (or JSON), and ``-o`` writes what the ending asks for: .csv or .json the table, .png, .svg
or .pdf the chart, .html the map.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from corridors.cli import (
    DataOption,
    FormatOption,
    NetworkOption,
    OutOption,
    YearOption,
    app,
    busy,
    checked_format,
    network_of,
    tell,
)
from corridors.errors import SchemaError

CHARTS, MAPS, TABLES = (".png", ".svg", ".pdf"), (".html", ".htm"), (".csv", ".json")

Maker = Callable[[], Any] | None


def _check_ending(output: Path | None, chart: bool, mapped: bool) -> None:
    """Refuse a wrong ending before the work, not after it."""
    if output is None:
        return
    known = TABLES + (CHARTS if chart else ()) + (MAPS if mapped else ())
    if output.suffix.lower() not in known:
        raise SchemaError(f"cannot write to {output.name}: the ending must be one of "
                          f"{', '.join(known)}")  # fmt: skip


def _deliver(
    title: str, frame: Any, format: str, output: Path | None, chart: Maker = None,
    explore: Maker = None,
) -> None:  # fmt: skip
    """Print a frame, or write it, its chart or its map."""
    from corridors.commands import emit
    from corridors.files import whole

    ending = "" if output is None else output.suffix.lower()
    if output is not None and ending in CHARTS and chart is not None:
        import matplotlib as mpl

        mpl.use("Agg")
        with mpl.rc_context({"svg.hashsalt": "corridors"}), whole(output) as scratch:
            axes = chart()
            stamp = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(ending)
            axes.figure.savefig(scratch, dpi=150, bbox_inches="tight", metadata=stamp)
        tell(f"{output} written")
        return
    if output is not None and ending in MAPS and explore is not None:
        from corridors.maps import save_map

        save_map(explore(), output)
        tell(f"{output} written")
        return
    columns = [str(c) for c in frame.columns]
    rows = [[_cell(v) for v in row] for row in frame.itertuples(index=False)]
    emit(title, columns, rows, format, output)


def _cell(value: Any) -> Any:
    """Return a cell as a plain value; missing is None, infinite is text (JSON knows neither)."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value != value:
        return None
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            return "never" if value > 0 else "always"
        return round(value, 4)
    return value if isinstance(value, (int, str, bool)) else str(value)


def _say(*lines: str) -> None:
    from rich.text import Text

    from corridors.cli import console

    out = console()
    for line in lines:
        out.print(Text(line))


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    out = []
    for text in texts:
        ends = [p.strip() for p in text.split("->")]
        if len(ends) != 2 or not all(ends):
            raise SchemaError(f"pair {text!r}: write it as 'A -> B'")
        out.append((ends[0], ends[1]))
    return out


def _year(year: int | None) -> int:
    from corridors.routing.profile import DATA_YEAR

    return DATA_YEAR if year is None else year


@app.command()
def corridor(
    name: Annotated[str | None, typer.Argument(help="Id or name; left out: all of them.")] = None,
    branch: Annotated[str | None, typer.Option(help="One of its branches.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Place of the corridor.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Place of the corridor.")] = None,
    by: Annotated[str, typer.Option(help="time, cost, distance or co2e.")] = "time",
    year: YearOption = None,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """List named corridors, or show one with its legs and indicators.

    Example: corridors corridor middle-corridor --branch black-sea-poti
    """
    from corridors.atlas import load_atlas

    checked_format(format, ("table", "json"))
    atlas = load_atlas(data=data)
    if name is None:
        _check_ending(output, False, False)
        _list_corridors(atlas, format, output)
        return
    from corridors.analysis.indicators import route_indicators
    from corridors.analysis.named import corridor_route
    from corridors.cli import print_route
    from corridors.io.routes import WRITERS, to_json, write_routes

    if output is not None and output.suffix.lower() not in WRITERS:
        raise SchemaError(f"cannot write a route to {output.name}: the ending must be one of "
                          f"{', '.join(WRITERS)}")  # fmt: skip
    net = network_of(network, data)
    route = corridor_route(net, atlas, name, branch, by=by, year=_year(year), start=start, end=end)
    if output is not None:
        write_routes([route], output)
        tell(f"{output} written")
        return
    if format == "json":
        print(to_json([route]))
        return
    print_route(route, None)
    frame = route_indicators(route, ("mode", "country")).drop(columns="border_h")
    _deliver("indicators by mode and country", frame, "table", None)


def _list_corridors(atlas: Any, format: str, output: Path | None) -> None:
    import pandas as pd

    from corridors.analysis.named import branches

    rows = [
        {"id": r["id"], "name": r["name"], "status": r["status"],
         "branches": " ".join(branches(atlas, str(r["id"]))), "confidence": r["confidence"]}
        for r in atlas.corridors.to_dict("records")
    ]  # fmt: skip
    _deliver(f"{len(rows)} named corridors", pd.DataFrame(rows), format, output)


@app.command()
def compare(
    origin: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE or 'lat,lon'.")],
    destination: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE or 'lat,lon'.")],
    corridor: Annotated[
        list[str] | None, typer.Option(help="Id, name, or id/branch; may be repeated.")
    ] = None,
    alternatives: Annotated[int, typer.Option(min=0, max=20, help="Routes of no name, too.")] = 0,
    best_branch: Annotated[bool, typer.Option(help="Only each corridor's best branch.")] = False,
    reach: Annotated[
        float, typer.Option(help="How far off a corridor may end, as a part of the distance.")
    ] = 0.25,
    avoid: Annotated[list[str] | None, typer.Option(help="As of route; may be repeated.")] = None,
    year: YearOption = None,
    cargo: Annotated[str, typer.Option(help="TEU, FEU or tonne.")] = "TEU",
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Compare corridors for one origin and destination: time, cost, CO2e, capacity, who wins.

    Example: corridors compare "Xi'an" Duisburg --corridor middle-corridor --corridor sea-suez
    """
    from corridors.analysis.compare import comparison
    from corridors.atlas import load_atlas

    checked_format(format, ("table", "json"))
    _check_ending(output, True, True)
    atlas, net = load_atlas(data=data), network_of(network, data)
    with busy("comparing corridors"):
        found = comparison(net, atlas, origin, destination, corridor, alternatives=alternatives,
                           best_branch=best_branch, year=_year(year), cargo=cargo,
                           avoid=avoid or (), reach=reach)  # fmt: skip
    found._need(1)
    frame = found.frame()
    if format == "table" and output is None:
        short = ["corridor", "branch", "length_km", "borders", "gauge_breaks", "transfers", "days",
                 "hours_p10", "hours_p90", "cost_usd", "cost_usd_p10", "cost_usd_p90", "co2e_kg",
                 "capacity_mt_per_year"]  # fmt: skip
        _deliver(f"{origin} – {destination}", frame[short], "table", None)
        _say("")
        _deliver("who wins", found.wins(), "table", None)
        _say("")
        _deliver("cheapest all told, by the value of an hour (USD)", found.value_of_time(),
                 "table", None)  # fmt: skip
        for name, reason in found.missing:
            _say(f"not compared: {name}: {reason}")
        return
    _deliver(f"{origin} – {destination}", frame, format, output, found.chart,
             lambda: found.explore(atlas))  # fmt: skip


@app.command()
def tcd(
    corridor: Annotated[list[str] | None, typer.Option(help="Id or id/branch; repeated.")] = None,
    route: Annotated[list[str] | None, typer.Option(help="'A -> B'; may be repeated.")] = None,
    quantity: Annotated[str, typer.Option(help="hours, cost_usd or co2e_kg.")] = "hours",
    year: Annotated[list[int] | None, typer.Option(help="Year; may be repeated.")] = None,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Time-cost-distance chart of corridors and routes: table, picture or map.

    Example: corridors tcd --corridor middle-corridor --corridor northern-corridor -o tcd.svg
    """
    from corridors.analysis.named import corridor_route
    from corridors.analysis.tcd import QUANTITIES, on_map, tcd_chart, tcd_frame
    from corridors.atlas import load_atlas

    checked_format(format, ("table", "json"))
    checked_format(quantity, tuple(QUANTITIES))
    _check_ending(output, True, True)
    if not (corridor or route):
        raise SchemaError("name a --corridor or a --route 'A -> B'")
    pairs = _pairs(route or [])
    atlas, net = load_atlas(data=data), network_of(network, data)
    ways = {}
    for one in year or [_year(None)]:
        mark = f" {one}" if year and len(year) > 1 else ""
        for text in corridor or []:
            name, _, branch = text.partition("/")
            ways[f"{text}{mark}"] = corridor_route(net, atlas, name, branch or None, year=one)
        for a, b in pairs:
            ways[f"{a} – {b}{mark}"] = net.route(a, b, year=one)

    def mapped() -> Any:
        from corridors.maps import explore

        return on_map(explore(atlas, routes=ways), ways, quantity)

    _deliver("time-cost-distance", tcd_frame(ways, quantity), format, output,
             lambda: tcd_chart(ways, quantity), mapped)  # fmt: skip


@app.command()
def whatif(
    pair: Annotated[list[str], typer.Argument(help="'A -> B', one or several.")],
    close: Annotated[list[str] | None, typer.Option(help="What is closed; repeated.")] = None,
    delay: Annotated[
        list[str] | None, typer.Option(help="ID=FACTOR of a crossing's hours or a ferry's wait.")
    ] = None,
    year: YearOption = None,
    mode: Annotated[list[str] | None, typer.Option(help="As of route; may be repeated.")] = None,
    by: Annotated[str, typer.Option(help="time, cost, distance or co2e.")] = "time",
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Show what another year, a closure or a delay changes for some pairs.

    Example: corridors whatif 'Urumqi -> Poti' --delay rail:khorgos-altynkol=0.5
    """
    from corridors.analysis.whatif import Scenario, what_if

    checked_format(format, ("table", "json"))
    _check_ending(output, True, True)
    factors = {}
    for text in delay or []:
        ident, sign, number = text.rpartition("=")
        try:
            factors[ident] = float(number)
        except ValueError:
            sign = ""
        if not (sign and ident):
            raise SchemaError(f"--delay {text!r}: write it as ID=FACTOR, as kuryk-alat-ferry=0.5")
    if not (close or factors or year is not None):
        raise SchemaError("nothing is changed: give --close, --delay or --year")
    pairs = _pairs(pair)
    net = network_of(network, data)
    case = Scenario("changed", year=_year(year), closed=tuple(close or ()), delay=factors)
    with busy("asking anew"):
        effect = what_if(net, pairs, [case], by=by, modes=mode or None)
    frame = effect.frame()
    if format == "table" and output is None:
        short = ["origin", "destination", "scenario", "hours", "d_hours", "d_hours_p10",
                 "d_hours_p90", "d_cost_usd", "d_length_km", "route_changes", "note"]  # fmt: skip
        frame = frame[short]
    _deliver("what it changes", frame, format, output, effect.chart, effect.explore)


@app.command()
def criticality(
    pair: Annotated[list[str], typer.Argument(help="'A -> B', one or several.")],
    mode: Annotated[list[str] | None, typer.Option(help="Modes; may be repeated.")] = None,
    by: Annotated[str, typer.Option(help="time, cost, distance or co2e.")] = "time",
    countries: Annotated[bool, typer.Option(help="Close whole countries too.")] = False,
    lines: Annotated[bool, typer.Option(help="Break the railways and roads too.")] = False,
    year: YearOption = None,
    top: Annotated[int, typer.Option(min=1, help="How many rows to print.")] = 25,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Rank crossings, ports, ferries and straits by what their loss costs some pairs.

    Example: corridors criticality 'Urumqi -> Poti' "Xi'an -> Duisburg" --countries
    """
    from corridors.analysis.criticality import criticality as rank
    from corridors.routing.network import as_modes
    from corridors.routing.profile import FREIGHT

    checked_format(format, ("table", "json"))
    _check_ending(output, True, True)
    pairs = _pairs(pair)
    net = network_of(network, data)
    with busy("closing one after another"):
        found = rank(net, pairs, modes=as_modes(mode or None) or FREIGHT, by=by, year=_year(year),
                     countries=countries, lines=lines)  # fmt: skip
    shown = found.frame.head(top) if format == "table" and output is None else found.frame
    _deliver("what the loss costs", shown, format, output, found.chart, found.explore)
    for text in found.frame.attrs["without_way"]:
        tell(f"not counted: {text}")


@app.command()
def flow(
    system: Annotated[str, typer.Argument(help="A corridor, or 'gas'.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Node where the flow begins.")
    ] = None,
    sink: Annotated[str | None, typer.Option("--to", help="Node where it ends.")] = None,
    unit: Annotated[str, typer.Option(help="mt or teu (a corridor).")] = "mt",
    demand: Annotated[float | None, typer.Option(help="Cheapest flow for so much a year.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Link that is lost; repeated.")] = None,
    add: Annotated[list[str] | None, typer.Option(help="Planned gas link that counts.")] = None,
    infrastructure: Annotated[
        bool, typer.Option(help="Leave out what the ships of today carry.")
    ] = False,
    year: YearOption = None,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Maximum flow of a corridor or of the gas system, and the cut that limits it.

    Example: corridors flow gas --add line-d --add supply-galkynysh-2 --year 2030
    """
    from corridors.analysis import flow as flows

    checked_format(format, ("table", "json"))
    _check_ending(output, True, False)
    if system.lower() == "gas":
        from corridors.analysis.gas import SINK, UNIT, gas_links

        links, units = gas_links(_year(year), add=add or ()), UNIT
        start, end = source, sink or SINK
    else:
        from corridors.atlas import load_atlas

        checked_format(unit, ("mt", "teu"))
        atlas, net = load_atlas(data=data), network_of(network, data)
        kinds = ("crossing", "line", "port") if infrastructure else None
        links = flows.corridor_links(net, atlas, system, unit=unit, year=_year(year), kinds=kinds)
        units = {"mt": "Mt a year", "teu": "TEU a year"}[unit] + ", both directions"
        start = source or links.attrs["sources"][0]
        end = sink or links.attrs["sinks"][0]
    links = flows.without(links, without or ())
    if demand is None:
        found = flows.max_flow(links, end, start, unit=units)
    else:
        found = flows.cheapest_flow(links, end, demand, start, unit=units)
    frame = found.links.drop(columns=[c for c in ("source", "note", "cost_per_unit", "hours")
                                      if c in found.links.columns])  # fmt: skip
    if format == "table" and output is None:
        frame = frame[frame["flow"] > 0]
        _deliver(f"{found.value:,.2f} {units} from {start or 'all supplies'} to {end}",
                 frame, "table", None)  # fmt: skip
        if len(found.cut):
            _say(f"limited by: {', '.join(found.cut['name'])}")
        if found.cost is not None:
            _say(f"sum of flow times cost per unit: {found.cost:,.1f}")
        return
    _deliver("flow", frame, format, output, found.chart)


@app.command()
def charging(
    origin: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE or 'lat,lon'.")] = "Urumqi",
    destination: Annotated[str, typer.Argument(help="As the origin.")] = "aktau-port",
    via: Annotated[list[str] | None, typer.Option(help="Place to pass; may be repeated.")] = None,
    battery_kwh: Annotated[float, typer.Option(help="Capacity of the battery.")] = 540.0,
    kwh_per_km: Annotated[float, typer.Option(help="Mean use; cold and load in it.")] = 1.4,
    reserve: Annotated[float, typer.Option(help="Part of the battery that is kept.")] = 0.15,
    charger_kw: Annotated[float, typer.Option(help="Power of a charger.")] = 360.0,
    trucks_per_day: Annotated[float, typer.Option(help="Both directions together.")] = 100.0,
    spacing_km: Annotated[
        float | None, typer.Option(help="Fixed spacing, in place of the fewest sites.")
    ] = None,
    towns_only: Annotated[bool, typer.Option(help="No sites on the open road.")] = False,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Plan where battery trucks charge along a road route.

    Example: corridors charging Urumqi aktau-port --battery-kwh 600 -o sites.html
    """
    from corridors.analysis.charging import Truck, plan
    from corridors.atlas import load_atlas

    checked_format(format, ("table", "json"))
    _check_ending(output, True, True)
    truck = Truck(
        battery_kwh=battery_kwh, kwh_per_km=kwh_per_km, reserve=reserve, charger_kw=charger_kw,
        kwh_per_km_low=kwh_per_km * 1.2 / 1.4, kwh_per_km_high=kwh_per_km * 1.8 / 1.4,
    )  # fmt: skip
    atlas, net = load_atlas(data=data), network_of(network, data)
    with busy("placing chargers"):
        route = net.route(origin, destination, modes=["road"], via=via or ())
        found = plan(route, truck, trucks_per_day=trucks_per_day, spacing_km=spacing_km,
                     towns_only=towns_only, atlas=atlas)  # fmt: skip
    if format == "table" and output is None:
        _say(f"{route.origin.name} – {route.destination.name}", *found.summary().splitlines(), "")
        short = ["name", "kind", "country", "km", "stretch_km", "energy_kwh", "charge_h",
                 "chargers", "peak_mw"]  # fmt: skip
        _deliver("sites", found.sites[short], "table", None)
        if len(found.infeasible):
            _say("")
            _deliver("stretches between towns beyond the range", found.infeasible, "table", None)
    else:
        _deliver("sites", found.sites, format, output, found.chart, found.explore)
    if not found.feasible:
        raise typer.Exit(1)


@app.command()
def cpmm(
    file: Annotated[Path, typer.Argument(help="Trip log, CSV.")],
    rate: Annotated[
        list[str] | None, typer.Option(help="USD per unit of a currency, as KZT=0.0019.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="mode or country.")] = None,
    faults: Annotated[bool, typer.Option(help="Print the faults alone.")] = False,
    format: FormatOption = "table",
    output: OutOption = None,
    network: NetworkOption = None,
    data: DataOption = None,
) -> None:
    """Corridor performance indicators (CAREC CPMM) from a trip log, with all its faults.

    Exit status 1 where the log has faults.

    Example: corridors cpmm trips.csv --rate KZT=0.0019 --by country
    """
    from corridors.analysis import triplog

    checked_format(format, ("table", "json"))
    _check_ending(output, True, False)
    rates = {}
    for text in rate or []:
        code, _, number = text.partition("=")
        try:
            rates[code.strip().upper()] = float(number)
        except ValueError:
            raise SchemaError(f"--rate {text!r}: write it as KZT=0.0019") from None
    net = network_of(network, data)
    log = triplog.read_trip_log(file, net, rates=rates)
    if faults:
        _deliver(f"{len(log.faults)} faults", log.faults, format, output)
    elif format == "table" and output is None:
        _deliver(repr(log), triplog.log_indicators(log, by), "table", None)
        _say("")
        _deliver("measured beside modelled", triplog.measured_and_modelled(log, net), "table", None)
        if len(log.faults):
            _say("")
            _deliver(f"{len(log.faults)} faults", log.faults, "table", None)
    else:
        _deliver("indicators", triplog.log_indicators(log, by), format, output,
                 lambda: triplog.log_chart(log))  # fmt: skip
    if len(log.faults):
        raise typer.Exit(1)


@app.command()
def near(
    place: Annotated[str, typer.Argument(help="Name, id, UN/LOCODE, 'lat,lon', or an asset.")],
    within: Annotated[
        float | None, typer.Option(help="All within so many km, in place of the nearest.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Kind of asset or place.")] = None,
    places: Annotated[bool, typer.Option(help="Places, not assets.")] = False,
    count: Annotated[int, typer.Option(min=1, help="How many of the nearest.")] = 10,
    format: FormatOption = "table",
    output: OutOption = None,
    data: DataOption = None,
) -> None:
    """List the assets (or places) nearest to a place, or within some km of it or of a line.

    Example: corridors near central-asia-china-gas-a --within 20 --places
    """
    import shapely

    from corridors.analysis.distances import nearest_assets, within_km
    from corridors.atlas import load_atlas, select

    checked_format(format, ("table", "json"))
    _check_ending(output, False, False)
    atlas = load_atlas(data=data)
    frame = atlas.places if places else atlas.assets
    if kind:
        frame = select(frame, kind=kind)
    line = atlas.assets[atlas.assets["id"].astype(str) == place]
    if within is None:
        if len(line):
            raise SchemaError(f"{place} is a line: ask for what lies --within some km of it")
        found = nearest_assets(frame, atlas.names.resolve(place, "any"), k=count)
    else:
        if len(line):
            shape = line.geometry.iloc[0]
        else:
            at = atlas.names.resolve(place, "any")
            shape = shapely.Point(at.lon, at.lat)
        near_by = within_km(frame[frame["id"].astype(str) != place], shape, within)
        found = near_by[["id", "name", "kind", "status", "distance_km", "along_km"]]
    if format == "table" and output is None and "lat" in found.columns:
        where = [f"{y:.4f}, {x:.4f}" for y, x in zip(found["lat"], found["lon"], strict=True)]
        found = found.drop(columns=["lat", "lon"]).assign(nearest_point=where)
    _deliver(f"near {place}", found, format, output)
