"""Any bytes in any order raise no exception and give no false sample."""

import socket
import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.network.fakes import EchoSetup, Reply, Sent, reply_to

from probe.model.measurements import EchoOutcome, Timestamps
from probe.network import echo_link
from probe.network.echo_link import Arrivals
from probe.network.kernel import Ancillary, ExtendedError
from probe.wire import icmp

MS = 1_000_000
HOST = "192.0.2.1"
OTHER = "192.0.2.2"


def _error(message: bytes, *, kind: int = 3, code: int = 1, destination: str = HOST) -> icmp.EchoError:
    return icmp.EchoError(kind, code, destination, icmp.read_echo(message))


@given(st.data())
def test_timestamps_replies_and_errors_in_any_order_give_at_most_one_sample_per_request(data: Any) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0, 1, 0])
    events: list[Any] = [
        *(Sent(key, b"", simulation.clock.wall_ns() + MS) for _, _, key in simulation.link.sent),
        *(Sent(key ^ 0x10000, b"", 1) for _, _, key in simulation.link.sent),
        *(Sent(7, message, simulation.clock.wall_ns() + MS) for _, message, _ in simulation.link.sent),
        *(Reply(socket.inet_aton(host), reply_to(m), simulation.clock.wall_ns() + 3 * MS)
          for host in (HOST, OTHER) for _, m, _ in simulation.link.sent),
        *(_error(m, destination=host) for host in (HOST, OTHER) for _, m, _ in simulation.link.sent),
        Sent(data.draw(st.integers(0, (1 << 32) - 1)), data.draw(st.binary(max_size=80)), 5),
        Reply(data.draw(st.binary(max_size=4)), data.draw(st.binary(max_size=80)), data.draw(st.integers())),
    ]  # fmt: skip
    rows: list[Any] = []
    for event in data.draw(st.permutations(events)):
        simulation.clock.pass_s(0.001)
        simulation.link.arrivals.append(event)
        if data.draw(st.booleans()):
            rows += _rows(simulation.engine.drain())
    rows += _rows(simulation.engine.drain())

    ended = [row for row in rows if row[1] in (EchoOutcome.ANSWERED, EchoOutcome.FAILED)]
    assert sorted(index for index, *_ in ended) == [0, 0, 1]
    for _index, outcome, rtt_ns, stamps in rows:
        if outcome is EchoOutcome.FAILED:
            assert (rtt_ns, stamps) == (-1, None)
        elif stamps is Timestamps.KERNEL:
            assert rtt_ns == 2 * MS


def _rows(batch: Any) -> list[Any]:
    return list(zip(batch.indexes, batch.outcomes, batch.rtt_ns, batch.stamps, strict=True))


def _ipv4(source: str, payload: bytes, protocol: int = 1) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0x4000, 64, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton("192.0.2.9") + payload


def _icmp_error(packet: bytes, kind: int = 3, code: int = 1) -> bytes:
    blank = struct.pack("!BBHI", kind, code, 0, 0) + packet
    return blank[:2] + icmp.checksum(blank).to_bytes(2, "big") + blank[4:]


@given(st.data())
def test_bytes_from_a_raw_socket_end_a_request_only_as_its_reply_or_as_an_error_about_it(
    data: Any,
) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    message = simulation.link.sent[0][1]
    answer = _ipv4(HOST, reply_to(message))
    error = _ipv4(
        "192.0.2.254", _icmp_error(_ipv4("192.0.2.9", message)[:16] + socket.inet_aton(HOST) + message)
    )
    right = data.draw(st.sampled_from([answer, error]))
    at = data.draw(st.integers(0, len(right) - 1))
    changed = bytearray(right)
    changed[at] ^= data.draw(st.integers(1, 255))
    arrivals = Arrivals()
    for packet in data.draw(
        st.permutations([bytes(changed), data.draw(st.binary(max_size=120)), right[:at]])
    ):
        echo_link._read_packet(packet, simulation.clock.wall_ns(), arrivals)
    simulation.link.arrivals += [Reply(*reply) for reply in arrivals.replies] + arrivals.errors

    rows = _rows(simulation.engine.drain())

    # In the packet's own header, only version, length, fragment and the source of a reply matter.
    if at >= 20 or (right is answer and 12 <= at < 16):
        assert rows == []
    assert all(outcome in (EchoOutcome.ANSWERED, EchoOutcome.FAILED) for _, outcome, *_ in rows)


@given(
    st.binary(max_size=4),
    st.binary(max_size=100),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 8),
)
def test_bytes_from_an_error_queue_end_only_a_request_they_quote(
    address: bytes, quoted: bytes, kind: int, code: int, origin: int
) -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    extended = ExtendedError(errno=113, origin=origin, kind=kind, code=code, info=0, data=0)
    error = echo_link._quoted(address, quoted, Ancillary(stamp_ns=None, error=extended))
    simulation.link.arrivals += [error] if error else []

    assert len(simulation.engine.drain()) == 0
    assert simulation.engine.outstanding == 1


def test_the_unchanged_error_ends_its_request() -> None:
    simulation = EchoSetup()
    simulation.engine.send([0])
    message = simulation.link.sent[0][1]
    quoted = _ipv4("192.0.2.9", message)[:16] + socket.inet_aton(HOST) + message
    arrivals = Arrivals()
    echo_link._read_packet(_ipv4("192.0.2.254", _icmp_error(quoted)), simulation.clock.wall_ns(), arrivals)
    simulation.link.arrivals += arrivals.errors

    assert simulation.engine.drain().outcomes == (EchoOutcome.FAILED,)
