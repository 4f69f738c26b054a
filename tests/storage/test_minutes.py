"""Summing up per minute: boundaries, late results, stepped clocks, and bounded memory."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import (
    ANSWERED,
    DUPLICATE,
    LATE,
    LOST,
    NOW_S,
    SILENT,
    asked,
    echoes,
    health,
    target,
    tcp,
    tls,
)

from probe.model.history import CheckState
from probe.model.measurements import NO_CREDENTIAL, Failure, Phase, Reason
from probe.model.targets import Check
from probe.storage import minutes
from probe.storage.minutes import Minutes

NODE = target()
START = int(NOW_S)  # the first second of a minute
TCP = (NODE.identity, Check.TCP)
ICMP = (NODE.identity, Check.ICMP)


def watching(*targets_: object) -> Minutes:
    made = Minutes()
    made.on_targets(targets_ or (NODE,))  # type: ignore[arg-type]
    return made


def test_a_probe_belongs_to_the_minute_in_which_it_started() -> None:
    made = watching()
    for at_s in (START, START + 59.999, START + 60):
        made.on_measurement(tcp(NODE, at_s=at_s))
    taken = made.take(None)
    assert {minute: rows[TCP].sent for minute, rows in taken.minutes.items()} == {START: 2, START + 60: 1}


@pytest.mark.parametrize(
    ("now_s", "taken"), [(START + 59.9, []), (START + 60, [START]), (START - 1, [START])]
)
def test_the_running_minute_is_not_taken_but_every_other_one_is(now_s: float, taken: list[int]) -> None:
    made = watching()
    made.on_measurement(tcp(NODE, at_s=START))
    assert list(made.take(now_s).minutes) == taken


def test_a_result_that_is_later_than_its_minute_becomes_a_second_summary_of_that_minute() -> None:
    made = watching()
    made.on_measurement(tcp(NODE, at_s=START + 59))
    assert made.take(START + 60).minutes[START][TCP].sent == 1
    made.on_measurement(tcp(NODE, None, at_s=START + 58))
    late = made.take(START + 61).minutes[START][TCP]
    assert (late.sent, late.failures) == (1, 1)


def test_what_was_taken_is_not_taken_again() -> None:
    made = watching()
    made.on_measurement(tcp(NODE, None))
    assert len(made.take(None)) == 2, "a summary and a failure"
    assert len(made.take(None)) == 0


def test_a_ping_counts_once_also_if_its_reply_comes_twice_or_late() -> None:
    made = watching()
    made.on_echoes((NODE,), echoes(ANSWERED, DUPLICATE, LOST, LATE))
    taken = made.take(None)
    summary = taken.minutes[START][ICMP]
    assert (summary.sent, summary.failed, summary.min_s) == (2, {Reason.TIMED_OUT: 1}, 0.002)
    assert [(each.check, each.phase) for _, each in taken.failures] == [(Check.ICMP, Phase.ECHO)]


def test_a_ping_whose_round_trip_was_discarded_counts_as_sent_only() -> None:
    made = watching()
    made.on_echoes((NODE,), echoes((ANSWERED[0], -1, None)))
    summary = made.take(None).minutes[START][ICMP]
    assert (summary.sent, summary.failures, summary.counts) == (1, 0, {})


def test_results_of_removed_targets_are_ignored() -> None:
    made = watching(NODE)
    made.on_measurement(tcp(NODE))
    made.on_targets(())
    made.on_measurement(tcp(NODE))
    made.on_echoes((NODE,), echoes(LOST))
    taken = made.take(None)
    assert taken.minutes[START][TCP].sent == 1, "what was measured before is kept"
    assert (list(taken.minutes[START]), taken.failures, taken.states) == ([TCP], [], {})


def test_of_a_handshake_the_phase_handshake_is_kept_and_of_a_request_all_phases_except_resolve() -> None:
    node = asked()
    made = watching(node)
    made.on_measurement(tls(node))
    made.on_measurement(health(node, wait_s=0.03))
    rows = made.take(None).minutes[START]
    assert rows[node.identity, Check.TLS].max_s == 0.02
    assert rows[node.identity, Check.HEALTH_COLD].max_s == pytest.approx(0.004 + 0.02 + 0.03 + 0.001)


def test_a_request_with_a_discarded_phase_has_no_duration() -> None:
    node = asked()
    made = watching(node)
    whole = health(node)
    made.on_measurement(replace(whole, phases_s={Phase.WAIT: 0.03}))
    assert made.take(None).minutes[START][node.identity, Check.HEALTH_COLD].counts == {}


def test_withheld_requests_and_those_that_kms_never_sends_do_not_count() -> None:
    node = asked()
    made = watching(node)
    made.on_measurement(health(node, None, withheld=NO_CREDENTIAL))
    made.on_measurement(health(node, None, purpose="unsigned", failure=SILENT))
    assert len(made.take(None)) == 0


def test_a_failure_is_kept_with_its_detail_cleaned_and_cut() -> None:
    made = watching()
    hostile = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED, detail="\x1b[2J" + "x" * 400)
    made.on_measurement(tcp(NODE, None, failure=hostile))
    ((identity, failed),) = made.take(None).failures
    assert identity == NODE.identity
    assert failed.detail.startswith("\\x1b[2J")
    assert len(failed.detail) == 256


def test_a_state_lasts_until_a_probe_has_the_other_outcome() -> None:
    made = watching()
    for at_s, rtt_s in ((START, 0.004), (START + 1, 0.004), (START + 2, None), (START + 3, None)):
        made.on_measurement(tcp(NODE, rtt_s, at_s=at_s))
    assert made.take(None).states[TCP] == CheckState(is_failing=True, since_s=START + 2)


def test_the_first_state_since_the_start_is_marked_because_it_may_be_older() -> None:
    made = watching()
    made.on_measurement(tcp(NODE, at_s=START))
    made.on_measurement(tcp(NODE, at_s=START + 60))
    assert made.take(None).states[TCP] == CheckState(is_failing=False, since_s=START, is_first=True)


def test_a_lost_ping_that_completes_after_a_newer_one_does_not_change_the_state() -> None:
    made = watching()
    made.on_measurement(tcp(NODE, at_s=START + 2))
    made.on_measurement(tcp(NODE, None, at_s=START + 1))
    assert not made.take(None).states[TCP].is_failing


def test_at_most_ten_minutes_wait_and_the_dropped_summaries_are_counted() -> None:
    made = watching()
    for number in range(minutes.MAX_MINUTES):
        made.on_measurement(tcp(NODE, at_s=START + 60 * number))
    assert made.dropped == 0
    made.on_measurement(tcp(NODE, at_s=START + 60 * minutes.MAX_MINUTES))
    assert made.dropped == 1
    assert min(made.take(None).minutes) == START + 60


def test_failures_beyond_the_maximum_are_counted_and_still_in_the_summary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minutes, "MAX_FAILURES", 2)
    made = watching()
    for second in range(3):
        made.on_measurement(tcp(NODE, None, at_s=START + second))
    taken = made.take(None)
    assert (len(taken.failures), made.dropped, taken.minutes[START][TCP].failures) == (2, 1, 3)
