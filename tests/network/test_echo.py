"""The engine against a link and a clock made by hand: who gets which answer, and what is no answer."""

import errno
import socket
from typing import Any

import pytest
from fakes import EchoWorld, FakeLink, Reply, Sent, reply_to
from hypothesis import given
from hypothesis import strategies as st

from probe.model.measurements import EchoOutcome, Reason, Timestamps
from probe.network.echo import EchoEngine
from probe.network.echo_requests import SEQUENCES
from probe.wire import icmp

MS = 1_000_000
HOST = "192.0.2.1"
OTHER = "192.0.2.2"


def test_an_answer_has_the_time_between_the_kernels_stamps() -> None:
    world = EchoWorld()
    world.engine.send([0])
    world.answer(after_ms=34)
    world.clock.pass_s(0.5)  # this program was busy elsewhere

    batch = world.engine.drain()

    assert batch.outcomes == (EchoOutcome.ANSWERED,)
    assert batch.rtt_ns == (34 * MS,)
    assert batch.stamps == (Timestamps.KERNEL,)
    assert batch.identifier == 77
    assert world.engine.outstanding == 0


def test_without_a_transmit_stamp_the_sample_says_so() -> None:
    world = EchoWorld()
    world.engine.send([0])
    world.answer(after_ms=10, stamped=False)

    batch = world.engine.drain()

    assert batch.stamps == (Timestamps.KERNEL_RX,)
    assert batch.rtt_ns == (10 * MS,)


@pytest.mark.parametrize("step_ms", [-20, 20, -34, 100])
def test_a_step_of_the_clock_never_reaches_a_round_trip(step_ms: int) -> None:
    world = EchoWorld()
    world.engine.send([0])
    _address, message, key = world.link.sent[0]
    world.link.arrivals.append(Sent(key, b"", world.clock.wall_ns()))
    world.clock.pass_s(0.034)
    world.clock.offset += step_ms * MS
    world.link.arrivals.append(Reply(socket.inet_aton(HOST), reply_to(message), world.clock.wall_ns()))

    batch = world.engine.drain()

    assert batch.outcomes == (EchoOutcome.ANSWERED,)  # it came: it is no loss
    assert (batch.rtt_ns, batch.stamps) == ((-1,), (None,))  # but it is no sample either
    assert world.engine.stepped == 1


@pytest.mark.parametrize(
    ("rtt_ms", "outcomes"),
    [
        (1999, (EchoOutcome.ANSWERED,)),
        (2000, (EchoOutcome.ANSWERED,)),
        (2001, (EchoOutcome.TIMED_OUT, EchoOutcome.LATE)),
    ],
    ids=["just below", "at the timeout", "just above"],
)
def test_whether_an_answer_was_in_time_does_not_depend_on_when_it_is_read(rtt_ms: int, outcomes: Any) -> None:
    world = EchoWorld(timeout_s=2.0)
    world.engine.send([0])
    world.answer(after_ms=rtt_ms)
    world.clock.pass_s(10)

    assert world.engine.drain().outcomes == outcomes


def test_silence_times_out_at_the_deadline_and_not_before() -> None:
    world = EchoWorld(timeout_s=2.0)
    world.engine.send([1])
    deadline_ns = world.engine.next_deadline_ns
    world.clock.monotonic = deadline_ns - 1
    assert len(world.engine.drain()) == 0
    world.clock.monotonic = deadline_ns

    batch = world.engine.drain()

    assert (batch.indexes, batch.outcomes, batch.reasons) == (
        (1,),
        (EchoOutcome.TIMED_OUT,),
        (Reason.TIMED_OUT,),
    )
    assert (batch.rtt_ns, batch.stamps) == ((-1,), (None,))
    assert world.engine.next_deadline_ns is None


def test_a_second_reply_is_a_duplicate_and_one_after_the_timeout_is_late() -> None:
    world = EchoWorld()
    world.engine.send([0, 0])
    world.answer(after_ms=5, number=0)
    world.answer(after_ms=5, number=0)
    assert world.engine.drain().outcomes == (EchoOutcome.ANSWERED, EchoOutcome.DUPLICATE)

    world.clock.pass_s(3)
    assert world.engine.drain().outcomes == (EchoOutcome.TIMED_OUT,)
    world.answer(after_ms=1, number=1)
    assert world.engine.drain().outcomes == (EchoOutcome.LATE,)


