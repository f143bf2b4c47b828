"""Small frames, routes and a base map for the tests of the map: shapes by hand, figures made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
from shapely.geometry import LineString, Point

PLACES = {
    "urumqi": ("Urumqi", "city", "CN", 87.6005, 43.801, "Ürümqi|Үрімші|乌鲁木齐|Урумчи"),
    "khorgos": ("Khorgos", "border_crossing", "CN", 80.4164, 44.2028, "霍尔果斯|Horgos|Қорғас"),
    "almaty": ("Almaty", "city", "KZ", 76.9115, 43.2525, "Алматы|阿拉木图"),
    "aktau": ("Port of Aktau", "port", "KZ", 51.1638, 43.6465, "Ақтау|Aqtau"),
    "alat": ("Port of Alat", "port", "AZ", 49.4413, 39.9763, "Ələt"),
    "turkmenbasy": ("Türkmenbaşy", "port", "TM", 53.0333, 40.0, "Turkmenbashi|Красноводск"),
    "tbilisi": ("Tbilisi", "city", "GE", 44.8341, 41.6914, "თბილისი"),
    "poti": ("Port of Poti", "port", "GE", 41.6669, 42.1462, "ფოთი"),
    "dostyk": ("Dostyk", "break_of_gauge", "KZ", 82.4804, 45.2533, "Дружба"),
}
# places that are also names of cities in the sample base map
CITIES = (("Urumqi", 87.6, 43.8, 2), ("Almaty", 76.91, 43.25, 2), ("Lanzhou", 103.84, 36.06, 2))


def point(key: str) -> tuple[float, float]:
    """Return lon, lat of a place."""
    return PLACES[key][3], PLACES[key][4]


def places(**changed: str) -> gpd.GeoDataFrame:
    """Return a frame as ``atlas.places``; ``changed`` gives a place another name."""
    rows = [
        {
            "id": key, "name": changed.get(key, name), "kind": kind, "country": country,
            "status": "operating", "aliases": aliases, "precision": "settlement",
            "confidence": "high", "source": "general knowledge", "geometry": Point(lon, lat),
        }
        for key, (name, kind, country, lon, lat, aliases) in PLACES.items()
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def assets() -> gpd.GeoDataFrame:
    """Return a frame as ``atlas.assets``: each status, a rough line, unknown years."""
    rows = [
        ("north-xinjiang", "Northern Xinjiang railway", "railway", "operating", 2009, None,
         "traced", "high", ["urumqi", "khorgos", "almaty"]),
        ("new-line", "New railway", "railway", "construction", 2030, None, "schematic", "medium",
         ["khorgos", "dostyk"]),
        ("highway", "Highway", "road", "operating", 2017, None, "traced", "high",
         ["khorgos", "almaty"]),
        ("gas", "Gas pipeline", "gas_pipeline", "operating", 2009, None, "schematic", "low",
         ["turkmenbasy", "almaty"]),
        ("old-ferry", "Old ferry", "ferry", "closed", 1990, 2015, "chord", "low",
         ["aktau", "turkmenbasy"]),
    ]  # fmt: skip
    frame = [
        {
            "id": key, "name": name, "kind": kind, "status": status, "opened": opened,
            "closed": closed, "countries": "CN|KZ", "length_km": 1234.5678, "capacity": 5.0,
            "capacity_unit": "Mt/yr", "precision": precision, "confidence": confidence,
            "source": "made up for the tests", "geometry": LineString([point(k) for k in stops]),
        }
        for key, name, kind, status, opened, closed, precision, confidence, stops in rows
    ]  # fmt: skip
    return gpd.GeoDataFrame(frame, crs="EPSG:4326")


class FakeRoute:
    """What the map asks of a Route: ``to_dict`` and ``to_gdf``."""

    def __init__(self, stops: list[tuple[str, str, str]], speed: float = 30.0) -> None:
        self.stops, self.speed = stops, speed

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of the contract."""
        legs = []
        for a, b, mode in self.stops:
            line = mode not in ("border", "transfer")
            km = round(LineString([point(a), point(b)]).length * 90, 1) if line else 0.0
            hours = round(km / self.speed, 1) if line else 30.0
            legs.append(
                {
                    "kind": "line" if line else mode, "mode": mode if line else "rail",
                    "gauge_mm": 1520 if mode == "rail" else None, "from": PLACES[a][0],
                    "to": PLACES[b][0], "country": PLACES[a][2], "length_km": km, "hours": hours,
                    "cost_usd": km * 0.7, "co2e_kg": km * 0.3, "confidence": "medium",
                }
            )  # fmt: skip

        def total(key: str) -> dict[str, float]:
            v = sum(leg[key] for leg in legs)
            return {"expected": v, "p10": v * 0.8, "p90": v * 1.5}

        def end(key: str) -> dict[str, Any]:
            lon, lat = point(key)
            return {"query": key, "name": PLACES[key][0], "lat": lat, "lon": lon, "snap_km": 0.4}

        return {
            "origin": end(self.stops[0][0]), "destination": end(self.stops[-1][1]), "by": "time",
            "modes": ["rail", "ferry"], "year": 2025, "cargo": {"teu": 1},
            "length_km": sum(leg["length_km"] for leg in legs), "hours": total("hours"),
            "cost_usd": total("cost_usd"), "co2e_kg": total("co2e_kg"),
            "countries": [{"country": "KZ", "length_km": 2000.0, "hours": 80.0}],
            "borders": [{"crossing": "Khorgos", "from": "CN", "to": "KZ", "hours": 30.0}],
            "legs": legs, "data": {"version": "0", "parameters": "0"}, "notes": ["A note."],
        }  # fmt: skip

    def to_gdf(self) -> gpd.GeoDataFrame:
        """Return one row per leg."""
        shapes = [
            Point(point(a)) if mode in ("border", "transfer") else LineString([point(a), point(b)])
            for a, b, mode in self.stops
        ]
        return gpd.GeoDataFrame(self.to_dict()["legs"], geometry=shapes, crs="EPSG:4326")


