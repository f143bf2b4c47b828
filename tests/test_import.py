"""`import corridors` stays light, and its public names are there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("pandas", "geopandas", "folium", "shapely", "networkx", "numpy", "scipy", "pyarrow",
         "matplotlib", "pyproj", "typer", "rich")  # fmt: skip


def loaded_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after a statement."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "statement",
    [
        "import corridors",
        "import corridors; corridors.UnknownPlaceError",
        "from corridors import datasets; datasets.data_dir()",
    ],
)
def test_import_is_light(statement: str) -> None:
    assert not loaded_after(statement) & set(HEAVY)


def test_heavy_modules_would_be_seen() -> None:
    assert "numpy" in loaded_after("import corridors.geodesy")


def test_unknown_name_is_an_attribute_error() -> None:
    import corridors

    with pytest.raises(AttributeError, match="no attribute 'Atlantis'"):
        _ = corridors.Atlantis


def test_public_names_are_there() -> None:
    import corridors

    for name in corridors.__all__:
        assert getattr(corridors, name) is not None, name
