"""Escaping of untrusted text. All such text passes `clean` before a terminal, log, page, file or label."""

import re

DEFAULT_LIMIT = 256
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Only what Markdown would read as markup, so that names stay readable: everywhere; an underscore beside a
# word; a bare address (GFM, section 6.9); at the start of a line, a heading, a list or an underline.
_MARKDOWN = re.compile(
    r"[\\`*\[\]<>|~&@$]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|^[#+=-]", re.IGNORECASE
)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")


def clean(text: str, limit: int = DEFAULT_LIMIT) -> str:
    r"""``text`` with unprintable characters escaped, and cut to at most ``limit`` characters.

    A cut text ends in "…". Markup (``[red]``, ``<b>``) is unchanged: every output shows text without
    interpreting markup (rich with ``markup=False``, Jinja with autoescape).

    >>> clean("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    >>> clean("x" * 300, limit=5)
    'xxxx…'
    """
    if len(text) <= limit and text.isprintable():
        return text
    parts: list[str] = []
    length = 0
    for character in text[: limit + 1]:
        part = _escape(character)
        if length + len(part) > limit:
            return _cut(parts, limit)
        parts.append(part)
        length += len(part)
    return "".join(parts)


def clean_csv(text: str, limit: int = DEFAULT_LIMIT) -> str:
    """Like `clean`, and safe in spreadsheets: it is never read as a formula.

    >>> clean_csv("=cmd()")
    "'=cmd()"
    """
    cleaned = clean(text, limit)
    return "'" + cleaned if cleaned.startswith(_FORMULA_STARTS) else cleaned


def clean_markdown(text: str, limit: int = DEFAULT_LIMIT) -> str:
    r"""Like `clean`, with everything escaped that Markdown would read as markup.

    >>> clean_markdown("<b>|"), clean_markdown("node-1.example.com")
    ('\\<b\\>\\|', 'node-1.example.com')
    """
    return _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\g<0>", clean(text, limit)))


def _escape(character: str) -> str:
    # Unprintable: control and format characters (bidirectional overrides, zero width), surrogates, private
    # and unassigned characters, and all separators except the space. Each can hide or fake visible text.
    if not character.isprintable():
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def _cut(parts: list[str], limit: int) -> str:
    joined = "".join(parts)
    return joined[: max(0, limit - 1)] + "…"
