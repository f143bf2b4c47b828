"""Who is meant by a name: matches, and the rules by which one of several is taken.

A place is never guessed. An exact name goes before an alias, and a place of the atlas before a
settlement of the gazetteer. Two things of one name are told apart by what is asked for (an end of
a route, a border crossing) and by ``Name (CC)``, ``Name, Country`` or ``Name (kind)``; where that
leaves more than one, the answer is an error that lists them.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from corridors.errors import UnknownPlaceError
from corridors.spelling import country_code, normalise

__all__ = [
    "ALIAS",
    "CODE",
    "HOW",
    "ID",
    "LAST_KINDS",
    "NAME",
    "PART",
    "Match",
    "Role",
    "choose_crossing",
    "choose_one",
    "choose_settlement",
    "distance_km",
    "fits",
    "kind_rank",
    "point_match",
    "qualified",
    "tiers",
    "without_twins",
]

Role = Literal["end", "crossing", "any"]

# How an entry was found, best first
ID, NAME, ALIAS, PART, CODE = range(5)
HOW = ("id", "name", "alias", "part", "unlocode")

# What an end of a route is most likely to be
_END_KINDS = (
    "city",
    "station",
    "port",
    "ferry_terminal",
    "dry_port",
    "rail_terminal",
    "terminal",
    "break_of_gauge",
    "logistics_base",
    "border_crossing",
    "free_zone",
)
# A code names what is loaded and unloaded there before it names the town around it
_CODE_KINDS = ("port", "ferry_terminal", "dry_port", "rail_terminal", "border_crossing", "city")
LAST_KINDS = ("cooperation_centre", "organisation", "summit")

_SAME_PLACE_KM = 25.0
_ONE_CROSSING_KM = 75.0
_CLEARLY_LARGER = 10


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a text stands for.

    Parameters
    ----------
    id : str
        Its id in the atlas, ``gn:…`` in the gazetteer, empty for bare coordinates.
    name, kind, country : str
        As in the places table; a crossing has both countries, as ``CN|KZ``.
    lon, lat : float
        Degrees, WGS84.
    unlocode : str
        Empty where it has none.
    population : int
        Of a settlement of the gazetteer, else 0.
    how : str
        ``id``, ``name``, ``alias``, ``part``, ``unlocode``, ``near`` or ``point``.
    """

    id: str
    name: str
    kind: str
    country: str
    lon: float
    lat: float
    unlocode: str = ""
    population: int = 0
    how: str = "name"

    @property
    def in_atlas(self) -> bool:
        """Whether it is a place of the atlas, not a mere settlement of the gazetteer."""
        return not self.id.startswith("gn:")

    def label(self) -> str:
        """Return a text that finds it again and that a person can read."""
        country = self.country.replace("|", "/")
        return f"{self.name} ({country})" if country else self.name


def point_match(text: str, point: tuple[float, float]) -> Match:
    """Return bare coordinates (lon, lat) as a match that has no id."""
    lon, lat = point
    return Match("", text.strip(), "point", "", lon, lat, how="point")


def distance_km(a: Match, b: Match) -> float:
    """Return the distance of two places on the sphere: good enough to tell places apart."""
    p, q = math.radians(a.lat), math.radians(b.lat)
    h = (
        math.sin((q - p) / 2) ** 2
        + math.cos(p) * math.cos(q) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    )
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(h)))


def qualified(text: str) -> list[tuple[str, str]]:
    """Return (name, qualifier) for each way in which a text may carry a qualifier."""
    found = []
    inside = re.fullmatch(r"\s*(.+?)\s*\(([^()]+)\)\s*", text)
    if inside:
        found.append((inside[1], inside[2]))
    if "," in text:
        name, _, rest = text.rpartition(",")
        if name.strip() and rest.strip():
            found.append((name, rest))
    return found


def fits(match: Match, qualifier: str) -> bool:
    """Say whether a country, a kind, or both (``CN``, ``port``, ``KZ, city``) fit a place."""
    for part in re.split(r"[,;/|]\s*", qualifier):
        key, countries = normalise(part), match.country.split("|")
        fits = (
            part.strip().upper() in countries
            or country_code(part) in countries
            or key == normalise(match.kind)
            or (key in ("rail", "road") and match.id.startswith(f"{key}:"))
        )
        if not fits:
            return False
    return True


def kind_rank(kind: str, role: Role, *, by_code: bool = False) -> int:
    """Return how likely a kind is meant, 0 the likeliest; a code names ports before towns."""
    if role == "crossing" and kind == "border_crossing":
        return -1
    if by_code and kind in _CODE_KINDS:
        return _CODE_KINDS.index(kind)
    if kind in _END_KINDS:
        return _END_KINDS.index(kind)
    return len(_END_KINDS) + (1 if kind in LAST_KINDS else 0)


