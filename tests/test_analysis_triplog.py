"""Trip logs: every fault is told, and the sums are those of a spreadsheet."""

from __future__ import annotations

import numpy as np
import pytest

from corridors.analysis import triplog as tl
from corridors.errors import SchemaError

HEADER = ",".join(tl.COLUMNS)

GOOD = f"""{HEADER}
T1,1,Urumqi,origin,road,CN,,,2025-03-01T08:00+08:00,,0,,18,
T1,2,Khorgos,border,road,CN,road:khorgos,2025-03-01T20:00+08:00,2025-03-02T20:00+08:00,670,300,USD,,customs
T1,3,Almaty,stop,road,KZ,,2025-03-03T03:00+08:00,2025-03-03T11:00+08:00,360,50000,KZT,,rest
T1,4,Shymkent,destination,road,KZ,,2025-03-03T23:00+08:00,,690,0,,,
T2,1,Urumqi,origin,road,CN,,,2025-03-05T08:00+08:00,,0,,20,
T2,2,Khorgos,border,road,CN,road:khorgos,2025-03-05T22:00+08:00,2025-03-06T10:00+08:00,670,200,USD,,customs
T2,3,Almaty,destination,road,KZ,,2025-03-06T18:00+08:00,,360,0,,,
"""

BAD = f"""{HEADER}
T1,1,Urumqi,origin,road,CN,,,2025-03-01T08:00,,0,,18,
T1,2,Khorgos,border,road,CN,road:khorgos,2025-03-01T20:00,,670,-300,USD,,negative and no departure
T1,3,Almaty,stop,road,KZ,,2025-03-03T03:00,2025-03-03T02:00,360,50000,KZT,,leaves before it comes
T1,4,Nowhere,border,road,KZ,Atlantis Gate,2025-03-03T09:00,2025-03-03T12:00,100,20,USD,,nowhere
T1,5,Tashkent,destination,road,UZ,,2025-03-03T20:00,,x,5,,,no currency and no distance
"""


@pytest.fixture(scope="module")
def net():
    import corridors

    return corridors.load_network()


def write(tmp_path, text: str):
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_log_has_one_remark_and_a_spreadsheets_sums(tmp_path, net) -> None:
    log = tl.read_trip_log(write(tmp_path, GOOD), net, rates={"KZT": 0.002})
    assert log.faults["fault"].tolist() == ["trip is paid in several currencies"]
    frame = tl.trips(log).set_index("trip_id")
    # by hand: T1 moves 12 + 7 + 12 h over 1,720 km and stands 24 + 8 h; T2 moves 14 + 8 h
    assert frame.loc["T1", "length_km"] == 1720
    assert frame.loc["T1", "move_h"] == 31 and frame.loc["T1", "stop_h"] == 32
    assert frame.loc["T1", "speed_without_delay_km_h"] == pytest.approx(1720 / 31)
    assert frame.loc["T1", "speed_with_delay_km_h"] == pytest.approx(1720 / 63)
    assert frame.loc["T1", "payments_usd"] == pytest.approx(300 + 50000 * 0.002)
    assert frame.loc["T1", "cost_usd_per_500km_20t"] == pytest.approx(400 / 1720 * 500 / 18 * 20)
    assert frame.loc["T2", "cost_usd_per_500km_20t"] == pytest.approx(200 / 1030 * 500)
    found = tl.crossing_indicators(log).iloc[0]
    assert found["crossing"] == "road:khorgos" and found["hours_n"] == 2
    assert found["hours_mean"] == (24 + 12) / 2
    assert found["hours_p10"] == pytest.approx(np.percentile([24, 12], 10))
    assert found["payment_usd_mean"] == 250
    table = tl.log_indicators(log).set_index("indicator")
    assert table.loc["TFI1 border clearance", "mean"] == 18
    assert table.loc["TFI4 speed with delay", "mean"] == pytest.approx(
        (1720 / 63 + 1030 / 34) / 2, abs=1e-3
    )
    both = tl.measured_and_modelled(log, net).iloc[0]
    assert both["measured_h"] == 18 and both["modelled_h"] > 0
    assert both["ratio"] == pytest.approx(18 / both["modelled_h"], abs=0.01)


