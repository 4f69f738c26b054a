"""Handshakes with real servers on loopback: ClientHellos, facts, and kinds of failures."""

import asyncio
import socket
import ssl
import struct
import time
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support.network.fakes import SteppedClock

from probe.model.measurements import ClientHelloProfile, Phase, Reason, Timestamps
from probe.network import ExchangeFailed, Handshake, Network
from probe.network.clock import SYSTEM_CLOCK
from probe.network.tls import sni

NAME = "xks.example.com"


def only(version: Any) -> Any:
    def configure(context: Any) -> None:
        context.minimum_version = context.maximum_version = version

    return configure


async def shake(
    port: int, *, offer: Any = ClientHelloProfile.KMS, timeout_s: float = 3.0, clock: Any = SYSTEM_CLOCK
) -> Handshake:
    network = Network(clock=clock)
    connection = await network.connect("127.0.0.1", port)
    try:
        return await network.handshake(connection, NAME, offer, timeout_s=timeout_s)
    finally:
        connection.close()
        network.close()


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("version", "name", "cipher"),
    [
        (ssl.TLSVersion.TLSv1_2, "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ],
    ids=["TLS 1.2", "TLS 1.3"],
)
async def test_all_facts_of_a_healthy_server_are_learned(
    authority: Any, tls_server: Any, version: Any, name: str, cipher: Any
) -> None:
    issued = authority.issue(NAME)

    shaken = await shake(tls_server(issued, only(version)))

    assert shaken.failure is None
    assert (shaken.version, shaken.cipher) == (name, cipher)
    assert shaken.chain == issued.der
    assert shaken.timestamps is Timestamps.KERNEL
    assert 0 < shaken.wait_s < 1
    assert shaken.client_certificate_requested is False
    assert shaken.answered_without_client_certificate is None
    assert shaken.alert is None


@pytest.mark.loopback
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("step_ns", [20_000_000, -20_000_000], ids=["forward", "backward"])
async def test_a_clock_step_leaves_a_handshake_without_a_duration(
    authority: Any, tls_server: Any, version: Any, step_ns: int
) -> None:
    issued = authority.issue(NAME)

    shaken = await shake(tls_server(issued, only(version)), clock=SteppedClock(step_ns))

    assert (shaken.failure, shaken.chain) == (None, issued.der)
    assert (shaken.wait_s, shaken.timestamps) == (None, None)


@pytest.mark.loopback
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_busy_loop_does_not_lengthen_a_handshake(
    authority: Any, tls_server: Any, version: Any
) -> None:
    port = tls_server(authority.issue(NAME), only(version))

    async def load() -> None:
        while True:
            time.sleep(0.02)  # noqa: ASYNC251 (blocking the loop is intended)
            await asyncio.sleep(0)

    busy = asyncio.create_task(load())
    started = time.monotonic()
    shaken = [await shake(port) for _ in range(3)]
    took_s = (time.monotonic() - started) / 3
    busy.cancel()

    assert took_s > 0.02  # would be included with user-space timestamps
    assert {one.timestamps for one in shaken} == {Timestamps.KERNEL}
    assert min(one.wait_s for one in shaken) < 0.010


@pytest.mark.loopback
async def test_a_server_without_kmss_cipher_suites_refuses_with_an_alert(
    authority: Any, tls_server: Any
) -> None:
    def configure(context: Any) -> None:
        only(ssl.TLSVersion.TLSv1_2)(context)
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")

    port = tls_server(authority.issue(NAME), configure)

    kms = await shake(port)
    assert (kms.failure.phase, kms.failure.reason) == (Phase.HANDSHAKE, Reason.PROTOCOL_ERROR)
    assert kms.alert == 40
    assert (kms.version, kms.cipher, kms.wait_s) == (None, None, None)

    diagnosing = await shake(port, offer=ClientHelloProfile.DIAGNOSING)
    assert diagnosing.failure is None
    assert diagnosing.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256"
    assert len(diagnosing.chain) == 2


@pytest.mark.loopback
async def test_an_old_tls_version_is_learned_by_the_diagnosing_handshake(
    authority: Any, tls_server: Any
) -> None:
    issued = authority.issue(NAME, key=rsa.generate_private_key(65537, 2048))
    port = tls_server(issued, _tls_1_0)

    assert (await shake(port)).failure.reason is Reason.PROTOCOL_ERROR
    learnt = await shake(port, offer=ClientHelloProfile.DIAGNOSING)

    assert learnt.version == "TLSv1"
    assert learnt.chain == issued.der


def _tls_1_0(context: Any) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1


@pytest.mark.loopback
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_request_for_an_optional_client_certificate_is_detected(
    authority: Any, tls_server: Any, version: Any
) -> None:
    def configure(context: Any) -> None:
        only(version)(context)
        context.verify_mode = ssl.CERT_OPTIONAL

    shaken = await shake(tls_server(authority.issue(NAME), configure))

    assert shaken.failure is None
    assert shaken.client_certificate_requested is True
    assert shaken.answered_without_client_certificate is True


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("version", "alert", "failed"),
    [(ssl.TLSVersion.TLSv1_2, 40, True), (ssl.TLSVersion.TLSv1_3, 116, False)],
)
async def test_a_required_client_certificate_gives_an_alert(
    authority: Any, tls_server: Any, version: Any, alert: int, failed: Any
) -> None:
    def configure(context: Any) -> None:
        only(version)(context)
        context.verify_mode = ssl.CERT_REQUIRED

    issued = authority.issue(NAME)
    shaken = await shake(tls_server(issued, configure))

    assert shaken.client_certificate_requested is True
    assert shaken.answered_without_client_certificate is False
    assert shaken.alert == alert
    assert (shaken.failure is not None) == failed  # TLS 1.3 refuses after the client's handshake is over
    assert shaken.chain == issued.der


