"""Whether two validators accept the path: met, violated with the cause, or unknown where they differ."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from support.evidence import (
    NOW_S,
    authorities_of,
    evidence,
    in_handshake,
    issue,
    only,
    target,
    tls,
    trust_only,
)
from support.tls.path_cases import ISSUING, LEAF, ROOT, UPPER, Plan, issued

from probe.model.measurements import Certificate, Reason
from probe.model.verdicts import Outcome
from probe.requirements.certificate_path import certificate_path_validates
from probe.requirements.declare import Finding
from probe.wire.certificate import read_certificate

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
KMS_ROOT = issue("Listed Root", ca=True)
LACKED = issue("Root", ca=True)  # named as the root of the chains
CLIENTS = Plan(leaf=replace(LEAF, purposes=(Purpose.CLIENT_AUTH,)))


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(KMS_ROOT))


def sent(plan: Plan) -> tuple[Certificate, ...]:
    return tuple(read_certificate(der, n) for n, der in enumerate(issued(plan).sent))


def found(plan: Plan, *, with_root: bool = True, **fields: Any) -> Finding:
    """The finding for a chain whose root is an extra CA."""
    extra = (issued(plan).root,) if with_root else ()
    return only(
        certificate_path_validates, evidence(tls(target(), sent(plan)), extra_authorities=extra, **fields)
    )


@pytest.mark.parametrize(
    ("plan", "outcome", "words"),
    [
        (Plan(), MET, "OpenSSL and cryptography accept the path (to an extra CA"),
        (Plan(sent=(0, 2, 1)), MET, "accept"),
        (
            CLIENTS,
            VIOLATED,
            'the extended key usage does not allow TLS servers (certificate 0, "CN=proxy.xks',
        ),
        (Plan(issuing=replace(ISSUING, purposes=(Purpose.CLIENT_AUTH,))), VIOLATED, "(certificate 1,"),
        (Plan(leaf=replace(LEAF, extensions=((CRITICAL, True),))), VIOLATED, "an extension is critical"),
        (Plan(issuing=replace(ISSUING, is_ca=False)), VIOLATED, "an issuer is not a CA certificate"),
        (Plan(upper=replace(UPPER, path_length=0)), VIOLATED, "allows fewer CAs below it"),
        (Plan(leaf=replace(LEAF, days=(-9, -1))), VIOLATED, "is not valid now (certificate 0,"),
        (Plan(leaf=replace(LEAF, signed_by=7)), VIOLATED, "a signature is wrong"),
        (Plan(sent=(0, 1)), VIOLATED, "no path leads to a trusted root"),
        (
            Plan(leaf=replace(LEAF, purposes=(Purpose.ANY_EXTENDED_KEY_USAGE,))),
            UNKNOWN,
            "OpenSSL refuses it: the extended key usage does not allow TLS servers",
        ),
        (
            Plan(leaf=replace(LEAF, key_kind="P-192")),
            UNKNOWN,
            "OpenSSL accepts the path, cryptography refuses it",
        ),
        (Plan(leaf=replace(LEAF, key_kind="Ed25519")), UNKNOWN, "not known to accept"),
    ],
)
def test_both_validators_decide(plan: Plan, outcome: Outcome, words: str) -> None:
    finding = found(plan)
    assert finding.outcome is outcome, finding.because
    assert words in finding.because


@pytest.mark.parametrize("is_simulation", [False, True])
def test_a_path_to_an_extra_ca_is_marked_except_in_a_simulation(*, is_simulation: bool) -> None:
    finding = found(Plan(), is_simulation=is_simulation)
    assert (finding.outcome, finding.rests_on_extra_authority) == (MET, not is_simulation)


def test_a_refused_purpose_has_its_own_remedy() -> None:
    remedy = found(CLIENTS).remedy
    assert remedy is not None
    assert "serverAuth" in remedy.text


def test_a_root_that_kms_lists_is_tried_before_extra_cas() -> None:
    leaf = issue("proxy.xks.example.com", by=KMS_ROOT)
    chain = (read_certificate(leaf.der, 0),)
    finding = only(
        certificate_path_validates, evidence(tls(target(), chain), extra_authorities=(KMS_ROOT.der,))
    )
    assert (finding.outcome, finding.because) == (MET, "OpenSSL and cryptography accept the path")


def test_without_the_extra_ca_the_path_to_it_is_violated() -> None:
    assert found(Plan(), with_root=False).outcome is VIOLATED


def test_a_root_that_kms_lists_but_whose_certificate_is_not_available_leaves_the_path_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust_only(monkeypatch, authorities_of(KMS_ROOT, lacked=(LACKED,)))
    finding = found(Plan(), with_root=False)
    assert (finding.outcome, finding.because) == (
        UNKNOWN,
        'whether KMS trusts the issuer "CN=Root" is not known',
    )


def test_certificates_that_were_not_read_leave_the_path_unknown() -> None:
    cut = tls(target(), sent(Plan(sent=(0, 1))), in_handshake(Reason.OVER_LIMIT))
    finding = only(certificate_path_validates, evidence(cut, extra_authorities=(issued(Plan()).root,)))
    assert finding.outcome is UNKNOWN
    assert "were not read" in finding.because


def test_no_certificate_is_unknown() -> None:
    assert only(certificate_path_validates, evidence(tls(target(), ()))).outcome is UNKNOWN


def test_the_time_of_the_evidence_decides() -> None:
    plan = Plan(leaf=replace(LEAF, days=(0, 1)), root=ROOT)
    root = (issued(plan).root,)
    for at_s, outcome in ((-1, VIOLATED), (0, MET), (86400, MET), (86401, VIOLATED)):
        shaken = replace(tls(target(), sent(plan)), started_at_s=NOW_S + at_s)
        at = replace(evidence(shaken, extra_authorities=root), taken_at_s=NOW_S + at_s)
        assert only(certificate_path_validates, at).outcome is outcome, at_s
