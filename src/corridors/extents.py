"""Where countries lie, roughly: for telling swapped coordinates from right ones.

Whole degrees, rounded outward, of each country's main territory (Natural Earth 1:10m, public
domain). Far islands and exclaves are left out on purpose: they would make the boxes useless.
"""

from __future__ import annotations

from functools import cache

__all__ = ["EXTENT", "country_box"]

# west, south, east, north of everything that is modelled
EXTENT = (-12.0, -11.0, 150.0, 78.0)

_BOXES = """
AD 1 42 2 43|AE 51 22 57 27|AF 60 29 75 39|AL 19 39 22 43|AM 43 38 47 42|AT 9 46 18 50
AZ 44 38 51 42|BA 15 42 20 46|BD 88 20 93 27|BE 2 49 7 52|BG 22 41 29 45|BH 50 25 51 27
BN 114 4 116 6|BT 88 26 93 29|BY 23 51 33 57|CH 5 45 11 48|CN 73 15 135 54|CY 32 34 35 36
CZ 12 48 19 52|DE 5 47 16 56|DJ 41 10 44 13|DK 8 54 16 58|DZ -9 18 12 38|EE 21 57 29 60
EG 24 21 37 32|ER 36 12 44 19|ES -15 28 5 44|ET 32 3 48 15|FI 20 59 32 71|FR -6 41 10 52
GB -14 49 2 61|GE 39 41 47 44|GR 19 34 29 42|HK 113 22 115 23|HR 13 42 20 47|HU 16 45 23 49
ID 95 -11 132 6|IE -11 51 -5 56|IL 34 29 36 34|IN 68 8 98 36|IQ 38 29 49 38|IR 44 25 64 40
IT 6 35 19 48|JO 34 29 40 34|JP 123 24 146 46|KE 33 -5 42 6|KG 69 39 81 44|KH 102 10 108 15
KP 124 37 131 44|KR 124 33 132 39|KW 46 28 49 31|KZ 46 40 88 56|LA 100 13 108 23
LB 35 33 37 35|LK 79 5 82 10|LT 20 53 27 57|LU 5 49 7 51|LV 20 55 29 59|LY 9 19 26 34
MA -18 21 -1 36|MD 26 45 31 49|ME 18 41 21 44|MK 20 40 24 43|MM 92 9 102 29|MN 87 41 120 53
MO 113 22 114 23|MT 14 35 15 37|MY 99 0 120 8|NL 3 50 8 54|NO 4 57 34 81|NP 80 26 89 31
OM 51 16 60 27|PH 116 4 127 22|PK 60 23 78 38|PL 14 48 25 55|PS 34 31 36 33|PT -18 30 -6 43
QA 50 24 52 27|RO 20 43 30 49|RS 18 42 23 47|RU 19 41 180 82|SA 34 16 56 33|SD 21 8 39 23
SE 11 55 25 70|SG 103 1 105 2|SI 13 45 17 47|SK 16 47 23 50|SO 40 -2 52 12|SY 35 32 43 38
TH 97 5 106 21|TJ 67 36 76 42|TM 52 35 67 43|TN 7 30 12 38|TR 25 35 45 43|TW 118 21 123 26
UA 22 44 41 53|UG 29 -2 36 5|UZ 55 37 74 46|VN 102 8 110 24|XK 20 41 22 44|YE 42 12 55 19
"""


@cache
def _boxes() -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for row in _BOXES.strip().replace("\n", "|").split("|"):
        code, west, south, east, north = row.split()
        found[code] = (float(west), float(south), float(east), float(north))
    return found


def country_box(code: str) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) in degrees of a country, or None where unknown."""
    return _boxes().get(code)
