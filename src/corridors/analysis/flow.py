"""Capacity and flow: what a corridor or a pipe system can carry, and what limits it.

A system is a frame of links: ``from_node, to_node, name, capacity`` and, if wanted,
``cost_per_unit``. Parallel links are kept apart (lines A, B and C are three), supplies are links
without a ``from_node``. networkx answers: maximum flow, the minimum cut that proves it, and the
cheapest flow for a demand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corridors.errors import NoRouteError, SchemaError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes

    from corridors.atlas import Atlas
    from corridors.routing.network import Network

SOURCE = "(source)"
SCALE = 10**6
"""networkx's network simplex wants whole numbers: amounts and costs are taken in millionths."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A flow through a system.

    Attributes
    ----------
    value : float
        From source to sink, in ``unit``.
    links : DataFrame
        The links with ``flow`` and ``used`` (part of the capacity; missing where that is not
        known).
    cut : DataFrame
        The links that limit it: all full, and together they carry ``value``. Empty for a flow that
        meets its demand.
    cost : float or None
        Sum of flow times ``cost_per_unit``.
    """

    value: float
    unit: str
    links: pd.DataFrame
    cut: pd.DataFrame
    cost: float | None = None

    def __repr__(self) -> str:
        tight = ", ".join(self.cut["name"]) if len(self.cut) else ""
        limit = f"; limited by {tight}" if tight else ""
        digits = 0 if self.value >= 1000 else 2
        return f"<Flow {self.value:,.{digits}f} {self.unit}{limit}>"

    def chart(self, ax: Axes | None = None, top: int = 20) -> Axes:
        """Draw how much of each link is used, fullest last; the cut is red."""
        import matplotlib.pyplot as plt

        frame = self.links[self.links["flow"] > 0].copy()
        frame = frame.sort_values("used", na_position="first").tail(top)
        if ax is None:
            _, ax = plt.subplots(figsize=(8, 0.35 * len(frame) + 1.2))
        tight = set(self.cut["name"])
        colors = ["C3" if n in tight else "C0" for n in frame["name"]]
        ax.barh(frame["name"], frame["capacity"].fillna(frame["flow"]), color="0.9")
        ax.barh(frame["name"], frame["flow"], color=colors)
        ax.set_xlabel(f"{self.unit}: flow (blue, red in the limiting cut), capacity (grey)")
        ax.tick_params(axis="y", labelsize=8)
        return ax


def check_links(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links in order, or say every fault.

    Raises
    ------
    SchemaError
        A column that is missing, a capacity that is negative or no number, a name twice.
    """
    faults = [f"column {c!r} is missing" for c in ("from_node", "to_node", "name", "capacity")
              if c not in links.columns]  # fmt: skip
    if faults:
        raise SchemaError("links cannot be read", tuple(faults))
    frame = links.reset_index(drop=True).copy()
    frame["from_node"] = frame["from_node"].fillna("").astype(str)
    for i, row in frame.iterrows():
        value = row["capacity"]
        if value == value and not value >= 0:
            faults.append(f"row {i}: capacity {value!r} of {row['name']} is negative")
        if not str(row["to_node"]):
            faults.append(f"row {i}: {row['name']} leads nowhere")
    doubled = frame["name"][frame["name"].duplicated()].unique()
    faults += [f"name {n!r} stands twice" for n in doubled]
    if faults:
        raise SchemaError("links cannot be read", tuple(faults))
    return frame


def _graph(frame: pd.DataFrame) -> nx.DiGraph:
    """Return a simple graph with a node in the middle of every link, so parallels stay apart.

    A link of unknown capacity has none here, which networkx takes as unlimited.
    """
    import networkx as nx

    graph = nx.DiGraph()
    has_cost = "cost_per_unit" in frame.columns
    for i, row in frame.iterrows():
        tail = row["from_node"] or SOURCE
        middle = ("link", int(i))
        extra = {} if row["capacity"] != row["capacity"] else {"capacity": float(row["capacity"])}
        cost = float(row["cost_per_unit"]) if has_cost else 0.0
        graph.add_edge(tail, middle, weight=cost, **extra)
        graph.add_edge(middle, row["to_node"], weight=0.0)
    return graph


def _ends(graph: nx.DiGraph, source: str | None, sink: str) -> str:
    start = SOURCE if source is None else source
    for node, word in ((start, "source"), (sink, "sink")):
        if node not in graph:
            known = sorted(str(n) for n in graph if not isinstance(n, tuple))
            raise SchemaError(f"{word} {node!r} is no node; nodes are: {', '.join(known)}")
    return start


