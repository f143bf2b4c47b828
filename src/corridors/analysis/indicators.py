"""Corridor performance indicators, after CAREC's Corridor Performance Measurement and Monitoring.

    TFI1  hours to clear a border crossing
    TFI2  USD paid at a border crossing
    TFI3  USD to travel 500 km with 20 t
    TFI4  km/h without delay (SWOD) and with it (SWD: borders, transfers and waits count)

Here they are read off modelled routes; :mod:`corridors.analysis.triplog` computes the same from
trip logs. One difference must be kept in mind: CPMM's speed without delay is that of moving wheels,
the model's is the mean under way inside a country, stops and the driver's rest included, and lies
below it (by road near 10/24 of it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.analysis.tcd import labelled
from corridors.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.routing.network import Network
    from corridors.routing.route import Route

SECTION_KM, SECTION_T = 500.0, 20.0


def tonnes_of(route: Route) -> float:
    """Return the tonnes that a route's cost is for."""
    payload = float(route.cargo["payload_t_per_teu"])
    amount = float(route.cargo["amount"])
    return {"tonne": amount, "TEU": amount * payload, "FEU": 2 * amount * payload}[
        route.cargo["unit"]
    ]


def section_cost(cost_usd: float, km: float, tonnes: float) -> float:
    """Return USD per 500 km per 20 t (nan where there is no way or no load)."""
    if km <= 0 or tonnes <= 0:
        return float("nan")
    return cost_usd / km * SECTION_KM / tonnes * SECTION_T


def route_indicators(
    routes: Route | Mapping[str, Route] | Sequence[Route], by: Sequence[str] = ("way",)
) -> pd.DataFrame:
    """Return the indicators of routes by way, mode, country, or any of these together.

    Parameters
    ----------
    routes : Route, or several by label
    by : sequence of str
        Of ``way``, ``mode``, ``country``. A border counts with the country that is left, a sea or
        ferry line with none.

    Returns
    -------
    DataFrame
        The columns of ``by``, ``length_km``, ``borders, border_h, border_h_mean`` (TFI1),
        ``border_cost_usd_mean`` (TFI2, per 20 t), ``cost_usd_per_500km_20t`` (TFI3),
        ``speed_without_delay_km_h, speed_with_delay_km_h`` (TFI4), ``delay_h`` (borders, transfers,
        waits for ships).
    """
    import pandas as pd

    wanted = list(by)
    bad = [b for b in wanted if b not in ("way", "mode", "country")]
    if bad or not wanted:
        raise SchemaError(f"by {bad or wanted}: choose from way, mode, country")
    rows = []
    for label, route in labelled(routes).items():
        tonnes = tonnes_of(route)
        for leg in route.legs:
            at_sea = leg["kind"] == "line" and leg["mode"] in ("sea", "ferry")
            wait = leg.get("wait_h", 0.0) + leg.get("dwell_h", 0.0) if at_sea else 0.0
            line = leg["kind"] == "line"
            rows.append({
                "way": label, "mode": leg["mode"], "country": "" if at_sea else leg["country"],
                "km": leg["length_km"], "line_h": leg["hours"] - wait if line else 0.0,
                "delay_h": wait if line else leg["hours"], "cost": leg["cost_usd"] or 0.0,
                "borders": int(leg["kind"] == "border"),
                "border_h": leg["hours"] if leg["kind"] == "border" else 0.0,
                "border_cost": (leg["cost_usd"] or 0.0) / tonnes * SECTION_T
                if leg["kind"] == "border" else 0.0, "tonnes": tonnes,
            })  # fmt: skip
    frame = pd.DataFrame(rows)
    out = []
    for key, part in frame.groupby(wanted, sort=False):
        km, n = float(part["km"].sum()), int(part["borders"].sum())
        line, delay = float(part["line_h"].sum()), float(part["delay_h"].sum())
        tonnes = float(part["tonnes"].iloc[0])
        out.append({
            **dict(zip(wanted, key, strict=True)), "length_km": round(km, 1), "borders": n,
            "border_h": round(float(part["border_h"].sum()), 2),
            "border_h_mean": round(float(part["border_h"].sum()) / n, 2) if n else np.nan,
            "border_cost_usd_mean": round(float(part["border_cost"].sum()) / n, 1) if n else np.nan,
            "cost_usd_per_500km_20t": round(section_cost(float(part["cost"].sum()), km, tonnes), 1),
            "speed_without_delay_km_h": round(km / line, 2) if line > 0 else np.nan,
            "speed_with_delay_km_h": round(km / (line + delay), 2) if line + delay > 0 else np.nan,
            "delay_h": round(delay, 2),
        })  # fmt: skip
    return pd.DataFrame(out)


