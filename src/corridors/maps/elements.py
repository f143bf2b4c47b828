"""The folium side of the map: a Map, its figure, and the view that carries the data."""

from __future__ import annotations

from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from corridors.maps import page
from corridors.maps.encode import script_json


class Raw(Element):  # type: ignore[misc]
    """Text for the page as it is: nothing in it is read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Raw"
        self.text = text

    def render(self, **kwargs: Any) -> str:
        """Return the text."""
        return self.text


class CorridorsFigure(Figure):  # type: ignore[misc]
    """A figure whose page holds all that it needs."""

    def is_ours(self) -> bool:
        """Return whether nothing but this library's own view has been put on the map."""
        rooms = (self.html._children, self.script._children)
        ours = {c.get_name() for m in self._children.values() for c in m._children.values()}
        added = [name for room in rooms for name in room if name not in ours]
        maps = [m.get_name() for m in self._children.values()]
        return all(name in maps for name in added) and all(
            isinstance(c, View) for m in self._children.values() for c in m._children.values()
        )

    def render(self, **kwargs: Any) -> str:
        """Return the whole page."""
        return page.render(self)


class CorridorsMap(folium.Map):  # type: ignore[misc]
    """A folium Map that loads Leaflet only, and lets the reader zoom the page itself."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        html, body, main { margin: 0; height: 100%; }
        #{{ this.get_name() }} {
          position: {{ this.position }};
          width: {{ this.width[0] }}{{ this.width[1] }};
          height: {{ this.height[0] }}{{ this.height[1] }};
          left: {{ this.left[0] }}{{ this.left[1] }};
          top: {{ this.top[0] }}{{ this.top[1] }};
        }
        </style>
        <script>L_NO_TOUCH = false; L_DISABLE_3D = false;</script>
        {% endmacro %}

        {% macro html(this, kwargs) %}
        <main><div class="folium-map" id="{{ this.get_name() }}"></div></main>
        {% endmacro %}

        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map("{{ this.get_name() }}", {
          center: {{ this.location | tojson }},
          crs: L.CRS.{{ this.crs }},
          ...{{ this.options | tojavascript }}
        });
        {% endmacro %}
        """
    )

    def __init__(self, *, title: str, height: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._name = "Map"
        # folium's lists belong to its class: a link added to one map would be on every map
        self.default_js: list[Any] = list(folium.Map.default_js)
        self.default_css: list[Any] = list(folium.Map.default_css)
        figure = CorridorsFigure(title=title, height=None if height is None else f"{height}px")
        figure.add_child(self)


class View(MacroElement):  # type: ignore[misc]
    """What :func:`corridors.explore` draws: data in the page, and the script that reads them.

    Parameters
    ----------
    payload : dict
        The structure of :mod:`corridors.maps.payload`.
    """

    def __init__(self, payload: dict[str, Any]) -> None:
        super().__init__()
        self._name = "Corridors"
        self.payload = payload
        self._folder: tuple[Any, str] = (None, "")

    def render(self, **kwargs: Any) -> str:
        """Put style, script and data into the figure; the same again on every call."""
        figure: Any = self.get_root()
        above: Any = self._parent
        name, parent = self.get_name(), above.get_name()
        figure.header.add_child(Raw(page.own_assets(*self._folder)), name="corridors_assets")
        figure.html.add_child(
            Raw(
                f'<script type="application/json" id="{name}">{script_json(self.payload)}</script>'
            ),
            name=name,
        )
        figure.script.add_child(
            Raw(
                f"corridorsMap.start({parent}, "
                f'JSON.parse(document.getElementById("{name}").textContent));'
            ),
            name=name,
        )
        for child in self._children.values():
            child.render(**kwargs)
        return ""
