"""The network on disk: GeoParquet for people, compiled columns for the engine.

``write_layers`` writes what ships (one GeoParquet file per layer, so that each carries its own
licence, and one of nodes). ``compile_columns`` turns those files into flat arrays in the user's
cache, keyed by the data's version; ``load_columns`` maps them into memory in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import DataIntegrityError

if TYPE_CHECKING:
    from corridors.network.frames import Graph

FORMAT = 6  # of the compiled columns; raise it when they change
LAYERS = ("rail", "road", "sea", "pipeline", "links")
MODES = ("rail", "road", "sea", "ferry", "pipeline")
KINDS = ("line", "border", "transfer")
ELECTRIFIED = ("", "no", "yes")
"""What is known of a railway's wires; '' is not known."""
EDGE_COLUMNS = ["u", "v", "mode", "length_km", "gauge_mm", "country", "facility", "kind",
                "to_country", "status", "from_year", "to_year", "origin", "oneway", "precision",
                "to_mode", "to_gauge_mm"]  # fmt: skip
"""Of a layer's file, its geometry apart; what else is there is for people."""


@dataclass(frozen=True, eq=False)
class Columns:
    """One multimodal network as flat arrays; rows of ``e_*`` are edges, of ``n_*`` nodes.

    Coded columns hold numbers into the lists of ``words`` (modes, kinds, countries, facilities,
    statuses, precisions, origins). ``a_*`` are arcs: one per direction in which an edge may be
    travelled; ``a_edge`` is its edge and ``a_tail``/``a_head`` its ends. ``e_electrified`` counts
    in ``ELECTRIFIED``; ``e_tracks`` is 0 where the number of tracks is not known.
    """

    n_lon: NDArray[np.float64]
    n_lat: NDArray[np.float64]
    n_country: NDArray[np.int16]
    n_terminal: NDArray[np.int32]
    e_u: NDArray[np.int32]
    e_v: NDArray[np.int32]
    e_mode: NDArray[np.int8]
    e_kind: NDArray[np.int8]
    e_length_km: NDArray[np.float64]
    e_gauge_mm: NDArray[np.int16]
    e_country: NDArray[np.int16]
    e_to_country: NDArray[np.int16]
    e_facility: NDArray[np.int32]
    e_status: NDArray[np.int8]
    e_from_year: NDArray[np.int16]
    e_to_year: NDArray[np.int16]
    e_oneway: NDArray[np.bool_]
    e_precision: NDArray[np.int8]
    e_to_mode: NDArray[np.int8]
    e_to_gauge_mm: NDArray[np.int16]
    e_origin: NDArray[np.int16]
    e_electrified: NDArray[np.int8]
    e_tracks: NDArray[np.int8]
    g_offset: NDArray[np.int64]
    g_lon: NDArray[np.float64]
    g_lat: NDArray[np.float64]
    a_edge: NDArray[np.int32]
    a_tail: NDArray[np.int32]
    a_head: NDArray[np.int32]
    words: dict[str, list[str]]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.n_lon)

    def line(self, edge: int) -> NDArray[np.float64]:
        """Return one edge's vertices, (n, 2) lon, lat, from u to v."""
        lo, hi = int(self.g_offset[edge]), int(self.g_offset[edge + 1])
        return np.column_stack([self.g_lon[lo:hi], self.g_lat[lo:hi]])


ARRAYS = [f.name for f in fields(Columns) if f.name != "words"]


def layer_of(kind: str, mode: str) -> str:
    """Return the file in which an edge is stored."""
    return mode if kind == "line" and mode != "ferry" else "links"


