"""That an output does no harm to who reads it, whatever somebody put into a name: one check for each form."""

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

MAX_RUN = 2000  # of one character: what is longer was not cut
_RUN = re.compile(rf"(\w)\1{{{MAX_RUN},}}")
_TAGS = frozenset(
    {
        "html", "head", "meta", "title", "style", "body", "header", "section", "div", "span", "strong", "p", "h1", "h2",
        "h3", "svg", "line", "g", "rect", "text", "article", "pre", "details", "summary", "table", "thead", "tbody", "tr",
        "th", "td", "br", "code",
    }
)  # fmt: skip
_CODE = re.compile(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)")
_OPEN = re.compile(r"(?<!\\)(?:\\\\)*(<|\]\(|!\[|&#?\w+;)|(?:https?|ftp)://|\bwww\.")


def printable(text: str) -> None:
    """Nothing but our own line breaks is not printable: no escape sequence, no override, no half of a pair."""
    if not (bare := text.replace("\n", "")).isprintable():
        raise AssertionError(ascii([each for each in bare if not each.isprintable()][:5]))
    assert len(text) <= MAX_RUN or not _RUN.search(text)


def text(said: str) -> None:
    printable(said)


def document(said: str) -> None:
    """JSON: bounded, and each text in it is fit for a terminal."""
    printable(said)
    _walk(json.loads(said))


def _walk(value: object) -> None:
    match value:
        case str():
            assert value.isprintable(), ascii(value[:80])
            assert len(value) <= 1200
        case list():
            for each in value:
                _walk(each)
        case dict():
            for key, each in value.items():
                _walk(key)
                _walk(each)


def junit(said: str) -> None:
    root = ET.fromstring(said)  # noqa: S314 -- our own
    assert {each.tag for each in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped", "system-out",
    }  # fmt: skip
    for each in root.iter():
        for words in (*each.attrib.values(), each.text or ""):
            printable(words)


def markdown(said: str) -> None:
    """No markup but ours: no HTML, link or image, and tables keep their columns."""
    printable(said)
    columns = 0
    for line in said.split("\n"):
        bare = _CODE.sub("", line)
        # Sources are ours; they are the only addresses.
        assert not _OPEN.search(bare), ascii(line[:200])
        if line.startswith("| "):
            count = len(re.findall(r"(?<!\\)\|", bare))
            assert columns in (0, count), ascii(line[:200])
            columns = count
        else:
            columns = 0


class _Page(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, tag
        for name, _value in attrs:
            assert not name.startswith("on"), name
            assert name not in {"href", "src", "style", "srcdoc", "action", "xlink:href"}, name

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data[:80])

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data[:80])


def html(said: str) -> None:
    printable(said)
    page = _Page(convert_charrefs=True)
    page.feed(said)
    page.close()


CHECKS = {"text": text, "json": document, "junit": junit, "markdown": markdown, "html": html}
