"""What the tags of a way or node mean: plain functions over a dict of text.

Only what decides where something may travel is strict: a gauge that is no number of millimetres
is a fault (:class:`BadTagError`). Everything else that cannot be read is taken as not known.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LAYERS = ("rail", "road", "ferry", "pipeline")
"""What can be imported; each is a mode of the network."""

ROAD_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
ROADS = frozenset([*ROAD_CLASSES, *(f"{c}_link" for c in ROAD_CLASSES)])
RAILS = ("rail", "narrow_gauge")
USAGES = ("", "main", "branch", "freight", "industrial")
"""Of rails that are taken; military, tourism, test and leisure tracks are left out."""
SERVICES = ("", "crossover")
"""Of tracks that are taken: crossovers join the tracks of a line; yards and sidings are left."""
NOT_BUILT = ("construction", "proposed")

NO_FUEL = frozenset(
    ["water", "hot_water", "drinking_water", "wastewater", "sewage", "rainwater", "steam", "heat",
     "drain", "beer", "milk", "air", "vacuum"]
)  # fmt: skip
"""Substances of pipelines that are no energy corridor."""

# what osmium looks for before Python sees anything: (key, value) pairs
WAY_TAGS: dict[str, list[tuple[str, str]]] = {
    "rail": [
        *(("railway", v) for v in (*RAILS, *NOT_BUILT)),
        *((f"{p}:railway", v) for p in NOT_BUILT for v in RAILS),
    ],
    "road": [
        *(("highway", v) for v in (*sorted(ROADS), *NOT_BUILT)),
        *((f"{p}:highway", v) for p in NOT_BUILT for v in sorted(ROADS)),
    ],
    "ferry": [("route", "ferry")],
    "pipeline": [
        ("man_made", "pipeline"),
        *((p, "pipeline") for p in NOT_BUILT),
        *((f"{p}:man_made", "pipeline") for p in NOT_BUILT),
    ],
}
PLACE_TAGS: dict[str, list[tuple[str, str]]] = {
    "rail": [("railway", "station"), ("railway", "halt"), ("railway", "yard"),
             ("railway", "border"), ("railway", "service_station")],
    "road": [("barrier", "border_control")],
    "ferry": [("amenity", "ferry_terminal")],
    "pipeline": [],
}  # fmt: skip

GAUGE_WORDS = {"standard": 1435}
UNKNOWN_GAUGES = frozenset(["", "unknown", "no", "none"])
YES = frozenset(["yes", "true", "1"])
MPH_KM_H = 1.609344
INCH_MM = 25.4


class BadTagError(ValueError):
    """A tag that decides where something may travel, and that cannot be read."""


class Kind(NamedTuple):
    """All of a way that breaks an edge where it changes."""

    mode: str
    type: str
    """Road class, usage of rails, ``ferry``, or substance of a pipeline."""
    status: str
    from_year: int
    to_year: int
    oneway: int
    """0 both directions, 1 along the way, -1 against it."""
    gauges: tuple[int, ...]
    """In mm; empty where not known."""
    electrified: str
    tracks: int
    maxspeed_km_h: int
    surface: str
    toll: str
    hgv: str
    diameter_mm: int
    location: str
    service: str
    rule: bool
    """Whether a gauge that is not known may be the country's: not on a narrow gauge."""


class Way(NamedTuple):
    """A way's kind and what is gathered along an edge."""

    kind: Kind
    name: str
    ref: str
    bridge: bool
    tunnel: bool


def gauges(text: str) -> tuple[int, ...]:
    """Return the gauges in mm of a tag such as ``1520;1435``, largest first, each once.

    Raises
    ------
    BadTagError
        A part is neither a number of mm between 300 and 3000 nor ``standard`` or ``unknown``.
    """
    found: list[int] = []
    for part in re.split(r"[;,/]", text):
        word = part.strip().lower().removesuffix("mm").strip()
        if word in UNKNOWN_GAUGES:
            continue
        if word in GAUGE_WORDS:
            found.append(GAUGE_WORDS[word])
            continue
        try:
            mm = float(word)
        except ValueError:
            mm = 0.0
        if not 300 <= mm <= 3000:
            raise BadTagError(f"gauge {text!r} is no number of millimetres")
        found.append(round(mm))
    return tuple(sorted(set(found), reverse=True))


def maxspeed_km_h(text: str) -> int:
    """Return a speed limit in km/h (the lowest of several), 0 where not known or without limit."""
    speeds = []
    for part in text.split(";"):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?\s*", part)
        if match:
            value = float(match[1]) * (MPH_KM_H if match[2] == "mph" else 1.0)
            speeds.append(round(value))
    return min((s for s in speeds if 0 < s <= 700), default=0)


