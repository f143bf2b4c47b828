"""The data that ship: found, verified against ``datapackage.json``, and read into frames.

An installed wheel holds them in ``corridors/_data``, a checkout in ``data/geo``. Every file is
described there with its SHA-256, licence, sources and row count (a Frictionless data package); a
file is read only if its hash agrees. A verified file is remembered by size and time of change in
the user's cache, so that the check costs nothing the second time.

A user's own folder may stand beside the shipped data (``data=``): its ``places.csv`` adds to, or
by the same key replaces rows of, the dataset ``places``, and so on for each name.

This module loads nothing heavy: it is on the quick path of the command.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import DataIntegrityError, SchemaError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = [
    "cache_dir",
    "data_dir",
    "describe",
    "names",
    "package",
    "path",
    "read_frame",
    "read_table",
    "user_files",
    "version",
]

PACKAGE_FILE = "datapackage.json"
_USER_ENDINGS = (".csv", ".geojson", ".gpkg", ".parquet", ".shp", ".kml")
_USER_NAMES = {"stages": "corridor_stages"}
"""What else a user may call a table."""
USER_DEFAULTS = {"status": "operating", "confidence": "low", "source": ""}
"""What a user's row may leave out; an empty source becomes the file's name."""


def data_dir() -> Path:
    """Return the folder of the data: ``corridors/_data`` (wheel) or ``data/geo`` (checkout).

    Raises
    ------
    DataIntegrityError
        Where neither is there.
    """
    here = Path(__file__).resolve().parent
    candidates = (here / "_data", here.parents[1] / "data" / "geo")
    for folder in candidates:
        if (folder / PACKAGE_FILE).is_file():
            return folder
    raise DataIntegrityError(
        f"the data that ship with corridors are missing: no {PACKAGE_FILE} in "
        f"{' or '.join(str(c) for c in candidates)}; install corridors again, or run 'make data' "
        "in a checkout"
    )


def package() -> dict[str, Any]:
    """Return the parsed ``datapackage.json``; the dict is the caller's own."""
    found: dict[str, Any] = _parse(data_dir())
    return found


def names() -> list[str]:
    """Return the names of all datasets, in the order of the package."""
    return list(_resources())


def path(name: str) -> Path:
    """Return the verified file of a dataset.

    Parameters
    ----------
    name : str
        Name of the dataset (``places``) or of its file (``places.geojson``).

    Raises
    ------
    DataIntegrityError
        No such dataset, or a file that is missing or not what the package says.
    """
    return _verified(data_dir(), _resource(name), trust_memory=True)


def read_frame(name: str, *, data: str | Path | None = None) -> gpd.GeoDataFrame:
    """Return a dataset with geometry, in EPSG:4326 (x = longitude, y = latitude).

    Parameters
    ----------
    name : str
        Dataset stored as ``.geojson`` or ``.parquet``.
    data : path, optional
        A user's folder; its file of the same name follows the shipped rows, and a row with the
        same primary key replaces the shipped one. A CSV needs columns ``lon`` and ``lat``.

    Raises
    ------
    DataIntegrityError
        A shipped file that is missing or changed.
    SchemaError
        A user's file that cannot be read or has no CRS.
    """
    resource = _resource(name)
    frame = _read_geo(path(name))
    own = user_files(data).get(resource["name"])
    if own is None:
        return frame
    merged: gpd.GeoDataFrame = _overlay(frame, _read_user_geo(own), _key(resource), own)
    return merged


def read_table(name: str, *, data: str | Path | None = None) -> pd.DataFrame:
    """Return a dataset stored as CSV; empty cells are missing, text stays text.

    Column types are those of the package's schema. ``data`` as in :func:`read_frame`.
    """
    resource = _resource(name)
    frame: pd.DataFrame = _read_csv(path(name), resource)
    own = user_files(data).get(resource["name"])
    if own is None:
        return frame
    merged: pd.DataFrame = _overlay(frame, read_own(resource["name"], own), _key(resource), own)
    return merged


def read_own(name: str, file: Path) -> pd.DataFrame:
    """Return a user's file as a dataset without geometry, with the types of the package."""
    if file.suffix.lower() == ".csv":
        return _read_csv(file, _resource(name))
    frame = _read_user_table(file)
    return frame.drop(columns="geometry", errors="ignore")


def describe() -> list[dict[str, Any]]:
    """Return one row per dataset, every file hashed anew.

    Returns
    -------
    list of dict
        ``dataset, title, file, version, licence, rows, bytes, verified``; ``verified`` is True or
        the one line that says what is wrong.
    """
    folder, found = data_dir(), []
    parsed = _parse(folder)
    for resource in parsed["resources"]:
        try:
            _verified(folder, resource, trust_memory=False)
            verified: bool | str = True
        except DataIntegrityError as error:
            verified = str(error)
        licences = resource.get("licenses") or parsed.get("licenses") or []
        found.append(
            {
                "dataset": resource["name"],
                "title": resource.get("title", ""),
                "file": resource["path"],
                "version": resource.get("version") or parsed.get("version", ""),
                "licence": ", ".join(x["name"] for x in licences),
                "rows": resource.get("rows"),
                "bytes": resource.get("bytes"),
                "verified": verified,
            }
        )
    return found


