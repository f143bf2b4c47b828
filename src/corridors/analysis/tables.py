"""The two tables that only the analyses read: capacities and the gas system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corridors import datasets
from corridors.errors import DataIntegrityError

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = (
    "mt_per_year", "mt_low", "mt_high", "teu_per_year", "teu_low", "teu_high",
    "capacity_bcm_per_year", "low", "high", "length_km", "from_year", "to_year",
)  # fmt: skip


def load_table(name: str, *, data: str | Path | None = None) -> pd.DataFrame:
    """Return ``capacities`` or ``gas_system``; empty cells are missing.

    Parameters
    ----------
    name : str
    data : path, optional
        A user's folder; rows of the same id replace the shipped ones.

    Raises
    ------
    DataIntegrityError
        The table is not among the data.
    """
    import pandas as pd

    if name in datasets.names():
        frame = datasets.read_table(name, data=data)
    else:  # a checkout whose data/geo is older than the table
        file = datasets.data_dir().parent / "tables" / f"{name}.csv"
        if not file.is_file():
            raise DataIntegrityError(f"the table {name} is missing: run 'make data' again")
        frame = pd.read_csv(file, encoding="utf-8")
        own = None if data is None else Path(data) / f"{name}.csv"
        if own is not None and own.is_file():
            more = pd.read_csv(own, encoding="utf-8")
            kept = frame[~frame["id"].isin(more["id"])]
            frame = pd.concat([kept, more], ignore_index=True)
    for column in frame.columns.intersection(NUMBERS):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    return frame


def in_year(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the rows that hold in a year (an empty cell is no limit)."""
    import pandas as pd

    first = pd.to_numeric(frame["from_year"], errors="coerce")
    last = pd.to_numeric(frame["to_year"], errors="coerce")
    return frame[(first.isna() | (first <= year)) & (last.isna() | (last >= year))]
