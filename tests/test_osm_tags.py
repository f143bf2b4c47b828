"""What tags mean."""

from __future__ import annotations

import pytest

from corridors.osm import tags
from corridors.osm.tags import BadTagError, Way, read_way


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1435", (1435,)),
        ("1435;1520", (1520, 1435)),
        ("1520;1435;1520", (1520, 1435)),
        (" 1000 mm ", (1000,)),
        ("1435.0", (1435,)),
        ("standard", (1435,)),
        ("unknown", ()),
        ("", ()),
    ],
)
def test_gauges(text: str, found: tuple[int, ...]) -> None:
    assert tags.gauges(text) == found


@pytest.mark.parametrize("text", ["narrow", "broad", "1435;narrow", "14350", "0", "-1520", "1,52"])
def test_a_gauge_that_is_none(text: str) -> None:
    with pytest.raises(BadTagError, match="is no number of millimetres"):
        tags.gauges(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [("80", 80), ("50 mph", 80), ("120;100", 100), ("none", 0), ("RU:urban", 0), ("signals", 0),
     ("", 0), ("80 km/h", 80), ("-5", 0), ("1e9", 0)],
)  # fmt: skip
def test_speeds(text: str, found: int) -> None:
    assert tags.maxspeed_km_h(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("1420", 1420), ("1420 mm", 1420), ('48"', 1219), ("56 in", 1422), ("1.4 m", 1400),
     ("70 cm", 700), ("big", 0), ("", 0), ("1420;1220", 1420), ("0", 0)],
)  # fmt: skip
def test_diameters(text: str, found: int) -> None:
    assert tags.diameter_mm(text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("2027", 2027), ("2027-05-01", 2027), ("~2030", 2030), ("C19", 0), ("", 0)]
)
def test_years(text: str, found: int) -> None:
    assert tags.year(text) == found


@pytest.mark.parametrize(
    ("found", "way"),
    [(0, {}), (1, {"oneway": "yes"}), (-1, {"oneway": "-1"}), (1, {"highway": "motorway"}),
     (0, {"highway": "motorway", "oneway": "no"}), (1, {"junction": "roundabout"}),
     (0, {"oneway": "alternating"})],
)  # fmt: skip
def test_one_ways(found: int, way: dict[str, str]) -> None:
    assert tags.oneway(way) == found


RAIL = {"railway": "rail", "usage": "main", "gauge": "1520"}


def kind(way: dict[str, str], layer: str = "rail", **more: bool) -> tags.Kind:
    found = read_way(way, (layer,), **more)
    assert isinstance(found, Way)
    return found.kind


def test_a_railway() -> None:
    way = {**RAIL, "electrified": "contact_line", "voltage": "25000", "frequency": "50",
           "tracks": "2", "maxspeed": "120", "tunnel": "yes", "bridge": "no",
           "name": "Line"}  # fmt: skip
    found = read_way(way, ("rail",))
    assert isinstance(found, Way)
    k = found.kind
    assert (k.mode, k.type, k.gauges, k.tracks, k.maxspeed_km_h) == (
        "rail",
        "main",
        (1520,),
        2,
        120,
    )
    assert k.electrified == "contact_line 25000 V 50 Hz"
    assert found.tunnel and not found.bridge and found.name == "Line"


@pytest.mark.parametrize(
    ("way", "status", "since"),
    [
        ({"railway": "construction", "construction": "rail"}, "construction", 0),
        ({"railway": "construction", "construction": "rail", "opening_date": "2028-06"},
         "construction", 2028),
        ({"railway": "proposed", "proposed": "rail"}, "proposed", 0),
        ({"construction:railway": "rail"}, "construction", 0),
        ({"railway": "proposed", "proposed:railway": "narrow_gauge"}, "proposed", 0),
        ({"railway": "rail", "railway:traffic_mode": "passenger"}, "passenger", 0),
        ({"railway": "rail", "start_date": "1960"}, "operating", 0),
    ],
)  # fmt: skip
def test_status(way: dict[str, str], status: str, since: int) -> None:
    k = kind(way)
    assert (k.status, k.from_year) == (status, since)


@pytest.mark.parametrize(
    "way",
    [{"railway": "abandoned"}, {"railway": "construction", "construction": "tram"},
     {"railway": "tram"}, {"building": "yes"}, {"railway": "construction"}],
)  # fmt: skip
def test_what_is_no_railway_is_nothing(way: dict[str, str]) -> None:
    assert read_way(way, ("rail",)) == ""


def test_what_is_left_out_has_a_reason() -> None:
    assert read_way({**RAIL, "service": "yard"}, ("rail",)) == "rail, yards, sidings and spurs"
    assert read_way({**RAIL, "usage": "tourism"}, ("rail",)) == "rail, usage tourism"
    assert kind({**RAIL, "service": "yard"}, all_tracks=True).service == "yard"
    assert kind({**RAIL, "service": "crossover"}).service == "crossover"
    road = {"highway": "primary"}
    assert read_way({**road, "access": "private"}, ("road",)) == "road, access private"
    assert read_way({"man_made": "pipeline", "substance": "water"}, ("pipeline",)) == (
        "pipeline, water"
    )
    assert read_way({"route": "ferry", "motor_vehicle": "no"}, ("ferry",)) == (
        "ferry, for foot passengers only"
    )


def test_a_road_and_a_pipeline() -> None:
    k = kind({"highway": "trunk", "surface": "asphalt", "toll": "yes", "oneway": "-1",
              "maxspeed": "90", "lanes": "2"}, "road")  # fmt: skip
    assert (k.type, k.surface, k.toll, k.oneway, k.maxspeed_km_h, k.tracks) == (
        "trunk", "asphalt", "yes", -1, 90, 2)  # fmt: skip
    assert kind({"highway": "primary", "hgv": "no"}, "road").status == "passenger"
    k = kind({"man_made": "pipeline", "substance": "gas", "diameter": "1420", "location":
              "underground"}, "pipeline")  # fmt: skip
    assert (k.type, k.diameter_mm, k.location) == ("gas", 1420, "underground")
    assert kind({"construction": "pipeline", "substance": "gas"}, "pipeline").status == (
        "construction"
    )


def test_places() -> None:
    assert tags.place_kind({"railway": "station"}, ("rail",)) == "station"
    assert tags.place_kind({"railway": "station", "station": "subway"}, ("rail",)) == ""
    assert tags.place_kind({"railway": "border"}, ("rail",)) == "border_crossing"
    assert tags.place_kind({"barrier": "border_control"}, ("road",)) == "border_crossing"
    assert tags.place_kind({"barrier": "border_control"}, ("rail",)) == ""
    assert tags.place_kind({"amenity": "ferry_terminal"}, ("ferry",)) == "ferry_terminal"
    named = {"name": "Алматы-2", "name:en": "Almaty-2", "alt_name": "Almaty II;Алматы-2"}
    assert tags.aliases(named) == "Almaty II|Алматы-2"
