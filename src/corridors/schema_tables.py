"""The tables: every column with its type, unit, choices and meaning.

The same rows make the check, the documentation of the data, and the field descriptions of
``datapackage.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TABLES", "Column", "Table"]

MODES = ("rail", "road", "sea", "ferry", "pipeline")
STATUSES = ("operating", "construction", "planned", "proposed", "stalled", "closed")
FERRY_STATUSES = (*STATUSES, "suspended")
PRECISIONS = (
    "surveyed",
    "station",
    "settlement",
    "traced",
    "chord",
    "schematic",
    "approximate",
)
CONFIDENCES = ("high", "medium", "low")
THEMES = (
    "trade",
    "industrial investment",
    "connectivity",
    "green energy and minerals",
    "agriculture",
    "people",
)
GAUGES = ("1000", "1067", "1435", "1520", "1524", "1600", "1668", "1676")
PLACE_KINDS = (
    "border_crossing", "break_of_gauge", "charging_station", "city", "compressor_station",
    "cooperation_centre",
    "dry_port", "ferry_terminal", "free_zone", "gas_field", "gas_plant", "hydro_plant",
    "logistics_base", "metering_station", "mine", "oil_field", "oil_gas_terminal", "organisation",
    "port", "pumping_station", "rail_terminal", "solar_farm", "station", "strait", "summit",
    "terminal", "wind_farm",
)  # fmt: skip
TERMINAL_KINDS = ("port", "ferry_terminal", "dry_port", "rail_terminal", "break_of_gauge")
ASSET_KINDS = (
    "railway", "road", "gas_pipeline", "oil_pipeline", "ferry", "sea_link", "fibre_cable",
    "city_partnership", "charging_route",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
    type : str
        ``id, text, float, int, date, choice, country, zone`` or ``locode``.
    meaning : str
    unit : str
    required : bool
        Whether every row must have it.
    choices : tuple of str
        For ``choice``.
    many : bool
        Whether a cell may hold several, ``|`` between them.
    low, high : float, optional
        Bounds of a number, included.
    telling : bool
        Whether having it tells this table from the others.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    many: bool = False
    low: float | None = None
    high: float | None = None
    telling: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what its rows are, its key, its columns, and its geometry.

    Parameters
    ----------
    meaning : str
    key : tuple of str
        Columns by which rows are told apart; none where rows may repeat.
    geometry : tuple of str
        Allowed geometry types; empty where the table has none.
    columns : tuple of Column
    also : tuple of str
        Other file names by which it goes.
    """

    meaning: str
    key: tuple[str, ...]
    geometry: tuple[str, ...]
    columns: tuple[Column, ...]
    also: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """Return the names of its columns."""
        return {c.name for c in self.columns}


def _c(name: str, type: str, meaning: str, **more: object) -> Column:
    return Column(name, type, meaning, **more)  # type: ignore[arg-type]


_IDENT = _c("id", "id", "unique id, lower case, as khorgos-cn", required=True)
_NAME = _c("name", "text", "name in English, diacritics kept", required=True)
_LON = _c("lon", "float", "longitude, EPSG:4326", unit="degree", required=True, low=-180, high=180)
_LAT = _c("lat", "float", "latitude, EPSG:4326", unit="degree", required=True, low=-90, high=90)
_FROM = _c("from_year", "date", "first year in which the row holds; empty = always")
_TO = _c("to_year", "date", "last year in which the row holds; empty = still")
_ALIASES = _c("aliases", "text", "other names, native ones included, | between them", many=True)
_PRECISION = _c("precision", "choice", "how well the position is known", choices=PRECISIONS)
_CONFIDENCE = _c(
    "confidence", "choice", "how sure the facts are", choices=CONFIDENCES, required=True
)
_SOURCE = _c("source", "text", "every row names its source", required=True)
_NOTE = _c("note", "text", "what else there is to say")
_THEME = _c("theme", "choice", "what the thing serves", choices=THEMES, many=True)
_UNLOCODE = _c("unlocode", "locode", "UN/LOCODE where it exists and is right")
_OPERATOR = _c("operator", "text", "who runs it")
_CAPACITY = _c("capacity", "float", "published capacity, in capacity_unit", low=0)
_UNIT = _c("capacity_unit", "text", "unit of capacity, as Mt/yr, bcm/yr, TEU/yr, MW")
_STATUS = _c("status", "choice", "what state it is in", choices=STATUSES, required=True)


def _range(stem: str, meaning: str, unit: str) -> tuple[Column, ...]:
    return (
        _c(stem, "float", meaning, unit=unit, low=0),
        _c(f"{stem}_low", "float", f"{meaning}, tenth percentile", unit=unit, low=0),
        _c(f"{stem}_high", "float", f"{meaning}, ninetieth percentile", unit=unit, low=0),
    )


