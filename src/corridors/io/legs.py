"""A spreadsheet of legs becomes a network that routes: from, to, mode, km, hours, cost.

Places are found by their names in the atlas and in the user's own places, or placed by columns of
coordinates. Where legs of several modes meet, changing between them takes what the parameters say,
unless the user says that her numbers hold it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from corridors.errors import SchemaError, UnknownPlaceError
from corridors.io.delimited import read_delimited
from corridors.io.tables import NetworkTables, checked, faults
from corridors.network.store import MODES

COLUMNS = {
    "from": ("from", "origin"),
    "to": ("to", "destination"),
    "mode": ("mode",),
    "km": ("km", "length_km", "distance_km"),
    "hours": ("hours", "h", "time_h"),
    "cost": ("cost", "cost_usd", "usd"),
    "co2e": ("co2e", "co2e_kg", "kg_co2e"),
    "gauge_mm": ("gauge_mm", "gauge"),
    "oneway": ("oneway", "one-way", "one_way"),
    "from_lat": ("from_lat",), "from_lon": ("from_lon", "from_lng"),
    "to_lat": ("to_lat",), "to_lon": ("to_lon", "to_lng"),
}  # fmt: skip
"""What each column may be called, in any case; cost is USD and CO2e kg, both of one TEU."""
_INTO = {"km": "length_km", "cost": "cost_usd", "co2e": "co2e_kg"}
_NO_CHANGE = ("pipeline",)


@dataclass(frozen=True)
class Spot:
    """A place of the table."""

    id: str
    name: str
    lon: float
    lat: float
    country: str = ""
    kind: str = "city"


def read_legs(
    path: str | Path,
    *,
    data: str | Path | None = None,
    sheet: str | None = None,
    transfers: bool = True,
    oneway: bool = False,
) -> NetworkTables:
    """Return the network of a table of legs.

    Parameters
    ----------
    path : path
        .csv (cells between commas, semicolons or tabs) or .xlsx (extra ``xlsx``). Columns
        ``from, to, mode`` and, where known, ``km``, ``hours``, ``cost`` (USD per TEU), ``co2e``
        (kg per TEU), ``gauge_mm``, ``oneway``, ``from_lat, from_lon, to_lat, to_lon`` (degrees).
    data : path, optional
        The user's folder, whose places are found too.
    sheet : str, optional
        Of a workbook; the first where left out.
    transfers : bool
        Whether a change of mode (or of gauge) costs what the parameters say; False where the
        table's own hours and costs hold it.
    oneway : bool
        Whether every leg may be travelled only as it is written.

    Returns
    -------
    NetworkTables
        ``notes`` say what was taken for granted.

    Raises
    ------
    SchemaError
        One line per fault, by row: an unknown place (with near matches), an unknown mode, a number
        that is none or negative, fewer km than the straight line.
    """
    import pandas as pd

    from corridors.userdata import check_data

    path = Path(path)
    check_data(data)
    frame, said = _read(path, sheet)
    notes = list(said)
    called = _columns(frame, path)
    frame = frame.rename(columns={v: k for k, v in called.items()})
    blank = ("",) * len(frame)
    cells = {c: [str(x).strip() for x in frame[c]] if c in frame else list(blank) for c in COLUMNS}
    told: list[str] = []
    spots, ends = _places(cells, data, told)
    for i, (a, b) in enumerate(zip(*ends, strict=True)):
        if a and a == b:
            told.append(f"row {i + 2}: from and to are the same place ({spots[a].name})")
    for i, mode in enumerate(cells["mode"]):
        if mode.lower() not in MODES:
            told.append(f"row {i + 2}, mode: {mode!r} is not one of {', '.join(MODES)}")
    for column in ("km", "hours", "cost", "co2e"):
        told += [f"row {i + 2}, {called[column]}: {text} is below zero; it can not be negative"
                 for i, text in enumerate(cells[column]) if text.startswith("-")]  # fmt: skip
        told += [f"row {i + 2}, {called[column]}: {text!r} is no number; write the decimal point "
                 "as '.', and nothing between thousands"
                 for i, text in enumerate(cells[column]) if "," in text]  # fmt: skip
    if told:
        raise faults(str(path), told)
    modes = [m.lower() for m in cells["mode"]]
    gauges = _gauges(cells["gauge_mm"], modes)
    nodes, node_of = _nodes(spots, ends, modes, gauges, transfers)
    edges = pd.DataFrame({
        "u": [node_of[a, m, g] for a, m, g in zip(ends[0], modes, gauges, strict=True)],
        "v": [node_of[b, m, g] for b, m, g in zip(ends[1], modes, gauges, strict=True)],
        "mode": modes, "gauge_mm": cells["gauge_mm"],
        **{_INTO.get(c, c): cells[c] for c in ("km", "hours", "cost", "co2e")},
        "oneway": [x or ("true" if oneway else "") for x in cells["oneway"]],
        "country": [spots[a].country if spots[a].country == spots[b].country else ""
                    for a, b in zip(*ends, strict=True)],
        "origin": "legs",
    })  # fmt: skip
    edges["id"] = [str(i + 2) for i in range(len(edges))]
    for name in frame.columns:
        if name not in COLUMNS and name not in edges:
            edges[name] = frame[name].to_numpy()
    changes = _changes(nodes) if transfers else []
    if changes:
        places = len({row["facility"] for row in changes})
        notes.append(f"changes of mode at {places:,} places cost what parameters.csv says of "
                     "transfers; --no-transfers if your numbers hold them")  # fmt: skip
    whole = pd.concat([edges, pd.DataFrame(changes)], ignore_index=True) if changes else edges
    nodes = nodes.drop(columns=["mode", "gauge"])
    tables = checked(nodes, whole, source=str(path), edge_rows=("", 2), called=_called(called))
    return tables.noting(*notes, *_assumptions(cells, ends, spots))


def _read(path: Path, sheet: str | None) -> tuple[Any, tuple[str, ...]]:
    ending = path.suffix.lower()
    if ending in (".csv", ".txt", ".tsv"):
        return read_delimited(path)
    if ending != ".xlsx":
        raise SchemaError(f"{path}: a table of legs is .csv or .xlsx")
    return read_workbook(path, sheet)


def read_workbook(path: Path, sheet: str | None = None) -> tuple[Any, tuple[str, ...]]:
    """Return one sheet of a workbook as text cells, as :func:`read_delimited` does of a CSV."""
    import pandas as pd

    if not path.is_file():
        raise SchemaError(f"{path}: no such file")
    try:
        import openpyxl
    except ImportError:
        raise SchemaError("a workbook needs the extra: pip install 'corridors[xlsx]'") from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # zip, XML and the library's own: all sorts
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{path}: is no workbook: {reason}") from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise SchemaError(f"{path}: has no sheet {sheet!r}; there are: "
                              f"{', '.join(book.sheetnames)}")  # fmt: skip
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        rows = [[_cell(v) for v in row] for row in chosen.iter_rows(values_only=True)]
        others = [n for n in book.sheetnames if n != chosen.title]
        title = chosen.title
    finally:
        book.close()
    rows = [r for r in rows if any(r)]
    if not rows:
        raise SchemaError(f"{path}: sheet {title!r} is empty; the first row must name the columns")
    header = rows[0]
    while header and not header[-1]:
        header = header[:-1]
    twice = [n for n in header if header.count(n) > 1]
    if twice:
        raise SchemaError(f"{path}: row 1: the column {twice[0]!r} is there twice")
    if len(rows) == 1:
        raise SchemaError(f"{path}: has a header and no rows")
    body = [(r + [""] * len(header))[: len(header)] for r in rows[1:]]
    notes = (f"sheet {title!r}; not read: {', '.join(others)}",) if others and sheet is None else ()
    return pd.DataFrame(body, columns=header, dtype=object), notes


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _columns(frame: Any, path: Path) -> dict[str, str]:
    """Return what the file calls each of our columns."""
    have = {str(c).strip().lower(): c for c in frame.columns}
    called = {}
    for name, words in COLUMNS.items():
        found = [have[w] for w in words if w in have]
        if len(found) > 1:
            raise SchemaError(
                f"{path}: row 1: {found[0]!r} and {found[1]!r} mean the same; keep one"
            )
        if found:
            called[name] = found[0]
    missing = [c for c in ("from", "to", "mode") if c not in called]
    if missing:
        raise SchemaError(f"{path}: row 1: the column {missing[0]} is missing; a table of legs has "
                          "from, to, mode, and km, hours, cost where they are known")  # fmt: skip
    return {**{c: c for c in COLUMNS}, **called}


def _called(called: dict[str, str]) -> dict[str, str]:
    return {_INTO.get(k, k): v for k, v in called.items()} | {"u": called["from"],
                                                             "v": called["to"]}  # fmt: skip


def _places(
    cells: dict[str, list[str]], data: str | Path | None, told: list[str]
) -> tuple[dict[str, Spot], tuple[list[str], list[str]]]:
    """Return the places by id, and the ids of both ends of every leg."""
    spots: dict[str, Spot] = {}
    known: dict[str, str] = {}
    where: dict[str, int] = {}
    ends: tuple[list[str], list[str]] = ([], [])
    for side, column in enumerate(("from", "to")):
        for i, text in enumerate(cells[column]):
            lat, lon = cells[f"{column}_lat"][i], cells[f"{column}_lon"][i]
            if not text:
                told.append(f"row {i + 2}, {column}: is empty")
            elif lat or lon:
                _placed(text, lat, lon, i, column, spots, known, where, told)
            elif text not in known:
                _named(text, data, i, column, spots, known, told)
            ends[side].append(known.get(text, ""))
    return spots, ends


def _placed(
    text: str, lat: str, lon: str, i: int, column: str, spots: dict[str, Spot],
    known: dict[str, str], where: dict[str, int], told: list[str],
) -> None:  # fmt: skip
    """Note a place that has its own coordinates."""
    numbers = []
    for name, value, limit in (("lat", lat, 90.0), ("lon", lon, 180.0)):
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not abs(number) <= limit:
            told.append(f"row {i + 2}, {column}_{name}: {value!r} is no number of degrees within "
                        f"±{limit:g}")  # fmt: skip
        numbers.append(number)
    if not (abs(numbers[0]) <= 90.0 and abs(numbers[1]) <= 180.0):
        known.setdefault(text, "")
        return
    spot = Spot(text, text, numbers[1], numbers[0])
    if known.get(text):
        first = spots[known[text]]
        if (first.lon, first.lat) != (spot.lon, spot.lat) and text in where:
            told.append(f"row {i + 2}, {column}: {text!r} lies elsewhere than in row {where[text]}")
        return
    where[text] = i + 2
    spots[text], known[text] = spot, text


def _named(
    text: str, data: str | Path | None, i: int, column: str, spots: dict[str, Spot],
    known: dict[str, str], told: list[str],
) -> None:  # fmt: skip
    """Note a place that the atlas, the user's places or its own text tell."""
    from corridors.names import cached_index

    try:
        found = cached_index(data).resolve(text)
    except UnknownPlaceError as error:
        told.append(f"row {i + 2}, {column}: {error}")
        known[text] = ""
        return
    ident = found.id or text
    country = found.country if len(found.country) == 2 else ""
    spots.setdefault(ident, Spot(ident, found.name, found.lon, found.lat, country, found.kind))
    known[text] = ident


