"""PostGIS: networks and tables of the atlas in a PostgreSQL database, in and out.

Needs the extra ``postgis``. Everything is written in one transaction, so that a database holds the
whole of it or nothing. Values are bound; names of schemas, tables and columns cannot be, and must
be plain identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridors.errors import CorridorsError, SchemaError

if TYPE_CHECKING:
    from corridors.io.tables import NetworkTables

PREFIXES = ("postgresql://", "postgres://", "postgresql+psycopg://")
HOLDS_NOT = (
    "a database holds no NUL characters, and a border or transfer has no line of its own (NULL)",
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_EDGE_NAMES = {"id": "link_id", "edge": "id", "geometry": "geom"}
_NODE_NAMES = {"id": "node_id", "node": "id", "geometry": "geom"}


def is_url(text: str) -> bool:
    """Return whether a text names a database."""
    return text.startswith(PREFIXES)


@contextmanager
def connection(url: str) -> Iterator[Any]:
    """Yield a SQLAlchemy connection in one transaction; errors are one line, without a password.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database``; what it leaves out (the password above all) comes
        from libpq's own variables and files.

    Raises
    ------
    SchemaError
        No such server or database, no PostGIS in it, or what the database says to a question.
    """
    try:
        import geoalchemy2  # noqa: F401
        import sqlalchemy as sa
        from pandas.errors import DatabaseError
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    except ImportError:
        raise SchemaError("a database needs the extra: pip install 'corridors[postgis]'") from None
    try:
        parsed = sa.engine.make_url(url)
    except (ArgumentError, ValueError):
        raise SchemaError(
            "no database is named so; write postgresql://user@host:5432/database"
        ) from None
    shown = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
    engine = sa.create_engine(parsed.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    try:
        with engine.begin() as base:
            found = base.execute(
                sa.text("SELECT count(*) FROM pg_extension WHERE extname = :name"),
                {"name": "postgis"},
            ).scalar()
            if not found:
                raise SchemaError(f"{shown}: has no PostGIS; run CREATE EXTENSION postgis in it")
            yield base
    except CorridorsError:
        raise
    except (SQLAlchemyError, DatabaseError) as error:
        first = error.__cause__ if isinstance(error, DatabaseError) else error
        cause = getattr(first, "orig", None) or first or error
        lines = [x.strip() for x in str(cause).splitlines() if x.strip()]
        raise SchemaError(f"{shown}: {lines[0] if lines else type(cause).__name__}") from None
    finally:
        engine.dispose()


def checked_name(name: str, what: str = "table") -> str:
    """Return a name if it is a plain identifier.

    Raises
    ------
    SchemaError
    """
    if not _NAME.fullmatch(name):
        raise SchemaError(
            f"{name!r} is no name for a {what}; letters a-z, digits and _ only, 63 at most"
        )
    return name


def write_frames(
    frames: Mapping[str, Any], url: str, *, schema: str = "public", replace: bool = False
) -> list[str]:
    """Write frames as tables, all or none of them; a column ``geom`` holds the geometry.

    Parameters
    ----------
    frames : mapping of table name to DataFrame or GeoDataFrame
        A column ``id`` becomes the primary key.
    url : str
    schema : str
        Made where it is not there.
    replace : bool
        Whether tables of the same names are replaced; else they are an error.

    Returns
    -------
    list of str
        What a database cannot hold.
    """
    import geopandas as gpd
    import pandas as pd
    import sqlalchemy as sa

    checked_name(schema, "schema")
    for name, frame in frames.items():
        checked_name(name)
        for column in frame.columns:
            checked_name(str(column), f"column of {name}")
    with connection(url) as base:
        quote = base.dialect.identifier_preparer.quote
        there = set(sa.inspect(base).get_table_names(schema=schema))
        taken = [n for n in frames if n in there]
        if taken and not replace:
            raise SchemaError(f"{schema}.{taken[0]} is there already; give --replace to replace it")
        if schema not in sa.inspect(base).get_schema_names():
            base.execute(sa.schema.CreateSchema(schema))
        for name, frame in frames.items():
            clean = frame.copy()
            for column in clean.columns:
                if clean[column].dtype == object or str(clean[column].dtype) in ("str", "string"):
                    clean[column] = [v.replace("\x00", "") if isinstance(v, str) else v
                                     for v in clean[column].tolist()]  # fmt: skip
            how: Any = {"schema": schema, "if_exists": "replace", "index": False}
            if isinstance(clean, gpd.GeoDataFrame) and clean.geometry.notna().any():
                clean.to_postgis(name, base, dtype=_types(clean), **how)
            else:
                column = getattr(clean, "_geometry_column_name", None)
                plain = pd.DataFrame(clean).drop(columns=[column] if column else [])
                plain.to_sql(name, base, dtype=_types(plain), method="multi", chunksize=500, **how)
                if column:
                    add = f"{quote(column)} geometry(LineString, 4326)"
                    base.execute(sa.text(f"ALTER TABLE {quote(schema)}.{quote(name)} ADD {add}"))
            if "id" in clean and not clean["id"].duplicated().any():
                base.execute(
                    sa.text(f"ALTER TABLE {quote(schema)}.{quote(name)} ADD PRIMARY KEY (id)")
                )
        if "edges" in frames and "source" in frames["edges"]:
            table = f"{quote(schema)}.{quote('edges')}"
            for column in ("source", "target"):
                base.execute(sa.text(f"CREATE INDEX ON {table} ({quote(column)})"))
    return list(HOLDS_NOT)


def write_network(
    tables: NetworkTables,
    url: str,
    cost: Any = None,
    *,
    schema: str = "public",
    replace: bool = False,
) -> list[str]:
    """Write a network as tables ``nodes`` and ``edges`` that pgRouting takes as they are.

    ``edges`` has id, source, target, cost, reverse_cost and geom; our own ids are ``link_id`` and
    ``node_id``.

    Parameters
    ----------
    tables : NetworkTables
    url : str
    cost : array of float, optional
        Of every edge, as :func:`corridors.io.costs.edge_costs` gives it; km where left out.
    schema, replace
        As of :func:`write_frames`.
    """
    import geopandas as gpd

    from corridors.io.costs import with_costs

    nodes, edges = with_costs(tables, tables.edges["length_km"] if cost is None else cost)
    shapes = np.array(edges.geometry.array, dtype=object)
    shapes[(edges["kind"] != "line").to_numpy()] = None
    edges = gpd.GeoDataFrame(
        edges.drop(columns="geometry").rename(columns=_EDGE_NAMES),
        geometry=gpd.GeoSeries(shapes, crs=4326),
    ).rename_geometry("geom")
    spots = gpd.GeoDataFrame(
        nodes.drop(columns=["lon", "lat"]).rename(columns=_NODE_NAMES),
        geometry=gpd.points_from_xy(nodes["lon"], nodes["lat"], crs=4326),
    ).rename_geometry("geom")  # fmt: skip
    return write_frames({"nodes": spots, "edges": edges}, url, schema=schema, replace=replace)


def read_frame(url: str, table: str, *, schema: str = "public") -> Any:
    """Return a table, a GeoDataFrame in EPSG:4326 where it has a geometry.

    Raises
    ------
    SchemaError
        No such table, several geometries, or one without a coordinate system.
    """
    with connection(url) as base:
        return _read(base, checked_name(table), checked_name(schema, "schema"))


def read_checked(url: str, table: str, kind: str, *, schema: str = "public") -> Any:
    """Return a table of the atlas (places, assets …) through the validator of the shipped ones.

    Raises
    ------
    SchemaError
        With one finding per fault.
    """
    from corridors.io.tables import faults
    from corridors.schema import validate

    frame = read_frame(url, table, schema=schema)
    found = validate(frame, kind)
    if found:
        raise faults(f"{schema}.{table}", [str(f) for f in found])
    return frame


def read_network(
    url: str, *, schema: str = "public", nodes: str = "nodes", edges: str = "edges"
) -> NetworkTables:
    """Return the network of two tables: ours, or any that pgRouting routes on.

    Parameters
    ----------
    nodes, edges : str
        Names of the tables. Edges need ``source`` and ``target`` (or ``u`` and ``v``) and
        ``mode``; nodes an ``id`` and a point.

    Raises
    ------
    SchemaError
        One line per fault.
    """
    import pandas as pd
    import shapely

    from corridors.io.tables import checked

    for name in (nodes, edges):
        checked_name(name)
    checked_name(schema, "schema")
    with connection(url) as base:
        spots, lines = (_read(base, n, schema) for n in (nodes, edges))
    source = f"{schema}.{nodes}, {schema}.{edges}"
    spots, lines = pd.DataFrame(spots), pd.DataFrame(lines)
    if {"node_id", "link_id"} <= set(spots.columns) | set(lines.columns) and "u" in lines:
        spots = spots.drop(columns="id").rename(columns={"node_id": "id"})
        order = lines["id"].to_numpy().argsort(kind="stable")
        lines = lines.iloc[order].drop(
            columns=["id", "source", "target", "cost", "reverse_cost"], errors="ignore"
        ).rename(columns={"link_id": "id"})  # fmt: skip
        spots = spots.sort_index()
    elif {"source", "target"} <= set(lines.columns):
        lines = lines.rename(columns={"source": "u", "target": "v"})
    missing = [f"{edges}: the column {c} is missing" for c in ("u", "v", "mode") if c not in lines]
    missing += [f"{nodes}: the column id is missing"] * ("id" not in spots)
    missing += [f"{nodes}: has no geometry of points"] * ("geometry" not in spots)
    if missing:
        from corridors.io.tables import faults

        raise faults(source, missing)
    shapes = np.asarray(spots["geometry"].tolist(), dtype=object)
    spots = spots.drop(columns="geometry").assign(
        lon=shapely.get_x(shapes), lat=shapely.get_y(shapes)
    )
    return checked(spots, lines, source=source, node_rows=(nodes, 1), edge_rows=(edges, 1))


def _types(frame: Any) -> dict[str, Any]:
    """Return the types of columns that pandas would not tell right."""
    import sqlalchemy as sa

    geometry = getattr(frame, "_geometry_column_name", None)
    out: dict[str, Any] = {}
    for name in frame.columns:
        kind = frame[name].dtype
        if name == geometry:
            continue
        if kind.kind == "O" or str(kind) in ("str", "string"):
            out[name] = sa.Text()
        elif kind.kind == "f":
            out[name] = sa.Double()
        elif kind.kind == "b":
            out[name] = sa.Boolean()
        elif kind.kind in "iu":
            out[name] = sa.BigInteger()
    return out


def _read(base: Any, table: str, schema: str) -> Any:
    import geopandas as gpd
    import pandas as pd
    import sqlalchemy as sa

    from corridors.io.vector import to_degrees

    inspector = sa.inspect(base)
    views = inspector.get_view_names(schema=schema)
    if table not in [*inspector.get_table_names(schema=schema), *views]:
        raise SchemaError(f"there is no table {schema}.{table} in the database")
    quote = base.dialect.identifier_preparer.quote
    geometries = base.execute(
        sa.text(
            "SELECT f_geometry_column, srid FROM geometry_columns "
            "WHERE f_table_schema = :schema AND f_table_name = :table"
        ),
        {"schema": schema, "table": table},
    ).fetchall()
    columns = [c["name"] for c in inspector.get_columns(table, schema=schema)]
    order = " ORDER BY id" if "id" in columns else ""
    query = sa.text(f"SELECT * FROM {quote(schema)}.{quote(table)}{order}")
    if not geometries:
        return pd.read_sql(query, base)
    if len(geometries) > 1:
        named = ", ".join(str(g[0]) for g in geometries)
        raise SchemaError(f"{schema}.{table} has several geometries: {named}; make a view of one")
    column, srid = geometries[0]
    frame = gpd.read_postgis(query, base, geom_col=column, crs=None if not srid else int(srid))
    if not srid:
        frame = frame.set_crs(None, allow_override=True)
    if frame.crs is None:
        raise SchemaError(
            f"{schema}.{table}: its geometry has SRID 0, no coordinate system; set it with "
            "UpdateGeometrySRID"
        )
    frame = to_degrees(frame, Path(f"{schema}.{table}"), None)
    return frame.rename_geometry("geometry") if column != "geometry" else frame
