"""What each table must hold, and the one validator that reports all faults of a table at once.

pandera was looked at and not chosen: it knows nothing of geometry, CRS or swapped coordinates,
numbers rows in its own way, and costs 0.7 s and pydantic at import; the rules below fit a page.

A table is described by a :class:`Table` of :class:`Column` rows: name, type, unit, choices,
meaning. :func:`validate` takes a frame or a file (CSV, GeoJSON, GeoPackage, GeoParquet) and
returns every fault as a :class:`Finding` with row and column; ``corridors check`` prints them.

Rows are counted as a person sees them: in a CSV the header is row 1, elsewhere the first feature
is row 1. Coordinates are longitude, latitude in degrees of EPSG:4326. Columns that no schema
knows are allowed; a length, a duration or a cost among them must still not be negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import SchemaError
from corridors.schema_tables import TABLES, Column, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "Column", "Finding", "Table", "guess_kind", "read_checked", "validate"]

YEARS = (1800, 2100)
_MARKUP = re.compile(
    r"<\s*/?[a-z!][^<>]*>|<\s*/?(?:script|img|svg|iframe|object|embed|style|link|base|meta)\b"
    r"|javascript:|&#x?[0-9a-f]+;",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ID = re.compile(r"[a-z0-9][a-z0-9:_.-]*")
_LOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_ZONE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DATE = re.compile(r"(\d{1,6})(?:-(\d{2})(?:-(\d{2}))?)?")
_UNITS = ("_km", "_h", "_usd", "_mm", "_kg", "_t", "_mw", "_pct", "_km_h")
_TEXT_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a table.

    Parameters
    ----------
    row : int or None
        Row as a person counts it (see the module); None where it is the table as a whole.
    column : str
        Column, or ``geometry``.
    rule : str
        Short name of the rule, stable for scripts: ``choice``, ``duplicate``, ``crs`` …
    message : str
        What is wrong and what to do.
    id : str
        Id of the row where it has one.
    """

    row: int | None
    column: str
    rule: str
    message: str
    id: str = ""

    def __str__(self) -> str:
        where = f"row {self.row}" if self.row is not None else "all rows"
        of = f" ({self.id})" if self.id else ""
        return f"{where}{of}, column {self.column}: {self.message}"


def validate(frame_or_path: Any, kind: str | None = None) -> list[Finding]:
    """Return every fault of a table, in order of row and column; none is an empty list.

    Parameters
    ----------
    frame_or_path : DataFrame, GeoDataFrame, str or Path
        A frame, or a .csv, .geojson, .json, .gpkg or .parquet file.
    kind : str, optional
        Key of :data:`TABLES`; guessed from the file's name and the columns where absent.

    Raises
    ------
    SchemaError
        A file that cannot be read at all, or a kind that does not exist.
    """
    return _check(frame_or_path, kind)[1]


def read_checked(path: str | Path, kind: str | None = None) -> Any:
    """Return the table of a file, a GeoDataFrame where it has geometry, or all its faults.

    Raises
    ------
    SchemaError
        With one finding per fault, or where the file cannot be read.
    """
    from corridors.schema_read import to_frame

    table, findings = _check(path, kind)
    if findings:
        many = f"{len(findings)} faults" if len(findings) > 1 else "1 fault"
        raise SchemaError(f"{path}: {many}", tuple(str(f) for f in findings))
    return to_frame(table.frame)


def guess_kind(columns: Iterable[str], stem: str = "") -> str:
    """Return which table a file is by its name, else by its columns.

    Parameters
    ----------
    columns : iterable of str
    stem : str
        Name of the file without its ending.
    """
    name = stem.lower().replace("-", "_")
    for kind, table in TABLES.items():
        if name == kind or name in table.also:
            return kind
    have = set(columns)
    best, most = "places", (0.0, 0.0)
    for kind, table in TABLES.items():
        telling = [c.name for c in table.columns if c.telling]
        share = sum(c in have for c in telling) / max(1, len(telling))
        fit = (share, len(have & table.names()) / len(table.columns))
        if share and fit > most:
            best, most = kind, fit
    return best


# --- behind it -------------------------------------------------------------------------------


