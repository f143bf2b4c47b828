"""Spelling: the key of a name, coordinates as people write them, names of countries.

On the quick path of the command: the standard library only.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import cache, lru_cache

from corridors.errors import UnknownPlaceError

__all__ = ["country_code", "country_name", "normalise", "parse_point"]

# ISO 3166-1 codes and usual English names of the countries in and around the extent
_COUNTRIES = """
AE United Arab Emirates|AF Afghanistan|AL Albania|AM Armenia|AT Austria|AZ Azerbaijan
BA Bosnia and Herzegovina|BD Bangladesh|BE Belgium|BG Bulgaria|BH Bahrain|BT Bhutan|BY Belarus
CH Switzerland|CN China|CU Cuba|CY Cyprus|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DZ Algeria
EE Estonia|EG Egypt|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FR France|GB United Kingdom
GE Georgia|GR Greece|HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IN India
IQ Iraq|IR Iran|IS Iceland|IT Italy|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia
KP North Korea|KR South Korea|KW Kuwait|KZ Kazakhstan|LA Laos|LB Lebanon|LK Sri Lanka|LT Lithuania
LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MD Moldova|ME Montenegro|MK North Macedonia|MM Myanmar
MN Mongolia|MO Macao|MT Malta|MY Malaysia|NG Nigeria|NL Netherlands|NO Norway|NP Nepal|OM Oman
PH Philippines|PK Pakistan|PL Poland|PS Palestine|PT Portugal|QA Qatar|RO Romania|RS Serbia
RU Russia|SA Saudi Arabia|SD Sudan|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|SO Somalia
SY Syria|TH Thailand|TJ Tajikistan|TM Turkmenistan|TN Tunisia|TR Türkiye|TW Taiwan|UA Ukraine
UG Uganda|UZ Uzbekistan|VN Vietnam|XK Kosovo|YE Yemen
"""
_ALSO = """
TR Turkey|GB UK|GB Great Britain|GB England|AE UAE|CZ Czech Republic|RU Russian Federation
KG Kyrgyz Republic|KG Kirghizia|CN PRC|NL Holland|KR Korea|IR Islamic Republic of Iran
"""


@cache
def _names() -> dict[str, str]:
    return dict(x.split(" ", 1) for x in _COUNTRIES.strip().replace("\n", "|").split("|"))


@cache
def _codes() -> dict[str, str]:
    also = (x.split(" ", 1) for x in _ALSO.strip().replace("\n", "|").split("|"))
    pairs = [*((name, code) for code, name in _names().items()), *((n, c) for c, n in also)]
    return {normalise(name): code for name, code in pairs}


def country_name(code: str) -> str:
    """Return the English name of an ISO 3166-1 alpha-2 code, or the code where it is unknown."""
    return _names().get(code, code)


def country_code(name: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of an English name, or None where it is unknown."""
    return _codes().get(normalise(name))


# Letters that no decomposition takes apart, and the letters that the same sound is written with
_LETTERS = str.maketrans(
    {
        "ı": "i", "ə": "e", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d",
        "þ": "th", "ħ": "h", "ŋ": "n",
        "ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ھ": "ه",
    }
)  # fmt: skip


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return the key of a name: the same for all ways of writing one spelling.

    Case, diacritics, apostrophes, hyphens, dots and spaces do not count; Cyrillic, Chinese,
    Arabic and other letters stay; centre and center are one. ``Xi'an``, ``XIAN`` and ``Xi’an``
    have one key, and so have ``Türkmenbaşy`` and ``turkmenbasy``.
    """
    if text.isascii():
        key = "".join(c for c in text.lower() if c.isalnum())
        return key.replace("centre", "center")
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    key = "".join(c for c in decomposed if c.isalnum() and not unicodedata.combining(c))
    return key.replace("centre", "center")


# --- coordinates -----------------------------------------------------------------------------

_NUMBER = r"[-+−]?\d+(?:\.\d+)?"
_PLAIN = re.compile(rf"({_NUMBER})\s*°?\s*(?:[,;]\s*|\s+)({_NUMBER})\s*°?")
_COMMAS = re.compile(r"([-+−]?\d+,\d+)\s*(?:;\s*|\s+|,\s+)([-+−]?\d+,\d+)")
_ANGLE = (
    r"(?P<d{0}>\d+(?:\.\d+)?)\s*(?:°|º|deg)?\s*"
    r"(?:(?P<m{0}>\d+(?:\.\d+)?)\s*['′’]\s*)?"
    r"(?:(?P<s{0}>\d+(?:\.\d+)?)\s*(?:\"|″|”|''|′′)\s*)?"
)
_LETTER_AFTER = re.compile(
    _ANGLE.format(1) + r"(?P<h1>[NSEW])\s*[,;]?\s*" + _ANGLE.format(2) + r"(?P<h2>[NSEW])",
    re.IGNORECASE,
)
_LETTER_BEFORE = re.compile(
    r"(?P<h1>[NSEW])\s*" + _ANGLE.format(1) + r"[,;]?\s*(?P<h2>[NSEW])\s*" + _ANGLE.format(2),
    re.IGNORECASE,
)


def parse_point(text: str) -> tuple[float, float] | None:
    """Return (lon, lat) in degrees of a text that is coordinates, or None where it is none.

    Latitude goes first, as web maps copy it: ``43.8,87.6``, ``21.3, -157.9``, ``43.8 N, 87.6 E``,
    ``43°48′3″N 87°36′E``. With letters the order is free.

    Raises
    ------
    UnknownPlaceError
        Coordinates that lie nowhere on Earth.
    """
    t = text.strip().removeprefix("geo:").strip("()[] ").replace("−", "-")
    if not any(c.isdigit() for c in t):
        return None
    for pattern in (_PLAIN, _COMMAS):
        found = pattern.fullmatch(t)
        if found:
            lat, lon = (float(g.replace(",", ".")) for g in found.groups())
            return _checked(text, lon, lat)
    for pattern in (_LETTER_AFTER, _LETTER_BEFORE):
        found = pattern.fullmatch(t)
        if found:
            return _lettered(text, found)
    return None


def _lettered(text: str, found: re.Match[str]) -> tuple[float, float]:
    angles = {}
    for k in ("1", "2"):
        d, m, s = (float(found[x + k] or 0.0) for x in "dms")
        letter = found["h" + k].upper()
        axis = "lat" if letter in "NS" else "lon"
        angles[axis] = math.copysign(d + m / 60.0 + s / 3600.0, -1.0 if letter in "SW" else 1.0)
    if len(angles) < 2:
        raise UnknownPlaceError(f"{text!r} names one axis twice; write it as lat,lon")
    return _checked(text, angles["lon"], angles["lat"])


def _checked(text: str, lon: float, lat: float) -> tuple[float, float]:
    if abs(lat) <= 90.0 and abs(lon) <= 180.0:
        return lon, lat
    swapped = abs(lon) <= 90.0 and abs(lat) <= 180.0
    hint = f"; did you mean {lon:g},{lat:g}? (latitude goes first)" if swapped else ""
    raise UnknownPlaceError(
        f"{text!r}: latitude must be within ±90 and longitude within ±180 degrees{hint}"
    )
