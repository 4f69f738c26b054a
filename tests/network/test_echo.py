"""The engine with a simulated link and clock: matching of replies, timestamps, timeouts and errors."""

import errno
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.fakes import EchoSetup, FakeLink, Reply, Sent, reply_to

from probe.model.measurements import EchoOutcome, Reason, Timestamps
from probe.network.echo import EchoEngine
from probe.network.echo_requests import SEQUENCES
from probe.wire import icmp

MS = 1_000_000
HOST = "192.0.2.1"
OTHER = "192.0.2.2"


def test_the_rtt_is_the_time_between_the_kernels_timestamps() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    simulation.answer(after_ms=34)
    simulation.clock.pass_s(0.5)  # the engine was busy

    batch = simulation.engine.drain()

    assert batch.outcomes == (EchoOutcome.ANSWERED,)
    assert batch.rtt_ns == (34 * MS,)
    assert batch.stamps == (Timestamps.KERNEL,)
    assert batch.identifier == 77
    assert simulation.engine.outstanding == 0


def test_without_a_transmit_timestamp_the_sample_is_flagged() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    simulation.answer(after_ms=10, stamped=False)

    batch = simulation.engine.drain()

    assert batch.stamps == (Timestamps.KERNEL_RX,)
    assert batch.rtt_ns == (10 * MS,)


@pytest.mark.parametrize("step_ms", [-20, 20, -34, 100])
def test_an_rtt_is_discarded_if_the_clock_was_stepped(step_ms: int) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    _address, message, key = simulation.link.sent[0]
    simulation.link.arrivals.append(Sent(key, b"", simulation.clock.wall_ns()))
    simulation.clock.pass_s(0.034)
    simulation.clock.offset += step_ms * MS
    simulation.link.arrivals.append(
        Reply(socket.inet_aton(HOST), reply_to(message), simulation.clock.wall_ns())
    )

    batch = simulation.engine.drain()

    assert batch.outcomes == (EchoOutcome.ANSWERED,)  # it arrived, so it is not lost
    assert (batch.rtt_ns, batch.stamps) == ((-1,), (None,))  # but it is not a sample
    assert simulation.engine.stepped == 1


@pytest.mark.parametrize(
    ("rtt_ms", "outcomes"),
    [
        (1999, (EchoOutcome.ANSWERED,)),
        (2000, (EchoOutcome.ANSWERED,)),
        (2001, (EchoOutcome.TIMED_OUT, EchoOutcome.LATE)),
    ],
    ids=["just below", "at the timeout", "just above"],
)
def test_whether_a_reply_was_in_time_does_not_depend_on_when_it_is_read(rtt_ms: int, outcomes: Any) -> None:
    simulation = EchoSetup(timeout_s=2.0)
    simulation.engine.send([0])
    simulation.answer(after_ms=rtt_ms)
    simulation.clock.pass_s(10)

    assert simulation.engine.drain().outcomes == outcomes


def test_without_a_reply_a_request_times_out_exactly_at_its_deadline() -> None:
    simulation = EchoSetup(timeout_s=2.0)
    simulation.engine.send([1])
    deadline_ns = simulation.engine.next_deadline_ns
    simulation.clock.monotonic = deadline_ns - 1
    assert len(simulation.engine.drain()) == 0
    simulation.clock.monotonic = deadline_ns

    batch = simulation.engine.drain()

    assert (batch.indexes, batch.outcomes, batch.reasons) == (
        (1,),
        (EchoOutcome.TIMED_OUT,),
        (Reason.TIMED_OUT,),
    )
    assert (batch.rtt_ns, batch.stamps) == ((-1,), (None,))
    assert simulation.engine.next_deadline_ns is None


def test_a_second_reply_is_a_duplicate_and_one_after_the_timeout_is_late() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 0])
    simulation.answer(after_ms=5, number=0)
    simulation.answer(after_ms=5, number=0)
    assert simulation.engine.drain().outcomes == (EchoOutcome.ANSWERED, EchoOutcome.DUPLICATE)

    simulation.clock.pass_s(3)
    assert simulation.engine.drain().outcomes == (EchoOutcome.TIMED_OUT,)
    simulation.answer(after_ms=1, number=1)
    assert simulation.engine.drain().outcomes == (EchoOutcome.LATE,)


def _foreign_identifier(message: bytes) -> bytes:
    echo = icmp.read_echo(message)
    return reply_to(icmp.echo_request(echo.identifier + 1, echo.sequence, echo.payload))


