"""Styles inside a GeoPackage, in the table ``layer_styles`` that QGIS looks into by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.sax.saxutils import quoteattr

MODE_COLOURS = {
    "rail": "#1b1b1b", "road": "#b5651d", "sea": "#1f78b4", "ferry": "#33a0c8",
    "pipeline": "#7b3294",
}  # fmt: skip
KIND_COLOURS = {
    "railway": "#1b1b1b", "road": "#b5651d", "gas_pipeline": "#7b3294", "oil_pipeline": "#4d3b2f",
    "ferry": "#33a0c8", "sea_link": "#1f78b4", "fibre_cable": "#e6ab02",
    "city_partnership": "#e7298a", "charging_route": "#66a61e",
}  # fmt: skip
_LINES = {"edges": ("mode", MODE_COLOURS), "assets": ("kind", KIND_COLOURS)}
_TABLE = """
CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
    f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""


def add_styles(path: Path, layers: list[str]) -> None:
    """Give the layers of a GeoPackage that we know a default style: edges, nodes, assets, places.

    Parameters
    ----------
    path : Path
        A finished GeoPackage.
    layers : list of str
    """
    known = [name for name in layers if name in (*_LINES, "nodes", "places")]
    if not known:
        return
    with closing(sqlite3.connect(path)) as base, base:
        columns = dict(base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        base.execute(_TABLE)
        base.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description, "
            "srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', 0)"
        )
        for name in known:
            base.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
                "owner) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '')",
                (name, columns.get(name, "geom"), name, qml(name), f"corridors: {name}"),
            )


def qml(layer: str) -> str:
    """Return QGIS' XML of a layer's style."""
    if layer in _LINES:
        column, colours = _LINES[layer]
        return _categories(column, colours)
    return _document(
        '<renderer-v2 type="singleSymbol" forceraster="0" symbollevels="0" enableorderby="0">'
        f"<symbols>{_marker('0', '#d95f02' if layer == 'places' else '#555555')}</symbols>"
        "</renderer-v2>"
    )


def _categories(column: str, colours: dict[str, str]) -> str:
    rows = [*colours.items(), ("", "#999999")]
    categories = "".join(
        f'<category render="true" symbol="{i}" value={quoteattr(value)} '
        f'label={quoteattr(value or "other")} type="string"/>'
        for i, (value, _) in enumerate(rows)
    )
    symbols = "".join(_line(str(i), colour) for i, (_, colour) in enumerate(rows))
    return _document(
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} forceraster="0" '
        f'symbollevels="0" enableorderby="0"><categories>{categories}</categories>'
        f"<symbols>{symbols}</symbols></renderer-v2>"
    )


def _document(renderer: str) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.28.0" styleCategories="Symbology">{renderer}<blendMode>0</blendMode>'
        "<featureBlendMode>0</featureBlendMode></qgis>"
    )


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _options(**values: str) -> str:
    rows = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in values.items())
    return f'<Option type="Map">{rows}</Option>'


def _line(name: str, colour: str) -> str:
    options = _options(line_color=_rgba(colour), line_width="0.5", line_width_unit="MM",
                       capstyle="round", joinstyle="round", line_style="solid")  # fmt: skip
    return (
        f'<symbol type="line" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleLine" enabled="1" locked="0" pass="0">{options}</layer></symbol>'
    )


def _marker(name: str, colour: str) -> str:
    options = _options(name="circle", color=_rgba(colour), outline_color="255,255,255,255",
                       size="1.6", size_unit="MM")  # fmt: skip
    return (
        f'<symbol type="marker" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleMarker" enabled="1" locked="0" pass="0">{options}</layer></symbol>'
    )