def number(text: str) -> int:
    """Return a whole number of a tag such as ``2`` (the largest of several), 0 where not known."""
    found = [int(x) for x in re.findall(r"(?<![\d.])\d+(?![\d.])", text)]
    return max((x for x in found if x < 1000), default=0)


def diameter_mm(text: str) -> int:
    """Return a pipe's diameter in mm; a number without unit is mm, ``"`` and ``in`` are inches."""
    match = re.match(r"\s*(\d+(?:[.,]\d+)?)\s*(mm|cm|m|\"|''|in|inch)?\s*(?:;|$)", text.lower())
    if not match:
        return 0
    value = float(match[1].replace(",", "."))
    unit = match[2] or "mm"
    factor = {"mm": 1.0, "cm": 10.0, "m": 1000.0}.get(unit, INCH_MM)
    mm = round(value * factor)
    return mm if 10 <= mm <= 5000 else 0


def year(text: str) -> int:
    """Return the year of a date such as ``2027-05`` or ``~2030``, 0 where there is none."""
    match = re.search(r"(?<!\d)(1[89]\d\d|20\d\d|2100)(?!\d)", text)
    found = int(match[1]) if match else 0
    return found if 1950 <= found <= 2100 else 0


def electrified(tags: dict[str, str]) -> str:
    """Return ``no``, ``contact_line``, ``rail`` … with voltage and frequency, '' if not known."""
    kind = tags.get("electrified", "").strip().lower()
    volts, hertz = tags.get("voltage", "").strip(), tags.get("frequency", "").strip()
    if kind in ("", "unknown") or kind == "no":
        return "no" if kind == "no" else ""
    current = f" {volts} V" if volts else ""
    if hertz:
        current += " DC" if hertz == "0" else f" {hertz} Hz"
    return f"{kind}{current}"


def oneway(tags: dict[str, str]) -> int:
    """Return 1 along the way, -1 against it, 0 both, of a road for motor vehicles.

    Motorways and roundabouts are one-way unless told otherwise, as the tags' own definition says.
    """
    told = tags.get("oneway:motor_vehicle") or tags.get("oneway", "")
    told = told.strip().lower()
    if told in YES:
        return 1
    if told in ("-1", "reverse"):
        return -1
    if told in ("no", "false", "0"):
        return 0
    implied = tags.get("highway") == "motorway" or tags.get("junction") in (
        "roundabout",
        "circular",
    )
    return 1 if implied else 0


def _state(tags: dict[str, str], key: str, values: frozenset[str]) -> tuple[str, str] | None:
    """Return (value, status) of a feature, whichever way its state is tagged."""
    value = tags.get(key, "")
    if value in values:
        return value, "operating"
    for status in NOT_BUILT:
        if value == status:
            what = tags.get(status, "")
            if what in values or (what == "" and tags.get(f"{status}:{key}", "") in values):
                return what or tags[f"{status}:{key}"], status
        if tags.get(f"{status}:{key}", "") in values:
            return tags[f"{status}:{key}"], status
    return None


_RAILS = frozenset(RAILS)
_PIPE = frozenset(["pipeline"])


def read_way(
    tags: dict[str, str], layers: tuple[str, ...], *, all_tracks: bool = False
) -> Way | str:
    """Return what a way is in the layers asked for, or the reason why it is left out.

    Parameters
    ----------
    tags : dict
    layers : tuple of str
        Of :data:`LAYERS`; a way that is in two is taken as the first.
    all_tracks : bool
        Yards, sidings and spurs too.

    Raises
    ------
    BadTagError
    """
    for layer in layers:
        found = _READERS[layer](tags, all_tracks)
        if found is not None:
            return found
    return ""


def _years(tags: dict[str, str], status: str) -> tuple[int, int]:
    if status == "operating":
        return 0, year(tags.get("end_date", ""))
    return year(tags.get("opening_date", "") or tags.get("start_date", "")), 0


def _way(tags: dict[str, str], kind: Kind) -> Way:
    return Way(
        kind,
        tags.get("name:en") or tags.get("name", ""),
        tags.get("ref", ""),
        tags.get("bridge", "no") != "no",
        tags.get("tunnel", "no") not in ("no", "building_passage"),
    )