def version(*, data: str | Path | None = None) -> str:
    """Return 12 hexadecimal digits that change whenever any of the data does (keys caches).

    A digest over the names and hashes of all files, the user's own included.
    """
    digest = hashlib.sha256()
    for resource in _resources().values():
        digest.update(f"{resource['path']}\0{resource['hash']}\n".encode())
    for name, own in sorted(user_files(data).items()):
        digest.update(f"{name}\0{own.suffix}\0{_sha256(own)}\n".encode())
    return digest.hexdigest()[:12]


@cache
def cache_dir() -> Path:
    """Return the folder for what can be computed again: the user's cache, made if need be.

    ``CORRIDORS_CACHE`` names another one. Where none can be written, a folder that lasts as long
    as the process.
    """
    asked = os.environ.get("CORRIDORS_CACHE")
    try:
        if asked:
            folder = Path(asked)
        else:
            from platformdirs import user_cache_path

            folder = user_cache_path("corridors", appauthor=False)
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):
        pass
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="corridors-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def user_files(data: str | Path | None) -> dict[str, Path]:
    """Return the datasets that a user's folder (or one file) holds: name -> file.

    Files of other kinds (notes, licences) are left alone; a table whose name is no dataset's is
    an error, so that a misspelt name does not pass in silence.

    Raises
    ------
    SchemaError
        No such folder, nothing in it, an unknown name, or two files for one dataset.
    """
    if data is None:
        return {}
    folder = Path(data)
    if folder.is_file():
        files = [folder]
    elif folder.is_dir():
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _USER_ENDINGS)
    else:
        raise SchemaError(f"{folder}: no such file or folder of user data")
    known, faults = names(), []
    found: dict[str, Path] = {}
    for file in files:
        name = _USER_NAMES.get(file.stem, file.stem)
        if name not in known:
            import difflib

            near = difflib.get_close_matches(file.stem, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(known)}"
            faults.append(f"{file.name}: no dataset is named {file.stem!r}; {hint}")
        elif name in found:
            faults.append(f"{file.name}: {found[name].name} is there too; keep one of them")
        else:
            found[name] = file
    if not files:
        faults.append(f"no {', '.join(_USER_ENDINGS)} file in it")
    if faults:
        raise SchemaError(f"{folder}: unusable user data", tuple(faults))
    return found


# --- behind them ---------------------------------------------------------------------------------


def _parse(folder: Path) -> dict[str, Any]:
    file = folder / PACKAGE_FILE
    try:
        parsed: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for resource in parsed["resources"]:
            if not isinstance(resource["hash"], str):
                raise TypeError("hash is not text")
            resource["name"], resource["path"], resource["bytes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataIntegrityError(
            f"{file}: cannot be read as a data package ({type(error).__name__}: {error}); "
            "install corridors again, or run 'make data' in a checkout"
        ) from None
    return parsed


def _resources() -> dict[str, dict[str, Any]]:
    folder = data_dir()
    return _resources_of(folder, (folder / PACKAGE_FILE).stat().st_mtime_ns)


@cache
def _resources_of(folder: Path, _changed: int) -> dict[str, dict[str, Any]]:
    return {r["name"]: r for r in _parse(folder)["resources"]}


def _resource(name: str) -> dict[str, Any]:
    found = _resources()
    if name in found:
        return found[name]
    for resource in found.values():
        if resource["path"] == name:
            return resource
    raise DataIntegrityError(f"no dataset {name!r} ships; there are: {', '.join(found)}")


def _key(resource: dict[str, Any]) -> list[str]:
    key = resource.get("schema", {}).get("primaryKey", [])
    return [key] if isinstance(key, str) else list(key)


def _verified(folder: Path, resource: dict[str, Any], *, trust_memory: bool) -> Path:
    """Return the file if it is what the package says; hash it unless it is known unchanged."""
    file: Path = folder / resource["path"]
    repair = "install corridors again, or run 'make data' in a checkout"
    try:
        status = file.stat()
    except OSError:
        raise DataIntegrityError(f"{file}: missing; {repair}") from None
    wanted = resource["hash"].removeprefix("sha256:")
    if status.st_size != resource["bytes"]:
        raise DataIntegrityError(
            f"{file}: {status.st_size} bytes where {resource['bytes']} should be; {repair}"
        )
    seen = [status.st_size, status.st_mtime_ns, wanted]
    key = str(file)
    if trust_memory and _memory().get(key) == seen:
        return file
    actual = _sha256(file)
    if actual != wanted:
        raise DataIntegrityError(
            f"{file}: changed (SHA-256 {actual[:12]}… where {wanted[:12]}… should be); {repair}"
        )
    _remember(key, seen)
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _memory_file() -> Path:
    return cache_dir() / "verified.json"


