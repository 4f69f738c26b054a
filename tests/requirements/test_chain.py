"""Complete and incomplete chains, and whether their root is in AWS's list of trusted CAs."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support.evidence import (
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
from probe.model.verdicts import Basis, Likelihood, Outcome
from probe.requirements import chain as chain_requirements
from probe.requirements.certificate_path import certificate_path_validates
from probe.requirements.chain import authority_is_trusted_by_kms, chain_is_complete
from probe.requirements.declare import Finding, Rule
from probe.requirements.evidence.paths import PathResult, RootSet
from probe.wire.certificate_path.decision import Decision

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


def judged(declared: Rule, *signers: Signer, **fields: Any) -> Finding:
    return only(declared, evidence(tls(target(), sent(*signers)), **fields))


def outcomes(*signers: Signer, **fields: Any) -> tuple[Outcome, Outcome]:
    """The outcomes of chain-is-complete and of authority-is-trusted-by-kms."""
    complete, authority = (judged(declared, *signers, **fields).outcome for declared in BOTH)
    return complete, authority


@pytest.mark.parametrize("signers", [(LEAF, MIDDLE), (LEAF, MIDDLE, ROOT)], ids=["without root", "with root"])
def test_a_chain_to_a_listed_root_is_met_with_or_without_the_root(signers: tuple[Signer, ...]) -> None:
    assert outcomes(*signers) == (Outcome.MET, Outcome.MET)


def test_a_missing_intermediate_is_violated_and_leaves_the_authority_unknown() -> None:
    assert outcomes(LEAF) == (Outcome.VIOLATED, Outcome.UNKNOWN)
    assert '"CN=Middle" was not sent' in judged(chain_is_complete, LEAF).because


def test_an_unlisted_root_that_was_not_sent_violates_the_authority() -> None:
    between = issue("Private Middle", by=PRIVATE, ca=True)
    leaf = issue(HOST, by=between)
    assert outcomes(leaf, between) == (Outcome.UNKNOWN, Outcome.VIOLATED)
    assert "CN=Private Root" in judged(authority_is_trusted_by_kms, leaf, between).because


def test_a_wrong_order_violates_the_chain_but_not_the_authority() -> None:
    assert outcomes(LEAF, ROOT, MIDDLE) == (Outcome.VIOLATED, Outcome.MET)
    assert "wrong order" in judged(chain_is_complete, LEAF, ROOT, MIDDLE).because


def test_an_error_for_a_wrong_order_is_only_possible_because_all_validators_accept_it() -> None:
    errors = judged(chain_is_complete, LEAF, ROOT, MIDDLE).kms_errors
    assert errors
    assert {(error.likelihood, error.basis) for error in errors} == {(Likelihood.POSSIBLE, Basis.INFERRED)}
    assert judged(certificate_path_validates, LEAF, ROOT, MIDDLE).outcome is Outcome.MET


def test_an_expired_certificate_beside_an_accepted_path_is_no_fault() -> None:
    """A cross-certificate that has expired, which the server still sends."""
    crossed = issue("Middle", by=PRIVATE, key=MIDDLE.key, ca=True, to_s=NOW_S - DAY_S)
    for above in ((MIDDLE, crossed), (crossed, MIDDLE)):
        assert judged(chain_is_complete, LEAF, *above).outcome is Outcome.MET


def test_a_root_in_one_list_is_unknown_and_its_chain_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = issue("Older Root", ca=True), issue("Newer Root", ca=True)
    trust_only(monkeypatch, authorities_of(ROOT, only_published=(older,), only_proposed=(newer,)))
    for root, words in (
        (older, "no longer in the newer one of 2024-06-15"),
        (newer, "only in the newer one"),
    ):
        chain = (issue(HOST, by=root),)
        assert outcomes(*chain) == (Outcome.MET, Outcome.UNKNOWN)
        assert words in judged(authority_is_trusted_by_kms, *chain).because
        assert judged(certificate_path_validates, *chain).outcome is Outcome.MET


def test_a_root_in_both_lists_outranks_one_in_one_list_and_an_extra_ca(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cross-certificate that was sent leads to a root in both lists; its end is said."""
    newer = issue("Newer Root", ca=True)
    crossed = issue("Newer Root", by=ROOT, key=newer.key, ca=True, to_s=NOW_S + 20 * DAY_S)
    trust_only(monkeypatch, authorities_of(ROOT, only_proposed=(newer,)))
    chain = (issue(HOST, by=newer), crossed)
    found = judged(authority_is_trusted_by_kms, *chain, extra_authorities=(newer.der,))
    assert found.outcome is Outcome.MET
    assert 'the cross-certificate of "CN=Newer Root" ends on 2027-02-04' in found.because
    assert judged(authority_is_trusted_by_kms, chain[0]).outcome is Outcome.UNKNOWN


