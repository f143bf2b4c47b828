"""A matrix written block by block: no more than a block in memory, resumable, here or on Dask."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import CorridorsError, DataIntegrityError, SchemaError
from corridors.files import whole
from corridors.routing.matrix import BLOCK_ROWS, COLUMN, Progress, Question, Work, tidy
from corridors.routing.spots import spots

if TYPE_CHECKING:
    import pandas as pd

    from corridors.names import Match as Place
    from corridors.routing.network import Network

MANIFEST = "manifest.json"
RETRIES = 3


@dataclass(frozen=True, eq=False)
class Task:
    """A whole matrix as another process needs it."""

    net: Network
    question: Question
    origins: tuple[Place, ...]
    destinations: tuple[Place, ...]
    origin_labels: tuple[str, ...]
    destination_labels: tuple[str, ...]
    version: str

    def work(self, threads: int | None = None) -> Work:
        """Return the question made ready."""
        if self.net.version != self.version:
            raise DataIntegrityError(
                f"this worker has data {self.net.version}, the question was asked of "
                f"{self.version}; install the same corridors on all"
            )
        return Work(self.net, self.origins, self.destinations, self.question, threads=threads)

    def frame(self, work: Work, lo: int, hi: int) -> pd.DataFrame:
        """Return rows ``lo:hi`` of origins, one row per pair."""
        column = COLUMN[self.question.profile(self.net).by]
        block = work.block(lo, hi)
        return tidy(self.origin_labels[lo:hi], self.destination_labels, block, column)


def task_of(net: Network, origins: Any, destinations: Any, question: Question) -> Task:
    """Return the task of a matrix; bad questions are refused here, before anything is written."""
    question.profile(net)
    labels, places = spots(net, origins, "origins")
    to_labels, to_places = (
        (labels, places) if destinations is None else spots(net, destinations, "destinations")
    )
    return Task(net, question, places, to_places, labels, to_labels, net.version)


def frames(task: Task, rows: int, progress: Progress | None) -> Iterator[pd.DataFrame]:
    """Yield a matrix as frames of so many origins each."""
    work = task.work()
    for lo, hi in _spans(len(task.origins), rows):
        yield task.frame(work, lo, hi)
        if progress is not None:
            progress(hi, len(task.origins))


def _spans(n: int, rows: int) -> list[tuple[int, int]]:
    if rows < 1:
        raise SchemaError(f"block_rows={rows}: at least 1")
    return [(lo, min(lo + rows, n)) for lo in range(0, n, rows)]


def write_file(
    task: Task, path: str | Path, *, rows: int = BLOCK_ROWS, progress: Progress | None = None
) -> Path:
    """Write a matrix to one .csv or .parquet file, whole or not at all."""
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise SchemaError(f"cannot write a matrix to {target.name}: end it in .csv or .parquet")
    with whole(target) as scratch:
        if ending == ".csv":
            for i, frame in enumerate(frames(task, rows, progress)):
                frame.to_csv(scratch, mode="a", header=i == 0, index=False, lineterminator="\n")
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            writer = None
            try:
                for frame in frames(task, rows, progress):
                    table = pa.Table.from_pandas(frame, preserve_index=False)
                    writer = writer or pq.ParquetWriter(scratch, table.schema, compression="zstd")
                    writer.write_table(table)
            finally:
                if writer is not None:
                    writer.close()
    return target


def write_parts(
    task: Task,
    folder: str | Path,
    *,
    rows: int = BLOCK_ROWS,
    client: Any = None,
    progress: Progress | None = None,
) -> Path:
    """Write a matrix as ``part-*.parquet`` files; what is there of the same one is not done again.

    Parameters
    ----------
    task : Task
    folder : path
        Shared by all workers. A manifest in it says which matrix it holds.
    rows : int
        Origins per part.
    client : distributed.Client, optional
        A Dask cluster to spread the parts over; a part whose worker dies is given to another.

    Raises
    ------
    SchemaError
        The folder holds something else.
    """
    home = Path(folder)
    spans = _spans(len(task.origins), rows)
    _claim(home, _manifest(task, rows))
    left = [(lo, hi) for lo, hi in spans if not _part(home, lo, rows).is_file()]
    n = len(task.origins)
    done = n - sum(hi - lo for lo, hi in left)

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, n)

    if not left:
        tell(0)
    elif client is None:
        work = task.work()
        for lo, hi in left:
            _write(task.frame(work, lo, hi), _part(home, lo, rows))
            tell(hi - lo)
    else:
        for count in _spread(task, home, left, rows, client):
            tell(count)
    return home


def read_parts(folder: str | Path) -> pd.DataFrame:
    """Return all parts of a finished matrix as one frame.

    Raises
    ------
    DataIntegrityError
        Parts are missing: the run that writes it was stopped; run it again.
    """
    import pandas as pd

    home = Path(folder)
    try:
        manifest = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
        spans = _spans(int(manifest["origins"]), int(manifest["block_rows"]))
    except (OSError, ValueError, KeyError) as error:
        raise DataIntegrityError(f"{home}: holds no matrix ({error})") from None
    paths = [_part(home, lo, int(manifest["block_rows"])) for lo, _ in spans]
    missing = [p.name for p in paths if not p.is_file()]
    if missing:
        raise DataIntegrityError(
            f"{home}: {len(missing)} of {len(paths)} parts are missing; run the same command again"
        )
    return pd.concat([pd.read_parquet(p) for p in paths], ignore_index=True)


def _part(home: Path, lo: int, rows: int) -> Path:
    return home / f"part-{lo // rows:05d}.parquet"


def _manifest(task: Task, rows: int) -> dict[str, Any]:
    profile = task.question.profile(task.net)
    closed = profile.closed | task.net.closures
    digest = hashlib.sha256()
    for side in ((task.origin_labels, task.origins), (task.destination_labels, task.destinations)):
        for label, p in zip(*side, strict=True):
            digest.update(f"{label}\t{p.id}\t{p.country}\t{p.lat!r}\t{p.lon!r}\n".encode())
        digest.update(b"\0")
    areas = hashlib.sha256(b"".join(closed.polygons)).hexdigest()[:16] if closed.polygons else ""
    return {
        "matrix": 1,
        "by": profile.by,
        "weights": [list(x) for x in profile.weights],
        "modes": list(task.question.modes or ()),
        "year": profile.year,
        "cargo": [profile.cargo.unit, profile.cargo.amount],
        "closed": sorted({*closed.facilities, *closed.countries, *closed.modes, areas} - {""}),
        "snap_limits_km": [list(x) for x in task.net.snap_limits_km],
        "data": task.net.version,
        "parameters": task.net.parameters.digest(),
        "places": digest.hexdigest()[:16],
        "origins": len(task.origins),
        "destinations": len(task.destinations),
        "block_rows": rows,
    }


def _claim(home: Path, manifest: dict[str, Any]) -> None:
    """Make the folder this matrix's, or find that it is."""
    file = home / MANIFEST
    text = json.dumps(manifest, indent=2, sort_keys=True)
    if file.is_file():
        if file.read_text(encoding="utf-8") != text:
            raise SchemaError(
                f"{home} holds another matrix (other places, terms or data); name another folder"
            )
        return
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise SchemaError(f"{home} is there and holds no matrix; name another folder")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with whole(file) as scratch:
            scratch.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemaError(f"cannot write {home}: {error.strerror or error}") from error


