"""Finding places by name: any spelling, an id, a UN/LOCODE, or coordinates.

This module is on the quick path of the command: it imports numpy and the standard library, and
rapidfuzz only when something was not found. A :class:`NameIndex` is made once from plain columns,
kept in the user's cache, and read back in about a millisecond; a look-up is two bisections.
Who is meant where several share a name is settled in :mod:`corridors.matching`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import DataIntegrityError, UnknownPlaceError
from corridors.matching import (
    ALIAS,
    CODE,
    HOW,
    ID,
    LAST_KINDS,
    NAME,
    PART,
    Match,
    Role,
    choose_crossing,
    choose_one,
    choose_settlement,
    fits,
    kind_rank,
    point_match,
    qualified,
    tiers,
    without_twins,
)
from corridors.spelling import normalise, parse_point

__all__ = [
    "Match",
    "NameIndex",
    "Role",
    "cached_index",
    "likeliest",
    "load_index",
    "normalise",
    "parse_point",
]

_FORMAT = 2
_DTYPES = {
    "lon": np.float64,
    "lat": np.float64,
    "population": np.int64,
    "entry_offsets": np.int64,
    "key_offsets": np.int64,
    "key_entry": np.int32,
    "key_how": np.uint8,
}


class NameIndex:
    """Names, aliases, ids and codes of places; immutable, safe to share between threads.

    Made by :meth:`build`, :meth:`load` or :func:`load_index`. Rows and keys are kept as bytes and
    arrays, so that reading it back costs no parsing.
    """

    def __init__(self, entries: bytes, keys: bytes, arrays: dict[str, NDArray[Any]]) -> None:
        self._entries = entries
        self._keys = keys
        self._arrays = arrays
        self._entry_offsets = arrays["entry_offsets"]
        self._key_offsets = arrays["key_offsets"]
        for array in arrays.values():
            array.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self._entry_offsets) - 1

    @classmethod
    def build(
        cls,
        *,
        id: Sequence[str],
        name: Sequence[str],
        kind: Sequence[str],
        country: Sequence[str],
        lon: Sequence[float],
        lat: Sequence[float],
        aliases: Sequence[str] | None = None,
        unlocode: Sequence[str] | None = None,
        population: Sequence[int] | None = None,
    ) -> NameIndex:
        """Return an index over plain columns of one length.

        Parameters
        ----------
        id, name, kind, country : sequences of str
            Ids that begin with ``gn:`` are settlements of the gazetteer.
        lon, lat : sequences of float
            Degrees, WGS84.
        aliases : sequence of str, optional
            Other names, ``|`` between them.
        unlocode, population : sequences, optional
        """
        n = len(id)
        aliases = aliases if aliases is not None else [""] * n
        unlocode = unlocode if unlocode is not None else [""] * n
        population = population if population is not None else [0] * n
        rows: list[bytes] = []
        keys: set[tuple[bytes, int, int]] = set()
        for i in range(n):
            row = [_clean(x) for x in (id[i], name[i], kind[i], country[i], unlocode[i])]
            rows.append("\t".join(row).encode())
            keys.add((normalise(id[i]).encode(), i, ID))
            keys.add((normalise(name[i]).encode(), i, NAME))
            for alias in aliases[i].split("|") if aliases[i] else ():
                keys.add((normalise(alias).encode(), i, ALIAS))
            if kind[i] == "border_crossing":
                # a crossing has the names of its two sides, and both are asked for
                for part in _sides(name[i]):
                    keys.add((normalise(part).encode(), i, PART))
            if unlocode[i]:
                keys.add((normalise(unlocode[i]).encode(), i, CODE))
        keys = {k for k in keys if k[0]}
        ordered = sorted(keys)
        arrays: dict[str, NDArray[Any]] = {
            "lon": np.asarray(lon, dtype=np.float64),
            "lat": np.asarray(lat, dtype=np.float64),
            "population": np.asarray(population, dtype=np.int64),
            "entry_offsets": _offsets(rows),
            "key_offsets": _offsets([k[0] for k in ordered]),
            "key_entry": np.array([k[1] for k in ordered], dtype=np.int32),
            "key_how": np.array([k[2] for k in ordered], dtype=np.uint8),
        }
        return cls(b"".join(rows), b"".join(k[0] for k in ordered), arrays)

    # -- kept on disk

    def save(self, folder: str | Path) -> None:
        """Write the index into a folder, which appears whole or not at all."""
        import shutil
        import tempfile

        target = Path(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            (draft / "entries.bin").write_bytes(self._entries)
            (draft / "keys.bin").write_bytes(self._keys)
            for name, array in self._arrays.items():
                np.save(draft / f"{name}.npy", array)
            about = {"format": _FORMAT, "places": len(self)}
            (draft / "index.json").write_text(json.dumps(about), encoding="utf-8")
            if target.is_dir():
                shutil.rmtree(target)
            draft.replace(target)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            # another process may have put the same index there in the meantime
            if not (target / "index.json").is_file():
                raise

    @classmethod
    def load(cls, folder: str | Path) -> NameIndex:
        """Return the index that :meth:`save` wrote.

        Raises
        ------
        DataIntegrityError
            None is there, or one of another version.
        """
        where = Path(folder)
        try:
            about = json.loads((where / "index.json").read_text(encoding="utf-8"))
            if about.get("format") != _FORMAT:
                raise DataIntegrityError(f"{where}: an index of another version; delete it")
            arrays = {name: np.load(where / f"{name}.npy") for name in _DTYPES}
            if any(arrays[name].dtype != dtype for name, dtype in _DTYPES.items()):
                raise ValueError("unexpected types")
            entries, keys = (where / "entries.bin").read_bytes(), (where / "keys.bin").read_bytes()
            if (
                len(entries) != arrays["entry_offsets"][-1]
                or len(keys) != arrays["key_offsets"][-1]
            ):
                raise ValueError("truncated")
            return cls(entries, keys, arrays)
        except (OSError, ValueError) as error:
            raise DataIntegrityError(
                f"{where}: no usable name index ({error}); delete it"
            ) from None

    # -- asked

    def get(self, id: str) -> Match | None:
        """Return the place of an id written exactly so, or None."""
        for entry, how in self._exact(normalise(id)):
            if how == ID:
                found = self._match(entry, "id")
                if found.id == id:
                    return found
        return None

    def atlas_places(self) -> list[Match]:
        """Return every place of the atlas, in the order of its table."""
        found = (self._match(i, "id") for i in range(len(self)))
        return [m for m in found if m.in_atlas]

    def find(self, text: str, *, limit: int = 20, near: bool = True) -> list[Match]:
        """Return what a text may stand for, best first.

        Exact finds go first: of the atlas, then of the gazetteer. With ``near`` the names that
        begin with, contain, or resemble the text follow.

        Parameters
        ----------
        text : str
            Name, alias, id, UN/LOCODE, ``lat,lon``, or a name with ``(CC)``, ``(kind)``,
            ``, Country`` behind it.
        limit : int
            Largest number of matches.
        """
        point = parse_point(text)
        if point:
            return [point_match(text, point)]
        found = self._ranked(self._candidates(text), text)
        if near and len(found) < limit:
            seen = {m.id for m in found}
            found += [m for m in self._similar(text, 2 * limit) if m.id not in seen]
        return without_twins(found)[:limit]

    def resolve(self, text: str, role: Role = "end") -> Match:
        """Return the one place that a text stands for.

        Parameters
        ----------
        text : str
            As for :meth:`find`.
        role : {"end", "crossing", "any"}
            What is asked for: an end of a route (a city before a station before a port …), a
            border crossing before all else, or anything.

        Raises
        ------
        UnknownPlaceError
            Nothing of that name, with near matches; or several, with their ids.
        """
        return self.resolve_all(text, role)[0]

    def resolve_all(self, text: str, role: Role = "crossing") -> tuple[Match, ...]:
        """Return all rows of the one place that a text stands for.

        A border crossing has a row for the railway and one for the road, perhaps for several
        frontiers; closing it closes them all. Anything else has one row.

        Raises
        ------
        UnknownPlaceError
            As :meth:`resolve`.
        """
        if not text or not text.strip():
            raise UnknownPlaceError("an empty name; give a place, an id, a UN/LOCODE or lat,lon")
        point = parse_point(text)
        if point:
            return (point_match(text, point),)
        candidates = self._candidates(text)
        atlas = [c for c in candidates if c[0].in_atlas]
        if role == "crossing":
            crossings = [c for c in atlas if c[0].kind == "border_crossing"]
            if crossings:
                return choose_crossing(crossings, [c for c in atlas if c not in crossings], text)
        towns = [m for m, _ in candidates if not m.in_atlas]
        if role == "end" and towns:
            # a town is likelier meant than a crossing or strait that only shares an alias with it
            gates = ("border_crossing", "strait")
            atlas = [c for c in atlas if c[0].kind not in gates or c[1] <= NAME]
        for tier in tiers(atlas, text):
            return (choose_one(tier, text, role),)
        if towns:
            return (choose_settlement(towns, candidates, text),)
        raise UnknownPlaceError(f"no place is called {text.strip()!r}", self.near(text))

    def beginning_with(self, text: str, *, least: int = 6, limit: int = 20) -> list[Match]:
        """Return the places whose name or alias begins with a text of at least some letters."""
        key = normalise(text).encode()
        if len(normalise(text)) < least:
            return []
        found: dict[int, None] = {}
        i, n = self._lower_bound(key), len(self._key_offsets) - 1
        while i < n and len(found) < limit and self._key(i).startswith(key):
            found[int(self._arrays["key_entry"][i])] = None
            i += 1
        return [self._match(entry, "near") for entry in sorted(found)]

    def near(self, text: str, limit: int = 5) -> tuple[str, ...]:
        """Return names that resemble a text, each so that it is found again."""
        matches = without_twins(self._similar(text, 2 * limit))
        return tuple(dict.fromkeys(m.label() for m in matches))[:limit]

    # -- behind it

    def _key(self, i: int) -> bytes:
        return self._keys[self._key_offsets[i] : self._key_offsets[i + 1]]

    def _lower_bound(self, key: bytes) -> int:
        low, high = 0, len(self._key_offsets) - 1
        while low < high:
            middle = (low + high) // 2
            if self._key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def _exact(self, key: str) -> list[tuple[int, int]]:
        """Return (entry, how) of all keys equal to one."""
        if not key:
            return []
        wanted = key.encode()
        found, i, n = [], self._lower_bound(wanted), len(self._key_offsets) - 1
        while i < n and self._key(i) == wanted:
            found.append((int(self._arrays["key_entry"][i]), int(self._arrays["key_how"][i])))
            i += 1
        return found

    def _match(self, entry: int, how: str) -> Match:
        start, stop = self._entry_offsets[entry], self._entry_offsets[entry + 1]
        id, name, kind, country, unlocode = self._entries[start:stop].decode().split("\t")
        return Match(
            id,
            name,
            kind,
            country,
            float(self._arrays["lon"][entry]),
            float(self._arrays["lat"][entry]),
            unlocode,
            int(self._arrays["population"][entry]),
            how,
        )

    def _candidates(self, text: str) -> list[tuple[Match, int]]:
        """Return each exact find once, with its best way of being found."""
        found = self._best(self._exact(normalise(text)))
        if found:
            return found
        for name, qualifier in qualified(text):
            kept = [c for c in self._best(self._exact(normalise(name))) if fits(c[0], qualifier)]
            if kept:
                return kept
        return []

    def _best(self, hits: Iterable[tuple[int, int]]) -> list[tuple[Match, int]]:
        best: dict[int, int] = {}
        for entry, how in hits:
            best[entry] = min(how, best.get(entry, how))
        return [(self._match(entry, HOW[how]), how) for entry, how in sorted(best.items())]

    def _ranked(self, candidates: list[tuple[Match, int]], text: str) -> list[Match]:
        spelt = text.strip().casefold()
        ordered = sorted(
            candidates,
            key=lambda c: (
                not c[0].in_atlas,
                c[0].id.casefold() != spelt,
                c[0].name.casefold() != spelt,
                c[1] in (ALIAS, PART),
                kind_rank(c[0].kind, "end"),
                -c[0].population,
                c[0].id,
            ),
        )
        return [match for match, _ in ordered]

    def _similar(self, text: str, limit: int) -> list[Match]:
        """Return names that begin with, contain or resemble a text; the slow way, by all keys."""
        key = normalise(text)
        if not key:
            return []
        from rapidfuzz import fuzz, process

        n = len(self._key_offsets) - 1
        offsets = self._key_offsets.tolist()
        keys = [self._keys[offsets[i] : offsets[i + 1]].decode() for i in range(n)]
        scored: dict[int, float] = {}
        entry_of = self._arrays["key_entry"]
        how_of = self._arrays["key_how"]

        def note(i: int, score: float) -> None:
            if how_of[i] == CODE:
                return
            entry = int(entry_of[i])
            scored[entry] = max(score, scored.get(entry, 0.0))

        if len(key) >= 2:
            for i, other in enumerate(keys):
                if key in other:
                    share = len(key) / len(other)
                    note(i, 60.0 + 40.0 * share + (10.0 if other.startswith(key) else 0.0))
        near = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=66.0, limit=200)
        for _, score, i in near:
            note(i, float(score))
        matches = [(score, self._match(entry, "near")) for entry, score in scored.items()]

        def worth(item: tuple[float, Match]) -> tuple[float, str]:
            score, match = item
            score += 8.0 if match.in_atlas else min(5.0, math.log10(match.population + 1))
            score -= 4.0 if match.kind in LAST_KINDS else 0.0
            return -score, match.id

        return [match for _, match in sorted(matches, key=worth)[:limit]]


def _clean(value: str) -> str:
    return value.replace("\t", " ").replace("\n", " ")


def _offsets(parts: Sequence[bytes]) -> NDArray[np.int64]:
    lengths = np.fromiter((len(p) for p in parts), dtype=np.int64, count=len(parts))
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _sides(name: str) -> list[str]:
    """Return the names of the two sides of a crossing: ``Dostyk-Alashankou (rail)``.

    A hyphen may also stand within a name (``Savay-Kara-Suu``), so every hyphen may be the one
    between the sides.
    """
    inside = re.findall(r"\(([^()]*)\)", name)
    bare = re.sub(r"\s*\([^)]*\)", "", name).strip()
    parts = [bare]
    for found in re.finditer(r"\s*[-–—/]\s*", bare):
        parts += [bare[: found.start()], bare[found.end() :]]
    return [p for p in (*parts, *inside) if len(p) >= 3 and p.lower() not in ("rail", "road")]


def likeliest(index: NameIndex, text: str) -> tuple[Match, list[Match]]:
    """Return the thing of the atlas that a text stands for, and the others of that name.

    Raises
    ------
    UnknownPlaceError
        Nothing is called so; or two things of one kind are, and neither is more likely.
    """
    candidates = index._candidates(text)
    atlas = [c for c in candidates if c[0].in_atlas]
    if not atlas:
        # no name is so, but one alone begins so
        begun = index.beginning_with(text)
        if len(begun) == 1:
            return begun[0], []
    for tier in tiers(atlas, text):
        first = choose_one(tier, text, "end")
        others = index._ranked(candidates, text)
        return first, [m for m in others if m.id != first.id]
    raise UnknownPlaceError(f"nothing is called {text.strip()!r}", index.near(text))


# --- where it comes from ---------------------------------------------------------------------


def load_index(data: str | Path | None = None) -> NameIndex:
    """Return the index of all places and of the gazetteer, from the cache where it is there.

    Parameters
    ----------
    data : path, optional
        A user's own tables, whose places are found too.

    Raises
    ------
    DataIntegrityError
        Data that are missing or changed.
    """
    from corridors import datasets

    return _kept(datasets.version(data=data), lambda: NameIndex.build(**_columns(data)))


def _kept(key: str, make: Callable[[], NameIndex]) -> NameIndex:
    """Return the index of a key from the cache, made and kept there the first time."""
    from corridors import datasets

    folder = datasets.cache_dir() / f"names-{_rules()}-{key}"
    if (folder / "index.json").is_file():
        try:
            return NameIndex.load(folder)
        except DataIntegrityError:
            pass  # a cache is made again, not complained about
    index = make()
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        index.save(folder)
    return index


def index_with(own: dict[str, list[Any]], key: str, data: str | Path | None = None) -> NameIndex:
    """Return the index of :func:`load_index` with a network's own places, which come first.

    A shipped place that has the id or the name of one of them is left out: on a user's own
    network a name means her place.

    Parameters
    ----------
    own : dict of lists
        As of :meth:`NameIndex.build`.
    key : str
        What tells the network from others, for the cache.
    data : path, optional
    """
    from corridors import datasets

    def make() -> NameIndex:
        columns = _columns(data)
        ids, called = set(own["id"]), {normalise(name) for name in own["name"]}
        pairs = enumerate(zip(columns["id"], columns["name"], strict=True))
        kept = [
            i for i, (ident, name) in pairs if ident not in ids and normalise(name) not in called
        ]
        return NameIndex.build(
            **{name: [*own[name], *(values[i] for i in kept)] for name, values in columns.items()}
        )

    return _kept(f"{datasets.version(data=data)}-{key}", make)


def index_beside(file: str | Path, data: str | Path | None = None) -> NameIndex:
    """Return the index of :func:`load_index` with the stations that came with an import.

    What is known stays what it is: a station that has the name of a shipped place, of a town, or
    of another station is found by that name with its kind behind it (``Aktau station``), and by
    its id.

    Parameters
    ----------
    file : path
        ``places.csv`` of a saved network: id, name, kind, country, lon, lat, aliases.
    data : path, optional
        A user's own tables.
    """
    import csv

    from corridors import datasets

    text = Path(file).read_bytes()
    key = f"{zlib.crc32(text):08x}{len(text)}"

    def make() -> NameIndex:
        columns = _columns(data)
        known = {normalise(x) for x in columns["name"]}
        for aliases in columns["aliases"]:
            known.update(normalise(x) for x in aliases.split("|") if x)
        rows = list(csv.DictReader(text.decode("utf-8").splitlines()))
        called = Counter(normalise(row["name"]) for row in rows)
        for row in rows:
            name, key_of = row["name"], normalise(row["name"])
            if key_of in known or called[key_of] > 1:
                name = f"{name} {row['kind'].replace('_', ' ')}"
            others = [
                x for x in row.get("aliases", "").split("|") if x and normalise(x) not in known
            ]
            values = {**row, "name": name, "aliases": "|".join(others), "unlocode": "",
                      "population": 0, "lon": float(row["lon"]),
                      "lat": float(row["lat"])}  # fmt: skip
            for column in _COLUMNS:
                columns[column].append(values[column])
        return NameIndex.build(**columns)

    return _kept(f"{datasets.version(data=data)}-{key}", make)


def _rules() -> str:
    """Return what changes when the keys are made by other rules, so that no old index is read."""
    from corridors import spelling

    try:
        return f"{_FORMAT}{zlib.crc32(Path(spelling.__file__).read_bytes()):08x}"
    except OSError:
        return str(_FORMAT)


_COLUMNS = ("id", "name", "kind", "country", "lon", "lat", "aliases", "unlocode", "population")


def _columns(data: str | Path | None) -> dict[str, list[Any]]:
    """Return the columns of places and gazetteer, as :meth:`NameIndex.build` takes them."""
    from corridors import datasets

    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}

    def add(row: dict[str, Any], lon: float, lat: float) -> None:
        for name in ("id", "name", "kind", "country", "aliases", "unlocode"):
            value = row.get(name)
            columns[name].append(value if isinstance(value, str) else "")
        columns["lon"].append(lon)
        columns["lat"].append(lat)
        columns["population"].append(0)

    if "places" in datasets.user_files(data):
        frame = datasets.read_frame("places", data=data)
        points = zip(frame.geometry.x, frame.geometry.y, strict=True)
        for row, (lon, lat) in zip(frame.to_dict("records"), points, strict=True):
            add(row, float(lon), float(lat))
    else:
        text = datasets.path("places").read_text(encoding="utf-8")
        for feature in json.loads(text)["features"]:
            lon, lat = feature["geometry"]["coordinates"][:2]
            add(feature["properties"], float(lon), float(lat))
    if "gazetteer" in datasets.names():
        import pyarrow.parquet as pq

        table = pq.read_table(datasets.path("gazetteer")).to_pydict()
        count = len(table["id"])
        for name in ("id", "name", "country", "lon", "lat", "aliases", "population"):
            columns[name].extend(table[name])
        columns["kind"].extend(["city"] * count)
        columns["unlocode"].extend([""] * count)
    return columns


def cached_index(data: str | Path | None = None) -> NameIndex:
    """Return :func:`load_index`, kept for the life of the process while the data stay the same."""
    from corridors import datasets

    return _cached(os.fspath(data) if data is not None else None, datasets.version(data=data))


@lru_cache(maxsize=4)
def _cached(data: str | None, version: str) -> NameIndex:
    return load_index(data)
