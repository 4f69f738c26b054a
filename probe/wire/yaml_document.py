"""Parses YAML into plain values, with limits, and rejects ambiguous YAML.

Plain scalars follow YAML 1.2's core schema (decimal numbers, true and false, null); in YAML 1.1 ``no`` would
be false and ``1:30`` ninety. Tags, merge keys and duplicate keys are not supported.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from probe.model.text import clean
from probe.wire.input_error import InputError

# A file with 10,000 targets has about 800 kB.
MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_ALIASES = 64
# Aliases of aliases grow exponentially ("billion laughs"), so values are counted with all aliases expanded.
MAX_VALUES = 400_000
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_USE_LINES = "use lines of the form `key: value`"


def parse(text: str, source: str, *, if_empty: str = _USE_LINES) -> dict[str, Any]:
    """The mapping in ``text``, made of dict, list, str, int, float, bool and None.

    Raises InputError with lines that start with ``source``: all duplicate keys and tags, or the
    syntax error. ``if_empty`` is what to do about a document without content.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError((f"{source}: is larger than {MAX_BYTES} bytes; split it",))
    reader = _Reader(source)
    try:
        value = reader.read(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise InputError((_syntax_error(source, text, error),)) from error
    except (UnicodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError((f"{source}: has characters that YAML does not allow; use UTF-8 text",)) from error
    if reader.errors:
        raise InputError(tuple(reader.errors))
    if value is None:
        raise InputError((f"{source}: is empty; {if_empty}",))
    if not isinstance(value, dict):
        raise InputError((f"{source}: is not a mapping; {_USE_LINES}",))
    return value


def _syntax_error(source: str, text: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = clean(str(getattr(error, "problem", None) or "a character that YAML does not allow"))
    if mark is None:
        return f"{source}: is not valid YAML: {problem}"
    # The parser's message for a tab does not name it. YAML's lines end with CR, LF or both.
    lines = re.split(r"\r\n|\r|\n", text)
    begin = lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""
    hint = "; indent with spaces, not tabs" if "\t" in begin and not begin.strip() else ""
    return f"{source}: line {mark.line + 1}, column {mark.column + 1}: is not valid YAML: {problem}{hint}"


class _Reader:
    """Builds the value from the parser's events. ``_size`` counts values with all aliases expanded."""

    def __init__(self, source: str) -> None:
        self.errors: list[str] = []
        self._source = source
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliases = 0
        self._size = 0

    def read(self, events: Iterator[Any]) -> Any:
        value, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document begins here; use one document per file")
                value = self._value(next(events), events, 0)
        return value

    def _value(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._follow(event)
        if depth > MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels; reduce the nesting")
        before = self._size
        self._count(event, 1)
        if getattr(event, "tag", None) is not None:
            self._note(event, f"the tag '{clean(str(event.tag), 64)}' is not supported; delete it")
        value = self._content(event, events, depth)
        if getattr(event, "anchor", None) is not None:
            self._anchors[event.anchor] = (value, self._size - before)
        return value

    def _content(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(following := next(events), yaml.SequenceEndEvent):
                items.append(self._value(following, events, depth + 1))
            return items
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, depth)
        return _scalar(event)

    def _mapping(self, events: Iterator[Any], depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._value(event, events, depth + 1)
            value = self._value(next(events), events, depth + 1)
            if isinstance(key, dict | list):
                self._note(event, "a list or mapping is used as a key; use plain text")
                continue
            name = key if isinstance(key, str) else str(getattr(event, "value", key))
            if name in mapping:
                self._note(event, f"duplicate key '{clean(name, 64)}'; keep one")
            mapping[name] = value
        return mapping

    def _follow(self, event: Any) -> Any:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(event, f"more than {MAX_ALIASES} aliases; write the values instead")
        if event.anchor not in self._anchors:
            name = clean(str(event.anchor), 64)
            self._stop(event, f"alias '{name}' has no anchor before it; define the anchor first")
        value, size = self._anchors[event.anchor]
        self._count(event, size)
        return value

    def _count(self, event: Any, size: int) -> None:
        self._size += size
        if self._size > MAX_VALUES:
            self._stop(event, f"more than {MAX_VALUES} values; split the file")

    def _where(self, event: Any, message: str) -> str:
        return f"{self._source}: line {event.start_mark.line + 1}: {message}"

    def _note(self, event: Any, message: str) -> None:
        self.errors.append(self._where(event, message))

    def _stop(self, event: Any, message: str) -> None:
        raise InputError((*self.errors, self._where(event, message)))


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted, or a block: always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def path_text(parts: Sequence[str | int]) -> str:
    """The path of a value in a document, for messages.

    >>> path_text(("backends", 2, "address"))
    'backends[2].address'
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + clean(part, 64)
    return text
