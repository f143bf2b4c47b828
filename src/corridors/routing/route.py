"""The answer: a frozen Route, its legs and totals, and its ways out."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class End:
    """Where a route begins or ends: what was asked, what was found, how far from the network."""

    query: str
    id: str
    name: str
    kind: str
    country: str
    lat: float
    lon: float
    snap_km: float
    """Distance in km from the place to the line (or terminal) where the route begins or ends."""

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's fields."""
        return {
            "query": self.query, "name": self.name, "lat": round(self.lat, 5),
            "lon": round(self.lon, 5), "snap_km": round(self.snap_km, 2), "id": self.id,
            "country": self.country,
        }  # fmt: skip


@dataclass(frozen=True)
class Range:
    """An expected value with its P10 and P90."""

    expected: float
    p10: float
    p90: float

    def to_dict(self) -> dict[str, float]:
        """Return expected, p10, p90."""
        return {"expected": self.expected, "p10": self.p10, "p90": self.p90}


@dataclass(frozen=True, eq=False)
class Route:
    """A way from one place to another.

    Attributes
    ----------
    origin, destination : End
    by, modes, year, cargo
        The question's terms.
    length_km : float
        Track, road and lane length; access to the network and transfers are not in it.
    hours, cost_usd, co2e_kg : Range
        Door to door, waiting included, for the stated cargo. CO2e is well-to-wheel.
    legs : list of dict
        As in the JSON contract; they add up to the totals.
    notes : tuple of str
        What the reader must know.
    """

    origin: End
    destination: End
    by: str
    modes: tuple[str, ...]
    year: int
    cargo: dict[str, Any]
    length_km: float
    hours: Range
    cost_usd: Range
    co2e_kg: Range
    countries: list[dict[str, Any]]
    borders: list[dict[str, Any]]
    legs: list[dict[str, Any]]
    data: dict[str, str]
    notes: tuple[str, ...] = ()
    lines: tuple[NDArray[np.float64], ...] = field(default=(), repr=False)
    """One (n, 2) lon, lat array per leg."""
    draws: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    """Simulated totals of hours, usd and co2e (same draws for every route of a network)."""
    corridor: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the route as ``corridors route --format json`` prints it."""
        out: dict[str, Any] = {
            "origin": self.origin.to_dict(), "destination": self.destination.to_dict(),
            "by": self.by, "modes": list(self.modes), "year": self.year, "cargo": self.cargo,
            "length_km": self.length_km, "hours": self.hours.to_dict(),
            "cost_usd": self.cost_usd.to_dict(), "co2e_kg": self.co2e_kg.to_dict(),
            "countries": self.countries, "borders": self.borders, "legs": self.legs,
            "data": self.data, "notes": list(self.notes),
        }  # fmt: skip
        if self.corridor:
            out["corridor"] = self.corridor
        return json.loads(json.dumps(out))  # type: ignore[no-any-return]

    @cached_property
    def geometry(self) -> BaseGeometry:
        """The whole way as one LineString (EPSG:4326, x = lon, y = lat)."""
        import shapely

        parts = [line for line in self.lines if len(line)]
        if not parts:
            return shapely.LineString()
        whole = np.concatenate(parts)
        keep = np.ones(len(whole), dtype=bool)
        keep[1:] = np.any(whole[1:] != whole[:-1], axis=1)
        whole = whole[keep]
        return shapely.LineString(whole if len(whole) > 1 else np.repeat(whole, 2, axis=0))

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        """The legs as a GeoJSON FeatureCollection."""
        features = []
        for leg, line in zip(self.legs, self.lines, strict=True):
            coordinates = np.round(line, 5).tolist()
            shape = (
                {"type": "LineString", "coordinates": coordinates}
                if len(coordinates) > 1
                else {"type": "Point", "coordinates": coordinates[0]}
                if coordinates
                else None
            )
            features.append({"type": "Feature", "properties": dict(leg), "geometry": shape})
        return {"type": "FeatureCollection", "features": features}

    def to_gdf(self) -> gpd.GeoDataFrame:
        """Return one row per leg, EPSG:4326; transfers and borders are points."""
        import geopandas as gpd
        import shapely

        shapes = [
            shapely.LineString(line) if leg["kind"] == "line" and len(line) > 1
            else shapely.Point(line[0]) if len(line) else None
            for leg, line in zip(self.legs, self.lines, strict=True)
        ]  # fmt: skip
        return gpd.GeoDataFrame(list(self.legs), geometry=shapes, crs="EPSG:4326")

    def explore(self, **options: Any) -> folium.Map:
        """Return the route on an interactive map; options as of :func:`corridors.explore`."""
        from corridors.maps import explore

        return explore(routes=[self], **options)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in leg_rows(self)
        )
        head = "".join(f"<th>{c}</th>" for c in LEG_COLUMNS)
        return (
            f"<div><b>{html.escape(self.origin.name)} → {html.escape(self.destination.name)}</b>: "
            f"{html.escape(summary(self))}<table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        return f"<Route {self.origin.name} -> {self.destination.name}: {summary(self)}>"


LEG_COLUMNS = ("leg", "from", "to", "country", "km", "hours", "USD", "kg CO2e", "confidence")


def leg_label(leg: dict[str, Any]) -> str:
    """Return what a leg is, in a few words."""
    if leg["kind"] == "border":
        return f"border {leg['country']} → {leg['to_country']}"
    if leg["kind"] == "transfer":
        return str(leg["transfer"])
    gauge = f" {leg['gauge_mm']} mm" if leg["mode"] == "rail" and leg["gauge_mm"] else ""
    return f"{leg['mode']}{gauge}"


def leg_rows(route: Route) -> list[tuple[str, ...]]:
    """Return the legs as text cells under ``LEG_COLUMNS``."""
    return [
        (
            leg_label(leg), leg["from"], leg["to"], leg["country"], f"{leg['length_km']:,.1f}",
            f"{leg['hours']:,.1f}", _number(leg["cost_usd"], 0), _number(leg["co2e_kg"], 0),
            leg["confidence"],
        )
        for leg in route.legs
    ]  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def summary(route: Route) -> str:
    """Return the totals in one line, with units and ranges."""
    text = f"{route.length_km:,.0f} km, {_range(route.hours)} h"
    if route.modes != ("pipeline",):
        text += f", USD {_range(route.cost_usd)}, {_range(route.co2e_kg)} kg CO2e"
    return text


def _range(r: Range) -> str:
    return f"{r.expected:,.0f} ({r.p10:,.0f}–{r.p90:,.0f})"
