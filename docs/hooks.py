"""Fills the pages' generated parts, so that they say what the library says.

A page asks for a part with a line ``<!-- generated: NAME -->``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CHECKED = "site-check"  # where `make check` builds; it looks at the pages, not at the map
MARK = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Put the generated reports (docs/reports) into the navigation, those that are there."""
    found = sorted((ROOT / "docs" / "reports").glob("*.md"))
    if found and not any("Reports" in entry for entry in config["nav"]):
        config["nav"].insert(-1, {"Reports": [f"reports/{file.name}" for file in found]})
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put each generated part where its mark stands."""
    return MARK.sub(lambda m: PARTS[m[1]](), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Take the roles of reStructuredText off the docstrings' names: they are code already."""
    return re.sub(r":(?:func|class|meth|mod|attr|data|exc):(<code>)~?", r"\1", html)


def on_post_build(config: Any) -> None:
    """Put the map beside the start page: that of ``make map``, or one made for the site."""
    site = Path(config["site_dir"])
    if site.name == CHECKED:
        return
    ready, target = ROOT / "build" / "corridors.html", site / "map.html"
    if ready.is_file():
        shutil.copyfile(ready, target)
        return
    from corridors.cli import main

    if main(["map", "-o", str(target), "--route", "Urumqi -> Poti"]):
        raise RuntimeError("the map of the start page could not be written")


def live_map() -> str:
    """Return the map of the start page, which on_post_build puts beside it."""
    return (
        '<p><iframe src="map.html" title="The map: atlas, routes and planner" loading="lazy" '
        'style="width: 100%; height: 32rem; border: 1px solid rgba(128, 128, 128, .4)"></iframe>'
        '<br><a href="map.html">The map by itself</a>: one file of a few MB, which can be saved '
        "and sent.</p>"
    )


def datasets() -> str:
    """Return the table of what ships, from datapackage.json."""
    package = _package()
    lines = ["| dataset | what it holds | rows | size | licence |", "|---|---|---:|---:|---|"]
    total = 0
    for r in package["resources"]:
        total += r["bytes"]
        licence = ", ".join(f"[{x['name']}]({x['path']})" for x in r["licenses"])
        lines.append(
            f"| `{r['name']}` | {r['title']} | {r['rows']:,} | {_size(r['bytes'])} | {licence} |"
        )
    lines.append(f"\nAll together {_size(total)}, version {package['version']}.")
    return "\n".join(lines)


def columns() -> str:
    """Return the columns of every dataset, from datapackage.json."""
    parts = []
    for r in _package()["resources"]:
        parts += [f"### {r['name']}", "", f"{r['title']} (`{r['path']}`)", ""]
        if r.get("description"):
            parts += [r["description"], ""]
        sources = "; ".join(
            f"[{s['title']}]({s['path']})" if s.get("path") else s["title"] for s in r["sources"]
        )
        parts += [f"Made from: {sources}.", ""]
        fields = r.get("schema", {}).get("fields", [])
        if any(f.get("description") for f in fields):
            parts += ["| column | type | meaning |", "|---|---|---|"]
            parts += [
                f"| `{f['name']}` | {f['type']} | {f.get('description', '')} |" for f in fields
            ]
        elif fields:
            parts.append("Columns: " + ", ".join(f"`{f['name']}`" for f in fields) + ".")
        parts.append("")
    return "\n".join(parts)


def terms() -> str:
    """Return LICENSES.md without its first heading."""
    text = (ROOT / "data" / "geo" / "LICENSES.md").read_text(encoding="utf-8")
    return text.split("\n", 1)[1].replace("\n## ", "\n### ")


def commands() -> str:
    """Return the help of every command, as the command line prints it."""
    import typer

    from corridors import cli

    root = typer.main.get_command(cli.app)
    return "\n".join(_help(root, "corridors", None))


def _help(command: Any, name: str, parent: Any) -> list[str]:
    context = command.context_class(command, info_name=name, parent=parent)
    lines = []
    children = getattr(command, "commands", {})
    if not children:
        lines += [f"## {context.command_path}", "", _prose(command.help or ""), ""]
        usage = command.collect_usage_pieces(context)
        lines += ["```text", f"{context.command_path} {' '.join(usage)}", "```", ""]
        rows = [r for p in command.get_params(context) if (r := p.get_help_record(context))]
        if rows:
            lines += ["| option | meaning |", "|---|---|"]
            lines += [f"| `{_cell(a)}` | {_cell(b)} |" for a, b in rows]
            lines.append("")
    for key, child in children.items():
        if not child.hidden:
            lines += _help(child, key, context)
    return lines


def _prose(text: str) -> str:
    text = re.sub(r"\[/?[a-z ]+\]", "", text.replace("\b", "")).strip()
    return re.sub(r"^(\s*)Example: (.+)$", r"\1Example: `\2`", text, flags=re.MULTILINE)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"


def _package() -> dict[str, Any]:
    file = ROOT / "data" / "geo" / "datapackage.json"
    parsed: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return parsed


PARTS: dict[str, Callable[[], str]] = {
    "columns": columns,
    "commands": commands,
    "datasets": datasets,
    "live-map": live_map,
    "terms": terms,
}
