"""Writing files whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
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
