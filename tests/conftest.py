"""Fixtures and rules that all tests share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def find_chromium() -> str | None:
    """Return the browser to test with: CORRIDORS_CHROMIUM, or the first on the path."""
    named = os.environ.get("CORRIDORS_CHROMIUM")
    return named or next((p for n in CHROMIUM_NAMES if (p := shutil.which(n))), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of a Chromium; the test is skipped where there is none (failed, in CI)."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium: install it, or name it with CORRIDORS_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def chromium_args() -> list[str]:
    """Options for a headless Chromium that may run as root and keeps off the network."""
    return list(CHROMIUM_ARGS)


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the checkout."""
    return ROOT


@pytest.fixture(scope="module")
def sections() -> ModuleType:
    """data/build/sections.py, which is no package's module."""
    path = ROOT / "data" / "build" / "sections.py"
    spec = importlib.util.spec_from_file_location("sections", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["sections"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path, None, None]:
    """Return an empty cache folder, for this test alone."""
    from corridors import datasets

    folder = tmp_path / "cache"
    monkeypatch.setenv("CORRIDORS_CACHE", str(folder))
    datasets.cache_dir.cache_clear()
    datasets._memory.cache_clear()
    yield folder
    datasets.cache_dir.cache_clear()
    datasets._memory.cache_clear()


def skip_counts_as_failure(marks: set[str], environment: dict[str, str]) -> bool:
    """Return whether a skip fails: in CI all that these tests need is there."""
    return bool(environment.get("CI")) and bool(marks & {"browser", "notebook", "postgis"})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    marks = {mark.name for mark in item.iter_markers()}
    if (
        report.skipped
        and not hasattr(report, "wasxfail")
        and skip_counts_as_failure(marks, dict(os.environ))
    ):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which no browser, notebook or PostGIS test may be in CI: {why}"
    return report
