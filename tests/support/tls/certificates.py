"""Certificates for tests of TLS servers, issued under one root: valid ones, and malformed or non-compliant ones."""

import contextlib
import datetime as dt
import ssl
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

HOST = "myproxy-private.xks.example.com"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_SEQUENCE, _BIT_STRING = 0x30, 0x03
_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A certificate with its key."""

    der: bytes
    key: PrivateKey

    @property
    def subject(self) -> x509.Name:
        with _without_name_warnings():
            return x509.load_der_x509_certificate(self.der).subject

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.der)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


Chain = tuple[Signer, ...]


@contextlib.contextmanager
def _without_name_warnings() -> Iterator[None]:
    """Suppress warnings about names that are too long or empty, because the tests need such names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def common_names(*values: str, kind: _ASN1Type | None = None) -> x509.Name:
    with _without_name_warnings():
        return x509.Name(
            x509.NameAttribute(NameOID.COMMON_NAME, value, _type=kind, _validate=False) for value in values
        )


def bmp(value: str) -> x509.Name:
    return common_names(value, kind=_ASN1Type.BMPString)


def teletex(value: str) -> x509.Name:
    return common_names(value, kind=_ASN1Type.T61String)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """One key per size, because generating a large key takes seconds."""
    return rsa.generate_private_key(65537, bits)


def issue(
    subject: x509.Name | str,
    by: Signer | None = None,
    *,
    key: PrivateKey | None = None,
    san: Iterable[str | x509.GeneralName] = (),
    from_s: float = -30 * DAY_S,
    to_s: float = 90 * DAY_S,
    ca: bool | None = False,
    path_length: int | None = None,
    pss: bool = False,
    also: Iterable[x509.ExtensionType] = (),
) -> Signer:
    """A certificate signed ``by`` another one, or self-signed.

    Times are relative to now. Without basicConstraints if ``ca`` is None.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = common_names(subject) if isinstance(subject, str) else subject
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(seconds=from_s))
        .not_valid_after(
            dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
            if to_s == float("inf")
            else now + dt.timedelta(seconds=to_s)
        )
    )
    if ca is not None:
        basic = x509.BasicConstraints(ca=ca, path_length=path_length)
        builder = builder.add_extension(basic, critical=True)
    names = [each if isinstance(each, x509.GeneralName) else x509.DNSName(each) for each in san]
    for extension in (*([x509.SubjectAlternativeName(names)] if names else ()), *also):
        builder = builder.add_extension(extension, critical=False)
    signing = by.key if by else key
    algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    more: dict[str, Any] = {}
    if pss:
        more["rsa_padding"] = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return Signer(der=builder.sign(signing, algorithm, **more).public_bytes(Encoding.DER), key=key)


def edited(signer: Signer, by: Signer, old: bytes, new: bytes) -> Signer:
    """Replace bytes by others of the same length, and sign the result with the EC key of ``by``."""
    assert len(old) == len(new), "the DER lengths are not adjusted"
    tbs = x509.load_der_x509_certificate(signer.der).tbs_certificate_bytes
    assert old in tbs
    changed = tbs.replace(old, new)
    assert isinstance(by.key, ec.EllipticCurvePrivateKey)
    signature = by.key.sign(changed, ec.ECDSA(hashes.SHA256()))
    bits = _tagged(_BIT_STRING, b"\0" + signature)
    return replace(signer, der=_tagged(_SEQUENCE, changed + _ECDSA_WITH_SHA256 + bits))


def with_broken_signature(signer: Signer) -> Signer:
    return replace(signer, der=signer.der[:-1] + bytes([signer.der[-1] ^ 1]))


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


class Pki:
    """A root that the probe trusts, a root that it does not, and certificates that they signed."""

    def __init__(self) -> None:
        self.root = issue("Test Root", ca=True)
        self.middle = issue("Test Intermediate", self.root, ca=True)
        self.unlisted = issue("Unlisted Root", ca=True)

    def leaf(self, subject: x509.Name | str = HOST, by: Signer | None = None, **fields: Any) -> Signer:
        """Issued by the intermediate, with the host as alternative name, unless the arguments change it."""
        return issue(subject, by or self.middle, **{"san": (HOST,), **fields})

    def chain(self, subject: x509.Name | str = HOST, by: Signer | None = None, **fields: Any) -> Chain:
        """A leaf and the intermediate."""
        return self.leaf(subject, by, **fields), by or self.middle

    def edited(self, old: bytes, new: bytes, subject: x509.Name | str = HOST, **fields: Any) -> Chain:
        return edited(self.leaf(subject, **fields), self.middle, old, new), self.middle

    def line(self, length: int, **fields: Any) -> tuple[Signer, ...]:
        """A line of intermediates, from the one under the root to the one that signs leaves.

        ``fields`` apply to the first one.
        """
        intermediates: list[Signer] = []
        for number in range(length):
            issuer = intermediates[-1] if intermediates else self.root
            changes = {} if intermediates else fields
            intermediates.append(issue(f"Intermediate {number}", issuer, ca=True, **changes))
        return tuple(intermediates)

    def leaf_of_line(self, line: tuple[Signer, ...]) -> Chain:
        """A leaf under the last intermediate, and all intermediates in the order of a chain."""
        return self.leaf(by=line[-1]), *reversed(line)