def _check(frame_or_path: Any, kind: str | None) -> tuple[Any, list[Finding]]:
    from corridors.schema_geometry import check_geometry
    from corridors.schema_read import read

    if kind is not None and kind not in TABLES:
        raise SchemaError(f"no table is called {kind!r}; there are: {', '.join(TABLES)}")
    raw = read(frame_or_path)
    kind = kind or guess_kind(raw.frame.columns, raw.stem)
    table = TABLES[kind]
    findings = [Finding(row, column, rule, text) for row, column, rule, text in raw.faults]
    rows = _Rows(raw.frame, raw.first_row)
    findings += _columns_present(rows, table)
    for column in table.columns:
        if column.name in raw.frame.columns:
            findings += _values(rows, column)
    findings += _anything(rows, table)
    findings += _keys(rows, table)
    findings += _orders(rows)
    findings += [
        Finding(None if i is None else rows.number(i), column, rule, text, rows.id(i))
        for i, column, rule, text in check_geometry(raw, table)
    ]
    unique = dict.fromkeys(findings)
    return raw, sorted(unique, key=lambda f: (f.row is not None, f.row or 0, f.column, f.message))


class _Rows:
    """The frame's cells as text and numbers, each column converted once."""

    def __init__(self, frame: pd.DataFrame, first_row: int) -> None:
        self.frame = frame
        self.first_row = first_row
        self._text: dict[str, list[str]] = {}
        self._ids = self.text("id") if "id" in frame.columns else []

    def __len__(self) -> int:
        return len(self.frame)

    def number(self, i: int) -> int:
        return i + self.first_row

    def id(self, i: int | None) -> str:
        return self._ids[i] if i is not None and self._ids else ""

    def text(self, column: str) -> list[str]:
        """Return the cells as text; what is missing is empty."""
        if column not in self._text:
            self._text[column] = [_as_text(v) for v in self.frame[column].tolist()]
        return self._text[column]

    def finding(self, i: int, column: str, rule: str, message: str) -> Finding:
        return Finding(self.number(i), column, rule, message, self.id(i))


def _as_text(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return "|".join(_as_text(v) for v in value)
    text = str(value)
    return "" if text in ("<NA>", "NaT", "nan", "None") and not isinstance(value, str) else text


def _columns_present(rows: _Rows, table: Table) -> list[Finding]:
    have = set(rows.frame.columns)
    found = []
    for column in table.columns:
        # coordinates may be two columns or a geometry
        if column.required and column.name not in have and column.name not in ("lon", "lat"):
            near = _near(column.name, [c for c in have if c not in table.names()])
            hint = f"; is it {near!r}?" if near else f" ({column.meaning})"
            found.append(Finding(None, column.name, "column", f"the column is missing{hint}"))
    return found


def _values(rows: _Rows, column: Column) -> list[Finding]:
    """Return the faults of one known column."""
    found = []
    check = _CHECKS[column.type]
    seen: dict[str, str | None] = {}
    for i, text in enumerate(rows.text(column.name)):
        bare = text.strip()
        if not bare:
            if column.required:
                message = f"is empty; {column.meaning}"
                rule = "source" if column.name == "source" else "required"
                found.append(rows.finding(i, column.name, rule, message))
            continue
        if bare not in seen:
            parts = bare.split("|") if column.many else [bare]
            seen[bare] = next((m for m in (check(p.strip(), column) for p in parts) if m), None)
        message_ = seen[bare]
        if message_:
            found.append(rows.finding(i, column.name, _RULES.get(column.type, "value"), message_))
    return found


def _anything(rows: _Rows, table: Table) -> list[Finding]:
    """Return the faults that any column can have: markup, control characters, minus signs."""
    found = []
    known = table.names()
    for column in rows.frame.columns:
        if column == "geometry":
            continue
        quantity = column.endswith(_UNITS) and column not in known
        for i, text in enumerate(rows.text(str(column))):
            if not text:
                continue
            if "<" in text or ":" in text or "&" in text:
                markup = _MARKUP.search(text)
                if markup:
                    shown = markup[0][:40]
                    found.append(
                        rows.finding(
                            i, str(column), "markup", f"holds markup ({shown!r}); plain text only"
                        )
                    )
            if _CONTROL.search(text):
                found.append(rows.finding(i, str(column), "control", "holds control characters"))
            if len(text) > _TEXT_LIMIT:
                found.append(
                    rows.finding(i, str(column), "long", f"is {len(text):,} characters long")
                )
            if quantity and _number(text) is not None and float(_number(text) or 0) < 0:
                found.append(
                    rows.finding(i, str(column), "range", f"is {text}; it can not be negative")
                )
    return found


def _keys(rows: _Rows, table: Table) -> list[Finding]:
    """Return rows that have the key of an earlier one, and things that are there twice."""
    found = []
    key = [c for c in table.key if c in rows.frame.columns]
    if key and len(key) == len(table.key):
        first: dict[tuple[str, ...], int] = {}
        for i, value in enumerate(zip(*(rows.text(c) for c in key), strict=True)):
            if not all(value[:1]):
                continue
            if value in first:
                shown = ", ".join(v for v in value if v)
                found.append(
                    rows.finding(
                        i,
                        key[0],
                        "duplicate",
                        f"{shown!r} is in row {rows.number(first[value])} already",
                    )
                )
            else:
                first[value] = i
    return found


def _orders(rows: _Rows) -> list[Finding]:
    """Return rows whose two columns stand the wrong way round: from/to year, low/high."""
    found = []
    have = set(rows.frame.columns)
    pairs = [("from_year", "to_year"), ("opened", "closed"), ("low", "high"), ("low", "value"),
             ("value", "high")]  # fmt: skip
    pairs += [(c, c.removesuffix("_low") + "_high") for c in have if c.endswith("_low")]
    for low, high in pairs:
        if low not in have or high not in have:
            continue
        for i, (a, b) in enumerate(zip(rows.text(low), rows.text(high), strict=True)):
            x, y = _leading_number(a), _leading_number(b)
            if x is not None and y is not None and x > y:
                found.append(rows.finding(i, high, "order", f"{b} is below {low} {a}"))
    return found


# --- one check per type of column ------------------------------------------------------------


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) != float("inf") and value == value else None


