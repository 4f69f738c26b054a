"""The texts of findings are short, and untrusted input in them is escaped."""

import time

import pytest

from probe.model.measurements import Failure, Phase, Reason
from probe.requirements.wording import days, first_bytes, listed, minutes, moment, quoted, why

DAY_S = 86400.0


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_own_text(reason: Reason) -> None:
    words = why(Failure(phase=Phase.CONNECT, reason=reason))
    others = {why(Failure(phase=Phase.CONNECT, reason=other)) for other in Reason if other is not reason}
    assert words.startswith("the TCP connection: ")
    assert words not in others
    assert "_" not in words


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_is_named(phase: Phase) -> None:
    assert why(Failure(phase=phase, reason=Reason.RESET)).endswith(": reset by the peer")
    assert not why(Failure(phase=phase, reason=Reason.RESET)).startswith(":")


def test_the_detail_of_a_failure_is_in_brackets_and_escaped() -> None:
    failure = Failure(phase=Phase.HANDSHAKE, reason=Reason.CLOSED, detail="a\x1b[2J\nb")
    assert why(failure) == "the TLS handshake: closed by the peer (a\\x1b[2J\\nb)"


@pytest.mark.parametrize(
    ("length", "shown"), [(100, 'x"'), (101, '…"')], ids=["at the limit", "one over the limit"]
)
def test_a_quoted_name_is_cut_at_100_characters(length: int, shown: str) -> None:
    words = quoted("x" * length)
    assert len(words) == 102
    assert words.endswith(shown)
    assert quoted("\u202eevil\n") == '"\\u202eevil\\n"'


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, ""),
        (1, '"0"'),
        (5, '"0", "1", "2", "3", "4"'),
        (6, '"0", "1", "2", "3", "4" and 1 more'),
        (1000, '"0", "1", "2", "3", "4" and 995 more'),
    ],
)
def test_five_names_are_listed_and_the_others_counted(count: int, words: str) -> None:
    assert listed(tuple(str(n) for n in range(count))) == words


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [
        (DAY_S - 1, "24.0 hours"),
        (DAY_S, "1 day"),
        (DAY_S * 1.04, "1 day"),
        (DAY_S * 1.1, "1.1 days"),
        (DAY_S * 10, "10 days"),
        (0.0, "0.0 hours"),
    ],
)
def test_a_duration_of_one_day_or_more_is_shown_in_days(duration_s: float, words: str) -> None:
    assert days(duration_s) == words


@pytest.mark.parametrize(
    ("time_s", "words"),
    [
        (253402300799.0, "9999-12-31 23:59:59 UTC"),
        (253402300800.0, "253402300800 s after 1970"),
        (1e30, "1000000000000000019884624838656 s after 1970"),
        (-1.0, "1969-12-31 23:59:59 UTC"),
    ],
    ids=["the last second of 9999", "a second later", "far beyond the calendar", "before 1970"],
)
def test_a_time_outside_the_calendar_is_still_shown(time_s: float, words: str) -> None:
    assert moment(time_s) == words


def test_days_are_rounded_down_so_that_less_than_ten_never_reads_as_ten() -> None:
    assert days(9.99 * 86400) == "9.9 days"


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [
        (0.0, "0 minutes"),
        (119.0, "1 minutes"),
        (2 * 3600.0 - 1, "119 minutes"),
        (2 * 3600.0, "2 hours"),
        (3 * 3600.0 - 1, "2 hours"),
        (3 * 3600.0, "3 hours"),
    ],
)
def test_ages_below_two_hours_are_in_minutes_and_rounded_down(duration_s: float, words: str) -> None:
    assert minutes(duration_s) == words


@pytest.mark.parametrize(("duration_s", "words"), [(3600.0, "1.0 hours"), (85500.0, "23.8 hours")])
def test_durations_below_one_day_are_in_hours(duration_s: float, words: str) -> None:
    assert days(duration_s) == words


def test_a_phase_without_its_own_text_is_shown_by_its_value() -> None:
    assert why(Failure(phase=Phase.WAIT, reason=Reason.RESET)) == "wait: reset by the peer"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_moment_is_in_utc_in_any_time_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        assert moment(0.0) == "1970-01-01 00:00:00 UTC"
    time.tzset()


def test_the_detail_of_a_failure_has_at_most_100_characters() -> None:
    words = why(Failure(phase=Phase.CONNECT, reason=Reason.RESET, detail="x" * 101))
    assert words.endswith("x" * 99 + "…)")


@pytest.mark.parametrize(("length", "is_cut"), [(60, False), (61, True)], ids=["at the limit", "one over"])
def test_at_most_60_characters_of_received_bytes_are_shown(length: int, *, is_cut: bool) -> None:
    words = first_bytes(b"x" * (length - 1) + b"y")
    assert len(words) == 62
    assert words.endswith('…"' if is_cut else 'y"')