def _gauges(cells: Sequence[str], modes: Sequence[str]) -> list[str]:
    """Return the gauge that tells nodes apart: only where every leg by rail has one."""
    rails = [c for c, m in zip(cells, modes, strict=True) if m == "rail"]
    if not all(c not in ("", "0") for c in rails):
        return [""] * len(cells)
    return [c if m == "rail" else "" for c, m in zip(cells, modes, strict=True)]


def _nodes(
    spots: dict[str, Spot], ends: tuple[list[str], list[str]], modes: list[str],
    gauges: list[str], transfers: bool,
) -> tuple[Any, dict[tuple[str, str, str], str]]:  # fmt: skip
    """Return a node for each place, mode and gauge (or for each place), and which is which."""
    import pandas as pd

    served: dict[str, list[tuple[str, str]]] = {}
    for side in ends:
        for place, mode, gauge in zip(side, modes, gauges, strict=True):
            kinds = served.setdefault(place, [])
            if (mode, gauge) not in kinds:
                kinds.append((mode, gauge))
    rows: list[dict[str, Any]] = []
    node_of: dict[tuple[str, str, str], str] = {}
    for place, kinds in served.items():
        spot = spots[place]
        for n, (mode, gauge) in enumerate(kinds):
            first = n == 0 or not transfers
            ident = place if first else " ".join(filter(None, (place, "by", mode, gauge)))
            node_of[place, mode, gauge] = ident
            if n == 0 or transfers:
                rows.append({
                    "id": ident, "name": spot.name, "lon": spot.lon, "lat": spot.lat,
                    "country": spot.country, "kind": spot.kind, "terminal": place,
                    "mode": mode, "gauge": gauge,
                })  # fmt: skip
    return pd.DataFrame(rows), node_of


