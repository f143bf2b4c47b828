"""Trip logs: what drivers and forwarders write down, and the performance indicators from it.

A log is a CSV file, one row per stop of a trip, in the order of the trip (README of the columns in
docs/analysis/trip-logs.md):

    trip_id   text that holds a trip's rows together
    seq       1, 2, 3 ... along the trip
    place     where
    kind      origin, stop, border, transfer, destination
    mode      rail or road: how the place was reached
    country   ISO alpha-2 of the country in which it lies (of a border: the one that is left)
    crossing  id or name of the crossing; needed where kind is border
    arrive    ISO 8601 time of arrival (empty at the origin)
    depart    ISO 8601 time of departure (empty at the destination)
    km        from the row before (empty at the origin)
    payment   what was paid here, 0 or empty for nothing
    currency  ISO 4217 code of the payment
    load_t    tonnes carried (at the origin, or in every row)
    reason    free text

Nothing is dropped in silence: every fault is a row of ``faults`` with its line, its column, what is
wrong and what it is left out of; what remains is used.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.analysis.indicators import SECTION_KM, SECTION_T, section_cost
from corridors.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.routing.network import Network

COLUMNS = ("trip_id", "seq", "place", "kind", "mode", "country", "crossing", "arrive", "depart",
           "km", "payment", "currency", "load_t", "reason")  # fmt: skip
NEEDED = ("trip_id", "seq", "place", "kind", "mode", "country", "arrive", "depart", "km")
STOPS = ("origin", "stop", "border", "transfer", "destination")
FAULT_COLUMNS = ("row", "trip_id", "column", "value", "fault", "left_out_of")

Name = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class TripLog:
    """A log that was read.

    Attributes
    ----------
    rows : DataFrame
        All rows, parsed; cells that were no good are missing. ``row`` is the line in the file
        (the header is 1), ``crossing_id`` the crossing as the network knows it, ``stop_h`` the time
        here, ``move_h`` the time from the row before, ``payment_usd``.
    faults : DataFrame
        ``row, trip_id, column, value, fault, left_out_of``.
    """

    rows: pd.DataFrame
    faults: pd.DataFrame
    name: str

    def __repr__(self) -> str:
        trips = self.rows["trip_id"].nunique()
        count = f"{len(self.rows)} rows, {trips} trips, {len(self.faults)} faults"
        return f"<TripLog {self.name}: {count}>"


class _Reader:
    """Reads cells and notes what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[dict[str, Any]] = []

    def fault(self, line: int, trip: str, column: str, value: str, fault: str, loss: str) -> None:
        self.faults.append({"row": line, "trip_id": trip, "column": column, "value": value,
                            "fault": fault, "left_out_of": loss})  # fmt: skip

    def number(
        self, line: int, row: dict[str, str], column: str, loss: str, *, above: bool = False
    ) -> float:
        text = row.get(column, "")
        if not text:
            return math.nan
        try:
            value = float(text.replace(" ", ""))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(line, row["trip_id"], column, text, "is not a number", loss)
            return math.nan
        if value < 0 or (above and value == 0):
            what = "is negative" if value < 0 else "is zero"
            self.fault(line, row["trip_id"], column, text, what, loss)
            return math.nan
        return value

    def time(self, line: int, row: dict[str, str], column: str, loss: str, needed: bool) -> Any:
        text = row.get(column, "")
        if not text:
            if needed:
                self.fault(line, row["trip_id"], column, "", "time is missing", loss)
            return None
        try:
            return datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            self.fault(line, row["trip_id"], column, text,
                       "is not a time (write 2025-03-01T14:30+05:00)", loss)  # fmt: skip
            return None


def read_trip_log(
    source: str | Path | Iterable[Mapping[str, Any]],
    net: Network | None = None,
    *,
    rates: Mapping[str, float] | None = None,
) -> TripLog:
    """Return a trip log with all its faults.

    Parameters
    ----------
    source : path, or rows as mappings
    net : Network, optional
        Its crossings are the known ones; without it crossings are taken as written.
    rates : mapping, optional
        USD per unit of a currency (``{"KZT": 0.0019}``); USD needs none. A payment in a currency
        without a rate is a fault.

    Raises
    ------
    SchemaError
        A file that cannot be read, or that lacks a needed column.
    """
    import pandas as pd

    name, lines = _lines(source)
    known = _crossings(net)
    reader = _Reader()
    rows = [_parse(reader, line, row, known, net, rates or {}) for line, row in lines]
    frame = pd.DataFrame(rows)
    frame = _sequence(reader, frame)
    _currencies(reader, frame)
    _loads(reader, frame)
    faults = pd.DataFrame(reader.faults, columns=list(FAULT_COLUMNS))
    faults = faults.sort_values(["row", "column"], kind="stable").reset_index(drop=True)
    return TripLog(frame, faults, name)


