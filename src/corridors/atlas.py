"""The atlas: what exists. Places, lines, named corridors; finding them and saying what is known.

>>> atlas = corridors.load_atlas()
>>> atlas.find("Урумчи")[0].id
'urumqi'
>>> atlas.show("China-Jiangxi-Ukraine railway").name
'China–Kyrgyzstan–Uzbekistan railway'

The frames are plain GeoDataFrames in EPSG:4326 (x = longitude); :func:`select` filters them by
country, kind, status and year, and so does any pandas expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import SchemaError, UnknownPlaceError
from corridors.names import Match, NameIndex, cached_index, likeliest
from corridors.spelling import country_name

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["Atlas", "Fact", "Facts", "load_atlas", "select"]


@dataclass(frozen=True)
class Atlas:
    """Everything that exists, as frames; nothing in it changes.

    Parameters
    ----------
    places : GeoDataFrame
        Points: id, name, kind, country, status, from_year, to_year, …, source, geometry.
    assets : GeoDataFrame
        Lines: id, name, kind, status, opened, countries, length_km (as drawn), published_km, …
    corridors : DataFrame
        Named corridors: id, name, aliases, status, organisation, source …
    stages : DataFrame
        Their stages in order: corridor_id, branch, seq, place, mode.
    data : str, optional
        The user's folder that was read beside the shipped data.
    """

    places: gpd.GeoDataFrame
    assets: gpd.GeoDataFrame
    corridors: pd.DataFrame
    stages: pd.DataFrame
    data: str | None = None

    def __repr__(self) -> str:
        """Return one line with the numbers of rows."""
        return (
            f"<Atlas: {len(self.places)} places, {len(self.assets)} assets, "
            f"{len(self.corridors)} corridors>"
        )

    @cached_property
    def names(self) -> NameIndex:
        """The names of all places and of the gazetteer's settlements, as routes use them."""
        return cached_index(self.data)

    @cached_property
    def index(self) -> NameIndex:
        """The names of the places, assets and corridors of this atlas."""
        return _index(self)

    def find(self, text: str, *, limit: int = 20) -> list[Match]:
        """Return places, assets and corridors that a text may stand for, best first.

        Parameters
        ----------
        text : str
            Any spelling of a name or alias, an id, or a UN/LOCODE; diacritics are optional.
        limit : int
            Largest number of matches.
        """
        return self.index.find(text, limit=limit)

    def show(self, text: str) -> Facts:
        """Return all that is known about one thing, with its sources.

        Parameters
        ----------
        text : str
            As for :meth:`find`; ``Name (CC)`` and ``Name (kind)`` tell two of one name apart.

        Raises
        ------
        UnknownPlaceError
            Nothing is called so, with near matches; or several things are, with their ids.
        """
        return _show(self, text)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is known: a label and a value with its unit."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one thing.

    Parameters
    ----------
    id, name, kind : str
    facts : tuple of Fact
        In reading order.
    source, confidence : str
        Where they come from and how sure they are: ``high``, ``medium`` or ``low``.
    also : tuple of str
        Ids and names of other things that go by the same name.
    """

    id: str
    name: str
    kind: str
    facts: tuple[Fact, ...]
    source: str
    confidence: str
    also: tuple[str, ...] = ()

    def __getitem__(self, label: str) -> str:
        """Return the value of a label."""
        for fact in self.facts:
            if fact.label == label:
                return fact.value
        raise KeyError(label)

    def __str__(self) -> str:
        """Return them as text, one fact a line."""
        mark = " (low confidence)" if self.confidence == "low" else ""
        width = max((len(f.label) for f in self.facts), default=0)
        lines = [f"{self.name}{mark}"]
        lines += [f"  {f.label:<{width}}  {f.value}" for f in self.facts]
        if self.also:
            lines += ["  also of that name: " + "; ".join(self.also)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain values, for JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "confidence": self.confidence,
            "source": self.source,
            "facts": {f.label: f.value for f in self.facts},
            "also": list(self.also),
        }


def load_atlas(data: str | Path | None = None) -> Atlas:
    """Return the atlas that ships, with a user's own tables beside it.

    Parameters
    ----------
    data : path, optional
        A folder with the user's places, assets or corridors; rows of the same id replace the
        shipped ones.

    Raises
    ------
    DataIntegrityError
        Shipped data that are missing or changed.
    SchemaError
        A user's table that cannot be read.
    """
    from corridors import datasets
    from corridors.userdata import check_data

    check_data(data)
    return Atlas(
        places=datasets.read_frame("places", data=data),
        assets=datasets.read_frame("assets", data=data),
        corridors=datasets.read_table("corridors", data=data),
        stages=datasets.read_table("corridor_stages", data=data),
        data=None if data is None else str(data),
    )


# --- filters ---------------------------------------------------------------------------------

_NOT_YET = ("construction", "planned", "proposed", "stalled")


def select(
    frame: Any,
    *,
    kind: str | Iterable[str] | None = None,
    country: str | Iterable[str] | None = None,
    status: str | Iterable[str] | None = None,
    year: int | None = None,
) -> Any:
    """Return the rows of places or assets that fit; the frame itself is not changed.

    Parameters
    ----------
    frame : GeoDataFrame
        ``atlas.places`` or ``atlas.assets``.
    kind, country, status : str or iterable of str, optional
        One or several; a country is an ISO 3166-1 alpha-2 code, and a row that lies in several
        fits with any of them.
    year : int, optional
        Only what stands in that year: opened by then and not closed. What is under construction
        or planned stands from its expected year on, and never where it has none.

    Raises
    ------
    SchemaError
        A kind, country or status that no row has.
    """
    import numpy as np

    keep = np.ones(len(frame), dtype=bool)
    if kind is not None:
        keep &= _has(frame, "kind", kind)
    if country is not None:
        column = "countries" if "countries" in frame.columns else "country"
        codes = [country] if isinstance(country, str) else list(country)
        keep &= _has(frame, column, [c.upper() for c in codes])
    if status is not None:
        keep &= _has(frame, "status", status)
    if year is not None:
        keep &= standing(frame, year)
    return frame[keep]


def standing(frame: Any, year: int) -> Any:
    """Return which rows stand in a year, as a boolean array; see :func:`select`."""
    import numpy as np

    first = "opened" if "opened" in frame.columns else "from_year"
    last = "closed" if "closed" in frame.columns else "to_year"
    begin, end = _years(frame, first), _years(frame, last)
    status = frame["status"].fillna("").astype(str)
    # what is not built yet and has no year is not there; what is built and has none always was
    unborn = status.isin(_NOT_YET).to_numpy() & np.isnan(begin)
    gone = (status == "closed").to_numpy() & np.isnan(end)
    started = np.isnan(begin) | (begin <= year)
    ended = ~np.isnan(end) & (end < year)
    return started & ~ended & ~unborn & ~gone


def _years(frame: Any, column: str) -> Any:
    import pandas as pd

    if column not in frame.columns:
        return pd.Series(float("nan"), index=frame.index).to_numpy(dtype=float)
    text = frame[column].astype("string").str.extract(r"^(\d{4})", expand=False)
    return pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=float("nan"))


def _has(frame: Any, column: str, wanted: str | Iterable[str]) -> Any:
    values = {wanted} if isinstance(wanted, str) else set(wanted)
    cells = [
        set(str(v).split("|")) if isinstance(v, str) and v else set()
        for v in frame[column].tolist()
    ]
    known: set[str] = set().union(*cells) if cells else set()
    unknown = sorted(values - known)
    if unknown and len(frame):
        raise SchemaError(
            f"no {column} {', '.join(map(repr, unknown))} in the data; "
            f"there are: {', '.join(sorted(known))}"
        )
    import numpy as np

    return np.array([bool(cell & values) for cell in cells], dtype=bool)


# --- finding and showing ---------------------------------------------------------------------


def _index(atlas: Atlas) -> NameIndex:
    columns: dict[str, list[Any]] = {
        k: [] for k in ("id", "name", "kind", "country", "lon", "lat", "aliases", "unlocode")
    }

    def add(frame: Any, country: str | None, kind: str | None = None) -> None:
        columns["id"] += _texts(frame, "id")
        columns["name"] += _texts(frame, "name")
        columns["kind"] += [kind] * len(frame) if kind else _texts(frame, "kind")
        columns["country"] += _texts(frame, country) if country else [""] * len(frame)
        columns["aliases"] += _texts(frame, "aliases")
        columns["unlocode"] += _texts(frame, "unlocode")
        if "geometry" in frame.columns:
            points = frame.geometry.representative_point()
            columns["lon"] += points.x.tolist()
            columns["lat"] += points.y.tolist()
        else:
            columns["lon"] += [float("nan")] * len(frame)
            columns["lat"] += [float("nan")] * len(frame)

    add(atlas.places, "country")
    add(atlas.assets, "countries")
    add(atlas.corridors, None, "corridor")
    return NameIndex.build(**columns)


def _texts(frame: Any, column: str) -> list[str]:
    if column not in frame.columns:
        return [""] * len(frame)
    return ["" if _missing(v) else str(v) for v in frame[column].tolist()]


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or (not isinstance(value, (list, tuple)) and bool(pd.isna(value)))


def _show(atlas: Atlas, text: str) -> Facts:
    try:
        match, others = likeliest(atlas.index, text)
    except UnknownPlaceError as error:
        # a settlement that only the gazetteer has is known too, if little
        if not error.near and "is the name of" in str(error):
            raise
        try:
            town = atlas.names.resolve(text, "any")
        except UnknownPlaceError:
            raise error from None
        return _of_town(town)
    also = tuple(f"{m.id} ({m.name}, {m.kind})" for m in others)
    for frame in (atlas.places, atlas.assets, atlas.corridors):
        rows = frame[frame["id"].astype(str) == match.id]
        if len(rows):
            return _of_row(atlas, rows.iloc[0], also)
    raise UnknownPlaceError(f"{match.id!r} is in the index and in no table")


def _of_town(town: Match) -> Facts:
    facts = [
        Fact("kind", town.kind),
        Fact("country", country_name(town.country)) if town.country else None,
        Fact("position", _position(town.lon, town.lat)),
        Fact("population", f"{town.population:,}") if town.population else None,
        Fact("source", "GeoNames (CC BY 4.0)") if town.id else None,
    ]
    source = "GeoNames (CC BY 4.0)" if town.id else ""
    kept = tuple(f for f in facts if f)
    return Facts(town.id, town.name, town.kind, kept, source, "high" if town.id else "")


# label, column, unit behind the value
_LINES = (
    ("kind", "kind", ""),
    ("country", "country", ""),
    ("countries", "countries", ""),
    ("status", "status", ""),
    ("opened", "opened", ""),
    ("closed", "closed", ""),
    ("from", "from_year", ""),
    ("until", "to_year", ""),
    ("published length", "published_km", "km"),
    ("of it", "published_km_note", ""),
    ("drawn length", "length_km", "km"),
    ("capacity", "capacity", ""),
    ("gauge", "gauge_mm", "mm"),
    ("gauge", "gauge", "mm"),
    ("diameter", "diameter_mm", "mm"),
    ("modes", "modes", ""),
    ("operator", "operator", ""),
    ("organisation", "organisation", ""),
    ("theme", "theme", ""),
    ("UN/LOCODE", "unlocode", ""),
    ("other names", "aliases", ""),
    ("note", "note", ""),
    ("precision", "precision", ""),
    ("confidence", "confidence", ""),
    ("source", "source", ""),
)


def _of_row(atlas: Atlas, row: Any, also: Sequence[str]) -> Facts:
    facts = [Fact("id", str(row["id"]))]
    for label, column, unit in _LINES:
        if column in row.index and not _missing(row[column]) and str(row[column]) != "":
            facts.append(Fact(label, _value(row, column, unit)))
    geometry = row.get("geometry")
    if geometry is not None and geometry.geom_type == "Point":
        facts.insert(3, Fact("position", _position(geometry.x, geometry.y)))
    if "organisation" in row.index:
        facts += _stages(atlas, str(row["id"]))
    source, confidence = _text(row, "source"), _text(row, "confidence")
    kind = _text(row, "kind") or "corridor"
    return Facts(
        str(row["id"]), str(row["name"]), kind, tuple(facts), source, confidence, tuple(also)
    )


def _text(row: Any, column: str) -> str:
    return "" if column not in row.index or _missing(row[column]) else str(row[column])


def _value(row: Any, column: str, unit: str) -> str:
    value = row[column]
    if column in ("country", "countries"):
        codes = str(value).split("|")
        return ", ".join(f"{country_name(c)} ({c})" for c in codes)
    text = _number(value) if column not in ("opened", "closed") else _year(value)
    if column.endswith("_year"):
        text = _year(value)
    if column == "capacity":
        unit = _text(row, "capacity_unit")
    parts = text.split("|")
    return f"{', '.join(p for p in parts if p)} {unit}".strip()


def _year(value: Any) -> str:
    return str(value).removesuffix(".0")


def _number(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:,.10g}" if abs(number) >= 1e4 else f"{number:g}"


def _position(lon: float, lat: float) -> str:
    north, east = ("N" if lat >= 0 else "S"), ("E" if lon >= 0 else "W")
    return f"{abs(lat):.4f} {north}, {abs(lon):.4f} {east}"


def _stages(atlas: Atlas, corridor: str) -> list[Fact]:
    """Return one line per branch of a corridor: the places in order."""
    stages = atlas.stages[atlas.stages["corridor_id"].astype(str) == corridor]
    names = dict(zip(_texts(atlas.places, "id"), _texts(atlas.places, "name"), strict=True))
    found = []
    for branch, rows in stages.groupby(stages["branch"].fillna(""), sort=False):
        rows = rows.sort_values("seq", kind="stable")
        parts: list[str] = []
        for place, mode in zip(_texts(rows, "place"), _texts(rows, "mode"), strict=True):
            step = f" –{mode}– " if parts and mode else (" – " if parts else "")
            parts.append(f"{step}{names.get(place, place)}")
        found.append(Fact(f"stages {branch}".strip(), "".join(parts)))
    return found