@cache
def _memory() -> dict[str, list[Any]]:
    """Return what was verified before, as this process first saw it and then added to it."""
    try:
        seen = json.loads(_memory_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return seen if isinstance(seen, dict) else {}


def _remember(key: str, seen: list[Any]) -> None:
    """Note a verified file; a cache that cannot be written is no error, only slower."""
    memory = _memory()
    memory[key] = seen
    target = _memory_file()
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(memory), encoding="utf-8")
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)


def _read_geo(file: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = gpd.read_parquet(file) if file.suffix == ".parquet" else gpd.read_file(file)
    # what ships is in longitude and latitude of WGS84, under whatever name the format gives it
    return frame.set_crs("EPSG:4326", allow_override=True)


def _read_user_geo(file: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    try:
        if file.suffix.lower() == ".csv":
            table = _csv(file)
            missing = [c for c in ("lon", "lat") if c not in table]
            if missing:
                raise SchemaError(f"{file}: no column {' or '.join(missing)} (degrees, WGS84)")
            points = gpd.points_from_xy(
                table["lon"].astype(float), table["lat"].astype(float), crs="EPSG:4326"
            )
            return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points)
        frame = gpd.read_parquet(file) if file.suffix == ".parquet" else _read_layer(file)
    except SchemaError:
        raise
    except Exception as error:  # the readers raise all sorts; the user needs one line
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{file}: cannot be read: {reason}") from error
    if frame.crs is None:
        raise SchemaError(f"{file}: has no coordinate reference system; save it in EPSG:4326")
    return frame.to_crs("EPSG:4326")


def _read_layer(file: Path) -> Any:
    """Return the first layer of a vector file, with our columns under their own names."""
    import geopandas as gpd

    from corridors.schema_read import STYLES, long_names, own_columns

    if file.suffix.lower() == ".gpkg":
        import pyogrio

        layers = [str(n) for n, _ in pyogrio.list_layers(file) if n != STYLES]
        return gpd.read_file(file, layer=file.stem if file.stem in layers else layers[0])
    frame = gpd.read_file(file)
    if file.suffix.lower() == ".shp":
        return long_names(frame)
    return own_columns(frame) if file.suffix.lower() == ".kml" else frame


def _csv(file: Path, dtypes: dict[str, str] | None = None) -> pd.DataFrame:
    import pandas as pd

    # only an empty cell is missing: NA is Namibia
    return pd.read_csv(
        file, encoding="utf-8-sig", keep_default_na=False, na_values=[""], dtype=dtypes or {}
    )


def _read_user_table(file: Path) -> Any:
    import geopandas as gpd
    import pandas as pd

    try:
        if file.suffix.lower() == ".parquet":
            return pd.read_parquet(file)
        return pd.DataFrame(gpd.read_file(file))
    except Exception as error:  # the readers raise all sorts; the user needs one line
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SchemaError(f"{file}: cannot be read: {reason}") from error


_PANDAS_TYPES = {"integer": "Int64", "year": "Int64", "number": "float64", "string": "str"}


def _read_csv(file: Path, resource: dict[str, Any]) -> pd.DataFrame:
    fields = resource.get("schema", {}).get("fields", [])
    dtypes = {f["name"]: _PANDAS_TYPES[f["type"]] for f in fields if f["type"] in _PANDAS_TYPES}
    try:
        return _csv(file, dtypes)
    except (ValueError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise SchemaError(f"{file}: cannot be read as a table: {reason}") from error


def _overlay(shipped: Any, own: Any, key: list[str], file: Path) -> Any:
    """Return the shipped rows, without those that the user's replace, and then the user's."""
    import pandas as pd

    missing = [c for c in key if c not in own]
    if missing:
        raise SchemaError(f"{file}: no column {', '.join(missing)}, by which rows are told apart")
    if key:
        twice = own.duplicated(subset=key)
        if twice.any():
            row = int(twice.to_numpy().argmax()) + 2
            raise SchemaError(f"{file}: row {row} repeats the key {', '.join(key)} of another row")
        mine = pd.MultiIndex.from_frame(own[key].astype(str))
        shipped = shipped[~pd.MultiIndex.from_frame(shipped[key].astype(str)).isin(mine)]
    added = [c for c in own.columns if c not in shipped.columns]
    own = own.reindex(columns=[*shipped.columns, *added])
    for column in shipped.columns:
        # KML holds all as text, and a shapefile an empty cell for a missing one
        if shipped[column].dtype.kind in "fiu" and own[column].dtype.kind not in "fiu":
            own[column] = pd.to_numeric(own[column], errors="coerce")
    for column, value in USER_DEFAULTS.items():
        if column in shipped.columns:
            own[column] = own[column].astype(object).where(own[column].notna(), value or file.name)
    return pd.concat([shipped, own], ignore_index=True)