def _lines(
    source: str | Path | Iterable[Mapping[str, Any]],
) -> tuple[str, list[tuple[int, dict[str, str]]]]:
    if isinstance(source, (str, Path)):
        name = Path(source).name
        try:
            with Path(source).open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                header = [c.strip() for c in next(reader, [])]
                table = [(reader.line_num, r) for r in reader]
        except OSError as error:
            raise SchemaError(f"cannot read {name}: {error.strerror or error}") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise SchemaError(f"{name} is not a CSV file in UTF-8: {error}") from error
        faults = tuple(f"row {i}: {len(r)} cells, the header has {len(header)}"
                       for i, r in table if any(r) and len(r) != len(header))  # fmt: skip
        if faults:
            raise SchemaError(f"{name} is no table", faults)
        found = [(i, dict(zip(header, (c.strip() for c in r), strict=True)))
                 for i, r in table if any(c.strip() for c in r)]  # fmt: skip
    else:
        name = "trip log"
        given = [{str(k): "" if v is None or v != v else str(v).strip() for k, v in r.items()}
                 for r in source]  # fmt: skip
        header = list(dict.fromkeys(k for r in given for k in r))
        found = list(enumerate(given, start=2))
    missing = [f"row 1: column {c!r} is missing" for c in NEEDED if c not in header]
    missing += [f"row 1: unknown column {c!r}" for c in header if c and c not in COLUMNS]
    if missing:
        raise SchemaError(f"{name} is no trip log", tuple(missing))
    if not found:
        raise SchemaError(f"{name} has no rows")
    return name, found


def _crossings(net: Network | None) -> dict[str, list[str]]:
    """Return crossing ids by normalised id, name and alias."""
    if net is None:
        return {}
    from corridors.names import normalise

    out: dict[str, list[str]] = {}
    for f in net.facilities.values():
        if f.kind != "crossing":
            continue
        for text in {f.id, f.name, *f.row.get("aliases", "").split("|")} - {""}:
            out.setdefault(normalise(text), []).append(f.id)
    return out


def _crossing(
    reader: _Reader, line: int, row: dict[str, str], known: dict[str, list[str]],
    net: Network | None, mode: str,
) -> str:  # fmt: skip
    from corridors.names import normalise

    text = row.get("crossing", "")
    if not text:
        reader.fault(line, row["trip_id"], "crossing", "", "border without a crossing",
                     "hours and payments by crossing")  # fmt: skip
        return ""
    if net is None:
        return text
    ids = list(dict.fromkeys(known.get(normalise(text), [])))
    if len(ids) > 1:
        ids = [i for i in ids if net.facilities[i].row["mode"] == mode] or ids
    if len(ids) > 1 and row.get("country"):
        c = row["country"].upper()
        near = [i for i in ids if c in (net.facilities[i].row["country_a"],
                                        net.facilities[i].row["country_b"])]  # fmt: skip
        ids = near or ids
    if len(ids) == 1:
        return ids[0]
    what = "unknown crossing" if not ids else f"may be any of {', '.join(ids)}: write the id"
    reader.fault(line, row["trip_id"], "crossing", text, what, "hours and payments by crossing")
    return ""