def _other_sequence(message: bytes) -> bytes:
    echo = icmp.read_echo(message)
    return reply_to(icmp.echo_request(echo.identifier, echo.sequence + 1, echo.payload))


def _changed_payload(message: bytes) -> bytes:
    return reply_to(message[:-1] + b"\xff")


@pytest.mark.parametrize(
    ("change", "source"),
    [
        (reply_to, OTHER),
        (_foreign_identifier, HOST),
        (_other_sequence, HOST),
        (_changed_payload, HOST),
        (lambda message: reply_to(message[:-1]), HOST),
        (lambda message: reply_to(message)[:-1] + b"\xff", HOST),
        (lambda message: message, HOST),
    ],
    ids=[
        "foreign address",
        "foreign identifier",
        "other sequence",
        "other payload",
        "truncated",
        "corrupted",
        "the request",
    ],
)
def test_a_packet_that_is_not_exactly_the_expected_reply_is_discarded(change: Any, source: Any) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    simulation.link.arrivals.append(
        Reply(socket.inet_aton(source), change(simulation.link.sent[0][1]), simulation.clock.wall_ns())
    )

    assert len(simulation.engine.drain()) == 0
    assert simulation.engine.discarded == 1
    assert simulation.engine.outstanding == 1


@given(st.lists(st.tuples(st.sampled_from([HOST, OTHER]), st.binary(max_size=80)), max_size=5))
def test_random_packets_neither_raise_nor_end_a_request(packets: Any) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 1])
    simulation.link.arrivals += [
        Reply(socket.inet_aton(source), data, simulation.clock.wall_ns()) for source, data in packets
    ]

    assert len(simulation.engine.drain()) == 0
    assert simulation.engine.outstanding == 2


def _error(message: bytes, *, kind: int = 3, code: int = 1, destination: str = HOST) -> icmp.EchoError:
    return icmp.EchoError(kind, code, destination, icmp.read_echo(message))


def test_an_icmp_error_fails_the_request_it_quotes() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 1])
    simulation.link.arrivals.append(_error(simulation.link.sent[0][1], kind=11, code=0))

    batch = simulation.engine.drain()

    assert (batch.indexes, batch.outcomes) == ((0,), (EchoOutcome.FAILED,))
    assert batch.reasons == (Reason.HOP_LIMIT_EXCEEDED,)


def test_an_icmp_error_may_quote_only_the_header() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    simulation.link.arrivals.append(_error(simulation.link.sent[0][1][:8]))

    assert simulation.engine.drain().reasons == (Reason.UNREACHABLE,)


def test_an_icmp_error_about_another_destination_is_discarded() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    simulation.link.arrivals.append(_error(simulation.link.sent[0][1], destination=OTHER))

    assert len(simulation.engine.drain()) == 0
    assert simulation.engine.discarded == 1


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EPERM, Reason.NOT_PERMITTED),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EMSGSIZE, Reason.PACKET_TOO_BIG),
    ],
)
def test_a_send_rejected_by_the_system_fails_immediately(number: int, reason: Any) -> None:
    simulation = EchoSetup()
    simulation.link.refuse_with = OSError(number, "refused")
    simulation.engine.send([0])

    batch = simulation.engine.drain()

    assert (batch.outcomes, batch.reasons) == ((EchoOutcome.FAILED,), (reason,))


def test_a_rejected_send_does_not_shift_the_timestamps_of_others() -> None:
    simulation = EchoSetup()
    simulation.link.refuse_with = PermissionError(errno.EPERM, "refused")
    simulation.engine.send([0])
    simulation.link.refuse_with = None
    simulation.engine.send([0])
    simulation.clock.pass_s(0.001)
    simulation.engine.send([1])
    simulation.answer(after_ms=7, number=-1, source=OTHER)

    batch = simulation.engine.drain()

    assert list(zip(batch.indexes, batch.outcomes, batch.rtt_ns, strict=True)) == [
        (0, EchoOutcome.FAILED, -1),
        (1, EchoOutcome.ANSWERED, 7 * MS),
    ]


def test_a_timestamp_of_an_old_kernel_is_matched_by_the_packet() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 1])
    for number, address in ((1, OTHER), (0, HOST)):
        message = simulation.link.sent[number][1]
        simulation.link.arrivals.append(Sent(999, message, simulation.clock.wall_ns() + number * MS))
        simulation.link.arrivals.append(
            Reply(socket.inet_aton(address), reply_to(message), simulation.clock.wall_ns() + 5 * MS)
        )
    simulation.clock.pass_s(0.005)

    batch = simulation.engine.drain()

    assert dict(zip(batch.indexes, batch.rtt_ns, strict=True)) == {0: 5 * MS, 1: 4 * MS}