def test_a_root_that_was_issued_again_with_the_same_key_is_the_same_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = issue("Reissued Root", ca=True)
    newer = issue("Reissued Root", key=older.key, ca=True)
    trust_only(monkeypatch, authorities_of(only_published=(older,), only_proposed=(newer,)))
    leaf = issue(HOST, by=older)
    for chain in ((leaf,), (leaf, older), (leaf, newer)):
        assert outcomes(*chain) == (Outcome.MET, Outcome.MET)


@pytest.mark.parametrize(
    ("root", "remedy"),
    [
        ("Sectigo Public Server Authentication Root R46", "signed by USERTrust RSA Certification Authority"),
        ("isrg root x2", "leads to ISRG Root X1"),
        ("Root YR", "leads to ISRG Root X1"),
        ("TWCA CYBER Root CA", "older root, TWCA Global Root CA"),
        ("Another Root", None),
    ],
)
def test_the_fix_for_a_root_that_kms_may_not_trust_names_the_certificate_to_send(
    root: str, remedy: str | None
) -> None:
    """Also if the root itself was not sent."""
    signer = issue(root, ca=True)
    middle = issue("Intermediate", by=signer, ca=True)
    for chain in ((issue(HOST, by=signer), signer), (issue(HOST, by=middle), middle)):
        found = judged(authority_is_trusted_by_kms, *chain)
        assert found.outcome is Outcome.VIOLATED
        assert "in neither of AWS's lists (2022-11-10, 2024-06-15)" in found.because
        if remedy is None:
            assert found.remedy is None
        else:
            assert found.remedy is not None
            assert remedy in found.remedy.text
            assert "-showcerts" in found.remedy.cli


def test_a_trusted_root_that_browsers_do_not_trust_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, going = issue("DigiCert Global Root CA", ca=True), issue("GlobalSign ECC Root CA - R5", ca=True)
    trust_only(monkeypatch, authorities_of(gone, going))
    for root, words in (
        (gone, "have not trusted it since 2026-04-15"),
        (going, "will not trust it after 2029-04-15"),
    ):
        found = judged(authority_is_trusted_by_kms, issue(HOST, by=root))
        assert found.outcome is Outcome.MET
        assert words in found.because


