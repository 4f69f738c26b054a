"""PEM text to the DER bytes in it (RFC 7468); what is in them is not looked at."""

import binascii
import re

from probe.wire.input_error import InputError

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


def whole_certificates(pem: bytes) -> tuple[bytes, ...]:
    """Those of a file that somebody wrote or was given, each of which can be read; at least one.

    Raises InputError, without a path in front.
    """
    from cryptography import x509  # slow, and of no use to those who never read such a file
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem))
    except ValueError:
        message = "holds no PEM certificate; name a file with -----BEGIN CERTIFICATE-----"
        raise InputError((message,)) from None