def graph_frames(graph: Graph) -> tuple[Any, dict[str, Any]]:
    """Return the nodes frame and one GeoDataFrame per layer of a finished graph."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    edges = graph.edges
    layer = pd.Series([layer_of(k, m) for k, m in zip(edges["kind"], edges["mode"], strict=True)])
    lon, lat = graph.nodes["lon"].to_numpy(), graph.nodes["lat"].to_numpy()
    u, v, via = edges["u"].to_numpy(), edges["v"].to_numpy(), edges["via"].to_numpy()
    shapes = np.empty(len(edges), dtype=object)
    straight = np.array([x is None for x in via])
    pairs = np.stack(
        [np.column_stack([lon[u], lat[u]]), np.column_stack([lon[v], lat[v]])], axis=1
    ).round(5)
    point = (edges["kind"] != "line").to_numpy()
    shapes[straight] = shapely.linestrings(pairs[straight])
    shapes[point] = shapely.points(pairs[point, 0])
    bent = np.flatnonzero(~straight)
    if len(bent):
        counts = np.array([len(x) for x in via[bent]], dtype=np.int64) + 2
        first = np.concatenate([[0], np.cumsum(counts)])
        xy = np.empty((int(first[-1]), 2))
        inner = np.ones(len(xy), dtype=bool)
        inner[first[:-1]] = inner[first[1:] - 1] = False
        xy[first[:-1]] = np.column_stack([lon[u[bent]], lat[u[bent]]])
        xy[first[1:] - 1] = np.column_stack([lon[v[bent]], lat[v[bent]]])
        xy[inner] = np.concatenate(via[bent])
        owner = np.repeat(np.arange(len(bent)), counts)
        shapes[bent] = shapely.linestrings(xy.round(5), indices=owner)
    frame = gpd.GeoDataFrame(edges.drop(columns="via"), geometry=shapes, crs="EPSG:4326")
    small = {"u": np.int32, "v": np.int32, "gauge_mm": np.int16, "to_gauge_mm": np.int16,
             "from_year": np.int16, "to_year": np.int16, "tracks": np.int16}  # fmt: skip
    frame = frame.astype({name: kind for name, kind in small.items() if name in frame})
    frame["length_km"] = frame["length_km"].round(4)
    return graph.nodes, {
        name: frame[(layer == name).to_numpy()].reset_index(drop=True) for name in LAYERS
    }


def write_layers(graph: Graph, folder: Path, *, level: int = 19) -> dict[str, int]:
    """Write ``network_nodes.parquet`` and ``network_<layer>.parquet``; return rows by file.

    ``level`` is zstd's: what ships is small, what a user makes is quickly written.
    """
    nodes, layers = graph_frames(graph)
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"network_nodes.parquet": len(nodes)}
    nodes.assign(lon=nodes["lon"].round(5), lat=nodes["lat"].round(5)).to_parquet(
        folder / "network_nodes.parquet", compression="zstd", compression_level=level, index=False
    )
    for name, frame in layers.items():
        file = f"network_{name}.parquet"
        frame.to_parquet(folder / file, compression="zstd", compression_level=level, index=False)
        rows[file] = len(frame)
    return rows


def compile_columns(nodes_path: Path, layer_paths: list[Path]) -> Columns:
    """Read the files that ``write_layers`` wrote into columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    nodes = pq.read_table(nodes_path)
    tables = [t for t in (pq.read_table(p) for p in layer_paths) if t.num_rows]
    if not tables:
        raise DataIntegrityError(f"network: no edges in {nodes_path.parent}")
    # an imported layer has columns of its own beside these
    edges = pa.concat_tables([t.select(EDGE_COLUMNS) for t in tables], promote_options="permissive")
    equipment = [known_equipment(t) for t in tables]
    shapes = np.concatenate(
        [shapely.from_wkb(t.column("geometry").to_numpy(zero_copy_only=False)) for t in tables]
    )
    # a border or transfer edge is a point: a line of two equal vertices for the engine
    coords, owner = shapely.get_coordinates(shapes, return_index=True)
    counts = np.bincount(owner, minlength=len(shapes))
    repeat = np.where(counts[owner] == 1, 2, 1)
    coords, counts = np.repeat(coords, repeat, axis=0), np.maximum(counts, 2)

    words: dict[str, list[str]] = {"mode": list(MODES), "kind": list(KINDS)}

    def text(table: Any, name: str) -> list[str]:
        return [x or "" for x in table.column(name).to_pylist()]

    def coded(values: list[str], word: str, dtype: Any) -> NDArray[Any]:
        known = words.setdefault(word, [""])
        number = {w: i for i, w in enumerate(known)}
        for value in sorted(set(values) - number.keys()):
            number[value] = len(known)
            known.append(value)
        return np.array([number[x] for x in values], dtype=dtype)

    def column(name: str, dtype: Any) -> NDArray[Any]:
        return np.asarray(edges.column(name).to_numpy(), dtype=dtype)

    country = coded(text(nodes, "country"), "country", np.int16)
    mode = np.array([MODES.index(x) for x in text(edges, "mode")], dtype=np.int8)
    to_mode = np.array([MODES.index(x) if x else -1 for x in text(edges, "to_mode")], dtype=np.int8)
    u, v = column("u", np.int32), column("v", np.int32)
    oneway = column("oneway", np.bool_)
    back = np.flatnonzero(~oneway).astype(np.int32)
    forward = np.arange(len(u), dtype=np.int32)
    return Columns(
        n_lon=np.asarray(nodes.column("lon").to_numpy(), dtype=float),
        n_lat=np.asarray(nodes.column("lat").to_numpy(), dtype=float),
        n_country=country,
        n_terminal=coded(text(nodes, "terminal"), "facility", np.int32),
        e_u=u,
        e_v=v,
        e_mode=mode,
        e_kind=np.array([KINDS.index(x) for x in text(edges, "kind")], dtype=np.int8),
        e_length_km=column("length_km", np.float64),
        e_gauge_mm=column("gauge_mm", np.int16),
        e_country=coded(text(edges, "country"), "country", np.int16),
        e_to_country=coded(text(edges, "to_country"), "country", np.int16),
        e_facility=coded(text(edges, "facility"), "facility", np.int32),
        e_status=coded(text(edges, "status"), "status", np.int8),
        e_from_year=column("from_year", np.int16),
        e_to_year=column("to_year", np.int16),
        e_oneway=oneway,
        e_precision=coded(text(edges, "precision"), "precision", np.int8),
        e_to_mode=to_mode,
        e_to_gauge_mm=column("to_gauge_mm", np.int16),
        e_origin=coded(text(edges, "origin"), "origin", np.int16),
        e_electrified=np.concatenate([wires for wires, _ in equipment]),
        e_tracks=np.concatenate([tracks for _, tracks in equipment]),
        g_offset=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        g_lon=np.ascontiguousarray(coords[:, 0]),
        g_lat=np.ascontiguousarray(coords[:, 1]),
        a_edge=np.concatenate([forward, back]),
        a_tail=np.concatenate([u, v[back]]),
        a_head=np.concatenate([v, u[back]]),
        words=words,
    )