@pytest.mark.parametrize("name", ["Another Root", "ISRG Root X2"], ids=["no advice", "advice without a note"])
def test_a_trusted_root_that_browsers_trust_too_has_no_note(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = issue(name, ca=True)
    trust_only(monkeypatch, authorities_of(root))
    found = judged(authority_is_trusted_by_kms, issue(HOST, by=root))
    assert (found.outcome, found.because) == (
        Outcome.MET,
        f'"CN={name}" is in AWS\'s lists of 2022-11-10 and 2024-06-15',
    )


def test_a_path_that_both_validators_find_and_we_do_not_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = PathResult(decision=Decision(openssl=None, cryptography=None), roots=RootSet.IN_BOTH_LISTS)
    monkeypatch.setattr(chain_requirements, "path_result", lambda *_: accepted)
    assert judged(chain_is_complete, LEAF).outcome is Outcome.MET


def test_an_unrelated_certificate_is_tolerated_and_mentioned() -> None:
    finding = judged(chain_is_complete, LEAF, PRIVATE, MIDDLE)
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
def test_an_intermediate_must_be_in_date(dates: dict, outcome: Outcome) -> None:
    middle = issue("Dated", by=ROOT, ca=True, **dates)
    assert judged(chain_is_complete, issue(HOST, by=middle), middle).outcome is outcome


def test_an_expired_intermediate_is_violated_even_if_its_issuer_is_not_known() -> None:
    expired = issue("Expired", by=PRIVATE, ca=True, to_s=NOW_S - 1)
    finding = judged(chain_is_complete, issue(HOST, by=expired), expired)
    assert (finding.outcome, "expired on" in finding.because) == (Outcome.VIOLATED, True)


def test_the_dates_of_the_leaf_do_not_affect_the_chain() -> None:
    assert judged(chain_is_complete, issue(HOST, by=MIDDLE, to_s=NOW_S - 1), MIDDLE).outcome is Outcome.MET


def test_whether_an_intermediate_is_a_ca_is_left_to_the_validators() -> None:
    """A cause is told once."""
    middle = issue("Not an authority", by=ROOT)
    chain = (issue(HOST, by=middle), middle)
    assert judged(certificate_path_validates, *chain).outcome is Outcome.VIOLATED
    assert judged(chain_is_complete, *chain).outcome is Outcome.MET


@pytest.mark.parametrize(("path_length", "outcome"), [(0, Outcome.VIOLATED), (1, Outcome.MET)])
def test_the_path_length_of_an_intermediate_is_enforced(path_length: int, outcome: Outcome) -> None:
    upper = issue("Upper", by=ROOT, ca=True, path_length=path_length)
    lower = issue("Lower", by=upper, ca=True)
    assert judged(certificate_path_validates, issue(HOST, by=lower), lower, upper).outcome is outcome


def test_a_self_issued_ca_does_not_count_for_the_path_length() -> None:
    """RFC 5280 section 4.2.1.9: a CA certifies its new key in this way."""
    old = issue("Rolling", by=ROOT, ca=True, path_length=0)
    new = issue("Rolling", by=old, ca=True)
    assert outcomes(issue(HOST, by=new), new, old) == (Outcome.MET, Outcome.MET)


def test_a_signature_by_another_key_with_the_issuers_name_is_violated() -> None:
    namesake = issue("Middle", by=ROOT, ca=True)
    assert outcomes(LEAF, namesake) == (Outcome.VIOLATED, Outcome.UNKNOWN)
    assert "not made with its key" in judged(chain_is_complete, LEAF, namesake).because


BELOW = issue("Below", by=PRIVATE, ca=True)


@pytest.mark.parametrize("read", [(LEAF,), (issue(HOST, by=BELOW), BELOW)], ids=["leaf", "leaf and one more"])
def test_certificates_beyond_our_limit_are_not_reported_as_missing(read: tuple[Signer, ...]) -> None:
    for declared in BOTH:
        finding = only(declared, evidence(tls(target(), sent(*read), in_handshake(Reason.OVER_LIMIT))))
        assert finding.outcome is Outcome.UNKNOWN
        assert "were not read" in finding.because


@pytest.mark.parametrize(("certificates", "outcome"), [(16, Outcome.VIOLATED), (17, Outcome.UNKNOWN)])
def test_a_missing_issuer_may_be_the_seventeenth_certificate_which_is_not_considered(
    certificates: int, outcome: Outcome
) -> None:
    assert judged(chain_is_complete, LEAF, *[PRIVATE] * (certificates - 1)).outcome is outcome


def test_an_unreadable_certificate_may_be_the_missing_issuer() -> None:
    leaf, middle = sent(LEAF, MIDDLE)
    for declared in BOTH:
        finding = only(declared, evidence(tls(target(), (leaf, replace(middle, der=b"\x30\x00")))))
        assert finding.outcome is Outcome.UNKNOWN
        assert "cannot be read" in finding.because


def test_a_private_root_is_not_listed() -> None:
    assert outcomes(issue(HOST, by=PRIVATE), PRIVATE) == (Outcome.MET, Outcome.VIOLATED)


def test_a_self_signed_certificate_is_its_own_root_and_not_listed() -> None:
    assert outcomes(issue(HOST)) == (Outcome.MET, Outcome.VIOLATED)


def test_an_extra_authority_is_met_and_marked_as_not_trusted_by_kms() -> None:
    leaf = issue(HOST, by=PRIVATE)
    assert outcomes(leaf, extra_authorities=(PRIVATE.der,)) == (Outcome.MET, Outcome.MET)
    for declared in BOTH:
        finding = judged(declared, leaf, extra_authorities=(PRIVATE.der,))
        assert "KMS does not trust" in finding.because
        assert finding.rests_on_extra_authority


def test_in_a_simulation_the_extra_authority_counts_as_one_that_kms_trusts() -> None:
    fields = {"extra_authorities": (PRIVATE.der,), "is_simulation": True}
    for declared in BOTH:
        finding = judged(declared, issue(HOST, by=PRIVATE), **fields)
        assert (finding.outcome, finding.rests_on_extra_authority) == (Outcome.MET, False)
        assert "only this simulation counts as trusted by KMS" in finding.because


def test_nothing_rests_on_an_extra_authority_that_kms_lists_too() -> None:
    for declared in BOTH:
        finding = judged(declared, LEAF, MIDDLE, extra_authorities=(ROOT.der,))
        assert (finding.outcome, finding.rests_on_extra_authority) == (Outcome.MET, False)


@pytest.mark.parametrize(
    ("dates", "words"),
    [({"to_s": NOW_S - 1}, "expired on"), ({"from_s": NOW_S + 1}, "is not valid before")],
    ids=["expired", "not valid yet"],
)
def test_an_extra_authority_must_be_in_date(dates: dict, words: str) -> None:
    root = issue("Extra Root", ca=True, **dates)
    finding = judged(chain_is_complete, issue(HOST, by=root), extra_authorities=(root.der,))
    assert finding.outcome is Outcome.VIOLATED
    assert f'the extra CA "CN=Extra Root" {words}' in finding.because


def test_of_two_extra_authorities_with_one_key_the_one_in_date_is_used() -> None:
    old = issue("Extra Root", ca=True, to_s=NOW_S - 1)
    new = issue("Extra Root", key=old.key, ca=True)
    for extra in ((old.der, new.der), (new.der, old.der)):
        assert outcomes(issue(HOST, by=old), extra_authorities=extra) == (Outcome.MET, Outcome.MET)


TWIN_DATES = [{"to_s": NOW_S - 1}, {"from_s": NOW_S + 1, "to_s": NOW_S + 90 * DAY_S}]


@pytest.mark.parametrize("dates", TWIN_DATES, ids=["expired", "not valid yet"])
def test_of_two_certificates_with_one_key_the_one_in_date_is_used_in_any_order(dates: dict) -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, ca=True, **dates)
    assert outcomes(LEAF, twin, MIDDLE) == outcomes(LEAF, MIDDLE, twin) == (Outcome.MET, Outcome.MET)