def route() -> FakeRoute:
    """Return Urumqi to Poti by rail and ferry."""
    return FakeRoute(
        [
            ("urumqi", "khorgos", "rail"), ("khorgos", "khorgos", "border"),
            ("khorgos", "almaty", "rail"), ("almaty", "aktau", "rail"),
            ("aktau", "aktau", "transfer"), ("aktau", "alat", "ferry"), ("alat", "tbilisi", "rail"),
            ("tbilisi", "poti", "rail"),
        ]
    )  # fmt: skip


def other_route() -> FakeRoute:
    """Return Urumqi to Poti by road and Türkmenbaşy."""
    return FakeRoute(
        [
            ("urumqi", "khorgos", "road"), ("khorgos", "khorgos", "border"),
            ("khorgos", "turkmenbasy", "road"), ("turkmenbasy", "alat", "ferry"),
            ("alat", "poti", "road"),
        ],
        speed=45.0,
    )  # fmt: skip


def hub_graph() -> nx.MultiDiGraph:
    """Return a small graph as ``net.hub_graph()``: both ways, with facilities and years."""
    graph = nx.MultiDiGraph(names={"aktau-alat": "Ferry Aktau–Alat"})
    numbers: dict[str, int] = {}
    for number, (key, (name, kind, country, lon, lat, _)) in enumerate(PLACES.items()):
        numbers[key] = number
        node = {"place": key, "name": name, "lon": lon, "lat": lat, "country": country}
        graph.add_node(number, **node, kind="city" if kind == "city" else "terminal")
    # the quay of a port is another node than its rail yard
    quay = {**graph.nodes[numbers["aktau"]]}
    graph.add_node(100, **quay)
    numbers["aktau quay"] = 100

    def link(
        a: str, b: str, mode: str, hours: float, usd: float, km: float,
        facilities: tuple[str, ...] = (), since: int = 0, until: int = 0, kind: str = "line",
    ) -> None:  # fmt: skip
        for u, v in ((a, b), (b, a)):
            data: dict[str, Any] = {
                "kind": kind, "mode": mode, "country": PLACES[b.split()[0]][2], "hours": hours,
                "cost_usd": usd, "co2e_kg": km / 3, "length_km": km, "facilities": list(facilities),
                "from_year": since, "to_year": until,
            }  # fmt: skip
            if kind == "line":
                data["geometry"] = [point(u.split()[0]), point(v.split()[0])]
            graph.add_edge(numbers[u], numbers[v], **data)

    link("urumqi", "khorgos", "rail", 20.1, 500, 668)
    link("urumqi", "dostyk", "rail", 18.7, 480, 480)
    link("khorgos", "almaty", "rail", 44.3, 400, 329, ("khorgos",))
    link("dostyk", "almaty", "rail", 60.9, 700, 900, ("dostyk",))
    link("almaty", "aktau", "rail", 52.2, 1900, 2771)
    link("almaty", "turkmenbasy", "road", 66.6, 4000, 2900)
    link("aktau", "aktau quay", "rail", 9.3, 60, 0, ("aktau",), kind="transfer")
    link("aktau quay", "alat", "ferry", 31.1, 840, 470, ("aktau-alat", "alat"))
    link("turkmenbasy", "alat", "ferry", 30.3, 700, 343, ("turkmenbasy", "alat"))
    link("alat", "tbilisi", "rail", 20.2, 450, 480)
    link("tbilisi", "poti", "rail", 14.8, 250, 304)
    link("tbilisi", "poti", "road", 6.1, 800, 330)
    link("urumqi", "almaty", "road", 30.5, 1800, 1150, since=2030)
    return graph


def write_basemap(folder: Path) -> Path:
    """Write a base map of one rectangle with a hole for the Caspian, and return its path."""
    ring = [[25, 30], [125, 30], [125, 56], [25, 56], [25, 30]]
    hole = [[47, 37], [47, 47], [54, 47], [54, 37], [47, 37]]

    def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
        geometry = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    features = [
        feature("Polygon", [ring, hole], layer="land"),
        feature("Polygon", [[[74, 45], [79, 46], [74, 46.5], [74, 45]]], layer="lake"),
        feature("MultiLineString", [[[80.2, 42], [80.3, 45]]], layer="border", a="CN", b="KZ"),
        feature("Point", [68, 48], layer="country", name="Kazakhstan", rank=1, code="KZ"),
        feature("Point", [50.7, 41.9], layer="water", name="Caspian Sea", rank=2),
    ]
    features += [
        feature("Point", [lon, lat], layer="city", name=name, rank=rank)
        for name, lon, lat, rank in CITIES
    ]
    path = folder / "basemap.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


# Names that try to be more than text
HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\">",
    "</script><script>window.hacked='script'</script>",
    "<!-- <script>",
    "{{ 7 * 7 }}{% for x in y %}",
    "'\"`${window.hacked='template'}`\\",
    "javascript:window.hacked='url'",
    "\u202eright to left\u202c \u200f\u2066isolate\u2069",
    "line\u2028separator\u2029\n\r\ttab\x00\x07",
    "&lt;b&gt;&amp;#60;",
    "long " + "ab" * 5000,
    "乌鲁木齐 Ақтау Türkmenbaşy თბილისი",
)
