"""From a folium figure to the text of one HTML page, and from that to a file.

What folium would load from a network is put into the page itself where the built assets have it;
its random identifiers become numbers, so that the same map gives the same bytes; a file appears
whole or not at all.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from corridors.errors import CorridorsError
from corridors.files import whole
from corridors.maps import assets

# What folium loads for markers with a Font Awesome sign, and nothing else needs: a word of the
# page that shows the need -> names of folium's links
_NEEDED_BY = {
    "awesome_markers": "AwesomeMarkers",
    "awesome_markers_css": "AwesomeMarkers",
    "awesome_markers_font_css": "AwesomeMarkers",
    "awesome_rotate_css": "AwesomeMarkers",
    "glyphicons_css": "glyphicon",
    "bootstrap": "data-bs-",
    "bootstrap_css": "data-bs-",
    "jquery": "$(",
}
_ID = re.compile(r"[0-9a-f]{32}")


def figure_of(m: Any) -> Any:
    """Return the figure that a folium object stands in.

    Raises
    ------
    CorridorsError
        When it is not (yet) on a map.
    """
    from branca.element import Figure

    root = m.get_root() if hasattr(m, "get_root") else None
    if not isinstance(root, Figure):
        raise CorridorsError(
            f"save_map: this {type(m).__name__} is on no map; add it to a folium.Map first"
        )
    return root


def render(figure: Any, *, folder: Path | None = None, href: str = "") -> str:
    """Return the page of a figure.

    Parameters
    ----------
    figure : branca.element.Figure
        What holds the map. It is rendered, and not changed otherwise: the page of a second call
        is the same.
    folder : path, optional
        Where to put the assets beside the page; by default they are inside it.
    href : str
        How the page calls that folder.
    """
    rooms = [figure.header, figure.html, figure.script]
    before = [room._children.copy() for room in rooms]
    try:
        for child in list(figure._children.values()):
            child.render()
        html, script = figure.html.render(), figure.script.render()
        header, remote = _header(figure, html + script, folder, href)
        text = _page(str(figure.title or "Map"), header, html, script)
        text = _numbered(text, figure)
        if folder is None and not remote and getattr(figure, "is_ours", lambda: False)():
            text = _sealed(text)
    finally:
        # folium adds to them anew with every rendering
        for room, children in zip(rooms, before, strict=True):
            room._children = children
    if remote:
        warnings.warn(
            "the map will load from a network when it is opened: " + ", ".join(sorted(remote)),
            UserWarning,
            stacklevel=3,
        )
    return text


def _page(title: str, header: str, html: str, script: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n{header}\n</head>\n<body>\n{html}\n"
        f"<script>\n{script}\n</script>\n</body>\n</html>\n"
    )


def _sealed(text: str) -> str:
    """Return a page that says what it is made of: no other script runs in it, and nothing loads."""
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = (b64encode(sha256(s.encode("utf-8", "replace")).digest()).decode() for s in scripts)
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(f"'sha256-{h}'" for h in hashes),
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
        )
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}', 1)


def _header(figure: Any, body: str, folder: Path | None, href: str) -> tuple[str, list[str]]:
    from branca.element import CssLink, JavascriptLink, Link

    parts, remote = [], []
    children = figure.header._children
    if "$(" in body and "jquery" not in children:
        parts.append(_asset("jquery.js", folder, href))
    for name, child in children.items():
        if not isinstance(child, Link):
            parts.append(child.render())
            continue
        need = _NEEDED_BY.get(name)
        if need is not None and need not in body:
            continue
        local = assets.local_name(child.url) if assets.available() else None
        if local is None:
            if isinstance(child, (CssLink, JavascriptLink)):
                remote.append(child.url)
            parts.append(child.render())
        else:
            parts.append(_asset(local, folder, href))
    return "\n".join(parts), remote


def _asset(name: str, folder: Path | None, href: str) -> str:
    """Return a built file as an element: inside the page, or as a link to a copy beside it."""
    script = name.endswith(".js")
    if folder is None:
        tag = "script" if script else "style"
        return f"<{tag}>{assets.text(name)}</{tag}>"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, assets.text(name))
    where = escape(f"{href}/{name}")
    return (
        f'<script src="{where}"></script>' if script else f'<link rel="stylesheet" href="{where}">'
    )


def own_assets(folder: Path | None = None, href: str = "") -> str:
    """Return the elements of this library's own style and script."""
    return "\n".join(_asset(name, folder, href) for name in ("corridors.css", "corridors.js"))


def _numbered(text: str, figure: Any) -> str:
    """Replace folium's random identifiers by their number in the page."""
    from branca.element import Element

    known: set[str] = set()
    todo = [figure]
    while todo:
        element = todo.pop()
        known.add(element._id)
        todo += element._children.values()
        parts = (getattr(element, n, None) for n in ("header", "html", "script"))
        todo += [p for p in parts if isinstance(p, Element)]
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        found = match.group()
        return numbers.setdefault(found, str(len(numbers))) if found in known else found

    return _ID.sub(number, text)


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    with whole(path) as scratch:
        # a lone surrogate, as broken names may hold, has no bytes in UTF-8
        scratch.write_bytes(text.encode("utf-8", "replace"))
