"""A user's own folder beside the shipped data (``--data``), checked as the shipped data are.

It may hold ``places``, ``assets``, ``corridors`` and ``corridor_stages`` (or ``stages``) as .csv,
.geojson, .gpkg, .parquet, .shp or .kml, and ``parameters.csv``. What a user's row may leave out is
filled in: ``status`` operating, ``confidence`` low, ``source`` the file's name.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from corridors import datasets
from corridors.errors import SchemaError

__all__ = ["TABLES", "check_data", "findings"]

TABLES = ("places", "assets", "corridors", "corridor_stages", "parameters")
"""What is read of a user's folder; other tables of the atlas have no effect there."""


def check_data(data: str | Path | None) -> None:
    """Refuse a user's folder that has faults; one that was found sound is not read again.

    Raises
    ------
    SchemaError
        With every fault of every table, by file, row and column.
    """
    if data is None:
        return
    told = _checked(str(data), datasets.version(data=data))
    if told:
        many = f"{len(told)} faults" if len(told) > 1 else "1 fault"
        if len(told) == 1:
            raise SchemaError(f"{data}: {told[0]}")
        raise SchemaError(f"{data}: {many}; nothing was taken from it", told)


@lru_cache(maxsize=8)
def _checked(data: str, _version: str) -> tuple[str, ...]:
    return tuple(findings(data))


def findings(data: str | Path) -> list[str]:
    """Return every fault of a user's folder, one line each; none is an empty list.

    Raises
    ------
    SchemaError
        No such folder, nothing in it, or a name that is no table's.
    """
    from corridors.schema import validate

    files = datasets.user_files(data)
    told = [
        f"{file.name}: has no effect here; own tables are {', '.join(TABLES)}"
        for name, file in files.items()
        if name not in TABLES
    ]
    for name in TABLES:
        file = files.get(name)
        if file is None:
            continue
        if name == "parameters":
            told += _parameters(file)
            continue
        try:
            found = validate(file, name)
        except SchemaError as error:
            told.append(str(error).removeprefix(str(file.parent)).lstrip("/\\"))
            continue
        told += [f"{file.name}: {f}" for f in found if not _filled_in(f)]
    if not told:
        told += _stages(data, files)
    return told


def _filled_in(finding: Any) -> bool:
    return finding.column in datasets.USER_DEFAULTS and finding.rule in (
        "column", "required", "source"
    )  # fmt: skip


def _parameters(file: Path) -> list[str]:
    from corridors.parameters import load_parameters

    if file.suffix.lower() != ".csv":
        return [f"{file.name}: parameters are read from parameters.csv"]
    try:
        load_parameters().override(file)
    except SchemaError as error:
        return [f"{file.name}: {text}" for text in error.findings] or [str(error)]
    return []


def _stages(data: str | Path, files: dict[str, Path]) -> list[str]:
    """Return stages of no corridor or at no place, and corridors without stages."""
    if not {"corridors", "corridor_stages"} & set(files):
        return []
    from corridors.errors import UnknownPlaceError
    from corridors.names import cached_index

    corridors = datasets.read_table("corridors", data=data)
    stages = datasets.read_table("corridor_stages", data=data)
    told = []
    known = set(corridors["id"].astype(str))
    if "corridor_stages" in files:
        file = files["corridor_stages"]
        own = _own(datasets.read_own("corridor_stages", file))
        ids = set(datasets.read_frame("places", data=data)["id"].astype(str))
        for number, row in enumerate(own, start=2):
            if str(row["corridor_id"]) not in known:
                told.append(f"{file.name}: row {number}, column corridor_id: there is no corridor "
                            f"{row['corridor_id']!r}; add it to corridors.csv")  # fmt: skip
            place = str(row["place"])
            if place not in ids:
                try:
                    cached_index(data).resolve(place)
                except UnknownPlaceError as error:
                    told.append(f"{file.name}: row {number}, column place: {error}")
    if "corridors" in files:
        file = files["corridors"]
        staged = set(stages["corridor_id"].astype(str))
        for number, row in enumerate(_own(datasets.read_own("corridors", file)), start=2):
            if str(row["id"]) not in staged:
                text = f"{row['id']!r} has no stages; add them to corridor_stages.csv"
                told.append(f"{file.name}: row {number}, column id: {text}")
    return told


def _own(frame: Any) -> list[dict[str, Any]]:
    return list(frame.to_dict("records"))