def _foreign_identifier(message: bytes) -> bytes:
    echo = icmp.read_echo(message)
    return reply_to(icmp.echo_request(echo.identifier + 1, echo.sequence, echo.payload))


def _other_sequence(message: bytes) -> bytes:
    echo = icmp.read_echo(message)
    return reply_to(icmp.echo_request(echo.identifier, echo.sequence + 1, echo.payload))


def _changed_filling(message: bytes) -> bytes:
    return reply_to(message[:-1] + b"\xff")


@pytest.mark.parametrize(
    ("change", "source"),
    [
        (reply_to, OTHER),
        (_foreign_identifier, HOST),
        (_other_sequence, HOST),
        (_changed_filling, HOST),
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
def test_what_is_not_exactly_our_answer_is_discarded(change: Any, source: Any) -> None:
    world = EchoWorld()
    world.engine.send([0])
    world.link.arrivals.append(
        Reply(socket.inet_aton(source), change(world.link.sent[0][1]), world.clock.wall_ns())
    )

    assert len(world.engine.drain()) == 0
    assert world.engine.discarded == 1
    assert world.engine.outstanding == 1


@given(st.lists(st.tuples(st.sampled_from([HOST, OTHER]), st.binary(max_size=80)), max_size=5))
def test_no_bytes_can_raise_or_end_a_request(packets: Any) -> None:
    world = EchoWorld()
    world.engine.send([0, 1])
    world.link.arrivals += [
        Reply(socket.inet_aton(source), data, world.clock.wall_ns()) for source, data in packets
    ]

    assert len(world.engine.drain()) == 0
    assert world.engine.outstanding == 2


def _error(message: bytes, *, kind: int = 3, code: int = 1, destination: str = HOST) -> icmp.EchoError:
    return icmp.EchoError(kind, code, destination, icmp.read_echo(message))


def test_an_icmp_error_ends_the_request_that_it_quotes() -> None:
    world = EchoWorld()
    world.engine.send([0, 1])
    world.link.arrivals.append(_error(world.link.sent[0][1], kind=11, code=0))

    batch = world.engine.drain()

    assert (batch.indexes, batch.outcomes) == ((0,), (EchoOutcome.FAILED,))
    assert batch.reasons == (Reason.HOP_LIMIT_EXCEEDED,)


def test_an_icmp_error_may_quote_the_header_alone() -> None:
    world = EchoWorld()
    world.engine.send([0])
    world.link.arrivals.append(_error(world.link.sent[0][1][:8]))

    assert world.engine.drain().reasons == (Reason.UNREACHABLE,)


def test_an_icmp_error_about_another_destination_is_discarded() -> None:
    world = EchoWorld()
    world.engine.send([0])
    world.link.arrivals.append(_error(world.link.sent[0][1], destination=OTHER))

    assert len(world.engine.drain()) == 0
    assert world.engine.discarded == 1


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EPERM, Reason.NOT_PERMITTED),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EMSGSIZE, Reason.PACKET_TOO_BIG),
    ],
)
def test_a_send_that_the_system_refuses_fails_at_once(number: int, reason: Any) -> None:
    world = EchoWorld()
    world.link.refuse_with = OSError(number, "refused")
    world.engine.send([0])

    batch = world.engine.drain()

    assert (batch.outcomes, batch.reasons) == ((EchoOutcome.FAILED,), (reason,))


def test_a_refused_send_does_not_shift_the_stamps_of_its_neighbours() -> None:
    world = EchoWorld()
    world.link.refuse_with = PermissionError(errno.EPERM, "refused")
    world.engine.send([0])
    world.link.refuse_with = None
    world.engine.send([0])
    world.clock.pass_s(0.001)
    world.engine.send([1])
    world.answer(after_ms=7, number=-1, source=OTHER)

    batch = world.engine.drain()

    assert list(zip(batch.indexes, batch.outcomes, batch.rtt_ns, strict=True)) == [
        (0, EchoOutcome.FAILED, -1),
        (1, EchoOutcome.ANSWERED, 7 * MS),
    ]


def test_an_old_kernels_stamp_is_matched_by_our_own_packet() -> None:
    world = EchoWorld()
    world.engine.send([0, 1])
    for number, address in ((1, OTHER), (0, HOST)):
        message = world.link.sent[number][1]
        world.link.arrivals.append(Sent(999, message, world.clock.wall_ns() + number * MS))
        world.link.arrivals.append(
            Reply(socket.inet_aton(address), reply_to(message), world.clock.wall_ns() + 5 * MS)
        )
    world.clock.pass_s(0.005)

    batch = world.engine.drain()

    assert dict(zip(batch.indexes, batch.rtt_ns, strict=True)) == {0: 5 * MS, 1: 4 * MS}