def _with_flow(frame: pd.DataFrame, flow: dict[Any, dict[Any, float]]) -> pd.DataFrame:
    out = frame.copy()
    out["flow"] = [
        float(flow.get(("link", int(i)), {}).get(row["to_node"], 0.0))
        for i, row in frame.iterrows()
    ]  # fmt: skip
    out["used"] = (out["flow"] / out["capacity"].where(out["capacity"] > 0)).round(4)
    return out


def max_flow(
    links: pd.DataFrame, sink: str, source: str | None = None, *, unit: str = "units a year"
) -> Flow:
    """Return the greatest flow and the cut that limits it.

    Parameters
    ----------
    links : DataFrame
    sink : str
    source : str, optional
        A node; by default all supplies together (links without ``from_node``).

    Raises
    ------
    NoRouteError
        Nothing limits it: a way of links of unknown capacity leads from source to sink.
    """
    import networkx as nx

    frame = check_links(links)
    graph = _graph(frame)
    start = _ends(graph, source, sink)
    try:
        value, flow = nx.maximum_flow(graph, start, sink)
    except nx.NetworkXUnbounded:
        raise NoRouteError(
            f"nothing is known to limit the flow to {sink}: a way leads there over links without a "
            "capacity"
        ) from None
    _, (reached, _) = nx.minimum_cut(graph, start, sink)
    tight = [
        (row["from_node"] or SOURCE) in reached and row["to_node"] not in reached
        and ("link", int(i)) not in reached
        for i, row in frame.iterrows()
    ]  # fmt: skip
    done = _with_flow(frame, flow)
    return Flow(float(value), unit, done, done[tight].reset_index(drop=True))


def cheapest_flow(
    links: pd.DataFrame,
    sink: str,
    demand: float,
    source: str | None = None,
    *,
    unit: str = "units a year",
) -> Flow:
    """Return the cheapest flow that brings a demand to the sink.

    ``cost_per_unit`` of the links is added up over the way.

    Raises
    ------
    NoRouteError
        The demand is above the maximum flow.
    """
    import networkx as nx

    if demand <= 0:
        raise SchemaError(f"demand {demand:g} must be above zero")
    frame = check_links(links)
    if "cost_per_unit" not in frame.columns or frame["cost_per_unit"].isna().any():
        raise SchemaError("the cheapest flow needs cost_per_unit in every row of the links")
    graph = _graph(frame)
    start = _ends(graph, source, sink)
    for _, _, data in graph.edges(data=True):
        if "capacity" in data:
            data["capacity"] = round(data["capacity"] * SCALE)
        data["weight"] = round(data["weight"] * SCALE)
    amount = round(demand * SCALE)
    graph.add_node(start, demand=-amount)
    graph.add_node(sink, demand=amount)
    try:
        flow = nx.min_cost_flow(graph)
    except nx.NetworkXUnfeasible:
        most = max_flow(links, sink, source, unit=unit)
        raise NoRouteError(
            f"{demand:g} {unit} cannot reach {sink}: at most {most.value:g}, limited by "
            f"{', '.join(most.cut['name'])}"
        ) from None
    flow = {a: {b: v / SCALE for b, v in out.items()} for a, out in flow.items()}
    done = _with_flow(frame, flow)
    cost = float((done["flow"] * done["cost_per_unit"]).sum())
    return Flow(float(demand), unit, done, done.iloc[0:0], cost)


