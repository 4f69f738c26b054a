"""The same certificate on every address, or different ones."""

import pytest
from support.evidence import HOST, evidence, issue, only, sent, target, tls

from probe.model.targets import Role
from probe.model.verdicts import Outcome
from probe.requirements.same_certificate import same_certificate_everywhere

A, B, C = (target(name, Role.NODE) for name in ("nlb-a", "nlb-b", "nlb-c"))
ONE, TWO = sent(issue(HOST)), sent(issue(HOST))


def test_the_same_certificate_everywhere_is_met() -> None:
    finding = only(same_certificate_everywhere, evidence(tls(A, ONE), tls(B, ONE)))
    assert (finding.outcome, finding.subject) == (Outcome.MET, "cks-1")


def test_the_differing_node_is_named() -> None:
    finding = only(same_certificate_everywhere, evidence(tls(A, ONE), tls(B, TWO), tls(C, ONE)))
    assert finding.outcome is Outcome.VIOLATED
    assert "2 of 3" in finding.because
    assert "nlb-b presents" in finding.because
    assert "nlb-a" not in finding.because


def test_two_different_certificates_decide_even_if_a_third_is_not_measured() -> None:
    measured = evidence(tls(A, ONE), tls(B, TWO), also=(C,))
    assert only(same_certificate_everywhere, measured).outcome is Outcome.VIOLATED


def test_an_address_without_a_certificate_makes_it_unknown() -> None:
    assert only(same_certificate_everywhere, evidence(tls(A, ONE), also=(B,))).outcome is Outcome.UNKNOWN


def test_a_single_address_makes_it_not_applicable() -> None:
    assert only(same_certificate_everywhere, evidence(tls(A, ONE))).outcome is Outcome.NOT_APPLICABLE


def test_a_single_address_without_a_certificate_makes_it_not_applicable_as_well() -> None:
    assert only(same_certificate_everywhere, evidence(also=(A,))).outcome is Outcome.NOT_APPLICABLE


def test_the_proxys_own_name_is_not_a_second_address() -> None:
    measured = evidence(tls(target(), ONE), tls(A, ONE))
    assert only(same_certificate_everywhere, measured).outcome is Outcome.NOT_APPLICABLE


def test_the_nodes_are_compared_even_if_the_proxys_own_name_was_measured() -> None:
    measured = evidence(tls(target(), ONE), tls(A, ONE), tls(B, TWO))
    assert only(same_certificate_everywhere, measured).outcome is Outcome.VIOLATED


def test_without_targets_there_is_no_finding() -> None:
    assert list(same_certificate_everywhere.judge(evidence())) == []


@pytest.mark.parametrize(("others", "ending"), [(5, "…"), (6, "… and 1 more"), (7, "… and 2 more")])
def test_five_differing_addresses_are_listed_and_the_others_counted(others: int, ending: str) -> None:
    same = [tls(target(f"same-{n}", Role.NODE), ONE) for n in range(others + 1)]
    different = [tls(target(f"other-{n}", Role.NODE), sent(issue(HOST))) for n in range(others)]
    finding = only(same_certificate_everywhere, evidence(*same, *different))
    assert f"{others + 1} of {2 * others + 1}" in finding.because
    assert finding.because.endswith(ending)
    assert finding.because.count("other-") == 5
