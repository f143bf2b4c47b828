"""The atlas: every system found under its right name and under the article's, with its facts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from corridors.atlas import Atlas, load_atlas, select
from corridors.errors import SchemaError, UnknownPlaceError

# What the article says, and what is meant by it
ARTICLE = {
    "Summit in Astana": "summit-astana-2025",
    "permanent treaty": "summit-astana-2025",
    "Poverty reduction cooperation center": "poverty-reduction-centre",
    "Educational exchange cooperation center": "education-centre",
    "Desertification control cooperation center": "desertification-centre",
    "smooth trade": "trade-facilitation-platform",
    "Shanghai–Almaty": "partnership-shanghai-almaty",
    "China-Jiangxi-Ukraine railway": "cku-railway",
    "new North-South Highway": "kyrgyz-north-south-road",
    "Horgos Dongmen": "khorgos-gateway",
    "Trans-Caspian corridor": "middle-corridor",
    "Lianyungang Port Holdings": "lianyungang-port-holdings",
    "Turkmenistan–China pipeline": "central-asia-china-gas-a",
    "Line B": "central-asia-china-gas-b",
    "Line C": "central-asia-china-gas-c",
    "Line D": "central-asia-china-gas-d",
    "Urumqi–Caspian charging route": "urumqi-caspian-truck-charging",
    "Trans-Afghan railway": "trans-afghan-railway",
    "Batarov": "atameken",
    "Telle": "taylors-university",
    "mutaki": "afghan-mfa",
    "CIPI": "cipi-havana",
}


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


@pytest.mark.parametrize(("said", "meant"), ARTICLE.items())
def test_what_the_article_says_is_found(atlas: Atlas, said: str, meant: str) -> None:
    facts = atlas.show(said)
    assert facts.id == meant
    assert facts.source and facts["status" if meant != "corridor" else "id"]
    assert atlas.show(facts.name).id == meant
    assert atlas.show(facts.id).id == meant


def test_wind_farms_that_the_article_leaves_unnamed_are_not_guessed(atlas: Atlas) -> None:
    with pytest.raises(UnknownPlaceError, match=r"shelek-wind.*zhanatas-wind"):
        atlas.show("two wind power projects")


def test_centres_are_in_china_where_they_are(atlas: Atlas) -> None:
    centres = select(atlas.places, kind="cooperation_centre")
    own = centres[centres["id"].str.contains("poverty|education|desertification|trade-facil")]
    assert set(own["country"]) == {"CN"} and len(own) == 4
    nanjing = own.set_index("id").loc["trade-facilitation-platform"]
    assert nanjing["confidence"] == "low"
    assert "(low confidence)" in str(atlas.show("trade-facilitation-platform"))


def test_facts_name_unit_source_and_others_of_that_name(atlas: Atlas) -> None:
    facts = atlas.show("CKU")
    assert facts["published length"] == "523 km"
    assert facts["countries"] == "China (CN), Kyrgyzstan (KG), Uzbekistan (UZ)"
    assert facts["capacity"] == "15 Mt/yr" and facts["status"] == "construction"
    assert "Railway Gazette" in facts.source
    assert json.loads(json.dumps(facts.to_dict()))["facts"]["opened"] == "2030"
    with pytest.raises(KeyError):
        facts["colour"]
    assert any("road:khorgos" in other for other in atlas.show("Khorgos").also)


def test_a_corridor_tells_its_stages(atlas: Atlas) -> None:
    text = str(atlas.show("TITR"))
    assert "Aktau" in text and "–ferry–" in text


def test_a_town_of_the_gazetteer_is_known_a_little(atlas: Atlas) -> None:
    facts = atlas.show("Ürgüp")
    assert facts.id.startswith("gn:") and "GeoNames" in facts["source"]
    with pytest.raises(UnknownPlaceError, match="did you mean"):
        atlas.show("Khorgoss Gatewey")


def test_find_covers_places_assets_and_corridors(atlas: Atlas) -> None:
    assert atlas.find("Ürümqi")[0].id == "urumqi"
    assert atlas.find("Middle Corridor")[0].kind == "corridor"
    assert atlas.find("BTC")[0].kind == "oil_pipeline"
    assert "places" in repr(atlas)


def test_every_row_has_source_confidence_and_a_place_of_its_own(atlas: Atlas) -> None:
    for frame in (atlas.places, atlas.assets, atlas.corridors):
        assert frame["id"].is_unique
        assert frame["source"].fillna("").str.len().gt(0).all()
        assert set(frame["confidence"]) <= {"high", "medium", "low"}
    wanted = {"id", "name", "kind", "country", "status", "precision", "source", "geometry"}
    assert wanted <= set(atlas.places.columns)
    wanted = {"id", "name", "kind", "status", "opened", "countries", "length_km", "capacity",
              "source", "geometry"}  # fmt: skip
    assert wanted <= set(atlas.assets.columns)
    assert len(select(atlas.places, kind="city")) > 200


def test_points_lie_at_the_coordinates_of_the_table(atlas: Atlas, root: Path) -> None:
    points = atlas.places.set_index("id").geometry
    with (root / "data/tables/places.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            assert points[row["id"]] == Point(float(row["lon"]), float(row["lat"])), row["id"]


# --- filters, on small frames ------------------------------------------------------------------


@pytest.fixture
def lines() -> gpd.GeoDataFrame:
    rows = [
        ("old", "railway", "operating", "1900", None, "KZ"),
        ("new", "railway", "operating", "2014-05", None, "KZ|CN"),
        ("soon", "railway", "construction", "2030", None, "CN|KG|UZ"),
        ("never", "road", "planned", None, None, "KG"),
        ("gone", "road", "closed", "1950", "1991", "AZ"),
        ("lost", "road", "closed", None, None, "AZ"),
    ]
    columns = ["id", "kind", "status", "opened", "closed", "countries"]
    line = LineString([(70, 40), (71, 41)])
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=[line] * 6, crs=4326)


@pytest.mark.parametrize(
    ("terms", "ids"),
    [
        ({}, ["old", "new", "soon", "never", "gone", "lost"]),
        ({"kind": "road"}, ["never", "gone", "lost"]),
        ({"country": "kg"}, ["soon", "never"]),
        ({"country": ["CN", "AZ"], "kind": ["railway", "road"]}, ["new", "soon", "gone", "lost"]),
        ({"status": "operating"}, ["old", "new"]),
        ({"year": 2026}, ["old", "new"]),
        ({"year": 2030}, ["old", "new", "soon"]),
        ({"year": 1980}, ["old", "gone"]),
        ({"year": 1991, "country": "AZ"}, ["gone"]),
        ({"year": 1992, "country": "AZ"}, []),
    ],
)
def test_select(lines: gpd.GeoDataFrame, terms: dict[str, object], ids: list[str]) -> None:
    assert select(lines, **terms)["id"].tolist() == ids  # type: ignore[arg-type]


def test_select_says_what_there_is(lines: gpd.GeoDataFrame) -> None:
    with pytest.raises(SchemaError, match="no kind 'rail' in the data; there are: railway, road"):
        select(lines, kind="rail")


def test_a_users_own_places_are_found_too(tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "places.csv").write_text(
        "id,name,kind,country,lon,lat,status,aliases,confidence,source\n"
        "my-yard,My yard,rail_terminal,KZ,70,50,operating,Менің ауласы,low,me\n"
        "osh,Osh of mine,city,KG,72.8,40.5,operating,,low,me\n",
        encoding="utf-8",
    )
    atlas = load_atlas(tmp_path)
    assert atlas.show("менің ауласы").id == "my-yard"
    assert atlas.names.resolve("My yard").lon == 70.0
    assert atlas.show("osh").name == "Osh of mine"
    assert atlas.names.resolve("Urumqi").id == "urumqi"
