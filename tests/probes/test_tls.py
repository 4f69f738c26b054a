"""The TLS check: a handshake with KMS's ClientHello and, if it fails, a diagnostic one.

The failure is always the first handshake's; the details come from the handshake that received more.
"""

import socket
import ssl
import struct
from typing import Any

import pytest
from support.network.fakes import FakeNetwork, failed

from probe.model.measurements import ClientHelloProfile, Measurement, Phase, Reason, Timestamps
from probe.model.targets import Check, Role, Target
from probe.network import Handshake, Network
from probe.probes import measure

ADDRESS = "10.0.0.5"
NAME = "xks.example.com"
TARGET = Target(name="proxy", role=Role.PROXY, host=ADDRESS, server_name=NAME)
REFUSED = failed(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, "alert 40 (handshake_failure)")


def good(offer: ClientHelloProfile = ClientHelloProfile.KMS, **more: Any) -> Handshake:
    return Handshake(
        offer=offer,
        wait_s=0.02,
        timestamps=Timestamps.KERNEL,
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        chain=(b"leaf", b"intermediate"),
        client_certificate_requested=False,
        **more,
    )


async def measured(kms: Any, diagnosing: Any = None) -> tuple[FakeNetwork, Measurement]:
    handshakes = {(ADDRESS, ClientHelloProfile.KMS): kms}
    if diagnosing is not None:
        handshakes[ADDRESS, ClientHelloProfile.DIAGNOSING] = diagnosing
    network = FakeNetwork(connections={ADDRESS: 0.01}, handshakes=handshakes)
    return network, await measure(TARGET, Check.TLS, network, 5.0)


async def test_a_good_handshake_needs_no_second_one() -> None:
    network, got = await measured(good())

    assert got.failure is None
    assert got.phases_s == {Phase.CONNECT: 0.01, Phase.HANDSHAKE: 0.02}
    assert got.details.kms_handshake_succeeded
    assert (got.details.offer, got.details.server_name) == (ClientHelloProfile.KMS, NAME)
    assert [one.position for one in got.details.chain] == [0, 1]
    assert [call[0] for call in network.calls] == ["connect", "handshake"]


async def test_a_failed_handshake_is_followed_by_a_diagnosing_one() -> None:
    network, got = await measured(
        Handshake(offer=ClientHelloProfile.KMS, failure=REFUSED, alert=40),
        good(ClientHelloProfile.DIAGNOSING),
    )

    assert got.failure == REFUSED
    assert Phase.HANDSHAKE not in got.phases_s
    assert not got.details.kms_handshake_succeeded
    assert (got.details.offer, got.details.version, got.details.alert) == (
        ClientHelloProfile.DIAGNOSING,
        "TLSv1.3",
        None,
    )
    assert len(got.details.chain) == 2
    assert [call[0] for call in network.calls] == ["connect", "handshake", "connect", "handshake"]


async def test_a_chain_from_only_the_first_handshake_is_kept() -> None:
    first = Handshake(
        offer=ClientHelloProfile.KMS,
        failure=REFUSED,
        version="TLSv1.2",
        cipher="ECDHE-RSA-AES256-GCM-SHA384",
        chain=(b"leaf",),
        client_certificate_requested=True,
        answered_without_client_certificate=False,
        alert=40,
    )

    _network, got = await measured(first, Handshake(offer=ClientHelloProfile.DIAGNOSING, failure=REFUSED))

    assert (got.details.offer, len(got.details.chain)) == (ClientHelloProfile.KMS, 1)
    assert got.details.answered_without_client_certificate is False


async def test_two_failed_handshakes_give_no_facts() -> None:
    _network, got = await measured(Handshake(offer=ClientHelloProfile.KMS, failure=REFUSED))
    assert (got.details.version, got.details.cipher, got.details.chain) == (None, None, ())
    assert got.details.client_certificate_requested is None


