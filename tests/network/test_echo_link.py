"""Real ICMP on loopback, with the best kind of socket that this machine permits."""

import contextlib
import errno
import itertools
import socket
import time
from collections.abc import Iterator
from typing import Any, Never

import pytest
from scapy.layers.inet import ICMP, IP

from probe.model.measurements import EchoOutcome, Timestamps
from probe.network import EchoEngine, echo_link, packet_filter
from probe.network.echo_link import WHAT_TO_PERMIT


@pytest.fixture
def engine() -> Iterator[EchoEngine]:
    engine = EchoEngine(["127.0.0.1", "127.0.0.2"], timeout_s=30.0)
    if engine.mode is None:
        engine.close()
        pytest.skip(engine.why)
    yield engine
    engine.close()


def drained(engine: EchoEngine) -> list[Any]:
    """All batches until no request is in flight, at most for the engine's timeout."""
    rows = []
    while True:
        batch = engine.drain()
        rows += zip(batch.indexes, batch.outcomes, batch.rtt_ns, batch.stamps, strict=True)
        if not engine.outstanding:
            return rows
        time.sleep(0.001)


@pytest.mark.loopback
def test_a_reply_on_loopback_has_both_kernel_timestamps(engine: Any) -> None:
    engine.send([0, 1, 0])

    rows = drained(engine)

    assert sorted(index for index, *_ in rows) == [0, 0, 1]
    assert {outcome for _, outcome, *_ in rows} == {EchoOutcome.ANSWERED}
    assert {stamps for *_, stamps in rows} == {Timestamps.KERNEL}
    assert engine.receive_buffer_bytes > 0
    assert (engine.discarded, engine.dropped, engine.stepped) == (0, 0, 0)


@pytest.mark.loopback
def test_a_busy_loop_does_not_lengthen_a_round_trip(engine: Any) -> None:
    engine.send([0])
    time.sleep(0.02)  # other work of the loop before it reads

    batch = engine.drain()

    assert batch.outcomes == (EchoOutcome.ANSWERED,)
    assert batch.rtt_ns[0] < 10_000_000
    assert batch.user_minus_kernel_ns > 10_000_000  # the error that user-space timestamps would have added


@pytest.mark.loopback
def test_timestamps_are_matched_by_packet_if_the_kernel_does_not_support_identifiers(engine: Any) -> None:
    engine._link._stamping.match_by_packet()
    engine.send([0, 1])

    rows = drained(engine)

    assert {stamps for *_, stamps in rows} == {Timestamps.KERNEL}
    assert max(rtt_ns for _, _, rtt_ns, _ in rows) < 10_000_000


@pytest.mark.loopback
def test_two_engines_ignore_each_others_replies(engine: Any) -> None:
    other = EchoEngine(["127.0.0.1"], timeout_s=30.0)
    engine.send([0])
    other.send([0])

    assert (len(drained(engine)), len(drained(other))) == (1, 1)
    assert (engine.discarded, other.discarded) == (0, 0)
    other.close()


def _forbidden(_source: Any) -> Never:
    raise PermissionError(1, "Operation not permitted")


def test_without_permission_each_request_fails_with_not_permitted(monkeypatch: Any) -> None:
    monkeypatch.setattr(echo_link, "DatagramLink", _forbidden)
    monkeypatch.setattr(echo_link, "RawLink", _forbidden)
    engine = EchoEngine(["127.0.0.1"])
    engine.send([0])

    batch = engine.drain()

    assert (engine.mode, engine.why) == (None, WHAT_TO_PERMIT)
    assert [str(reason) for reason in batch.reasons] == ["not_permitted"]
    engine.close()


@pytest.mark.loopback
def test_an_invalid_source_address_is_named_in_the_reason(engine: EchoEngine) -> None:
    assert engine.mode is not None  # without permission for ICMP, that would be the reason instead
    foreign = EchoEngine(["127.0.0.1"], source="192.0.2.77")
    assert foreign.mode is None
    assert "192.0.2.77" in foreign.why
    foreign.close()


def _error_about(identifier: int) -> bytes:
    """An ICMP "host unreachable" that quotes an echo request with ``identifier``."""
    return bytes(ICMP(type=3, code=1) / IP(src="127.0.0.1", dst="127.0.0.9") / ICMP(id=identifier, seq=9))


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("other", "discarded"), [(0, 1), (1, 0)], ids=["our identifier", "another identifier"]
)
def test_the_raw_filter_passes_only_errors_about_our_requests(
    engine: EchoEngine, other: int, discarded: int
) -> None:
    if engine.mode != "raw":
        pytest.skip("this machine permits datagram ICMP, so there is no filter")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
        sender.sendto(_error_about(engine.identifier ^ other), ("127.0.0.1", 0))
    engine.send([0])  # its reply comes after the error

    assert len(drained(engine)) == 1
    assert engine.discarded == discarded  # the quoted request was never sent


@pytest.mark.parametrize("kind", [echo_link.DatagramLink, echo_link.RawLink])
@pytest.mark.parametrize("refused_call", range(4))
def test_a_failed_link_leaves_no_socket_open(
    kind: Any, refused_call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[_Socket] = []
    calls = itertools.count()

    def refuse(*_arguments: Any) -> None:
        if next(calls) == refused_call:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")

    def make(_kind: int, _source: str | None) -> _Socket:
        made.append(_Socket(refuse))
        return made[-1]

    monkeypatch.setattr(echo_link, "_icmp_socket", make)
    monkeypatch.setattr(packet_filter, "attach", refuse)
    with contextlib.suppress(OSError):  # a datagram link makes fewer calls, so it may succeed
        kind(None)
        assert not any(one.closed for one in made)
        return
    assert made
    assert all(one.closed for one in made)


class _Socket:
    """The parts of a socket that a link uses."""

    def __init__(self, setsockopt: Any) -> None:
        self.setsockopt = setsockopt
        self.closed = False

    def getsockname(self) -> tuple[str, int]:
        return ("0.0.0.0", 7)

    def getsockopt(self, *_arguments: Any) -> int:
        return 1 << 20

    def close(self) -> None:
        self.closed = True


@pytest.mark.loopback
def test_a_rejected_packet_within_a_batch_does_not_affect_others(engine: EchoEngine) -> None:
    refused = "255.255.255.255"  # EACCES: sending to the broadcast address needs SO_BROADCAST
    other = EchoEngine(["127.0.0.1", refused, "127.0.0.2"], timeout_s=30.0)
    other.send([0, 1, 2, 1, 0])
    time.sleep(0.02)

    rows = drained(other)

    assert engine.mode is not None
    assert sorted((index, str(outcome)) for index, outcome, *_ in rows) == [
        (0, "answered"),
        (0, "answered"),
        (1, "failed"),
        (1, "failed"),
        (2, "answered"),
    ]
    assert {stamps for _, outcome, _, stamps in rows if outcome is EchoOutcome.ANSWERED} == {
        Timestamps.KERNEL
    }
    assert max(rtt_ns for _, _, rtt_ns, _ in rows) < 10_000_000
    other.close()


@pytest.mark.loopback
def test_a_long_list_does_not_fill_our_own_receive_queue(engine: EchoEngine) -> None:
    for sock in engine.sockets():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 212_992)  # net.core.rmem_max of a stock system
    engine.send([0, 1] * 1000)

    rows = drained(engine)

    assert [outcome for _, outcome, *_ in rows] == [EchoOutcome.ANSWERED] * 2000
    assert {stamps for *_, stamps in rows} == {Timestamps.KERNEL}
    assert engine.dropped == 0
