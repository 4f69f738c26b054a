"""Checks that output is harmless even if names in it come from an attacker: one check per output format."""

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

MAX_RUN = 2000  # repeats of one character: a longer run was not truncated
_RUN = re.compile(rf"(\w)\1{{{MAX_RUN},}}")
_TAGS = frozenset(
    {
        "html", "head", "meta", "title", "style", "body", "header", "section", "div", "span", "strong", "p", "h1", "h2",
        "h3", "svg", "line", "g", "rect", "text", "article", "pre", "details", "summary", "table", "thead", "tbody", "tr",
        "th", "td", "br", "code", "wbr",
    }
)  # fmt: skip
_CODE = re.compile(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)")
_OPEN = re.compile(r"(?<!\\)(?:\\\\)*(<|\]\(|!\[|&#?\w+;)|(?:https?|ftp)://|\bwww\.")


def printable(text: str) -> None:
    """Only printable characters and line breaks: no escape sequence, no text direction override, no lone surrogate."""
    if not (bare := text.replace("\n", "")).isprintable():
        raise AssertionError(ascii([each for each in bare if not each.isprintable()][:5]))
    assert len(text) <= MAX_RUN or not _RUN.search(text)


def text(output: str) -> None:
    printable(output)


def document(output: str) -> None:
    """JSON: each text in it is printable and of limited length."""
    printable(output)
    _walk(json.loads(output))


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


def junit(output: str) -> None:
    root = ET.fromstring(output)  # noqa: S314 -- made by xks-probe
    assert {each.tag for each in root.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped", "system-out",
    }  # fmt: skip
    for each in root.iter():
        for value in (*each.attrib.values(), each.text or ""):
            printable(value)


def markdown(output: str) -> None:
    """Only the report's own markup: no HTML, link or image, and each table row has the same number of columns."""
    printable(output)
    columns = 0
    for line in output.split("\n"):
        bare = _CODE.sub("", line)
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


def html(output: str) -> None:
    printable(output)
    page = _Page(convert_charrefs=True)
    page.feed(output)
    page.close()


CHECKS = {"text": text, "json": document, "junit": junit, "markdown": markdown, "html": html}
