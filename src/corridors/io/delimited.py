"""Reads delimited text strictly: UTF-8, one header, every row as wide as it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from corridors.errors import SchemaError

__all__ = ["read_delimited"]

_SIZE_LIMIT = 2**31 - 1


def read_delimited(path: str | Path) -> tuple[Any, tuple[str, ...]]:
    """Return a table of text cells, and what is worth saying of its form.

    A byte-order mark is dropped. Semicolons and tabs between the cells are taken where the header
    has them and no comma; the decimal sign stays the point.

    Parameters
    ----------
    path : path

    Returns
    -------
    frame : DataFrame of str, index 0..n-1
    notes : tuple of str

    Raises
    ------
    SchemaError
        One line: a file that is missing, empty, not UTF-8, ragged, or has a column twice.
    """
    import pandas as pd

    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read: {error.strerror or error}") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SchemaError(f"{path}: is UTF-16; save the file as CSV in UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SchemaError(
            f"{path}: row {line} holds bytes that are not UTF-8; save the file as CSV in UTF-8"
        ) from None
    if "\x00" in text:
        raise SchemaError(f"{path}: is no text file")
    if not text.strip():
        raise SchemaError(f"{path}: is empty; the first row must name the columns")
    head = text.lstrip().partition("\n")[0]
    comma = "," if "," in head else max((";", "\t"), key=head.count)
    comma = comma if comma in head else ","
    notes = () if comma == "," else (f"{path.name}: cells are separated by {comma!r}",)
    csv.field_size_limit(_SIZE_LIMIT)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
        # each row with the line on which it ends
        table = [(lines.line_num, cells) for cells in lines]
    except csv.Error as error:
        raise SchemaError(f"{path}: is no CSV: {error}") from None
    table = [(n, cells) for n, cells in table if any(c.strip() for c in cells)]
    header = [name.strip() for name in table[0][1]]
    twice = [n for n in header if header.count(n) > 1]
    if twice:
        raise SchemaError(f"{path}: row 1: the column {twice[0]!r} is there twice")
    for number, cells in table[1:]:
        if len(cells) != len(header):
            raise SchemaError(
                f"{path}: row {number} has {len(cells)} cells, the header has {len(header)}"
            )
    if len(table) == 1:
        raise SchemaError(f"{path}: has a header and no rows")
    frame = pd.DataFrame([c for _, c in table[1:]], columns=header, dtype=object)
    return frame, notes
