"""How much memory an import will need, told before anything is read."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from corridors.errors import SchemaError

# STORE_BYTES, GRAPH_BYTES, BASE_MB and MERGE_MB were measured (benchmarks/osm_import.py);
# BYTES_PER_NODE and SHARE are assumptions on the safe side: an extract of a town has 18 bytes of
# PBF for each node and 250 of XML, a bare one 4 of PBF. What was read is looked at again (see).
BYTES_PER_NODE = {"pbf": 6.0, "osm": 110.0, "osm.bz2": 9.0, "osm.gz": 12.0}
"""Of the file, for each node in it, ways included."""
STORE_BYTES = 16.0
"""Of the store, for each node of the file."""
GRAPH_BYTES = 280.0
"""Of arrays and frames, for each node of a way that is imported."""
SHARE = 0.15
"""Of a file's nodes that are taken to lie on rails, main roads, ferries and pipelines."""
BASE_MB = 450.0
"""The libraries and the country polygons."""
MERGE_MB = 1_400.0
"""The shipped network, while an import is merged into it and both are written."""
MB = 1e6


@dataclass(frozen=True)
class Plan:
    """What an import will use."""

    nodes: float
    need_mb: float
    free_mb: float
    in_memory: bool
    """Whether the store of nodes is in memory, and not in a scratch file."""
    file: Path
    base_mb: float


def available_mb() -> float:
    """Return the memory in MB that this process may still use."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(float(line.split()[1]) * 1024 / MB)
    except OSError:
        pass
    if not found:
        try:
            found.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MB)
        except (ValueError, OSError, AttributeError):
            found.append(4000.0)
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ),
    ):
        try:
            found.append((int(Path(limit).read_text()) - int(Path(used).read_text())) / MB)
        except (OSError, ValueError):
            continue
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            found.append(soft / MB)
    except ImportError:
        pass
    return max(min(found), 0.0)


def plan(file: Path, form: str, limit_mb: float | None = None, *, merging: bool = False) -> Plan:
    """Return how a file can be read with the memory that there is.

    Parameters
    ----------
    file : path
    form : str
        pbf, osm, osm.bz2 or osm.gz.
    limit_mb : float, optional
        May be used at most.
    merging : bool
        Whether it will be merged into the shipped network.

    Raises
    ------
    SchemaError
        Too little memory, even with the nodes in a scratch file; or no room for that.
    """
    nodes = file.stat().st_size / BYTES_PER_NODE[form]
    free = available_mb() if limit_mb is None else min(limit_mb, available_mb())
    base = BASE_MB + (MERGE_MB if merging else 0.0)
    graph = base + nodes * SHARE * GRAPH_BYTES / MB
    store = nodes * STORE_BYTES / MB
    if graph + store <= free:
        return Plan(nodes, graph + store, free, in_memory=True, file=file, base_mb=base)
    size = file.stat().st_size / MB
    if graph > free:
        raise SchemaError(
            f"{file}: about {graph:,.0f} MB of memory are needed for a file of {size:,.0f} MB and "
            f"{free:,.0f} MB are free; cut a smaller extract, or filter it by tags first"
        )
    room = shutil.disk_usage(tempfile.gettempdir()).free / MB
    if room < store * 1.1:
        raise SchemaError(
            f"{file}: about {graph + store:,.0f} MB of memory are needed, {free:,.0f} MB are free, "
            f"and {tempfile.gettempdir()} has no room for a scratch file of {store:,.0f} MB"
        )
    return Plan(nodes, graph, free, in_memory=False, file=file, base_mb=base)


def see(plan: Plan, way_nodes: int) -> None:
    """See that what was read so far can be made into a graph.

    A file that was filtered by tags holds more nodes of ways than :data:`SHARE` says.

    Raises
    ------
    SchemaError
        It cannot, with the memory that was free before.
    """
    need = plan.base_mb + way_nodes * GRAPH_BYTES / MB
    if need > plan.free_mb:
        raise SchemaError(
            f"{plan.file}: its {way_nodes:,} or more nodes of ways need about {need:,.0f} MB of "
            f"memory and {plan.free_mb:,.0f} MB are free; import one layer at a time (--layer), or "
            "cut a smaller extract"
        )
