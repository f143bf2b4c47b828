"""Static maps for papers: the atlas and routes through matplotlib, as .png, .svg or .pdf."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridors.errors import CorridorsError, SchemaError
from corridors.files import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")

# The colours of the interactive map (web/src/style.js); a test holds them together.
COLORS = {
    "railway": "#1d5fa8",
    "road": "#c4541a",
    "gas_pipeline": "#0a8466",
    "oil_pipeline": "#3d3a36",
    "ferry": "#1688b8",
    "sea_link": "#4a86a8",
    "sea": "#0f7f94",
    "fibre_cable": "#b8327c",
    "charging_route": "#8a6d00",
    "city_partnership": "#8560b8",
}
MODES = {
    "rail": COLORS["railway"],
    "road": COLORS["road"],
    "sea": COLORS["sea"],
    "ferry": COLORS["ferry"],
    "pipeline": COLORS["gas_pipeline"],
}
OTHER = "#6b4fa0"
CASINGS = ("#20242a", "#b0851f", "#7a3b8f", "#2f7d4f", "#a33a3a", "#4a6fa5")
WATER, LAND, COAST, BORDER = "#d7e5ec", "#f8f6f1", "#9db6c4", "#a99d8f"
PLANNED = ("planned", "proposed", "construction", "stalled")
_TEXT = "#23201c"


def draw_routes(routes: Sequence[Any], path: str | Path) -> Path:
    """Write routes on the base map as a picture; see :func:`draw`."""
    return draw(None, routes, path=path)


def draw(
    atlas: Any = None,
    routes: Any = (),
    *,
    path: str | Path,
    layers: Sequence[str] | None = None,
    title: str | None = None,
    width_in: float = 9.0,
    dpi: int = 200,
) -> Path:
    """Write the atlas and routes as a picture, in a projection that fits their extent.

    Parameters
    ----------
    atlas, routes, layers
        As of :func:`corridors.explore`.
    path : str or Path
        Ends in .png, .svg or .pdf; appears whole or not at all, and the same map gives the same
        bytes.
    title : str, optional
        A line over the map.
    width_in : float
        Width in inches.
    dpi : int
        Dots per inch of a .png.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SchemaError
        For another ending.
    CorridorsError
        When matplotlib is not installed.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise SchemaError(f"a static map ends in one of {', '.join(ENDINGS)}, not {target.name!r}")
    # without them a picture tells when, and an SVG by which random names, it was made
    stamps: dict[str, Any] = {".png": {"Software": None}, ".svg": {"Date": None}}
    metadata = stamps.get(ending, {"CreationDate": None})
    with whole(target) as scratch, _settings():
        figure = _figure(atlas, routes, layers, title, width_in)
        figure.savefig(scratch, format=ending[1:], dpi=dpi, metadata=metadata)
    return target


# Fonts that have the letters of a name that DejaVu has not; the first that are installed serve.
_FALLBACK = ("Noto Sans CJK SC", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC")


@contextmanager
def _settings() -> Iterator[None]:
    """Set what all pictures share, for the time of drawing only."""
    try:
        import matplotlib as mpl
        from matplotlib.font_manager import fontManager
    except ImportError as error:
        raise CorridorsError(
            "static maps need matplotlib: install corridors with its extra 'charts'"
        ) from error
    installed = set(fontManager.get_font_names())
    family = ["DejaVu Sans", *(name for name in _FALLBACK if name in installed)]
    settings = {"svg.hashsalt": "corridors", "font.family": family}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # a letter that no installed font has is drawn as a box, and that is all there is to do
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def _figure(
    atlas: Any, routes: Any, layers: Sequence[str] | None, title: str | None, width_in: float
) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from corridors.maps import payload
    from corridors.maps.encode import bounds_of
    from corridors.maps.view import basemap_path

    lines, points, boxes = payload.features_of(payload.frames_of(atlas), layers)
    drawn, route_boxes = payload.routes_of(routes)
    box = bounds_of(route_boxes) or bounds_of(boxes)
    if box is None:
        raise SchemaError("a static map needs something to draw: an atlas, a frame or a route")
    flat = _Flat(box)
    height_in = width_in * min(1.4, max(0.45, flat.height_m / flat.width_m))
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)  # no window, whatever the user's backend is
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_facecolor(WATER)
    axes.set_aspect("equal")
    axes.set_xlim(flat.x0, flat.x1)
    # the shape of the page decides, so that the map fills it
    middle, half = (flat.y0 + flat.y1) / 2, flat.width_m * height_in / width_in / 2
    axes.set_ylim(middle - half, middle + half)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(COAST)
    base = payload.base_of(basemap_path())
    _base(axes, flat, base)
    lines.sort(key=lambda r: list(COLORS).index(r["kind"]) if r["kind"] in COLORS else 99)
    line_keys, mark_keys = _lines(axes, flat, lines)
    legend = _routes(axes, flat, drawn) | line_keys | mark_keys
    _points(axes, flat, points)
    _cities(axes, flat, base, drawn)
    _furniture(figure, axes, flat, legend, title)
    return figure


