"""Reading an extract: osmium streams it twice, and only what is asked for reaches Python.

First the nodes: their positions go into a compact store (16 bytes a node, in memory or in a
scratch file), those of stations and border points come through. Then the ways of the layers asked
for, each with the positions of its nodes. Nothing else of the file is kept.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.osm import memory
from corridors.osm.tags import (
    PLACE_TAGS,
    WAY_TAGS,
    BadTagError,
    Kind,
    Place,
    Way,
    aliases,
    place_kind,
    read_way,
)

ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
NOWHERE = 2**31 - 1
"""Position of a node that the file does not have."""
SHOWN = 5
Progress = Callable[[str, int, int], None]
"""Told (what, done, of): bytes read so far of all bytes."""


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways as flat arrays; way ``i`` has the nodes ``offset[i]:offset[i + 1]``."""

    id: NDArray[np.int64]
    kind: NDArray[np.int32]
    """Number in ``kinds``."""
    label: NDArray[np.int32]
    """Number in ``labels``: (name, ref)."""
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    offset: NDArray[np.int64]
    ref: NDArray[np.int64]
    x: NDArray[np.int32]
    """Longitude in 1e-7 degrees."""
    y: NDArray[np.int32]
    kinds: list[Kind]
    labels: list[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Extract:
    """What was read of a file."""

    path: Path
    layers: tuple[str, ...]
    ways: Ways
    places: list[Place]
    box: tuple[float, float, float, float] | None
    """West, south, east, north, as the file's header says."""
    date: str
    """Of the data: the header's, or else the newest object's that was taken."""
    date_from: str
    generator: str
    left_out: Counter[str] = field(default_factory=Counter)
    """Ways that are not taken, by reason."""
    incomplete: int = 0
    """Ways cut short or left out since nodes are missing."""


def osmium() -> Any:
    """Return the module osmium.

    Raises
    ------
    SchemaError
        It is not installed.
    """
    try:
        import osmium as found
    except ImportError:
        raise SchemaError(
            "OpenStreetMap files are read by osmium: pip install 'corridors[osm]'"
        ) from None
    return found


def read_extract(
    path: str | Path,
    layers: tuple[str, ...],
    *,
    all_tracks: bool = False,
    lenient: bool = False,
    incomplete: bool = False,
    memory_mb: float | None = None,
    merging: bool = False,
    progress: Progress | None = None,
) -> Extract:
    """Return the ways and places of an extract.

    Parameters
    ----------
    path : path
        ``.osm.pbf``, ``.osm``, ``.osm.bz2`` or ``.osm.gz``.
    layers : tuple of str
        Of rail, road, ferry, pipeline.
    all_tracks : bool
        Yards, sidings and spurs too.
    lenient : bool
        Take gauges that cannot be read as not known.
    incomplete : bool
        Take ways whose nodes are partly missing as far as they go.
    memory_mb : float, optional
        May be used at most; what is free where left out.
    merging : bool
        Whether memory is needed for the shipped network too.
    progress : callable, optional

    Raises
    ------
    SchemaError
        One line: no such file, not an OpenStreetMap file, cut short, nodes missing, a gauge that
        is none, too little memory, or nothing of the layers in it.
    """
    om = osmium()
    file = Path(path)
    if not file.is_file():
        raise SchemaError(f"{file}: no such file")
    form = _format(file)
    plan = memory.plan(file, form, memory_mb, merging=merging)
    tell = progress or (lambda _what, _done, _of: None)
    with _read_errors(file), _store(om, plan, file) as store:
        reader = om.io.Reader(om.io.File(str(file), form), om.osm.NOTHING)
        header = reader.header()
        box, dated = _box(header), header.get("osmosis_replication_timestamp")
        generator = header.get("generator")
        reader.close()
        locations = om.NodeLocationsForWays(store)
        locations.ignore_errors()
        places, newest_place = _places(om, file, form, layers, locations, tell)
        got = _ways(om, file, form, layers, locations, all_tracks, lenient, plan, tell)
    if got.bad:
        many = f"{len(got.bad):,} ways" if len(got.bad) > 1 else "1 way"
        raise SchemaError(
            f"{file}: {many} with a gauge that cannot be read; correct them, or take them as not "
            f"known with --lenient: {'; '.join(got.bad[:SHOWN])}"
        )
    ways, missing = _whole(got, incomplete)
    if missing and not incomplete:
        raise SchemaError(
            f"{file}: {missing:,} of {len(got.ids):,} ways name nodes that the file does not hold "
            f"(way {got.first_missing}); extract it again with complete ways, or take them as far "
            "as they go with --incomplete"
        )
    if not len(ways.id) and not places:
        raise SchemaError(f"{file}: holds no {' and no '.join(layers)} that could be imported")
    newest = max(newest_place, got.newest)
    return Extract(
        file, layers, ways, places + got.places, box,
        dated or newest, "file header" if dated else ("newest object" if newest else ""),
        generator, got.left_out, missing,
    )  # fmt: skip


def _format(file: Path) -> str:
    """Return osmium's name of the format, by the ending and the first bytes."""
    name = file.name.lower()
    with file.open("rb") as stream:
        head = stream.read(64)
    if not head:
        raise SchemaError(f"{file}: is empty")
    if name.endswith(".pbf"):
        # a PBF begins with the length of a BlobHeader of type OSMHeader
        if b"OSMHeader" not in head:
            raise SchemaError(f"{file}: is no OpenStreetMap PBF; it begins with {head[:8]!r}")
        return "pbf"
    for ending, form in ((".osm", "osm"), (".osm.bz2", "osm.bz2"), (".osm.gz", "osm.gz")):
        if name.endswith(ending):
            return form
    raise SchemaError(
        f"{file}: is no OpenStreetMap file by its name; it must end in {', '.join(ENDINGS)}"
    )


def _box(header: Any) -> tuple[float, float, float, float] | None:
    box = header.box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return (low.lon, low.lat, high.lon, high.lat)


@contextmanager
def _read_errors(file: Path) -> Iterator[None]:
    """Turn what osmium raises into one line."""
    try:
        yield
    except (RuntimeError, ValueError, EOFError) as error:
        if isinstance(error, BadTagError | SchemaError):
            raise
        first = (str(error) or type(error).__name__).splitlines()[0]
        cut = any(w in first.lower() for w in ("eof", "truncated", "unexpected end", "no element"))
        why = "ends in the middle of its data; download it again" if cut else "cannot be read"
        raise SchemaError(f"{file}: {why} ({first})") from None
    except MemoryError:
        raise SchemaError(f"{file}: memory ran out; import one layer at a time (--layer)") from None


@contextmanager
def _store(om: Any, plan: memory.Plan, file: Path) -> Iterator[Any]:
    """Yield a store of node positions, in memory or in a scratch file that goes with it."""
    if plan.in_memory:
        store = om.index.create_map("sparse_mem_array")
        try:
            yield store
        finally:
            store.clear()
        return
    handle, name = tempfile.mkstemp(prefix="corridors-nodes-")
    os.close(handle)
    try:
        yield om.index.create_map(f"sparse_file_array,{name}")
    finally:
        Path(name).unlink(missing_ok=True)


class _Position:
    """How far osmium has read a file, from the system's table of open files (Linux)."""

    def __init__(self, file: Path) -> None:
        self.size = file.stat().st_size
        self._file = str(file.resolve())
        self._info: Path | None = None

    def __call__(self) -> int:
        if self._info is None:
            self._info = self._find()
        try:
            return int(self._info.read_text().split("pos:")[1].split()[0]) if self._info else 0
        except (OSError, ValueError, IndexError):
            return 0

    def _find(self) -> Path | None:
        try:
            for entry in Path("/proc/self/fd").iterdir():
                try:
                    if str(entry.readlink()) == self._file:
                        return Path("/proc/self/fdinfo") / entry.name
                except OSError:
                    continue
        except OSError:
            pass
        return None


def _places(
    om: Any, file: Path, form: str, layers: tuple[str, ...], locations: Any, tell: Progress
) -> tuple[list[Place], str]:
    """Read all nodes into the store, and return the places among them."""
    wanted = [pair for layer in layers for pair in PLACE_TAGS[layer]]
    # a filter needs a tag; one that no node has lets none through
    only = om.filter.TagFilter(*(wanted or [("corridors:none", "none")]))
    nodes = om.FileProcessor(om.io.File(str(file), form), om.osm.NODE)
    nodes.with_filter(locations).with_filter(only)
    found: list[Place] = []
    newest = ""
    position = _Position(file)
    tell("nodes", 0, 2 * position.size)
    for count, node in enumerate(nodes):
        tags = dict(node.tags)
        kind = place_kind(tags, layers)
        if kind and node.location.valid():
            newest = max(newest, _stamp(node))
            found.append(_place(f"n{node.id}", tags, kind, node.location.lon, node.location.lat))
        if count % 500 == 0:
            tell("nodes", position(), 2 * position.size)
    tell("nodes", position.size, 2 * position.size)
    return found, newest


def _place(ident: str, tags: dict[str, str], kind: str, lon: float, lat: float) -> Place:
    name = tags.get("name:en") or tags.get("name", "")
    return Place(
        ident, name, kind, round(lon, 5), round(lat, 5), aliases(tags), tags.get("operator", "")
    )


def _stamp(thing: Any) -> str:
    """Return when an object was last changed, as ISO 8601 in UTC."""
    when = thing.timestamp
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when.year > 1970 else ""


class _Got:
    """What the second pass gathers."""

    def __init__(self) -> None:
        self.ids, self.kind, self.label = array("q"), array("i"), array("i")
        self.bridge, self.tunnel = bytearray(), bytearray()
        self.count = array("q")
        self.ref, self.x, self.y = array("q"), array("i"), array("i")
        self.kinds: dict[Kind, int] = {}
        self.labels: dict[tuple[str, str], int] = {}
        self.left_out: Counter[str] = Counter()
        self.bad: list[str] = []
        self.places: list[Place] = []
        self.newest = ""
        self.first_missing = 0


def _ways(
    om: Any,
    file: Path,
    form: str,
    layers: tuple[str, ...],
    locations: Any,
    all_tracks: bool,
    lenient: bool,
    plan: memory.Plan,
    tell: Progress,
) -> _Got:
    pairs = [p for layer in layers for p in (*WAY_TAGS[layer], *PLACE_TAGS[layer])]
    ways = om.FileProcessor(om.io.File(str(file), form), om.osm.WAY)
    ways.with_filter(om.filter.TagFilter(*pairs)).with_filter(locations)
    got = _Got()
    position = _Position(file)
    seen: dict[tuple[tuple[str, str], ...], Way | str] = {}
    newest_raw: Any = None
    for count, way in enumerate(ways):
        if count % 5000 == 0:
            tell("ways", position.size + position(), 2 * position.size)
            memory.see(plan, len(got.ref))
        tags = dict(way.tags)
        key = tuple(tags.items())
        what = seen.get(key)
        if what is None:
            try:
                what = read_way(tags, layers, all_tracks=all_tracks)
            except BadTagError as error:
                if not lenient:
                    got.bad.append(f"way {way.id}, {error}")
                    continue
                got.left_out["gauge that cannot be read: taken as not known"] += 1
                what = read_way({**tags, "gauge": ""}, layers, all_tracks=all_tracks)
            if len(seen) < 100_000:
                seen[key] = what
        if isinstance(what, str):
            if what:
                got.left_out[what] += 1
                continue
            kind = place_kind(tags, layers)
            if kind:
                _area(got, way, tags, kind)
            continue
        when = way.timestamp
        if newest_raw is None or when > newest_raw:
            newest_raw = when
            got.newest = _stamp(way)
        nodes = list(way.nodes)
        got.ref.extend([n.ref for n in nodes])
        got.x.extend([n.x for n in nodes])
        got.y.extend([n.y for n in nodes])
        got.count.append(len(nodes))
        got.ids.append(way.id)
        got.kind.append(got.kinds.setdefault(what.kind, len(got.kinds)))
        got.label.append(got.labels.setdefault((what.name, what.ref), len(got.labels)))
        got.bridge.append(what.bridge)
        got.tunnel.append(what.tunnel)
    tell("ways", 2 * position.size, 2 * position.size)
    memory.see(plan, len(got.ref))
    return got


def _area(got: _Got, way: Any, tags: dict[str, str], kind: str) -> None:
    """Take a station or terminal that is drawn as an area: the middle of its corners."""
    xy = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
    if xy:
        lon, lat = (float(v) for v in np.mean(xy, axis=0))
        got.places.append(_place(f"w{way.id}", tags, kind, lon, lat))


def _whole(got: _Got, incomplete: bool) -> tuple[Ways, int]:
    """Return the ways without missing nodes and without repeated ones, and how many had some."""
    count = np.frombuffer(got.count, dtype=np.int64) if got.count else np.zeros(0, np.int64)
    ref = np.frombuffer(got.ref, dtype=np.int64) if got.ref else np.zeros(0, np.int64)
    x = np.frombuffer(got.x, dtype=np.int32) if got.x else np.zeros(0, np.int32)
    y = np.frombuffer(got.y, dtype=np.int32) if got.y else np.zeros(0, np.int32)
    ids = np.frombuffer(got.ids, dtype=np.int64) if got.ids else np.zeros(0, np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    lost = x == NOWHERE
    short = np.unique(owner[lost])
    if len(short):
        got.first_missing = int(ids[short[0]])
        if not incomplete:
            lost = np.zeros(len(x), dtype=bool)
    keep = ~lost
    # a node that follows itself is drawn twice by mistake
    keep[1:] &= ~((ref[1:] == ref[:-1]) & (owner[1:] == owner[:-1]))
    if not keep.all():
        # a way with a hole in it is two: the run after the hole is another piece of the same way
        gap = np.concatenate([[0], np.cumsum(lost)])[:-1]
        owner, ref, x, y, gap = owner[keep], ref[keep], x[keep], y[keep], gap[keep]
        piece = np.ones(len(owner), dtype=bool)
        piece[1:] = (owner[1:] != owner[:-1]) | (gap[1:] != gap[:-1])
        run = np.cumsum(piece) - 1
        way_of = owner[piece]
        count = np.bincount(run, minlength=len(way_of))
    else:
        way_of = np.arange(len(count))[count > 0]
        count = count[count > 0]
    # a way of one node is no line
    line = count >= 2
    vertex = np.repeat(line, count)
    way_of, count = way_of[line], count[line]
    flags = (np.frombuffer(bytes(b), dtype=np.uint8).astype(bool) for b in (got.bridge, got.tunnel))
    bridge, tunnel = flags

    def whole(values: array[int]) -> NDArray[np.int32]:
        return np.asarray(np.array(values, dtype=np.int32)[way_of])

    return Ways(
        id=ids[way_of], kind=whole(got.kind), label=whole(got.label), bridge=bridge[way_of],
        tunnel=tunnel[way_of], offset=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        ref=ref[vertex], x=x[vertex], y=y[vertex], kinds=list(got.kinds), labels=list(got.labels),
    ), len(short)  # fmt: skip
