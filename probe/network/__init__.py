"""All probing sockets and all clocks.

Network durations use kernel timestamps if possible, and record the source of their timestamps. Each method of
`Network` has a deadline and raises `ExchangeFailed` for a network failure, except that a handshake returns
its failure, because a failed handshake still provides facts. May import `wire` and `model`; contains no
schedule. A new protocol is a file here and a method of `Network`; its bytes are decoded in `wire`.

Methods import asyncio, OpenSSL and dnspython only when needed, because loading each takes longer than a ping.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from probe.model.measurements import ClientHelloProfile
from probe.model.targets import Question
from probe.network.clock import SYSTEM_CLOCK, Clock
from probe.network.echo import DEFAULT_PAYLOAD_BYTES, EchoEngine
from probe.network.failures import ExchangeFailed
from probe.network.stamping import StampsKept
from probe.wire.hostport import is_ipv4

if TYPE_CHECKING:
    from probe.network.dns import DnsResponse
    from probe.network.http import HttpConnection
    from probe.network.large_client_hello import LargeHandshake
    from probe.network.resolve import ResolvConf
    from probe.network.tcp import TcpConnection
    from probe.network.tls import Handshake

__all__ = ["DnsResponse", "EchoEngine", "ExchangeFailed", "Handshake", "Network", "TcpConnection"]

DEFAULT_TIMEOUT_S = 5.0
DNS_PORT = 53  # RFC 1035, section 4.2


def __getattr__(name: str) -> Any:
    """Types whose modules are loaded only when needed."""
    match name:
        case "TcpConnection":
            from probe.network.tcp import TcpConnection

            return TcpConnection
        case "DnsResponse":
            from probe.network.dns import DnsResponse

            return DnsResponse
        case "Handshake":
            from probe.network.tls import Handshake

            return Handshake
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Network:
    """Network access for probes.

    ``resolvers`` are IPv4 addresses of name servers, by default the system's; ``source`` is a local address
    to send from.
    """

    def __init__(
        self,
        resolvers: Sequence[str] = (),
        source: str | None = None,
        hosts_file: str = "/etc/hosts",
        *,
        resolv_conf: str = "/etc/resolv.conf",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.clock = clock
        self.source = source
        self._resolvers = tuple(resolvers)
        self._hosts_file = hosts_file
        self._resolv_conf = resolv_conf
        self._stamps = StampsKept()

    async def resolve(self, host: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """An IPv4 address unchanged; else from the hosts file; else by DNS. The files are read each time."""
        if is_ipv4(host):
            return host
        from probe.network.resolve import read_file, read_hosts, resolve_by_dns

        known = read_hosts(read_file(self._hosts_file), host)
        if known is not None:
            return known
        return await resolve_by_dns(host, self._servers(), self._ask, clock=self.clock, timeout_s=timeout_s)

    async def connect(
        self, address: str, port: int, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> "TcpConnection":
        """The caller must close the connection."""
        from probe.network import tcp

        return await tcp.connect(address, port, source=self.source, timeout_s=timeout_s)

    async def handshake(
        self,
        connection: "TcpConnection",
        server_name: str | None,
        offer: ClientHelloProfile = ClientHelloProfile.KMS,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> "Handshake":
        from probe.network import tls

        return await tls.handshake(connection, server_name, offer, clock=self.clock, timeout_s=timeout_s)

    async def large_handshake(
        self,
        connection: "TcpConnection",
        server_name: str | None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> "LargeHandshake":
        """A handshake with a ClientHello of two TCP segments. Like `handshake`, it returns its failure."""
        from probe.network.large_client_hello import large_handshake

        return await large_handshake(connection, server_name, clock=self.clock, timeout_s=timeout_s)

    async def tls_channel(
        self,
        connection: "TcpConnection",
        server_name: str | None,
        offer: ClientHelloProfile = ClientHelloProfile.KMS,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> "tuple[Handshake, HttpConnection | None]":
        """Like `handshake`, plus a connection for requests over TLS; None after a failed handshake."""
        from probe.network import tls
        from probe.network.http import HttpConnection

        shaken, channel = await tls.channel(
            connection, server_name, offer, clock=self.clock, timeout_s=timeout_s
        )
        return shaken, HttpConnection(channel, self.clock) if channel else None

    def plain_channel(self, connection: "TcpConnection") -> "HttpConnection":
        """A connection for requests without TLS. Raises OSError if the TCP connection has already ended."""
        from probe.network.http import HttpConnection, PlainChannel
        from probe.network.stamped import StampedSocket

        if connection.sock is None:
            raise ValueError("a channel needs a connection with a socket")
        return HttpConnection(PlainChannel(stamped=StampedSocket(connection.sock, self.clock)), self.clock)

    async def query(
        self,
        server: str,
        question: Question,
        *,
        port: int = DNS_PORT,
        view: str = "resolver",
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> "DnsResponse":
        """Raises ValueError if the name or type in ``question`` is invalid."""
        from probe.network import dns

        inquiry = dns.Inquiry(server=server, question=question, port=port, view=view, source=self.source)
        return await dns.ask(inquiry, clock=self.clock, timeout_s=timeout_s)

    def echoes(
        self, addresses: Sequence[str], *, timeout_s: float, payload_bytes: int = DEFAULT_PAYLOAD_BYTES
    ) -> EchoEngine:
        """An engine with this object's source address and clock; the caller must close it."""
        return EchoEngine(addresses, self.source, payload_bytes, timeout_s, clock=self.clock)

    def close(self) -> None:
        self._stamps.close()

    def _servers(self) -> "ResolvConf":
        from probe.network.resolve import ResolvConf, read_file, read_resolv_conf

        if self._resolvers:
            return ResolvConf(servers=self._resolvers)
        return read_resolv_conf(read_file(self._resolv_conf))

    async def _ask(self, server: str, question: Question, timeout_s: float) -> "DnsResponse":
        return await self.query(server, question, timeout_s=timeout_s)
