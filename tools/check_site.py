"""Open every page of the built site in Chromium and list what is wrong with it.

A page fails on a console error, an uncaught error, a failed request, a request to
anything but the site itself, an image without alt text or that did not load, a formula
that is not one or has a letter that its font lacks, a broken internal link, or too much
weight; on paper, and in light and in dark mode at each width from a desktop's to a
small phone's, with scroll bars shown, on anything that is cut or scrolls sideways; on a
desktop and on a phone, in both modes, on what axe finds hard to use, on a place without
a ring on the way of the keyboard and on a button that loses it. The search has to find
a word that the book is full of.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
import gzip
import html
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
import re
import shutil
import sys
import threading
import time
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    Error,
    Page,
    Response,
    TimeoutError,
    sync_playwright,
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BROWSERS_AT_WORK = 2
HEIGHT = 900
WIDTHS = (1280, 640, 390, 320)  # a desktop, the same at 200 %, a phone, a small one
MODES = ("dark", "light")
TRIED_ON = (1280, 390)  # where axe and the keyboard try the page: half a minute
QUICK = {
    "preload": False,  # it would look for style sheets in the wrong folder
    "resultTypes": ["violations"],
}
AXE = {
    **QUICK,
    "rules": {"label-content-name-mismatch": {"enabled": True}},
}
COLOURS = {**QUICK, "runOnly": ["color-contrast"]}
PAPER = 717  # A4 between the margins that browsers leave
MOST_STOPS = 600  # on the way of the keyboard through a page
DESKTOP = {"width": max(WIDTHS), "height": HEIGHT}
MOST_KB = {"plain": 350, "formulas": 700}  # what a page may load, packed
SLIDE = 150  # milliseconds until side bars and colours have settled, none in motion
SEARCHED = "autoencoder"
ANY_HOST = "http://site/"

MATH = re.compile(r"<math.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
INSPECT = Path(__file__).with_name("inspect_page.js").read_text(encoding="utf-8")
CLOSED = "document.querySelectorAll('article details:not([open])').length"
FADING = "document.getAnimations().filter(it => it.animationName).length"
FOCUSED = """() => {
  const node = document.activeElement;
  if (node === document.body) return null;
  const ring = part => {
    const style = getComputedStyle(part);
    const line = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return line || !/^none$|rgba\\(0, 0, 0, 0\\)/.test(style.boxShadow);
  };
  const parts = [node, ...node.children]; // an icon may have the ring of its button
  return [node.outerHTML.slice(0, 90), parts.some(ring)];
}"""
BUTTONS = """() => {
  const first = new Map(); // one of each kind
  for (const button of document.querySelectorAll("button"))
    if (button.checkVisibility() && !first.has(button.className))
      first.set(button.className, button);
  return (window.buttons = [...first.values()]).length;
}"""
NOWHERE = "document.activeElement === document.body"


class Links(HTMLParser):
    """Collects the ids and the link targets of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = {""}  # no fragment: the page itself
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag adds."""
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        if tag == "a" and values.get("href"):
            self.targets.add(values["href"] or "")


def broken_links(site: Path, pages: list[str]) -> list[str]:
    """Return every link inside the site whose file or place does not exist."""
    parsed = {}
    for page in pages:
        parsed[page] = Links()
        parsed[page].feed((site / page).read_text(encoding="utf-8"))
    wrong = []
    for page, links in parsed.items():
        for href in sorted(links.targets):
            url = urlsplit(urljoin(f"{ANY_HOST}{page}", href))
            if f"{url.scheme}://{url.netloc}/" != ANY_HOST:
                continue  # another site
            target, place = unquote(url.path).lstrip("/"), unquote(url.fragment)
            missing = not (site / target).exists()
            if missing or (target in parsed and place not in parsed[target].ids):
                wrong.append(f"{page}: broken link {href}")
    return wrong


def strange_letters(site: Path, pages: list[str]) -> list[str]:
    """Return every letter of a formula that the font of the formulas does not have."""
    style = (site / "_static" / "book.css").read_text(encoding="utf-8")
    ranges = re.findall(r"U\+([0-9A-F]+)-?([0-9A-F]*)", style)
    known = {0x2061}  # applies a function, and is not seen
    for first, last in ranges:
        known.update(range(int(first, 16), int(last or first, 16) + 1))
    wrong = []
    for page in pages:
        formulas = MATH.findall((site / page).read_text(encoding="utf-8"))
        letters = set(html.unescape(TAG.sub("", "".join(formulas))).split())
        wrong += [
            f"{page}: no {letter} in the font of the formulas"
            for letter in sorted(set("".join(letters)))
            if ord(letter) not in known
        ]
    return wrong


class QuietServer(ThreadingHTTPServer):
    """A server that lets a browser close a connection before it has all."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Print any error but a closed connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(site: Path) -> Iterator[str]:
    """Serve `site` on a free port of localhost and yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = partial(Quiet, directory=str(site))
    server = QuietServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def listen(page: Page, base: str, wrong: list[str]) -> None:
    """Add to `wrong` whatever goes amiss while `page` loads."""

    def block(route):
        url = route.request.url
        if url.startswith((base, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"request leaves the site: {url}")
            route.abort()

    def failed(request):
        if request.url.startswith(base):
            wrong.append(f"request failed: {request.url} ({request.failure})")

    page.route("**/*", block)
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
    page.on(
        "console",
        lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None,
    )
    page.on(
        "response",
        lambda r: wrong.append(f"{r.status}: {r.url}") if r.status >= 400 else None,
    )


def weight(responses: list[Response]) -> int:
    """Return the bytes of what a page loads, packed as a server would pack them."""
    bodies = {}
    for response in responses:
        with suppress(Error):  # a page that sends on to another is gone
            bodies[response.url] = response.body()
    packed = (".woff2", ".png", ".jpg")
    return sum(
        len(body if url.split("?")[0].endswith(packed) else gzip.compress(body))
        for url, body in bodies.items()
    )


def check_page(browser: Browser, base: str, name: str, shots: Path | None) -> list[str]:
    """Open one page in a fresh tab and return what is wrong with it."""
    wrong: list[str] = []
    page = browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    listen(page, base, wrong)
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))
    page.goto(base + name, wait_until="load")
    page.wait_for_load_state("networkidle")
    wrong += [f"{text}, on paper" for text in on_paper(page)]  # loads all pictures
    limit = MOST_KB["formulas" if page.query_selector("math") else "plain"]
    if (kilobytes := weight(loaded) // 1000) > limit:
        wrong.append(f"weighs {kilobytes} kB, expected up to {limit}")
    stem = shots and shots / name.removesuffix(".html").replace("/", "-")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found = []
        for mode in MODES:
            set_mode(page, mode)
            found += page.evaluate(INSPECT)
            if width in TRIED_ON:  # between the modes only colours differ
                found += hard_to_use(page, AXE if mode == "light" else COLOURS)
            if stem:
                page.screenshot(path=f"{stem}-{width}-{mode}.png", full_page=True)
        if width in TRIED_ON:
            found += by_keyboard(page)
        wrong += [f"{text}, at {width} pixels" for text in dict.fromkeys(found)]
    page.close()
    return [f"{name}: {text}" for text in wrong]


def hard_to_use(page: Page, options: dict[str, Any]) -> list[str]:
    """Return what axe, a checker of accessibility, finds."""
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{it['id']}: {node['html'][:90]}" for it in violations for node in it["nodes"]
    ]


def on_paper(page: Page) -> list[str]:
    """Return what is wrong with a page when it is printed from dark mode."""
    set_mode(page, "dark")
    closed = page.evaluate(CLOSED)
    page.emulate_media(media="print", reduced_motion="no-preference")
    page.set_viewport_size({"width": PAPER, "height": HEIGHT})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wrong = []
    if fading := page.evaluate(FADING):  # printed as pale as they are at first
        wrong.append(f"{fading} parts still fade in")
    if page.evaluate("document.documentElement.dataset.theme") != "light":
        wrong.append("not in light mode")
    if left := page.evaluate(CLOSED):
        wrong.append(f"{left} parts stay folded")
    wrong += page.evaluate(INSPECT)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    if page.evaluate("document.documentElement.dataset.theme") != "dark":
        wrong.append("dark mode does not come back")
    if page.evaluate(CLOSED) != closed:
        wrong.append("what was folded stays open")
    page.emulate_media(media="screen", reduced_motion="reduce")
    set_mode(page, "light")
    return wrong


def by_keyboard(page: Page) -> list[str]:
    """Return each place without a ring, and each button that loses the keyboard."""
    wrong = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        if not focused[1]:
            wrong.append(f"no ring around {focused[0]}")
    else:
        wrong.append(f"more than {MOST_STOPS} stops for the keyboard")
    for i in range(page.evaluate(BUTTONS)):
        page.evaluate("i => window.buttons[i].focus()", i)
        page.keyboard.press("Enter")
        page.wait_for_timeout(SLIDE)
        lost = page.evaluate(NOWHERE)
        page.keyboard.press("Escape")  # out of what it may have opened
        page.wait_for_timeout(SLIDE)
        if lost or page.evaluate(NOWHERE):
            name = page.evaluate("i => window.buttons[i].outerHTML.slice(0, 90)", i)
            wrong.append(f"the keyboard is lost after {name}")
    page.evaluate("document.activeElement.blur()")  # and with it what it shows
    page.wait_for_timeout(SLIDE)
    return wrong


def set_mode(page: Page, mode: str) -> None:
    """Show a page in dark or in light mode."""
    page.evaluate("mode => document.documentElement.dataset.theme = mode", mode)
    page.wait_for_timeout(SLIDE)


def check_search(browser: Browser, base: str) -> list[str]:
    """Search for a word that must be found; return a complaint if it is not."""
    wrong: list[str] = []
    page = browser.new_page(viewport=DESKTOP)
    listen(page, base, wrong)
    page.goto(f"{base}search.html?q={SEARCHED}")
    try:
        page.wait_for_selector("ul.search li", timeout=10_000)
    except TimeoutError:
        wrong.append(f"nothing found for {SEARCHED!r}")
    page.close()
    return [f"search.html: {text}" for text in wrong]


def check_pages(
    program: str, base: str, shots: Path | None, names: SimpleQueue
) -> list[str]:
    """Open pages in a browser of its own until none is left; return what is wrong."""
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[*FLAGS],
            ignore_default_args=["--hide-scrollbars"],
        )
        with suppress(Empty):
            while True:
                name = names.get_nowait()
                wrong += check_page(browser, base, name, shots)
                if name == "search.html":
                    wrong += check_search(browser, base)
        browser.close()
    return wrong


def main() -> None:
    """Check the site named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path, nargs="?", default=Path("_build/html"))
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="write PNGs")
    options = parser.parse_args()
    site: Path = options.site
    pages = sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html"))
    pages = [page for page in pages if not page.startswith("_static/")]
    if not pages:
        sys.exit(f"no pages in {site}: run `make book` first")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    wrong = broken_links(site, pages) + strange_letters(site, pages)
    with serve(site) as base, ThreadPoolExecutor(BROWSERS_AT_WORK) as pool:
        left: SimpleQueue[str] = SimpleQueue()
        for page in sorted(pages, key=lambda page: -(site / page).stat().st_size):
            left.put(page)  # the largest first: none is left for the end
        at_work = [
            pool.submit(check_pages, program, base, options.screenshots, left)
            for _ in range(BROWSERS_AT_WORK)
        ]
        wrong += chain.from_iterable(browser.result() for browser in at_work)
    seconds = time.perf_counter() - start
    if wrong:
        sys.exit("\n".join(wrong) + f"\n{len(wrong)} complaints, {len(pages)} pages")
    print(f"{len(pages)} pages opened in {seconds:.0f} s, nothing to complain about")


if __name__ == "__main__":
    main()
