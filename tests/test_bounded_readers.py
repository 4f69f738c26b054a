"""Readers have size limits: tests below, at and above each limit."""

import asyncio
import tracemalloc
from typing import Any

import pytest
from cryptography import x509
from support.evidence import NOW_S, issue
from support.network.fakes import FakeClock
from support.tls.authority import Authority

from probe.model.measurements import Phase, Reason, Timestamps
from probe.model.targets import Question
from probe.network.clock import Timing
from probe.network.http import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    Chunk,
    HttpConnection,
    HttpRequest,
    HttpResponse,
)
from probe.network.tls_session import MAX_CERTIFICATE_BYTES, MAX_CHAIN, within_limits
from probe.wire.dns import question_packet, read_answer
from probe.wire.json_values import MAX_ENTRIES, MAX_TEXT, entries, text, texts

REQUEST = HttpRequest(method="GET", target="/", headers=(("Host", "proxy.example.com"),))
HEAD = b"HTTP/1.1 200 OK\r\n"


class Endless:
    """A peer that sends ``first``, then ``more`` without end."""

    at_record_boundary = True

    def __init__(self, first: bytes, more: bytes = b"") -> None:
        self._first, self._more = first, more
        self.read_bytes = 0
        self.stamped: Any = self

    def data_segments_in(self) -> int:
        return self.read_bytes

    def timing(self) -> Timing:
        return Timing(duration_ns=1, timestamps=Timestamps.KERNEL)

    async def send(self, data: bytes) -> None:
        """The data is ignored."""

    async def receive(self) -> Chunk:
        piece, self._first = (self._first, b"") if self._first else (self._more, b"")
        self.read_bytes += len(piece)
        return Chunk(piece, ended=not piece)

    async def close_notify(self) -> None:
        """There is nothing to close."""


def response_of(peer: Endless) -> HttpResponse:
    return asyncio.run(HttpConnection(peer, FakeClock()).exchange(REQUEST, timeout_s=30.0))


@pytest.mark.parametrize(
    ("count", "is_over"),
    [(MAX_BODY_BYTES - 1, False), (MAX_BODY_BYTES, False), (MAX_BODY_BYTES + 1, True)],
    ids=["below", "at the limit", "above"],
)
@pytest.mark.parametrize("framing", ["length", "chunked", "end"])
def test_a_body_has_at_most_64_kib(framing: str, count: int, *, is_over: bool) -> None:
    body = b"x" * count
    wire = {
        "length": HEAD + b"Content-Length: %d\r\n\r\n" % count + body,
        "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % count + body + b"\r\n0\r\n\r\n",
        "end": HEAD + b"\r\n" + body,
    }[framing]
    answer = response_of(Endless(wire))
    assert (answer.failure is not None and answer.failure.reason is Reason.OVER_LIMIT) is is_over
    assert len(answer.body) == min(count, MAX_BODY_BYTES)


@pytest.mark.parametrize(
    ("more", "is_over"), [(-1, False), (0, False), (1, True)], ids=["below", "at the limit", "above"]
)
def test_a_header_that_does_not_end_within_16_kib_is_rejected(more: int, *, is_over: bool) -> None:
    end = b"\r\nContent-Length: 0\r\n\r\n"
    start = HEAD + b"X: "
    start += b"y" * (MAX_HEADER_BYTES + more - len(start) - len(end))
    answer = response_of(Endless(start, end))
    assert (answer.failure is not None and answer.failure.reason is Reason.OVER_LIMIT) is is_over


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (HEAD + b"\r\n", b"x" * 4096),
        (HEAD + b"X: ", b"y" * 4096),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 700),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 200),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: " + b"z" * 4093),
    ],
    ids=["body", "header", "one-byte chunks", "interim responses", "trailers"],
)
def test_an_endless_response_uses_bounded_memory(first: bytes, more: bytes) -> None:
    peer = Endless(first, more)
    tracemalloc.start()
    try:
        answer = response_of(peer)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.failure is not None
    assert (answer.failure.phase, answer.failure.reason) == (Phase.RECEIVE, Reason.OVER_LIMIT)
    assert peer.read_bytes <= 9 * MAX_BODY_BYTES
    assert peak_bytes < 8 << 20


