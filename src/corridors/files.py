"""Writing files whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from corridors.errors import SchemaError


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path`` that takes its name when the block ends well.

    Raises
    ------
    SchemaError
        Where the folder is not there or may not be written.
    """
    target = Path(path)
    if target.is_dir():
        raise SchemaError(f"{target} is a folder; name a file in it")
    try:
        folder = tempfile.mkdtemp(prefix=".writing-", dir=target.parent)
    except OSError as error:
        raise SchemaError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        scratch = Path(folder) / target.name
        yield scratch
        scratch.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole_folder(path: str | Path, names: Collection[str]) -> Iterator[Path]:
    """Yield a scratch folder that takes the name ``path`` when the block ends well.

    A folder that is there already is replaced if it holds nothing but files of these names.

    Raises
    ------
    SchemaError
        Where something else is there, or the place may not be written.
    """
    target = Path(path)
    if target.exists():
        known = {n.lower() for n in names}
        others = [target.name] if not target.is_dir() else sorted(
            p.name for p in target.iterdir() if p.name.lower() not in known or p.is_dir()
        )  # fmt: skip
        if others:
            raise SchemaError(f"{target} is there and holds {others[0]}; name a new folder")
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=target.absolute().parent))
    except OSError as error:
        raise SchemaError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        yield scratch
        put_in_place(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def put_in_place(draft: Path, target: Path) -> None:
    """Give a finished folder its name; what had the name stays until the new one is there."""
    draft.chmod(0o755)
    if not target.exists():
        draft.rename(target)
        return
    old = draft.with_name(f"{draft.name}-old")
    target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