def border_league(
    net: Network,
    *,
    mode: str | None = None,
    countries: Sequence[str] | None = None,
    measured_only: bool = False,
    routes: Route | Mapping[str, Route] | Sequence[Route] | None = None,
) -> pd.DataFrame:
    """Return border crossings by the hours that they take, slowest first.

    Parameters
    ----------
    mode : {"rail", "road"}, optional
    countries : ISO codes, optional
        Crossings that touch one of them.
    measured_only : bool
        Only crossings with hours of their own; the others stand at the general rule.
    routes : optional
        Only crossings on these routes, in the direction travelled.

    Returns
    -------
    DataFrame
        ``rank, crossing, id, mode, from, to, hours, hours_p10, hours_p90, cost_usd_per_20t,
        measured, confidence, source``; both sides together, without a break of gauge.
    """
    import pandas as pd

    wanted = None
    if routes is not None:
        wanted = {(b["id"], b["from"]) for r in labelled(routes).values() for b in r.borders}
    payload = net.parameters.get("payload_t_per_teu").value
    rows = []
    for f in net.facilities.values():
        if f.kind != "crossing" or (mode and f.row["mode"] != mode):
            continue
        a, b = f.row["country_a"], f.row["country_b"]
        if f.row["status"] not in ("open", "operating", "restricted", ""):
            continue
        if countries is not None and not {a, b} & set(countries):
            continue
        for way, origin, to in (("ab", a, b), ("ba", b, a)):
            if wanted is not None and (f.id, origin) not in wanted:
                continue
            row = _crossing_row(net, f, way, payload)
            if row["measured"] or not measured_only:
                rows.append({"crossing": f.name, "id": f.id, "mode": f.row["mode"],
                             "from": origin, "to": to, **row})  # fmt: skip
    frame = pd.DataFrame(rows, columns=["crossing", "id", "mode", "from", "to", "hours",
                                        "hours_p10", "hours_p90", "cost_usd_per_20t", "measured",
                                        "confidence", "source"])  # fmt: skip
    frame = frame.sort_values(["hours", "id", "from"], ascending=[False, True, True],
                              kind="stable").reset_index(drop=True)  # fmt: skip
    frame.insert(0, "rank", range(1, len(frame) + 1))
    return frame


def _crossing_row(net: Network, f: Any, way: str, payload: float) -> dict[str, Any]:
    p = net.parameters
    rule = p.get("border_h.control", f.row["mode"])
    fee = p.get("border_cost_usd.control", f.row["mode"])
    own, cost = f.number(f"hours_{way}"), f.number(f"cost_usd_{way}")
    value = rule.value if own is None else own
    low = f.number(f"hours_{way}_low") if own is not None else None
    high = f.number(f"hours_{way}_high") if own is not None else None
    return {
        "hours": value, "hours_p10": value * rule.low / rule.value if low is None else low,
        "hours_p90": value * rule.high / rule.value if high is None else high,
        "cost_usd_per_20t": round((fee.value if cost is None else cost) / payload * SECTION_T, 0),
        "measured": own is not None,
        "confidence": f.row["confidence"] if own is not None else rule.confidence,
        "source": f.row["source"] if own is not None else f"general rule: {rule.source}",
    }  # fmt: skip


def league_chart(frame: pd.DataFrame, ax: Axes | None = None, top: int = 25) -> Axes:
    """Draw a league of borders: hours with a bar from P10 to P90, slowest first."""
    import matplotlib.pyplot as plt

    part = frame.head(top).iloc[::-1]
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 0.32 * len(part) + 1.2))
    labels = [f"{r['crossing']} ({r['mode']}) {r['from']}→{r['to']}"
              for r in part.to_dict("records")]  # fmt: skip
    low = (part["hours"] - part["hours_p10"]).clip(lower=0)
    high = (part["hours_p90"] - part["hours"]).clip(lower=0)
    colors = ["C0" if m else "0.7" for m in part["measured"]]
    ax.barh(labels, part["hours"], xerr=[low, high], color=colors, ecolor="0.3", capsize=2)
    ax.set_xlabel("hours, both sides (bar: P10 to P90; grey: the general rule)")
    ax.tick_params(axis="y", labelsize=8)
    return ax
