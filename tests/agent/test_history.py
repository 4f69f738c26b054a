"""The measurements that the history keeps, for how long, and the ones that it drops."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.agent import history as history_module
from probe.agent.history import History
from probe.model.measurements import (
    EchoBatch,
    EchoDetails,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
    Timestamps,
)
from probe.model.targets import Check, Method, PlannedCheck, Role, Target
from probe.statistics import summarize

TCP = PlannedCheck(check=Check.TCP, interval_s=15.0, timeout_s=2.0)
ICMP = PlannedCheck(check=Check.ICMP, interval_s=1.0, timeout_s=2.0)
A = Target(name="a", role=Role.BACKEND, host="10.0.0.1", plans=(ICMP, TCP))
B = Target(name="b", role=Role.KEY_MANAGER, host="hsm.example.com", plans=(TCP,))
LOST = Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT)


def connect(at_s: float, rtt_s: float | None, target: Target = A, check: Check = Check.TCP) -> Measurement:
    return Measurement(
        target=target,
        check=check,
        started_at_s=at_s,
        address="10.0.0.1",
        phases_s={} if rtt_s is None else {Phase.CONNECT: rtt_s},
        failure=LOST if rtt_s is None else None,
    )


def history(*targets: Target) -> History:
    kept = History()
    kept.on_targets(targets or (A, B))
    return kept


def echoes(*rows: tuple[int, float, EchoOutcome, float]) -> EchoBatch:
    """A batch from rows of (index, send time, outcome, round trip in seconds or -1)."""
    answered = [row[2] is EchoOutcome.ANSWERED for row in rows]
    return EchoBatch(
        indexes=[row[0] for row in rows],
        sequences=list(range(len(rows))),
        sent_ns=[round(row[1] * 1e9) for row in rows],
        rtt_ns=[round(row[3] * 1e9) if ok else -1 for row, ok in zip(rows, answered, strict=True)],
        stamps=[Timestamps.KERNEL if ok else None for ok in answered],
        outcomes=[row[2] for row in rows],
        reasons=[None if ok else Reason.TIMED_OUT for ok in answered],
        identifier=7,
    )


@given(st.lists(st.none() | st.floats(min_value=0, max_value=2), max_size=60))
def test_a_window_has_the_summary_of_all_its_round_trips(rtts: list[float | None]) -> None:
    kept = history()
    for n, rtt in enumerate(rtts):
        kept.on_measurement(connect(1000.0 + n, rtt))
    windows = kept.windows(1000.0 + len(rtts))
    assert [w.summary for w in windows] == ([summarize(rtts)] if rtts else [])
    assert kept.series("a", Method.TCP, n=60) == tuple(rtts)


def test_a_window_covers_600_seconds_and_reports_its_span() -> None:
    kept = history()
    for at_s in (1000.0, 1001.0, 1300.0):
        kept.on_measurement(connect(at_s, 0.01))
    (at_the_limit,) = kept.windows(1600.0)
    (beyond,) = kept.windows(1600.5)
    assert (at_the_limit.summary.samples, at_the_limit.span_s) == (3, 600.0)
    assert (beyond.summary.samples, beyond.span_s) == (2, 599.5)
    assert kept.windows(1900.5) == ()


@pytest.mark.parametrize(("count", "kept_count"), [(1023, 1023), (1024, 1024), (1025, 1024)])
def test_a_full_ring_buffer_drops_the_oldest_round_trip(count: int, kept_count: int) -> None:
    kept = history()
    for n in range(count):
        kept.on_measurement(connect(1000.0 + n * 0.1, n / 1e6))
    (window,) = kept.windows(1000.0 + count * 0.1)
    assert window.summary.samples == kept_count
    assert window.summary.min_s == (count - kept_count) / 1e6


def test_many_targets_share_a_bounded_number_of_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MAX_TOTAL_SLOTS", 300)
    kept = history(A)  # two rings: 150 slots each
    for n in range(200):
        kept.on_measurement(connect(1000.0 + n, n / 1e6))
    assert kept.windows(1200.0)[0].summary.samples == 150
    kept.on_targets([A, *(replace(B, name=f"b{n}", host=f"10.1.0.{n}") for n in range(50))])
    # A ring buffer is resized when it is next used, to at least 64 slots.
    kept.on_measurement(connect(1200.0, 200 / 1e6))
    assert kept.series("a", Method.TCP, n=1000) == tuple(n / 1e6 for n in range(137, 201))


def test_late_and_duplicate_replies_do_not_count_in_windows() -> None:
    kept = history()
    kept.on_echoes(
        (A,),
        echoes(
            (0, 1000.0, EchoOutcome.ANSWERED, 0.02),
            (0, 1001.0, EchoOutcome.TIMED_OUT, -1),
            (0, 1002.0, EchoOutcome.FAILED, -1),
            (0, 1000.0, EchoOutcome.DUPLICATE, 0.03),
            (0, 1001.0, EchoOutcome.LATE, 2.5),
        ),
    )
    (window,) = kept.windows(1003.0)
    assert (window.method, window.summary.samples, window.summary.lost) == ("icmp", 1, 2)
    assert kept.recent() == ()
    assert [m.started_at_s for m in kept.failures("a")] == [1001.0, 1002.0]


def test_a_reply_discarded_by_a_clock_step_is_neither_a_sample_nor_a_loss() -> None:
    kept = history()
    good, discarded = (
        echoes((0, 1000.0, EchoOutcome.ANSWERED, 0.02)),
        echoes((0, 1001.0, EchoOutcome.ANSWERED, -1)),
    )
    kept.on_echoes((A,), good)
    kept.on_echoes((A,), replace(discarded, rtt_ns=[-1], stamps=[None]))

    (window,) = kept.windows(1003.0)
    (latest,) = kept.latest()

    assert (window.summary.samples, window.summary.lost) == (1, 0)
    assert (latest.started_at_s, latest.failure, latest.rtt_s) == (1001.0, None, None)
    assert kept.failures("a") == ()


def test_a_timeout_is_ordered_by_its_send_time() -> None:
    kept = history()
    kept.on_echoes((A,), echoes((0, 1001.0, EchoOutcome.ANSWERED, 0.02)))
    kept.on_echoes((A,), echoes((0, 1000.0, EchoOutcome.TIMED_OUT, -1)))
    assert kept.series("a", Method.ICMP) == (None, 0.02)
    assert kept.latest()[0].rtt_s == 0.02


def test_the_last_ping_is_the_latest_measurement_of_its_target() -> None:
    kept = history()
    kept.on_echoes((B, A), echoes((1, 1000.0, EchoOutcome.ANSWERED, 0.02)))
    (latest,) = kept.latest()
    assert (latest.target, latest.check, latest.rtt_s, latest.address) == (A, Check.ICMP, 0.02, "10.0.0.1")
    assert latest.timestamps is Timestamps.KERNEL
    kept.on_echoes((B, A), echoes((1, 1001.0, EchoOutcome.TIMED_OUT, -1)))
    (latest,) = kept.latest()
    assert latest.failure == Failure(phase=Phase.ECHO, reason=Reason.TIMED_OUT)
    assert latest.timestamps is None


def test_latest_has_the_newest_measurement_of_each_check_and_recent_the_last_eight() -> None:
    kept = history()
    for n in range(9):
        kept.on_measurement(connect(1000.0 + n, 0.01))
    tls = connect(2000.0, None, check=Check.TLS)
    kept.on_measurement(tls)
    kept.on_measurement(connect(2001.0, 0.02, B))
    assert [m.started_at_s for m in kept.latest()] == [1008.0, 2000.0, 2001.0]
    assert [m.started_at_s for m in kept.recent()] == [*(1001.0 + n for n in range(8)), 2000.0, 2001.0]
    assert kept.windows(2001.0)[-1].target == "b"


def test_the_last_sixteen_failures_are_kept() -> None:
    kept = history()
    for n in range(17):
        kept.on_measurement(connect(1000.0 + n, None))
    assert [m.started_at_s for m in kept.failures("a")] == [1001.0 + n for n in range(16)]
    assert kept.failures("unknown") == ()


def test_a_removed_target_is_dropped_and_a_late_result_is_ignored() -> None:
    kept = history()
    kept.on_measurement(connect(1000.0, 0.01))
    kept.on_targets((B,))
    kept.on_measurement(connect(1001.0, 0.01))
    kept.on_echoes((A,), echoes((0, 1001.0, EchoOutcome.ANSWERED, 0.02)))
    assert kept.latest() == ()
    kept.on_targets((A, B))
    assert kept.windows(1002.0) == ()


def test_a_reload_keeps_the_history_of_a_target_unless_its_address_changes() -> None:
    kept = history()
    kept.on_measurement(connect(1000.0, 0.01))
    kept.on_targets((replace(A, zone="use1-az1"), B))
    assert kept.series("a", Method.TCP) == (0.01,)
    kept.on_targets((replace(A, host="10.0.0.2"), B))
    assert kept.series("a", Method.TCP) == ()


def test_a_series_has_the_last_n_round_trips() -> None:
    kept = history()
    for n in range(5):
        kept.on_measurement(connect(1000.0 + n, n / 100))
    assert kept.series("a", Method.TCP, n=2) == (0.03, 0.04)
    assert kept.series("a", Method.TCP, n=0) == ()
    assert kept.series("a", Method.ICMP) == ()
    assert kept.series("unknown", Method.TCP) == ()


@pytest.mark.parametrize("reason", [Reason.NOT_PERMITTED, Reason.OVER_LIMIT])
def test_a_send_refused_by_this_machine_is_a_failure_and_not_a_lost_round_trip(reason: Reason) -> None:
    kept = history(A)
    refused = Failure(phase=Phase.CONNECT, reason=reason)
    kept.on_measurement(Measurement(target=A, check=Check.TCP, started_at_s=100.0, failure=refused))
    assert kept.windows(101.0) == ()
    assert len(kept.failures(A.name)) == 1


@pytest.mark.parametrize(
    ("reason", "lost"), [(Reason.NOT_PERMITTED, 0), (Reason.OVER_LIMIT, 0), (Reason.UNREACHABLE, 1)]
)
def test_an_echo_that_this_machine_refused_to_send_counts_as_a_failure_but_not_as_a_loss(
    reason: Reason, lost: int
) -> None:
    kept = history(A)
    kept.on_echoes((A,), echoes((0, 99.0, EchoOutcome.ANSWERED, 0.02)))
    refused = replace(echoes((0, 100.0, EchoOutcome.FAILED, -1)), reasons=[reason])
    kept.on_echoes((A,), refused)
    (window,) = kept.windows(101.0)
    assert (window.summary.samples, window.summary.lost) == (1, lost)
    (failed,) = kept.failures(A.name)
    assert failed.failure == Failure(phase=Phase.ECHO, reason=reason)


ANSWERED, TIMED_OUT = EchoOutcome.ANSWERED, EchoOutcome.TIMED_OUT


def test_a_renamed_target_keeps_its_failures_under_the_new_name() -> None:
    kept = history(A)
    for n in range(15):
        kept.on_measurement(connect(1000.0 + n, None))
    kept.on_echoes((A,), echoes((0, 1015.0, TIMED_OUT, -1)))
    renamed = replace(A, name="other")
    kept.on_targets((renamed,))
    failures = kept.failures("other")
    assert [m.started_at_s for m in failures] == [1000.0 + n for n in range(16)]
    assert {m.target for m in failures} == {renamed}
    assert kept.failures("a") == ()
    kept.on_measurement(connect(1016.0, None, renamed))
    assert [m.started_at_s for m in kept.failures("other")] == [1001.0 + n for n in range(16)]


def test_a_renamed_target_keeps_its_last_eight_measurements_and_no_more() -> None:
    kept = history(A)
    for n in range(8):
        kept.on_measurement(connect(1000.0 + n, 0.01))
    renamed = replace(A, name="other")
    kept.on_targets((renamed,))
    kept.on_measurement(connect(1008.0, 0.01, renamed))
    assert [m.started_at_s for m in kept.recent()] == [1001.0 + n for n in range(8)]
    assert {m.target for m in kept.recent()} == {renamed}


def test_a_result_measured_under_the_old_name_is_kept_under_the_new_one() -> None:
    renamed = replace(A, name="other")
    kept = history(renamed)
    kept.on_measurement(connect(1000.0, None, A))
    assert [m.target for m in (*kept.latest(), *kept.recent(), *kept.failures("other"))] == [renamed] * 3


@pytest.mark.parametrize(("measured_at_s", "newest"), [(999.0, 0.02), (1000.0, 0.02), (1001.0, 0.5)])
def test_the_newer_of_an_echo_and_a_single_measurement_is_the_latest(
    measured_at_s: float, newest: float
) -> None:
    kept = history(A)
    single = replace(connect(measured_at_s, 0.5, check=Check.ICMP), phases_s={Phase.ECHO: 0.5})
    kept.on_measurement(single)
    kept.on_echoes((A,), echoes((0, 1000.0, ANSWERED, 0.02)))
    assert [m.rtt_s for m in kept.latest()] == [newest]


def test_the_later_row_of_two_echoes_sent_at_the_same_time_is_the_latest() -> None:
    kept = history(A)
    kept.on_echoes((A,), echoes((0, 1000.0, ANSWERED, 0.02), (0, 1000.0, ANSWERED, 0.03)))
    assert [m.rtt_s for m in kept.latest()] == [0.03]


def test_a_measurement_without_rtt_and_without_failure_is_neither_a_sample_nor_a_loss() -> None:
    kept = history(A)
    kept.on_measurement(replace(connect(1000.0, 0.01), phases_s={}))
    assert kept.windows(1001.0) == ()


@pytest.mark.parametrize(
    ("index", "outcome", "reason"),
    [
        (0, EchoOutcome.DUPLICATE, None),
        (1, ANSWERED, None),
        (0, EchoOutcome.FAILED, Reason.NOT_PERMITTED),
    ],
    ids=["a duplicate", "of a removed target", "not sent"],
)
def test_rows_after_one_that_does_not_count_are_still_counted(
    index: int, outcome: EchoOutcome, reason: Reason | None
) -> None:
    kept = history(A)
    batch = echoes((index, 1000.0, outcome, 0.01), (0, 1001.0, ANSWERED, 0.02))
    kept.on_echoes((A, B), replace(batch, reasons=[reason, None]))
    (window,) = kept.windows(1002.0)
    assert (window.summary.samples, window.summary.lost) == (1, 0)
    assert kept.series("a", Method.ICMP) == (0.02,)


def test_an_echo_keeps_its_identifier_and_sequence() -> None:
    kept = history(A)
    kept.on_echoes((A,), echoes((0, 1000.0, TIMED_OUT, -1), (0, 1001.0, ANSWERED, 0.02)))
    assert [m.details for m in kept.latest()] == [EchoDetails(identifier=7, sequence=1)]
    assert [m.details for m in kept.failures("a")] == [EchoDetails(identifier=7, sequence=0)]


def test_an_echo_with_an_rtt_of_zero_is_a_sample() -> None:
    kept = history(A)
    kept.on_echoes((A,), echoes((0, 1000.0, ANSWERED, 0.0)))
    assert kept.series("a", Method.ICMP) == (0.0,)
    assert [m.phases_s for m in kept.latest()] == [{Phase.ECHO: 0.0}]


def test_an_rtt_of_one_nanosecond_is_kept() -> None:
    kept = history(A)
    kept.on_echoes((A,), replace(echoes((0, 1000.0, ANSWERED, 0.0)), rtt_ns=[1]))
    assert kept.series("a", Method.ICMP) == (1e-9,)
    assert [m.rtt_s for m in kept.latest()] == [1e-9]


def test_an_echo_has_an_address_only_if_the_host_is_an_ipv4_address() -> None:
    named = replace(A, host="a.example.com")
    kept = history(named)
    kept.on_echoes((named,), echoes((0, 1000.0, ANSWERED, 0.02)))
    assert [m.address for m in kept.latest()] == [None]


def test_a_window_of_echoes_starts_at_the_first_echo() -> None:
    kept = history(A)
    kept.on_echoes((A,), echoes((0, 1000.0, ANSWERED, 0.02), (0, 1002.0, ANSWERED, 0.02)))
    assert [w.span_s for w in kept.windows(1003.0)] == [3.0]
    assert [w.span_s for w in kept.windows(1601.0)] == [599.0]
    assert kept.windows(1603.0) == ()


def test_a_window_with_one_sample_sent_now_has_a_span_of_zero() -> None:
    kept = history(A)
    kept.on_measurement(connect(1000.0, 0.01))
    assert [w.span_s for w in kept.windows(1000.0)] == [0.0]


def test_a_series_has_sixty_round_trips_by_default() -> None:
    kept = history(A)
    for n in range(62):
        kept.on_measurement(connect(1000.0 + n, n / 1000))
    assert kept.series("a", Method.TCP) == tuple(n / 1000 for n in range(2, 62))
    assert kept.series("a", Method.TCP, n=1) == (0.061,)
    assert kept.series("a", Method.TCP, n=-1) == ()


@pytest.mark.parametrize("number", [1000, 9901])
def test_all_ring_buffers_together_hold_at_most_a_million_round_trips(number: int) -> None:
    targets = [replace(B, name=f"b{n}", port=n + 1) for n in range(number)]
    kept = history(*targets)
    for n in range(1025):
        kept.on_measurement(connect(1000.0 + n, 0.01, targets[0]))
    each = len(kept.series("b0", Method.TCP, n=2000))
    assert number * each <= 1_000_000 < number * (each + 1)


def test_without_targets_the_history_is_empty() -> None:
    kept = History()
    kept.on_measurement(connect(1000.0, None))
    assert (kept.latest(), kept.windows(1000.0), kept.failures("a")) == ((), (), ())
    assert kept.series("a", Method.TCP) == ()
