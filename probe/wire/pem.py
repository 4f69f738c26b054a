"""PEM text to the DER bytes in it (RFC 7468); what is in them is not looked at."""

import binascii
import re

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


def der_certificates(pem: bytes) -> tuple[bytes, ...]:
    r"""The certificates in their order; text around them, and blocks of other labels, are passed over.

    Raises ValueError if a block is not Base64.

    >>> der_certificates(b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----")
    (b'\x01\x02\x03',)
    """
    return tuple(
        binascii.a2b_base64(b"".join(body.split()), strict_mode=True) for body in _CERTIFICATE.findall(pem)
    )