@pytest.mark.parametrize(
    ("host", "server_name", "sent"),
    [(ADDRESS, NAME, NAME), (ADDRESS, None, None), ("proxy.example.com", None, "proxy.example.com")],
)
async def test_the_server_name_is_the_targets_or_its_host(host: str, server_name: Any, sent: Any) -> None:
    network = FakeNetwork(
        names={host: ADDRESS},
        connections={ADDRESS: 0.01},
        handshakes={(ADDRESS, ClientHelloProfile.KMS): good()},
    )
    target = Target(name="p", role=Role.PROXY, host=host, server_name=server_name)
    await measure(target, Check.TLS, network, 5.0)
    assert ("handshake", ADDRESS, sent, ClientHelloProfile.KMS) in network.calls


@pytest.mark.loopback
async def test_a_server_without_kmss_suites_fails_the_first_handshake_and_is_diagnosed_by_the_second(
    authority: Any, tls_server: Any
) -> None:
    def configure(context: Any) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")

    port = tls_server(authority.issue(NAME), configure)
    target = Target(name="proxy", role=Role.PROXY, host="127.0.0.1", port=port, server_name=NAME)
    network = Network()

    got = await measure(target, Check.TLS, network, 5.0)

    network.close()
    assert got.failure.reason is Reason.PROTOCOL_ERROR
    assert (got.details.offer, got.details.cipher) == (
        ClientHelloProfile.DIAGNOSING,
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    )
    assert got.details.chain[0].subject_common_name == NAME


@pytest.mark.loopback
async def test_a_closed_port_is_refused_in_the_connect_phase() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    network = Network()
    target = Target(name="proxy", role=Role.PROXY, host="127.0.0.1", port=port)

    got = await measure(target, Check.TLS, network, 5.0)

    network.close()
    assert (got.failure.phase, got.failure.reason) == (Phase.CONNECT, Reason.REFUSED)
    assert got.details is None


def with_certificate_request(
    offer: ClientHelloProfile, answered: bool | None, alert: int | None
) -> Handshake:
    return Handshake(
        offer=offer,
        failure=REFUSED,
        alert=alert,
        client_certificate_requested=True,
        answered_without_client_certificate=answered,
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            with_certificate_request(ClientHelloProfile.KMS, None, 80),
            with_certificate_request(ClientHelloProfile.DIAGNOSING, False, 116),
            (True, None, 80, True),
        ),
        (
            Handshake(offer=ClientHelloProfile.KMS, failure=REFUSED, alert=40),
            with_certificate_request(ClientHelloProfile.DIAGNOSING, None, None),
            (True, None, None, None),
        ),
        (
            Handshake(offer=ClientHelloProfile.KMS, failure=REFUSED, alert=40),
            with_certificate_request(ClientHelloProfile.DIAGNOSING, False, 42),
            (True, False, 42, None),
        ),
        (
            Handshake(offer=ClientHelloProfile.KMS, failure=REFUSED, alert=40),
            Handshake(offer=ClientHelloProfile.DIAGNOSING, failure=REFUSED),
            (None, None, 40, None),
        ),
    ],
    ids=[
        "request in KMS's handshake",
        "request only in the diagnostic handshake",
        "diagnostic handshake rejected because of the request",
        "no request",
    ],
)
async def test_the_alert_and_the_certificate_request_are_from_one_handshake(
    first: Handshake, second: Handshake, expected: tuple[Any, ...]
) -> None:
    _network, got = await measured(first, second)
    details = got.details
    assert (
        details.client_certificate_requested,
        details.answered_without_client_certificate,
        details.alert,
        details.kms_certificate_requested,
    ) == expected


async def test_a_successful_kms_handshake_reports_its_own_facts() -> None:
    _network, got = await measured(good())
    assert got.details.kms_certificate_requested is False


def _reset_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.loopback
async def test_a_reset_right_after_the_accept_is_a_failure_and_never_an_exception(tcp_server: Any) -> None:
    network = Network()
    target = Target(name="proxy", role=Role.PROXY, host="127.0.0.1", port=tcp_server(_reset_at_once))

    got = [await measure(target, Check.TLS, network, 5.0) for _ in range(50)]

    network.close()
    failures = {(one.failure.phase, one.failure.reason) for one in got}
    assert failures <= {
        (Phase.HANDSHAKE, Reason.RESET),
        (Phase.HANDSHAKE, Reason.CLOSED),
        (Phase.CONNECT, Reason.RESET),
    }
