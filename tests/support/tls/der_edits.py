"""Certificates that no library would issue: parts of a certificate are replaced, and it is signed again.

A certificate is (tbsCertificate, signatureAlgorithm, signature); tbsCertificate is, by index: version, serial
number, signature algorithm, issuer, validity, subject, public key, extensions (RFC 5280 section 4.1).
"""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

VERSION, SERIAL, VALIDITY, SUBJECT, PUBLIC_KEY, EXTENSIONS = 0, 1, 4, 5, 6, 7
SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x30, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
ECDSA_SHA1, ECDSA_SHA256 = "1.2.840.10045.4.1", "1.2.840.10045.4.3.2"
_HASHES: dict[str, hashes.HashAlgorithm] = {ECDSA_SHA1: hashes.SHA1(), ECDSA_SHA256: hashes.SHA256()}  # noqa: S303
Edit = Callable[[list[bytes]], list[bytes]]


def element(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def parts(content: bytes) -> list[bytes]:
    """The elements in the content of a constructed element, each with its header."""
    found = []
    while content:
        end = _header_bytes(content) + _length(content)
        found.append(content[:end])
        content = content[end:]
    return found


def content_of(whole: bytes) -> bytes:
    return whole[_header_bytes(whole) :]


def _header_bytes(whole: bytes) -> int:
    return 2 + (whole[1] & 0x7F if whole[1] & 0x80 else 0)


def _length(whole: bytes) -> int:
    return int.from_bytes(whole[2 : _header_bytes(whole)], "big") if whole[1] & 0x80 else whole[1]


def object_identifier(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    content = bytes((first * 40 + second,))
    for number in others:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | (number & 0x7F))
        content += bytes(reversed(groups))
    return element(OBJECT_IDENTIFIER, content)


def edited(
    certificate: bytes, key: ec.EllipticCurvePrivateKey, edit: Edit, *, algorithm: str = ECDSA_SHA256
) -> bytes:
    """``certificate`` after ``edit`` of the parts of its tbsCertificate, signed with ``key``."""
    identifier = element(SEQUENCE, object_identifier(algorithm))
    fields = parts(content_of(parts(content_of(certificate))[0]))
    fields[2] = identifier
    signed = element(SEQUENCE, *edit(fields))
    signature = key.sign(signed, ec.ECDSA(_HASHES[algorithm]))
    return element(SEQUENCE, signed, identifier, element(BIT_STRING, b"\0", signature))


def with_part(index: int, value: bytes) -> Edit:
    return lambda fields: [*fields[:index], value, *fields[index + 1 :]]


def without_version_and_extensions(fields: list[bytes]) -> list[bytes]:
    """Version 1."""
    return fields[SERIAL:EXTENSIONS]


def extension(dotted: str, value: bytes, *, is_critical: bool = False) -> bytes:
    critical = (b"\x01\x01\xff",) if is_critical else ()
    return element(SEQUENCE, object_identifier(dotted), *critical, element(OCTET_STRING, value))


def with_extensions(*added: bytes, without: Sequence[str] = ()) -> Edit:
    """Extensions added, and those of the kinds in ``without`` left out."""

    def edit(fields: list[bytes]) -> list[bytes]:
        left_out = tuple(map(object_identifier, without))
        old = parts(content_of(content_of(fields[EXTENSIONS])))
        kept = [each for each in old if not content_of(each).startswith(left_out)]
        return [*fields[:EXTENSIONS], element(0xA3, element(SEQUENCE, *kept, *added))]

    return edit