def test_a_sequence_number_in_flight_is_not_reused() -> None:
    simulation = EchoSetup(timeout_s=100)
    simulation.engine.send([0])
    simulation.engine.send([1] * (SEQUENCES - 2))
    for number in range(1, SEQUENCES - 1):
        simulation.answer(after_ms=0, number=number, source=OTHER)
    simulation.engine.drain()
    assert simulation.engine.outstanding == 1

    simulation.engine.send([1, 1])

    sequences = [icmp.read_echo(message).sequence for _, message, _ in simulation.link.sent]
    assert sequences[0] == 1
    assert sequences[-2:] == [0, 2]


def test_more_requests_than_sequence_numbers_are_over_the_limit() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0] * SEQUENCES)
    assert len(simulation.engine.drain()) == 0
    simulation.engine.send([1])

    batch = simulation.engine.drain()

    assert (batch.indexes, batch.reasons) == ((1,), (Reason.OVER_LIMIT,))


@pytest.mark.parametrize("payload_bytes", [15, 1473])
def test_a_payload_beyond_its_limits_is_rejected(payload_bytes: int) -> None:
    with pytest.raises(ValueError, match="payload_bytes"):
        EchoEngine([HOST], payload_bytes=payload_bytes, link=FakeLink())


@pytest.mark.parametrize("payload_bytes", [16, 1472])
def test_a_payload_at_its_limits_is_sent(payload_bytes: int) -> None:
    link = FakeLink()
    EchoEngine([HOST], payload_bytes=payload_bytes, link=link).send([0])
    assert len(link.sent[0][1]) == 8 + payload_bytes


def test_a_batch_has_the_address_of_each_index() -> None:
    simulation = EchoSetup()
    assert simulation.engine.drain().addresses == (HOST, OTHER)
    simulation.engine.send([1])
    simulation.answer(after_ms=1, source=OTHER)
    batch = simulation.engine.drain()
    assert batch.addresses[batch.indexes[0]] == OTHER


def test_a_reply_dropped_by_our_receive_queue_is_not_network_loss() -> None:
    simulation = EchoSetup(timeout_s=2.0)
    simulation.engine.send([0, 1, 0])
    simulation.clock.pass_s(0.1)
    simulation.link.dropped = 2
    simulation.engine.drain()
    simulation.clock.pass_s(2)

    batch = simulation.engine.drain()

    assert batch.reasons == (Reason.OVER_LIMIT, Reason.OVER_LIMIT, Reason.TIMED_OUT)
    assert batch.outcomes == (EchoOutcome.FAILED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT)
    assert batch.dropped == 2


def test_a_drop_is_not_attributed_to_a_request_sent_after_it() -> None:
    simulation = EchoSetup(timeout_s=2.0)
    simulation.link.dropped = 1
    simulation.engine.drain()
    simulation.clock.pass_s(0.001)
    simulation.engine.send([0])
    simulation.clock.pass_s(2)

    assert simulation.engine.drain().reasons == (Reason.TIMED_OUT,)


def test_old_drops_are_not_attributed_to_new_timeouts() -> None:
    simulation = EchoSetup(timeout_s=2.0)
    simulation.link.dropped = 5  # dropped duplicates or late replies: no request was waiting for them
    simulation.engine.drain()
    simulation.clock.pass_s(2.1)
    simulation.engine.send([0, 1])
    simulation.link.dropped = 6
    simulation.engine.drain()
    simulation.clock.pass_s(2)

    assert simulation.engine.drain().reasons == (Reason.OVER_LIMIT, Reason.TIMED_OUT)


def test_a_batch_has_self_monitoring_counters_since_the_last_one() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 1])
    simulation.link.arrivals.append(Reply(socket.inet_aton(OTHER), b"noise", simulation.clock.wall_ns()))
    assert len(simulation.engine.drain()) == 0  # nothing ended, so the counters are reported later
    simulation.answer(after_ms=34, number=0)
    simulation.clock.pass_s(0.002)  # the engine runs 2 ms late

    first = simulation.engine.drain()
    simulation.answer(after_ms=1, number=1, source=OTHER)
    second = simulation.engine.drain()

    assert (first.discarded, first.dropped, first.stepped) == (1, 0, 0)
    assert first.user_minus_kernel_ns == 2 * MS
    assert (second.discarded, second.user_minus_kernel_ns) == (0, 36 * MS)
