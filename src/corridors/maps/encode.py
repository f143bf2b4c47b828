"""Shapes and texts as the map file carries them: small, rounded and unable to run.

A line is a string: its coordinates as integers (degrees times ``10**decimals``), each written as
the difference from the one before in base64 variable-length quantities. Four characters hold a
vertex where GeoJSON needs twenty, and none of them means anything to HTML or JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# Decimals of a degree that a position deserves: 4 are 10 m, 3 are 100 m, 2 are 1 km.
DECIMALS = {
    "surveyed": 4,
    "station": 4,
    "traced": 3,
    "chord": 3,
    "settlement": 3,
    "approximate": 2,
    "schematic": 2,
}

# How far a drawn line may leave the given one, degrees: a third of a pixel at the deepest zoom of
# a line of that precision.
TOLERANCE = {4: 0.0004, 3: 0.001, 2: 0.004}


def encode_line(coords: Any, decimals: int = 3) -> str:
    """Return a line or ring as text.

    Parameters
    ----------
    coords : (n, 2) array-like
        Longitude and latitude in degrees.
    decimals : int
        Decimals that are kept.
    """
    numbers: NDArray[np.int64] = np.round(
        np.asarray(coords, dtype=float)[:, :2] * 10**decimals
    ).astype(np.int64)
    if len(numbers) > 2:
        # vertices that rounding has made equal to the one before
        fresh = np.ones(len(numbers), dtype=bool)
        fresh[1:] = np.any(numbers[1:] != numbers[:-1], axis=1)
        numbers = numbers[fresh] if fresh.sum() >= 2 else numbers[:2]
    steps = np.diff(numbers, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()
    return "".join(map(_STEPS.__getitem__, steps.tolist()))


class _Steps(dict[int, str]):
    """The text of a step; few are long, so that most are known after some lines."""

    def __missing__(self, step: int) -> str:
        rest = -step * 2 + 1 if step < 0 else step * 2
        text = ""
        while True:
            digit, rest = rest & 31, rest >> 5
            text += _DIGITS[digit | 32] if rest else _DIGITS[digit]
            if not rest:
                break
        if -4096 < step < 4096:
            self[step] = text
        return text


_STEPS = _Steps()


def decode_line(text: str, decimals: int = 3) -> list[tuple[float, float]]:
    """Return the longitudes and latitudes of an encoded line."""
    values: list[int] = []
    value = shift = 0
    for char in text:
        digit = _DIGITS.index(char)
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
        else:
            values.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    unit = 10.0**decimals
    out, x, y = [], 0, 0
    for dx, dy in zip(values[::2], values[1::2], strict=True):
        x, y = x + dx, y + dy
        out.append((x / unit, y / unit))
    return out


def encode_lines(geometry: Any, decimals: int = 3, tolerance: float | None = None) -> list[str]:
    """Return every line of a shapely geometry as text, simplified to what a screen can show.

    Points, polygons and empty geometries give nothing.
    """
    import shapely

    if geometry is None or shapely.is_empty(geometry):
        return []
    eps = TOLERANCE[decimals] if tolerance is None else tolerance
    out = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "GeometryCollection":
            out += encode_lines(part, decimals, tolerance)
        elif part.geom_type in ("LineString", "LinearRing"):
            coords = shapely.get_coordinates(shapely.simplify(part, eps))
            if len(coords) >= 2 and np.isfinite(coords).all():
                out.append(encode_line(coords, decimals))
    return out


def decimals_of(precision: Any) -> int:
    """Return how many decimals a position of that precision deserves."""
    return DECIMALS.get(str(precision), 3)


def clean(value: Any, digits: int = 6) -> Any:
    """Return a value of a frame as JSON has it; None for what is missing.

    Parameters
    ----------
    value : object
        A cell, or a list or dict of cells.
    digits : int
        Significant digits of a number. Six are more than a figure of the atlas deserves; sums
        that must agree with their parts need more.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        pairs = ((str(k), clean(v, digits)) for k, v in value.items())
        return {k: v for k, v in pairs if v is not None}
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [clean(v, digits) for v in items]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            return None
        short = float(f"{float(value):.{digits}g}")
        return int(short) if short == int(short) else short
    if isinstance(value, str):
        return value or None
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return None if text == "NaT" else text
    text = str(value)
    return None if text in ("<NA>", "NaT", "nan", "None", "") else text


def script_json(value: Any) -> str:
    """Return JSON that may stand inside a script element whatever texts it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char, escape in _UNSAFE:
        text = text.replace(char, escape)
    return text


# No tag, comment, entity or line end can come of these; JSON reads them back as they were.
_UNSAFE = (
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("&", "\\u0026"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)


def bounds_of(boxes: Iterable[Any]) -> list[float] | None:
    """Return west, south, east, north of many such boxes; None where there are none."""
    found = [b for b in boxes if b is not None and all(map(math.isfinite, b))]
    if not found:
        return None
    w, s, e, n = zip(*found, strict=True)
    return [round(float(v), 3) for v in (min(w), min(s), max(e), max(n))]
