"""Common name and alternative names, each with its own verdict."""

from typing import Any

import pytest
from judging import HOST, evidence, in_handshake, issue, only, sent, target, tls

from probe.model.measurements import Reason
from probe.model.verdicts import Outcome
from probe.requirements.declare import Finding, Rule
from probe.requirements.names import common_name_matches, subject_alternative_name_matches

BOTH = (common_name_matches, subject_alternative_name_matches)


def seen(declared: Rule, *common_names: str, server_name: str | None = HOST, **fields: Any) -> Finding:
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
def test_the_common_name_has_to_be_the_host(common_names: tuple[str, ...], outcome: Outcome) -> None:
    assert seen(common_name_matches, *common_names).outcome is outcome


def test_no_common_name_is_told_from_a_wrong_one() -> None:
    assert "no common name at all" in seen(common_name_matches, dns_names=(HOST,)).because
    assert "does not cover" in seen(common_name_matches, "x.example.com").because


def test_a_host_too_long_for_a_common_name_is_told() -> None:
    long = "a" * 60 + ".xks.example.com"
    assert "do not fit" in seen(common_name_matches, server_name=long).because


@pytest.mark.parametrize(("length", "fits"), [(64, True), (65, False)], ids=["at the limit", "just above"])
def test_a_common_name_has_64_characters_at_most(length: int, *, fits: bool) -> None:
    host = "a" * (length - len(".xks.example.com")) + ".xks.example.com"
    assert ("do not fit" in seen(common_name_matches, server_name=host).because) is not fits


def test_an_alternative_name_does_not_stand_for_the_common_name() -> None:
    assert seen(common_name_matches, dns_names=(HOST,)).outcome is Outcome.VIOLATED
    assert seen(subject_alternative_name_matches, dns_names=(HOST,)).outcome is Outcome.MET


def test_one_alternative_name_that_covers_is_enough() -> None:
    names = ("other.example.com", "*.xks.example.com")
    assert seen(subject_alternative_name_matches, dns_names=names).outcome is Outcome.MET


@pytest.mark.parametrize("dns_names", [(), ("other.example.com",)], ids=["none", "another"])
def test_without_a_covering_alternative_name_the_advice_is_violated(dns_names: tuple[str, ...]) -> None:
    assert seen(subject_alternative_name_matches, HOST, dns_names=dns_names).outcome is Outcome.VIOLATED


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_name_to_compare_with_it_is_unknown(declared: Rule) -> None:
    assert seen(declared, HOST, server_name=None).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_without_a_certificate_it_is_unknown(declared: Rule) -> None:
    measured = tls(target(), failure=in_handshake(Reason.RESET))
    assert only(declared, evidence(measured)).outcome is Outcome.UNKNOWN
    assert only(declared, evidence(also=(target(),))).outcome is Outcome.UNKNOWN


def test_a_name_with_escapes_is_harmless_in_the_words() -> None:
    assert "\x1b" not in seen(common_name_matches, "\x1b[2J.example.com").because