TABLES: dict[str, Table] = {
    "places": Table(
        "points of the atlas: cities, stations, ports, crossings, fields, centres",
        ("id",),
        ("Point",),
        (
            _IDENT,
            _NAME,
            _c("kind", "choice", "what it is", choices=PLACE_KINDS, required=True),
            _c("country", "country", "ISO 3166-1; a crossing has two", required=True, many=True),
            _LON,
            _LAT,
            _c(
                "status",
                "choice",
                "what state it is in; a summit is held",
                choices=(*STATUSES, "open", "restricted", "held"),
                required=True,
            ),
            _FROM,
            _TO,
            _UNLOCODE,
            _c(
                "gauge",
                "choice",
                "track gauges, both sides of a crossing",
                choices=GAUGES,
                many=True,
                unit="mm",
            ),
            _c("modes", "choice", "modes that meet there", choices=MODES, many=True),
            _THEME,
            _OPERATOR,
            _CAPACITY,
            _UNIT,
            _ALIASES,
            _PRECISION,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "assets": Table(
        "lines of the atlas: railways, roads, pipelines, ferries, cables, partnerships",
        ("id",),
        ("LineString", "MultiLineString"),
        (
            _IDENT,
            _NAME,
            _c("kind", "choice", "what it is", choices=ASSET_KINDS, required=True),
            _STATUS,
            _c("opened", "date", "year or date of opening, expected where not yet", telling=True),
            _c("closed", "date", "year or date of closing"),
            _c("countries", "country", "ISO 3166-1 codes along it", many=True, telling=True),
            _c("published_km", "float", "published length", unit="km", low=0, telling=True),
            _c("published_km_note", "text", "what the published length counts"),
            _c("length_km", "float", "length as drawn, WGS84", unit="km", low=0),
            _CAPACITY,
            _UNIT,
            _c("gauge_mm", "choice", "track gauge", choices=GAUGES, many=True, unit="mm"),
            _c("diameter_mm", "float", "pipe diameters", unit="mm", many=True, low=0, high=2000),
            _OPERATOR,
            _THEME,
            _ALIASES,
            _PRECISION,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "edges": Table(
        "edges of a network",
        (),
        ("LineString", "MultiLineString"),
        (
            _c("u", "int", "number of the first node", required=True, telling=True, low=0),
            _c("v", "int", "number of the last node", required=True, telling=True, low=0),
            _c("mode", "choice", "mode", choices=MODES, required=True),
            _c(
                "length_km",
                "float",
                "length that counts",
                unit="km",
                required=True,
                low=0,
                high=25000,
                telling=True,
            ),
            _c(
                "gauge_mm",
                "choice",
                "track gauge, 0 off the rails",
                choices=("0", *GAUGES),
                unit="mm",
            ),
            _c("country", "country", "ISO 3166-1, empty at sea"),
            _c("kind", "choice", "what it is", choices=("line", "border", "transfer")),
            _c(
                "status", "choice", "what state it is in", choices=(*STATUSES, "open", "restricted")
            ),
            _c("from_year", "text", "first year, 0 where not limited"),
            _c("to_year", "text", "last year, 0 where not limited"),
        ),
        also=("network",),
    ),
    "terminals": Table(
        "places where modes or gauges meet",
        ("id",),
        ("Point",),
        (
            _IDENT,
            _NAME,
            _c("kind", "choice", "what it is", choices=TERMINAL_KINDS, required=True),
            _c("country", "country", "ISO 3166-1", required=True),
            _LON,
            _LAT,
            _c(
                "modes",
                "choice",
                "modes that meet there",
                choices=MODES,
                many=True,
                required=True,
                telling=True,
            ),
            _c(
                "gauges_mm",
                "choice",
                "track gauges there",
                choices=GAUGES,
                many=True,
                unit="mm",
                telling=True,
            ),
            _STATUS,
            _FROM,
            _TO,
            _UNLOCODE,
            _OPERATOR,
            _CAPACITY,
            _UNIT,
            _ALIASES,
            _PRECISION,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "crossings": Table(
        "border crossing points, one row per crossing and mode",
        ("id",),
        ("Point",),
        (
            _IDENT,
            _NAME,
            _c("mode", "choice", "mode", choices=("rail", "road"), required=True),
            _c(
                "country_a",
                "country",
                "ISO 3166-1, the first by the alphabet",
                required=True,
                telling=True,
            ),
            _c("country_b", "country", "ISO 3166-1, the second", required=True, telling=True),
            _LON,
            _LAT,
            _c(
                "gauge_a_mm",
                "choice",
                "track gauge in country_a",
                choices=GAUGES,
                many=True,
                unit="mm",
            ),
            _c(
                "gauge_b_mm",
                "choice",
                "track gauge in country_b",
                choices=GAUGES,
                many=True,
                unit="mm",
            ),
            _c("transfer_at", "text", "id of the terminal of the break of gauge"),
            _c(
                "status",
                "choice",
                "what state it is in",
                required=True,
                choices=("open", "closed", "restricted", "construction", "planned"),
            ),
            _FROM,
            _TO,
            *_range("hours_ab", "time at the border from a to b, both sides", "h"),
            *_range("hours_ba", "time at the border from b to a, both sides", "h"),
            _c("cost_usd_ab", "float", "cost from a to b", unit="USD", low=0),
            _c("cost_usd_ba", "float", "cost from b to a", unit="USD", low=0),
            _ALIASES,
            _PRECISION,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "frontiers": Table(
        "land frontiers, and what they are for a train or a lorry",
        ("country_a", "country_b", "mode", "from_year"),
        (),
        (
            _c("country_a", "country", "ISO 3166-1, the first by the alphabet", required=True),
            _c("country_b", "country", "ISO 3166-1, the second", required=True),
            _c("mode", "choice", "mode", choices=("rail", "road"), required=True),
            _c(
                "status", "choice", "state", choices=("open", "closed", "restricted"), required=True
            ),
            _c(
                "regime",
                "choice",
                "what is controlled",
                required=True,
                telling=True,
                choices=("control", "customs_union", "schengen"),
            ),
            _FROM,
            _TO,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "ferries": Table(
        "lines over the Caspian and the Black Sea",
        ("id",),
        (),
        (
            _IDENT,
            _NAME,
            _c("from_terminal", "id", "id of a terminal", required=True, telling=True),
            _c("to_terminal", "id", "id of a terminal", required=True, telling=True),
            _c(
                "carries",
                "choice",
                "what it carries",
                required=True,
                many=True,
                choices=("wagons", "trucks", "containers"),
            ),
            *_range("sailing_h", "time under way", "h"),
            *_range("headway_h", "time between sailings", "h"),
            _c("published_km", "float", "published distance", unit="km", low=0),
            _c("via", "text", "points over water, 'lat lon;lat lon'"),
            _c("status", "choice", "what state it is in", choices=FERRY_STATUSES, required=True),
            _FROM,
            _TO,
            _OPERATOR,
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "parameters": Table(
        "speeds, delays, tariffs and emissions, each with its range",
        ("key", "mode", "country", "note"),
        (),
        (
            _c("key", "text", "name of the parameter", required=True, telling=True),
            _c("mode", "text", "mode, empty for all"),
            _c("country", "zone", "ISO 3166-1 or a zone of zones.csv, empty everywhere else"),
            _c("unit", "text", "unit of the value", required=True, telling=True),
            _c("value", "float", "central value", required=True, low=0, telling=True),
            _c("low", "float", "tenth percentile", low=0),
            _c("high", "float", "ninetieth percentile", low=0),
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "straits": Table(
        "straits and canals that can be closed, each a gate between two points",
        ("id",),
        (),
        (
            _IDENT,
            _NAME,
            _c("countries", "country", "ISO 3166-1 of both shores", many=True),
            _c(
                "lat1",
                "float",
                "latitude of one end",
                unit="degree",
                required=True,
                low=-90,
                high=90,
                telling=True,
            ),
            _c(
                "lon1",
                "float",
                "longitude of one end",
                unit="degree",
                required=True,
                low=-180,
                high=180,
                telling=True,
            ),
            _c(
                "lat2",
                "float",
                "latitude of the other end",
                unit="degree",
                required=True,
                low=-90,
                high=90,
                telling=True,
            ),
            _c(
                "lon2",
                "float",
                "longitude of the other end",
                unit="degree",
                required=True,
                low=-180,
                high=180,
                telling=True,
            ),
            _ALIASES,
            _CONFIDENCE,
            _SOURCE,
        ),
    ),
    "corridors": Table(
        "named corridors",
        ("id",),
        (),
        (
            _IDENT,
            _NAME,
            _ALIASES,
            _STATUS,
            _c("organisation", "text", "who stands behind it", telling=True),
            _CONFIDENCE,
            _SOURCE,
            _NOTE,
        ),
    ),
    "corridor_stages": Table(
        "the places that a corridor passes, in order",
        ("corridor_id", "branch", "seq"),
        (),
        (
            _c("corridor_id", "id", "id of a corridor", required=True, telling=True),
            _c("branch", "text", "branch of it; empty or main for the trunk", telling=True),
            _c("seq", "int", "number in the order", required=True, telling=True, low=0),
            _c("place", "text", "id of a place", required=True),
            _c("mode", "choice", "how it is reached from the one before", choices=MODES),
        ),
    ),
}
