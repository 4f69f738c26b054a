"""Reads root certificates, also those that a version of the library cryptography refuses to read."""

from cryptography import x509

from probe.wire import x509_warnings

x509_warnings.ignore()
_INTEGER, _VERSION = 0x02, 0xA0
_SHORT_FORM_LIMIT = 0x80


def read_root(der: bytes) -> x509.Certificate:
    """The certificate. Raises many kinds of errors, as cryptography does.

    Serial number 0 breaks RFC 5280 section 4.1.2.2, and ten listed roots have it. Cryptography warns that it
    will refuse them. Of a root only the name and the key are used, so it is then read with serial number 1.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except Exception:  # cryptography's exceptions have no common base class
        changed = with_serial_number_1(der)
        if changed is None:
            raise
        return x509.load_der_x509_certificate(changed)


def with_serial_number_1(der: bytes) -> bytes | None:
    """The same bytes with serial number 1 instead of 0; None if they have another serial number."""
    at = _content_of_sequence(der, _content_of_sequence(der, 0))
    if der[at : at + 1] == bytes([_VERSION]):
        at += 2 + int.from_bytes(der[at + 1 : at + 2], "big")
    if der[at : at + 3] != bytes([_INTEGER, 1, 0]):
        return None
    return der[: at + 2] + b"\x01" + der[at + 3 :]


def _content_of_sequence(der: bytes, at: int) -> int:
    """The offset of the content of the element at ``at``; beyond the end if the bytes are truncated."""
    size = int.from_bytes(der[at + 1 : at + 2], "big")
    return at + 2 + (size - _SHORT_FORM_LIMIT if size >= _SHORT_FORM_LIMIT else 0)
