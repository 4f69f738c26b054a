"""A TLS client on memory buffers with a server on memory buffers: the facts learned."""

import contextlib
import copy
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from support.tls.authority import Authority, Issued

from probe.model.measurements import ClientHelloProfile, Reason
from probe.network import tls_session
from probe.network.tls_offer import context
from probe.network.tls_session import (
    MAX_CERTIFICATE_BYTES,
    MAX_CHAIN,
    TlsRefused,
    TlsSession,
    _Records,
    within_limits,
)

NAME = "xks.example.com"


class Server:
    """An OpenSSL server on memory buffers."""

    def __init__(self, issued: Issued, directory: Path, verify: ssl.VerifyMode = ssl.CERT_NONE) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.write(directory))
        context.verify_mode = verify
        self._connect(context)

    def _connect(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def again(self) -> "Server":
        """The same server, for another connection: it accepts the session tickets that it sent."""
        after = copy.copy(self)
        after._connect(self.end.context)
        return after

    def answer(self, data: bytes, doing: Callable[[], object]) -> bytes:
        """The bytes that the server sends after receiving ``data`` and calling ``doing``."""
        self._incoming.write(data)
        with contextlib.suppress(ssl.SSLError):  # it needs more input, or refuses: see `_outgoing`
            doing()
        return self._outgoing.read()


def shake_hands(session: TlsSession, server: Server) -> None:
    while not session.handshake():
        session.feed(server.answer(session.output(), server.end.do_handshake))
    session.feed(server.answer(session.output(), server.end.do_handshake))


def test_every_handshake_is_a_full_one(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue(NAME)
    server = Server(issued, tmp_path)
    for _ in range(3):
        session = TlsSession(ClientHelloProfile.KMS, NAME.encode())
        shake_hands(session, server)
        session.read()  # session tickets
        assert server.end.session_reused is False
        assert session.chain() == issued.der  # a resumed handshake has no certificates
        server = server.again()


@pytest.mark.parametrize("offer", list(ClientHelloProfile))
def test_a_context_is_made_once_per_client_hello(
    monkeypatch: pytest.MonkeyPatch, offer: ClientHelloProfile
) -> None:
    made: list[ClientHelloProfile] = []

    def counting(offer: ClientHelloProfile) -> SSL.Context:
        made.append(offer)
        return context(offer)

    monkeypatch.setattr(tls_session, "context", counting)
    tls_session._context.cache_clear()
    for _ in range(3):
        TlsSession(offer, NAME.encode())
    assert made == [offer]
    tls_session._context.cache_clear()


def test_sessions_at_the_same_time_keep_their_facts_apart(authority: Authority, tmp_path: Path) -> None:
    refused, asked, plain = (TlsSession(ClientHelloProfile.KMS, NAME.encode()) for _ in range(3))
    servers = [
        Server(authority.issue(NAME), tmp_path, verify) for verify in (ssl.CERT_OPTIONAL, ssl.CERT_NONE)
    ]
    for session in (refused, asked, plain):
        assert not session.handshake()
    refused.feed(alert(40))
    with pytest.raises(TlsRefused):
        refused.handshake()
    for session, server in zip((asked, plain), servers, strict=True):
        shake_hands(session, server)
    facts = [(each.certificate_requested, each.alert) for each in (refused, asked, plain)]
    assert facts == [(False, 40), (True, None), (False, None)]


def alert(number: int) -> bytes:
    return bytes([0x15, 3, 3, 0, 2, 2, number])


def refusal(*answers: bytes, offer: ClientHelloProfile = ClientHelloProfile.KMS) -> TlsRefused | None:
    """Why the client fails after ``answers``; None while it waits for more."""
    session = TlsSession(offer, NAME.encode())
    assert not session.handshake()
    try:
        for answer in answers:
            session.feed(answer)
            assert not session.handshake()
    except TlsRefused as refused:
        return refused
    finally:
        assert session.version is None
    return None


def test_facts_are_known_only_after_the_servers_reply(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue(NAME)
    session = TlsSession(ClientHelloProfile.KMS, NAME.encode())
    assert not session.handshake()
    assert (session.version, session.cipher, session.chain()) == (None, None, ())

    shake_hands(session, Server(issued, tmp_path))

    assert (session.version, session.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert session.chain() == issued.der
    assert (session.certificate_requested, session.alert) == (False, None)


def test_data_flows_both_ways_until_the_servers_close_notify(authority: Authority, tmp_path: Path) -> None:
    session, server = (
        TlsSession(ClientHelloProfile.KMS, NAME.encode()),
        Server(authority.issue(NAME), tmp_path),
    )
    shake_hands(session, server)
    assert session.read() == b""  # needs more input

    session.write(b"GET /")
    session.feed(server.answer(session.output(), lambda: server.end.write(server.end.read())))
    assert session.read() == b"GET /"

    session.feed(server.answer(b"", server.end.unwrap))
    with pytest.raises(TlsRefused) as caught:
        session.read()
    assert caught.value.reason is Reason.CLOSED


def test_a_certificate_request_is_detected_even_if_it_is_optional(
    authority: Authority, tmp_path: Path
) -> None:
    session = TlsSession(ClientHelloProfile.KMS, NAME.encode())
    shake_hands(session, Server(authority.issue(NAME), tmp_path, ssl.CERT_OPTIONAL))
    assert session.certificate_requested


@pytest.mark.parametrize(
    ("number", "name"), [(40, "handshake_failure"), (112, "unrecognized_name"), (254, "unassigned")]
)
def test_a_fatal_alert_is_reported_with_its_number_and_name(number: int, name: str) -> None:
    refused = refusal(alert(number))
    assert refused
    assert (refused.reason, refused.detail) == (Reason.PROTOCOL_ERROR, f"alert {number} ({name})")


@pytest.mark.parametrize(
    ("answers", "is_http"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n",), True),
        ((b"SSH-2.0-x\r\n",), False),
        ((b"\x16", b"HTTP/1.1 "), False),
    ],
    ids=["HTTP", "SSH", "HTTP after a byte of TLS"],
)
def test_plain_http_is_recognised_by_its_beginning(answers: tuple[bytes, ...], is_http: bool) -> None:
    refused = refusal(*answers)
    assert refused
    assert refused.reason is Reason.PROTOCOL_ERROR
    assert (refused.detail == "the server replied in plain HTTP") == is_http


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ((), b""),
        ((b"SSH-2", b".0-x\r\n"), b"SSH-2.0-x\r\n"),
        ((b"\x00" * 63, b"ab"), b"\x00" * 63 + b"a"),
        ((b"\x15",), b""),
        ((b"\x15\x03\x03",), b""),
        ((b"\x17\x03\x03",), b""),
        ((b"\x16\x02",), b"\x16\x02"),
        ((b"\x13\x03",), b"\x13\x03"),
        ((b"\x18\x03",), b"\x18\x03"),
    ],
    ids=[
        *("nothing", "two pieces", "65 bytes", "one byte of an alert", "an alert", "application data"),
        *("another version", "a type below", "a type above"),
    ],
)
def test_the_first_bytes_are_kept_unless_they_begin_a_tls_record(
    answers: tuple[bytes, ...], shown: bytes
) -> None:
    session = TlsSession(ClientHelloProfile.KMS, None)
    for answer in answers:
        session.feed(answer)
    assert session.not_tls == shown


@settings(max_examples=60)
@given(
    st.lists(st.binary(min_size=1, max_size=80), max_size=4), st.sampled_from([b"", b"\x16\x03\x03\x00\x50"])
)
def test_for_any_bytes_of_a_server_the_client_waits_or_fails(answers: list[bytes], begin: bytes) -> None:
    refused = refusal(*filter(None, (begin, *answers)), offer=ClientHelloProfile.DIAGNOSING)
    assert refused is None or refused.detail


@pytest.mark.parametrize("count", [MAX_CHAIN - 1, MAX_CHAIN, MAX_CHAIN + 1])
def test_a_chain_is_cut_at_its_limit(count: int) -> None:
    assert len(within_limits((b"x",) * count)) == min(count, MAX_CHAIN)


@pytest.mark.parametrize("size", [MAX_CERTIFICATE_BYTES, MAX_CERTIFICATE_BYTES + 1])
def test_a_chain_ends_before_a_certificate_that_is_too_large(size: int) -> None:
    fits = size <= MAX_CERTIFICATE_BYTES
    assert within_limits((b"x", bytes(size), b"y")) == ((b"x", bytes(size), b"y") if fits else (b"x",))


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6), st.data())
def test_record_boundaries_are_found_however_the_stream_is_split(
    bodies: list[bytes], data: st.DataObject
) -> None:
    records = [b"\x17\x03\x03" + len(body).to_bytes(2, "big") + body for body in bodies]
    stream = b"".join(records)
    bounds = {0}
    for record in records:
        bounds.add(max(bounds) + len(record))
    counting, at = _Records(), 0
    while at < len(stream):
        step = data.draw(st.integers(1, 20))
        counting.feed(stream[at : at + step])
        at = min(at + step, len(stream))
        assert (counting.left_bytes == 0) is (at in bounds)
