"""The handshake that KMS would do; and, where that fails, one that offers everything, only to learn.

The failure of the measurement is always that of KMS's handshake.
"""

from probe.model.measurements import ClientHelloProfile, Measurement, Phase, TlsDetails
from probe.model.targets import Check, Target
from probe.network import ExchangeFailed, Handshake, Network
from probe.network.tcp import TcpConnection
from probe.probes.exchange import Exchange
from probe.wire.certificate import read_certificate
from probe.wire.hostport import is_ipv4


async def measure(target: Target, network: Network, timeout_s: float) -> Measurement:
    exchange = Exchange(target, Check.TLS, network, timeout_s)
    async with exchange.ending():
        address = await exchange.resolve()
        connection = await network.connect(address, target.port, timeout_s=exchange.remaining_s())
        if connection.rtt_s is not None:
            exchange.phases_s[Phase.CONNECT] = connection.rtt_s
            exchange.timestamps = connection.timestamps
        first = await _shake_hands(exchange, connection, ClientHelloProfile.KMS)
        _note(exchange, first)
        second = await _diagnose(exchange, address) if first.failure else None
        exchange.details = details_of(server_name_of(target), connection.local_port, first, second)
    return exchange.measurement()


def server_name_of(target: Target) -> str | None:
    """The name to send: the target's, else its host if that is a name."""
    return target.server_name or (None if is_ipv4(target.host) else target.host)


def details_of(
    server_name: str | None, local_port: int | None, first: Handshake, second: Handshake | None
) -> TlsDetails:
    """What both handshakes taught: facts of the second where the first did not come to agree on a cipher."""
    told = second if second is not None and _teaches_more(second, first) else first
    asked = second if second is not None and _knows_more_of_asking(second, first) else first
    return TlsDetails(
        server_name=server_name,
        local_port=local_port,
        offer=told.offer,
        kms_handshake_succeeded=first.failure is None,
        version=told.version,
        cipher=told.cipher,
        chain=tuple(read_certificate(der, position) for position, der in enumerate(told.chain)),
        client_certificate_requested=asked.client_certificate_requested,
        answered_without_client_certificate=asked.answered_without_client_certificate,
        alert=asked.alert,
        kms_certificate_requested=first.client_certificate_requested,
    )


async def _shake_hands(exchange: Exchange, connection: TcpConnection, offer: ClientHelloProfile) -> Handshake:
    try:
        return await exchange.network.handshake(
            connection, server_name_of(exchange.target), offer, timeout_s=exchange.remaining_s()
        )
    finally:
        connection.close()


def _note(exchange: Exchange, first: Handshake) -> None:
    exchange.failure = first.failure
    if first.wait_s is not None:
        exchange.phases_s[Phase.HANDSHAKE] = first.wait_s
        exchange.timestamps = first.timestamps


async def _diagnose(exchange: Exchange, address: str) -> Handshake | None:
    """A second connection within what is left of the time; None if that could not be had."""
    try:
        connection = await exchange.network.connect(
            address, exchange.target.port, timeout_s=exchange.remaining_s()
        )
    except ExchangeFailed:
        return None
    return await _shake_hands(exchange, connection, ClientHelloProfile.DIAGNOSING)


def _teaches_more(second: Handshake, first: Handshake) -> bool:
    if second.failure is None:
        return True
    return (bool(second.chain), second.cipher is not None) > (bool(first.chain), first.cipher is not None)


def _knows_more_of_asking(second: Handshake, first: Handshake) -> bool:
    """An alert says something of a request for a certificate only within one handshake."""
    return not first.client_certificate_requested and second.client_certificate_requested is not None
