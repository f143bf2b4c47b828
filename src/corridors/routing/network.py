"""The network that answers: immutable, shared freely between threads."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridors import datasets
from corridors.errors import DataIntegrityError, SchemaError, UnknownPlaceError
from corridors.network import store
from corridors.network.store import LAYERS, Columns
from corridors.routing.engine import Engine, Metric, make_engine
from corridors.routing.facilities import Facility, load_facilities
from corridors.routing.pricing import Prices, price, with_own
from corridors.routing.profile import DATA_YEAR, FREIGHT, MODES, Cargo, Closures, Profile, weigh
from corridors.routing.snap import SegmentIndex, build_index, load_index, save_index

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from corridors.names import Match as Place
    from corridors.names import NameIndex, Role
    from corridors.parameters import Parameters
    from corridors.routing.compare import Comparison
    from corridors.routing.isochrone import Isochrone
    from corridors.routing.matrix import Matrix, Question
    from corridors.routing.pareto import Front
    from corridors.routing.robust import Robust
    from corridors.routing.route import Route

KEPT_METRICS = 8
NO_ROAD = "order-without-road"
Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Weighted:
    """A profile made ready: prices, one weight per edge, and the engine's metric."""

    profile: Profile
    prices: Prices
    weights: NDArray[np.uint32]
    metric: Metric
    _kept: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    _lock: threading.RLock = field(init=False, repr=False, default_factory=threading.RLock)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Return something that follows from the profile alone, made at the first call."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]


class _Shared:
    """What all closures of one network share: the engine and its metrics, made when needed."""

    def __init__(
        self,
        columns: Columns,
        order: Path | None,
        own: dict[str, NDArray[np.float64]] | None = None,
    ) -> None:
        self._columns, self._order, self._own = columns, order, own
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._without_road: Engine | None = None
        self._prices: OrderedDict[Any, Prices] = OrderedDict()
        self._metrics: OrderedDict[Any, Weighted] = OrderedDict()
        self._kept: dict[str, Any] = {}

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made once of the columns alone."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]

    def engine(self) -> Engine:
        with self._lock:
            if self._engine is None:
                c = self._columns
                self._engine = make_engine(c.a_tail, c.a_head, c.n_lat, c.n_lon, self._order)
            return self._engine

    def engine_for(self, modes: tuple[str, ...]) -> Engine:
        """Return the engine without roads where nobody asks for them and it has been prepared."""
        folder = None if self._order is None else self._order.with_name(NO_ROAD)
        if "road" in modes or folder is None or not folder.is_dir():
            return self.engine()
        with self._lock:
            if self._without_road is None:
                from corridors.routing.part import PartEngine

                self._without_road = PartEngine(self._columns, folder)
            return self._without_road

    def weighted(
        self, profile: Profile, parameters: Parameters, facilities: dict[str, Facility]
    ) -> Weighted:
        digest = parameters.digest()
        with self._lock:
            found = self._metrics.get((profile, digest))
            if found is not None:
                self._metrics.move_to_end((profile, digest))
                return found
            prices = self._prices.get((profile.cargo, digest))
            if prices is None:
                prices = price(self._columns, parameters, facilities, profile.cargo)
                if self._own is not None:
                    prices = with_own(prices, self._own, profile.cargo, parameters)
                self._prices[profile.cargo, digest] = prices
                while len(self._prices) > KEPT_METRICS:
                    self._prices.popitem(last=False)
            weights = weigh(profile, prices, self._columns)
            metric = self.engine_for(profile.modes).metric(weights[self._columns.a_edge])
            found = Weighted(profile, prices, weights, metric)
            self._metrics[profile, digest] = found
            while len(self._metrics) > KEPT_METRICS:
                self._metrics.popitem(last=False)
            return found