class _Flat:
    """A Lambert azimuthal equal-area projection about the middle of an extent."""

    def __init__(self, box: Sequence[float]) -> None:
        from pyproj import CRS, Transformer

        west, south, east, north = box
        # a point, or a line along a meridian, still needs ground around it
        pad_x, pad_y = max(1.0, 0.06 * (east - west)), max(1.0, 0.08 * (north - south))
        self.box = (west - pad_x, max(-85, south - pad_y), east + pad_x, min(85, north + pad_y))
        self.lon, self.lat = (west + east) / 2, (south + north) / 2
        crs = CRS.from_proj4(
            f"+proj=laea +lat_0={self.lat:.3f} +lon_0={self.lon:.3f} +datum=WGS84 +units=m"
        )
        self._to = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        self.x0, self.y0, self.x1, self.y1 = self._to.transform_bounds(*self.box, densify_pts=51)

    @property
    def width_m(self) -> float:
        """Width on the ground, metres along the middle."""
        return float(self.x1 - self.x0)

    @property
    def height_m(self) -> float:
        """Height on the ground, metres along the middle."""
        return float(self.y1 - self.y0)

    def __call__(self, coords: Sequence[tuple[float, float]]) -> Any:
        """Return an (n, 2) array of metres."""
        import numpy as np

        c = np.asarray(coords, dtype=float)
        return np.column_stack(self._to.transform(c[:, 0], c[:, 1]))

    def near(self, coords: Sequence[tuple[float, float]]) -> bool:
        """Return whether any of it may be on the page, and none of it behind the globe."""
        margin_x, margin_y = 25.0, 20.0
        w, s, e, n = self.box
        xs, ys = [x for x, _ in coords], [y for _, y in coords]
        return (
            max(xs) > w - margin_x
            and min(xs) < e + margin_x
            and max(ys) > s - margin_y
            and min(ys) < n + margin_y
        )


def _base(axes: Any, flat: _Flat, base: dict[str, Any]) -> None:
    import shapely
    from matplotlib.collections import LineCollection
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    from corridors.maps.encode import decode_line

    w, s, e, n = flat.box
    page = shapely.box(
        max(-180, w - 25), max(-88, s - 20), min(180, e + 25), min(88, n + 20)
    )  # what a page shows reaches beyond the box, which is bent on it
    for key, fill in (("land", LAND), ("lake", WATER)):
        for rings in base[key]:
            shape = shapely.Polygon(decode_line(rings[0]), [decode_line(r) for r in rings[1:]])
            shape = shapely.make_valid(shape).intersection(page)
            for part in getattr(shape, "geoms", [shape]):
                if part.geom_type != "Polygon" or part.is_empty:
                    continue
                outline = Outline.make_compound_path(
                    *(
                        Outline(flat(list(r.coords)), closed=True)
                        for r in [part.exterior, *part.interiors]
                    )
                )
                axes.add_patch(
                    PathPatch(outline, facecolor=fill, edgecolor=COAST, linewidth=0.4, zorder=1)
                )
    borders = [decode_line(line) for line in base["border"]]
    lines = [flat(b) for b in borders if flat.near(b)]
    axes.add_collection(
        LineCollection(lines, colors=BORDER, linewidths=0.6, linestyles="-.", zorder=2)
    )
    for name, lon, lat, rank in base["country"]:
        if rank <= 2 and w < lon < e and s < lat < n:
            x, y = flat([(lon, lat)])[0]
            axes.text(
                x, y, name.upper(), color="#8c8377", fontsize=6.5, ha="center", va="center",
                zorder=3, clip_on=True, parse_math=False,
            )  # fmt: skip


