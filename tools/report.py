"""``make report``: the network report, a page of the docs, made by asking the library.

    python tools/report.py [--out docs/reports/network.md]

Each reference distance is routed anew; nothing on the page is typed in.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import corridors
from corridors import datasets
from corridors.files import whole
from corridors.geodesy import distance_km
from corridors.network.ground import off_line_km
from corridors.network.report import by_country

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"
REFERENCES = TABLES / "reference_distances.csv"


def check_references(net: corridors.Network) -> list[dict[str, Any]]:
    """Return every reference distance beside what the network answers by distance."""
    rows = []
    with REFERENCES.open(encoding="utf-8", newline="") as file:
        for ref in csv.DictReader(file):
            published, tolerance = float(ref["km"]), float(ref["tolerance_pct"])
            row: dict[str, Any] = {**ref, "published_km": published}
            try:
                found = net.route(ref["origin"], ref["destination"], modes=[ref["mode"]],
                                  by="distance")  # fmt: skip
            except corridors.CorridorsError as error:
                rows.append({**row, "network_km": None, "verdict": f"no answer: {error}"})
                continue
            a, b = found.origin, found.destination
            off = 100 * (found.length_km / published - 1)
            rows.append(
                {
                    **row,
                    "geodesic_km": float(distance_km(a.lon, a.lat, b.lon, b.lat)),
                    "network_km": found.length_km,
                    "difference_pct": off,
                    "verdict": "within" if abs(off) <= tolerance else "outside",
                }
            )
    return rows


def against_the_ground(net: corridors.Network) -> list[list[Any]]:
    """Return one row per country: points of real track, or stations, and how far off they lie.

    Track points were not used to draw anything; stations were, wherever a long line passes them.
    """
    import numpy as np
    import pandas as pd

    rows: list[list[Any]] = []
    rails = net.edges_frame(mode="rail")
    for what, name in (("track", "osm_track_points.csv"), ("stations", "osm_stations.csv")):
        frame = pd.read_csv(TABLES / name, keep_default_na=False)
        if what == "stations":
            frame = frame[frame["kind"] == "station"]
        for country, part in frame.groupby("country"):
            if len(part) < 10 or not country:
                continue
            km = off_line_km(rails, part[["lon", "lat"]].to_numpy(dtype=float))
            km = np.nan_to_num(km, nan=999.0)
            rows.append([what, country, len(part), float(np.median(km)),
                         float(np.quantile(km, 0.9)), float(100 * (km <= 1).mean()),
                         float(100 * (km <= 5).mean()), float(km.max())])  # fmt: skip
    return rows


def table(columns: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table; numbers to the right."""

    def cell(value: Any) -> str:
        if value is None or value != value:
            return ""
        if isinstance(value, float):
            return f"{value:,.1f}"
        return str(value).replace("|", ", ")

    numeric = [all(isinstance(r[i], (int, float)) or r[i] is None for r in rows)
               for i in range(len(columns))]  # fmt: skip
    lines = ["| " + " | ".join(columns) + " |",
             "| " + " | ".join("---:" if n else "---" for n in numeric) + " |"]  # fmt: skip
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines)


