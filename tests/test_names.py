"""Names: one key for every spelling, coordinates, and who is meant."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridors.errors import DataIntegrityError, UnknownPlaceError
from corridors.names import Match, NameIndex
from corridors.spelling import country_code, normalise, parse_point

ROWS: list[tuple[Any, ...]] = [
    # id, name, kind, country, lon, lat, aliases, unlocode, population
    ("urumqi", "Urumqi", "city", "CN", 87.6, 43.8, "Ürümqi|乌鲁木齐|Урумчи|Urumchi", "CNURM", 0),
    ("khorgos-cn", "Khorgos", "city", "CN", 80.416, 44.203, "Horgos|Korgas|霍尔果斯", "CNHRS", 0),
    ("khorgos-gateway", "KTZE-Khorgos Gateway", "dry_port", "KZ", 80.3, 44.165,
     "Khorgos Gateway|Horgos Dongmen", "", 0),
    ("rail:khorgos-altynkol", "Khorgos-Altynkol", "border_crossing", "CN|KZ", 80.4, 44.2,
     "Horgos", "", 0),
    ("road:khorgos", "Khorgos (Nur Zholy)", "border_crossing", "CN|KZ", 80.41, 44.22,
     "Horgos|Nur Zholy", "", 0),
    ("rail:roszke-horgos", "Roszke-Horgos", "border_crossing", "HU|RS", 19.9, 46.2, "Horgos", "",
     0),
    ("rail:dostyk-alashankou", "Dostyk-Alashankou", "border_crossing", "CN|KZ", 82.57, 45.16, "",
     "", 0),
    ("road:savay-kara-suu", "Savay-Kara-Suu", "border_crossing", "KG|UZ", 72.8, 40.7, "", "", 0),
    ("rail:frankfurt-oder-rzepin", "Frankfurt (Oder)-Rzepin", "border_crossing", "DE|PL", 14.6,
     52.3, "", "", 0),
    ("alat", "Alat", "city", "AZ", 49.4, 39.95, "Ələt", "", 0),
    ("alat-port", "Port of Baku at Alat", "port", "AZ", 49.44, 39.98, "", "AZALA", 0),
    ("aktau", "Aktau", "city", "KZ", 51.17, 43.66, "Aqtau", "KZAAU", 0),
    ("aktau-port", "Aktau sea port", "port", "KZ", 51.22, 43.6, "Aktau port", "KZAAU", 0),
    ("turkmenbashi", "Türkmenbaşy", "city", "TM", 52.96, 40.02, "Turkmenbashi", "TMKRW", 0),
    ("xian", "Xi'an", "city", "CN", 108.9, 34.3, "西安", "", 0),
    ("lodz", "Łódź", "city", "PL", 19.5, 51.8, "", "", 0),
    ("jalalabad", "Jalalabad", "city", "AF", 70.4, 34.4, "", "", 0),
    ("jalal-abad", "Jalal-Abad", "city", "KG", 73.0, 40.9, "", "", 0),
    ("east", "Twin", "wind_farm", "KZ", 70.0, 50.0, "", "", 0),
    ("west", "Twin", "wind_farm", "KZ", 60.0, 50.0, "", "", 0),
    ("gn:1", "Urumqi", "city", "CN", 87.61, 43.81, "", "", 3_000_000),
    ("gn:2", "Frankfurt am Main", "city", "DE", 8.7, 50.1, "Frankfurt", "", 650_000),
    ("gn:3", "Hyderabad", "city", "IN", 78.5, 17.4, "", "", 6_900_000),
    ("gn:4", "Hyderabad", "city", "PK", 68.4, 25.4, "", "", 1_900_000),
    ("gn:5", "Victoria", "city", "HK", 114.1, 22.3, "", "", 1_000_000),
    ("gn:6", "Victoria", "city", "RO", 24.7, 45.7, "", "", 9_000),
    ("gn:7", "Ürgüp", "city", "TR", 34.9, 38.6, "", "", 20_000),
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> NameIndex:
    columns = zip(*ROWS, strict=True)
    names = ("id", "name", "kind", "country", "lon", "lat", "aliases", "unlocode", "population")
    return NameIndex.build(**dict(zip(names, map(list, columns), strict=True)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Türkmenbaşy", "turkmenbasy"),
        ("Xi'an", "XIAN"),
        ("Xi’an", "xi an"),
        ("Mazar-i-Sharif", "mazar i sharif"),
        ("Łódź", "Lodz"),
        ("Ələt", "elet"),
        ("Iğdır", "IGDIR"),
        ("İstanbul", "istanbul"),
        ("Straße", "STRASSE"),
        ("Урумчи", "УРУМЧИ"),
        ("Кёнигсберг", "Кенигсберг"),
        ("مزار شریف", "مزار شريف"),
        ("Qo‘qon", "Qo'qon"),
    ],
)
def test_one_key_for_every_way_of_writing(one: str, other: str) -> None:
    assert normalise(one) == normalise(other) != ""


def test_scripts_stay_apart() -> None:
    assert normalise("霍尔果斯") == "霍尔果斯"
    assert normalise("Хоргос") != normalise("Khorgos")


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_itself(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("43.8,87.6", 87.6, 43.8),
        ("43.8, 87.6", 87.6, 43.8),
        ("21.3,-157.9", -157.9, 21.3),
        ("−33.9 151.2", 151.2, -33.9),
        ("43.8 N, 87.6 E", 87.6, 43.8),
        ("87.6E 43.8N", 87.6, 43.8),
        ("43.8° S, 87.6° W", -87.6, -43.8),
        ("N43.8 E87.6", 87.6, 43.8),
        ("43°48′N 87°36′E", 87.6, 43.8),
        ("43°48'0\"N, 87°36'0\"E", 87.6, 43.8),
        ("(43.8, 87.6)", 87.6, 43.8),
        ("geo:43.8,87.6", 87.6, 43.8),
        ("43,8; 87,6", 87.6, 43.8),
        ("0,0", 0.0, 0.0),
    ],
)
def test_coordinates_as_web_maps_copy_them(text: str, lon: float, lat: float) -> None:
    assert parse_point(text) == pytest.approx((lon, lat))


@pytest.mark.parametrize(
    "text", ["Urumqi", "KZ-1", "nan,nan", "inf,0", "43.8", "Zone 5, 3", "", "1,2,3"]
)
def test_what_is_no_coordinate(text: str) -> None:
    assert parse_point(text) is None


def test_coordinates_off_the_earth_are_an_error_that_helps() -> None:
    with pytest.raises(UnknownPlaceError, match=r"did you mean 43.8,157"):
        parse_point("157,43.8")
    with pytest.raises(UnknownPlaceError, match="within"):
        parse_point("430.8,870.6")
    with pytest.raises(UnknownPlaceError, match="one axis twice"):
        parse_point("43.8N 87.6N")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_on_earth_is_read_back(lat: float, lon: float) -> None:
    assert parse_point(f"{lat:.6f},{lon:.6f}") == pytest.approx((lon, lat), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("Urumqi", "urumqi"),
        ("ürümqi", "urumqi"),
        ("URUMCHI", "urumqi"),
        ("乌鲁木齐", "urumqi"),
        ("Урумчи", "urumqi"),
        ("CNURM", "urumqi"),
        ("cn urm", "urumqi"),
        ("Khorgos", "khorgos-cn"),
        ("Khorgos (CN)", "khorgos-cn"),
        ("Horgos, China", "khorgos-cn"),
        ("Khorgos (city)", "khorgos-cn"),
        ("Khorgos Gateway", "khorgos-gateway"),
        ("road:khorgos", "road:khorgos"),
        ("Khorgos (border crossing, rail)", "rail:khorgos-altynkol"),
        ("Alat", "alat"),
        ("elet", "alat"),
        ("Aktau port", "aktau-port"),
        ("KZAAU", "aktau-port"),
        ("Turkmenbashy", "turkmenbashi"),
        ("Lodz", "lodz"),
        ("Jalalabad", "jalalabad"),
        ("Jalal-Abad", "jalal-abad"),
        ("Jalalabad (KG)", "jalal-abad"),
        ("Frankfurt", "gn:2"),
        ("Victoria", "gn:5"),
        ("Victoria (RO)", "gn:6"),
        ("gn:4", "gn:4"),
        ("Dostyk", "rail:dostyk-alashankou"),
    ],
)  # fmt: skip
def test_an_end_of_a_route(index: NameIndex, text: str, id: str) -> None:
    if text == "Turkmenbashy":
        text = "Türkmenbaşy"
    assert index.resolve(text).id == id


def test_a_settlement_and_the_same_place_of_the_atlas_are_said_once(index: NameIndex) -> None:
    assert [m.id for m in index.find("Urumqi", near=False)] == ["urumqi"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hyderabad", ("gn:3", "gn:4")),
        ("Twin", ("east", "west")),
        ("JALALABAD (city)", ()),
    ],
)
def test_two_of_one_name_are_never_guessed(
    index: NameIndex, text: str, ids: tuple[str, ...]
) -> None:
    if not ids:
        assert index.resolve(text).id == "jalalabad"  # this spelling is the name of one alone
        return
    with pytest.raises(UnknownPlaceError, match=f"name of {len(ids)} places") as caught:
        index.resolve(text)
    assert all(id in str(caught.value) for id in ids)


def test_closing_a_crossing_closes_its_railway_and_its_road(index: NameIndex) -> None:
    both = ["rail:khorgos-altynkol", "road:khorgos"]
    assert [m.id for m in index.resolve_all("Khorgos", "crossing")] == both
    # the Serbian Horgoš is another place; the city of that name says which is meant
    assert [m.id for m in index.resolve_all("Horgos", "crossing")] == both
    assert [m.id for m in index.resolve_all("Horgos (RS)", "crossing")] == ["rail:roszke-horgos"]
    assert [m.id for m in index.resolve_all("road:khorgos", "crossing")] == ["road:khorgos"]
    assert index.resolve("Kara-Suu", "crossing").id == "road:savay-kara-suu"
    # what is no crossing is still a place
    assert index.resolve("Urumqi", "crossing").id == "urumqi"


def test_unknown_names_come_with_near_ones(index: NameIndex) -> None:
    with pytest.raises(UnknownPlaceError, match="did you mean") as caught:
        index.resolve("Urmqi")
    assert caught.value.near[0] == "Urumqi (CN)"
    assert index.resolve(caught.value.near[0]).id == "urumqi"
    with pytest.raises(UnknownPlaceError):
        index.resolve("Atlantis of the steppe")
    with pytest.raises(UnknownPlaceError, match="empty"):
        index.resolve("  ")


def test_find_goes_from_exact_to_near(index: NameIndex) -> None:
    found = index.find("Khorgos")
    assert found[0].id == "khorgos-cn"
    assert {"rail:khorgos-altynkol", "road:khorgos", "khorgos-gateway"} <= {m.id for m in found}
    assert index.find("aktau p")[0].id == "aktau-port"
    assert len(index.find("a", limit=3)) <= 3


def test_a_point_is_a_place_without_a_name(index: NameIndex) -> None:
    match = index.resolve("43.8, 87.6")
    assert (match.id, match.kind, match.lon, match.lat) == ("", "point", 87.6, 43.8)
    assert index.find("43.8, 87.6") == [match]


def test_saved_and_read_back(index: NameIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "names")
    again = NameIndex.load(tmp_path / "names")
    assert len(again) == len(index) == len(ROWS)
    for row in ROWS:
        assert again.get(row[0]) == index.get(row[0])
    assert again.find("Khorgos") == index.find("Khorgos")
    index.save(tmp_path / "names")  # once more over itself
    (tmp_path / "names" / "keys.bin").write_bytes(b"cut")
    with pytest.raises(DataIntegrityError, match="delete it"):
        NameIndex.load(tmp_path / "names")
    with pytest.raises(DataIntegrityError):
        NameIndex.load(tmp_path / "nowhere")


def test_get_wants_the_id_exactly(index: NameIndex) -> None:
    found = index.get("khorgos-cn")
    assert isinstance(found, Match) and found.label() == "Khorgos (CN)"
    assert index.get("Khorgos") is None


def test_places_of_the_atlas_without_the_gazetteer(index: NameIndex) -> None:
    ids = [m.id for m in index.atlas_places()]
    assert ids == [row[0] for row in ROWS if not row[0].startswith("gn:")]


def test_countries_by_name() -> None:
    assert country_code("turkey") == country_code("Türkiye") == "TR"
    assert country_code("Atlantis") is None


def test_the_quick_path_stays_light() -> None:
    code = (
        "import sys, corridors.names; "
        "heavy = {'pandas', 'geopandas', 'shapely', 'rapidfuzz', 'pyarrow'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_shipped_names_of_the_reference_distances() -> None:
    from corridors.names import load_index

    names = load_index()
    for text, id in {
        "Urumqi": "urumqi", "Khorgos (CN)": "khorgos-cn", "Alashankou": "alashankou",
        "Zhetygen": "zhetygen", "Altynkol": "altynkol", "Zhezkazgan": "zhezkazgan",
        "Beyneu": "beyneu", "Aktau port": "aktau-port", "Poti": "poti", "Baku": "baku",
        "Kars": "kars", "Hairatan": "hairatan", "Mazar-i-Sharif": "mazar-i-sharif",
        "Yiwu": "yiwu", "London": "london", "Lianyungang": "lianyungang",
        "Irkeshtam": "road:irkeshtam", "Osh": "osh", "Aktau": "aktau", "Kuryk": "kuryk",
        "Alat": "alat", "Gedaim (TM/UZ border)": "gedaim",
    }.items():  # fmt: skip
        assert names.resolve(text).id == id
    start = time.perf_counter()
    for _ in range(100):
        names.resolve("霍尔果斯")
    assert time.perf_counter() - start < 0.5


def test_shipped_spellings_all_lead_to_one_place() -> None:
    from corridors.names import load_index

    names = load_index()
    for id, spellings in {
        "khorgos-cn": ["Horgos", "Khorgos", "Korgas", "霍尔果斯", "Хоргос", "khorgos"],
        "turkmenbashi": ["Türkmenbaşy", "Turkmenbashi", "Turkmenbasy", "Красноводск"],
        "urumqi": ["Urumqi", "Ürümqi", "乌鲁木齐", "Урумчи", "CNURM"],
    }.items():
        assert {names.resolve(s).id for s in spellings} == {id}


def test_every_id_and_every_name_of_the_atlas_can_be_asked_for() -> None:
    """Every name of the atlas can be asked for, alone or with what tells it apart."""
    from corridors import datasets
    from corridors.names import load_index

    names = load_index()
    places = datasets.read_frame("places")
    lost = []
    for row in places.itertuples():
        country = str(row.country).split("|")[0]
        for text in (row.id, f"{row.name} ({country}, {row.kind})"):
            try:
                names.resolve(text, "any")
            except UnknownPlaceError as error:
                if "is the name of" not in str(error):
                    lost.append(f"{text}: {error}")
        assert names.resolve(row.id, "any").id == row.id
    assert lost == []


@given(st.text(max_size=30))
def test_any_text_is_answered_or_refused_in_one_line(index: NameIndex, text: str) -> None:
    try:
        assert index.resolve(text).name
    except UnknownPlaceError as error:
        assert str(error)
