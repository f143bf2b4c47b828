"""The plain map, for where the web assets are not built: folium's own layers, from its CDN.

It shows the same things without panel, search, years and planner.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from corridors.maps.encode import decode_line

_LINES = {
    "railway": "#1d5fa8",
    "road": "#c4541a",
    "gas_pipeline": "#0a8466",
    "oil_pipeline": "#3d3a36",
    "ferry": "#1688b8",
    "sea_link": "#4a86a8",
    "rail": "#1d5fa8",
    "sea": "#0f7f94",
}
_OTHER = "#6b4fa0"
_PLANNED = {"planned", "proposed", "construction", "stalled"}


def draw(data: dict[str, Any], *, m: Any = None, tiles: Any = None, title: str = "") -> Any:
    """Return a folium Map of the structure of :mod:`corridors.maps.payload`."""
    import folium

    if m is None:
        west, south, east, north = data["view"]
        m = folium.Map(tiles=tiles, prefer_canvas=True, max_bounds=False)
        m.get_root().title = title
        m.fit_bounds([[south, west], [north, east]])
        _base(m, data["base"])
    kinds = sorted({r["kind"] for r in data["lines"] + data["points"]})
    for kind in kinds:
        group = folium.FeatureGroup(name=escape(kind.replace("_", " "))).add_to(m)
        for r in data["lines"]:
            if r["kind"] == kind:
                _line(group, r["g"], r["d"], _LINES.get(kind, _OTHER), _tip(r), r.get("status"))
        for r in data["points"]:
            if r["kind"] == kind:
                folium.CircleMarker(
                    [r["y"], r["x"]], radius=4, weight=1, color="#ffffff", fill=True,
                    fill_color="#0b5688", fill_opacity=1, tooltip=_tip(r),
                ).add_to(group)  # fmt: skip
    for route in data["routes"]:
        ends = [route.get(k, {}).get("name", "?") for k in ("origin", "destination")]
        name = route.get("label") or " → ".join(map(str, ends))
        group = folium.FeatureGroup(name=escape(str(name))).add_to(m)
        for leg in route["legs"]:
            if leg.get("g"):
                _line(group, leg["g"], 3, _LINES.get(leg.get("mode"), _OTHER), _leg(leg), None, 5)
    if isinstance(m, folium.Map):
        folium.LayerControl(collapsed=False).add_to(m)
    return m


def _base(m: Any, base: Any) -> None:
    import folium

    if base is None:
        return
    group = folium.FeatureGroup(name="Base map", control=False).add_to(m)
    for key, fill in (("land", "#f8f6f1"), ("lake", "#d7e5ec")):
        for rings in base[key]:
            folium.Polygon(
                [_latlon(r, 3) for r in rings], color="#9db6c4", weight=0.6, fill=True,
                fill_color=fill, fill_opacity=1, interactive=False,
            ).add_to(group)  # fmt: skip
    border = [_latlon(line, 3) for line in base["border"]]
    _polyline()(border, color="#a99d8f", weight=0.8, interactive=False).add_to(group)


def _polyline() -> Any:
    """Return folium's class, which has no annotations of its own."""
    from folium import PolyLine

    return PolyLine


def _line(
    group: Any, parts: Iterable[str], decimals: int, color: str, tip: str, status: Any,
    weight: float = 2.5,
) -> None:  # fmt: skip
    _polyline()(
        [_latlon(g, decimals) for g in parts],
        color=color,
        weight=weight,
        dash_array="6 5" if status in _PLANNED else None,
        tooltip=tip,
    ).add_to(group)


def _latlon(text: str, decimals: int) -> list[tuple[float, float]]:
    return [(y, x) for x, y in decode_line(text, decimals)]


def _text(value: Any) -> str:
    """Return a text that is text for HTML, for a script's template string and for Jinja."""
    out = escape(str(value)[:200])
    for char in "`${}\\":
        out = out.replace(char, f"&#{ord(char)};")
    return out


def _tip(r: dict[str, Any]) -> str:
    facts = [r["kind"].replace("_", " "), r.get("status")]
    if "length_km" in r:
        facts.append(f"{r['length_km']:,} km")
    if r.get("precision") in ("schematic", "approximate"):
        facts.append(str(r["precision"]))
    if r.get("confidence") == "low":
        facts.append("low confidence")
    rest = " · ".join(_text(f) for f in facts if f)
    source = f"<br>Source: {_text(r['source'])}" if r.get("source") else ""
    return f"<b>{_text(r['name'])}</b><br>{rest}{source}"


def _leg(leg: dict[str, Any]) -> str:
    ends = f"<b>{_text(leg.get('from', '?'))} → {_text(leg.get('to', '?'))}</b>"
    return f"{ends}<br>{_text(leg.get('mode', ''))} · {leg.get('length_km', 0):,} km"
