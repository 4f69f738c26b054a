"""Reads DER bytes into a `Certificate`; unreadable fields are None or empty. Accepts any bytes.

cryptography is strict about encodings and parses lazily, so each field may fail separately.
"""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from probe.model.measurements import Certificate, CertificateUse
from probe.wire import x509_warnings
from probe.wire.bounded_cache import BoundedCache
from probe.wire.certificate_use import use_of
from probe.wire.der import common_names, dns_names

x509_warnings.ignore()
S = TypeVar("S")
T = TypeVar("T")

_NO_NAMES: tuple[str, ...] = ()
_NO_KEY: tuple[str, int | None] = ("", None)


# Servers send the same certificates in each handshake, and reading one takes about 0.1 ms of CPU time.
_CACHE: BoundedCache[tuple[bytes, int], Certificate] = BoundedCache(max_entries=1024, max_bytes=64 << 20)
# The text of a name is at most three times as long as its DER (each byte escaped), and three fields have it.
_BYTES_PER_DER_BYTE = 10
_BYTES_OF_FIELDS = 2048


def read_certificate(der: bytes, position: int) -> Certificate:
    """The certificate that the server sent at ``position`` (0 is the leaf). Cached by its bytes."""
    key = der, position
    found = _CACHE.get(key)
    if found is None:
        found = _read(der, position)
        _CACHE.put(key, found, _BYTES_OF_FIELDS + _BYTES_PER_DER_BYTE * len(der))
    return found


def _read(der: bytes, position: int) -> Certificate:
    parsed = _field(der, x509.load_der_x509_certificate, None)
    issuer_names = _field(parsed, lambda read: _common_names(read.issuer), _NO_NAMES)
    key, bits = _field(parsed, _key, _NO_KEY)
    return Certificate(
        position=position,
        subject_common_names=_names(parsed, lambda read: _common_names(read.subject), der, common_names),
        dns_names=_names(parsed, _dns_names, der, dns_names),
        subject=_field(parsed, lambda read: read.subject.rfc4514_string(), ""),
        issuer=_field(parsed, lambda read: read.issuer.rfc4514_string(), ""),
        issuer_common_name=issuer_names[-1] if issuer_names else None,
        not_before_s=_field(parsed, lambda read: read.not_valid_before_utc.timestamp(), None),
        not_after_s=_field(parsed, lambda read: read.not_valid_after_utc.timestamp(), None),
        serial=_field(parsed, lambda read: format(read.serial_number, "x"), ""),
        sha256=hashlib.sha256(der).hexdigest(),
        key=key,
        public_key_bits=bits,
        use=_field(parsed, use_of, CertificateUse()),
        der=der,
    )


def _field(source: S | None, read: Callable[[S], T], missing: T) -> T:
    if source is None:
        return missing
    try:
        return read(source)
    except Exception:  # noqa: BLE001 (cryptography's exceptions for malformed data have no common base class)
        return missing


def _names(
    parsed: x509.Certificate | None,
    read: Callable[[x509.Certificate], tuple[str, ...]],
    der: bytes,
    read_leniently: Callable[[bytes], tuple[str, ...]],
) -> tuple[str, ...]:
    """Verdicts depend on these names, so one malformed name must not make the others unreadable."""
    names = _field(parsed, read, None)
    return _field(der, read_leniently, _NO_NAMES) if names is None else names


def _common_names(name: x509.Name) -> tuple[str, ...]:
    return tuple(
        value if isinstance(value := attribute.value, str) else value.decode("latin-1")
        for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)
    )


def _dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(names.get_values_for_type(x509.DNSName))


def _key(certificate: x509.Certificate) -> tuple[str, int | None]:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey() as key:
            return "EC", key.key_size
        case dsa.DSAPublicKey() as key:
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256
        case ed448.Ed448PublicKey():
            return "Ed448", 456
        case other:
            return type(other).__name__.removesuffix("PublicKey"), None