def test_every_fault_is_told_with_its_row_and_nothing_is_dropped(tmp_path, net) -> None:
    log = tl.read_trip_log(write(tmp_path, BAD), net)
    assert len(log.rows) == 5
    told = {(f.row, f.column): f.fault for f in log.faults.itertuples()}
    assert "negative" in told[3, "payment"]
    assert "missing" in told[3, "depart"]
    assert "departs before" in told[4, "depart"]
    assert "no rate" in told[4, "currency"]
    assert "unknown crossing" in told[5, "crossing"]
    assert "not a number" in told[6, "km"]
    assert "without a currency" in told[6, "currency"]
    assert any("several currencies" in f for f in log.faults["fault"])
    assert log.faults["left_out_of"].str.len().gt(0).all()
    # what cannot be summed is missing, not a part of the whole
    trip = tl.trips(log).iloc[0]
    assert np.isnan(trip["length_km"]) and np.isnan(trip["payments_usd"])
    assert np.isnan(trip["cost_usd_per_500km_20t"])
    # and what is good still counts
    assert log.rows["stop_h"].notna().sum() == 3


def test_a_file_that_is_no_log_is_refused_with_all_its_faults(tmp_path) -> None:
    with pytest.raises(SchemaError) as error:
        tl.read_trip_log(write(tmp_path, "trip_id,seq,colour\n1,1,red\n"))
    text = str(error.value)
    assert "'place' is missing" in text and "unknown column 'colour'" in text
    with pytest.raises(SchemaError, match="no rows"):
        tl.read_trip_log(write(tmp_path, HEADER + "\n"))
    with pytest.raises(SchemaError, match="cannot read"):
        tl.read_trip_log(tmp_path / "none.csv")
    with pytest.raises(SchemaError, match="cells"):
        tl.read_trip_log(write(tmp_path, HEADER + "\na,b\n"))


def test_rows_out_of_order_are_put_right_and_rows_twice_are_told() -> None:
    rows = [dict(zip(tl.COLUMNS, line.split(","), strict=True)) for line in GOOD.splitlines()[1:5]]
    log = tl.read_trip_log([rows[2], rows[0], rows[3], rows[1]], rates={"KZT": 0.002})
    assert log.rows["seq"].tolist() == [1, 2, 3, 4]
    assert tl.trips(log)["move_h"].iloc[0] == 31
    twice = tl.read_trip_log([*rows, {**rows[1]}], rates={"KZT": 0.002})
    assert any("twice" in f for f in twice.faults["fault"])
    late = [dict(r) for r in rows]
    late[2]["arrive"] = "2025-03-01T21:00+08:00"
    late[2]["depart"] = "2025-03-03T11:00+08:00"
    told = tl.read_trip_log(late, rates={"KZT": 0.002}).faults["fault"].tolist()
    assert "arrives before it left the place before" in told
    mixed = [dict(r) for r in rows]
    mixed[1]["depart"] = "2025-03-02T20:00"
    told = tl.read_trip_log(mixed, rates={"KZT": 0.002}).faults["fault"].tolist()
    assert told.count("one of two times has no time zone") == 2


def test_a_crossing_is_known_by_name_mode_and_country(tmp_path, net) -> None:
    text = GOOD.replace("road:khorgos", "Khorgos")
    log = tl.read_trip_log(write(tmp_path, text), net, rates={"KZT": 0.002})
    ids = set(log.rows["crossing_id"]) - {""}
    assert all(i.startswith("road:") for i in ids)
    assert ids or log.faults["fault"].str.contains("may be any of").any()
