"""Operating parameters: speeds, delays, tariffs and emission factors, each with range and source.

A parameter is found by ``(key, mode, country)``. A row without a country holds everywhere that has
no row of its own; a row without a mode holds for every mode. ``low`` and ``high`` are the 10th and
90th percentiles of what a planner meets, ``value`` is the mean.

This module lies on the way of every command, so it reads plain CSV and imports nothing heavy.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corridors.errors import SchemaError

__all__ = ["COLUMNS", "Lognormal", "Parameter", "Parameters", "load_parameters"]

COLUMNS = (
    "key", "mode", "country", "unit", "value", "low", "high", "confidence", "source", "note",
)  # fmt: skip
MODES = ("rail", "road", "sea", "ferry", "pipeline")
CONFIDENCE = ("high", "medium", "low")

Z90 = 1.2815515655446004  # 90th percentile of the standard normal distribution

# ISO 3166-1 alpha-2, and XK, which customs and UN/LOCODE users write for Kosovo
_COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA
    ZM ZW
    """.split()  # noqa: SIM905
)

Index = tuple[str, str, str]


class Parameter(NamedTuple):
    """One parameter: its mean, its 10th and 90th percentile, and where they come from.

    ``key``, ``mode`` and ``country`` are those of the row itself: a parameter that was asked for
    a country and found for "everywhere else" has an empty country.
    """

    value: float
    low: float
    high: float
    unit: str
    confidence: str
    source: str
    note: str = ""
    key: str = ""
    mode: str = ""
    country: str = ""

    def lognormal(self) -> Lognormal:
        """Return the lognormal distribution of this parameter; see :class:`Lognormal`."""
        return Lognormal.fit(self.value, self.low, self.high)


class Lognormal(NamedTuple):
    """A lognormal distribution: ``exp(mu + sigma * z)`` with ``z`` standard normal.

    A lognormal has two parameters and a row states three numbers. The mean and the ratio of the two
    percentiles are kept exactly::

        sigma = ln(high / low) / (2 * 1.28155)
        mu    = ln(value) - sigma**2 / 2

    so that sums of expected values are sums of the stated values. The percentiles of the
    distribution are then ``low * c`` and ``high * c`` with one factor ``c``, which is 1 where the
    three numbers are those of one lognormal. The shipped table keeps ``c`` within a quarter of 1.

    A parameter that is certain has ``sigma`` 0; one that is 0 has ``mu`` minus infinity, and every
    draw of it is 0.
    """

    mu: float
    sigma: float

    @classmethod
    def fit(cls, value: float, low: float, high: float) -> Lognormal:
        """Return the distribution with mean ``value`` and the ratio of percentiles high / low.

        Raises
        ------
        SchemaError
            If not 0 < low <= high and 0 < value, or all three 0.
        """
        if value == low == high == 0.0:
            return cls(-math.inf, 0.0)
        if not (0.0 < low <= high and value > 0.0):
            raise SchemaError(f"no lognormal has mean {value:g}, P10 {low:g} and P90 {high:g}")
        sigma = math.log(high / low) / (2.0 * Z90)
        return cls(math.log(value) - sigma * sigma / 2.0, sigma)

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return math.exp(self.mu + self.sigma * self.sigma / 2.0)

    def quantile_at(self, z: float) -> float:
        """Return the quantile whose standard normal deviate is ``z`` (P90: z = 1.28155)."""
        return math.exp(self.mu + self.sigma * z)


