"""A saved network: the folder that ``--network`` names, read as a graph, written whole or not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from corridors import datasets
from corridors.errors import DataIntegrityError, SchemaError
from corridors.files import put_in_place
from corridors.network.frames import Graph
from corridors.network.store import LAYERS, write_layers
from corridors.osm.graph import ATTRIBUTES

REPORT = "import.json"
PLACES = "places.csv"
_DRAFT = ".importing-"


def read_graph(folder: str | Path | None) -> Graph:
    """Return a saved network, or the shipped one, as frames.

    Raises
    ------
    DataIntegrityError
        No network is there.
    """
    import pyarrow.parquet as pq
    import shapely

    def path(name: str) -> Path:
        file = f"network_{name}.parquet"
        return datasets.path(file) if folder is None else Path(folder) / file

    parts = []
    try:
        nodes = pq.read_table(path("nodes")).to_pandas()
        for layer in LAYERS:
            file = path(layer)
            if folder is not None and not file.is_file():
                continue
            table = pq.read_table(file)
            if not table.num_rows:
                continue
            shapes = shapely.from_wkb(table.column("geometry").to_numpy(zero_copy_only=False))
            frame = table.drop_columns(["geometry"]).to_pandas()
            frame["via"] = _via(shapes)
            parts.append(frame)
    except OSError as error:
        raise DataIntegrityError(f"{folder}: is no saved network ({error})") from None
    edges = pd.concat(parts, ignore_index=True)
    return Graph(nodes, edges)


def _via(shapes: Any) -> Any:
    """Return the inner vertices of each line, None where there are none."""
    import shapely

    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    counts = np.bincount(owner, minlength=len(shapes))
    first = np.concatenate([[0], np.cumsum(counts)])
    via = np.empty(len(shapes), dtype=object)
    for i in np.flatnonzero(counts > 2).tolist():
        via[i] = xy[first[i] + 1 : first[i + 1] - 1]
    return via


def reports_of(folder: str | Path | None) -> list[dict[str, Any]]:
    """Return what was imported into a saved network so far, in order."""
    if folder is None:
        return []
    try:
        found = json.loads((Path(folder) / REPORT).read_text(encoding="utf-8"))["imports"]
    except (OSError, ValueError, KeyError):
        return []
    return list(found)


def places_in(folder: str | Path | None) -> pd.DataFrame:
    """Return the places that a saved network brought along."""
    file = None if folder is None else Path(folder) / PLACES
    if file is None or not file.is_file():
        return pd.DataFrame()
    return pd.read_csv(file, keep_default_na=False, na_values={"lon": [""], "lat": [""]})


def tidy(graph: Graph) -> Graph:
    """Return the graph with every column of one type, so that it can be written."""
    edges = graph.edges.copy()
    for name in ATTRIBUTES:
        if name not in edges:
            continue
        if name == "twin":
            edges[name] = edges[name].astype("boolean").fillna(False).astype(bool)
        elif name in ("bridge_km", "tunnel_km"):
            edges[name] = pd.to_numeric(edges[name]).fillna(0.0).astype(float)
        elif name in ("tracks", "maxspeed_km_h", "diameter_mm"):
            edges[name] = pd.to_numeric(edges[name]).fillna(0).astype(np.int32)
        else:
            edges[name] = edges[name].astype(object).where(edges[name].notna(), "")
    nodes = graph.nodes
    terminal = nodes.get("terminal", "")
    nodes = nodes.assign(terminal=pd.Series(terminal, index=nodes.index).fillna(""))
    return Graph(nodes[["lon", "lat", "country", "terminal"]].reset_index(drop=True), edges)


@contextmanager
def whole_network(target: Path) -> Iterator[Path]:
    """Yield a folder beside ``target`` that takes its name when the block ends well.

    A folder of that name is replaced only if it is a saved network. What an import that was
    killed left behind is removed first.

    Raises
    ------
    SchemaError
        Something else is there, or nothing can be written.
    """
    claim(target)
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}{_DRAFT}{os.getpid()}-",
                                      dir=target.parent))  # fmt: skip
    except OSError as error:
        raise SchemaError(f"cannot write {target}: {error.strerror or error}") from None
    try:
        yield draft
        put_in_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def claim(target: Path) -> None:
    """See that a saved network may be put there, before any work is done.

    Raises
    ------
    SchemaError
    """
    if not target.parent.is_dir():
        raise SchemaError(f"cannot write {target}: there is no folder {target.parent}")
    if (
        target.is_dir()
        and any(target.iterdir())
        and not (target / "network_nodes.parquet").exists()
    ):
        raise SchemaError(f"{target} is there and is no saved network; name another folder")
    if target.is_file():
        raise SchemaError(f"{target} is a file; a network is saved as a folder, name one with -o")
    for left in target.parent.glob(f".{target.name}{_DRAFT}*"):
        number = left.name.split(_DRAFT)[1].split("-")[0]
        if not (number.isdigit() and _alive(int(number))):
            # an import that was killed between its two renames had the old network aside
            if left.name.endswith("-old") and not target.exists():
                with contextlib.suppress(OSError):
                    left.rename(target)
                    continue
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def save(
    graph: Graph, places: pd.DataFrame, reports: list[dict[str, Any]], target: str | Path
) -> Path:
    """Write a network, its places and the story of its imports as one folder.

    Returns
    -------
    Path
        The folder, which :func:`corridors.load_network` and ``--network`` take.
    """
    where = Path(target)
    with whole_network(where) as draft:
        write_layers(tidy(graph), draft, level=3)
        if len(places):
            places.to_csv(draft / PLACES, index=False, lineterminator="\n")
        text = json.dumps({"imports": reports}, ensure_ascii=False, indent=2)
        (draft / REPORT).write_text(text + "\n", encoding="utf-8")
    return where
