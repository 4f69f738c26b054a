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
from probe.requirements import certificate_path
from probe.requirements.certificate_path import certificate_path_validates
from probe.requirements.declare import Finding
from probe.requirements.evidence.paths import PathResult, RootSet
from probe.wire.certificate import read_certificate
from probe.wire.certificate_path.decision import Decision
from probe.wire.certificate_path.refusal import Cause, Refusal

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


CHAIN_AND_AUTHORITY = ("chain-is-complete", "authority-is-trusted-by-kms")


@pytest.mark.parametrize(
    ("plan", "told_by"),
    [
        (Plan(leaf=replace(LEAF, days=(-9, -1))), ("certificate-is-in-date", *CHAIN_AND_AUTHORITY)),
        (Plan(sent=(0, 1)), CHAIN_AND_AUTHORITY),
        (CLIENTS, ()),
    ],
    ids=["expired", "no path", "wrong purpose"],
)
def test_a_refusal_is_told_by_the_requirements_that_judge_the_same_cause(
    plan: Plan, told_by: tuple[str, ...]
) -> None:
    finding = found(plan)
    assert (finding.outcome, finding.told_by) == (VIOLATED, told_by)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (CLIENTS, "extended key usage serverAuth"),
        (Plan(leaf=replace(LEAF, usage=("content_commitment",))), "key usage digitalSignature"),
    ],
    ids=["extended key usage", "key usage"],
)
def test_the_key_usage_and_the_extended_one_have_different_remedies_with_a_command(
    plan: Plan, words: str
) -> None:
    """OpenSSL has one number for both; cryptography tells which it is."""
    remedy = found(plan).remedy
    assert remedy is not None
    assert words in remedy.text
    assert "-purpose sslserver -showcerts" in remedy.cli


def test_a_refusal_whose_fix_is_not_known_has_the_declared_remedy() -> None:
    finding = found(Plan(leaf=replace(LEAF, signed_by=7)))
    assert (finding.outcome, finding.remedy) == (VIOLATED, None)


def refused_by(monkeypatch: pytest.MonkeyPatch, openssl: Refusal, cryptography: Refusal) -> Finding:
    """The finding for one certificate that both validators refuse."""
    decision = Decision(openssl=openssl, cryptography=cryptography)
    result = PathResult(decision=decision, roots=RootSet.IN_BOTH_LISTS)
    monkeypatch.setattr(certificate_path, "path_result", lambda *_: result)
    return found(Plan(sent=(0,)))


def test_of_two_refusals_the_one_whose_cause_is_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known, other = Refusal(cause=Cause.PURPOSE, detail="x"), Refusal(cause=Cause.OTHER, detail="y")
    for pair in ((known, other), (other, known)):
        finding = refused_by(monkeypatch, *pair)
        assert finding.because.endswith("the extended key usage does not allow TLS servers")


@pytest.mark.parametrize("position", [None, 1], ids=["no certificate", "none that was sent"])
def test_without_a_known_cause_openssls_own_message_is_told(
    position: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    openssl = Refusal(cause=Cause.OTHER, detail="of OpenSSL", position=position)
    finding = refused_by(monkeypatch, openssl, Refusal(cause=Cause.OTHER, detail="of cryptography"))
    assert (finding.outcome, finding.because) == (
        VIOLATED,
        'OpenSSL and cryptography refuse the path: "of OpenSSL"',
    )


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


def test_a_fault_of_the_certificates_that_were_read_is_violated_although_others_were_not() -> None:
    cut = tls(target(), sent(CLIENTS), in_handshake(Reason.OVER_LIMIT))
    finding = only(certificate_path_validates, evidence(cut, extra_authorities=(issued(CLIENTS).root,)))
    assert finding.outcome is VIOLATED


def test_no_certificate_is_unknown() -> None:
    assert only(certificate_path_validates, evidence(tls(target(), ()))).outcome is UNKNOWN


def test_the_time_of_the_evidence_decides() -> None:
    plan = Plan(leaf=replace(LEAF, days=(0, 1)), root=ROOT)
    root = (issued(plan).root,)
    for at_s, outcome in ((-1, VIOLATED), (0, MET), (86400, MET), (86401, VIOLATED)):
        shaken = replace(tls(target(), sent(plan)), started_at_s=NOW_S + at_s)
        at = replace(evidence(shaken, extra_authorities=root), taken_at_s=NOW_S + at_s)
        assert only(certificate_path_validates, at).outcome is outcome, at_s