class Parameters:
    """All parameters: a frozen value, made by :func:`load_parameters`, equal by content."""

    __slots__ = ("_digest", "_rows")

    def __init__(self, rows: Mapping[Index, Parameter]) -> None:
        object.__setattr__(self, "_rows", dict(rows))
        object.__setattr__(self, "_digest", "")

    _rows: dict[Index, Parameter]
    _digest: str

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Parameters are frozen; override() returns new ones")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Parameters are frozen; override() returns new ones")

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[Index, Parameter]]]:
        return Parameters, (self._rows,)

    def __iter__(self) -> Iterator[Index]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, index: object) -> bool:
        return index in self._rows

    def __getitem__(self, index: Index) -> Parameter:
        return self._rows[index]

    def __eq__(self, other: object) -> bool:
        return self._rows == other._rows if isinstance(other, Parameters) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return f"<Parameters {len(self)} rows, digest {self.digest()}>"

    def items(self) -> Iterable[tuple[Index, Parameter]]:
        """Return pairs of (key, mode, country) and parameter, in the order of the table."""
        return self._rows.items()

    def keys(self) -> tuple[str, ...]:
        """Return the known keys, in the order of the table."""
        return tuple(dict.fromkeys(key for key, _, _ in self._rows))

    def get(self, key: str, mode: str = "", country: str = "") -> Parameter:
        """Return the parameter that holds for a mode in a country.

        Parameters
        ----------
        key : str
            Key of parameters.csv, as ``speed_km_h`` or ``transfer_h.gauge``.
        mode : str
            rail, road, sea, ferry or pipeline; empty for parameters without a mode.
        country : str
            ISO 3166-1 alpha-2 code; empty for "everywhere else".

        Returns
        -------
        Parameter
            The row of the mode in the country, else of the mode everywhere, else of the country
            without a mode, else of neither.

        Raises
        ------
        SchemaError
            If the table has no such row.
        """
        rows = self._rows
        land = country.partition("-")[0]  # of a zone, RU-NCR, the country it lies in
        for index in (
            (key, mode, country), (key, mode, land), (key, mode, ""),
            (key, "", country), (key, "", land), (key, "", ""),
        ):  # fmt: skip
            found = rows.get(index)
            if found is not None:
                return found
        modes = [m or "no mode" for k, m, c in rows if k == key and not c]
        if not modes:
            raise SchemaError(_unknown_key(key, rows))
        asked = f"mode {mode!r}" if mode else "no mode"
        raise SchemaError(f"parameter {key!r} has no row for {asked}, only {', '.join(modes)}")

    def lognormal(self, key: str, mode: str = "", country: str = "") -> Lognormal:
        """Return the lognormal distribution of the parameter that :meth:`get` returns."""
        return self.get(key, mode, country).lognormal()

    def override(self, rows: str | os.PathLike[str] | Iterable[Mapping[str, Any]]) -> Parameters:
        """Return new parameters with the user's rows in place of, or beside, the present ones.

        Parameters
        ----------
        rows : path or iterable of mappings
            A CSV file with the columns of parameters.csv, or rows as mappings. ``key`` and
            ``value`` are needed. Left empty, ``low`` and ``high`` are ``value`` (a certain number),
            ``unit`` is the unit of the key, ``confidence`` is low, ``source`` is the file's name.

        Raises
        ------
        SchemaError
            With every fault, each with row and column. Row 1 is the header, as in a spreadsheet.
        """
        if isinstance(rows, str | os.PathLike):
            name = Path(rows).name
            found = _parse(_read(rows), name, self._rows)
        else:
            found = _parse(_records(rows), "override", self._rows)
        return Parameters({**self._rows, **found})

    def digest(self) -> str:
        """Return 16 hexadecimal digits that change when any number or unit changes.

        Sources, notes and the order of the rows do not count: they change no result.
        """
        if self._digest:
            return self._digest
        lines = [
            "\t".join((*index, p.unit, repr(p.value), repr(p.low), repr(p.high)))
            for index, p in sorted(self._rows.items())
        ]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        object.__setattr__(self, "_digest", digest)  # asked for at every question
        return digest


def load_parameters(path: str | os.PathLike[str] | None = None) -> Parameters:
    """Return the shipped parameters, or those of a complete table at ``path``.

    Raises
    ------
    SchemaError
        If the file cannot be read or breaks the contract; names every fault.
    """
    if path is None:
        from corridors.datasets import path as dataset_path

        path = dataset_path("parameters.csv")
    name = Path(path).name
    return Parameters(_parse(_read(path), name, None))


# -- reading and checking -------------------------------------------------------------------------

_Row = tuple[int, dict[str, str]]


