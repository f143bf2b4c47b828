"""Behind every rail crossing that is open lies a network, not a pocket of a few kilometres."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import corridors
from corridors.network.store import KINDS, MODES
from corridors.routing.profile import Profile, open_edges

POCKET_KM = 30.0
# branches that end behind the frontier in truth: terminals at Astara, Torghundi and Biratnagar, the
# lines to Osh and Kyzyl-Kiya
ENDS = {"rail:astara", "rail:torghundi-serhetabat", "rail:jogbani-biratnagar",
        "rail:karasu-karasuu", "rail:kuvasay-kyzyl-kiya"}  # fmt: skip
# where the source has no more of the line, or the frontier of the base map runs along it
WEAK = {"rail:zafarobod-east", "rail:elton-zhanibek", "rail:elton-saykhin",
        "rail:trakiszki-mockava"}  # fmt: skip


@pytest.fixture(scope="module")
def net() -> corridors.Network:
    return corridors.load_network()


def test_no_open_rail_crossing_leads_into_a_pocket(net) -> None:
    c = net.columns
    usable = open_edges(Profile(by="time", modes=("rail",), year=2026), c)
    usable &= np.asarray(c.e_mode) == MODES.index("rail")
    border = usable & (np.asarray(c.e_kind) == KINDS.index("border"))
    inner = usable & ~border
    ends = (np.asarray(c.e_u), np.asarray(c.e_v))
    links = (np.ones(int(inner.sum()), dtype=np.int8), (ends[0][inner], ends[1][inner]))
    label = connected_components(coo_array(links, shape=(c.n_nodes,) * 2), directed=False)[1]
    km = np.bincount(label[ends[0][inner]], weights=np.asarray(c.e_length_km)[inner],
                     minlength=int(label.max()) + 1)  # fmt: skip
    names = np.array(c.words["facility"])[np.asarray(c.e_facility)]
    doors: dict[int, set[str]] = {}
    rows = np.flatnonzero(border)
    for row in rows:
        for end in ends:
            doors.setdefault(int(label[end[row]]), set()).add(str(names[row]))

    def leads_on(row: int) -> bool:
        """Whether there is a network on both sides, or a sliver with another door."""
        sides = [int(label[end[row]]) for end in ends]
        return all(km[side] >= POCKET_KM or len(doors[side]) > 1 for side in sides)

    good = {str(names[row]) for row in rows if leads_on(row)}
    found = {str(n) for n in names[rows] if n.startswith("rail:")} - good
    assert found <= ENDS | WEAK


@pytest.mark.parametrize(
    ("origin", "destination", "closed", "at_most_km"),
    [
        ("Urumqi", "Aktogay", "rail:khorgos-altynkol", 1200),
        ("Urumqi", "Almaty", "rail:dostyk-alashankou", 1200),
        ("Mary", "Torghundi", "rail:sarakhs-serakhs", 450),
        ("Brest", "Warsaw", "rail:kuznica-bruzgi", 300),
    ],
)
def test_each_gate_carries_its_own_traffic(net, origin, destination, closed, at_most_km) -> None:
    route = net.route(origin, destination, by="distance", modes=["rail"], avoid=[closed])
    assert route.length_km <= at_most_km