def page(net: corridors.Network) -> str:
    """Return the page."""
    refs = check_references(net)
    good = sum(r["verdict"] == "within" for r in refs)
    countries = by_country()
    joins = datasets.read_table("joins")
    cuts = datasets.read_table("frontier_cuts")
    access = datasets.read_table("terminal_access")
    lengths = datasets.read_table("asset_lengths")
    out = [
        "# Network report",
        "",
        f"Made by `make report` from data version `{net.version[:16]}`. Lengths are km of track, "
        "road, lane or pipe; differences are against the published figure.",
        "",
        "## Reference distances",
        "",
        f"{good} of {len(refs)} within their tolerance.",
        "",
        table(
            ["mode", "from", "to", "published km", "tolerance %", "geodesic km", "network km",
             "difference %", "verdict", "source"],
            [[r["mode"], r["origin"], r["destination"], r["published_km"],
              float(r["tolerance_pct"]), r.get("geodesic_km"), r["network_km"],
              r.get("difference_pct"), r["verdict"], r["source"]] for r in refs],
        ),
        "",
        "## By country",
        "",
        "`main km` is the longest connected piece inside the country, `orphan km` all others. "
        "A chord is a line drawn straight between junctions for want of a known course: its length "
        "is the stored one, its place on the map is not exact. Electrification and the number of "
        "tracks are known where `rail_equipment.csv` names a section of a main line and a source; "
        "elsewhere they are not known, which is not the same as none.",
        "",
    ]  # fmt: skip
    for mode in ("rail", "road"):
        part = countries[countries["mode"] == mode].sort_values("line_km", ascending=False)
        columns = ["country", "line_km", "components", "main_km", "orphan_km", "joins", "join_km",
                   "chord_km", "chord_share_pct"]  # fmt: skip
        if mode == "rail":
            columns.insert(1, "gauges_mm")
            columns += ["electrified_km", "double_km", "wires_unknown_km", "tracks_unknown_km"]
        names = [c.replace("_", " ") for c in columns]
        out += [
            f"### {mode.capitalize()}",
            "",
            table(names, part[columns].head(60).values.tolist()),
            "",
        ]
    out += [
        "## Against the ground",
        "",
        "How far points of the real track lie from the drawn railways: vertices of OpenStreetMap "
        "ways (a sample; but for two points of the Tashguzar-Kitab branch it was used for nothing "
        "else), and its stations (through which long lines are "
        "drawn; metro stations and stations of lines that the source lacks count as off).",
        "",
        table(["points of", "country", "points", "median km", "90 % within km", "% within 1 km",
               "% within 5 km", "farthest km"], against_the_ground(net)),
        "",
    ]  # fmt: skip
    rules = joins.assign(
        rule=joins["rule"].str.replace(r"^(patch): .*", r"\1 (by hand)", regex=True)
    )
    summary = rules.groupby(["mode", "rule"])["length_km"].agg(["size", "sum", "max"]).reset_index()
    patches = joins.loc[
        joins["rule"].str.startswith("patch"), ["mode", "country", "length_km", "rule"]
    ]
    patches = patches.assign(rule=patches["rule"].str.removeprefix("patch: "))
    out += ["## Joins", "",
            "Every gap that was joined is a row of `joins.csv` with its place, length and reason; "
            "no rule joins two countries or crosses water.", "",
            table(["mode", "rule", "joins", "km together", "longest km"],
                  summary.values.tolist()), "",
            "### Patches", "",
            table(["mode", "country", "km", "reason"],
                  patches.fillna("").values.tolist()), ""]  # fmt: skip
    verdict = cuts["verdict"].astype(str).str.replace(r"^(closed).*", r"\1", regex=True)
    verdict = verdict.where(verdict.isin(["closed", "no crossing here", "no country"]), "open")
    frontier = cuts.assign(verdict=verdict).groupby(["mode", "verdict"]).size().reset_index()
    refused = cuts[cuts["verdict"].astype(str).str.match("closed|no crossing")]
    refused = refused.groupby(["mode", "country_a", "country_b", "verdict"]).size().reset_index()
    out += ["## Frontiers", "", "Where lines of the source meet a frontier:", "",
            table(["mode", "verdict", "lines"], frontier.values.tolist()), "",
            "Refused, by frontier:", "",
            table(["mode", "one side", "other side", "why", "lines"],
                  refused.values.tolist()), ""]  # fmt: skip
    missing = access[access["access_km"].isna()]
    out += ["## Known to be missing", "",
            "Terminals that name a mode whose lines the source does not bring near them:", "",
            table(["terminal", "mode", "gauge mm"],
                  missing[["terminal", "mode", "gauge_mm"]].values.tolist()), "",
            "Road class is not in the source; electrification and double track are not either, and "
            "are known of named sections of main lines only. "
            "Named assets whose drawn length leaves what their precision allows:", ""]  # fmt: skip
    bad = lengths[
        ~lengths[lengths.columns[-1]]
        .astype(str)
        .isin(["within", "ok", "no published length", "nan"])
    ]
    out += [table(list(bad.columns), bad.fillna("").values.tolist()) if len(bad) else "None.", ""]
    return "\n".join(out)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reports" / "network.md")
    options = parser.parse_args()
    text = page(corridors.load_network())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as scratch:
        scratch.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
