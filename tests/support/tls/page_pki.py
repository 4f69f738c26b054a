"""Certificates for the page's own TLS, in files."""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@dataclass(frozen=True, slots=True)
class PagePki:
    """The files in ``folder``: of the CA, the server, and clients of this CA (own) and of another one (foreign)."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    @property
    def foreign_key(self) -> Path:
        return self.folder / "foreign.key"

    @property
    def encrypted_key(self) -> Path:
        return self.folder / "encrypted.key"

    def client(self, certificate: str | None = None) -> ssl.SSLContext:
        """A client that verifies the server, with the certificate ``own`` or ``foreign``, or none."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.pem", self.folder / f"{certificate}.key")
        return context


def page_pki(folder: Path) -> PagePki:
    ca, other = _issued("Page CA"), _issued("Other CA")
    _write(folder, "ca", ca)
    server = _issued("page", ca)
    _write(folder, "server", server)
    _write(folder, "encrypted", server, BestAvailableEncryption(b"secret"))
    _write(folder, "own", _issued("own", ca))
    _write(folder, "foreign", _issued("foreign", other))
    return PagePki(folder)


def _issued(name: str, by: _Pair | None = None) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
    )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


def _write(
    folder: Path, name: str, pair: _Pair, encryption: KeySerializationEncryption | None = None
) -> None:
    certificate, key = pair
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    )
