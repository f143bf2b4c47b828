"""The scripts and styles that ``npm run build`` in web/ has put beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "assets"

# What the build makes; all of it or none.
FILES = ("leaflet.js", "leaflet.css", "corridors.js", "corridors.css", "jquery.js")

# Where folium would load from -> the file that stands for it. Matched by the end of the name, so
# that another version's address of the same file is answered by ours.
_KNOWN = {
    "leaflet.js": "leaflet.js",
    "leaflet.css": "leaflet.css",
    "jquery": "jquery.js",
}


def available() -> bool:
    """Return whether the built files are there."""
    return all((FOLDER / name).is_file() for name in FILES)


@cache
def text(name: str) -> str:
    """Return a built file."""
    return (FOLDER / name).read_text(encoding="utf-8")


def local_name(url: str) -> str | None:
    """Return the built file that stands for a CDN address; None where there is none."""
    last = url.rsplit("/", 1)[-1].split("?")[0]
    if last.startswith("jquery"):
        return _KNOWN["jquery"]
    return _KNOWN.get(last.replace(".min.", "."))
