"""Chains that lead to a root or not, and roots that KMS lists or not."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from judging import (
    DAY_S,
    HOST,
    NOW_S,
    Signer,
    authorities_of,
    evidence,
    in_handshake,
    issue,
    name_of,
    only,
    sent,
    target,
    tls,
    trust_only,
    with_sha1,
)

from probe.model.measurements import Reason
from probe.model.verdicts import Outcome
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.declare import Finding, Rule

ROOT = issue("Listed Root", ca=True)
MIDDLE = issue("Middle", by=ROOT, ca=True)
LEAF = issue(HOST, by=MIDDLE)
PRIVATE = issue("Private Root", ca=True)
LACKED = issue("Lacked Root", ca=True)
EXPIRED = issue("Expired Root", ca=True, to_s=NOW_S - DAY_S)
BOTH = (chain_is_complete, authority_is_trusted_by_kms)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(ROOT, EXPIRED, lacked=(LACKED,)))


def seen(declared: Rule, *signers: Signer, **fields: Any) -> Finding:
    return only(declared, evidence(tls(target(), sent(*signers)), **fields))


def outcomes(*signers: Signer, **fields: Any) -> tuple[Outcome, Outcome]:
    """Of the chain, and of its authority."""
    complete, authority = (seen(declared, *signers, **fields).outcome for declared in BOTH)
    return complete, authority


@pytest.mark.parametrize("signers", [(LEAF, MIDDLE), (LEAF, MIDDLE, ROOT)], ids=["without root", "with root"])
def test_a_chain_to_a_listed_root_is_met_with_or_without_the_root(signers: tuple[Signer, ...]) -> None:
    assert outcomes(*signers) == (Outcome.MET, Outcome.MET)


def test_a_missing_intermediate_is_violated_and_leaves_the_authority_unknown() -> None:
    assert outcomes(LEAF) == (Outcome.VIOLATED, Outcome.UNKNOWN)
    assert "CN=Middle" in seen(chain_is_complete, LEAF).because


def test_under_an_intermediate_an_unsent_root_that_kms_does_not_list_is_violated_as_authority() -> None:
    between = issue("Private Middle", by=PRIVATE, ca=True)
    leaf = issue(HOST, by=between)
    assert outcomes(leaf, between) == (Outcome.UNKNOWN, Outcome.VIOLATED)
    assert "CN=Private Root" in seen(authority_is_trusted_by_kms, leaf, between).because


def test_a_wrong_order_is_said_and_the_authority_is_known_all_the_same() -> None:
    assert outcomes(LEAF, ROOT, MIDDLE) == (Outcome.VIOLATED, Outcome.MET)
    assert "wrong order" in seen(chain_is_complete, LEAF, ROOT, MIDDLE).because


def test_an_unrelated_certificate_is_tolerated_with_words() -> None:
    finding = seen(chain_is_complete, LEAF, PRIVATE, MIDDLE)
    assert finding.outcome is Outcome.MET
    assert "1 unrelated" in finding.because


@pytest.mark.parametrize(
    ("dates", "outcome"),
    [
        ({"to_s": NOW_S}, Outcome.MET),
        ({"to_s": NOW_S - 1}, Outcome.VIOLATED),
        ({"from_s": NOW_S}, Outcome.MET),
        ({"from_s": NOW_S + 1}, Outcome.VIOLATED),
    ],
    ids=["the last second", "a second late", "the first second", "a second early"],
)
def test_an_intermediate_has_to_be_in_date(dates: dict, outcome: Outcome) -> None:
    middle = issue("Dated", by=ROOT, ca=True, **dates)
    assert seen(chain_is_complete, issue(HOST, by=middle), middle).outcome is outcome


def test_the_dates_of_the_leaf_are_another_requirement() -> None:
    assert seen(chain_is_complete, issue(HOST, by=MIDDLE, to_s=NOW_S - 1), MIDDLE).outcome is Outcome.MET


def test_an_intermediate_has_to_be_an_authority() -> None:
    middle = issue("Not an authority", by=ROOT)
    assert seen(chain_is_complete, issue(HOST, by=middle), middle).outcome is Outcome.VIOLATED


@pytest.mark.parametrize(("path_length", "outcome"), [(0, Outcome.VIOLATED), (1, Outcome.MET)])
def test_an_intermediate_limits_those_below_it(path_length: int, outcome: Outcome) -> None:
    upper = issue("Upper", by=ROOT, ca=True, path_length=path_length)
    lower = issue("Lower", by=upper, ca=True)
    assert seen(chain_is_complete, issue(HOST, by=lower), lower, upper).outcome is outcome


def test_an_authority_that_issued_to_itself_counts_for_nothing_below_another() -> None:
    """RFC 5280 section 4.2.1.9; it is how an authority certifies its new key."""
    old = issue("Rolling", by=ROOT, ca=True, path_length=0)
    new = issue("Rolling", by=old, ca=True)
    assert outcomes(issue(HOST, by=new), new, old) == (Outcome.MET, Outcome.MET)


def test_a_signature_by_another_key_of_the_issuers_name_is_violated_in_its_own_words() -> None:
    namesake = issue("Middle", by=ROOT, ca=True)
    assert outcomes(LEAF, namesake) == (Outcome.VIOLATED, Outcome.UNKNOWN)
    assert "not made with its key" in seen(chain_is_complete, LEAF, namesake).because


BELOW = issue("Below", by=PRIVATE, ca=True)


@pytest.mark.parametrize("read", [(LEAF,), (issue(HOST, by=BELOW), BELOW)], ids=["leaf", "leaf and one more"])
def test_what_our_own_limit_left_unread_is_not_missing(read: tuple[Signer, ...]) -> None:
    for declared in BOTH:
        finding = only(declared, evidence(tls(target(), sent(*read), in_handshake(Reason.OVER_LIMIT))))
        assert finding.outcome is Outcome.UNKNOWN
        assert "were not read" in finding.because


def test_an_issuer_that_may_be_what_cannot_be_read_is_not_missing() -> None:
    leaf, middle = sent(LEAF, MIDDLE)
    for declared in BOTH:
        finding = only(declared, evidence(tls(target(), (leaf, replace(middle, der=b"\x30\x00")))))
        assert finding.outcome is Outcome.UNKNOWN
        assert "cannot be read" in finding.because


def test_a_private_root_is_not_listed() -> None:
    assert outcomes(issue(HOST, by=PRIVATE), PRIVATE) == (Outcome.MET, Outcome.VIOLATED)


def test_a_self_signed_certificate_is_its_own_root_and_not_listed() -> None:
    assert outcomes(issue(HOST)) == (Outcome.MET, Outcome.VIOLATED)


def test_an_extra_authority_is_met_and_said_not_to_be_of_kms() -> None:
    leaf = issue(HOST, by=PRIVATE)
    assert outcomes(leaf, extra_authorities=(PRIVATE.der,)) == (Outcome.MET, Outcome.MET)
    for declared in BOTH:
        assert "KMS does not trust" in seen(declared, leaf, extra_authorities=(PRIVATE.der,)).because


@pytest.mark.parametrize(
    ("dates", "words"),
    [({"to_s": NOW_S - 1}, "expired on"), ({"from_s": NOW_S + 1}, "is not valid before")],
    ids=["expired", "not valid yet"],
)
def test_an_extra_authority_has_to_be_in_date(dates: dict, words: str) -> None:
    root = issue("Extra Root", ca=True, **dates)
    finding = seen(chain_is_complete, issue(HOST, by=root), extra_authorities=(root.der,))
    assert finding.outcome is Outcome.VIOLATED
    assert f'the extra CA "CN=Extra Root" {words}' in finding.because


def test_of_two_extra_authorities_of_one_key_the_one_in_date_counts() -> None:
    old = issue("Extra Root", ca=True, to_s=NOW_S - 1)
    new = issue("Extra Root", key=old.key, ca=True)
    for extra in ((old.der, new.der), (new.der, old.der)):
        assert outcomes(issue(HOST, by=old), extra_authorities=extra) == (Outcome.MET, Outcome.MET)


TWIN_DATES = [{"to_s": NOW_S - 1}, {"from_s": NOW_S + 1, "to_s": NOW_S + 90 * DAY_S}]


@pytest.mark.parametrize("dates", TWIN_DATES, ids=["expired", "not valid yet"])
def test_of_twins_the_one_in_date_counts_whichever_was_sent_first(dates: dict) -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, ca=True, **dates)
    assert outcomes(LEAF, twin, MIDDLE) == outcomes(LEAF, MIDDLE, twin) == (Outcome.MET, Outcome.MET)


def test_a_longer_way_in_date_counts_before_a_shorter_one_that_expired() -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, ca=True, to_s=NOW_S - 1)
    upper = issue("Upper", by=ROOT, ca=True)
    renewed = issue("Middle", by=upper, key=MIDDLE.key, ca=True)
    assert outcomes(LEAF, twin, renewed, upper) == (Outcome.MET, Outcome.MET)


def test_a_signature_that_cannot_be_verified_here_is_unknown_and_not_said_to_be_missing() -> None:
    legacy = issue("Legacy", key=rsa.generate_private_key(65537, 2048), ca=True)
    chain = (with_sha1(issue(HOST, by=legacy)), legacy)
    assert outcomes(*chain) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    for declared in BOTH:
        because = seen(declared, *chain).because
        assert "signature (SHA-1) cannot be verified here; KMS is not known to accept it" in because
        assert "not sent" not in because


def test_with_ten_intermediates_a_chain_is_still_met() -> None:
    signers = [ROOT]
    for n in range(10):
        signers.append(issue(f"Step {n}", by=signers[-1], ca=True))
    chain = (issue(HOST, by=signers[-1]), *reversed(signers[1:]))
    assert outcomes(*chain) == (Outcome.MET, Outcome.MET)


def test_a_listed_root_needs_no_extra_authority() -> None:
    finding = seen(authority_is_trusted_by_kms, LEAF, MIDDLE, extra_authorities=(ROOT.der,))
    assert "AWS's list" in finding.because


def test_a_root_cross_signed_under_a_listed_one_is_met() -> None:
    modern = issue("Modern Root", ca=True)
    crossed = issue("Modern Root", by=ROOT, key=modern.key, ca=True)
    assert outcomes(issue(HOST, by=modern), crossed) == (Outcome.MET, Outcome.MET)


def test_a_listed_name_with_another_certificate_is_unknown() -> None:
    reissued = issue("Listed Root", ca=True)
    leaf = issue(HOST, by=reissued)
    assert seen(authority_is_trusted_by_kms, leaf, reissued).outcome is Outcome.UNKNOWN
    assert "another certificate" in seen(authority_is_trusted_by_kms, leaf, reissued).because


def test_a_renewed_certificate_of_a_listed_key_is_met_by_its_signature() -> None:
    renewed = issue("Listed Root", key=ROOT.key, ca=True)
    assert seen(authority_is_trusted_by_kms, issue(HOST, by=renewed), renewed).outcome is Outcome.MET


def test_a_listed_root_that_we_lack_is_unknown_by_name() -> None:
    assert outcomes(issue(HOST, by=LACKED)) == (Outcome.UNKNOWN, Outcome.UNKNOWN)


def test_a_listed_root_that_we_lack_is_known_by_its_fingerprint_when_sent() -> None:
    assert outcomes(issue(HOST, by=LACKED), LACKED) == (Outcome.MET, Outcome.MET)


def test_a_listed_name_is_recognized_whatever_its_case() -> None:
    shouting = issue("LACKED ROOT", ca=True)
    assert shouting.certificate.subject != name_of("Lacked Root")
    assert seen(authority_is_trusted_by_kms, issue(HOST, by=shouting)).outcome is Outcome.UNKNOWN


def test_what_kms_makes_of_an_expired_root_is_unknown() -> None:
    finding = seen(authority_is_trusted_by_kms, issue(HOST, by=EXPIRED))
    assert (finding.outcome, "expired on" in finding.because) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_certificate_it_is_unknown(declared: Rule) -> None:
    assert seen(declared).outcome is Outcome.UNKNOWN
    assert only(declared, evidence(also=(target(),))).outcome is Outcome.UNKNOWN
