"""Formatting of values in text reports."""

import pytest
from support.reports.examples import HOSTILE, NOW_S

from exporters.report import formatting
from probe.model.measurements import Failure, Phase, Reason
from probe.model.verdicts import Outcome


@pytest.mark.parametrize(
    ("days", "text", "style"),
    [
        (-1, "expired 1 day ago", "bold red"),
        (0, "0 days left", "bold red"),
        (9.99, "9 days left", "bold red"),
        (10, "10 days left", "yellow"),
        (20.99, "20 days left", "yellow"),
        (21, "21 days left", "green"),
    ],
)
def test_days_left_are_coloured_at_10_and_21_days(days: float, text: str, style: str) -> None:
    shown = formatting.days_left(NOW_S + days * formatting.SECONDS_PER_DAY, NOW_S)
    assert (shown.plain, shown.style) == (text, style)


def test_a_missing_value_is_a_dash() -> None:
    assert {
        formatting.milliseconds(None),
        formatting.short(None),
        formatting.percent(None),
        formatting.moment(None),
        formatting.day(None),
    } == {formatting.MISSING}


def test_every_outcome_has_its_own_word() -> None:
    assert len({formatting.outcome(outcome).plain for outcome in Outcome}) == len(Outcome)


def test_a_failure_names_reason_and_phase_and_escapes_the_detail() -> None:
    text = formatting.failure_text(Failure(phase=Phase.HANDSHAKE, reason=Reason.TIMED_OUT, detail=HOSTILE))
    assert text.startswith("timed out in handshake (")
    assert text.isprintable()
