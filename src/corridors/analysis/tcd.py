"""Time-cost-distance charts (UNESCAP): distance on x, time or cost since departure on y.

Lines rise with the way; borders, transfers and waits are vertical steps. The band runs from P10 to
P90 of what has gone by up to each point. UNESCAP, *Time/Cost-Distance Methodology*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.parameters import load_parameters
from corridors.routing.pricing import spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.parameters import Parameters
    from corridors.routing.route import Route

QUANTITIES = {"hours": "hours", "cost_usd": "usd", "co2e_kg": "co2e"}
LABELS = {"hours": "days since departure", "cost_usd": "USD", "co2e_kg": "kg CO2e"}

Floats = NDArray[np.float64]


def leg_draws(route: Route, quantity: str = "hours", seed: int = 0) -> Floats:
    """Return simulated values of every leg, (legs, draws), that sum to ``route.draws``.

    Hours: each leg is lognormal with its own P10 and P90; line legs of one mode and country move
    together (one speed), every border, terminal and ferry by itself. What is left between their
    sum and the route's own draws (some hundredths) is shared out by the legs' means. Cost and
    emissions: the legs share the route's draws by their means.
    """
    if quantity not in QUANTITIES:
        raise SchemaError(f"{quantity!r} is unknown; choose one of {', '.join(QUANTITIES)}")
    total = np.asarray(route.draws[QUANTITIES[quantity]], dtype=float)
    mean = np.array([float(leg[quantity] or 0.0) for leg in route.legs])
    whole = mean.sum()
    if whole <= 0:
        return np.zeros((len(mean), len(total)))
    if quantity != "hours":
        return np.asarray(mean[:, None] / whole * total[None, :])
    parameters = load_parameters()
    out = np.array([_one(leg, len(total), seed, parameters) for leg in route.legs])
    rest = total - out.sum(axis=0)
    return np.asarray(out + mean[:, None] / whole * rest[None, :])


def _one(leg: dict[str, Any], n: int, seed: int, parameters: Parameters) -> Floats:
    from corridors.routing.answer import _normals

    mean, sigma = float(leg["hours"]), spread(float(leg["hours_p10"]), float(leg["hours_p90"]))
    if mean == 0.0 or sigma == 0.0:
        return np.full(n, mean)
    z = np.resize(_normals(seed, _component(leg, parameters)), n)
    return np.asarray(mean * np.exp(sigma * z - sigma**2 / 2))


def _component(leg: dict[str, Any], parameters: Parameters) -> str:
    """Return the name of a leg's uncertain factor, as the pricing of the network calls it."""
    mode, facility = leg["mode"], leg["facility"]
    if leg["kind"] == "border":
        return f"hours:{facility}:{leg['country']}"
    if leg["kind"] == "line" and mode == "ferry":
        return f"hours:{facility}"
    if leg["kind"] == "line" or str(leg.get("transfer", "")).startswith("drayage"):
        country = parameters.get("speed_km_h", mode, leg["country"]).country
        return f"speed:{mode}:{country}"
    to = leg.get("to_mode", mode)
    if to == mode:
        return f"hours:gauge:{facility}"
    first, second = sorted((mode, to), key=("rail", "road", "sea", "ferry").index)
    return f"hours:{first}-{second}{'-aboard' if to == 'sea' else ''}:{facility}"


def tcd(route: Route, quantity: str = "hours") -> pd.DataFrame:
    """Return the corners of a route's time-cost-distance line.

    Columns
    -------
    leg : int
        Number of the leg before this corner (0: departure).
    km : float
        Distance from the origin.
    place, country, kind, mode, step : str
        Where it is; what leg leads here; ``step`` says what a vertical step is.
    hours, hours_p10, hours_p90 : float
        Since departure (for other quantities their name). Waiting for a ferry and its dwell are a
        step before it sails.
    """
    import pandas as pd

    unit = quantity
    draws = leg_draws(route, quantity)
    rows: list[dict[str, Any]] = [
        {"leg": 0, "km": 0.0, "place": route.origin.name, "country": route.origin.country,
         "kind": "", "mode": "", "step": "", unit: 0.0, f"{unit}_p10": 0.0, f"{unit}_p90": 0.0}
    ]  # fmt: skip
    km, value = 0.0, 0.0
    past = np.zeros(draws.shape[1])

    def put(number: int, leg: dict[str, Any], place: str, step: str) -> None:
        low, high = np.percentile(past, [10, 90])
        rows.append({
            "leg": number, "km": round(km, 3), "place": place,
            "country": leg.get("to_country") or leg["country"], "kind": leg["kind"],
            "mode": leg["mode"], "step": step, unit: round(value, 3),
            f"{unit}_p10": round(float(low), 3), f"{unit}_p90": round(float(high), 3),
        })  # fmt: skip

    for number, leg in enumerate(route.legs, start=1):
        amount, drawn = float(leg[quantity] or 0.0), draws[number - 1]
        if quantity == "hours" and leg["kind"] == "line" and leg["mode"] == "ferry" and amount:
            still = min(1.0, (leg.get("wait_h", 0.0) + leg.get("dwell_h", 0.0)) / amount)
            value, past = value + still * amount, past + still * drawn
            put(number, leg, leg["from"], "wait and dwell")
            amount, drawn = (1 - still) * amount, (1 - still) * drawn
        km += leg["length_km"]
        value, past = value + amount, past + drawn
        step = "" if leg["kind"] == "line" else leg.get("transfer") or "border"
        put(number, leg, leg["to"], step)
    return pd.DataFrame(rows)


