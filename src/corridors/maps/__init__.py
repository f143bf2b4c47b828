"""Interactive maps: one HTML file that opens with no network, and nothing in it that can run.

``explore`` returns a folium Map, ``save_map`` writes it; ``draw`` makes a static picture.
"""

from __future__ import annotations

from corridors.maps.static import draw
from corridors.maps.view import explore, save_map

__all__ = ["draw", "explore", "save_map"]
