"""The dates of the server certificate; the first and the last second count as valid."""

from dataclasses import replace
from typing import Any

import pytest
from support.evidence import DAY_S, HOST, NOW_S, evidence, issue, only, sent, target, tls

from probe.model.verdicts import Outcome
from probe.requirements.dates import certificate_expires_in_10_days_or_more, certificate_is_in_date
from probe.requirements.declare import Finding, Rule

BOTH = (certificate_is_in_date, certificate_expires_in_10_days_or_more)


def judged(declared: Rule, **dates: Any) -> Finding:
    return only(declared, evidence(tls(target(), sent(issue(HOST, **dates)))))


@pytest.mark.parametrize(
    ("dates", "outcome"),
    [
        ({"from_s": NOW_S}, Outcome.MET),
        ({"from_s": NOW_S + 1}, Outcome.VIOLATED),
        ({"to_s": NOW_S}, Outcome.MET),
        ({"to_s": NOW_S - 1}, Outcome.VIOLATED),
    ],
    ids=["the first second", "a second early", "the last second", "a second late"],
)
def test_a_certificate_is_valid_from_its_first_to_its_last_second(dates: dict, outcome: Outcome) -> None:
    assert judged(certificate_is_in_date, **dates).outcome is outcome


@pytest.mark.parametrize(
    ("left_s", "outcome"),
    [
        (10 * DAY_S + 1, Outcome.MET),
        (10 * DAY_S, Outcome.MET),
        (10 * DAY_S - 1, Outcome.VIOLATED),
        (-DAY_S, Outcome.VIOLATED),
    ],
    ids=["a second more", "ten days", "a second less", "expired"],
)
def test_exactly_ten_days_are_enough(left_s: float, outcome: Outcome) -> None:
    assert judged(certificate_expires_in_10_days_or_more, to_s=NOW_S + left_s).outcome is outcome


def test_the_text_has_the_days_left_and_the_date() -> None:
    finding = judged(certificate_expires_in_10_days_or_more, to_s=NOW_S + 9.5 * DAY_S)
    assert finding.because == "9.5 days left, until 2027-01-24 20:00:00 UTC"


@pytest.mark.parametrize("declared", BOTH, ids=lambda each: each.id)
def test_a_certificate_that_cannot_be_read_is_unknown(declared: Rule) -> None:
    (leaf,) = sent(issue(HOST))
    unreadable = replace(leaf, not_before_s=None, not_after_s=None)
    assert only(declared, evidence(tls(target(), (unreadable,)))).outcome is Outcome.UNKNOWN
    assert only(declared, evidence(tls(target()))).outcome is Outcome.UNKNOWN


def test_how_long_a_certificate_has_been_invalid_is_in_the_text() -> None:
    early = judged(certificate_is_in_date, from_s=NOW_S + 2 * DAY_S, to_s=NOW_S + 30 * DAY_S)
    late = judged(certificate_is_in_date, to_s=NOW_S - 3 * DAY_S)
    assert "2 days" in early.because
    assert "3 days" in late.because


@pytest.mark.parametrize(
    ("left_s", "text"), [(-2 * DAY_S, "2 days"), (-1.0, "expired"), (0.0, "0.0 hours"), (2 * DAY_S, "2 days")]
)
def test_the_time_left_or_since_expiry_is_in_the_text(left_s: float, text: str) -> None:
    finding = judged(certificate_expires_in_10_days_or_more, to_s=NOW_S + left_s)
    assert text in finding.because
    assert ("expired" in finding.because) is (left_s < 0)
