"""Reads a certificate's names leniently, if cryptography rejects the certificate for a malformed part."""

from collections.abc import Iterator
from typing import NamedTuple

_OID, _OCTET_STRING, _SEQUENCE = 0x06, 0x04, 0x30
_VERSION, _EXTENSIONS, _DNS_NAME = 0xA0, 0xA3, 0x82  # [0] and [3] of a TBSCertificate, [2] of a GeneralName
# RFC 5280 section 4.1: serial number, signature, issuer and validity are between version and subject.
_BEFORE_SUBJECT = 4
_MULTI_BYTE_TAG = 0x1F  # the low bits of a tag that continues in the next byte
_LONG_FORM = 0x80  # flag of a length; the other bits are the number of length bytes that follow
# The string types (X.680, 41): UTF8; Numeric, Printable, Teletex, IA5, Visible, General; Universal; BMP.
_ENCODINGS = {
    0x0C: "utf-8",
    **dict.fromkeys((0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B), "latin-1"),
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


class Element(NamedTuple):
    """A one-byte tag and its content."""

    tag: int
    content: bytes


def common_names(certificate: bytes) -> tuple[str, ...]:
    """The common names of the subject, in order. Raises ValueError for invalid DER."""
    parts = [each for each in _to_be_signed(certificate) if each.tag != _VERSION]
    return tuple(
        _text(value)
        for relative in elements(_content(parts, _BEFORE_SUBJECT, _SEQUENCE))
        for attribute in elements(relative.content)
        for kind, value in [_pair(attribute)]
        if kind == (_OID, bytes.fromhex("550403"))  # 2.5.4.3
    )


def dns_names(certificate: bytes) -> tuple[str, ...]:
    """The DNS names among the subject alternative names, in order. Raises ValueError for invalid DER."""
    return tuple(
        name.content.decode("latin-1")
        for part in _to_be_signed(certificate)
        if part.tag == _EXTENSIONS
        for extension in elements(_content(list(elements(part.content)), 0, _SEQUENCE))
        for name in _alternative_names(list(elements(extension.content)))
        if name.tag == _DNS_NAME
    )


def elements(data: bytes) -> Iterator[Element]:
    r"""The elements in ``data``. Raises ValueError if the data is truncated.

    >>> [tuple(each) for each in elements(bytes.fromhex("020105 0c0161"))]
    [(2, b'\x05'), (12, b'a')]
    """
    at = 0
    while at < len(data):
        tag, size, start = _head(data, at)
        at = start + size
        if at > len(data):
            raise ValueError("an element is longer than the data that contains it")
        yield Element(tag, data[start:at])


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, size, and the offset of the content."""
    if at + 2 > len(data) or data[at] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise ValueError("not the beginning of an element")
    tag, size = data[at], data[at + 1]
    start = at + 2
    if size >= _LONG_FORM:
        length = size - _LONG_FORM
        size = int.from_bytes(data[start : start + length], "big")
        start += length
    return tag, size, start


def _to_be_signed(certificate: bytes) -> Iterator[Element]:
    outer = _content(list(elements(certificate)), 0, _SEQUENCE)
    return elements(_content(list(elements(outer)), 0, _SEQUENCE))


def _content(of: list[Element], index: int, tag: int) -> bytes:
    if len(of) <= index or of[index].tag != tag:
        raise ValueError("an element is missing or has another tag")
    return of[index].content


def _pair(attribute: Element) -> tuple[Element, Element]:
    match list(elements(attribute.content)):
        case [kind, value]:
            return kind, value
        case _:
            raise ValueError("an attribute must have a type and a value")


def _alternative_names(extension: list[Element]) -> Iterator[Element]:
    """The names of an extension, which is an OID, an optional critical flag and a value."""
    if not extension or extension[0] != (_OID, bytes.fromhex("551d11")):  # 2.5.29.17
        return iter(())
    value = _content(extension, len(extension) - 1, _OCTET_STRING)
    return elements(_content(list(elements(value)), 0, _SEQUENCE))


def _text(value: Element) -> str:
    """The text of a string; U+FFFD, which no host name contains, replaces what can't be decoded."""
    encoding = _ENCODINGS.get(value.tag)
    return value.content.decode(encoding, "replace") if encoding else "\N{REPLACEMENT CHARACTER}"