def _parse(
    reader: _Reader, line: int, row: dict[str, str], known: dict[str, list[str]],
    net: Network | None, rates: Mapping[str, float],
) -> dict[str, Any]:  # fmt: skip
    trip, kind = row["trip_id"], row["kind"].lower()
    if not trip:
        reader.fault(line, "", "trip_id", "", "is empty", "everything")
    if kind not in STOPS:
        reader.fault(line, trip, "kind", row["kind"], f"is not one of {', '.join(STOPS)}",
                     "border indicators (taken as stop)")  # fmt: skip
        kind = "stop"
    mode = row["mode"].lower()
    if mode not in ("rail", "road"):
        reader.fault(line, trip, "mode", row["mode"], "is neither rail nor road",
                     "indicators by mode")  # fmt: skip
        mode = ""
    country = row["country"].upper()
    if len(country) != 2 or not country.isalpha():
        reader.fault(line, trip, "country", row["country"], "is not an ISO alpha-2 code",
                     "indicators by country")  # fmt: skip
        country = ""
    arrive = reader.time(line, row, "arrive", "stop and moving hours of this row", kind != "origin")
    depart = reader.time(line, row, "depart", "stop and moving hours of this row",
                         kind != "destination")  # fmt: skip
    stop_h = math.nan
    if arrive is not None and depart is not None:
        stop_h = _hours(reader, line, trip, "depart", row["depart"], arrive, depart,
                        "departs before it arrives", "stop hours of this row")  # fmt: skip
    elif kind in ("origin", "destination"):
        stop_h = 0.0
    payment = reader.number(line, row, "payment", "payments")
    currency = row.get("currency", "").upper()
    usd = math.nan if row.get("payment") and math.isnan(payment) else 0.0
    if payment > 0:
        usd = _usd(reader, line, trip, payment, currency, rates)
    crossing = _crossing(reader, line, row, known, net, mode) if kind == "border" else ""
    return {
        "row": line, "trip_id": trip, "seq": reader.number(line, row, "seq", "its order"),
        "place": row["place"], "kind": kind, "mode": mode, "country": country,
        "crossing_id": crossing, "arrive": arrive, "depart": depart,
        "km": reader.number(line, row, "km", "distance, speed and cost per km"),
        "stop_h": stop_h, "payment": payment, "currency": currency, "payment_usd": usd,
        "load_t": reader.number(line, row, "load_t", "cost per tonne", above=True),
        "reason": row.get("reason", ""),
    }  # fmt: skip


def _hours(
    reader: _Reader, line: int, trip: str, column: str, text: str, start: datetime, end: datetime,
    fault: str, loss: str,
) -> float:  # fmt: skip
    if (start.tzinfo is None) != (end.tzinfo is None):
        reader.fault(line, trip, column, text, "one of two times has no time zone", loss)
        return math.nan
    hours = (end - start).total_seconds() / 3600.0
    if hours < 0:
        reader.fault(line, trip, column, text, fault, loss)
        return math.nan
    return hours


def _usd(
    reader: _Reader, line: int, trip: str, payment: float, currency: str, rates: Mapping[str, float]
) -> float:
    if not currency:
        reader.fault(line, trip, "currency", "", "payment without a currency", "payments")
        return math.nan
    if currency == "USD":
        return payment
    rate = rates.get(currency)
    if rate is None:
        reader.fault(line, trip, "currency", currency, "no rate to USD is given for it", "payments")
        return math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise SchemaError(f"rate of {currency} is {rate!r}; USD per unit, above zero")
    return payment * rate