@pytest.mark.loopback
async def test_no_response_after_an_empty_certificate_is_unknown(authority: Any, tls_server: Any) -> None:
    def configure(context: Any) -> None:
        context.verify_mode = ssl.CERT_OPTIONAL

    shaken = await shake(tls_server(authority.issue(NAME), configure, answer=b""))

    assert shaken.failure is None
    assert shaken.answered_without_client_certificate is None


def _silent(connection: Any) -> None:
    connection.recv(4096)
    connection.recv(4096)  # until the client closes


def _closing(connection: Any) -> None:
    connection.recv(4096)


def _resetting(connection: Any) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _http(connection: Any) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _alert(connection: Any) -> None:
    connection.recv(4096)
    connection.sendall(b"\x15\x03\x03\x00\x02\x02\x70")


def _flood(connection: Any) -> None:
    connection.recv(4096)
    # Handshake records of one Certificate-sized message that never ends.
    for _ in range(100):
        connection.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\xff\xff\xff" + bytes(16380))


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (_silent, Reason.TIMED_OUT),
        (_closing, Reason.CLOSED),
        (_resetting, Reason.RESET),
        (_http, Reason.PROTOCOL_ERROR),
        (_alert, Reason.PROTOCOL_ERROR),
    ],
    ids=["silent", "closing", "resetting", "plain HTTP", "alert"],
)
async def test_each_kind_of_failed_handshake_has_its_reason(tcp_server: Any, serve: Any, reason: Any) -> None:
    shaken = await shake(tcp_server(serve), timeout_s=0.2 if serve is _silent else 3.0)

    assert (shaken.failure.phase, shaken.failure.reason) == (Phase.HANDSHAKE, reason)
    assert shaken.chain == ()
    assert shaken.alert == (112 if serve is _alert else None)
    if serve is _http:
        assert shaken.failure.detail == "the server replied in plain HTTP"


@pytest.mark.loopback
async def test_an_endless_handshake_is_over_the_limit(tcp_server: Any) -> None:
    shaken = await shake(tcp_server(_flood))
    assert shaken.failure.reason in (Reason.OVER_LIMIT, Reason.PROTOCOL_ERROR, Reason.RESET)


@pytest.mark.parametrize(
    ("name", "sent"),
    [(NAME, NAME.encode()), ("127.0.0.1", None), (None, None), ("bücher.example", b"xn--bcher-kva.example")],
)
def test_a_name_is_sent_and_an_address_is_not(name: str, sent: Any) -> None:
    assert sni(name) == sent


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 254, "ü" * 300])
def test_an_invalid_host_name_fails_in_the_handshake(name: str) -> None:
    with pytest.raises(ExchangeFailed) as caught:
        sni(name)
    assert caught.value.failure.phase is Phase.HANDSHAKE
