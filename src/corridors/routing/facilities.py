"""What stands on the network and takes time: crossings, terminals, ferries, straits."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facility:
    """One row of crossings.csv, terminals.csv, ferries.csv or straits.csv, as text by column."""

    id: str
    kind: str
    name: str
    row: dict[str, str]

    def number(self, column: str) -> float | None:
        """Return a number, or None where the cell is empty."""
        text = self.row.get(column, "")
        return float(text) if text else None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def load_facilities(paths: dict[str, Path]) -> dict[str, Facility]:
    """Return facilities by the id that edges carry.

    Parameters
    ----------
    paths : dict
        ``crossing``, ``terminal``, ``ferry``, ``strait`` -> table.
    """
    found: dict[str, Facility] = {}
    for kind, path in paths.items():
        for row in _rows(path):
            ident = row["id"]
            found[ident] = Facility(ident, kind, row["name"], row)
    for ident, facility in list(found.items()):
        if facility.kind == "ferry":
            shores = [found[facility.row[f"{side}_terminal"]].row["country"]
                      for side in ("from", "to")]  # fmt: skip
            row = {**facility.row, "countries": "|".join(shores)}
            found[ident] = Facility(ident, "ferry", facility.name, row)
    return found
