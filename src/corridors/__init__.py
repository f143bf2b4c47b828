"""Transport and energy corridors of Eurasia: networks, distances, transit paths, maps.

>>> import corridors
>>> net = corridors.load_network()
>>> route = net.route("Urumqi", "Aktau", by="time", modes=["rail"])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# name -> module that defines it; loaded at first use so that the import stays light
_PUBLIC = {
    "CorridorsError": "errors",
    "DataIntegrityError": "errors",
    "NoRouteError": "errors",
    "SchemaError": "errors",
    "SnapError": "errors",
    "UnknownPlaceError": "errors",
    "Atlas": "atlas",
    "Network": "routing.network",
    "Profile": "routing.profile",
    "Route": "routing.route",
    "explore": "maps",
    "from_frames": "routing.custom",
    "from_networkx": "routing.custom",
    "load_atlas": "atlas",
    "load_network": "routing.network",
    "save_map": "maps",
}

__all__ = ["__version__", *sorted(_PUBLIC)]

if TYPE_CHECKING:
    from corridors.atlas import Atlas as Atlas
    from corridors.atlas import load_atlas as load_atlas
    from corridors.errors import CorridorsError as CorridorsError
    from corridors.errors import DataIntegrityError as DataIntegrityError
    from corridors.errors import NoRouteError as NoRouteError
    from corridors.errors import SchemaError as SchemaError
    from corridors.errors import SnapError as SnapError
    from corridors.errors import UnknownPlaceError as UnknownPlaceError
    from corridors.maps import explore as explore
    from corridors.maps import save_map as save_map
    from corridors.routing.custom import from_frames as from_frames
    from corridors.routing.custom import from_networkx as from_networkx
    from corridors.routing.network import Network as Network
    from corridors.routing.network import load_network as load_network
    from corridors.routing.profile import Profile as Profile
    from corridors.routing.route import Route as Route


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(importlib.import_module(f"corridors.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'corridors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
