"""The claims page of the docs: each claim of the article, and what the library says to it.

    python tools/claims.py [--out docs/reports/claims.md]

The claims are rows of ``claims.csv`` (what is claimed, of what, how it is measured, the verdict of
the sources); every number under "what the library says" is asked of the library when the page is
made.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import corridors
from corridors import datasets
from corridors.files import whole
from corridors.routing.route import summary

ROOT = Path(__file__).resolve().parents[1]


def _assets(atlas: Any, idents: str) -> Any:
    wanted = [i for i in idents.split("|") if i]
    return atlas.assets.set_index("id", drop=False).loc[wanted]


def _asset_length(atlas: Any, net: Any, args: str) -> list[str]:
    return [
        f"{r['name']}: drawn {r['length_km']:,.0f} km, published {r['published_km']:,.0f} km "
        f"({r['precision']}, {r['confidence']} confidence)"
        for _, r in _assets(atlas, args).iterrows()
    ]


def _sum(column: str, unit: str) -> Any:
    def measure(atlas: Any, net: Any, args: str) -> list[str]:
        rows = _assets(atlas, args)
        parts = " + ".join(f"{float(v):,.0f}" for v in rows[column])
        return [f"{parts} = {sum(float(v) for v in rows[column]):,.0f} {unit}"]

    return measure


def _find(atlas: Any, net: Any, args: str) -> list[str]:
    found = atlas.show(args)
    return [f"'{args}' is found as {found.name} ({found.kind}, `{found.id}`)"]


def _countries(atlas: Any, net: Any, args: str) -> list[str]:
    return [f"{r['name']}: {r['countries'].replace('|', ', ')}"
            for _, r in _assets(atlas, args).iterrows()]  # fmt: skip


def _route_km(atlas: Any, net: Any, args: str) -> list[str]:
    ends, mode = args.rsplit(" ", 1)
    a, b = ends.split(">")
    found = net.route(a, b, modes=[mode], by="distance")
    return [f"{found.origin.name} to {found.destination.name} by {mode}: {summary(found)}"]


def _compare(atlas: Any, net: Any, args: str) -> list[str]:
    from corridors.analysis.named import corridor_route

    ends, idents = args.split(":")
    a, b = ends.strip().split(">")
    out = [f"fastest of all: {summary(net.route(a, b))}"]
    for ident in (i.strip() for i in idents.split(",")):
        name = atlas.corridors.set_index("id").loc[ident, "name"]
        try:
            out.append(f"{name}, end to end: {summary(corridor_route(net, atlas, ident))}")
        except corridors.CorridorsError as error:
            out.append(f"{name}: {error}")
    return out


MEASURES = {
    "asset_length": _asset_length,
    "sum_published_km": _sum("published_km", "km"),
    "sum_capacity": _sum("capacity", "bcm a year"),
    "find_asset": _find,
    "find_place": _find,
    "countries": _countries,
    "route_km": _route_km,
    "compare": _compare,
}


def _shown(atlas: Any, row: dict[str, str]) -> list[str]:
    """Return a line for every asset and place that a claim is about."""
    lines = []
    for ident in (*row["assets"].split("|"), *row["places"].split("|")):
        if not ident:
            continue
        facts = atlas.show(ident)
        known = {f.label: f.value for f in facts.facts}
        said = ", ".join(
            known[k] for k in ("status", "opened", "country", "countries") if k in known
        )
        mark = ", low confidence" if facts.confidence == "low" else ""
        lines.append(f"{facts.name} ({facts.kind}): {said}{mark}")
    return lines


def page() -> str:
    """Return the page."""
    atlas, net = corridors.load_atlas(), corridors.load_network()
    out = [
        "# Claims, checked",
        "",
        f"Made by `make report` from data version `{net.version[:16]}`: what a news article of "
        "2025 on the China–Central Asia summit claims, what the sources say, and what the atlas "
        "and the network say. Ranges in brackets are P10–P90.",
        "",
    ]
    with datasets.path("claims.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            verdict = f"**Sources: {row['verdict']}.** {row['note']}".strip()
            out += [f"## {row['claim']}", "", verdict, "", f"*{row['source']}*", ""]
            measure = MEASURES.get(row["measure"])
            said = measure(atlas, net, row["measure_args"]) if measure else _shown(atlas, row)
            if said:
                out += ["What the library says:", "", *(f"- {line}" for line in said), ""]
    return "\n".join(out)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reports" / "claims.md")
    options = parser.parse_args()
    text = page()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as scratch:
        scratch.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
