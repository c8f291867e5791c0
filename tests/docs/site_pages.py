"""The built pages as a reader's browser sees them: where they lead, what they load, what can be pointed at."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src", "object": "data"}


class Page(HTMLParser):
    """What a page has: ids, links, what it loads, and its text outside of code and scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self._silent += tag in ("script", "style", "pre", "code")
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADS and LOADS[tag] in given:
            self.loaded.append(given[LOADS[tag]])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "dns-prefetch"):
            self.loaded.append(given["href"])

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style", "pre", "code")

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)


@cache
def page(path: Path) -> Page:
    """A page, read once."""
    return Page(path)


def pages(folder: Path) -> dict[str, Page]:
    """Every page by its path in the folder."""
    return {str(path.relative_to(folder)): page(path) for path in sorted(folder.rglob("*.html"))}


def broken_links(folder: Path) -> list[str]:
    """Every link within the folder that leads nowhere."""
    found = []
    for name, each in pages(folder).items():
        for link in each.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (folder / name).parent / unquote(parts.path) if parts.path else folder / name
            if not target.is_file() or (
                parts.fragment and target.suffix == ".html" and not _has(target, parts.fragment)
            ):
                found.append(f"{name}: {link}")
    return found


def _has(target: Path, fragment: str) -> bool:
    return unquote(fragment) in page(target.resolve()).ids


def from_elsewhere(folder: Path) -> list[str]:
    """Everything that a page or a style sheet loads from anywhere but the folder."""
    loaded = [(name, address) for name, each in pages(folder).items() for address in each.loaded]
    for path in folder.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        loaded += [(path.name, found) for found in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')\s]+)", text)]
    return [f"{name}: {address}" for name, address in loaded if re.match(r"(?!data:)(\w+:|//)", address)]
