"""Certificates with every fault, issued under a simulated root CA."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.faults import CERTIFICATE, Fault

_DAY = timedelta(days=1)
_AUTHORITY_DAYS = 3650
_LEAF_DAYS = 90
_WRONG_NAME = "other.example.net"
_PURPOSES = {
    Fault.ONLY_FOR_CLIENTS: ExtendedKeyUsageOID.CLIENT_AUTH,
    Fault.FOR_ANY_PURPOSE: ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """A CA certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A server's private key, its certificate, and the certificates that it sends after it."""

    key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    intermediates: tuple[x509.Certificate, ...]


class CertificateMaker:
    """Creates identities for one server name under two simulated CA hierarchies, each on first use."""

    def __init__(self, server_name: str, now: datetime | None = None) -> None:
        self._server_name = server_name
        self._now = now or datetime.now(UTC)
        self.root = self._authority("Simulated Root", None)
        self._intermediate = self._authority("Simulated Intermediate", self.root)
        self._identities: dict[Fault, Identity] = {}

    def root_pem(self) -> bytes:
        return self.root.certificate.public_bytes(Encoding.PEM)

    def identity(self, kind: Fault) -> Identity:
        """The identity with the fault ``kind`` (one of `CERTIFICATE`), cached so that servers share it."""
        if kind not in CERTIFICATE:
            raise ValueError(f"{kind} is not a certificate fault")
        if kind not in self._identities:
            self._identities[kind] = self._make(kind)
        return self._identities[kind]

    def _make(self, kind: Fault) -> Identity:
        name = self._server_name
        wildcard = "*." + name.partition(".")[2]
        from_day, to_day = -1, _LEAF_DAYS
        common_name: str | None = name
        alternative, issuer = name, self._intermediate
        match kind:
            case Fault.EXPIRES_SOON:
                from_day, to_day = 5 - _LEAF_DAYS, 5
            case Fault.EXPIRED:
                from_day, to_day = -_LEAF_DAYS, -1
            case Fault.NOT_YET_VALID:
                from_day = 2
            case Fault.WILDCARD:
                common_name = alternative = wildcard
            case Fault.WRONG_COMMON_NAME:
                common_name = alternative = _WRONG_NAME
            case Fault.SAN_RIGHT_CN_WRONG:
                common_name = _WRONG_NAME
            case Fault.COMMON_NAME_MISSING:
                common_name = None
            case Fault.UNLISTED_AUTHORITY:
                unlisted = self._authority("Unlisted Simulated Root", None)
                issuer = self._authority("Unlisted Simulated Intermediate", unlisted)
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._leaf(key, issuer, (common_name, alternative), (from_day, to_day), kind)
        sent = () if kind is Fault.MISSING_INTERMEDIATE else (issuer.certificate,)
        return Identity(key=key, leaf=leaf, intermediates=sent)

    def _authority(self, common_name: str, issuer: CertificateAuthority | None) -> CertificateAuthority:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(common_name), key, issuer, (-_AUTHORITY_DAYS, _AUTHORITY_DAYS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        signer = issuer.key if issuer else key
        return CertificateAuthority(certificate=builder.sign(signer, hashes.SHA256()), key=key)

    def _leaf(
        self,
        key: ec.EllipticCurvePrivateKey,
        issuer: CertificateAuthority,
        names: tuple[str | None, str],
        days: tuple[int, int],
        kind: Fault,
    ) -> x509.Certificate:
        common_name, alternative = names
        builder = self._builder(_name(common_name), key, issuer, days)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(alternative)]), critical=False
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        usage = x509.ExtendedKeyUsage([_PURPOSES.get(kind, ExtendedKeyUsageOID.SERVER_AUTH)])
        return builder.add_extension(usage, critical=False).sign(issuer.key, hashes.SHA256())

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: CertificateAuthority | None,
        days: tuple[int, int],
    ) -> x509.CertificateBuilder:
        issuer_key = issuer.key if issuer else key
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now + days[0] * _DAY)
            .not_valid_after(self._now + days[1] * _DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(authority_id, critical=False)
        )


def _name(common_name: str | None) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Simulated Network")
    # X.520 limits a common name to 64 characters; a longer one is left out, as real CAs do.
    if common_name is None or len(common_name) > 64:  # noqa: PLR2004  # cited above
        return x509.Name([organisation])
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