def _sequence(reader: _Reader, frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``move_h`` and tell rows out of order, twice, or going back in time."""
    frame["move_h"] = np.nan
    frame["_order"] = range(len(frame))
    frame = frame.sort_values(["trip_id", "seq", "_order"], kind="stable", na_position="last")
    for trip, part in frame.groupby("trip_id", sort=False):
        before: dict[str, Any] | None = None
        for i, row in zip(part.index, part.to_dict("records"), strict=True):
            if before is not None:
                _step(reader, frame, i, str(trip), before, row)
            before = row
        for kind in ("origin", "destination"):
            n = int((part["kind"] == kind).sum())
            if n != 1:
                line = int(part["row"].iloc[0 if kind == "origin" else -1])
                reader.fault(line, str(trip), "kind", "", f"trip has {n or 'no'} {kind}",
                             "nothing; its ends are uncertain")  # fmt: skip
    return frame.drop(columns="_order").reset_index(drop=True)


def _step(
    reader: _Reader, frame: pd.DataFrame, i: Any, trip: str, before: dict[str, Any],
    row: dict[str, Any],
) -> None:  # fmt: skip
    line = int(row["row"])
    if row["seq"] == before["seq"]:
        reader.fault(line, trip, "seq", f"{row['seq']:g}", "stands twice in the trip",
                     "moving hours of this row")  # fmt: skip
        return
    if row["km"] != row["km"] and not any(
        f["row"] == line and f["column"] == "km" for f in reader.faults
    ):
        reader.fault(line, trip, "km", "", "distance is missing", "distance, speed, cost per km")
    if before["depart"] is None or row["arrive"] is None:
        return  # told already, where the time is missing
    if _none(before["depart"]) or _none(row["arrive"]):
        return
    frame.loc[i, "move_h"] = _hours(
        reader, line, trip, "arrive", str(row["arrive"]), before["depart"], row["arrive"],
        "arrives before it left the place before", "moving hours of this row",
    )  # fmt: skip


def _none(value: Any) -> bool:
    return value is None or value != value


def _currencies(reader: _Reader, frame: pd.DataFrame) -> None:
    """Tell trips paid in several currencies: they are only as good as the rates."""
    paid = frame[frame["payment"] > 0]
    for trip, part in paid.groupby("trip_id", sort=False):
        codes = [c for c in dict.fromkeys(part["currency"]) if c]
        if len(codes) > 1:
            other = part[part["currency"] == codes[1]]
            reader.fault(int(other["row"].iloc[0]), str(trip), "currency", "|".join(codes),
                         "trip is paid in several currencies",
                         "nothing where a rate is given; sums depend on the rates")  # fmt: skip


def _loads(reader: _Reader, frame: pd.DataFrame) -> None:
    for trip, part in frame.groupby("trip_id", sort=False):
        if part["load_t"].isna().all():
            reader.fault(int(part["row"].iloc[0]), str(trip), "load_t", "", "trip has no load",
                         "cost per 20 t")  # fmt: skip


# --- indicators ----------------------------------------------------------------------------------


def _spread(values: Any) -> dict[str, float]:
    x = np.asarray([v for v in values if v == v], dtype=float)
    if not len(x):
        return {"n": 0, "mean": np.nan, "median": np.nan, "p10": np.nan, "p90": np.nan}
    low, mid, high = np.percentile(x, [10, 50, 90])
    return {"n": len(x), "mean": round(float(x.mean()), 3), "median": round(float(mid), 3),
            "p10": round(float(low), 3), "p90": round(float(high), 3)}  # fmt: skip


def trips(log: TripLog) -> pd.DataFrame:
    """Return one row per trip: km, hours, speeds, payments, cost per 500 km and 20 t.

    A sum over a trip is missing where one of its rows lacks the number (see ``log.faults``), since
    a part of it would be a wrong whole.
    """
    import pandas as pd

    rows = []
    for trip, part in log.rows.groupby("trip_id", sort=False):
        later = part.iloc[1:]
        km = _whole(later["km"])
        move = _whole(later["move_h"])
        stop = _whole(part["stop_h"])
        usd = _whole(part["payment_usd"])
        load = part["load_t"].dropna()
        tonnes = float(load.iloc[0]) if len(load) else math.nan
        rows.append({
            "trip_id": trip, "mode": "|".join(m for m in dict.fromkeys(later["mode"]) if m),
            "length_km": km, "move_h": move, "stop_h": stop,
            "border_h": _whole(part.loc[part["kind"] == "border", "stop_h"]),
            "payments_usd": usd, "load_t": tonnes,
            "speed_without_delay_km_h": km / move if move > 0 else math.nan,
            "speed_with_delay_km_h": km / (move + stop) if move + stop > 0 else math.nan,
            "cost_usd_per_500km_20t": section_cost(usd, km, tonnes)
            if km == km and tonnes == tonnes else math.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _whole(column: Any) -> float:
    """Return the sum of a column, missing where a cell is."""
    return float(column.sum(skipna=False)) if len(column) else 0.0


def crossing_indicators(log: TripLog) -> pd.DataFrame:
    """Return hours (TFI1) and payments (TFI2) by crossing and country left, with their spread.

    Columns ``crossing, from, mode, hours_n, hours_mean, hours_median, hours_p10, hours_p90,
    payment_usd_n …``.
    """
    import pandas as pd

    here = log.rows[(log.rows["kind"] == "border") & (log.rows["crossing_id"] != "")]
    rows = []
    for key, part in here.groupby(["crossing_id", "country", "mode"], sort=True):
        row = dict(zip(("crossing", "from", "mode"), key, strict=True))
        row |= {f"hours_{k}": v for k, v in _spread(part["stop_h"]).items()}
        row |= {f"payment_usd_{k}": v for k, v in _spread(part["payment_usd"]).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def log_indicators(log: TripLog, by: str | None = None) -> pd.DataFrame:
    """Return the indicators of a log with their spread: all trips, or by mode or country.

    By trip: TFI1 hours at a border, TFI2 payment at a border, TFI3 cost per 500 km and 20 t, TFI4
    speeds. By country the rows of the log count one by one (km and hours of the way to a place
    belong to its country).

    Returns
    -------
    DataFrame
        ``indicator, unit``, the group, ``n, mean, median, p10, p90``.
    """
    import pandas as pd

    if by not in (None, "mode", "country"):
        raise SchemaError(f"by {by!r}: choose mode or country")
    rows: list[dict[str, Any]] = []

    def note(group: str, name: str, unit: str, values: Any) -> None:
        rows.append({"indicator": name, "unit": unit, **({by: group} if by else {}),
                     **_spread(values)})  # fmt: skip

    borders = log.rows[log.rows["kind"] == "border"]
    groups = [("", log.rows, borders)] if by is None else [
        (g, log.rows[log.rows[by] == g], borders[borders[by] == g])
        for g in sorted(set(log.rows[by]) - {""})
    ]  # fmt: skip
    whole = trips(log)
    for group, part, at in groups:
        note(group, "TFI1 border clearance", "hours", at["stop_h"])
        note(group, "TFI2 border payment", "USD", at["payment_usd"])
        if by == "country":
            ok = part[(part["km"] > 0) & (part["move_h"] > 0)]
            note(group, "TFI4 speed without delay", "km/h", ok["km"] / ok["move_h"])
            total = ok["move_h"] + ok["stop_h"]
            note(group, "TFI4 speed with delay", "km/h", ok["km"] / total)
            continue
        mine = whole if by is None else whole[whole["mode"] == group]
        note(group, "TFI3 cost", f"USD per {SECTION_KM:.0f} km and {SECTION_T:.0f} t",
             mine["cost_usd_per_500km_20t"])  # fmt: skip
        note(group, "TFI4 speed without delay", "km/h", mine["speed_without_delay_km_h"])
        note(group, "TFI4 speed with delay", "km/h", mine["speed_with_delay_km_h"])
    return pd.DataFrame(rows)


def measured_and_modelled(log: TripLog, net: Network) -> pd.DataFrame:
    """Return crossings of a log beside what the network takes for them.

    Columns ``crossing, from, mode, trips, measured_h, measured_p10, measured_p90, modelled_h,
    modelled_p10, modelled_p90, ratio, within`` (the measured mean lies in the modelled range).
    """
    import pandas as pd

    from corridors.analysis.indicators import border_league

    league = border_league(net).set_index(["id", "from"])
    rows = []
    for row in crossing_indicators(log).to_dict("records"):
        key = (row["crossing"], row["from"])
        model = league.loc[key] if key in league.index else None
        hours = None if model is None else float(model["hours"])
        low, high = (math.nan, math.nan) if model is None else (
            float(model["hours_p10"]), float(model["hours_p90"]))  # fmt: skip
        rows.append({
            "crossing": row["crossing"], "from": row["from"], "mode": row["mode"],
            "trips": row["hours_n"], "measured_h": row["hours_mean"],
            "measured_p10": row["hours_p10"], "measured_p90": row["hours_p90"],
            "modelled_h": math.nan if hours is None else hours, "modelled_p10": low,
            "modelled_p90": high,
            "ratio": round(row["hours_mean"] / hours, 2) if hours else math.nan,
            "within": bool(low <= row["hours_mean"] <= high),
        })  # fmt: skip
    return pd.DataFrame(rows)


def log_chart(log: TripLog, ax: Axes | None = None) -> Axes:
    """Draw the hours at each crossing of a log: every trip a dot, the mean a bar."""
    import matplotlib.pyplot as plt

    here = log.rows[(log.rows["kind"] == "border") & (log.rows["crossing_id"] != "")]
    groups = list(here.groupby(["crossing_id", "country"], sort=True))
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 0.4 * len(groups) + 1.5))
    for y, (_, part) in enumerate(groups):
        hours = part["stop_h"].dropna()
        ax.plot(hours, [y] * len(hours), "o", color="C0", alpha=0.4)
        if len(hours):
            ax.plot([hours.mean()] * 2, [y - 0.3, y + 0.3], color="C3", lw=2)
    ax.set_yticks(range(len(groups)), [f"{c} from {country}" for (c, country), _ in groups])
    ax.set_xlabel("hours at the crossing (bar: mean)")
    return ax
