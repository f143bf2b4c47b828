"""GMNS: the General Modeling Network Specification of the Zephyr Foundation, in and out.

A GMNS network is a folder with ``node.csv``, ``link.csv``, ``config.csv`` (units and coordinate
system) and, if the links refer to it, ``geometry.csv``. Its own fields are used for what they
mean (``x_coord``, ``length`` in ``long_length``, ``directed``, ``allowed_uses``, ``free_speed`` …);
the specification allows further columns, and those carry what it has no field for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from corridors.errors import SchemaError
from corridors.files import whole_folder
from corridors.io.coordinates import as_crs, in_degrees
from corridors.io.delimited import read_delimited
from corridors.io.tables import (
    EDGE_COLUMNS,
    NODE_COLUMNS,
    NetworkTables,
    as_ids,
    checked,
    faults,
)
from corridors.network.store import MODES

VERSION = "0.96"
KM = {
    "km": 1.0, "kilometer": 1.0, "kilometre": 1.0, "m": 1e-3, "meter": 1e-3, "metre": 1e-3,
    "mile": 1.609344, "mi": 1.609344, "foot": 3.048e-4, "feet": 3.048e-4, "ft": 3.048e-4,
    "yard": 9.144e-4, "yd": 9.144e-4,
}  # fmt: skip
KM_H = {
    "km/h": 1.0, "kph": 1.0, "kmh": 1.0, "kmph": 1.0, "kilometers per hour": 1.0,
    "mph": 1.609344, "mi/h": 1.609344, "miles per hour": 1.609344, "m/s": 3.6,
}  # fmt: skip
USES = {
    "rail": "rail", "train": "rail", "railway": "rail", "freight_rail": "rail",
    "road": "road", "auto": "road", "car": "road", "truck": "road", "drive": "road",
    "hgv": "road", "bus": "road", "sov": "road", "hov": "road", "all": "road",
    "sea": "sea", "ship": "sea", "ferry": "ferry", "pipeline": "pipeline",
}  # fmt: skip
"""What ``allowed_uses`` of other programs mean here; a link of none of them needs ``mode``."""
HOLDS_NOT = (
    "GMNS has no place for operating parameters, closures and the hours of crossings and "
    "terminals: they stay in parameters.csv and in the library",
)
_NODE_FIELDS = {"node_id": "id", "x_coord": "x", "y_coord": "y", "node_type": "kind"}
_LINK_FIELDS = {"link_id": "id", "from_node_id": "u", "to_node_id": "v"}
_CALLED = {"u": "from_node_id", "v": "to_node_id", "lon": "x_coord", "lat": "y_coord",
           "label": "node_id", "length_km": "length", "oneway": "directed"}  # fmt: skip
_LINESTRING = 1
_OTHER_FILES = (
    "segment", "lane", "segment_lane", "movement", "location", "zone", "use_definition",
    "use_group", "link_tod", "lane_tod", "segment_tod", "segment_lane_tod", "movement_tod",
    "time_set_definitions", "signal_controller", "signal_coordination", "signal_detector",
    "signal_phase_mvmt", "signal_timing_phase", "signal_timing_plan", "curb_seg",
)  # fmt: skip


def read_gmns(
    path: str | Path,
    *,
    crs: str | None = None,
    length_unit: str | None = None,
    mode: str | None = None,
) -> NetworkTables:
    """Return a GMNS network.

    Parameters
    ----------
    path : path
        The folder, or its ``link.csv`` or ``node.csv``.
    crs, length_unit : str, optional
        Where ``config.csv`` does not say: any text that pyproj takes (``EPSG:4326``); ``km``,
        ``mile``, ``m`` …
    mode : str, optional
        Mode of links that name none, neither in ``mode`` nor in ``allowed_uses``.

    Returns
    -------
    NetworkTables
        ``notes`` say what was not read. A link's ``free_speed`` becomes its hours where it has no
        column ``hours``.

    Raises
    ------
    SchemaError
        One line per fault, by file and row.
    """
    folder = Path(path)
    folder = folder.parent if folder.suffix.lower() == ".csv" else folder
    if not folder.is_dir():
        raise SchemaError(f"{folder}: no such folder; a GMNS network is a folder with node.csv "
                          "and link.csv")  # fmt: skip
    found = {p.name.lower(): p for p in folder.iterdir() if p.is_file()}
    missing = [n for n in ("node.csv", "link.csv") if n not in found]
    if missing:
        raise SchemaError(f"{folder}: {' and '.join(missing)} missing; a GMNS network has node.csv "
                          "and link.csv")  # fmt: skip
    config = _config(found.get("config.csv"))
    notes: list[str] = []
    nodes, said = read_delimited(found["node.csv"])
    notes += said
    links, said = read_delimited(found["link.csv"])
    notes += said
    told = [f"node.csv: the column {c} is missing" for c in ("node_id", "x_coord", "y_coord")
            if c not in nodes]  # fmt: skip
    needed = ("link_id", "from_node_id", "to_node_id", "directed")
    told += [f"link.csv: the column {c} is missing" for c in needed if c not in links]
    if told:
        raise faults(str(folder), told)
    named = config.get("crs", "")
    system = as_crs(named or crs, f"{folder}: config.csv names no crs" if config else
                    f"{folder}: there is no config.csv that names the crs", option=crs,
                    found=named)  # fmt: skip
    nodes = nodes.rename(columns=_NODE_FIELDS)
    links = links.rename(columns=_LINK_FIELDS)
    x, told_x = _numbers(nodes, "x", "x_coord", "node.csv")
    y, told_y = _numbers(nodes, "y", "y_coord", "node.csv")
    told += told_x + told_y
    if not told:
        nodes["lon"], nodes["lat"] = in_degrees(x, y, system, f"{folder / 'node.csv'}")
    nodes = nodes.drop(columns=["x", "y"])
    told += _twice(nodes["id"], "node.csv", "node_id") + _twice(links["id"], "link.csv", "link_id")
    links, shape_notes = _geometry(links, found.get("geometry.csv"), system, folder, told)
    notes += shape_notes
    _lengths(links, config, length_unit, folder, told)
    _modes(links, mode, told)
    links["oneway"] = links.pop("directed")
    _hours(links, config, notes, told)
    if told:
        raise faults(str(folder), told)
    for name in ("facility_type", "allowed_uses"):
        if name in links and links[name].tolist() == links["mode"].tolist():
            links.pop(name)  # our own file: made anew from the mode
    tables = checked(nodes, links, source=str(folder), node_rows=("node.csv", 2),
                     edge_rows=("link.csv", 2), called=_CALLED)  # fmt: skip
    unread = [f"{n}.csv" for n in _OTHER_FILES if f"{n}.csv" in found]
    if unread:
        notes.append(f"not read, since the network has no place for it: {', '.join(unread)}")
    kept = [c for c in tables.edges.columns if c not in (*EDGE_COLUMNS, "geometry")]
    kept += [c for c in tables.nodes.columns if c not in NODE_COLUMNS]
    if kept:
        notes.append(f"kept as they are, and not used in routes: {', '.join(kept)}")
    return tables.noting(*notes)


def write_gmns(tables: NetworkTables, folder: str | Path, *, name: str = "corridors") -> list[str]:
    """Write a network as GMNS; return what the format cannot hold, one line each.

    Lengths are km, speeds km/h, coordinates EPSG:4326, geometry WKT; every number is written so
    that it is read again to the last digit.
    """
    import pandas as pd
    import shapely

    nodes, edges = tables.nodes, tables.edges
    out_nodes = pd.DataFrame({
        "node_id": nodes["id"], "name": nodes["name"], "x_coord": nodes["lon"],
        "y_coord": nodes["lat"], "node_type": nodes["kind"], "country": nodes["country"],
        "terminal": nodes["terminal"], "aliases": nodes["aliases"],
        **{c: nodes[c] for c in nodes.columns if c not in NODE_COLUMNS},
    })  # fmt: skip
    hours = edges["hours"].to_numpy(dtype=float)
    km = edges["length_km"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = km / hours
    # the specification allows 0 to 200; hours say it exactly
    speed = np.where(np.isfinite(speed) & (speed > 0) & (speed <= 200), np.round(speed, 9), np.nan)
    given = {c: edges[c] for c in edges.columns
             if c not in (*EDGE_COLUMNS, "geometry", "directed")}  # fmt: skip
    line = (edges["kind"] == "line").to_numpy()
    wkt = shapely.to_wkt(np.asarray(edges.geometry.array), rounding_precision=-1)
    out_links = pd.DataFrame({
        "link_id": edges["id"], "name": given.pop("name", ""), "from_node_id": edges["u"],
        "to_node_id": edges["v"], "directed": edges["oneway"].astype(bool),
        "geometry": np.where(line, wkt, ""), "dir_flag": line.astype(int),
        "length": edges["length_km"], "free_speed": speed,
        "facility_type": given.pop("facility_type", edges["mode"]),
        "allowed_uses": given.pop("allowed_uses", edges["mode"]),
        **{c: edges[c] for c in EDGE_COLUMNS if c not in ("id", "u", "v", "length_km", "oneway")},
        **{c: v for c, v in given.items() if c not in ("dir_flag", "length", "free_speed")},
    })  # fmt: skip
    config = pd.DataFrame([{
        "dataset_name": name, "short_length": "m", "long_length": "km", "speed": "km/h",
        "crs": "EPSG:4326", "geometry_field_format": "WKT", "currency": "USD",
        "version_number": VERSION, "id_type": "string",
    }])  # fmt: skip
    with whole_folder(folder, ("node.csv", "link.csv", "config.csv")) as scratch:
        for file, frame in (("node", out_nodes), ("link", out_links), ("config", config)):
            frame.to_csv(scratch / f"{file}.csv", index=False, lineterminator="\n")
    return list(HOLDS_NOT)


# --- behind them -------------------------------------------------------------------------------


def _config(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    frame, _ = read_delimited(path)
    if len(frame) != 1:
        raise SchemaError(f"{path}: has {len(frame)} rows; the configuration is one row")
    return {
        c: str(v).strip() for c, v in frame.iloc[0].items() if str(v).strip() not in ("", "NaN")
    }


def _numbers(frame: Any, column: str, called: str, file: str) -> tuple[Any, list[str]]:
    def number(text: Any) -> float:
        try:
            return float(text)
        except ValueError:
            return float("nan")

    values = np.array([number(v) for v in frame[column].tolist()], dtype=float)
    told = []
    for i in np.flatnonzero(~np.isfinite(values)).tolist():
        cell = str(frame[column].iloc[i]).strip()
        told.append(f"{file} row {i + 2}, {called}: " + (f"{cell!r} is no number" if cell
                                                          else "is empty"))  # fmt: skip
    return values, told


def _twice(ids: Any, file: str, called: str) -> list[str]:
    first: dict[str, int] = {}
    told = []
    for i, ident in enumerate(as_ids(ids)):
        if not ident:
            told.append(f"{file} row {i + 2}, {called}: is empty")
        elif ident in first:
            told.append(f"{file} row {i + 2}, {called}: {ident!r} is in row {first[ident]} already")
        else:
            first[ident] = i + 2
    return told


def _geometry(
    links: Any, other: Path | None, system: Any, folder: Path, told: list[str]
) -> tuple[Any, list[str]]:
    """Put lines in degrees, from u to v, into the column ``geometry``; return notes."""
    import shapely

    texts = [""] * len(links)
    if "geometry" in links:
        texts = [str(x).strip() for x in links["geometry"]]
    if "geometry_id" in links and other is not None:
        shapes, _ = read_delimited(other)
        if {"geometry_id", "geometry"} <= set(shapes.columns):
            by = dict(zip(as_ids(shapes["geometry_id"]), shapes["geometry"], strict=True))
            keys = as_ids(links["geometry_id"])
            told += [f"link.csv row {i + 2}, geometry_id: there is no geometry {k!r}"
                     for i, k in enumerate(keys) if k and k not in by]  # fmt: skip
            texts = [t or by.get(k, "") for t, k in zip(texts, keys, strict=True)]
    flags = links["dir_flag"].tolist() if "dir_flag" in links else [""] * len(links)
    there = np.array([bool(t) for t in texts])
    lines = np.empty(len(links), dtype=object)
    lines[there] = shapely.from_wkt(np.array(texts, dtype=object)[there], on_invalid="ignore")
    wrong = there & ((shapely.get_type_id(lines) != _LINESTRING) | shapely.is_empty(lines))
    told += [f"link.csv row {i + 2}, geometry: is no LINESTRING in well-known text"
             for i in np.flatnonzero(wrong)]  # fmt: skip
    lines[wrong] = None
    back = np.array([str(f).strip() in ("-1", "-1.0") for f in flags]) & there & ~wrong
    lines[back] = shapely.reverse(lines[back])
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    if len(xy):
        xy[:, 0], xy[:, 1] = in_degrees(xy[:, 0], xy[:, 1], system, f"{folder / 'link.csv'}")
        drawn = np.unique(owner)
        lines[drawn] = shapely.linestrings(xy, indices=np.searchsorted(drawn, owner))
    links = links.drop(columns=[c for c in ("geometry", "geometry_id", "dir_flag") if c in links])
    links["geometry"] = lines
    none = int((~there).sum())
    return links, [f"{none:,} of {len(lines):,} links have no geometry and are drawn straight"] * (
        none == len(lines)
    )


def _unit(table: dict[str, float], text: str) -> float | None:
    bare = text.strip().lower()
    return table.get(bare, table.get(bare.removesuffix("s")))


def _lengths(
    links: Any, config: dict[str, str], option: str | None, folder: Path, told: list[str]
) -> None:
    """Turn ``length`` in the configured unit into ``length_km``."""
    if "length" not in links:
        return
    text = config.get("long_length") or option
    if not text:
        raise SchemaError(f"{folder}: link.csv has lengths, and no config.csv says in what unit; "
                          "give --length-unit km, mile or m")  # fmt: skip
    factor = _unit(KM, text)
    if factor is None:
        raise SchemaError(f"{folder}: the unit of lengths is {text!r}; known are {', '.join(KM)}")
    blank = links["length"].astype(str).str.strip().isin(["", "NaN"])
    values, wrong = _numbers(links.assign(length=links["length"].where(~blank, "0")), "length",
                             "length", "link.csv")  # fmt: skip
    told += wrong
    told += [f"link.csv row {i + 2}, length: is {values[i]:g}; it can not be negative"
             for i in np.flatnonzero(values < 0)]  # fmt: skip
    links["length_km"] = np.where(blank, np.nan, values * factor)
    links.pop("length")


def _modes(links: Any, mode: str | None, told: list[str]) -> None:
    """Fill ``mode`` from itself, ``allowed_uses``, or what the user says of all."""
    uses = links["allowed_uses"].tolist() if "allowed_uses" in links else [""] * len(links)
    own = links["mode"].tolist() if "mode" in links else [""] * len(links)
    out = []
    for i, (given, use) in enumerate(zip(own, uses, strict=True)):
        given = str(given).strip()
        if given:
            out.append(given)
            continue
        words = [w.strip() for w in str(use).lower().replace("|", ",").split(",")]
        known = {USES[w] for w in words if w in USES}
        if len(known) == 1:
            out.append(known.pop())
        elif mode:
            out.append(mode)
        else:
            what = "names several modes" if known else "names no mode that is known here"
            told.append(f"link.csv row {i + 2}, allowed_uses: {str(use).strip()!r} {what}; add a "
                        f"column mode ({', '.join(MODES)}) or give --mode")  # fmt: skip
            out.append("road")
    links["mode"] = out


def _hours(links: Any, config: dict[str, str], notes: list[str], told: list[str]) -> None:
    """Derive hours from ``free_speed`` where the file has no hours."""
    if "free_speed" not in links:
        return
    if "hours" in links:
        links.pop("free_speed")
        return
    blank = links["free_speed"].astype(str).str.strip().isin(["", "NaN"])
    if blank.all():
        links.pop("free_speed")
        return
    factor = _unit(KM_H, config.get("speed", ""))
    if factor is None:
        notes.append(f"free_speed is not used: the unit of speed is {config.get('speed', '')!r}; "
                     f"known are {', '.join(KM_H)}")  # fmt: skip
        return
    values, wrong = _numbers(links.assign(s=links["free_speed"].where(~blank, "1")), "s",
                             "free_speed", "link.csv")  # fmt: skip
    told += wrong
    told += [f"link.csv row {i + 2}, free_speed: is {values[i]:g}; it must be above 0"
             for i in np.flatnonzero(values <= 0)]  # fmt: skip
    if "length_km" in links and not told:
        km = np.asarray(links["length_km"], dtype=float)
        links["hours"] = np.where(blank, np.nan, km / (values * factor))
        notes.append("hours follow from free_speed, which is free of stops and waiting")
