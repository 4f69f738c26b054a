import json

from bench import handshakes
from probe.model.measurements import ClientHelloProfile, Timestamps
from probe.network import Handshake, TcpConnection


def test_a_line_has_the_connection_and_its_wait() -> None:
    connection = TcpConnection(address="10.78.0.1", port=8443, local_port=40000)
    handshake = Handshake(
        offer=ClientHelloProfile.KMS, wait_s=0.001, timestamps=Timestamps.KERNEL, version="TLSv1.3"
    )
    assert json.loads(handshakes.line(connection, handshake)) == {
        "address": "10.78.0.1",
        "local_port": 40000,
        "wait_seconds": 0.001,
        "timestamps": "kernel",
        "version": "TLSv1.3",
    }