def _write(frame: pd.DataFrame, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        frame.to_parquet(draft, index=False, compression="zstd")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


# --- on a cluster ----------------------------------------------------------------------------


def _spread(
    task: Task, home: Path, spans: Sequence[tuple[int, int]], rows: int, client: Any
) -> Iterator[int]:
    """Yield the origins of each part as it is written."""
    distributed = dask_distributed()
    # the task lies beside the parts while they are made: every worker, late ones too, finds it
    handle, name = tempfile.mkstemp(prefix=".task-", dir=home)
    try:
        with os.fdopen(handle, "wb") as file:
            pickle.dump(task, file)
        options = {"pure": False, "retries": RETRIES}
        futures = {
            client.submit(_remote, name, str(home), lo, hi, rows, **options): hi - lo
            for lo, hi in spans
        }
        try:
            for future in distributed.as_completed(list(futures)):
                error = future.exception()
                if error is not None:
                    raise _told(error)
                yield futures.pop(future)
        finally:
            client.cancel(list(futures))
    finally:
        Path(name).unlink(missing_ok=True)


def dask_distributed() -> Any:
    """Return the module ``distributed``.

    Raises
    ------
    SchemaError
        It is not installed.
    """
    from importlib import import_module

    try:
        return import_module("distributed")
    except ImportError:
        raise SchemaError(
            "a Dask cluster needs dask and distributed: pip install 'corridors[dask]'"
        ) from None


def _told(error: BaseException) -> CorridorsError:
    """Return what went wrong on a worker as one line."""
    if isinstance(error, CorridorsError):
        return error
    first = (str(error) or type(error).__name__).splitlines()[0]
    return CorridorsError(
        f"a worker failed ({type(error).__name__}): {first}; the parts that are written stay, "
        "run the same command again to go on"
    )


def _remote(name: str, home: str, lo: int, hi: int, rows: int) -> None:
    """Write one part; runs in a worker."""
    task, work = _ready(name)
    _write(task.frame(work, lo, hi), _part(Path(home), lo, rows))


@lru_cache(maxsize=2)
def _ready(name: str) -> tuple[Task, Work]:
    """Return a task made ready, once per worker process."""
    try:
        task: Task = pickle.loads(Path(name).read_bytes())
    except FileNotFoundError:
        raise SchemaError(
            f"this worker does not see {Path(name).parent}: all workers must share the folder"
        ) from None
    return task, task.work(threads=1)
