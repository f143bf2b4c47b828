"""What a closure means: names, codes, modes and areas as a frozen value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from corridors.errors import UnknownPlaceError
from corridors.geodesy import distance_km
from corridors.routing.profile import MODES, Closures

if TYPE_CHECKING:
    from corridors.routing.network import Network

ONE_PLACE_KM = 40.0


def closures(net: Network, what: Iterable[Any]) -> Closures:
    """Return the closures that some names, codes, modes and polygons mean.

    A mode is one of the five; two letters are a country; an area is a shapely polygon; anything
    else is the name or id of a crossing, terminal, ferry or strait (all rows of that name: the
    road and the rail crossing of Khorgos close together).

    Raises
    ------
    UnknownPlaceError
        For what stands on the network nowhere.
    """
    import shapely.geometry.base as base

    facilities: set[str] = set()
    countries: set[str] = set()
    modes: set[str] = set()
    areas: list[bytes] = []
    for item in what:
        if isinstance(item, base.BaseGeometry):
            if item.is_empty or item.geom_type not in ("Polygon", "MultiPolygon"):
                raise UnknownPlaceError(f"a closed area must be a polygon, not {item.geom_type}")
            areas.append(item.wkb)
            continue
        text = str(item).strip()
        if text.lower() in MODES:
            modes.add(text.lower())
        elif re.fullmatch("[A-Za-z]{2}", text) and text.upper() in net.columns.words["country"]:
            countries.add(text.upper())
        else:
            facilities |= _facilities(net, text)
    return Closures(frozenset(facilities), frozenset(countries), frozenset(modes), tuple(areas))


def _facilities(net: Network, text: str) -> set[str]:
    """Return the ids on the network that a name means: crossings first, then all else."""
    from corridors.names import normalise

    known = set(net.columns.words["facility"])
    if text in known:
        return {text}
    wrong: UnknownPlaceError | None = None
    found: set[str] = set()
    try:
        found = {m.id for m in net.names.resolve_all(text, "crossing")} & known
    except UnknownPlaceError as error:
        wrong = error
    wanted = normalise(text)
    others = {
        f.id
        for f in net.facilities.values()
        if f.id in known
        and f.kind != "crossing"
        and wanted
        in {normalise(n) for n in (f.id, f.name, *f.row.get("aliases", "").split("|")) if n}
    }
    if not _one_place(net, found | others):
        raise UnknownPlaceError(
            f"{text!r} is more than one thing: {', '.join(sorted(found | others))}; "
            "name one by its id"
        )
    found |= others
    if not found:
        near = wrong.near if wrong is not None else ()
        raise UnknownPlaceError(
            f"cannot close {text!r}: no crossing, terminal, ferry, strait, country or mode of "
            "that name",
            near,
        )
    return found


def _one_place(net: Network, ids: set[str]) -> bool:
    """Return whether facilities of one name lie together: a station and its crossing do."""
    at = [(float(f.row["lon"]), float(f.row["lat"])) for f in map(net.facilities.get, sorted(ids))
          if f is not None and f.row.get("lon")]  # fmt: skip
    return all(distance_km(*at[0], *point) <= ONE_PLACE_KM for point in at[1:])