def test_a_longer_path_in_date_is_preferred_to_an_expired_shorter_one() -> None:
    twin = issue("Middle", by=ROOT, key=MIDDLE.key, ca=True, to_s=NOW_S - 1)
    upper = issue("Upper", by=ROOT, ca=True)
    renewed = issue("Middle", by=upper, key=MIDDLE.key, ca=True)
    assert outcomes(LEAF, twin, renewed, upper) == (Outcome.MET, Outcome.MET)


def test_a_sha1_signature_makes_both_requirements_unknown() -> None:
    legacy = issue("Legacy", key=rsa.generate_private_key(65537, 2048), ca=True)
    chain = (with_sha1(issue(HOST, by=legacy)), legacy)
    assert outcomes(*chain) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    for declared in BOTH:
        because = judged(declared, *chain).because
        assert "signature (SHA-1) cannot be verified here; KMS is not known to accept it" in because
        assert "not sent" not in because


def test_a_chain_with_ten_intermediates_is_met() -> None:
    signers = [ROOT]
    for n in range(10):
        signers.append(issue(f"Step {n}", by=signers[-1], ca=True))
    chain = (issue(HOST, by=signers[-1]), *reversed(signers[1:]))
    assert outcomes(*chain) == (Outcome.MET, Outcome.MET)


def test_a_listed_root_takes_precedence_over_an_extra_authority() -> None:
    finding = judged(authority_is_trusted_by_kms, LEAF, MIDDLE, extra_authorities=(ROOT.der,))
    assert "AWS's list" in finding.because


def test_a_root_cross_signed_by_a_listed_one_is_met() -> None:
    modern = issue("Modern Root", ca=True)
    crossed = issue("Modern Root", by=ROOT, key=modern.key, ca=True)
    assert outcomes(issue(HOST, by=modern), crossed) == (Outcome.MET, Outcome.MET)


def test_another_certificate_with_a_listed_name_is_unknown() -> None:
    reissued = issue("Listed Root", ca=True)
    leaf = issue(HOST, by=reissued)
    assert judged(authority_is_trusted_by_kms, leaf, reissued).outcome is Outcome.UNKNOWN
    assert "another certificate" in judged(authority_is_trusted_by_kms, leaf, reissued).because


def test_a_renewed_certificate_with_a_listed_key_is_met() -> None:
    renewed = issue("Listed Root", key=ROOT.key, ca=True)
    assert judged(authority_is_trusted_by_kms, issue(HOST, by=renewed), renewed).outcome is Outcome.MET


