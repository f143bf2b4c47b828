"""A user's own network: frames or a networkx graph, checked whole, answered by the same engine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.geodesy import distance_km, path_lengths_km
from corridors.network.store import KINDS, MODES, Columns, electrified_codes
from corridors.routing.facilities import Facility
from corridors.routing.network import Network, _Shared, groups_of
from corridors.routing.profile import FIRST_YEAR, LAST_YEAR
from corridors.routing.saved import own_facility
from corridors.routing.snap import build_index

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from corridors.parameters import Parameters

SHORTER = 0.98
"""A line may be this much shorter than the straight line between its ends: rounding, no more."""
END_KM = 1.0
"""How far a drawn line may begin from its node."""
OWN = ("hours", "cost_usd", "co2e_kg")
_TEXT = ("mode", "kind", "country", "to_country", "facility", "status", "precision", "to_mode",
         "origin", "electrified")  # fmt: skip
_WHOLE = ("gauge_mm", "to_gauge_mm", "from_year", "to_year", "tracks")
_DEFAULTS: dict[str, Any] = {
    "kind": "line", "country": "", "to_country": "", "facility": "", "status": "operating",
    "precision": "", "to_mode": "", "origin": "", "gauge_mm": 0, "to_gauge_mm": 0, "from_year": 0,
    "to_year": 0, "oneway": False, "electrified": "", "tracks": 0,
}  # fmt: skip
_SHOWN = 20


def from_frames(
    nodes: pd.DataFrame, edges: pd.DataFrame, *, parameters: Parameters | None = None
) -> Network:
    """Return a network made of a user's own nodes and edges.

    Parameters
    ----------
    nodes : DataFrame
        One row per node, told apart by the column ``id`` or else by the index. ``lon``, ``lat``
        (degrees, WGS84), or a GeoDataFrame of points; optionally ``name`` (routes are asked by
        it, or by the id), ``country`` (ISO 3166-1 alpha-2), ``kind``, ``aliases``, ``terminal``
        (the place that the node belongs to, where one has a node for each mode).
    edges : DataFrame
        ``u``, ``v`` (ids of nodes), ``mode`` (rail, road, sea, ferry, pipeline), and, where they
        are not the defaults: ``length_km`` (of a line; else the length of its ``geometry``, else
        the straight line), ``kind`` (line, border, transfer), ``country``, ``to_country`` (of a
        border), ``to_mode``, ``to_gauge_mm`` (of a transfer), ``gauge_mm``, ``facility`` (an id
        by which it is closed), ``status``, ``from_year``, ``to_year``, ``oneway``, ``precision``,
        ``electrified`` (yes, no), ``tracks``, ``geometry`` (a LineString from u to v, WGS84), and
        ``hours``, ``cost_usd``, ``co2e_kg`` (of one TEU; where empty, the parameters' values).
    parameters : Parameters, optional
        The shipped ones where left out.

    Returns
    -------
    Network
        All questions can be asked of it; lengths are checked against the Earth.

    Raises
    ------
    SchemaError
        With every fault of both tables at once, each with row and column.
    """
    import pandas as pd

    from corridors.names import NameIndex
    from corridors.parameters import load_parameters

    spots, table = checked_frames(nodes, edges)
    columns, facilities = _columns(spots, table)
    own = {name: np.asarray(table[name], dtype=float) for name in OWN}
    # one place per terminal: a place of several modes has a node for each
    ids = spots["terminal"].where(spots["terminal"] != "", spots["label"].astype(str))
    places = spots[~ids.duplicated()]
    index = NameIndex.build(
        id=ids[places.index].tolist(),
        name=[str(x) for x in places["name"]],
        kind=[str(x) for x in places["kind"]],
        country=[str(x) for x in places["country"]],
        lon=places["lon"].tolist(),
        lat=places["lat"].tolist(),
        aliases=[str(x) for x in places["aliases"]],
    )
    digest = hashlib.sha256()
    for frame in (spots, table.drop(columns="geometry")):
        digest.update(
            pd.util.hash_pandas_object(frame.astype(str), index=False).to_numpy().tobytes()
        )
    groups = groups_of(columns)
    return Network(
        columns=columns,
        segments=build_index(columns, groups),
        groups=groups,
        names=index,
        facilities=facilities,
        parameters=parameters or load_parameters(),
        version=f"own-{digest.hexdigest()[:12]}",
        _shared=_Shared(columns, None, own),
    )


def checked_frames(nodes: pd.DataFrame, edges: pd.DataFrame) -> tuple[Any, Any]:
    """Return a user's nodes and edges with every column filled in, or all their faults.

    Returns
    -------
    nodes : DataFrame
        ``label`` (the id), ``lon, lat, country, name, kind, aliases, terminal``.
    edges : DataFrame
        All columns of :func:`from_frames`; ``u``, ``v`` are rows of the nodes, ``geometry`` holds
        arrays of lon, lat from u to v.

    Raises
    ------
    SchemaError
        As :func:`from_frames`.
    """
    faults: list[str] = []
    spots = _nodes(nodes, faults)
    number = {label: i for i, label in enumerate(spots["label"])}
    table = _edges(edges, spots, number, faults)
    if faults:
        shown = tuple(faults[:_SHOWN])
        more = (f"and {len(faults) - _SHOWN} more",) if len(faults) > _SHOWN else ()
        many = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        raise SchemaError(f"not a usable network: {many}", (*shown, *more))
    return spots, table


def from_networkx(graph: nx.Graph, *, parameters: Parameters | None = None) -> Network:
    """Return a network made of a networkx graph, directed or not.

    Parameters
    ----------
    graph : networkx Graph, DiGraph, MultiGraph or MultiDiGraph
        Nodes carry ``lon, lat`` (or ``x, y``, as OSMnx has them) and the other columns of
        :func:`from_frames`; so do edges. A directed edge is one-way, unless its opposite carries
        the same number ``edge``, as :meth:`Network.to_networkx` writes it.
    parameters : Parameters, optional

    Raises
    ------
    SchemaError
        As :func:`from_frames`.
    """
    import pandas as pd

    nodes = pd.DataFrame([{"id": n, **d} for n, d in graph.nodes(data=True)])
    for name, other in (("lon", "x"), ("lat", "y")):
        if name not in nodes and other in nodes:
            nodes[name] = nodes[other]
    rows = []
    seen: dict[Any, dict[str, Any]] = {}
    for u, v, data in graph.edges(data=True):
        row = {**data, "u": u, "v": v, "oneway": bool(data.get("oneway", graph.is_directed()))}
        twin = seen.get(data.get("edge")) if graph.is_directed() and "edge" in data else None
        if twin is not None and (twin["u"], twin["v"]) == (v, u):
            twin["oneway"] = False
            continue
        if "edge" in data:
            seen[data["edge"]] = row
        rows.append(row)
    edges = pd.DataFrame(rows, columns=None if rows else ["u", "v", "mode"])
    for name in ("edge", "weight", "key"):
        if name in edges:
            edges = edges.drop(columns=name)
    return from_frames(nodes, edges, parameters=parameters)


def _empty(values: Any) -> NDArray[np.bool_]:
    import pandas as pd

    return np.asarray(pd.isna(values) | (pd.Series(values).astype(str).str.strip() == ""))


def _text(frame: Any, name: str, default: str = "") -> list[str]:
    if name not in frame:
        return [default] * len(frame)
    blank = _empty(frame[name].to_numpy())
    pairs = zip(frame[name].tolist(), blank, strict=True)
    return [default if b else str(x).strip() for x, b in pairs]


def _number(
    frame: Any, name: str, default: float, table: str, faults: list[str]
) -> NDArray[np.float64]:
    """Return a column as numbers; what is there and is none is a fault."""
    import pandas as pd

    if name not in frame:
        return np.full(len(frame), default)
    blank = _empty(frame[name].to_numpy())
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(~blank & ~np.isfinite(values)).tolist():
        faults.append(f"{table} row {i + 1}, {name}: {frame[name].iloc[i]!r} is no number")
    return np.where(blank | ~np.isfinite(values), default, values)


def _nodes(frame: Any, faults: list[str]) -> Any:
    import pandas as pd

    if getattr(frame, "_geometry_column_name", None) in frame.columns:
        geometry = frame.geometry
        if geometry.crs is not None:
            geometry = geometry.to_crs("EPSG:4326")
        if not (geometry.geom_type == "Point").all():
            faults.append("nodes: the geometry of a node must be a Point")
            return pd.DataFrame({"label": [], "lon": [], "lat": [], "country": [], "name": [],
                                 "kind": [], "aliases": [], "terminal": []})  # fmt: skip
        frame = frame.drop(columns=geometry.name).assign(lon=geometry.x, lat=geometry.y)
    missing = [c for c in ("lon", "lat") if c not in frame]
    faults += [f"nodes: the column {c} is missing (degrees, WGS84)" for c in missing]
    if not len(frame):
        faults.append("nodes: no rows")
    frame = frame.reset_index(drop=True) if "id" in frame else frame.rename_axis("id").reset_index()
    label = frame["id"].tolist()
    position: dict[Any, int] = {}
    for i, x in enumerate(label):
        if x in position:
            faults.append(f"nodes row {i + 1}, id: {x!r} is in row {position[x] + 1} already")
        position.setdefault(x, i)
    out = {"label": label}
    for name, limit in (("lon", 180.0), ("lat", 90.0)):
        values = _number(frame, name, np.nan, "nodes", faults)
        outside = ~(np.abs(values) <= limit) & (name in frame)
        for i in np.flatnonzero(outside).tolist():
            if not np.isfinite(values[i]):
                shown = "is empty" if _empty([frame[name].iloc[i]])[0] else ""
            else:
                shown = f"{values[i]:g} is outside ±{limit:g} degrees"
            faults += [f"nodes row {i + 1}, {name}: {shown}"] if shown else []
        out[name] = values
    out["country"] = _countries(frame, "country", "nodes", faults)
    out["name"] = [n or str(x) for n, x in zip(_text(frame, "name"), label, strict=True)]
    out["kind"] = _text(frame, "kind", "city")
    out["aliases"] = _text(frame, "aliases")
    # unless told, each node is a terminal, so that a route begins at it and not beside it
    out["terminal"] = (_text(frame, "terminal") if "terminal" in frame
                       else [str(x) for x in label])  # fmt: skip
    return pd.DataFrame(out)


def _countries(frame: Any, name: str, table: str, faults: list[str]) -> list[str]:
    values = _text(frame, name)
    for i, value in enumerate(values):
        if value and not (len(value) == 2 and value.isalpha() and value.isupper()):
            faults.append(f"{table} row {i + 1}, {name}: {value!r} is no ISO 3166-1 alpha-2 code")
    return values


def _edges(frame: Any, spots: Any, number: dict[Any, int], faults: list[str]) -> Any:
    """Return the edges with every column, u and v as numbers of nodes."""
    import pandas as pd

    from corridors.schema_tables import PRECISIONS, STATUSES

    frame = pd.DataFrame(frame).reset_index(drop=True)
    missing = [c for c in ("u", "v", "mode") if c not in frame]
    faults += [f"edges: the column {c} is missing" for c in missing]
    if not len(frame):
        faults.append("edges: no rows")
    out: dict[str, Any] = {}
    for name in ("u", "v"):
        ends = frame[name].tolist() if name in frame else [None] * len(frame)
        out[name] = np.array([number.get(x, -1) for x in ends], dtype=np.int64)
        if name in frame:
            faults += [f"edges row {i + 1}, {name}: there is no node {ends[i]!r}"
                       for i in np.flatnonzero(out[name] < 0)]  # fmt: skip
    for name in _TEXT:
        out[name] = _text(frame, name, _DEFAULTS.get(name, ""))
    choices = {"mode": MODES, "kind": KINDS, "to_mode": ("", *MODES),
               "precision": ("", *PRECISIONS, "junctions"),
               "status": (*STATUSES, "open", "restricted", "suspended", "passenger")}  # fmt: skip
    for name, allowed in choices.items():
        if name == "mode" and name not in frame:
            continue
        told = ", ".join(filter(None, allowed))
        for i, value in enumerate(out[name]):
            if value not in allowed:
                faults.append(f"edges row {i + 1}, {name}: {value!r} is not one of {told}")
    for name in ("country", "to_country"):
        out[name] = _countries(frame, name, "edges", faults)
    for name in _WHOLE:
        values = _number(frame, name, 0.0, "edges", faults)
        bad = (values != np.rint(values)) | (values < 0) | (values > 9999)
        if name.endswith("year"):
            bad |= (values != 0) & ((values < FIRST_YEAR) | (values > LAST_YEAR))
        faults += [f"edges row {i + 1}, {name}: {values[i]:g} is not allowed"
                   for i in np.flatnonzero(bad)]  # fmt: skip
        out[name] = values.astype(np.int64)
    for i in np.flatnonzero((out["to_year"] > 0) & (out["to_year"] < out["from_year"])).tolist():
        faults.append(f"edges row {i + 1}, to_year: is before from_year")
    out["oneway"] = _flags(frame, faults)
    kind = np.array(out["kind"], dtype=object)
    for i in np.flatnonzero(kind == "transfer").tolist():
        if not out["to_mode"][i]:
            faults.append(f"edges row {i + 1}, to_mode: a transfer leads to some mode")
    for i in np.flatnonzero(kind == "border").tolist():
        if not out["country"][i] or not out["to_country"][i]:
            faults.append(f"edges row {i + 1}, to_country: a border lies between two countries")
    for name in OWN:
        out[name] = _number(frame, name, np.nan, "edges", faults)
        faults += [f"edges row {i + 1}, {name}: {out[name][i]:g} is below zero"
                   for i in np.flatnonzero(out[name] < 0)]  # fmt: skip
    out["geometry"], out["length_km"] = _shapes(frame, spots, out, kind == "line", faults)
    return pd.DataFrame(out)


def _flags(frame: Any, faults: list[str]) -> NDArray[np.bool_]:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False,
             "": False, "1.0": True, "0.0": False}  # fmt: skip
    values = _text(frame, "oneway")
    for i, value in enumerate(values):
        if value.lower() not in known:
            faults.append(f"edges row {i + 1}, oneway: {value!r} is neither true nor false")
    return np.array([known.get(v.lower(), False) for v in values], dtype=bool)


def _shapes(
    frame: Any, spots: Any, out: dict[str, Any], line: NDArray[np.bool_], faults: list[str]
) -> tuple[list[Any], NDArray[np.float64]]:
    """Return the vertices of each edge (from u to v) and its length, both checked."""
    import shapely

    lon, lat = spots["lon"].to_numpy(dtype=float), spots["lat"].to_numpy(dtype=float)
    length = _number(frame, "length_km", np.nan, "edges", faults)
    length[~line] = 0.0
    faults += [f"edges row {i + 1}, length_km: {length[i]:g} is below zero"
               for i in np.flatnonzero(length < 0)]  # fmt: skip
    u, v = out["u"], out["v"]
    sound = (u >= 0) & (v >= 0)
    sound[sound] = np.isfinite(lon[u[sound]] + lat[u[sound]] + lon[v[sound]] + lat[v[sound]])
    sound[sound] &= np.maximum(np.abs(lat[u[sound]]), np.abs(lat[v[sound]])) <= 90
    straight = np.zeros(len(u))
    at = np.flatnonzero(sound)
    ends = np.stack([np.column_stack([lon[u[at]], lat[u[at]]]),
                     np.column_stack([lon[v[at]], lat[v[at]]])], axis=1)  # fmt: skip
    if len(at):
        straight[at] = np.atleast_1d(distance_km(*ends[:, 0].T, *ends[:, 1].T))
    lines = shapely.linestrings(ends) if len(at) else np.empty(0, dtype=object)
    drawn = np.zeros(len(at), dtype=bool)
    if "geometry" in frame:
        given = frame["geometry"].tolist()
        for k, i in enumerate(at.tolist()):
            shape = given[i]
            if not line[i] or shape is None or _absent(shape):
                continue
            if getattr(shape, "geom_type", "") != "LineString":
                coords = _vertices(shape)
                shape = None if coords is None else shapely.linestrings(coords)
            if shape is None or shape.is_empty:
                faults.append(f"edges row {i + 1}, geometry: is no LineString in degrees")
                continue
            lines[k], drawn[k] = shape, True
    coords, owner = shapely.get_coordinates(lines, return_index=True)
    coords = np.array(coords)
    with np.errstate(invalid="ignore"):
        wild = ~((np.abs(coords[:, 0]) <= 180) & (np.abs(coords[:, 1]) <= 90))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(at)))])
    broken = np.zeros(len(at), dtype=bool)
    broken[owner[wild]] = True
    broken &= drawn
    faults += [f"edges row {at[k] + 1}, geometry: is no LineString in degrees"
               for k in np.flatnonzero(broken)]  # fmt: skip
    first, last = offsets[:-1], offsets[1:] - 1
    fine = np.flatnonzero(drawn & ~broken)
    if len(fine):
        off = np.maximum(
            np.atleast_1d(distance_km(*ends[fine, 0].T, *coords[first[fine]].T)),
            np.atleast_1d(distance_km(*ends[fine, 1].T, *coords[last[fine]].T)),
        )
        faults += [f"edges row {at[fine[n]] + 1}, geometry: begins or ends {off[n]:,.1f} km "
                   "from its node; it must run from u to v"
                   for n in np.flatnonzero(off > END_KM)]  # fmt: skip
    coords[first], coords[last] = ends[:, 0], ends[:, 1]
    shapes: list[Any] = [None] * len(u)
    for k, piece in enumerate(np.split(coords, offsets[1:-1]) if len(at) else []):
        shapes[at[k]] = piece
    bare = np.isnan(length)
    bare[at] &= ~broken
    bare &= sound
    if bare.any():
        km = straight.copy()
        km[at] = path_lengths_km(coords[:, 0], coords[:, 1], offsets)
        length[bare] = km[bare]
    with np.errstate(invalid="ignore"):
        short = sound & line & (length >= 0) & (length < straight * SHORTER - 0.05)
    for i in np.flatnonzero(short).tolist():
        faults.append(f"edges row {i + 1}, length_km: {length[i]:,.1f} is less than the "
                      f"{straight[i]:,.1f} km between its ends")  # fmt: skip
    return shapes, np.nan_to_num(length)


def _absent(shape: Any) -> bool:
    return isinstance(shape, float) and shape != shape


def _vertices(shape: Any) -> NDArray[np.float64] | None:
    if getattr(shape, "geom_type", "") == "LineString":
        coords = np.asarray(shape.coords, dtype=float)[:, :2]
    else:
        try:
            coords = np.asarray(shape, dtype=float)
        except (TypeError, ValueError):
            return None
        if coords.ndim != 2 or coords.shape[1] != 2:
            return None
    good = len(coords) >= 2 and np.isfinite(coords).all()
    good = good and np.abs(coords[:, 0]).max() <= 180 and np.abs(coords[:, 1]).max() <= 90
    return coords if good else None


def _coded(*lists: list[str]) -> tuple[list[str], list[NDArray[np.int32]]]:
    words = ["", *sorted({x for values in lists for x in values} - {""})]
    number = {w: i for i, w in enumerate(words)}
    return words, [np.array([number[x] for x in values], dtype=np.int32) for values in lists]


def _columns(spots: Any, table: Any) -> tuple[Columns, dict[str, Facility]]:
    words: dict[str, list[str]] = {"mode": list(MODES), "kind": list(KINDS)}
    named = spots["terminal"].tolist()
    words["country"], (n_country, country, to_country) = _coded(
        spots["country"].tolist(), table["country"].tolist(), table["to_country"].tolist()
    )
    words["facility"], (terminal, facility) = _coded(named, table["facility"].tolist())
    for name in ("status", "precision", "origin"):
        words[name], (table[f"_{name}"],) = _coded(table[name].tolist())
    counts = np.array([len(x) for x in table["geometry"]], dtype=np.int64)
    xy = np.concatenate(table["geometry"].tolist())
    u, v = table["u"].to_numpy(np.int32), table["v"].to_numpy(np.int32)
    oneway = table["oneway"].to_numpy(bool)
    back = np.flatnonzero(~oneway).astype(np.int32)
    columns = Columns(
        n_lon=spots["lon"].to_numpy(float), n_lat=spots["lat"].to_numpy(float),
        n_country=n_country.astype(np.int16), n_terminal=terminal,
        e_u=u, e_v=v,
        e_mode=np.array([MODES.index(x) for x in table["mode"]], dtype=np.int8),
        e_kind=np.array([KINDS.index(x) for x in table["kind"]], dtype=np.int8),
        e_length_km=table["length_km"].to_numpy(float),
        e_gauge_mm=table["gauge_mm"].to_numpy(np.int16),
        e_country=country.astype(np.int16), e_to_country=to_country.astype(np.int16),
        e_facility=facility, e_status=table["_status"].to_numpy(np.int8),
        e_from_year=table["from_year"].to_numpy(np.int16),
        e_to_year=table["to_year"].to_numpy(np.int16), e_oneway=oneway,
        e_precision=table["_precision"].to_numpy(np.int8),
        e_to_mode=np.array([MODES.index(x) if x else -1 for x in table["to_mode"]], dtype=np.int8),
        e_to_gauge_mm=table["to_gauge_mm"].to_numpy(np.int16),
        e_origin=table["_origin"].to_numpy(np.int16),
        e_electrified=electrified_codes(table["electrified"]),
        e_tracks=np.minimum(table["tracks"].to_numpy(), 99).astype(np.int8),
        g_offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        g_lon=np.ascontiguousarray(xy[:, 0]), g_lat=np.ascontiguousarray(xy[:, 1]),
        a_edge=np.concatenate([np.arange(len(u), dtype=np.int32), back]),
        a_tail=np.concatenate([u, v[back]]), a_head=np.concatenate([v, u[back]]),
        words=words,
    )  # fmt: skip
    return columns, _facilities(spots, table)


def _facilities(spots: Any, table: Any) -> dict[str, Facility]:
    """Return what can be closed by name: the nodes, and what edges call their facility."""
    found = {
        str(x): Facility(str(x), "terminal", str(name), {"name": str(name), "confidence": "low"})
        for x, name in zip(spots["terminal"], spots["name"], strict=True)
        if x
    }
    columns = ("facility", "kind", "mode", "country", "to_country")
    for ident, *rest in zip(*(table[c] for c in columns), strict=True):
        if ident and ident not in found:
            found[ident] = own_facility(ident, *rest)
    return found
