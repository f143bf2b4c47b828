"""Origins by destinations: one number for each pair, or the reason why there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors.errors import SchemaError
from corridors.routing.joins import JoinTable, access_of, directed, limits
from corridors.routing.labels import Labels, Product, Values, far, labels, plain_product
from corridors.routing.profile import CHANGE_KM, FREIGHT, GRAIN, MODES, Cargo, Profile, quantum
from corridors.routing.spots import spots

if TYPE_CHECKING:
    import pandas as pd

    from corridors.names import Match as Place
    from corridors.routing.network import Network, Weighted

COLUMN = {"time": "hours", "distance": "length_km", "cost": "cost_usd", "co2e": "co2e_kg",
          "mixed": "weighted"}  # fmt: skip
UNIT = {"time": "h", "distance": "km", "cost": "USD", "co2e": "kg CO2e", "mixed": "weighted sum"}
BLOCK_ROWS = 256
Progress = Callable[[int, int], None]
"""Told how much is done and how much there is, in rows."""


@dataclass(frozen=True)
class Spot:
    """One origin or destination as it was asked and found."""

    label: str
    id: str
    name: str
    country: str
    lat: float
    lon: float
    snap_km: float
    """Distance in km to the nearest line or terminal that it may use; NaN where there is none."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a matrix: values, and a code into ``texts`` where there is no value."""

    first: int
    values: NDArray[np.float64]
    codes: NDArray[np.int32]
    road: NDArray[np.bool_]
    """Where road was added, as a route would."""
    texts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Matrix:
    """Expected values from origins (rows) to destinations (columns).

    Attributes
    ----------
    origins, destinations : tuple of Spot
    values : (n, m) float array, read-only
        Door to door, in ``unit``; NaN where there is no way, and then ``reasons`` says why. A
        length is that of tracks, roads and lanes, as in a route.
    unit : str
        ``h``, ``km``, ``USD``, ``kg CO2e``, or ``weighted sum``.
    by, modes, year, cargo
        The question's terms; the money and emissions are for the whole cargo.
    road_added : (n, m) bool array
        Pairs that need a road, where nobody asked for modes and an intermodal container's do not
        suffice.
    """

    origins: tuple[Spot, ...]
    destinations: tuple[Spot, ...]
    values: NDArray[np.float64] = field(repr=False)
    unit: str
    by: str
    modes: tuple[str, ...]
    year: int
    cargo: Cargo
    road_added: NDArray[np.bool_] = field(repr=False)
    data: dict[str, str] = field(repr=False)
    _codes: NDArray[np.int32] = field(repr=False)
    _texts: tuple[str, ...] = field(repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of origins and destinations."""
        return len(self.origins), len(self.destinations)

    @property
    def column(self) -> str:
        """Name of the value's column in :meth:`to_frame`, its unit in it."""
        return COLUMN[self.by]

    @cached_property
    def reasons(self) -> NDArray[np.object_]:
        """Why there is no value, '' where there is one; (n, m)."""
        return np.array(self._texts, dtype=object)[self._codes]

    def reason(self, row: int, column: int) -> str:
        """Return why one pair has no value, '' where it has one."""
        return self._texts[int(self._codes[row, column])]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: origin, destination, the value, reason, note."""
        return tidy(
            [s.label for s in self.origins], [s.label for s in self.destinations],
            Block(0, self.values, self._codes, self.road_added, self._texts), self.column,
        )  # fmt: skip

    def __repr__(self) -> str:
        n, m = self.shape
        missing = int(np.isnan(self.values).sum())
        return f"<Matrix {n} × {m} by {self.by} in {self.unit}, {missing} missing>"


ROAD_NOTE = "road added"


def tidy(origins: Sequence[str], destinations: Sequence[str], block: Block, column: str) -> Any:
    """Return a block as a frame, one row per pair."""
    import pandas as pd

    n, m = block.values.shape
    rows = np.repeat(np.arange(n), m)
    columns = np.tile(np.arange(m), n)
    text = pd.Index(["", *block.texts[1:]])
    return pd.DataFrame(
        {
            "origin": pd.Categorical.from_codes(*_coded(origins, rows)),
            "destination": pd.Categorical.from_codes(*_coded(destinations, columns)),
            column: block.values.ravel(),
            "reason": text.take(block.codes.ravel()),
            "note": np.where(block.road.ravel(), ROAD_NOTE, ""),
        }
    ).astype({"origin": "str", "destination": "str", "reason": "str", "note": "str"})


def _coded(labels_: Sequence[str], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    known = {x: i for i, x in enumerate(dict.fromkeys(labels_))}
    codes = np.array([known[x] for x in labels_], dtype=np.int64)
    return codes[rows], list(known)


@dataclass(frozen=True)
class Question:
    """The terms of a matrix, as a value that can be sent to another process."""

    by: str | tuple[tuple[str, float], ...] = "time"
    modes: tuple[str, ...] | None = None
    avoid: tuple[Any, ...] = ()
    year: int = 0
    cargo: Cargo = field(default_factory=Cargo)

    def profile(self, net: Network) -> Profile:
        """Return the first profile that is asked."""
        by = dict(self.by) if isinstance(self.by, tuple) else self.by
        by = "distance" if self.modes == ("pipeline",) else by
        return Profile.of(by, modes=self.modes or FREIGHT, year=self.year, cargo=self.cargo,
                          closed=net.closure_of(self.avoid))  # fmt: skip

    def wider(self, profile: Profile) -> Profile | None:
        """Return the profile with road, which is asked where the first has no answer."""
        if self.modes is not None or "road" in profile.closed.modes:
            return None
        return replace(profile, modes=tuple(m for m in MODES if m != "pipeline"))


def matrix(
    net: Network,
    origins: Any,
    destinations: Any,
    question: Question,
    *,
    progress: Progress | None,
    threads: int | None,
) -> Matrix:
    """Return a matrix; see :meth:`corridors.Network.matrix`."""
    profile = question.profile(net)
    if threads is not None and threads < 1:
        raise SchemaError(f"threads={threads}: at least 1")
    from_labels, from_places = spots(net, origins, "origins")
    same = destinations is None
    to_labels, to_places = (
        (from_labels, from_places) if same else spots(net, destinations, "destinations")
    )
    work = Work(net, from_places, to_places, question, threads=threads)
    n, m = len(from_places), len(to_places)
    values = np.empty((n, m))
    codes = np.zeros((n, m), dtype=np.int32)
    road = np.zeros((n, m), dtype=bool)
    texts: dict[str, int] = {"": 0}
    done = 0
    for block in work.blocks(BLOCK_ROWS):
        rows = slice(block.first, block.first + len(block.values))
        values[rows], road[rows] = block.values, block.road
        number = np.array([texts.setdefault(t, len(texts)) for t in block.texts], dtype=np.int32)
        codes[rows] = number[block.codes]
        done += len(block.values)
        if progress is not None:
            progress(done, n)
    for array in (values, codes, road):
        array.setflags(write=False)
    return Matrix(
        work.spots(from_labels, arriving=False), work.spots(to_labels, arriving=True), values,
        UNIT[profile.by], profile.by, profile.modes, profile.year, profile.cargo, road,
        {"version": net.version[:16], "parameters": net.parameters.digest()[:16]},
        codes, tuple(texts),
    )  # fmt: skip


class Work:
    """A question made ready: blocks of rows can be asked of it, in any order."""

    def __init__(
        self,
        net: Network,
        origins: Sequence[Place],
        destinations: Sequence[Place],
        question: Question,
        *,
        threads: int | None = None,
    ) -> None:
        self.net, self.origins, self.destinations = net, tuple(origins), tuple(destinations)
        self.question = question
        self.threads = threads or os.cpu_count() or 1
        self.order = _spatial_order(net, self.destinations)
        self._first = self._prepared(question.profile(net))
        self._wider: _Prepared | None = None

    def _prepared(self, profile: Profile) -> _Prepared:
        return _Prepared(self.net, self.net.weighted(profile), self.destinations, self.order,
                         self.threads)  # fmt: skip

    def spots(self, names: Sequence[str], *, arriving: bool) -> tuple[Spot, ...]:
        """Return the origins (or destinations) with how far each is from what it may use."""
        places = self.destinations if arriving else self.origins
        km = self._first.snap_km(places)
        if self._wider is not None:
            km = np.fmin(km, self._wider.snap_km(places))
        return tuple(
            Spot(label, p.id, p.name, p.country, p.lat, p.lon, round(float(k), 3))
            for label, p, k in zip(names, places, km, strict=True)
        )

    def blocks(self, rows: int) -> Iterator[Block]:
        """Yield the matrix by blocks of so many rows."""
        for lo in range(0, len(self.origins), rows):
            yield self.block(lo, min(lo + rows, len(self.origins)))

    def block(self, lo: int, hi: int) -> Block:
        """Return rows ``lo:hi``."""
        first = self._first
        values, codes, texts = first.block(self.origins[lo:hi])
        road = np.zeros(values.shape, dtype=bool)
        wider = self.question.wider(first.w.profile)
        if wider is not None and (codes > 0).any():
            if self._wider is None:
                self._wider = self._prepared(wider)
            more, why, texts_ = self._wider.block(self.origins[lo:hi])
            lost = codes > 0
            road = lost & (why == 0)
            values[road] = more[road]
            codes[lost] = why[lost]
            texts = texts_
        return Block(lo, values, codes, road, tuple(texts))


def _spatial_order(net: Network, places: Sequence[Place]) -> NDArray[np.int64]:
    """Return an order in which neighbours follow one another: along a Z-order curve."""
    x = np.array([(p.lon + 180.0) / 360.0 for p in places]) * 65535
    y = np.array([(p.lat + 90.0) / 180.0 for p in places]) * 65535
    key = np.zeros(len(places), dtype=np.int64)
    for bit in range(16):
        key |= ((x.astype(np.int64) >> bit) & 1) << (2 * bit)
        key |= ((y.astype(np.int64) >> bit) & 1) << (2 * bit + 1)
    return np.argsort(key, kind="stable")


class _Prepared:
    """One profile's labels of the destinations."""

    def __init__(
        self,
        net: Network,
        w: Weighted,
        destinations: tuple[Place, ...],
        order: NDArray[np.int64],
        threads: int,
    ) -> None:
        self.net, self.w, self.destinations, self.order = net, w, destinations, order
        self.extra = w.profile.by == "distance"
        self._ordered = [destinations[i] for i in order]
        self._access = access_of(net, self._ordered, w)
        self._ends = directed(net, self._access, w, arriving=True)
        self._tree = net.engine_for(w.profile).tree()
        self._product: Product | None = None
        if self._tree is not None:
            back = labels(self._tree, w.metric.backward(), self._ends, extra=self.extra)
            self._product = Product(back, threads)
        self._lost = self._closed_or_far(destinations, self._ends.joined()[np.argsort(order)])
        self._islands: _Islands | None = None

    def snap_km(self, places: Sequence[Place]) -> NDArray[np.float64]:
        access = access_of(self.net, places, self.w)
        out = np.full(len(places), np.nan)
        np.fmin.at(out, access.place, access.km)
        return out

    def block(
        self, origins: Sequence[Place]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], list[str]]:
        """Return values, codes of reasons, and their texts."""
        order = _spatial_order(self.net, origins)
        ordered = [origins[i] for i in order]
        starts = directed(self.net, access_of(self.net, ordered, self.w), self.w, arriving=False)
        weights = self._weights(starts)
        self._along_one_edge(starts, weights)
        back = np.empty_like(weights)
        back[np.ix_(order, self.order)] = weights
        lost = self._closed_or_far(origins, starts.joined()[np.argsort(order)])
        return self._decoded(origins, back, lost, starts, order)

    def _weights(self, starts: JoinTable) -> Values:
        if self._product is None or self._tree is None:
            return plain_product(self.w.metric, starts, self._ends, 0, starts.n_places,
                                 extra=self.extra)  # fmt: skip
        out: Labels = labels(self._tree, self.w.metric, starts, extra=self.extra)
        return self._product.rows(out, 0, starts.n_places)

    def _along_one_edge(self, starts: JoinTable, weights: Values) -> None:
        """Both ends inside one edge: straight along it is a way too."""
        ends = self._ends
        shared = np.intersect1d(starts.edge[starts.edge >= 0], ends.edge)
        if not len(shared):
            return
        mine = np.flatnonzero(np.isin(starts.edge, shared))
        theirs: dict[int, list[int]] = {}
        for j in np.flatnonzero(np.isin(ends.edge, shared)).tolist():
            theirs.setdefault(int(ends.edge[j]), []).append(j)
        grain = GRAIN if self.extra else 1
        for i in mine.tolist():
            edge, ahead = int(starts.edge[i]), bool(starts.forward[i])
            whole = float(self.w.weights[edge])
            for j in theirs[edge]:
                along = float(ends.fraction[j] - starts.fraction[i]) * (1 if ahead else -1)
                if bool(ends.forward[j]) != ahead or along < 0:
                    continue
                gap = int(starts.gap[i] + ends.gap[j])
                total = gap + grain * round(along * whole / grain)
                if self.extra:
                    total = (total << 32) + gap
                a, b = int(starts.place[i]), int(ends.place[j])
                weights[a, b] = min(int(weights[a, b]), total)

    def _decoded(
        self,
        origins: Sequence[Place],
        weights: Values,
        lost: list[str],
        starts: JoinTable,
        order: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], list[str]]:
        texts: dict[str, int] = {"": 0}
        codes = np.zeros(weights.shape, dtype=np.int32)
        missing = weights >= far(weights.dtype)
        if self.extra:
            total, gap = weights >> np.uint64(32), weights & np.uint64(0xFFFFFFFF)
            way = (total - gap).astype(np.int64)
            metres = way // GRAIN - (way % GRAIN) * round(CHANGE_KM * 1000)
            values = metres / 1000.0
        else:
            values = weights * quantum(self.w.profile)
        # a place is no way from itself, if it is on the network at all
        at = _same_places(origins, self.destinations)
        on_a = np.array([not t for t in lost], dtype=bool)
        on_b = np.array([not t for t in self._lost], dtype=bool)
        missing |= ~on_a[:, None] | ~on_b
        for i, j in at:
            if on_a[i] and on_b[j]:
                values[i, j], missing[i, j] = 0.0, False
        values[missing] = np.nan
        if missing.any():
            for i in np.flatnonzero(~on_a).tolist():
                codes[i, missing[i]] = texts.setdefault(f"origin {lost[i]}", len(texts))
            for j in np.flatnonzero(~on_b).tolist():
                rows = missing[:, j] & (codes[:, j] == 0)
                if rows.any():
                    codes[rows, j] = texts.setdefault(f"destination {self._lost[j]}", len(texts))
            if (missing & (codes == 0)).any():
                self._apart(starts, order, missing & (codes == 0), codes, texts)
        return values, codes, list(texts)

    def _closed_or_far(self, places: Sequence[Place], joined: NDArray[np.bool_]) -> list[str]:
        """Return for each place why it takes no part, '' where it does."""
        closed = self.w.profile.closed.facilities
        reach = ", ".join(f"{m} {km:g}" for m, km in limits(self.net, self.w.profile.modes).items())
        out = []
        for place, ok in zip(places, joined.tolist(), strict=True):
            if place.id and place.id in closed:
                out.append(f"{place.name} is closed in this question")
            elif not ok:
                out.append(
                    f"{place.name} ({place.lat:.3f}, {place.lon:.3f}) has no open line in reach; "
                    f"limits in km: {reach}"
                )
            else:
                out.append("")
        return out

    def _apart(
        self,
        starts: JoinTable,
        order: NDArray[np.int64],
        missing: NDArray[np.bool_],
        codes: NDArray[np.int32],
        texts: dict[str, int],
    ) -> None:
        """Say for pairs that are both on the network which parts of it do not meet."""
        if self._islands is None:
            self._islands = _Islands(self.net, self.w)
        islands = self._islands
        mine = islands.of(starts, np.argsort(order))
        theirs = islands.of(self._ends, np.argsort(self.order))
        parts_a, index_a = _numbered(mine)
        parts_b, index_b = _numbered(theirs)
        text = np.array(
            [[texts.setdefault(islands.text(a, b), len(texts)) for b in parts_b] for a in parts_a]
        )
        codes[missing] = text[index_a[:, None], index_b[None, :]][missing]


