"""Trust anchors: root certificates in a form that both validators accept."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from probe.wire.root import read_root


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchors:
    """``certificates`` are the roots, ``for_cryptography`` the same ones in a form that cryptography accepts.

    ``periods_s`` is the first and last second of each certificate's validity.
    Compared by identity, so that it can be the key of a cache.
    """

    certificates: tuple[x509.Certificate, ...] = ()
    for_cryptography: tuple[x509.Certificate, ...] = ()
    periods_s: tuple[tuple[float, float], ...] = ()


def read(der: bytes) -> x509.Certificate:
    """The certificate. Raises many kinds of errors."""
    return x509.load_der_x509_certificate(der)


def anchors_of(ders: Iterable[bytes]) -> Anchors:
    """The anchors for root certificates; one that cannot be read is left out.

    RFC 5280 section 6.1.1 needs only the name and the key of an anchor. A root whose encoding cryptography
    refuses (dates before 2050 as GeneralizedTime) is replaced for it by a certificate with the same name,
    key and dates. OpenSSL gets the root itself, and decides about everything that the replacement lacks.
    """
    found = []
    for der in ders:
        try:
            root = read_root(der)
            found.append((root, root if _is_usable(root) else _reissued(root), _period_s(root)))
        except Exception:  # noqa: BLE001, S112 -- cryptography's exceptions have no common base class
            continue
    certificates, replaced, periods_s = zip(*found, strict=True) if found else ((), (), ())
    return Anchors(certificates=certificates, for_cryptography=replaced, periods_s=periods_s)


def _period_s(root: x509.Certificate) -> tuple[float, float]:
    return root.not_valid_before_utc.timestamp(), root.not_valid_after_utc.timestamp()


def _is_usable(root: x509.Certificate) -> bool:
    anything = ExtensionPolicy.permit_all()
    issuer = anything.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    verifier = (
        PolicyBuilder()
        .store(Store([root]))
        .time(root.not_valid_before_utc.replace(tzinfo=None))
        .extension_policies(ca_policy=issuer, ee_policy=anything)
        .build_client_verifier()
    )
    try:
        verifier.verify(root, [])
    except VerificationError:
        return False
    return True


@cache
def _signing_key() -> ec.EllipticCurvePrivateKey:
    """Validators ignore the signature of an anchor."""
    return ec.generate_private_key(ec.SECP256R1())


def _reissued(root: x509.Certificate) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(root.subject)
        .issuer_name(root.subject)
        .public_key(root.public_key())
        .serial_number(1)
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(_signing_key(), hashes.SHA256())