def tiers(atlas: list[tuple[Match, int]], text: str) -> Iterable[list[tuple[Match, int]]]:
    """Yield the finds in the atlas, best tier first: id, spelling, name, alias, side, code."""
    spelt = text.strip().casefold()
    bare = {spelt, *(name.strip().casefold() for name, _ in qualified(text))}
    tiers = (
        [c for c in atlas if c[0].id.casefold() == spelt and c[1] == ID],
        [c for c in atlas if c[0].name.casefold() in bare],
        [c for c in atlas if c[1] <= NAME],
        [c for c in atlas if c[1] == CODE],
        [c for c in atlas if c[1] == ALIAS],
        [c for c in atlas if c[1] == PART],
    )
    for tier in tiers:
        if tier:
            yield tier


def choose_one(tier: list[tuple[Match, int]], text: str, role: Role) -> Match:
    """Return the one of the likeliest kind.

    Raises
    ------
    UnknownPlaceError
        Several of that kind are there; it lists their ids.
    """
    by_code = all(how == CODE for _, how in tier)

    def rank(match: Match) -> int:
        return 0 if role == "any" else kind_rank(match.kind, role, by_code=by_code)

    best = min(rank(match) for match, _ in tier)
    matches = sorted((m for m, _ in tier if rank(m) == best), key=lambda m: m.id)
    first = matches[0]
    if all(
        m.kind == "border_crossing" and distance_km(first, m) <= _SAME_PLACE_KM for m in matches
    ):
        return first
    if len(matches) > 1:
        raise UnknownPlaceError(_choose(text, matches))
    return first


def choose_crossing(
    crossings: list[tuple[Match, int]], others: list[tuple[Match, int]], text: str
) -> tuple[Match, ...]:
    """Return the rows of one crossing: its railway and its road, perhaps two of one."""
    best = next(iter(tiers(crossings, text)))
    if best[0][1] == ID and len(best) == 1:
        return (best[0][0],)
    meant = [m for m, _ in best]
    if _apart(meant) and others:
        # a place of that name says which of them is meant: it lies there
        with contextlib.suppress(UnknownPlaceError):
            town = choose_one(next(iter(tiers(others, text))), text, "end")
            meant = [m for m in meant if distance_km(town, m) <= _ONE_CROSSING_KM] or meant
    if _apart(meant):
        raise UnknownPlaceError(_choose(text, sorted(meant, key=lambda m: m.id)))
    # the railway may go by the names of both sides and the road by one: they are found together
    near = [m for m, _ in crossings if distance_km(meant[0], m) <= _ONE_CROSSING_KM]
    return tuple(sorted(near, key=lambda m: m.id))


def without_twins(matches: Sequence[Match]) -> list[Match]:
    """Return matches without the towns of the gazetteer that the atlas has too."""
    cities = [m for m in matches if m.in_atlas and m.kind in ("city", "station")]
    return [m for m in matches if m.in_atlas or not any(distance_km(m, c) < 20.0 for c in cities)]


def _apart(matches: Sequence[Match]) -> bool:
    return any(distance_km(matches[0], m) > _ONE_CROSSING_KM for m in matches)


def choose_settlement(towns: list[Match], candidates: list[tuple[Match, int]], text: str) -> Match:
    """Return the settlement that is meant: the only one, or the one far larger than the rest."""
    ids = [m for m, how in candidates if how == ID]
    if len(ids) == 1:
        return ids[0]
    named = [m for m, how in candidates if how <= NAME]
    for group in (towns, named):
        ordered = sorted(group, key=lambda m: (-m.population, m.id))
        if len(ordered) == 1:
            return ordered[0]
        if len(ordered) > 1 and ordered[0].population >= _CLEARLY_LARGER * max(
            1, ordered[1].population
        ):
            return ordered[0]
    raise UnknownPlaceError(_choose(text, sorted(towns, key=lambda m: (-m.population, m.id))))


def _choose(text: str, matches: Sequence[Match]) -> str:
    shown = [
        f"{m.id} ({m.name}, {m.kind}, {m.country.replace('|', '/')}"
        + (f", population {m.population:,})" if m.population else ")")
        for m in matches[:8]
    ]
    more = f" and {len(matches) - 8} more" if len(matches) > 8 else ""
    return (
        f"{text.strip()!r} is the name of {len(matches)} places; give the id of one: "
        + "; ".join(shown)
        + more
    )
