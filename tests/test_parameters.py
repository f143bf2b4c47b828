"""Parameters: the table that ships, the user's overrides, and the distributions made of them."""

from __future__ import annotations

import csv
import math
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridors.errors import SchemaError
from corridors.parameters import COLUMNS, MODES, Z90, Lognormal, Parameter, load_parameters

TABLE = Path(__file__).resolve().parents[1] / "data" / "tables" / "parameters.csv"
BASE = load_parameters(TABLE)


@pytest.fixture(scope="module")
def shipped():
    return BASE


# -- the table ------------------------------------------------------------------------------------


def test_every_key_that_the_pricing_asks_for_is_there(shipped):
    for mode in ("rail", "road", "sea", "ferry", "pipeline"):
        assert shipped.get("speed_km_h", mode).value > 0
    for mode in ("rail", "road", "sea"):
        assert shipped.get("cost_usd_per_teu_km", mode).value > 0
    for mode in ("rail", "road", "sea", "ferry"):
        assert shipped.get("co2e_g_per_tkm.ttw", mode).value > 0
        assert shipped.get("co2e_g_per_tkm.wtt", mode).value > 0
    for mode in ("rail", "road"):
        for regime in ("control", "customs_union", "schengen"):
            assert shipped.get(f"border_h.{regime}", mode).value > 0
            assert shipped.get(f"border_cost_usd.{regime}", mode).value >= 0
    for pair in (
        "gauge", "rail-sea", "rail-ferry", "rail-road", "road-sea", "road-ferry", "sea-ferry",
    ):  # fmt: skip
        assert shipped.get(f"transfer_h.{pair}").value > 0
        assert shipped.get(f"transfer_cost_usd.{pair}").value > 0
    for key in (
        "ferry_cost_usd_per_teu_km", "port_dwell_h.ferry", "co2e_kg_per_teu.transfer",
        "payload_t_per_teu", "teu_per_feu",
    ):  # fmt: skip
        assert shipped.get(key).value > 0


def test_rows_are_in_order_and_sourced(shipped):
    for (key, mode, country), p in shipped.items():
        assert (p.key, p.mode, p.country) == (key, mode, country)
        assert 0 <= p.low <= p.value <= p.high, key
        assert p.source
        assert p.confidence in ("high", "medium", "low")
        assert "http" not in p.source + p.note
        if p.source.startswith("general knowledge"):
            assert p.confidence != "high", (key, mode, country)


def test_the_stated_percentiles_are_nearly_those_of_the_lognormal(shipped):
    # mean and ratio of percentiles are kept; the percentiles may move by one factor, see Lognormal
    for index, p in shipped.items():
        d = p.lognormal()
        assert d.mean == pytest.approx(p.value), index
        if p.low < p.high:
            assert d.quantile_at(-Z90) == pytest.approx(p.low, rel=0.25), index
            assert d.quantile_at(Z90) == pytest.approx(p.high, rel=0.25), index


def test_border_rules_are_in_the_order_of_their_strictness(shipped):
    for mode in ("rail", "road"):
        hours = [
            shipped.get(f"border_h.{r}", mode).value
            for r in ("control", "customs_union", "schengen")
        ]
        assert hours == sorted(hours, reverse=True)
        assert hours[0] > 2 * hours[1]


def test_known_conversions_from_the_sources(shipped):
    # CPMM: USD per 500 km per 20 t -> USD per TEU-km at the stated payload
    payload = shipped.get("payload_t_per_teu").value
    assert shipped.get("cost_usd_per_teu_km", "road", "GE").value == pytest.approx(
        1371 / 500 / 20 * payload, abs=0.005
    )
    # CPMM moving speed, ten hours at the wheel a day
    assert shipped.get("speed_km_h", "road", "UZ").value == pytest.approx(45.6 * 10 / 24, abs=0.05)
    # DEFRA 2025, as published
    assert shipped.get("co2e_g_per_tkm.ttw", "road").value == 78.0
    assert shipped.get("co2e_g_per_tkm.wtt", "rail").value == 6.9


def _rail_h(p, legs):
    return sum(km / p.get("speed_km_h", "rail", country).value for country, km in legs)


