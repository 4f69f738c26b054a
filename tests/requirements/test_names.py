"""Common name and alternative names, each with its own verdict."""

from typing import Any

import pytest
from support.evidence import HOST, evidence, in_handshake, issue, only, sent, target, tls

from probe.model.measurements import Reason
from probe.model.verdicts import KmsStep, Level, Outcome
from probe.requirements.declare import Finding, Rule
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.names import common_name_matches, subject_alternative_name_matches

BOTH = (common_name_matches, subject_alternative_name_matches)


def judged(declared: Rule, *common_names: str, server_name: str | None = HOST, **fields: Any) -> Finding:
    chain = sent(issue(*common_names, **fields))
    return only(declared, evidence(tls(target(server_name=server_name), chain)))


@pytest.mark.parametrize(
    ("common_names", "outcome"),
    [
        ((HOST,), Outcome.MET),
        (("*.xks.example.com",), Outcome.MET),
        (("*.example.com",), Outcome.VIOLATED),
        (("other.example.com",), Outcome.VIOLATED),
        ((), Outcome.VIOLATED),
        ((HOST, "*.xks.example.com"), Outcome.MET),
        ((HOST, "other.example.com"), Outcome.UNKNOWN),
        (("a.example.com", "b.example.com"), Outcome.VIOLATED),
    ],
    ids=[
        "the host",
        "wildcard",
        "wildcard too high",
        "another",
        "none",
        "all of two",
        "one of two",
        "none of two",
    ],
)
def test_the_common_name_must_cover_the_host_name(common_names: tuple[str, ...], outcome: Outcome) -> None:
    assert judged(common_name_matches, *common_names).outcome is outcome


def test_a_missing_common_name_is_distinguished_from_a_wrong_one() -> None:
    assert "no common name at all" in judged(common_name_matches, dns_names=(HOST,)).because
    assert "does not cover" in judged(common_name_matches, "x.example.com").because


def test_a_host_name_too_long_for_a_common_name_is_mentioned() -> None:
    long = "a" * 60 + ".xks.example.com"
    assert "do not fit" in judged(common_name_matches, server_name=long).because


@pytest.mark.parametrize(("length", "fits"), [(64, True), (65, False)], ids=["at the limit", "just above"])
def test_a_common_name_has_at_most_64_characters(length: int, *, fits: bool) -> None:
    host = "a" * (length - len(".xks.example.com")) + ".xks.example.com"
    assert ("do not fit" in judged(common_name_matches, server_name=host).because) is not fits


def test_an_alternative_name_does_not_replace_the_common_name() -> None:
    assert judged(common_name_matches, dns_names=(HOST,)).outcome is Outcome.VIOLATED
    assert judged(subject_alternative_name_matches, dns_names=(HOST,)).outcome is Outcome.MET


def test_one_matching_alternative_name_is_enough() -> None:
    names = ("other.example.com", "*.xks.example.com")
    assert judged(subject_alternative_name_matches, dns_names=names).outcome is Outcome.MET


@pytest.mark.parametrize("dns_names", [(), ("other.example.com",)], ids=["none", "another"])
def test_without_a_matching_alternative_name_the_advice_is_violated(dns_names: tuple[str, ...]) -> None:
    assert judged(subject_alternative_name_matches, HOST, dns_names=dns_names).outcome is Outcome.VIOLATED


def test_alternative_names_of_other_hosts_alone_are_a_risk_and_none_at_all_is_advice() -> None:
    """A client that checks alternative names refuses other hosts."""
    others = judged(subject_alternative_name_matches, HOST, dns_names=("other.example.com",))
    assert (others.level, others.step) == (Level.RISK, KmsStep.TLS)
    assert others.kms_errors == path_errors.AT_TIMES_TLS
    none = judged(subject_alternative_name_matches, HOST)
    assert (none.level, none.step, none.kms_errors) == (None, None, None)


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_host_name_both_requirements_are_unknown(declared: Rule) -> None:
    assert judged(declared, HOST, server_name=None).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("configured", "offered"), [(HOST, None), (None, HOST)], ids=["of the target", "of the handshake"]
)
@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_one_known_host_name_is_enough(declared: Rule, configured: str | None, offered: str | None) -> None:
    chain = sent(issue(HOST, dns_names=(HOST,)))
    measured = tls(target(server_name=configured), chain, server_name=offered)
    assert only(declared, evidence(measured)).outcome is Outcome.MET


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_certificate_both_requirements_are_unknown(declared: Rule) -> None:
    measured = tls(target(), failure=in_handshake(Reason.RESET))
    assert only(declared, evidence(measured)).outcome is Outcome.UNKNOWN
    assert only(declared, evidence(also=(target(),))).outcome is Outcome.UNKNOWN


def test_control_characters_in_a_name_are_escaped() -> None:
    assert "\x1b" not in judged(common_name_matches, "\x1b[2J.example.com").because
