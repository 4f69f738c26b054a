"""Extracts the DER bytes from PEM text (RFC 7468)."""

import binascii
import re

from probe.wire.input_error import InputError

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


def der_certificates(pem: bytes) -> tuple[bytes, ...]:
    r"""The certificates, in order, not parsed; text around them and blocks with other labels are ignored.

    Raises ValueError if a block is not Base64.

    >>> der_certificates(b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----")
    (b'\x01\x02\x03',)
    """
    return tuple(
        binascii.a2b_base64(b"".join(body.split()), strict_mode=True) for body in _CERTIFICATE.findall(pem)
    )


def whole_certificates(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a user's file: at least one, and all of them valid.

    Raises InputError, without the path of the file.
    """
    from cryptography import x509  # imported here because it is slow and most runs read no such file
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem))
    except ValueError:
        message = "contains no valid PEM certificate; use a file with -----BEGIN CERTIFICATE-----"
        raise InputError((message,)) from None