@dataclass(frozen=True, eq=False)
class Network:
    """A multimodal route network and everything that is needed to ask it.

    Nothing in it changes: a closure, another year or other parameters give another view of the
    same arrays. Made by :func:`load_network`.
    """

    columns: Columns = field(repr=False)
    segments: SegmentIndex = field(repr=False)
    groups: NDArray[np.int32] = field(repr=False)
    """Connected component of every edge."""
    names: NameIndex = field(repr=False)
    facilities: dict[str, Facility] = field(repr=False)
    parameters: Parameters = field(repr=False)
    version: str
    closures: Closures = field(default_factory=Closures)
    snap_limits_km: tuple[tuple[str, float], ...] = ()
    _shared: _Shared = field(repr=False, default=None)  # type: ignore[assignment]
    _source: tuple[str | None, str | None] | None = field(repr=False, default=None)
    """Where it can be loaded again: path of the network, path of the user's data."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process: by name where it can be loaded there, else whole."""
        terms = (self.closures, self.snap_limits_km, self.parameters)
        if self._source is not None:
            return _again, (self._source, *terms)
        parts = (self.columns, self.segments, self.groups, self.names, self.facilities,
                 self.version, self._shared._own)  # fmt: skip
        return _rebuilt, (*parts, *terms)

    # -- questions -------------------------------------------------------------------------

    def route(
        self,
        origin: Any,
        destination: Any,
        *,
        by: str | dict[str, float] = "time",
        modes: Sequence[str] | str | None = None,
        via: Iterable[Any] = (),
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        seed: int = 0,
    ) -> Route:
        """Return the best way from one place to another.

        Parameters
        ----------
        origin, destination : str, tuple or shapely Point
            A name, id, UN/LOCODE or ``"lat,lon"``; a ``(lat, lon)`` pair; or a Point with
            x = longitude, y = latitude.
        by : str or dict
            ``time`` (default), ``cost``, ``distance``, ``co2e``; or a dict of criteria with
            weights.
        modes : sequence of str, optional
            Of rail, road, sea, ferry, pipeline, or ``"all"`` for all but pipelines. Left out: an
            intermodal container's modes (rail, sea, ferry); road is added, and a note says so,
            where an end has no such network in reach or where they do not connect.
        via : places to pass, in order
        avoid : places, crossings, countries (ISO codes) or modes to keep away from; shapely
            polygons
        year : int
        cargo : Cargo or str, optional
            ``TEU`` (default), ``FEU`` or ``tonne``.
        seed : int
            Of the simulated ranges.

        Raises
        ------
        UnknownPlaceError, SnapError, NoRouteError, SchemaError
        """
        from corridors.routing.answer import answer

        return answer(self, origin, destination, by=by, modes=modes, via=tuple(via),
                      avoid=tuple(avoid), year=year, cargo=as_cargo(cargo), seed=seed)  # fmt: skip

    def alternatives(
        self,
        origin: Any,
        destination: Any,
        *,
        k: int = 3,
        by: str | dict[str, float] = "time",
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        seed: int = 0,
        max_stretch: float = 1.7,
        max_share: float = 0.75,
    ) -> list[Route]:
        """Return up to ``k`` routes that a planner would call different, best first.

        Parameters
        ----------
        max_stretch : float
            How much dearer by the criterion than the best a route may be.
        max_share : float
            How much of its length may run on the lines of one better route.

        Other parameters and errors as of :meth:`route`; the method is told in
        :mod:`corridors.routing.alternatives`.
        """
        from corridors.routing.alternatives import alternatives

        return alternatives(self, origin, destination, k=k, by=by, modes=modes, avoid=tuple(avoid),
                            year=year, cargo=as_cargo(cargo), seed=seed, max_stretch=max_stretch,
                            max_share=max_share)  # fmt: skip

    def matrix(
        self,
        origins: Any,
        destinations: Any = None,
        *,
        by: str | dict[str, float] = "time",
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        progress: Callable[[int, int], None] | None = None,
        threads: int | None = None,
    ) -> Matrix:
        """Return expected values from every origin to every destination.

        Parameters
        ----------
        origins : places
            Names, points, a DataFrame with ``name`` (or ``id``) or ``lat`` and ``lon``, a
            GeoDataFrame of points, or a file of these.
        destinations : places, optional
            The origins where left out.
        progress : callable, optional
            Told (rows done, rows in all).
        threads : int, optional
            As many as there are processors where left out.

        Other parameters and errors as of :meth:`route`. A pair without a way is missing, with
        the reason beside it; it is no error.

        Returns
        -------
        Matrix
            ``values`` (array), ``unit``, ``reasons``, ``to_frame()``.
        """
        from corridors.routing.matrix import matrix

        terms = question(by, modes, avoid, year, cargo)
        return matrix(self, origins, destinations, terms, progress=progress, threads=threads)

    def pareto(
        self,
        origin: Any,
        destination: Any,
        *,
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        seed: int = 0,
        complete: bool = False,
        tolerance: float = 0.01,
        max_seconds: float = 60.0,
    ) -> Front:
        """Return the trade-offs between time, cost and CO2e: routes of which none beats another.

        Parameters
        ----------
        complete : bool
            False: what some weighted sum of the three prefers, quick, and not all there is. True:
            every trade-off within ``tolerance``.
        tolerance : float
            For a complete front: for every possible route there is one in the answer that is not
            worse by more than this share in any of the three.
        max_seconds : float
            Bound of the search for a complete front; beyond it, an error.

        Other parameters and errors as of :meth:`route`; the method is told in
        :mod:`corridors.routing.pareto`.
        """
        from corridors.routing.pareto import pareto

        return pareto(self, origin, destination, modes=modes, avoid=tuple(avoid), year=year,
                      cargo=as_cargo(cargo), seed=seed, complete=complete, tolerance=tolerance,
                      max_seconds=max_seconds)  # fmt: skip

    def robust(
        self,
        origin: Any,
        destination: Any,
        *,
        n: int = 500,
        by: str | dict[str, float] = "time",
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        seed: int = 0,
    ) -> Robust:
        """Return how often each way is the best over draws of the uncertain parameters.

        Parameters
        ----------
        n : int
            Draws; the same numbers for the same ``seed``.
        by : str or dict
            ``time``, ``cost``, ``co2e``, or weights of these.

        Other parameters and errors as of :meth:`route`; the method is told in
        :mod:`corridors.routing.robust`.
        """
        from corridors.routing.robust import robust

        return robust(self, origin, destination, n=n, by=by, modes=modes, avoid=tuple(avoid),
                      year=year, cargo=as_cargo(cargo), seed=seed)  # fmt: skip

    def isochrone(
        self,
        origin: Any,
        hours: Sequence[float],
        *,
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        buffer_km: float = 15.0,
    ) -> Isochrone:
        """Return what can be reached in so many hours, as points, edges and polygons.

        Parameters
        ----------
        hours : sequence of float
            Limits.
        buffer_km : float
            How far from a line in reach the areas go.

        Other parameters and errors as of :meth:`route`.
        """
        from corridors.routing.isochrone import isochrone

        return isochrone(self, origin, hours, modes=modes, avoid=tuple(avoid), year=year,
                         cargo=as_cargo(cargo), buffer_km=buffer_km)  # fmt: skip

    def compare(
        self, origin: Any, destination: Any, *, closed: Iterable[Any], **terms: Any
    ) -> Comparison:
        """Return the same question before and after a closure, with the differences.

        Parameters
        ----------
        closed : places, crossings, straits, countries (ISO codes), modes or polygons
        **terms
            As of :meth:`route`.
        """
        from corridors.routing.compare import compare

        what = (closed,) if isinstance(closed, str) or hasattr(closed, "geom_type") else closed
        return compare(self, origin, destination, tuple(what), terms)

    def with_closures(self, closures: Closures) -> Network:
        """Return the network with more closures, given as a value."""
        return replace(self, closures=self.closures | closures)

    def write_matrix(
        self,
        folder: str | Path,
        origins: Any,
        destinations: Any = None,
        *,
        by: str | dict[str, float] = "time",
        modes: Sequence[str] | str | None = None,
        avoid: Iterable[Any] = (),
        year: int = DATA_YEAR,
        cargo: Cargo | str | None = None,
        block_rows: int = 256,
        client: Any = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Path:
        """Write a matrix of any size as Parquet parts; no more than a block is in memory.

        Parameters
        ----------
        folder : path
            Of the parts, and of a manifest that says what they are. What is there of the same
            matrix is not done again, so a run that was stopped goes on where it was.
        block_rows : int
            Origins per part.
        client : distributed.Client, optional
            A Dask cluster; the folder must be shared by its workers. A part whose worker dies is
            made by another.

        Other parameters and errors as of :meth:`matrix`. Read it with any Parquet reader, or with
        :func:`corridors.routing.parts.read_parts`, which sees that nothing is missing.
        """
        from corridors.routing.parts import task_of, write_parts

        task = task_of(self, origins, destinations, question(by, modes, avoid, year, cargo))
        return write_parts(task, folder, rows=block_rows, client=client, progress=progress)

    def closed(self, *what: Any) -> Network:
        """Return the network without some places, crossings, countries, modes or areas."""
        return replace(self, closures=self.closures | self.closure_of(what))

    # -- pieces that questions are made of -------------------------------------------------

    def place(self, query: Any, role: Role = "end") -> Place:
        """Return the one place that a query means.

        Raises
        ------
        UnknownPlaceError
            Nothing, or more than one thing, has that name.
        """
        if hasattr(query, "geom_type"):
            if query.geom_type != "Point" or query.is_empty:
                raise UnknownPlaceError(f"a place must be a Point, not {query.geom_type}")
            return point_place(float(query.y), float(query.x))
        if isinstance(query, (tuple, list)) and len(query) == 2:
            try:
                return point_place(float(query[0]), float(query[1]))
            except (TypeError, ValueError):
                pass
        if isinstance(query, str):
            if not query.strip():
                raise UnknownPlaceError("a place must have a name; this one is empty")
            return self.names.resolve(query, role=role)
        raise UnknownPlaceError(f"a place must be a name, 'lat,lon' or a Point, not {query!r}")

    def closure_of(self, what: Iterable[Any]) -> Closures:
        """Return the closures that some names, codes, modes and polygons mean."""
        from corridors.routing.closing import closures

        return closures(self, what)

    def weighted(self, profile: Profile) -> Weighted:
        """Return a profile's prices, weights and metric (kept for the next question)."""
        if self.closures:
            profile = profile.closing(self.closures)
        return self._shared.weighted(profile, self.parameters, self.facilities)

    def engine(self) -> Engine:
        """Return the engine over this network's arcs."""
        return self._shared.engine()

    def engine_for(self, profile: Profile) -> Engine:
        """Return the engine that made a profile's metric: the whole, or that without roads."""
        return self._shared.engine_for(profile.modes)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Return something that follows from the columns alone, made at the first call.

        All views of one network (closures, other years and parameters) share it.
        """
        return self._shared.kept(name, make)

    def back_arcs(self) -> NDArray[np.int64]:
        """Return the arc against each edge's direction, -1 where it is one-way."""

        def make() -> NDArray[np.int64]:
            back = np.full(len(self.columns.e_u), -1, dtype=np.int64)
            both = np.flatnonzero(~np.asarray(self.columns.e_oneway))
            back[both] = len(back) + np.arange(len(both))
            return back

        found: NDArray[np.int64] = self.kept("back arcs", make)
        return found

    def with_parameters(self, parameters: Parameters) -> Network:
        """Return the network under other parameters."""
        return replace(self, parameters=parameters)

    def with_snap_limits(self, **limits_km: float) -> Network:
        """Return the network with other snapping limits in km by mode."""
        for mode, km in limits_km.items():
            if mode not in MODES or not 0 < km <= 1000:
                raise SchemaError(f"snap limit {mode}={km!r}: a mode and 0 < km <= 1000")
        merged = {**dict(self.snap_limits_km), **limits_km}
        return replace(self, snap_limits_km=tuple(sorted(merged.items())))

    # -- as tables and graphs --------------------------------------------------------------

    def nodes_frame(self) -> pd.DataFrame:
        """Return the nodes: ``lon, lat`` (degrees), ``country``, ``terminal``."""
        from corridors.routing.frames import nodes_frame

        return nodes_frame(self)

    def edges_frame(self, *, mode: str | None = None) -> Any:
        """Return the edges as a GeoDataFrame (EPSG:4326), all or of one mode."""
        from corridors.routing.frames import edges_frame

        return edges_frame(self, mode=mode)

    def to_networkx(self, profile: Profile | None = None) -> nx.MultiDiGraph:
        """Return the network as a MultiDiGraph, one edge per arc that a profile may travel."""
        from corridors.routing.frames import to_networkx

        return to_networkx(self, profile)

    def hub_graph(self, **options: Any) -> nx.MultiDiGraph:
        """Return places as nodes and best legs between neighbours as edges.

        See :func:`corridors.routing.hubs.hub_graph` for options and attributes.
        """
        from corridors.routing.hubs import hub_graph

        return hub_graph(self, **options)


def point_place(lat: float, lon: float) -> Place:
    """Return a bare point as a place.

    Raises
    ------
    UnknownPlaceError
        For coordinates that lie nowhere on Earth, NaN among them.
    """
    from corridors.names import Match

    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
        raise UnknownPlaceError(
            f"{lat}, {lon}: latitude must be within ±90 and longitude within ±180 degrees"
        )
    return Match("", f"{lat:.5f}, {lon:.5f}", "point", "", lon, lat, how="point")


def question(
    by: str | dict[str, float],
    modes: Sequence[str] | str | None,
    avoid: Iterable[Any],
    year: int,
    cargo: Cargo | str | None,
) -> Question:
    """Return the terms of a question about many pairs as one value."""
    from corridors.routing.matrix import Question

    weights = tuple(sorted(by.items())) if isinstance(by, dict) else by
    return Question(weights, as_modes(modes), tuple(avoid), year, as_cargo(cargo))


def as_cargo(cargo: Cargo | str | None) -> Cargo:
    """Return a cargo from its unit, or the default TEU."""
    if cargo is None:
        return Cargo()
    return Cargo(unit=cargo) if isinstance(cargo, str) else cargo


def as_modes(modes: Sequence[str] | str | None) -> tuple[str, ...] | None:
    """Return modes in the house's order, or None where nothing was asked."""
    if modes is None:
        return None
    asked = [modes] if isinstance(modes, str) else list(modes)
    if asked == ["all"]:
        return tuple(m for m in MODES if m != "pipeline")
    unknown = [m for m in asked if m not in MODES]
    if unknown or not asked:
        raise SchemaError(
            f"mode {', '.join(map(repr, unknown)) or '(none)'} is unknown; choose from "
            f"{', '.join(MODES)} or all"
        )
    return tuple(m for m in MODES if m in asked)


def load_network(
    path: str | Path | None = None,
    *,
    data: str | Path | None = None,
    progress: Progress | None = None,
) -> Network:
    """Return the shipped network, or one saved before.

    Parameters
    ----------
    path : path, optional
        Folder of a saved network (``network_*.parquet``); the shipped one by default.
    data : path, optional
        A user's folder with parameters and places beside the shipped ones.
    progress : callable, optional
        Told what is being prepared; the first use compiles the network into the user's cache.

    Raises
    ------
    DataIntegrityError
        Where the data are missing or changed.
    """
    from corridors.names import cached_index
    from corridors.parameters import load_parameters
    from corridors.userdata import check_data

    check_data(data)
    if path is None:
        files = {n: datasets.path(f"network_{n}.parquet") for n in ("nodes", *LAYERS)}
        version = datasets.version()
    else:
        folder = Path(path)
        files = {n: folder / f"network_{n}.parquet" for n in ("nodes", *LAYERS)}
        missing = [p.name for n, p in files.items() if not p.is_file() and n in ("nodes", "links")]
        if missing:
            raise DataIntegrityError(f"{folder} is no saved network: {', '.join(missing)} missing")
        version = "own-" + _digest(p for p in files.values() if p.is_file())
    home = datasets.cache_dir() / f"network-{store.FORMAT}-{version[:16]}"
    say = progress or (lambda _text: None)
    if not (home / "ready").is_file():
        say("preparing the network for its first use")
        _compile(files, home, say)
    columns = store.load_columns(home)
    facilities = load_facilities(
        {
            "crossing": datasets.path("crossings.csv"), "terminal": datasets.path("terminals.csv"),
            "ferry": datasets.path("ferries.csv"), "strait": datasets.path("straits.csv"),
            "zone": datasets.path("zones.csv"),
        }
    )  # fmt: skip
    names: NameIndex | None = None
    own_prices = None
    if path is not None:
        from corridors.routing.saved import own_names, own_values, with_own_facilities

        own_prices = own_values(home)
        names, labels = own_names(files["nodes"], data, version)
        if names is None and (stations := Path(path) / "places.csv").is_file():
            from corridors.names import index_beside

            names = index_beside(stations, data)
        facilities = with_own_facilities(columns, facilities, labels)
    parameters = load_parameters()
    own = datasets.user_files(data).get("parameters")
    if own is not None:
        parameters = parameters.override(own)
    return Network(
        columns=columns,
        segments=load_index(home),
        groups=np.asarray(np.load(home / "e_group.npy", mmap_mode="r")),
        names=cached_index(data) if names is None else names,
        facilities=facilities,
        parameters=parameters,
        version=version,
        _shared=_Shared(columns, home / "order", own_prices),
        _source=(
            None if path is None else str(Path(path).resolve()),
            None if data is None else str(Path(data).resolve()),
        ),
    )


@lru_cache(maxsize=2)
def _loaded(path: str | None, data: str | None) -> Network:
    return load_network(path, data=data)


def _again(
    source: tuple[str | None, str | None],
    closures: Closures,
    limits: tuple[tuple[str, float], ...],
    parameters: Parameters,
) -> Network:
    """Return a network that another process described."""
    return replace(_loaded(*source), closures=closures, snap_limits_km=limits,
                   parameters=parameters)  # fmt: skip


def _rebuilt(
    columns: Columns,
    segments: SegmentIndex,
    groups: NDArray[np.int32],
    names: NameIndex,
    facilities: dict[str, Facility],
    version: str,
    own: dict[str, NDArray[np.float64]] | None,
    closures: Closures,
    limits: tuple[tuple[str, float], ...],
    parameters: Parameters,
) -> Network:
    return Network(columns, segments, groups, names, facilities, parameters, version, closures,
                   limits, _Shared(columns, None, own))  # fmt: skip


def _digest(paths: Iterable[Path]) -> str:
    import hashlib

    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.name.encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _compile(files: dict[str, Path], home: Path, say: Progress) -> None:
    """Write columns, grid and node order to the cache, whole or not at all."""
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=home.parent, prefix=".compiling-"))
    try:
        layers = [p for n, p in files.items() if n != "nodes" and p.is_file()]
        columns = store.compile_columns(files["nodes"], layers)
        store.save_columns(columns, scratch)
        if files["nodes"].parent != datasets.data_dir():
            from corridors.routing.saved import keep_own_values

            keep_own_values(layers, scratch)
        say("indexing its lines")
        groups = groups_of(columns)
        np.save(scratch / "e_group.npy", groups)
        save_index(build_index(columns, groups), scratch)
        if files["nodes"].parent == datasets.data_dir():
            _shipped_order(columns, scratch / "order")
        if not (scratch / "order").is_dir():
            say("ordering its nodes")
        engine = make_engine(
            columns.a_tail, columns.a_head, columns.n_lat, columns.n_lon, scratch / "order"
        )
        tree = engine.tree()
        if tree is not None:
            from corridors.routing.part import PartEngine, save_order

            save_order(columns, tree, scratch / NO_ROAD)
            if (scratch / NO_ROAD).is_dir():
                PartEngine(columns, scratch / NO_ROAD).tree()
        (scratch / "ready").touch()
        try:
            scratch.rename(home)
        except OSError:
            if not (home / "ready").is_file():  # something half-made is in the way
                shutil.rmtree(home, ignore_errors=True)
                scratch.replace(home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _shipped_order(columns: Columns, folder: Path) -> None:
    """Write the node order that ships with the data, if it is one of this network's nodes.

    Any permutation of the nodes gives right answers; a good one is the work of half a minute.
    """
    import pyarrow.parquet as pq

    from corridors.routing.engine import opposite_arcs, write_order

    file = datasets.data_dir() / "network_order.parquet"
    if not file.is_file():
        return
    order = pq.read_table(datasets.path(file.name))["node"].to_numpy()
    seen = np.zeros(columns.n_nodes, dtype=bool)
    if len(order) == columns.n_nodes and order.max(initial=0) < columns.n_nodes:
        seen[order] = True
        if seen.all():
            write_order(folder, order, *opposite_arcs(columns.a_tail, columns.a_head))


def groups_of(columns: Columns) -> NDArray[np.int32]:
    """Return the connected component of every edge (whatever is open or closed)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = columns.n_nodes
    u, v = np.asarray(columns.e_u), np.asarray(columns.e_v)
    matrix = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n, n))
    labels = connected_components(matrix, directed=False)[1]
    return np.asarray(labels[u], dtype=np.int32)


__all__ = ["FREIGHT", "Network", "as_cargo", "as_modes", "load_network"]
