"""Queries to a name server on loopback that responds, sends garbage, truncates or does not respond."""

import contextlib
import socket
import threading
from typing import Any

import dns.message
import dns.rcode
import pytest
from support.network.fakes import no_more_files

from probe.model.measurements import Phase, Reason, Timestamps
from probe.model.targets import Question
from probe.network import DnsResponse, ExchangeFailed, Network

QUESTION = Question(name="xks.example.com", record_type="A")


def answer(query: Any, *, rcode: Any = dns.rcode.NOERROR, truncated: bool = False) -> bytes:
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    if truncated:
        reply.flags |= dns.flags.TC
    elif rcode == dns.rcode.NOERROR:
        reply.answer.append(dns.rrset.from_text("xks.example.com.", 60, "IN", "A", "192.0.2.5", "192.0.2.6"))
    return reply.to_wire()


def same_port(stack: contextlib.ExitStack) -> tuple[socket.socket, socket.socket, int]:
    """A port that is free for UDP may be in use for TCP, because other tests connect at the same time."""
    for _ in range(50):
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp = stack.enter_context(socket.socket())
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        with contextlib.suppress(OSError):
            udp.bind(("127.0.0.1", port))
            tcp.listen()
            return udp, tcp, port
    raise AssertionError("no port is free for both UDP and TCP")


@contextlib.contextmanager
def name_server(*by_datagram: Any, by_stream: Any = None) -> Any:
    """Each function makes one datagram from the query; ``by_stream`` makes the response over TCP."""
    with contextlib.ExitStack() as stack:
        udp, tcp, port = same_port(stack)
        for sock in (udp, tcp):
            sock.settimeout(3)

        def serve() -> None:
            data, client = udp.recvfrom(4096)
            for make in by_datagram:
                udp.sendto(make(dns.message.from_wire(data)), client)
            if by_stream is None:
                return
            connection, _ = tcp.accept()
            with connection:
                data = connection.recv(4096)
                wire = by_stream(dns.message.from_wire(data[2:]))
                connection.sendall(len(wire).to_bytes(2, "big") + wire)

        thread = threading.Thread(target=serve)
        thread.start()
        yield port
        thread.join()


async def query(port: int, *, timeout_s: float = 2.0) -> DnsResponse:
    network = Network()
    try:
        return await network.query("127.0.0.1", QUESTION, port=port, timeout_s=timeout_s)
    finally:
        network.close()


@pytest.mark.loopback
async def test_a_response_has_its_records_and_kernel_timestamps() -> None:
    with name_server(answer) as port:
        got = await query(port)
    assert set(got.details.answers) == {"192.0.2.5", "192.0.2.6"}
    assert (got.details.rcode, got.details.ttl_s, got.details.truncated) == ("NOERROR", 60, False)
    assert got.timestamps is Timestamps.KERNEL
    assert 0 < got.wait_s < 1
    assert got.failure is None


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        (dns.rcode.NXDOMAIN, Reason.NAME_NOT_FOUND),
        (dns.rcode.SERVFAIL, Reason.SERVER_FAILURE),
        (dns.rcode.REFUSED, Reason.SERVER_FAILURE),
        (dns.rcode.FORMERR, Reason.PROTOCOL_ERROR),
    ],
)
async def test_a_response_code_becomes_the_failure(rcode: Any, reason: Any) -> None:
    with name_server(lambda query: answer(query, rcode=rcode)) as port:
        got = await query(port)
    assert (got.failure.phase, got.failure.reason) == (Phase.WAIT, reason)


def _other_id(query: Any) -> bytes:
    wire = answer(query)
    return bytes([wire[0] ^ 1]) + wire[1:]


def _other_question(query: Any) -> bytes:
    other = dns.message.make_query("evil.example.com", "A")
    other.id = query.id
    return answer(other)


def _query_itself(query: Any) -> bytes:
    return query.to_wire()


@pytest.mark.loopback
async def test_garbage_before_the_response_is_ignored() -> None:
    garbage = (_other_id, _other_question, _query_itself, lambda _query: b"", lambda _query: b"\xff" * 40)
    with name_server(*garbage, answer) as port:
        got = await query(port)
    assert set(got.details.answers) == {"192.0.2.5", "192.0.2.6"}


@pytest.mark.loopback
async def test_only_garbage_times_out() -> None:
    with name_server(_other_id) as port, pytest.raises(ExchangeFailed) as caught:
        await query(port, timeout_s=0.1)
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.WAIT, Reason.TIMED_OUT)


@pytest.mark.loopback
async def test_a_truncated_response_is_queried_again_by_tcp() -> None:
    with name_server(lambda query: answer(query, truncated=True), by_stream=answer) as port:
        got = await query(port)
    assert set(got.details.answers) == {"192.0.2.5", "192.0.2.6"}


@pytest.mark.loopback
async def test_a_closed_port_is_a_refused_connection() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    with pytest.raises(ExchangeFailed) as caught:
        await query(port)
    assert caught.value.failure.reason is Reason.REFUSED


async def test_at_the_limit_of_open_files_the_failure_is_over_limit() -> None:
    network = Network()
    with no_more_files(), pytest.raises(ExchangeFailed) as caught:
        await network.query("127.0.0.1", QUESTION)
    network.close()
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.SEND, Reason.OVER_LIMIT)
