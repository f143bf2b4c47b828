"""Why there is no path: where the network is cut, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corridors.geodesy import distance_km, unit_vectors
from corridors.network.store import KINDS, MODES
from corridors.routing.engine import INF
from corridors.routing.legs import facility_name

if TYPE_CHECKING:
    from corridors.names import Match as Place
    from corridors.routing.joins import Join
    from corridors.routing.network import Network, Weighted


def reach(net: Network, w: Weighted) -> NDArray[np.int32]:
    """Return the component of every node over the arcs that a profile may travel."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    c = net.columns
    use = w.weights < INF
    n = c.n_nodes
    u, v = c.e_u[use], c.e_v[use]
    matrix = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(n, n))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int32)


def explain(
    net: Network, w: Weighted, a: Place, b: Place, start: list[Join], end: list[Join]
) -> str:
    """Return one line that says where the way from a to b is cut.

    First what is closed between the two parts of the network, else how near they come.
    """
    c, words = net.columns, net.columns.words
    labels = reach(net, w)
    modes = ", ".join(w.profile.modes)
    head = f"no way from {a.name} to {b.name} by {modes} in {w.profile.year}"
    mine = {int(labels[j.node]) for j in start}
    theirs = {int(labels[j.node]) for j in end}
    in_a, in_b = np.isin(labels, list(mine)), np.isin(labels, list(theirs))
    if mine & theirs:
        return f"{head}: the way exists only in the other direction (one-way lines)"
    shut = (w.weights >= INF) & ((in_a[c.e_u] & in_b[c.e_v]) | (in_b[c.e_u] & in_a[c.e_v]))
    codes = {MODES.index(m) for m in w.profile.modes}
    shut &= np.isin(c.e_mode, list(codes)) | (c.e_kind != KINDS.index("line"))
    names = sorted(
        {facility_name(words["facility"][f], net.facilities) for f in c.e_facility[shut] if f}
    )
    if names:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        return f"{head}: it would need what is closed or not built: {shown}"
    km, x, y = _gap(net, in_a, in_b)
    lands = _lands(net, in_a), _lands(net, in_b)
    return (
        f"{head}: the network around {a.name} ({lands[0]}) and the one around {b.name} "
        f"({lands[1]}) do not meet; they come within {km:,.0f} km near {y:.2f}, {x:.2f}"
    )


def _gap(
    net: Network, in_a: NDArray[np.bool_], in_b: NDArray[np.bool_]
) -> tuple[float, float, float]:
    from scipy.spatial import cKDTree

    lon, lat = net.columns.n_lon, net.columns.n_lat
    a, b = np.flatnonzero(in_a), np.flatnonzero(in_b)
    if len(b) > len(a):
        a, b = b, a
    far, at = cKDTree(unit_vectors(lon[a], lat[a])).query(unit_vectors(lon[b], lat[b]))
    i = int(np.argmin(far))
    p, q = int(b[i]), int(a[at[i]])
    return float(distance_km(lon[p], lat[p], lon[q], lat[q])), float(lon[p]), float(lat[p])


def _lands(net: Network, member: NDArray[np.bool_]) -> str:
    c = net.columns
    codes, counts = np.unique(c.n_country[member], return_counts=True)
    top = [c.words["country"][k] for k in codes[np.argsort(-counts)] if k][:4]
    return ", ".join(top) or "sea"