def _changes(nodes: Any) -> list[dict[str, Any]]:
    """Return an edge for each way of changing at a place."""
    rows: list[dict[str, Any]] = []
    for place, group in nodes.groupby("terminal", sort=False):
        for a, b in permutations(group.to_dict("records"), 2):
            if a["mode"] in _NO_CHANGE or b["mode"] in _NO_CHANGE:
                continue
            rows.append({
                "u": a["id"], "v": b["id"], "mode": a["mode"], "kind": "transfer",
                "to_mode": b["mode"], "gauge_mm": a["gauge"], "to_gauge_mm": b["gauge"],
                "facility": place, "country": a["country"], "oneway": "true", "origin": "legs",
                "id": f"{a['id']} -> {b['id']}",
            })  # fmt: skip
    return rows


def _assumptions(
    cells: dict[str, list[str]], ends: tuple[list[str], list[str]], spots: dict[str, Spot]
) -> list[str]:
    """Return what was taken for granted, for a person to know."""
    notes = []
    total = len(ends[0])
    bare = sum(not x for x in cells["km"])
    if bare:
        notes.append(f"{bare:,} of {total:,} legs have no km: the straight line is taken")
    for column, what in (("hours", "hours"), ("cost", "cost"), ("co2e", "CO2e")):
        bare = sum(not x for x in cells[column])
        if bare:
            notes.append(f"{bare:,} of {total:,} legs have no {what}: it follows from their km and "
                         "parameters.csv")  # fmt: skip
    across = sum(
        not hours and bool(spots[a].country) and bool(spots[b].country)
        and spots[a].country != spots[b].country
        for hours, a, b in zip(cells["hours"], *ends, strict=True)
    )  # fmt: skip
    if across:
        notes.append(f"{across:,} legs without hours cross a border, whose delay is not counted")
    return notes