def tcd_frame(routes: Mapping[str, Route], quantity: str = "hours") -> pd.DataFrame:
    """Return :func:`tcd` of several routes under one another, with their label in ``way``."""
    import pandas as pd

    return pd.concat(
        [tcd(r, quantity).assign(way=label) for label, r in routes.items()], ignore_index=True
    )


def tcd_chart(
    routes: Route | Mapping[str, Route] | Sequence[Route],
    quantity: str = "hours",
    *,
    ax: Axes | None = None,
    names: bool | None = None,
    step_from: float = 0.03,
) -> Axes:
    """Draw time-cost-distance lines with their bands.

    Parameters
    ----------
    routes : Route, or several by label
        Of several corridors, or of one in several years.
    quantity : {"hours", "cost_usd", "co2e_kg"}
        Hours are drawn as days.
    ax : matplotlib Axes, optional
    names : bool, optional
        Write the places of the great steps; by default where one route is drawn.
    step_from : float
        Steps below this part of the total are not named.
    """
    import matplotlib.pyplot as plt

    ways = labelled(routes)
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 6))
    scale = 24.0 if quantity == "hours" else 1.0
    for i, (label, route) in enumerate(ways.items()):
        frame, color = tcd(route, quantity), f"C{i % 10}"
        ax.plot(frame["km"], frame[quantity] / scale, color=color, label=label, lw=1.8)
        ax.fill_between(
            frame["km"], frame[f"{quantity}_p10"] / scale, frame[f"{quantity}_p90"] / scale,
            color=color, alpha=0.15, lw=0,
        )  # fmt: skip
        if names if names is not None else len(ways) == 1:
            _name_steps(ax, frame, quantity, scale, step_from, color)
    ax.set_xlabel("km from origin")
    cargo = next(iter(ways.values())).cargo
    per = "" if quantity == "hours" else f" for {cargo['amount']:g} {cargo['unit']}"
    ax.set_ylabel(LABELS[quantity] + per)
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.legend(title="expected; band P10 to P90", fontsize=8, loc="upper left")
    return ax


def labelled(routes: Route | Mapping[str, Route] | Sequence[Route]) -> dict[str, Route]:
    """Return routes by label; unlabelled ones by corridor, ends and year.

    Raises
    ------
    SchemaError
        No route at all.
    """
    if isinstance(routes, Mapping):
        out = dict(routes)
    else:
        out = {}
        every: list[Any] = [routes] if hasattr(routes, "legs") else list(routes)
        for r in every:
            name = r.corridor or f"{r.origin.name} – {r.destination.name}"
            name = f"{name} ({r.year})"
            out[name if name not in out else f"{name} #{len(out) + 1}"] = r
    if not out:
        raise SchemaError("no route to draw")
    return out


def _name_steps(
    ax: Any, frame: pd.DataFrame, quantity: str, scale: float, step_from: float, color: str
) -> None:
    total = float(frame[quantity].iloc[-1])
    value = frame[quantity].to_numpy()
    # steps of one place stand over one another: they are named once
    groups = (frame["step"] == "").cumsum().to_numpy()
    for g in np.unique(groups):
        rows = np.flatnonzero((groups == g) & (frame["step"] != "").to_numpy())
        if not len(rows):
            continue
        height = value[rows[-1]] - value[rows[0] - 1]
        if height < step_from * total:
            continue
        amount = f"{height / scale:,.1f} d" if scale == 24.0 else f"{height:,.0f}"
        ax.annotate(
            f"{frame['place'].iloc[rows[0]]}  +{amount}",
            (frame["km"].iloc[rows[-1]], (value[rows[-1]] - height / 2) / scale),
            xytext=(6, 0), textcoords="offset points", fontsize=7, va="center", color=color,
        )  # fmt: skip


def chart_svg(routes: Any, quantity: str = "hours", **options: Any) -> str:
    """Return the chart as SVG text, the same bytes for the same routes."""
    import io

    import matplotlib
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"svg.hashsalt": "corridors", "svg.fonttype": "none"}):
        fig, ax = plt.subplots(figsize=(9, 5))
        tcd_chart(routes, quantity, ax=ax, **options)
        out = io.StringIO()
        fig.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
        plt.close(fig)
    return out.getvalue()


def on_map(m: Any, routes: Any, quantity: str = "hours", **options: Any) -> Any:
    """Put the chart on a map of :func:`corridors.explore`, as a panel that opens at a click.

    The map draws one route's line by itself in the panel of routes; this adds the bands, and
    several ways or years together. The chart is a picture in the file: nothing is loaded.
    """
    import base64

    from branca.element import Element

    picture = base64.b64encode(chart_svg(routes, quantity, **options).encode()).decode()
    html = (
        '<details class="corridors-tcd" style="position:absolute;right:64px;top:12px;z-index:900;'
        "max-width:min(680px,50vw);background:#fffffff2;color:#222;border-radius:6px;"
        'padding:6px 10px;font:13px system-ui,sans-serif;box-shadow:0 1px 4px #0004">'
        '<summary style="cursor:pointer">Time–distance chart</summary>'
        f'<img alt="Time-cost-distance chart" src="data:image/svg+xml;base64,{picture}" '
        'style="width:100%;height:auto;background:#fff"></details>'
    )
    m.get_root().html.add_child(Element(html))
    return m