def test_the_parts_add_up_to_the_published_transit_times(shipped):
    """Nothing is calibrated to these; they say whether the parts are right together.

    Track lengths are the reference ones (Altynkol-Aktau 3,200; Poti-Baku 861 less 70 from Alat;
    Xi'an-Khorgos about 3,250), the rest good to 10 %. Ferries: the feeders of ferries.csv. China's
    frontier: twice the rule for one, 36 h, near the 34.8 h measured at Horgos.
    """
    p = shipped
    with (TABLE.parent / "ferries.csv").open(encoding="utf-8", newline="") as file:
        ferries = {f["id"]: f for f in csv.DictReader(file)}

    def by_sea(ferry):
        sail, headway = float(ferries[ferry]["sailing_h"]), float(ferries[ferry]["headway_h"])
        shore = p.get("port_dwell_h.ferry").value + p.get("transfer_h.rail-sea").value
        return sail + headway / 2 + 2 * shore

    control = p.get("border_h.control", "rail").value
    union = p.get("border_h.customs_union", "rail").value
    gauge = p.get("transfer_h.gauge").value
    caspian = by_sea("aktau-alat-feeder")
    absheron = _rail_h(p, [("KZ", 3200), ("AZ", 60)]) + caspian
    poti = _rail_h(p, [("KZ", 3200), ("AZ", 440), ("GE", 350)]) + caspian + control
    constanta = poti + by_sea("poti-constanta-feeder")
    steppe = _rail_h(p, [("KZ", 2900), ("RU", 1900), ("BY", 600)]) + 2 * union
    poland = _rail_h(p, [("CN", 3250)]) + 2 * control + gauge + steppe + control + gauge
    duisburg = poland + _rail_h(p, [("PL", 700), ("DE", 550)])

    assert absheron / 24 == pytest.approx(9, rel=0.25)  # TITR timetable
    assert poti / 24 == pytest.approx(12, rel=0.25)
    assert constanta / 24 == pytest.approx(21, rel=0.25)  # 20 to 22
    assert steppe / 24 == pytest.approx(7.31, rel=0.25)  # ERAI, July 2024
    assert 9 <= poland / 24 <= 14.5  # published: 9 to 12
    assert 12 <= duisburg / 24 <= 17  # published: 12 to 16
    # and the notes of the table tell the truth about it
    told = p.get("speed_km_h", "rail", "KZ").note
    for hours in (absheron, poti, constanta):
        assert f" {hours / 24:.1f} " in told
    told = p.get("speed_km_h", "rail", "RU").note
    for hours in (steppe, poland, duisburg):
        assert f" {hours / 24:.1f} " in told


# -- looking up -----------------------------------------------------------------------------------


def test_a_country_without_a_row_falls_back_on_everywhere(shipped):
    assert shipped.get("speed_km_h", "rail", "KZ").country == "KZ"
    other = shipped.get("speed_km_h", "rail", "LA")
    assert other == shipped.get("speed_km_h", "rail")
    assert other.country == ""
    # a row without a mode holds for every mode
    assert shipped.get("transfer_h.gauge", "rail", "CN").key == "transfer_h.gauge"


def test_what_is_missing_is_named(shipped):
    with pytest.raises(SchemaError, match=r"speed_kmh.*did you mean speed_km_h"):
        shipped.get("speed_kmh", "rail")
    with pytest.raises(SchemaError, match="no row for mode 'air', only rail, road"):
        shipped.get("speed_km_h", "air")
    with pytest.raises(SchemaError, match="no row for no mode"):
        shipped.get("speed_km_h")


def test_the_value_is_frozen_and_equal_by_content(shipped):
    again = load_parameters(TABLE)
    assert again == shipped
    assert hash(again) == hash(shipped)
    assert again.digest() == shipped.digest()
    assert pickle.loads(pickle.dumps(shipped)) == shipped
    with pytest.raises(AttributeError, match="frozen"):
        shipped.rows = {}
    with pytest.raises(AttributeError):
        shipped._rows = {}
    assert shipped != "parameters"


# -- overrides ------------------------------------------------------------------------------------


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return path


