"""What a saved network may hold beyond the shipped layout: names, own values, own facilities.

``network_nodes.parquet`` may have ``id``, ``name``, ``kind``, ``aliases`` beside its columns, and
the layers ``hours``, ``cost_usd``, ``co2e_kg`` (of one TEU, empty where the parameters count).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.network.store import MODES, Columns
from corridors.routing.facilities import Facility

if TYPE_CHECKING:
    from corridors.names import NameIndex

OWN = ("hours", "cost_usd", "co2e_kg")


def keep_own_values(layers: list[Path], folder: Path) -> None:
    """Write a user's own values of all edges, in their order, beside the compiled columns."""
    import pyarrow.parquet as pq

    schemas = [set(pq.read_schema(p).names) for p in layers]
    if not any(have & set(OWN) for have in schemas):
        return
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in OWN}
    for path, have in zip(layers, schemas, strict=True):
        table = pq.read_table(path, columns=[n for n in OWN if n in have] or ["u"])
        for name in OWN:
            values = (table.column(name).to_numpy().astype(float) if name in have
                      else np.full(table.num_rows, np.nan))  # fmt: skip
            parts[name].append(values)
    for name, columns in parts.items():
        np.save(folder / f"own_{name}.npy", np.concatenate(columns))


def own_values(folder: Path) -> dict[str, NDArray[np.float64]] | None:
    """Return what :func:`keep_own_values` wrote, None where it wrote nothing."""
    if not all((folder / f"own_{name}.npy").is_file() for name in OWN):
        return None
    return {name: np.load(folder / f"own_{name}.npy") for name in OWN}


def own_names(
    nodes: Path, data: str | Path | None, version: str
) -> tuple[NameIndex | None, dict[str, str]]:
    """Return the names with those of the network's own nodes, and names by terminal.

    None where no node has a name: then the shipped names hold as they are.
    """
    import pyarrow.parquet as pq

    have = pq.read_schema(nodes).names
    if "name" not in have:
        return None, {}
    wanted = ("name", "lon", "lat", "country", "terminal", "kind", "aliases")
    table = pq.read_table(nodes, columns=[c for c in wanted if c in have]).to_pydict()
    blank = [""] * len(table["name"])
    rows: dict[str, list[Any]] = {k: [] for k in ("id", "name", "kind", "country", "lon", "lat",
                                                  "aliases", "unlocode", "population")}  # fmt: skip
    labels: dict[str, str] = {}
    cells = zip(
        table["name"], table["lon"], table["lat"], table["country"], table["terminal"],
        table.get("kind", blank), table.get("aliases", blank), strict=True,
    )  # fmt: skip
    for name, lon, lat, country, terminal, kind, aliases in cells:
        if not name or not terminal or terminal in labels:
            continue
        labels[terminal] = name
        row = (terminal, name, kind or "city", country or "", lon, lat, aliases or "", "", 0)
        for key, value in zip(rows, row, strict=True):
            rows[key].append(value)
    if not labels:
        return None, {}
    from corridors.names import index_with

    return index_with(rows, version, data), labels


def with_own_facilities(
    columns: Columns, known: dict[str, Facility], labels: dict[str, str]
) -> dict[str, Facility]:
    """Return the facilities with those that only this network has, so that they can be closed."""
    words = columns.words["facility"]
    found = dict(known)
    for code in np.unique(np.asarray(columns.n_terminal)):
        ident = words[code]
        if ident and ident not in found:
            name = labels.get(ident, ident)
            found[ident] = Facility(ident, "terminal", name, {"name": name, "confidence": "low"})
    codes, rows = np.unique(np.asarray(columns.e_facility), return_index=True)
    for code, row in zip(codes.tolist(), rows.tolist(), strict=True):
        ident = words[code]
        if ident and ident not in found:
            found[ident] = own_facility(
                ident, columns.words["kind"][columns.e_kind[row]], MODES[columns.e_mode[row]],
                columns.words["country"][columns.e_country[row]],
                columns.words["country"][columns.e_to_country[row]],
            )  # fmt: skip
    return found


def own_facility(ident: str, kind: str, mode: str, country: str, to_country: str) -> Facility:
    """Return a facility of which nothing is known but the edge that carries its id."""
    what = "ferry" if mode == "ferry" and kind == "line" else {
        "border": "crossing", "transfer": "terminal"}.get(kind, "strait")  # fmt: skip
    first, second = sorted((country, to_country))
    # the cells that the shipped tables have and that prices and legs look at
    row = {"name": ident, "country_a": first, "country_b": second, "confidence": "low",
           "from_terminal": "", "to_terminal": "", "countries": f"{country}|{country}"}  # fmt: skip
    return Facility(ident, what, ident, row)
