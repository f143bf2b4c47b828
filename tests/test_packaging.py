"""A wheel, a source archive and a checkout all find the data; nothing odd is tracked."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-cache-dir"]

needs_hatchling = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None or importlib.util.find_spec("pip") is None,
    reason="builds with the hatchling and pip of this environment, and there are none",
)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def run(
    *command: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build needs, so that the checkout is not written to."""
    copy = tmp_path_factory.mktemp("source") / "corridors"
    keep = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")
    for name in ("src", "data/geo", "web"):
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=keep)
    files = "pyproject.toml hatch_build.py README.md LICENSE CHANGELOG.md CITATION.cff"
    for name in files.split():
        shutil.copy(root / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def no_npm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH without npm: these tests build no web assets."""
    folder = tmp_path_factory.mktemp("bin")
    return str(folder)


@pytest.fixture(scope="module")
def wheel(source: Path, no_npm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", out, source, PATH=no_npm, CI="")
    (built,) = out.glob("*.whl")
    return built


FIND = (
    "import pathlib, corridors; from corridors import datasets as d; "
    "print(pathlib.Path(corridors.__file__).parent); print(d.data_dir()); "
    "print(all(r['verified'] is True for r in d.describe())); print(d.version())"
)


@needs_hatchling
def test_wheel_holds_code_types_and_data_and_no_more(wheel: Path, root: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {p.name for p in (root / "data" / "geo").iterdir()}
    assert {n.removeprefix("corridors/_data/") for n in names if "/_data/" in n} == shipped
    assert "corridors/py.typed" in names
    assert "corridors/datasets.py" in names
    tops = {n.split("/")[0] for n in names}
    assert len(tops) == 2, tops  # the package and its dist-info
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert any(n.endswith("LICENSES.md") and ".dist-info/" in n for n in names)


@needs_hatchling
def test_installed_wheel_finds_its_own_data(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    run(*PIP, "install", "--no-deps", "--no-index", "--target", target, wheel)
    done = run(sys.executable, "-c", FIND, cwd=tmp_path, PYTHONPATH=str(target), HOME=str(tmp_path))
    where, data, whole, version = done.stdout.split()
    assert Path(where) == target / "corridors"
    assert Path(data) == target / "corridors" / "_data"
    assert whole == "True"
    from corridors import datasets

    assert version == datasets.version()


@needs_hatchling
@pytest.mark.skipif(importlib.util.find_spec("editables") is None, reason="there is no editables")
def test_editable_install_finds_the_checkouts_data(
    source: Path, no_npm: str, tmp_path: Path
) -> None:
    target = tmp_path / "site"
    run(
        *PIP, "install", "--no-deps", "--no-index", "--no-build-isolation", "--target", target,
        "-e", source, PATH=no_npm, CI="",
    )  # fmt: skip
    assert not (target / "corridors").exists(), "an editable install must not copy the data"
    follow = f"import site; site.addsitedir({str(target)!r}); {FIND}"
    done = run(sys.executable, "-c", follow, cwd=tmp_path, HOME=str(tmp_path))
    where, data, whole, _ = done.stdout.split()
    # the test's own environment may have the library too: what counts is that both agree
    assert Path(data) == Path(where).parents[1] / "data" / "geo"
    assert whole == "True"


@needs_hatchling
def test_source_archive_builds_the_same_wheel(
    source: Path, wheel: Path, no_npm: str, tmp_path: Path
) -> None:
    run(
        sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path,
        cwd=source, PATH=no_npm, CI="",
    )  # fmt: skip
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (tree,) = (p for p in tmp_path.iterdir() if p.is_dir())
    assert not (tree / "web" / "node_modules").exists()
    out = tmp_path / "dist"
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", out, tree, PATH=no_npm, CI="")
    (built,) = out.glob("*.whl")
    assert sorted(zipfile.ZipFile(built).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


# --- the build hook ---


@pytest.fixture
def hook(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", root / "hatch_build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package.json").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put an npm of a given shell script before all others; return the file that it logs to."""

    def make(script: str) -> Path:
        folder, log = tmp_path / "fakebin", tmp_path / "npm.log"
        folder.mkdir()
        npm = folder / "npm"
        npm.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{script}\n', encoding="utf-8")
        npm.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return log

    return make


def test_assets_are_built_once_and_again_when_sources_change(
    hook: ModuleType, tree: Path, fake_npm: Callable[[str], Path]
) -> None:
    log = fake_npm("mkdir -p ../src/corridors/maps/assets; echo x > ../src/corridors/maps/assets/a")
    assert hook.build_assets(tree) == "web assets: built"
    assert hook.build_assets(tree) == "web assets: up to date"
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2
    (tree / "web" / "node_modules").mkdir()
    (tree / "web" / "node_modules" / "x").touch()
    assert hook.build_assets(tree) == "web assets: up to date"
    (tree / "web" / "map.js").write_text("1", encoding="utf-8")
    assert hook.build_assets(tree) == "web assets: built"


def test_no_npm_is_said_and_no_error(
    hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook.shutil, "which", lambda _: None)
    assert "npm is not installed" in hook.build_assets(tree)
    assert "CDN" in hook.build_assets(tree)


def test_failing_npm_shows_its_words_and_leaves_no_stamp(
    hook: ModuleType, tree: Path, fake_npm: Callable[[str], Path]
) -> None:
    fake_npm("echo something broke >&2; exit 3")
    with pytest.raises(hook.NpmError, match=r"(?s)'npm ci.*failed.*something broke"):
        hook.build_assets(tree)
    assert not (tree / "src").exists()


# --- the repository ---


def tracked(root: Path) -> list[Path]:
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = run("git", "-C", root, "ls-files", "-z").stdout
    return [root / name for name in listed.split("\0") if name]


@needs_git
def test_no_registry_host_or_machine_path_is_tracked(root: Path) -> None:
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npm" + "js.org", "deb.deb" + "ian"]
    paths = ["/wo" + "rk/", "/ro" + "ot/"]
    pattern = re.compile("|".join(re.escape(x) for x in hosts + paths))
    found = []
    for file in tracked(root):
        if not file.is_file() or file.suffix in {".parquet", ".png", ".jpg"}:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [f"{file.relative_to(root)}: {m[0]}" for m in pattern.finditer(text)]
    assert not found


@needs_git
def test_nothing_that_is_built_is_tracked(root: Path) -> None:
    names = [f.relative_to(root).as_posix() for f in tracked(root)]
    assert not [
        n for n in names if "node_modules/" in n or n.startswith("src/corridors/maps/assets/")
    ]


def test_everything_that_is_installed_is_pinned(root: Path) -> None:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    asked = list(project["project"]["dependencies"]) + project["build-system"]["requires"]
    for extra in project["project"]["optional-dependencies"].values():
        asked += extra
    for group in project["dependency-groups"].values():
        asked += group
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.split("==")[0] for line in lines if "==" in line}
    assert pins == {p.lower().replace("_", "-") for p in pins}
    named = {re.split(r"[\[<>=; ]", a)[0].lower().replace("_", "-") for a in asked} - {"corridors"}
    assert named - pins == set()