def _rail(tags: dict[str, str], all_tracks: bool) -> Way | str | None:
    found = _state(tags, "railway", _RAILS)
    if found is None:
        return None
    value, status = found
    usage, service = tags.get("usage", ""), tags.get("service", "")
    if not all_tracks:
        if usage not in USAGES:
            return f"rail, usage {usage}"
        if service not in SERVICES:
            return "rail, yards, sidings and spurs"
    if tags.get("railway:traffic_mode") == "passenger" and status == "operating":
        status = "passenger"
    since, until = _years(tags, status)
    kind = Kind(
        "rail", usage, status, since, until, 0, gauges(tags.get("gauge", "")), electrified(tags),
        number(tags.get("tracks", "")), maxspeed_km_h(tags.get("maxspeed", "")), "", "", "", 0, "",
        service, value == "rail",
    )  # fmt: skip
    return _way(tags, kind)


def _road(tags: dict[str, str], _: bool) -> Way | str | None:
    found = _state(tags, "highway", ROADS)
    if found is None:
        return None
    value, status = found
    if tags.get("area") == "yes":
        return "road, areas"
    allowed = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access", "")
    if allowed in ("no", "private", "military", "agricultural", "forestry"):
        return f"road, access {allowed}"
    hgv = tags.get("hgv", "")
    if hgv == "no" and status == "operating":
        status = "passenger"  # as rails that freight may not use
    since, until = _years(tags, status)
    kind = Kind(
        "road", value, status, since, until, oneway(tags), (), "", number(tags.get("lanes", "")),
        maxspeed_km_h(tags.get("maxspeed", "")), tags.get("surface", ""),
        {"yes": "yes", "no": "no"}.get(tags.get("toll:hgv") or tags.get("toll", ""), ""), hgv, 0,
        "", "", False,
    )  # fmt: skip
    return _way(tags, kind)


def _ferry(tags: dict[str, str], _: bool) -> Way | str | None:
    if tags.get("route") != "ferry":
        return None
    if tags.get("motor_vehicle") == "no" or tags.get("foot") == "only":
        return "ferry, for foot passengers only"
    kind = Kind("ferry", "ferry", "operating", 0, year(tags.get("end_date", "")), 0, (), "", 0, 0,
                "", {"yes": "yes", "no": "no"}.get(tags.get("toll", ""), ""),
                tags.get("hgv", ""), 0, "", "", False)  # fmt: skip
    return _way(tags, kind)


def _pipeline(tags: dict[str, str], _: bool) -> Way | str | None:
    found = _state(tags, "man_made", _PIPE)
    if found is None:
        found = next((("pipeline", s) for s in NOT_BUILT if tags.get(s) == "pipeline"), None)
    if found is None:
        return None
    status = found[1]
    substance = (tags.get("substance") or tags.get("type", "")).strip().lower()
    if substance in NO_FUEL:
        return f"pipeline, {substance}"
    if tags.get("usage") == "distribution":
        return "pipeline, distribution"
    since, until = _years(tags, status)
    kind = Kind("pipeline", substance, status, since, until, 0, (), "", 0, 0, "", "", "",
                diameter_mm(tags.get("diameter", "")), tags.get("location", ""), "",
                False)  # fmt: skip
    return _way(tags, kind)


_READERS = {"rail": _rail, "road": _road, "ferry": _ferry, "pipeline": _pipeline}


class Place(NamedTuple):
    """A station, border point or terminal."""

    osm_id: str
    name: str
    kind: str
    lon: float
    lat: float
    aliases: str
    operator: str


def place_kind(tags: dict[str, str], layers: tuple[str, ...]) -> str:
    """Return the kind of a place in the words of the tables, '' where it is none."""
    railway = tags.get("railway", "")
    if "rail" in layers:
        if railway == "border":
            return "border_crossing"
        if railway in ("station", "halt", "service_station"):
            return "" if tags.get("station") in ("subway", "light_rail", "monorail") else "station"
        if railway == "yard":
            return "rail_terminal"
    if "road" in layers and tags.get("barrier") == "border_control":
        return "border_crossing"
    if "ferry" in layers and tags.get("amenity") == "ferry_terminal":
        return "ferry_terminal"
    return ""


def aliases(tags: dict[str, str]) -> str:
    """Return other names, native ones too, ``|`` between them, each once."""
    name = tags.get("name:en") or tags.get("name", "")
    keys = [k for k in tags if k in ("name", "int_name", "official_name", "alt_name", "old_name")
            or k.startswith("name:")]  # fmt: skip
    found: dict[str, None] = {}
    for key in sorted(keys):
        for part in tags[key].split(";"):
            clean = part.strip().replace("|", "/")
            if clean and clean != name:
                found[clean] = None
    return "|".join(found)