def _lines(
    axes: Any, flat: _Flat, lines: list[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the lines, and return the legend's entries for their kinds and for how they look."""
    from matplotlib.lines import Line2D

    from corridors.maps.encode import decode_line

    legend: dict[str, Any] = {}
    marks: dict[str, Any] = {}
    for r in lines:
        color = COLORS.get(r["kind"], OTHER)
        planned = r.get("status") in PLANNED
        rough = r.get("precision") in ("schematic", "approximate")
        for part in r["g"]:
            coords = decode_line(part, r["d"])
            if not flat.near(coords):
                continue
            xy = flat(coords)
            if rough:
                axes.plot(xy[:, 0], xy[:, 1], color=color, linewidth=5, alpha=0.13, zorder=4)
            axes.plot(
                xy[:, 0], xy[:, 1], color=color, linewidth=1.1, alpha=0.85, zorder=5,
                linestyle=(0, (3, 2)) if planned else "-",
            )  # fmt: skip
        name = r["kind"].replace("_", " ").capitalize()
        legend.setdefault(name, Line2D([], [], color=color, linewidth=1.4))
        if planned:
            marks["Planned or under construction"] = Line2D(
                [], [], color="#655f57", linewidth=1.4, linestyle=(0, (3, 2))
            )
        if rough:
            marks["Course not known"] = Line2D([], [], color="#655f57", linewidth=6, alpha=0.25)
    return legend, marks


def _routes(axes: Any, flat: _Flat, routes: list[dict[str, Any]]) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    from corridors.maps.encode import decode_line

    legend: dict[str, Any] = {}
    for number, route in enumerate(routes):
        casing = CASINGS[number % len(CASINGS)]
        for leg in route["legs"]:
            color = MODES.get(str(leg.get("mode")), OTHER)
            for part in leg.get("g", ()):
                xy = flat(decode_line(part))
                for shade, width in ((casing, 4.2), ("#ffffff", 3.0), (color, 1.9)):
                    axes.plot(
                        xy[:, 0], xy[:, 1], color=shade, linewidth=width, zorder=8,
                        solid_capstyle="round",
                    )  # fmt: skip
            if leg.get("g"):
                mode = str(leg.get("mode", "")).capitalize()
                legend.setdefault(f"{mode} leg", Line2D([], [], color=color, linewidth=2.4))
            elif "x" in leg and leg.get("kind") == "border":
                x, y = flat([(leg["x"], leg["y"])])[0]
                axes.plot(x, y, "D", color="#8c1d5a", markersize=4, mec="white", mew=0.6, zorder=9)
                legend.setdefault(
                    "Border",
                    Line2D([], [], marker="D", color="#8c1d5a", linestyle="", markersize=4),
                )
        for key, shape in (("origin", "o"), ("destination", "s")):
            end = route.get(key) or {}
            if "lat" in end:
                x, y = flat([(end["lon"], end["lat"])])[0]
                axes.plot(x, y, shape, color=casing, markersize=6, mec="white", mew=1, zorder=10)
                _name(axes, x, y, str(end.get("name", "")), size=8.5, weight="bold")
        name = route.get("label") or " → ".join(
            str((route.get(k) or {}).get("name", "?")) for k in ("origin", "destination")
        )
        legend[_short(name, 48)] = Line2D([], [], color=casing, linewidth=4)
    return legend


def _points(axes: Any, flat: _Flat, points: list[dict[str, Any]]) -> None:
    w, s, e, n = flat.box
    for r in points:
        if r["kind"] == "border_crossing" or not (w < r["x"] < e and s < r["y"] < n):
            continue  # hundreds of crossings would hide the rest at the scale of a page
        x, y = flat([(r["x"], r["y"])])[0]
        big = r["kind"] in ("port", "dry_port", "break_of_gauge")
        axes.plot(
            x, y, "o", color="#0b5688" if big else "#3f3a34", markersize=3.0 if big else 1.6,
            mec="white", mew=0.4, zorder=7,
        )  # fmt: skip


def _cities(axes: Any, flat: _Flat, base: dict[str, Any], routes: list[dict[str, Any]]) -> None:
    """Name the great cities of the page, none near another or near the end of a route."""
    w, s, e, n = flat.box
    ends = [r.get(k) or {} for r in routes for k in ("origin", "destination")]
    taken = [tuple(flat([(p["lon"], p["lat"])])[0]) for p in ends if "lat" in p]
    apart = (flat.x1 - flat.x0) / 11
    for name, lon, lat, rank in base["city"]:
        if rank > 2 or not (w < lon < e and s < lat < n):
            continue
        x, y = flat([(lon, lat)])[0]
        if any(abs(x - a) < apart and abs(y - b) < apart / 3.5 for a, b in taken):
            continue
        taken.append((x, y))
        axes.plot(x, y, "o", color="#4c463f", markersize=1.8, zorder=7)
        _name(axes, x, y, name, size=6.0, weight="normal", away=(3, 2))


def _name(
    axes: Any, x: float, y: float, text: str, *, size: float, weight: str,
    away: tuple[int, int] = (6, 4),
) -> None:  # fmt: skip
    from matplotlib import patheffects

    axes.annotate(
        _short(text, 40), (x, y), xytext=away, textcoords="offset points", fontsize=size,
        fontweight=weight, color=_TEXT, zorder=11, parse_math=False, annotation_clip=True,
        path_effects=[patheffects.withStroke(linewidth=2.2, foreground="#fdfcfa")],
    )  # fmt: skip


def _short(text: str, most: int) -> str:
    clean = "".join(c for c in text if c.isprintable())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _furniture(
    figure: Any, axes: Any, flat: _Flat, legend: dict[str, Any], title: str | None
) -> None:
    from corridors.maps.payload import ATTRIBUTION

    if legend:
        box = axes.legend(
            legend.values(), legend.keys(), loc=_free_corner(axes), fontsize=7, frameon=True,
            framealpha=0.92, edgecolor="#e2ddd5", borderpad=0.8, handlelength=2.4,
        )  # fmt: skip
        for text in box.get_texts():
            text.set_parse_math(False)
        box.set_zorder(20)
    if title:
        axes.text(
            0.5, 0.975, _short(title, 120), transform=axes.transAxes, ha="center", va="top",
            fontsize=12, fontweight="bold", color=_TEXT, zorder=20, parse_math=False,
        )  # fmt: skip
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    km = _round_km((x1 - x0) / 1000 / 5)
    right, low = x1 - 0.03 * (x1 - x0), y0 + 0.055 * (y1 - y0)
    axes.plot([right - km * 1000, right], [low, low], color="#655f57", linewidth=2, zorder=20)
    axes.text(
        right - km * 500, low + 0.01 * (y1 - y0), f"{km:,.0f} km", ha="center", va="bottom",
        fontsize=7, color="#655f57", zorder=20,
    )  # fmt: skip
    projection = (
        f"Lambert azimuthal equal-area about {flat.lat:.0f}°, {flat.lon:.0f}°; scale at the middle"
    )
    figure.text(
        0.995, 0.006, " · ".join([*ATTRIBUTION, projection]), ha="right", va="bottom",
        fontsize=4.8, color="#46535c",
        bbox={"facecolor": "#fdfcfa", "alpha": 0.8, "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip


def _free_corner(axes: Any) -> str:
    """Return the corner where the legend hides least: routes count most."""
    import numpy as np

    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    # the scale stands in the lower right corner
    corners = {"upper left": (0, 1), "lower left": (0, 0), "upper right": (1, 1)}
    load = dict.fromkeys(corners, 0.0)
    for line in axes.lines:
        x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
        if line.get_zorder() < 5 or not x.size:
            continue
        # along the line, not at its vertices: a long straight piece has few
        t = np.linspace(0, max(len(x) - 1, 0), 8 * len(x))
        x, y = np.interp(t, np.arange(len(x)), x), np.interp(t, np.arange(len(y)), y)
        u, v = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
        weight = 20.0 if line.get_zorder() >= 8 else 1.0
        for name, (right, top) in corners.items():
            inside = (u > 0.75 if right else u < 0.25) & (v > 0.45 if top else v < 0.55)
            load[name] += weight * float(inside.mean())
    return min(load, key=lambda name: load[name])


def _round_km(km: float) -> float:
    power = float(10 ** math.floor(math.log10(max(km, 1e-6))))
    return next((m * power for m in (5, 2, 1) if m * power <= km), power)