def _read(path: str | os.PathLike[str]) -> tuple[list[_Row], list[str]]:
    """Return the rows of a CSV file with their line numbers, and the faults of its form."""
    name = Path(path).name
    try:
        # utf-8-sig: spreadsheets write a byte order mark
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            table = [(i, row) for i, row in enumerate(csv.reader(file, strict=True), 1)]
    except OSError as error:
        raise SchemaError(f"cannot read {name}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SchemaError(f"{name} is not a CSV file in UTF-8: {error}") from error
    if not table:
        raise SchemaError(f"{name} is empty; expected the columns {','.join(COLUMNS)}")
    header = [cell.strip() for cell in table[0][1]]
    faults = _header_faults(header)
    rows: list[_Row] = []
    for line, cells in table[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            faults.append(f"row {line}: {len(cells)} cells, the header has {len(header)}")
            continue
        rows.append((line, dict(zip(header, (c.strip() for c in cells), strict=True))))
    return rows, faults


def _records(records: Iterable[Mapping[str, Any]]) -> tuple[list[_Row], list[str]]:
    """Return rows given as mappings in the form of :func:`_read`."""
    rows: list[_Row] = []
    columns: dict[str, None] = {}
    for line, record in enumerate(records, 2):
        row = {str(k): "" if v is None else str(v).strip() for k, v in record.items()}
        columns.update(dict.fromkeys(row))
        rows.append((line, row))
    return rows, _header_faults(list(columns)) if rows else []


def _header_faults(header: list[str]) -> list[str]:
    faults = [f"row 1: unknown column {c!r}" for c in header if c not in COLUMNS]
    faults += [f"row 1: column {c!r} is missing" for c in ("key", "value") if c not in header]
    faults += [f"row 1: column {c!r} stands twice" for c in COLUMNS if header.count(c) > 1]
    return faults


def _parse(
    read: tuple[list[_Row], list[str]], name: str, base: Mapping[Index, Parameter] | None
) -> dict[Index, Parameter]:
    """Return the checked parameters of a table; with ``base``, those that override it."""
    rows, faults = read
    out: dict[Index, Parameter] = {}
    lines: dict[Index, int] = {}
    if not (rows or faults):
        faults.append("no rows")
    for line, row in rows if not faults or "key" in (rows[0][1] if rows else {}) else ():
        bad: list[tuple[str, str]] = []
        index = (row.get("key", ""), row.get("mode", ""), row.get("country", ""))
        units = _check_index(index, base, bad)
        unit = row.get("unit", "")
        if base is None and not unit:
            bad.append(("unit", "is empty"))
        elif units and unit and unit not in units:
            bad.append(("unit", f"{unit!r} is not the unit of this key, {' or '.join(units)}"))
        numbers = _check_numbers(row, base is not None, bad)
        confidence = row.get("confidence", "") or ("" if base is None else "low")
        if confidence not in CONFIDENCE:
            bad.append(("confidence", f"{confidence!r} is not one of {', '.join(CONFIDENCE)}"))
        source = row.get("source", "") or ("" if base is None else name)
        if not source:
            bad.append(("source", "is empty"))
        if index in lines:
            bad.append(("key", f"the same key, mode and country as row {lines[index]}"))
        lines.setdefault(index, line)
        faults += [f"row {line}, {column}: {text}" for column, text in bad]
        if numbers and not bad:
            unit = unit or (units[0] if units else "")
            note = row.get("note", "")
            out[index] = Parameter(*numbers, unit, confidence, source, note, *index)
    if base is None:
        # a country without a row of its own falls back on this one
        faults += [
            f"row {lines[index]}, country: {index[0]} has no row for everywhere else"
            for index in out
            if (index[0], index[1], "") not in out
        ]
    if faults:
        many = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        raise SchemaError(f"{name}: {many}; nothing was taken from it", tuple(faults))
    return out


def _check_index(
    index: Index, base: Mapping[Index, Parameter] | None, bad: list[tuple[str, str]]
) -> list[str]:
    """Check key, mode and country; return the units in which the key is given."""
    key, mode, country = index
    units: list[str] = []
    if mode and mode not in MODES:
        bad.append(("mode", f"{mode!r} is not one of {', '.join(MODES)}"))
    if country and country.partition("-")[0] not in _COUNTRIES:
        bad.append(("country", f"{country!r} is not an ISO 3166-1 alpha-2 code"))
    if not key:
        bad.append(("key", "is empty"))
    elif base is not None:
        known = {m: p.unit for (k, m, c), p in base.items() if k == key and not c}
        units = list(dict.fromkeys(known.values()))
        if not known:
            bad.append(("key", _unknown_key(key, base)))
        elif mode not in known and (not mode or mode in MODES):
            modes = ", ".join(m or "none" for m in known)
            bad.append(("mode", f"{key} is not given for {mode or 'no mode'}; its modes: {modes}"))
    return units


def _unknown_key(key: str, rows: Iterable[Index]) -> str:
    """Return what to say of a key that is not known: near matches, else all keys."""
    from difflib import get_close_matches

    keys = list(dict.fromkeys(k for k, _, _ in rows))
    near = get_close_matches(key, keys, n=3)
    if near:
        return f"unknown parameter {key!r}; did you mean {', '.join(near)}?"
    return f"unknown parameter {key!r}; known are {', '.join(keys)}"


def _check_numbers(
    row: Mapping[str, str], certain: bool, bad: list[tuple[str, str]]
) -> tuple[float, float, float] | None:
    """Return value, low and high; empty bounds are the value where ``certain`` allows it."""
    got: dict[str, float] = {}
    for column in ("value", "low", "high"):
        text = row.get(column, "")
        if not text and column != "value" and certain:
            continue
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            bad.append((column, f"{text!r} is not a number" if text else "is empty"))
        elif number < 0.0:
            bad.append((column, f"{text} is negative"))
        else:
            got[column] = number
    if "value" not in got:
        return None
    value = got["value"]
    low, high = got.get("low", value), got.get("high", value)
    if low > value:
        bad.append(("low", f"{low:g} is above the value {value:g}"))
    if high < value:
        bad.append(("high", f"{high:g} is below the value {value:g}"))
    if low == 0.0 < high:
        bad.append(("low", "is 0 while high is not; a lognormal needs a bound above 0"))
    return value, low, high