def test_a_copied_name_and_key_without_any_valid_signature_is_not_the_listed_root() -> None:
    (root,) = sent(ROOT)
    copied = replace(root, der=root.der[:-4] + bytes(4))
    of = evidence(tls(target(), (copied,)))
    assert only(authority_is_trusted_by_kms, of).outcome is Outcome.UNKNOWN
    assert only(authority_is_trusted_by_kms, evidence(tls(target(), (root,)))).outcome is Outcome.MET


def test_a_listed_root_that_we_lack_is_unknown_if_not_sent() -> None:
    assert outcomes(issue(HOST, by=LACKED)) == (Outcome.UNKNOWN, Outcome.UNKNOWN)


def test_a_listed_root_that_we_lack_is_recognized_by_its_fingerprint_if_sent() -> None:
    assert outcomes(issue(HOST, by=LACKED), LACKED) == (Outcome.MET, Outcome.MET)


def test_a_listed_name_is_recognized_in_any_case() -> None:
    upper_case = issue("LACKED ROOT", ca=True)
    assert upper_case.certificate.subject != name_of("Lacked Root")
    assert judged(authority_is_trusted_by_kms, issue(HOST, by=upper_case)).outcome is Outcome.UNKNOWN


def test_an_expired_listed_root_is_unknown() -> None:
    finding = judged(authority_is_trusted_by_kms, issue(HOST, by=EXPIRED))
    assert (finding.outcome, "expired on" in finding.because) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_certificate_both_requirements_are_unknown(declared: Rule) -> None:
    assert judged(declared).outcome is Outcome.UNKNOWN
    assert only(declared, evidence(also=(target(),))).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("to_s", "outcome"),
    [(NOW_S - 1, Outcome.UNKNOWN), (NOW_S, Outcome.MET), (NOW_S + 1, Outcome.MET)],
)
def test_a_listed_root_is_valid_until_its_last_second(
    to_s: float, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = issue("Old Root", ca=True, to_s=to_s)
    trust_only(monkeypatch, authorities_of(root))
    assert judged(authority_is_trusted_by_kms, issue(HOST, by=root)).outcome is outcome


@pytest.mark.parametrize("dates", [{"from_s": NOW_S}, {"to_s": NOW_S}], ids=["from now on", "until now"])
def test_the_valid_one_of_two_roots_with_the_same_key_is_used(
    dates: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = issue("Twin Root", ca=True, to_s=NOW_S - DAY_S)
    twin = issue("Twin Root", ca=True, key=expired.key, **dates)
    for roots in ((expired, twin), (twin, expired)):
        trust_only(monkeypatch, authorities_of(*roots))
        assert judged(authority_is_trusted_by_kms, issue(HOST, by=twin)).outcome is Outcome.MET


@pytest.mark.parametrize("dates", [{"from_s": NOW_S}, {"to_s": NOW_S}], ids=["from now on", "until now"])
def test_of_two_paths_to_listed_roots_the_one_to_the_valid_root_is_used(
    dates: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    valid = issue("Valid Root", ca=True, **dates)
    trust_only(monkeypatch, authorities_of(EXPIRED, valid))
    by_valid = issue("Crossed", by=valid, ca=True)
    by_expired = issue("Crossed", by=EXPIRED, key=by_valid.key, ca=True, to_s=NOW_S + 90 * DAY_S)
    for intermediates in ((by_valid, by_expired), (by_expired, by_valid)):
        chain = (issue(HOST, by=by_valid), *intermediates)
        assert judged(authority_is_trusted_by_kms, *chain).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("signers", "words"),
    [
        ((LEAF, MIDDLE), "2 certificates up to"),
        ((LEAF, MIDDLE, ROOT), "3 certificates up to"),
        ((issue(HOST, by=ROOT),), "1 certificate up to"),
        ((LEAF, MIDDLE, PRIVATE), "2 certificates (and 1 unrelated) up to"),
    ],
)
def test_the_certificates_of_a_complete_chain_are_counted(signers: tuple[Signer, ...], words: str) -> None:
    assert judged(chain_is_complete, *signers).because.startswith(words)


def test_a_wrong_order_is_reported_with_the_correct_one() -> None:
    assert (
        "the correct order of the certificates sent is 0, 2, 1"
        in judged(chain_is_complete, LEAF, ROOT, MIDDLE).because
    )
