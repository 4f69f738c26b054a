"""Chains as they are found in the field, four or more of each kind, and what the path requirement says."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from support.evidence import authorities_of, evidence, issue, only, target, tls, trust_only
from support.tls.path_cases import HOST, ISSUING, LEAF, UPPER, Plan, Spec, issued

from probe.model.verdicts import Outcome
from probe.requirements.certificate_path import certificate_path_validates
from probe.wire.certificate import read_certificate

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
STRANGER = Spec(name="Stranger", number=9)
PURPOSES = {
    "servers": Purpose.SERVER_AUTH,
    "clients": Purpose.CLIENT_AUTH,
    "mail": Purpose.EMAIL_PROTECTION,
    "code": Purpose.CODE_SIGNING,
    "time": Purpose.TIME_STAMPING,
    "any": Purpose.ANY_EXTENDED_KEY_USAGE,
}


def unknown_critical(spec: Spec, *, number: int = 1, is_critical: bool = True) -> Spec:
    oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.55555.{number}")
    return replace(spec, extensions=((x509.UnrecognizedExtension(oid, b"\x05\x00"), is_critical),))


def constrained(spec: Spec, *names: str, excluded: bool = False, is_critical: bool = True) -> Spec:
    tree = [x509.DNSName(name) for name in names]
    extension = x509.NameConstraints(None if excluded else tree, tree if excluded else None)
    return replace(spec, extensions=((extension, is_critical),))


def for_purposes(spec: Spec, *names: str) -> Spec:
    return replace(spec, purposes=tuple(PURPOSES[name] for name in names))


def with_key(kind: str) -> Plan:
    return Plan(leaf=replace(LEAF, key_kind=kind))


def with_names(name: str, *alternatives: str) -> Plan:
    return Plan(leaf=replace(LEAF, name=name, names=alternatives or None))


SITUATIONS: dict[str, list[tuple[Plan, Outcome]]] = {
    "an ordinary chain": [
        (Plan(), MET),
        (Plan(leaf=replace(LEAF, purposes=None)), MET),
        (Plan(leaf=replace(LEAF, usage=None)), MET),
        (Plan(issuing=for_purposes(ISSUING, "servers", "clients")), MET),
    ],
    "the server certificate is for another purpose": [
        (Plan(leaf=for_purposes(LEAF, "clients")), VIOLATED),
        (Plan(leaf=for_purposes(LEAF, "mail")), VIOLATED),
        (Plan(leaf=for_purposes(LEAF, "clients", "code")), VIOLATED),
        (Plan(leaf=for_purposes(LEAF, "time")), VIOLATED),
        (Plan(leaf=for_purposes(LEAF, "clients", "servers")), MET),
    ],
    "an issuer is for another purpose": [
        (Plan(issuing=for_purposes(ISSUING, "mail")), VIOLATED),
        (Plan(issuing=for_purposes(ISSUING, "clients")), VIOLATED),
        (Plan(upper=for_purposes(UPPER, "clients", "mail")), VIOLATED),
        (Plan(upper=for_purposes(UPPER, "servers"), issuing=for_purposes(ISSUING, "code")), VIOLATED),
    ],
    "an unknown extension is critical": [
        (Plan(leaf=unknown_critical(LEAF)), VIOLATED),
        (Plan(leaf=unknown_critical(LEAF, number=7)), VIOLATED),
        (Plan(issuing=unknown_critical(ISSUING)), VIOLATED),
        (Plan(upper=unknown_critical(UPPER)), VIOLATED),
        (Plan(leaf=unknown_critical(LEAF, is_critical=False)), MET),
    ],
    "the key usage lacks signatures": [  # Java refuses the first three, OpenSSL and Go accept them
        (Plan(leaf=replace(LEAF, usage=("key_encipherment",))), MET),
        (Plan(leaf=replace(LEAF, usage=("key_agreement",))), MET),
        (Plan(leaf=replace(LEAF, usage=("key_encipherment",), key_kind="RSA 2048")), MET),
        (Plan(leaf=replace(LEAF, usage=("content_commitment",))), VIOLATED),
        (Plan(leaf=replace(LEAF, usage=("crl_sign",))), VIOLATED),
    ],
    "the key is of a rare kind or small": [
        (with_key("P-192"), UNKNOWN),
        (with_key("secp256k1"), UNKNOWN),
        (with_key("Ed25519"), UNKNOWN),
        (with_key("RSA 1024"), UNKNOWN),
        (with_key("RSA 2047"), UNKNOWN),
        (with_key("RSA 2048"), MET),
        (with_key("P-384"), MET),
    ],
    "the server certificate is a CA": [
        (Plan(leaf=replace(LEAF, is_ca=True)), MET),
        (Plan(leaf=replace(LEAF, is_ca=True, usage=("digital_signature", "key_cert_sign"))), MET),
        (Plan(leaf=replace(LEAF, is_ca=True, path_length=0)), MET),
        (Plan(leaf=replace(LEAF, is_ca=True, usage=None)), MET),
    ],
    "the names are of other hosts": [
        (with_names(HOST, "other.example.com"), MET),
        (with_names(HOST, "*.other.example.com"), MET),
        (with_names("other.example.com", HOST), MET),
        (with_names(HOST), MET),
    ],
    "any purpose is allowed, but servers are not named": [
        (Plan(leaf=for_purposes(LEAF, "any")), UNKNOWN),
        (Plan(issuing=for_purposes(ISSUING, "any")), UNKNOWN),
        (Plan(upper=for_purposes(UPPER, "any")), UNKNOWN),
        (Plan(leaf=for_purposes(LEAF, "any", "mail")), UNKNOWN),
        (Plan(leaf=for_purposes(LEAF, "any", "servers")), MET),
    ],
    "the order is wrong": [
        (Plan(sent=(0, 2, 1)), MET),
        (Plan(sent=(0, 2, 1, 2)), MET),
        (Plan(sent=(0, 0, 2, 1)), MET),
        (Plan(sent=(0, 2, 1), beside=(STRANGER,)), MET),
    ],
    "other certificates are sent as well": [
        (Plan(beside=(STRANGER,)), MET),
        (Plan(beside=(replace(STRANGER, days=(-9, -1)),)), MET),
        (Plan(beside=(replace(ISSUING, number=8),)), MET),
        (Plan(beside=(STRANGER, replace(STRANGER, name="Stranger 2", number=8))), MET),
    ],
    "a CA may not issue for the name": [
        (Plan(issuing=constrained(ISSUING, "other.example.org")), VIOLATED),
        (Plan(issuing=constrained(ISSUING, "xks.example.com", excluded=True)), VIOLATED),
        (Plan(upper=constrained(UPPER, "example.org", "example.net")), VIOLATED),
        (Plan(issuing=constrained(ISSUING, "other.example.org", is_critical=False)), VIOLATED),
        (Plan(issuing=constrained(ISSUING, "example.com")), MET),
    ],
}
ROWS = [
    pytest.param(plan, outcome, id=f"{kind} {number}")
    for kind, rows in SITUATIONS.items()
    for number, (plan, outcome) in enumerate(rows)
]


@pytest.mark.parametrize(("plan", "outcome"), ROWS)
def test_a_situation_has_its_outcome(monkeypatch: pytest.MonkeyPatch, plan: Plan, outcome: Outcome) -> None:
    trust_only(monkeypatch, authorities_of(issue("Listed Root", ca=True)))
    chain = issued(plan)
    certificates = tuple(read_certificate(der, position) for position, der in enumerate(chain.sent))
    finding = only(
        certificate_path_validates,
        evidence(tls(target(), certificates), extra_authorities=(chain.root,)),
    )
    assert finding.outcome is outcome, finding.because


@pytest.mark.parametrize("count", [16, 17, 50])
def test_certificates_after_the_first_16_are_not_taken_for_missing(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Some TLS clients would find the issuer, which is sent last."""
    trust_only(monkeypatch, authorities_of(issue("Listed Root", ca=True)))
    chain = issued(Plan())
    leaf, *others = chain.sent
    strangers = issued(Plan(beside=(STRANGER,))).sent[-1:] * (count - 3)
    sent = (leaf, *strangers, *others)
    certificates = tuple(read_certificate(der, position) for position, der in enumerate(sent))
    finding = only(
        certificate_path_validates,
        evidence(tls(target(), certificates), extra_authorities=(chain.root,)),
    )
    assert finding.outcome is (MET if count == 16 else UNKNOWN)
    assert count == 16 or f"only the first 16 of {count} certificates are considered" in finding.because
