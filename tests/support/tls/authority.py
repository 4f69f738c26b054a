"""A temporary certificate authority, and the certificates that it issues."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its key. ``chain`` starts with the leaf and does not contain the root."""

    chain: tuple[x509.Certificate, ...]
    key: Key

    @property
    def der(self) -> tuple[bytes, ...]:
        return tuple(one.public_bytes(serialization.Encoding.DER) for one in self.chain)

    def write(self, directory: Path) -> Path:
        """One PEM file with key and chain, as `ssl` loads it."""
        path = directory / "server.pem"
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        path.write_bytes(pem + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain))
        return path


class Authority:
    """A root and an intermediate, generated for one test run."""

    def __init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate(
            _name("Test Root"), self.root_key, _name("Test Root"), self.root_key, ca=True
        )
        self.intermediate_key = ec.generate_private_key(ec.SECP256R1())
        self.intermediate = _certificate(
            _name("Test Intermediate"), self.intermediate_key, self.root.subject, self.root_key, ca=True
        )

    def issue(
        self,
        *common_names: str,
        dns_names: tuple[str, ...] = (),
        key: Key | None = None,
        days: int = 90,
        with_intermediate: bool = True,
    ) -> Issued:
        key = key or ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(
            _name(*common_names),
            key,
            self.intermediate.subject,
            self.intermediate_key,
            dns_names=dns_names,
            days=days,
        )
        return Issued((leaf, self.intermediate) if with_intermediate else (leaf,), key)


def _name(*common_names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names])


def _certificate(
    subject: Any,
    key: Any,
    issuer: Any,
    issuer_key: Any,
    *,
    dns_names: Any = (),
    days: Any = 90,
    ca: Any = False,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 100 * _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if dns_names:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