def test_a_sequence_in_flight_is_not_given_away() -> None:
    world = EchoWorld(timeout_s=100)
    world.engine.send([0])
    world.engine.send([1] * (SEQUENCES - 2))
    for number in range(1, SEQUENCES - 1):
        world.answer(after_ms=0, number=number, source=OTHER)
    world.engine.drain()
    assert world.engine.outstanding == 1

    world.engine.send([1, 1])

    sequences = [icmp.read_echo(message).sequence for _, message, _ in world.link.sent]
    assert sequences[0] == 1
    assert sequences[-2:] == [0, 2]


def test_more_than_all_sequences_in_flight_is_over_the_limit() -> None:
    world = EchoWorld()
    world.engine.send([0] * SEQUENCES)
    assert len(world.engine.drain()) == 0
    world.engine.send([1])

    batch = world.engine.drain()

    assert (batch.indexes, batch.reasons) == ((1,), (Reason.OVER_LIMIT,))


@pytest.mark.parametrize("payload_bytes", [15, 1473])
def test_a_payload_beyond_its_limits_is_refused(payload_bytes: int) -> None:
    with pytest.raises(ValueError, match="payload_bytes"):
        EchoEngine([HOST], payload_bytes=payload_bytes, link=FakeLink())


@pytest.mark.parametrize("payload_bytes", [16, 1472])
def test_a_payload_at_its_limits_is_sent(payload_bytes: int) -> None:
    link = FakeLink()
    EchoEngine([HOST], payload_bytes=payload_bytes, link=link).send([0])
    assert len(link.sent[0][1]) == 8 + payload_bytes


def test_a_batch_says_which_address_each_index_means() -> None:
    world = EchoWorld()
    assert world.engine.drain().addresses == (HOST, OTHER)
    world.engine.send([1])
    world.answer(after_ms=1, source=OTHER)
    batch = world.engine.drain()
    assert batch.addresses[batch.indexes[0]] == OTHER


def test_an_answer_that_our_own_queue_dropped_is_no_loss_of_the_network() -> None:
    world = EchoWorld(timeout_s=2.0)
    world.engine.send([0, 1, 0])
    world.clock.pass_s(0.1)
    world.link.dropped = 2
    world.engine.drain()
    world.clock.pass_s(2)

    batch = world.engine.drain()

    assert batch.reasons == (Reason.OVER_LIMIT, Reason.OVER_LIMIT, Reason.TIMED_OUT)
    assert batch.outcomes == (EchoOutcome.FAILED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT)
    assert batch.dropped == 2


def test_a_drop_explains_no_silence_of_a_request_that_was_sent_after_it() -> None:
    world = EchoWorld(timeout_s=2.0)
    world.link.dropped = 1
    world.engine.drain()
    world.clock.pass_s(0.001)
    world.engine.send([0])
    world.clock.pass_s(2)

    assert world.engine.drain().reasons == (Reason.TIMED_OUT,)


def test_drops_of_long_ago_explain_nothing_when_others_follow() -> None:
    world = EchoWorld(timeout_s=2.0)
    world.link.dropped = 5  # duplicates, or late replies: nobody waited for them
    world.engine.drain()
    world.clock.pass_s(2.1)
    world.engine.send([0, 1])
    world.link.dropped = 6
    world.engine.drain()
    world.clock.pass_s(2)

    assert world.engine.drain().reasons == (Reason.OVER_LIMIT, Reason.TIMED_OUT)


def test_a_batch_says_how_the_instrument_did_since_the_last_one() -> None:
    world = EchoWorld()
    world.engine.send([0, 1])
    world.link.arrivals.append(Reply(socket.inet_aton(OTHER), b"noise", world.clock.wall_ns()))
    assert len(world.engine.drain()) == 0  # nothing ended: what is to be told waits
    world.answer(after_ms=34, number=0)
    world.clock.pass_s(0.002)  # this program is 2 ms late

    first = world.engine.drain()
    world.answer(after_ms=1, number=1, source=OTHER)
    second = world.engine.drain()

    assert (first.discarded, first.dropped, first.stepped) == (1, 0, 0)
    assert first.user_minus_kernel_ns == 2 * MS
    assert (second.discarded, second.user_minus_kernel_ns) == (0, 36 * MS)
