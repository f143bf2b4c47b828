"""Build hook: the map's web assets from npm, and data/geo into the wheel.

``web/`` holds our own JavaScript and names the npm packages that the map needs; ``npm run build``
there writes ``src/corridors/maps/assets/``, which is not committed. The hook runs it when the
assets are missing or older than their sources. Without npm the build goes on, and maps are written
with links to a CDN instead.

``python hatch_build.py`` does the same for a checkout, and says what it did (pip hides the words
of a build that works).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc,unused-ignore]

ROOT = Path(__file__).resolve().parent
STAMP = ".built-from"


class NpmError(RuntimeError):
    """Npm is there and did not do its work."""


def sources_digest(web: Path) -> str:
    """Return the SHA-256 of all files of web/ (names and contents), node_modules apart."""
    digest = hashlib.sha256()
    for path in sorted(p for p in web.rglob("*") if p.is_file()):
        name = path.relative_to(web).as_posix()
        if name.startswith("node_modules/"):
            continue
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_assets(root: Path = ROOT) -> str:
    """Build the web assets if they are missing or outdated; return one line that says so.

    Raises
    ------
    NpmError
        Where npm is there and fails, with the end of its output.
    """
    web, assets = root / "web", root / "src" / "corridors" / "maps" / "assets"
    if not (web / "package.json").is_file():
        return "web assets: no web/package.json here, nothing to build"
    wanted = sources_digest(web)
    stamp = assets / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted:
        return "web assets: up to date"
    npm = shutil.which("npm")
    if npm is None:
        state = "older than their sources" if stamp.is_file() else "missing"
        return (
            f"web assets: {state}, and npm is not installed. Maps will be written with links to a "
            "CDN and need a network to open. For maps in one offline file: install Node.js with "
            "npm and run this again."
        )
    stamp.unlink(missing_ok=True)
    for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run(
            [npm, *command],
            cwd=web,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            tail = "\n  ".join(done.stdout.strip().splitlines()[-15:])
            raise NpmError(f"web assets: 'npm {' '.join(command)}' failed in web/:\n  {tail}")
    if not assets.is_dir():
        raise NpmError(f"web assets: 'npm run build' wrote nothing to {assets.relative_to(root)}")
    stamp.write_text(wanted + "\n", encoding="utf-8")
    return "web assets: built"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Run by hatchling for wheels (installs in place too) and source archives."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets and, for a wheel proper, put the data into it."""
        root = Path(self.root)
        try:
            self.app.display_info(build_assets(root))
        except NpmError as error:
            if os.environ.get("CI"):
                raise
            self.app.display_warning(f"{error}\nGoing on without: maps get links to a CDN.")
        if self.target_name == "wheel" and version == "standard":
            if not (root / "data" / "geo" / "datapackage.json").is_file():
                raise FileNotFoundError(
                    "data/geo/datapackage.json is missing: run 'make data' before building a wheel"
                )
            build_data["force_include"]["data/geo"] = "corridors/_data"


if __name__ == "__main__":
    try:
        print(build_assets())
    except NpmError as failure:
        print(failure, file=sys.stderr)
        if os.environ.get("CI"):
            sys.exit(1)
        print("Going on without: maps get links to a CDN and need a network.", file=sys.stderr)
