"""``make picture``: the README's picture, a view of build/corridors.html in headless Chromium.

    python tools/picture.py [MAP.html] [PICTURE.png]

The browser has no network: what is on the picture is what the one file holds.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = {"width": 1280, "height": 760}


def main() -> None:
    """Take the picture."""
    from playwright.sync_api import sync_playwright

    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "corridors.html"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "img" / "map.png"
    browser = os.environ.get("CORRIDORS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)))
    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = started.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        page.context.set_offline(True)
        page.goto(source.resolve().as_uri())
        page.wait_for_selector(".leaflet-container")
        page.wait_for_timeout(2500)  # labels are placed after the lines
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target)
        started.close()
    print(f"{target} written")


if __name__ == "__main__":
    main()