def without(links: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the links without some, by name or id.

    Raises
    ------
    SchemaError
        A name that no link has.
    """
    drop = set(names)
    keys = [c for c in ("name", "id") if c in links.columns]
    known = set().union(*(set(links[c].astype(str)) for c in keys))
    unknown = sorted(drop - known)
    if unknown:
        raise SchemaError(
            f"no link {', '.join(map(repr, unknown))}; there are: {', '.join(sorted(known))}"
        )
    gone = links[keys].astype(str).isin(drop).any(axis=1)
    return links[~gone]


def outages(links: pd.DataFrame, sink: str, *, unit: str = "units a year") -> pd.DataFrame:
    """Return, link by link, what the maximum flow loses without it; greatest loss first."""
    import pandas as pd

    frame = check_links(links)
    whole = max_flow(frame, sink, unit=unit).value
    rows = []
    for name in frame["name"]:
        rest = frame[frame["name"] != name]
        try:
            left = max_flow(rest, sink, unit=unit).value
        except SchemaError:
            left = 0.0
        rows.append((name, whole - left, left, round((whole - left) / whole, 4) if whole else 0.0))
    out = pd.DataFrame(rows, columns=["name", "loss", "left", "loss_share"])
    return out.sort_values("loss", ascending=False, kind="stable").reset_index(drop=True)


def flow_range(links: pd.DataFrame, sink: str, *, unit: str = "units a year") -> pd.DataFrame:
    """Return the maximum flow with all capacities low, as given, and high.

    The columns ``low`` and ``high`` of the links; the true range is within it, since not all are
    low at once.
    """
    import pandas as pd

    rows = []
    for case in ("low", "capacity", "high"):
        frame = links.assign(capacity=links[case]) if case != "capacity" else links
        found = max_flow(frame, sink, unit=unit)
        rows.append(("as given" if case == "capacity" else case, found.value,
                     ", ".join(found.cut["name"])))  # fmt: skip
    return pd.DataFrame(rows, columns=["case", "flow", "limited_by"])


# --- a named corridor as such a system -----------------------------------------------------------


def corridor_links(
    net: Network,
    atlas: Atlas,
    ident: str,
    *,
    unit: str = "mt",
    year: int = 2026,
    branches: Sequence[str] | None = None,
    kinds: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Return a named corridor's branches, merged, as links with capacities.

    Nodes are the corridor's places, links its stages; capacities are those of capacities.csv (both
    directions together). A joint capacity of several links out of one place (the two rail crossings
    into Kazakhstan, the ports of Aktau and Kuryk) is a link of its own before them; a port's
    capacity is a link through the port. Of a ferry stage every line with a known capacity is a
    link; where none is known the stage is one link without a limit.

    Parameters
    ----------
    unit : {"mt", "teu"}
    kinds : tuple of str, optional
        Kinds of capacities that count (crossing, line, port, fleet).

    Returns
    -------
    DataFrame
        ``from_node, to_node, name, kind, capacity, low, high, cost_per_unit`` (USD per tonne or
        TEU over the stage), ``hours, length_km, source``; capacity is missing where none is known.
    """
    import pandas as pd

    from corridors.analysis.capacity import UNITS, capacities
    from corridors.analysis.named import branches as all_branches
    from corridors.analysis.named import chain, find_corridor
    from corridors.errors import SnapError

    if unit not in UNITS:
        raise SchemaError(f"capacity unit {unit!r} is unknown; choose mt or teu")
    known = find_corridor(atlas, ident)
    named = all_branches(atlas, known)
    wanted = list(named) if branches is None else list(branches)
    rows = capacities(unit, year, kinds=kinds)
    stages: dict[tuple[str, str, str], Any] = {}
    skipped: list[str] = []
    used: list[str] = []
    for branch in wanted:
        if branch not in named:
            raise SchemaError(f"{known} has no branch {branch!r}; there are: {', '.join(named)}")
        part: dict[tuple[str, str, str], Any] = {}
        try:
            places = named[branch]
            for a, b in itertools.pairwise(places):
                key = (a.place, b.place, b.modes[0])
                part[key] = stages.get(key) or chain(
                    net, [(a.place, ()), (b.place, b.modes)], year=year
                )
        except (NoRouteError, SnapError) as error:
            skipped.append(f"{branch}: {error}")
            continue
        stages |= part
        used.append(branch)
    if not stages:
        raise NoRouteError(f"{known} is not open in {year}: {'; '.join(skipped)}")
    loose: list[str] = []
    frame = pd.DataFrame(_stage_links(net, stages, rows, unit, loose))
    ends = {e: list(dict.fromkeys(named[b][i].place for b in used))
            for e, i in (("sources", 0), ("sinks", -1))}  # fmt: skip
    frame.attrs = {"corridor": known, "unit": unit, "year": year, "not_open": skipped,
                   "notes": loose, **ends}  # fmt: skip
    return frame


def _parting(
    stages: list[tuple[str, str, str]], members: list[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """Return the stages out of the last place that all members have in common before them.

    From each member the way is followed back over places with one way in and one way out; nothing
    is returned where these do not meet.
    """
    chains: list[dict[str, tuple[str, str, str]]] = []
    for member in members:
        chain, at = {member[0]: member}, member[0]
        while True:
            before = [s for s in stages if s[1] == at]
            if len(before) != 1 or sum(s[0] == at for s in stages) != 1:
                break
            at = before[0][0]
            if at in chain:
                break
            chain[at] = before[0]
        chains.append(chain)
    common = [place for place in chains[0] if all(place in c for c in chains)]
    return list(dict.fromkeys(c[common[0]] for c in chains)) if common else []


def _stage_links(
    net: Network,
    stages: dict[tuple[str, str, str], Any],
    rows: list[Any],
    unit: str,
    loose: list[str],
) -> list[dict[str, Any]]:
    from corridors.analysis.capacity import met

    teu = next(iter(stages.values())).cargo["payload_t_per_teu"] if unit == "mt" else 1.0
    ports = {c.at[0]: c for c in rows if c.kind == "port" and len(c.at) == 1}
    out: list[dict[str, Any]] = []
    entered: set[str] = set()

    def link(tail: str, head: str, name: str, kind: str, c: Any, **more: Any) -> dict[str, Any]:
        value = {"capacity": float("nan"), "low": float("nan"), "high": float("nan"), "source": ""}
        if c is not None:
            value = {"capacity": c.value, "low": c.low, "high": c.high, "source": c.source}
        return {"from_node": tail, "to_node": head, "name": name, "kind": kind, **value,
                "cost_per_unit": 0.0, "hours": 0.0, "length_km": 0.0, **more}  # fmt: skip

    def into(place: str) -> str:
        """Return where a stage ends: before the port's own capacity, if it has one."""
        if place not in ports:
            return place
        if place not in entered:
            entered.add(place)
            c = ports[place]
            out.append(link(f"{place} (in)", place, c.name, "port", c))
        return f"{place} (in)"

    # a joint capacity stands where the ways of its members part
    limits = {key: [c for c in met(net, route, rows) if c.kind != "port" or len(c.at) > 1]
              for key, route in stages.items()}  # fmt: skip
    joint: dict[str, list[Any]] = {}
    for key, found in limits.items():
        for c in found:
            if len(c.at) > 1:
                joint.setdefault(c.id, []).append((key, c))
    through: dict[tuple[str, str, str], str] = {}
    for ident, members in joint.items():
        c = members[0][1]
        first = _parting(list(stages), [key for key, _ in members])
        groups = [first] if first else [[key] for key, _ in members]
        if not first:
            loose.append(f"{c.name}: its members have no common way before them; counted at each")
        for group in groups:
            start = through.get(group[0], group[0][0])
            node = f"{group[0][0]} (by {ident})"
            out.append(link(start, node, c.name, c.kind, c))
            for key in group:
                through[key] = node
    for key, route in stages.items():
        a, b, mode = key
        tail = through.get(key, a)
        more = {"cost_per_unit": round(route.cost_usd.expected / teu, 2),
                "hours": route.hours.expected, "length_km": route.length_km}  # fmt: skip
        single = [c for c in limits[key] if len(c.at) == 1]
        if mode == "ferry":
            fleet = _fleet(net, rows, a, b)
            for c in fleet:
                out.append(link(tail, into(b), c.name, c.kind, c, **more))
            if not fleet:
                out.append(link(tail, into(b), f"{a} – {b} by {mode}", "ferry", None, **more))
            continue
        for i, c in enumerate(single):
            node = into(b) if i == len(single) - 1 else f"{a} > {b} ({i + 1})"
            out.append(link(tail, node, c.name, c.kind, c, **(more if i == 0 else {})))
            tail = node
        if not single:
            out.append(link(tail, into(b), f"{a} – {b} by {mode}", "line", None, **more))
    return _numbered(out)


def _fleet(net: Network, rows: list[Any], a: str, b: str) -> list[Any]:
    """Return the capacities of the ferry lines between two terminals."""
    out = []
    for c in rows:
        facility = net.facilities.get(c.at[0])
        if facility is None or facility.kind != "ferry":
            continue
        if {facility.row["from_terminal"], facility.row["to_terminal"]} == {a, b}:
            out.append(c)
    return out


def _numbered(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return links with names that tell them apart."""
    seen: dict[str, int] = {}
    for row in links:
        seen[row["name"]] = seen.get(row["name"], 0) + 1
        if seen[row["name"]] > 1:
            row["name"] = f"{row['name']} ({row['from_node']} – {row['to_node']})"
    return links