def test_an_override_replaces_and_adds_and_leaves_the_old_alone(shipped, tmp_path):
    before = shipped.digest()
    mine = shipped.override(
        _write(
            tmp_path / "mine.csv",
            "speed_km_h,rail,KZ,km/h,50,40,60,medium,KTZ tender,",
            "speed_km_h,rail,LA,,60,,,,,",
        )
    )
    assert mine.get("speed_km_h", "rail", "KZ").value == 50
    added = mine.get("speed_km_h", "rail", "LA")
    assert added == Parameter(60, 60, 60, "km/h", "low", "mine.csv", "", "speed_km_h", "rail", "LA")
    assert added.lognormal().sigma == 0
    assert mine.get("speed_km_h", "rail", "CN") == shipped.get("speed_km_h", "rail", "CN")
    assert shipped.digest() == before != mine.digest()
    assert shipped.get("speed_km_h", "rail", "KZ").value != 50


def test_rows_may_be_given_as_mappings(shipped):
    mine = shipped.override([{"key": "transfer_h.gauge", "value": 6, "low": 2, "high": 12.5}])
    got = mine.get("transfer_h.gauge")
    assert (got.value, got.low, got.high, got.unit) == (6, 2, 12.5, "h")
    assert shipped.override([{"key": "payload_t_per_teu", "value": 14}]).digest() != mine.digest()


def test_a_spreadsheet_s_byte_order_mark_and_blank_lines_do_no_harm(shipped, tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbfkey,value\r\n\r\npayload_t_per_teu,14\r\n,\r\n")
    assert shipped.override(path).get("payload_t_per_teu").value == 14


def test_all_faults_are_told_at_once_with_row_and_column(shipped, tmp_path):
    path = _write(
        tmp_path / "bad.csv",
        "speed_kmh,rail,,km/h,50,40,60,medium,x,",
        "speed_km_h,rail,ZZ,km/h,50,40,60,medium,x,",
        "speed_km_h,air,,km/h,50,40,60,medium,x,",
        "speed_km_h,rail,KZ,mph,50,40,60,medium,x,",
        "speed_km_h,rail,CN,km/h,fast,40,60,medium,x,",
        "speed_km_h,rail,RU,km/h,-5,,,medium,x,",
        "speed_km_h,rail,BY,km/h,50,60,40,medium,x,",
        "speed_km_h,rail,PL,km/h,nan,inf,60,certain,x,",
        "border_h.control,,,h,5,,,medium,x,",
        "speed_km_h,rail,UZ,km/h,5,0,9,medium,x,",
        "speed_km_h,rail,TR",
        "speed_km_h,rail,UZ,km/h,5,4,9,medium,x,",
        ",rail,UZ,km/h,,4,9,medium,x,",
    )
    with pytest.raises(SchemaError) as error:
        shipped.override(path)
    told = "\n".join(error.value.findings)
    for expected in (
        "row 2, key: unknown parameter 'speed_kmh'; did you mean speed_km_h",
        "row 3, country: 'ZZ' is not",
        "row 4, mode: 'air' is not one of",
        "row 5, unit: 'mph' is not the unit of this key, km/h",
        "row 6, value: 'fast' is not a number",
        "row 7, value: -5 is negative",
        "row 8, low: 60 is above the value 50",
        "row 8, high: 40 is below the value 50",
        "row 9, value: 'nan' is not a number",
        "row 9, low: 'inf' is not a number",
        "row 9, confidence: 'certain'",
        "row 10, mode: border_h.control is not given for no mode; its modes: rail, road",
        "row 11, low: is 0 while high is not",
        "row 12: 3 cells, the header has 10",
        "row 13, key: the same key, mode and country as row 11",
        "row 14, key: is empty",
        "row 14, value: is empty",
    ):
        assert expected in told
    assert str(error.value).splitlines()[0] == (
        f"bad.csv: {len(error.value.findings)} faults; nothing was taken from it"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"key,value\n", "no rows"),
        (b"key,amount\npayload_t_per_teu,3\n", "unknown column 'amount'"),
        (b"value\n3\n", "column 'key' is missing"),
        (b"key,value,value\npayload_t_per_teu,3,3\n", "column 'value' stands twice"),
        (b"key,value\npayload_t_per_teu,\xff\n", "not a CSV file in UTF-8"),
        (b'key,value\n"payload_t_per_teu,3\n', "not a CSV file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a CSV file in UTF-8"),
    ],
)
def test_a_broken_file_gets_one_clear_error(shipped, tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=message):
        shipped.override(path)


