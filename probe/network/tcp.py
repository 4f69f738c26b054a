"""TCP connects. The round trip is the kernel's time from SYN to SYN-ACK, not the duration of `connect`."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field

from probe.model.measurements import Failure, Phase, Reason, Timestamps
from probe.network.failures import failing
from probe.network.kernel import TCP_INFO_BYTES, TcpInfo, read_tcp_info


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpConnection:
    """An open connection. ``sock`` is None only in fakes.

    If a packet of the TCP handshake was lost, ``rtt_s`` is None and ``failure`` is set: there is no sample,
    but the connection can be used.
    """

    address: str
    port: int
    local_port: int | None = None
    rtt_s: float | None = None
    retransmits: int = 0
    timestamps: Timestamps | None = None
    failure: Failure | None = None
    sock: socket.socket | None = field(default=None, repr=False)

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()


async def connect(address: str, port: int, *, source: str | None, timeout_s: float) -> TcpConnection:
    """Raises `ExchangeFailed` in phase connect."""
    with contextlib.ExitStack() as opened:
        async with failing(Phase.CONNECT, timeout_s):
            sock = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source is not None:
                sock.bind((source, 0))
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
            # Read immediately, because later segments change the smoothed RTT.
            info = read_tcp_info(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES))
            local_port = sock.getsockname()[1]
        opened.pop_all()  # now owned by the connection
    return _connection(sock, (address, port), local_port, info)


def _connection(
    sock: socket.socket, peer: tuple[str, int], local_port: int, info: TcpInfo | None
) -> TcpConnection:
    failure = failure_of(info)
    return TcpConnection(
        address=peer[0],
        port=peer[1],
        local_port=local_port,
        rtt_s=info.rtt_us / 1e6 if info and not failure else None,
        retransmits=info.total_retransmits if info else 0,
        timestamps=None if failure else Timestamps.KERNEL,
        failure=failure,
        sock=sock,
    )


def failure_of(info: TcpInfo | None) -> Failure | None:
    """After a retransmitted SYN, the kernel has no valid RTT: it reports 0 or an initial guess."""
    if info is not None and info.rtt_us > 0 and info.total_retransmits == 0:
        return None
    count = info.total_retransmits if info else 0
    detail = f"SYN or SYN-ACK lost, {count} retransmits" if count else "the kernel measured no RTT"
    return Failure(phase=Phase.CONNECT, reason=Reason.PACKET_LOST, detail=detail)