def _leading_number(text: str) -> float | None:
    found = re.match(r"-?\d+(?:\.\d+)?", text.strip())
    return float(found[0]) if found else None


def _check_text(text: str, column: Column) -> str | None:
    return None


def _check_id(text: str, column: Column) -> str | None:
    if _ID.fullmatch(text):
        return None
    return f"{text!r} is no id; lower-case letters a-z, digits, hyphens and colons only"


def _check_float(text: str, column: Column) -> str | None:
    value = _number(text)
    if value is None:
        hint = "; write the decimal point as '.'" if _number(text.replace(",", ".")) else ""
        return f"{text!r} is no number{hint}"
    return _in_range(value, text, column)


def _check_int(text: str, column: Column) -> str | None:
    value = _number(text)
    if value is None or value != int(value):
        return f"{text!r} is no whole number"
    return _in_range(value, text, column)


def _in_range(value: float, text: str, column: Column) -> str | None:
    unit = f" {column.unit}" if column.unit else ""
    if column.low is not None and value < column.low:
        if column.low == 0:
            return f"is {text}{unit}; it can not be negative"
        return f"is {text}{unit}; the least is {column.low:g}"
    if column.high is not None and value > column.high:
        return f"is {text}{unit}; the most is {column.high:g}"
    return None


def _check_date(text: str, column: Column) -> str | None:
    found = _DATE.fullmatch(text.removesuffix(".0"))
    if not found:
        return f"{text!r} is no year or date; write 2009, 2009-12 or 2009-12-14"
    year, month, day = int(found[1]), found[2], found[3]
    if not YEARS[0] <= year <= YEARS[1]:
        return f"is {text}; years lie between {YEARS[0]} and {YEARS[1]}"
    if (month and not 1 <= int(month) <= 12) or (day and not 1 <= int(day) <= 31):
        return f"is {text}, which is no day of the calendar"
    return None


def _check_choice(text: str, column: Column) -> str | None:
    if text in column.choices:
        return None
    near = _near(text.lower(), column.choices)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"{text!r} is not one of {', '.join(column.choices)}{hint}"


def _check_country(text: str, column: Column) -> str | None:
    from corridors.spelling import country_code

    if _COUNTRY.fullmatch(text):
        return None
    code = country_code(text) or (text.upper() if len(text) == 2 else None)
    hint = f"; write {code!r}" if code else ""
    return f"{text!r} is no ISO 3166-1 alpha-2 code{hint}"


def _check_zone(text: str, column: Column) -> str | None:
    """Say what is wrong with a country, or with a zone within one (RU-NCR)."""
    return None if _ZONE.fullmatch(text) else _check_country(text, column)


def _check_locode(text: str, column: Column) -> str | None:
    if _LOCODE.fullmatch(text):
        return None
    return f"{text!r} is no UN/LOCODE (country and three letters or digits, as CNURM)"


def _near(text: str, choices: Sequence[str]) -> str | None:
    import difflib

    found = difflib.get_close_matches(text, list(choices), n=1, cutoff=0.7)
    return found[0] if found else None


_CHECKS = {
    "text": _check_text,
    "id": _check_id,
    "float": _check_float,
    "int": _check_int,
    "date": _check_date,
    "choice": _check_choice,
    "country": _check_country,
    "zone": _check_zone,
    "locode": _check_locode,
}
_RULES = {"float": "range", "int": "range", "date": "date", "choice": "choice"}
