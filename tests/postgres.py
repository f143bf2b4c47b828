"""Debian's PostgreSQL with PostGIS, started for the tests alone, on a socket of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def bin_folder() -> Path | None:
    """Return the folder of initdb and postgres, the newest that has PostGIS beside it."""
    found = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension/postgis.control"
        if (folder / "initdb").is_file() and share.is_file():
            found.append((int(folder.parent.name), folder))
    return max(found)[1] if found else None


def _as_other() -> tuple[list[str], str]:
    """Return how to run as somebody who is not root, whom PostgreSQL refuses, and who that is."""
    if os.geteuid() != 0:
        return [], pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        options = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        return ["setpriv", *options], name
    raise RuntimeError("no user to run PostgreSQL as")


@contextmanager
def server(binaries: Path) -> Iterator[str]:
    """Yield the URL of an empty database with PostGIS; the server ends with the block."""
    before, user = _as_other()
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home)}

    def run(*command: str) -> None:
        done = subprocess.run(
            [*before, *command], capture_output=True, text=True, env=environment, cwd=home,
            timeout=120, check=False,
        )  # fmt: skip
        if done.returncode:
            log = home / "log"
            more = log.read_text() if log.is_file() else ""
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}{more}")

    try:
        if before:
            shutil.chown(home, user, user if user == "postgres" else "nogroup")
        data = str(home / "data")
        run(str(binaries / "initdb"), "-D", data, "-U", "corridors", "-A", "trust", "-E", "UTF8",
            "--no-sync")  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        run(str(binaries / "pg_ctl"), "-D", data, "-o", options, "-l", str(home / "log"), "-w",
            "start")  # fmt: skip
        try:
            ask = [str(binaries / "psql"), "-h", str(home), "-U", "corridors", "-v",
                   "ON_ERROR_STOP=1", "-q"]  # fmt: skip
            run(*ask, "-d", "postgres", "-c", "CREATE DATABASE plain", "-c", "CREATE DATABASE gis")
            run(*ask, "-d", "gis", "-c", "CREATE EXTENSION postgis")
            yield f"postgresql://corridors@/gis?host={home}"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