# modules that only an extra brings, and may be imported only inside functions
EXTRAS = {
    "dask": "dask", "distributed": "dask", "geoalchemy2": "postgis", "ipykernel": "notebook",
    "matplotlib": "charts", "openpyxl": "xlsx", "osmium": "osm", "psycopg": "postgis",
    "sqlalchemy": "postgis",
}  # fmt: skip


def imports_of(file: Path) -> set[tuple[str, bool]]:
    """Return (top-level module, at module level) of a file's imports; not those for types only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: set[tuple[str, bool]] = set()

    def visit(node: ast.AST, top: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.update((alias.name.split(".")[0], top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add((node.module.split(".")[0], top))
        inner = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(tree, True)
    return found


def test_every_import_is_a_declared_dependency(root: Path) -> None:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {re.split(r"[\[<>=; ]", d)[0].lower() for d in project["dependencies"]}
    faults = []
    for file in sorted((root / "src").rglob("*.py")):
        for module, top in sorted(imports_of(file)):
            if module in sys.stdlib_module_names or module == "corridors" or module in core:
                continue
            where = f"{file.relative_to(root)}: {module}"
            if module not in EXTRAS:
                faults.append(f"{where} is not among the dependencies")
            elif top:
                faults.append(f"{where} comes with an extra: import it inside a function")
    assert not faults
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])


def test_versions_agree(root: Path) -> None:
    import tomllib

    import corridors

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert project["version"] == corridors.__version__
    assert f"version: {corridors.__version__}\n" in citation
    assert f"## {corridors.__version__}" in changes


@pytest.mark.parametrize(
    ("environment", "summary"),
    [
        ({"CI": "true"}, "1 failed, 1 passed, 1 skipped, 1 error"),
        ({"CI": ""}, "1 passed, 3 skipped"),
    ],
)
def test_in_ci_a_skipped_browser_or_notebook_test_has_failed(
    root: Path, tmp_path: Path, environment: dict[str, str], summary: str
) -> None:
    shutil.copy(root / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.browser\ndef test_map(): pytest.skip('no browser')\n"
        "@pytest.mark.notebook\n@pytest.mark.skipif(True, reason='x')\ndef test_book(): pass\n"
        "@pytest.mark.browser\ndef test_seen(): pass\n"
        "def test_other(): pytest.skip('may be')\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", root / "pyproject.toml",
         "--rootdir", tmp_path, tmp_path],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert summary in done.stdout.splitlines()[-1], done.stdout