def electrified_codes(told: Iterable[Any]) -> NDArray[np.int8]:
    """Return numbers in ``ELECTRIFIED``.

    An imported line says how it is electrified (``contact_line 25000 V 50 Hz``): that is a yes.
    """
    no, yes = ELECTRIFIED.index("no"), ELECTRIFIED.index("yes")
    number = {"": 0, "none": 0, "nan": 0, "unknown": 0, "no": no, "false": no, "0": no}
    return np.array([number.get(str(x).strip().lower(), yes) for x in told], dtype=np.int8)


def _whole_tracks(told: Any) -> int:
    try:
        number = float(told)
    except (TypeError, ValueError):
        return 0
    return int(min(max(number, 0.0), 99.0)) if number == number else 0


def known_equipment(table: Any) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return numbers in ``ELECTRIFIED`` and tracks of a layer's rows.

    A file that was written before there were these columns leaves both unknown.
    """
    have = table.column_names
    wires = np.zeros(table.num_rows, dtype=np.int8)
    tracks = np.zeros(table.num_rows, dtype=np.int8)
    if "electrified" in have:
        wires = electrified_codes(table.column("electrified").to_pylist())
    if "tracks" in have:
        tracks[:] = [_whole_tracks(x) for x in table.column("tracks").to_pylist()]
    return wires, tracks


def save_columns(columns: Columns, folder: Path) -> None:
    """Write the columns as one .npy file each, and their words as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", getattr(columns, name))
    (folder / "words.json").write_text(json.dumps(columns.words), encoding="utf-8")


def load_columns(folder: Path) -> Columns:
    """Map saved columns into memory, read-only."""
    try:
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        arrays = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in ARRAYS}
    except (OSError, ValueError) as error:
        raise DataIntegrityError(
            f"compiled network in {folder}: {error}; delete the folder, it is made anew"
        ) from error
    # plain arrays over the same memory map: several times quicker to index than np.memmap
    return Columns(words=words, **{n: np.asarray(a) for n, a in arrays.items()})