@pytest.mark.parametrize(
    ("count", "kept"),
    [(15, 15), (MAX_CHAIN, 16), (17, 16), (5000, 16)],
    ids=["below", "at the limit", "above", "far above"],
)
def test_a_chain_has_at_most_16_certificates(count: int, kept: int) -> None:
    assert len(within_limits((b"c",) * count)) == kept


@pytest.mark.parametrize(
    ("size", "kept"),
    [(MAX_CERTIFICATE_BYTES - 1, 2), (MAX_CERTIFICATE_BYTES, 2), (MAX_CERTIFICATE_BYTES + 1, 0)],
    ids=["below", "at the limit", "above"],
)
def test_a_certificate_has_at_most_16_kib(size: int, kept: int) -> None:
    assert len(within_limits((b"c" * size, b"c"))) == kept


def padded(authority: Authority, size: int) -> x509.Certificate:
    """A certificate of about ``size`` bytes, with many names."""
    name = "x" * 50 + ".example.com"
    return authority.issue("proxy.example.com", dns_names=(name,) * (size // (len(name) + 2))).chain[0]


@pytest.mark.loopback
@pytest.mark.parametrize(("size", "is_over"), [(15_000, False), (17_500, True)], ids=["below", "above"])
async def test_a_server_with_a_large_certificate_gives_a_result(
    authority: Authority,
    tls_server: Any,
    size: int,
    is_over: bool,
) -> None:
    from probe.network import Network

    issued = authority.issue("proxy.example.com")
    large = padded(authority, size)
    names = tuple(
        large.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.DNSName
        )
    )
    issued = authority.issue("proxy.example.com", dns_names=names)
    assert (len(issued.der[0]) > MAX_CERTIFICATE_BYTES) is is_over
    network = Network()
    connection = await network.connect("127.0.0.1", tls_server(issued))
    shaken = await network.handshake(connection, "proxy.example.com")
    connection.close()
    network.close()
    assert (shaken.failure is not None and shaken.failure.reason is Reason.OVER_LIMIT) is is_over
    assert len(shaken.chain) == (0 if is_over else 2)


@pytest.mark.loopback
@pytest.mark.parametrize(("between", "is_over"), [(14, False), (15, True)], ids=["at the limit", "above"])
async def test_a_server_with_a_long_chain_gives_a_result(
    authority: Authority,
    tls_server: Any,
    between: int,
    is_over: bool,
) -> None:
    from dataclasses import replace

    from probe.network import Network

    issued = authority.issue("proxy.example.com")
    more = tuple(issue(f"Spare {n}", from_s=NOW_S).certificate for n in range(between))
    network = Network()
    connection = await network.connect("127.0.0.1", tls_server(replace(issued, chain=(*issued.chain, *more))))
    shaken = await network.handshake(connection, "proxy.example.com")
    connection.close()
    network.close()
    assert (shaken.failure is not None and shaken.failure.reason is Reason.OVER_LIMIT) is is_over
    assert len(shaken.chain) == MAX_CHAIN


@pytest.mark.parametrize("size", [65534, 65535], ids=["below", "at the limit"])
def test_a_dns_message_of_64_kib_is_read(size: int) -> None:
    """Over TCP, the length field has two bytes (RFC 1035, section 4.2.2), so the maximum is 65,535."""
    import dns.message
    import dns.rrset

    question = Question(name="example.com", record_type="TXT")
    reply = dns.message.make_response(dns.message.from_wire(question_packet(question, 7)))
    many = [f'"{n:05}{"x" * 250}"' for n in range(240)]
    reply.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "TXT", *many))
    data = reply.to_wire(max_size=65535).ljust(size, b"\0")
    details = read_answer(data, question, 7, server="192.0.2.1", view="public")
    assert details is not None
    assert len(details.answers) == 240


def test_json_values_are_shortened() -> None:
    assert [len(text({"k": "x" * n}, "k") or "") for n in (MAX_TEXT, MAX_TEXT + 1)] == [MAX_TEXT] * 2
    assert [len(entries({"k": [{}] * n}, "k") or ()) for n in (MAX_ENTRIES, MAX_ENTRIES + 1)] == [
        MAX_ENTRIES
    ] * 2
    assert len(texts({"k": ["x"] * (MAX_ENTRIES + 1)}, "k")) == MAX_ENTRIES
