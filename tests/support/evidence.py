"""Inputs for tests of requirements: CAs, certificates, targets and measurements."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from probe.model.evidence import Evidence
from probe.model.measurements import (
    Certificate,
    ClientHelloProfile,
    Failure,
    Measurement,
    Phase,
    Reason,
    TcpDetails,
    TlsDetails,
)
from probe.model.statistics import Summary, Window
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.requirements import chain as chain_requirements
from probe.requirements.declare import Finding, Rule
from probe.requirements.evidence import paths, trust
from probe.requirements.evidence.authorities import Authorities, assemble

NOW_S = 1_800_000_000.0
DAY_S = 86400.0
HOST = "proxy.xks.example.com"
PUBLISHED, PROPOSED = "2022-11-10", "2024-06-15"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def _key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A certificate with its key, which can sign other certificates."""

    certificate: x509.Certificate
    key: PrivateKey = field(default_factory=_key)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def name_of(*common_names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names])


def issue(
    *common_names: str,
    by: Signer | None = None,
    key: PrivateKey | None = None,
    ca: bool = False,
    path_length: int | None = None,
    from_s: float = NOW_S - 30 * DAY_S,
    to_s: float = NOW_S + 30 * DAY_S,
    dns_names: tuple[str, ...] = (),
    serial: int | None = None,
) -> Signer:
    """A certificate signed ``by`` another one, or self-signed."""
    key = key or _key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(*common_names))
        .issuer_name(by.certificate.subject if by else name_of(*common_names))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(dt.datetime.fromtimestamp(from_s, dt.UTC))
        .not_valid_after(dt.datetime.fromtimestamp(to_s, dt.UTC))
    )
    if ca:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
    if dns_names:
        names = [x509.DNSName(name) for name in dns_names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signing = by.key if by else key
    algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Signer(certificate=builder.sign(signing, algorithm), key=key)


def with_sha1(signed: Signer) -> Signer:
    """Marks the RSA signature as made with SHA-1, which the cryptography library refuses to make or verify."""
    sha256, sha1 = (bytes.fromhex("2a864886f70d0101") + bytes([last]) for last in (0x0B, 0x05))
    return replace(signed, certificate=x509.load_der_x509_certificate(signed.der.replace(sha256, sha1)))


def sent(*signers: Signer) -> tuple[Certificate, ...]:
    """A chain in the types of `probe.model`."""
    return tuple(_certificate(position, signer) for position, signer in enumerate(signers))


def _certificate(position: int, signer: Signer) -> Certificate:
    certificate = signer.certificate
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        dns_names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        dns_names = ()
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        position=position,
        subject_common_names=tuple(str(each.value) for each in common_names),
        dns_names=dns_names,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        issuer_common_name=None,
        not_before_s=certificate.not_valid_before_utc.timestamp(),
        not_after_s=certificate.not_valid_after_utc.timestamp(),
        serial=f"{certificate.serial_number:x}",
        sha256=hashlib.sha256(signer.der).hexdigest(),
        key="EC",
        public_key_bits=256,
        der=signer.der,
    )


def authorities_of(
    *roots: Signer,
    lacked: tuple[Signer, ...] = (),
    only_published: tuple[Signer, ...] = (),
    only_proposed: tuple[Signer, ...] = (),
) -> Authorities:
    """CAs in the format of AWS, in both lists or in one; the certificates of the ``lacked`` ones are missing."""
    rows = [
        *(_row(root, f"{PUBLISHED} {PROPOSED}") for root in (*roots, *lacked)),
        *(_row(root, PUBLISHED) for root in only_published),
        *(_row(root, PROPOSED) for root in only_proposed),
    ]
    head = [
        f"# as-of: {PUBLISHED}",
        f"# proposed: {PROPOSED}",
        "alias,subject,not_after_us_pacific,sha1,sha256,lists",
    ]
    available = (*roots, *only_published, *only_proposed)
    return assemble("\n".join([*head, *rows]), tuple(root.der for root in available))


def _row(root: Signer, lists: str) -> str:
    subject, sha256 = root.certificate.subject.rfc4514_string(), hashlib.sha256(root.der).hexdigest()
    return f'r,"{subject}",2030-01-01,,{sha256},{lists}'


