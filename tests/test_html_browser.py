"""Pages in a real browser: Debian's chromium, headless, at a phone's width and a desk's, light and dark.

    apt-get install chromium chromium-driver

`GRAYMESH_SCREENSHOTS=folder` keeps the screenshots for people to look at.
"""

from __future__ import annotations

import base64
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT
from tests.test_html import HOSTILE, PAGES

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="PAGES ARE NOT TRIED IN A BROWSER: chromium and chromedriver are not installed"
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS, SCHEMES = (390, 1280), ("light", "dark")
TEXTS = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const small = [];
while (walker.nextNode()) { const node = walker.currentNode; const box = node.parentElement.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
  if (node.data.trim() && box.width && size < 12) small.push(node.data); }
return small;
"""
CONTRAST = """
const channel = value => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
  return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
const ground = node => { for (let each = node; each; each = each.parentElement) {
  const color = getComputedStyle(each).backgroundColor; if (!color.endsWith(', 0)')) return color; } };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const found = [];
while (walker.nextNode()) { const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.getBoundingClientRect().width) continue;
  const style = getComputedStyle(node); const svg = node.namespaceURI.endsWith('svg');
  const pair = [light(svg ? style.fill : style.color), light(ground(node))].sort((a, b) => b - a);
  const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
  if (ratio < 4.5 && node.tagName !== 'title') found.push([walker.currentNode.data, ratio]); }
return found;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The driver and the browser that it starts; both end with the module."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="PAGES ARE NOT TRIED IN A BROWSER: no selenium")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(30)
    driver.set_script_timeout(10)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects, a change of a stage and a guard, and pages full of hostile texts."""
    folder = tmp_path_factory.mktemp("pages")
    for story in ("shop", "bookinfo", "sticky"):
        shutil.copytree(ROOT / "examples" / story, folder / story)
    shutil.copytree(folder / "sticky", folder / "changed")
    spec = folder / "changed" / "releases" / "search.yaml"
    text = spec.read_text(encoding="utf-8").replace("  stage: gray-20", "  stage: half").replace("max: 1%", "max: 5%")
    spec.write_text(text[: text.index("  tests:")] + text[text.index("  targets:") :], encoding="utf-8")
    for story in ("shop", "bookinfo"):
        _graymesh(folder, "report", story, "-o", f"{story}.html")
    _graymesh(folder, "diff", "sticky", "changed", "--output", "html=diff.html")
    for kind, made in PAGES.items():
        (folder / f"hostile-{kind}.html").write_text(made(" ".join(HOSTILE)), encoding="utf-8")
    return folder


def _graymesh(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "graymesh", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


def show(browser: Any, page: Path, width: int = 1280, scheme: str = "light") -> None:
    """Open the page, as wide as this, for a reader who prefers this scheme."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(page.as_uri())


def screenshot(browser: Any, name: str) -> bytes:
    """The whole page as PNG; kept when somebody wants to look."""
    width, height = browser.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    data = base64.b64decode(shot["data"])
    folder = os.environ.get("GRAYMESH_SCREENSHOTS")
    if folder:
        Path(folder, f"{name}.png").write_bytes(data)
    return data


NAMES = ("shop", "bookinfo", "diff", "hostile-project", "hostile-diff")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_and_can_be_read(browser: Any, pages: Path, name: str, width: int, scheme: str) -> None:
    show(browser, pages / f"{name}.html", width, scheme)
    browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert browser.get_log("browser") == []
    assert browser.execute_script("return innerWidth") == width, "a phone would zoom out"
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.execute_script(TEXTS) == []
    assert browser.execute_script(CONTRAST) == []
    data = screenshot(browser, f"{name}-{width}-{scheme}")
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">I", data[16:20])[0] == width


@pytest.mark.parametrize("name", NAMES)
def test_pictures_have_a_size_and_their_parts_fill_them(browser: Any, pages: Path, name: str) -> None:
    show(browser, pages / f"{name}.html", 390)
    pictures = browser.execute_script(
        """return [...document.querySelectorAll('svg[role=img]')].map(svg => [svg.getBoundingClientRect().width,
        [...svg.querySelectorAll('rect:not(.now)')].reduce((sum, rect) => {
          const box = rect.getBoundingClientRect(); return sum + box.width * box.height; }, 0)
        / (svg.clientWidth * svg.clientHeight)])"""
    )
    assert pictures
    for width, filled in pictures:
        assert width > 200
        assert filled == pytest.approx(1, abs=0.03)


def test_the_style_sheet_passes_the_policy_and_scripts_do_not(browser: Any, pages: Path) -> None:
    show(browser, pages / "diff.html", 1280, "dark")
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    browser.execute_script(
        "const each = document.createElement('script'); each.textContent = 'window.ran = 1'; document.body.append(each)"
    )
    assert browser.execute_script("return window.ran") is None
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]


def test_hostile_texts_run_nothing_and_are_seen(browser: Any, pages: Path) -> None:
    for kind in PAGES:
        show(browser, pages / f"hostile-{kind}.html")
        assert (
            browser.execute_script("return document.querySelectorAll('script, img, [onerror], [onfocus]').length") == 0
        )
        assert "<script>alert(1)</script>" in browser.execute_script("return document.body.innerText")


def test_the_keyboard_is_enough(browser: Any, pages: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    show(browser, pages / "diff.html", 1280)
    active = browser.switch_to.active_element
    active.send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.get_attribute("class") == "skip"
    assert first.rect["x"] >= 0, "the link shows itself when it has the focus"
    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    summary = browser.find_element("css selector", "summary")
    assert not browser.execute_script("return arguments[0].parentElement.open", summary)
    summary.send_keys(Keys.ENTER)
    assert browser.execute_script("return arguments[0].parentElement.open", summary)
    outline = browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", summary)
    assert outline == "solid"


def test_the_change_is_on_the_page(browser: Any, pages: Path) -> None:
    show(browser, pages / "diff.html")
    said = browser.execute_script("return document.querySelector('main').innerText")
    assert "users 2000–4999 (30%) move from blue to green" in said
    assert "1% → 5%" in said
    assert "stage gray-20 → half" in said
    assert browser.execute_script("return document.querySelectorAll('.sides > div').length") == 2
    assert browser.execute_script("return document.querySelectorAll('td.come').length") > 0
