"""``explore`` and ``save_map``: the two public verbs of this room."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import CorridorsError, SchemaError
from corridors.extents import EXTENT

if TYPE_CHECKING:
    import folium

# West, south, east, north of a map without anything on it: Eurasia from the Black Sea to China.
_EXTENT = (28.0, 30.0, 122.0, 55.0)


def explore(
    atlas: Any = None,
    routes: Any = (),
    *,
    m: Any = None,
    layers: Sequence[str] | None = None,
    year: int | None = None,
    tiles: Any = None,
    theme: str = "light",
    hub_graph: Any = None,
    title: str = "Corridors",
    notes: Sequence[str] = (),
    height: int | None = None,
) -> folium.Map:
    """Draw an atlas, frames of your own and routes on an interactive map.

    Parameters
    ----------
    atlas : Atlas, GeoDataFrame or mapping of str to GeoDataFrame, optional
        What is drawn. Frames need a CRS; of their columns the map knows ``name``, ``kind``,
        ``status``, ``opened`` and ``closed`` or ``from_year`` and ``to_year``, ``precision``,
        ``confidence``, ``aliases``, ``source`` and those with units in their names; all others are
        shown as they are. A frame without ``kind`` is a layer by its name in the mapping.
    routes : Route, sequence of Route, or mapping of label to Route
        Drawn leg by leg in the colour of the mode, with a panel of times, costs and emissions.
        The first is the one that the others are compared with.
    m : folium.Map or folium.FeatureGroup, optional
        An existing map or group to draw into; it is returned, and its own tiles are the base map.
    layers : sequence of str, optional
        Only these kinds (``"railway"``, ``"port"`` ...); all by default.
    year : int, optional
        The year that the map opens with; by default it shows all years.
    tiles : str or folium.TileLayer, optional
        Online tiles in place of the base map of the file: a name or an address as folium takes it.
    theme : {"light", "dark"}
        Colours of the map.
    hub_graph : networkx.MultiDiGraph, optional
        ``net.hub_graph()``; with it the map can plan routes itself.
    title : str
        Title of the page.
    notes : sequence of str
        Sentences for the panel *About*.
    height : int, optional
        Height in pixels in a notebook; by default three fifths of the width.

    Returns
    -------
    folium.Map
        The map (or ``m``), to which any layer of folium can be added. Under a notebook cell it
        shows itself; :func:`save_map` writes it.

    Raises
    ------
    SchemaError
        When a frame has no geometry or CRS, or an option is none of those named here.

    Examples
    --------
    >>> m = corridors.explore(corridors.load_atlas(), routes=[route])
    >>> corridors.save_map(m, "map.html")
    """
    import folium

    from corridors.maps import assets, encode, hubs, payload
    from corridors.routing.profile import DATA_YEAR

    if theme not in ("light", "dark"):
        raise SchemaError(f"explore: theme {theme!r} is not known; use 'light' or 'dark'")
    if m is not None and not isinstance(m, (folium.Map, folium.FeatureGroup)):
        raise SchemaError(
            f"explore: m is a {type(m).__name__}; give a folium.Map or a folium.FeatureGroup"
        )
    frames = payload.frames_of(atlas)
    lines, points, boxes = payload.features_of(frames, layers)
    drawn, route_boxes = payload.routes_of(routes)
    view = encode.bounds_of(route_boxes) or encode.bounds_of(_together(boxes))
    own = m is None
    first, last = payload.YEARS
    data: dict[str, Any] = {
        "format": 1,
        "title": title,
        "theme": theme,
        "own": own,
        "year": {"min": first, "max": last, "now": DATA_YEAR, "value": year},
        "view": list(view) if view else list(_EXTENT),
        "attribution": list(payload.ATTRIBUTION),
        "notes": [str(n) for n in notes],
        "lines": lines,
        "points": points,
        "routes": drawn,
        "hubs": hubs.hubs_of(hub_graph),
        "base": payload.base_of(basemap_path()) if own and tiles is None else None,
    }
    if not assets.available():
        from corridors.maps import plain

        warnings.warn(
            "the web assets of the map are not built (npm was not there): the map is a plain one "
            "and loads Leaflet from a network when it is opened; run 'npm ci && npm run build' in "
            "web/ and try again",
            UserWarning,
            stacklevel=2,
        )
        drawn_map: folium.Map = plain.draw(data, m=m, tiles=tiles, title=title)
        return drawn_map

    from corridors.maps.elements import CorridorsMap, View

    if own:
        west, south, east, north = data["view"]
        m = CorridorsMap(
            title=title,
            height=height,
            location=[(south + north) / 2, (west + east) / 2],
            zoom_start=4,
            tiles=_tiles(tiles),
            zoom_control=False,
            min_zoom=2,
            max_zoom=12,
            max_bounds=True,
            min_lat=-60,
            max_lat=84,
            min_lon=-200,
            max_lon=200,
            max_bounds_viscosity=0.8,
            zoom_snap=0.5,
            attribution_control=tiles is not None,
        )
    m.add_child(View(data))
    done: folium.Map = m
    return done


def _together(boxes: list[Any]) -> list[Any]:
    """Return the boxes without the few off the network's extent (a speaker's institute)."""
    west, south, east, north = EXTENT
    near = [b for b in boxes if west < b[0] and b[2] < east and south < b[1] and b[3] < north]
    return near if len(near) >= 0.98 * len(boxes) else boxes


def _tiles(tiles: Any) -> Any:
    """Return tiles as folium takes them; an address alone says whose tiles it is."""
    if not isinstance(tiles, str) or "{" not in tiles:
        return tiles
    from html import escape
    from urllib.parse import urlsplit

    import folium

    host = urlsplit(tiles).hostname or tiles
    return folium.TileLayer(tiles, attr=f"Tiles: {escape(host.replace('{s}.', ''))}", max_zoom=19)


def save_map(m: Any, path: str | Path, link_assets: bool = False) -> Path:
    """Write a map as one HTML file that opens with no network.

    Parameters
    ----------
    m : folium.Map
        Of :func:`explore`, or any map or layer of folium that is on a map.
    path : str or Path
        The file; it appears whole or not at all, and the same map gives the same bytes.
    link_assets : bool
        Put scripts and styles into a folder ``<name>_files`` beside the file, for pages that are
        served together, and not into it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    CorridorsError
        When ``m`` is on no map, or the folder is not there.

    Warns
    -----
    UserWarning
        When a layer that was added loads something from a network; it says what.
    """
    from corridors.maps import page

    path = Path(path)
    if not path.parent.is_dir():
        raise CorridorsError(f"save_map: the folder {path.parent} is not there; make it first")
    figure = page.figure_of(m)
    if not link_assets:
        page.write_whole(path, page.render(figure))
        return path
    href = f"{path.stem}_files"
    folder = path.parent / href
    views = [e for e in _walk(figure) if hasattr(e, "_folder")]
    try:
        for v in views:
            v._folder = (folder, href)
        text = page.render(figure, folder=folder, href=href)
    finally:
        for v in views:
            v._folder = (None, "")
    page.write_whole(path, text)
    return path


def _walk(element: Any) -> list[Any]:
    found = [element]
    for child in element._children.values():
        found += _walk(child)
    return found


def basemap_path() -> Path:
    """Return the verified file of the base map."""
    from corridors import datasets

    return datasets.path("basemap")
