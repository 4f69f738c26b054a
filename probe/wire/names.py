"""Matches a host name against a name in a certificate: exact, or a wildcard as the whole leftmost label."""

import re

_MAX_NAME = 253  # RFC 1035 section 2.3.4, without the trailing dot
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_MIN_WILDCARD_LABELS = 3  # "*.com" matches nothing


def matches(pattern: str, host: str) -> bool:
    """Whether the certificate's ``pattern`` matches ``host`` (which may end in one dot). Never raises.

    AWS documents two forms of the common name: the host itself and ``*.parent``. So a wildcard must be the
    whole leftmost label and matches one label (RFC 6125 section 6.4.3 allows clients to reject other forms).
    Only ASCII host names match (no NUL, control or non-ASCII characters; IDNA names use A-labels).

    >>> matches("*.xks.example.com", "proxy.xks.example.com")
    True
    >>> matches("*.example.com", "proxy.xks.example.com")
    False
    """
    wanted = labels(host.removesuffix("."))
    if wanted is None:
        return False
    if not pattern.startswith("*."):
        return labels(pattern) == wanted
    parent = labels(pattern.removeprefix("*."))
    if parent is None or len(wanted) < _MIN_WILDCARD_LABELS or wanted[-1].isdecimal():
        return False
    return parent == wanted[1:]


def labels(name: str) -> tuple[str, ...] | None:
    """The lower-case labels of an ASCII host name, or None if it is not one.

    >>> labels("Proxy.Example.com")
    ('proxy', 'example', 'com')
    >>> labels("a..b") is None
    True
    """
    if not name.isascii() or len(name) > _MAX_NAME:
        return None
    parts = tuple(name.lower().split("."))
    return parts if all(_LABEL.fullmatch(part) for part in parts) else None