def trust_only(monkeypatch: Any, authorities: Authorities) -> None:
    """From now on, KMS trusts only these CAs."""
    monkeypatch.setattr(trust, "kms_authorities", lambda: authorities)
    monkeypatch.setattr(paths, "kms_authorities", lambda: authorities)
    monkeypatch.setattr(chain_requirements, "kms_authorities", lambda: authorities)


def target(name: str = "proxy", role: Role = Role.PROXY, server_name: str | None = HOST) -> Target:
    plans = tuple(
        PlannedCheck(check=check, interval_s=15.0, timeout_s=2.0) for check in (Check.TCP, Check.TLS)
    )
    return Target(
        name=name, role=role, host="127.0.0.1", server_name=server_name, plans=plans, key_store="cks-1"
    )


def tcp(
    of: Target,
    reason: Reason | None = None,
    *,
    phase: Phase = Phase.CONNECT,
    at_s: float = NOW_S,
    connect_s: float = 0.004,
) -> Measurement:
    """A TCP connection that was opened, or failed with a ``reason``."""
    return Measurement(
        target=of,
        check=Check.TCP,
        started_at_s=at_s,
        phases_s={} if reason else {Phase.CONNECT: connect_s},
        failure=Failure(phase=phase, reason=reason) if reason else None,
        details=TcpDetails(local_port=1, retransmits=0),
    )


def tls(
    of: Target,
    chain: tuple[Certificate, ...] = (),
    failure: Failure | None = None,
    at_s: float = NOW_S,
    **details: Any,
) -> Measurement:
    """A handshake that KMS accepts, unless ``details`` change it."""
    default = TlsDetails(
        server_name=of.server_name,
        local_port=1,
        offer=ClientHelloProfile.KMS,
        kms_handshake_succeeded=failure is None,
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        chain=chain,
        client_certificate_requested=False,
    )
    return Measurement(
        target=of,
        check=Check.TLS,
        started_at_s=at_s,
        failure=failure,
        details=replace(default, **details),
    )


def in_handshake(reason: Reason, detail: str = "") -> Failure:
    return Failure(phase=Phase.HANDSHAKE, reason=reason, detail=detail)


# Details after a handshake in which the server accepted neither ClientHello profile.
NOTHING_AGREED: dict[str, Any] = {
    "offer": ClientHelloProfile.DIAGNOSING,
    "version": None,
    "cipher": None,
    "client_certificate_requested": None,
}


def window(of: str, median_s: float, *, half_width_s: float = 0.0001, samples: int = 40) -> Window:
    """Statistics of the TCP connects in ten minutes."""
    summary = Summary(
        samples=samples,
        median_s=median_s,
        median_ci95_s=(median_s - half_width_s, median_s + half_width_s),
        p95_s=0.2,
    )
    return Window(target=of, method="tcp", span_s=600.0, summary=summary)


def evidence(*measurements: Measurement, also: tuple[Target, ...] = (), **fields: Any) -> Evidence:
    """Evidence with these measurements, and with the targets in ``also``, which were not measured.

    By default ``recent`` has each measurement twice.
    """
    fields.setdefault("recent", (*measurements, *measurements))
    targets = tuple(dict.fromkeys([*(each.target for each in measurements), *also]))
    return Evidence(taken_at_s=NOW_S, targets=targets, latest=measurements, **fields)


def only(declared: Rule, of: Evidence) -> Finding:
    """The single finding of a requirement."""
    (finding,) = found(declared, of)
    return finding


def by_subject(declared: Rule, of: Evidence) -> dict[str, Finding]:
    return {finding.subject: finding for finding in found(declared, of)}


def found(declared: Rule, of: Evidence) -> tuple[Finding, ...]:
    """The findings of a requirement: each outcome must be declared, and each finding must have a reason."""
    findings = tuple(declared.judge(of))
    assert {finding.outcome for finding in findings} <= set(declared.published.outcomes)
    assert all(isinstance(finding.because, str) and finding.because for finding in findings)
    return findings
