"""Measures a TLS handshake with KMS's parameters; if it fails, a second one offers everything, for diagnosis.

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
    """The facts from both handshakes; those of the second if the first did not get as far."""
    main = second if second is not None and _has_more_facts(second, first) else first
    request = second if second is not None and _knows_more_about_request(second, first) else first
    return TlsDetails(
        server_name=server_name,
        local_port=local_port,
        offer=main.offer,
        kms_handshake_succeeded=first.failure is None,
        version=main.version,
        cipher=main.cipher,
        chain=tuple(read_certificate(der, position) for position, der in enumerate(main.chain)),
        client_certificate_requested=request.client_certificate_requested,
        answered_without_client_certificate=request.answered_without_client_certificate,
        alert=request.alert,
        kms_certificate_requested=first.client_certificate_requested,
        not_tls=first.not_tls,
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
    """A handshake on a second connection within the remaining time; None if the connect failed."""
    try:
        connection = await exchange.network.connect(
            address, exchange.target.port, timeout_s=exchange.remaining_s()
        )
    except ExchangeFailed:
        return None
    return await _shake_hands(exchange, connection, ClientHelloProfile.DIAGNOSING)


def _has_more_facts(second: Handshake, first: Handshake) -> bool:
    if second.failure is None:
        return True
    return (bool(second.chain), second.cipher is not None) > (bool(first.chain), first.cipher is not None)


def _knows_more_about_request(second: Handshake, first: Handshake) -> bool:
    """Facts about the certificate request must all come from one handshake, so that an alert refers to it."""
    return not first.client_certificate_requested and second.client_certificate_requested is not None