def _numbered(
    parts: list[frozenset[int]],
) -> tuple[list[frozenset[int]], NDArray[np.int64]]:
    known: dict[frozenset[int], int] = {}
    index = np.array([known.setdefault(p, len(known)) for p in parts], dtype=np.int64)
    return list(known), index


def _same_places(a: Sequence[Place], b: Sequence[Place]) -> list[tuple[int, int]]:
    where: dict[tuple[float, float], list[int]] = {}
    for j, p in enumerate(b):
        where.setdefault((p.lat, p.lon), []).append(j)
    return [(i, j) for i, p in enumerate(a) for j in where.get((p.lat, p.lon), ())]


class _Islands:
    """The parts of the network that a profile leaves connected."""

    def __init__(self, net: Network, w: Weighted) -> None:
        from corridors.routing.cuts import reach

        self._net, self._w = net, w
        self._label = reach(net, w)
        self._text: dict[tuple[frozenset[int], frozenset[int]], str] = {}
        self._lands: dict[int, str] = {}

    def of(self, joins: JoinTable, back: NDArray[np.int64]) -> list[frozenset[int]]:
        """Return the parts that each place is joined to, in the asked order."""
        sets: list[set[int]] = [set() for _ in range(joins.n_places)]
        pairs = zip(joins.place.tolist(), self._label[joins.node].tolist(), strict=True)
        for place, part in pairs:
            sets[place].add(part)
        return [frozenset(sets[i]) for i in back.tolist()]

    def text(self, a: frozenset[int], b: frozenset[int]) -> str:
        """Return why there is no way from places on one part to places on another."""
        if (a, b) not in self._text:
            profile = self._w.profile
            head = f"no way by {', '.join(profile.modes)} in {profile.year}"
            if a & b:
                why = "lines in the other direction only"
            else:
                why = f"the network of {self._land(a)} and that of {self._land(b)} do not meet"
            self._text[a, b] = f"{head}: {why}"
        return self._text[a, b]

    def _land(self, parts: frozenset[int]) -> str:
        from corridors.routing.cuts import _lands

        for part in parts - self._lands.keys():
            self._lands[part] = _lands(self._net, self._label == part)
        return " or ".join(sorted({self._lands[p] for p in parts})[:3])


__all__ = ["BLOCK_ROWS", "Block", "Matrix", "Question", "Spot", "Work", "matrix", "tidy"]