def test_a_file_that_is_not_there_is_named_without_its_folder(shipped, tmp_path):
    with pytest.raises(SchemaError, match=r"^cannot read none\.csv: No such file"):
        shipped.override(tmp_path / "none.csv")


def test_a_complete_table_needs_everything(tmp_path):
    path = _write(tmp_path / "whole.csv", "speed_km_h,rail,KZ,,50,40,60,,,")
    with pytest.raises(SchemaError) as error:
        load_parameters(path)
    told = "\n".join(error.value.findings)
    assert "row 2, unit: is empty" in told
    assert "row 2, confidence" in told
    assert "row 2, source: is empty" in told
    path = _write(tmp_path / "whole.csv", "speed_km_h,rail,KZ,km/h,50,40,60,low,x,")
    with pytest.raises(SchemaError, match="no row for everywhere else"):
        load_parameters(path)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["payload_t_per_teu", "transfer_h.gauge", "port_dwell_h.ferry"]),
            st.floats(0.01, 1e6),
            st.floats(0.05, 1),
            st.floats(1, 20),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda t: t[0],
    )
)
def test_any_sound_override_is_taken_as_it_is(rows):
    base = BASE
    mine = base.override(
        {"key": k, "value": repr(v), "low": repr(v * a), "high": repr(v * b)} for k, v, a, b in rows
    )
    for key, value, a, b in rows:
        got = mine.get(key)
        assert (got.value, got.low, got.high) == (value, value * a, value * b)
    assert len(mine) == len(base)
    # undone, it is the old value again
    back = mine.override({**base.get(k)._asdict(), "mode": "", "country": ""} for k, *_ in rows)
    assert back.digest() == base.digest()


@given(st.text(max_size=12), st.text(max_size=6), st.text(max_size=3), st.text(max_size=6))
def test_no_row_however_odd_is_more_than_a_schema_error(key, mode, country, value):
    base = BASE
    try:
        mine = base.override([{"key": key, "mode": mode, "country": country, "value": value}])
    except SchemaError as error:
        assert error.findings
    else:
        assert mine.get(key.strip(), mode.strip(), country.strip()).value >= 0
        assert mode.strip() in ("", *MODES)


# -- distributions --------------------------------------------------------------------------------


@given(st.floats(0.01, 1e4), st.floats(1.0, 50.0), st.floats(0.2, 5.0))
def test_mean_and_ratio_of_percentiles_are_kept(median, ratio, shift):
    low, high = median / ratio, median * ratio
    value = median * shift
    d = Lognormal.fit(value, low, high)
    assert d.mean == pytest.approx(value)
    assert d.quantile_at(Z90) / d.quantile_at(-Z90) == pytest.approx(high / low)


@given(st.floats(-3, 8), st.floats(0.01, 1.5))
def test_three_numbers_of_one_lognormal_give_it_back(mu, sigma):
    d = Lognormal(mu, sigma)
    again = Lognormal.fit(d.mean, d.quantile_at(-Z90), d.quantile_at(Z90))
    assert again.mu == pytest.approx(mu, abs=1e-9)
    assert again.sigma == pytest.approx(sigma)


def test_certain_zero_and_impossible():
    assert Lognormal.fit(2, 2, 2) == (math.log(2), 0.0)
    zero = Lognormal.fit(0, 0, 0)
    assert zero.mean == 0.0
    assert zero.quantile_at(3.0) == 0.0
    for bad in ((0, 0, 1), (1, 0, 2), (1, 2, 1), (0, 1, 2)):
        with pytest.raises(SchemaError, match="no lognormal"):
            Lognormal.fit(*bad)


# -- lightness ------------------------------------------------------------------------------------


def test_the_module_loads_nothing_heavy():
    code = (
        "import sys; import corridors.parameters as p; p.load_parameters(sys.argv[1]);"
        "heavy = {'numpy', 'pandas', 'scipy', 'shapely', 'rapidfuzz'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, str(TABLE)], check=True)
