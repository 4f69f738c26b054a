"""Application data after the handshake."""

import socket
import ssl
from typing import Any

import pytest

from probe.model.measurements import Phase, Reason
from probe.network import Network
from probe.network.http import HttpRequest

pytestmark = pytest.mark.loopback
NAME = "xks.example.com"
GET = HttpRequest(method="GET", target="/", headers=(("Host", NAME),))


async def opened(network: Network, port: int) -> tuple[Any, Any, Any]:
    connection = await network.connect("127.0.0.1", port)
    return connection, *await network.tls_channel(connection, NAME)


async def test_a_failed_handshake_has_facts_but_no_channel(tcp_server: Any) -> None:
    network = Network()
    connection, shaken, channel = await opened(network, tcp_server(lambda one: one.sendall(b"not TLS")))
    connection.close()
    network.close()
    assert channel is None
    assert shaken.failure.phase is Phase.HANDSHAKE


async def test_a_channel_has_the_facts_of_its_handshake(authority: Any, tls_server: Any) -> None:
    issued = authority.issue(NAME)
    network = Network()
    connection, shaken, channel = await opened(network, tls_server(issued))
    answer = await channel.exchange(GET, timeout_s=2)
    await channel.close()
    connection.close()
    network.close()
    assert (shaken.failure, shaken.chain, shaken.client_certificate_requested) == (None, issued.der, False)
    assert answer.status == 400


@pytest.mark.parametrize("with_close_notify", [True, False], ids=["close_notify", "only FIN"])
async def test_the_end_of_the_tls_session_ends_the_response(
    authority: Any, tcp_server: Any, tmp_path: Any, with_close_notify: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(NAME).write(tmp_path))

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            if with_close_notify:
                secured.unwrap()

    network = Network()
    connection, _, channel = await opened(network, tcp_server(serve))
    answer = await channel.exchange(GET, timeout_s=2)
    connection.close()
    network.close()
    assert (answer.failure.phase, answer.failure.reason) == (Phase.WAIT, Reason.CLOSED)
