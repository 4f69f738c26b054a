"""Linux constants that Python 3.11 lacks, and decoding of `recvmsg`'s ancillary data.

The values are from include/uapi/asm-generic/socket.h, linux/net_tstamp.h, linux/errqueue.h, linux/in.h and
linux/tcp.h. They are the same on x86-64 and arm64, the supported architectures.
"""

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33  # may exceed net.core.rmem_max; needs CAP_NET_ADMIN
SO_TIMESTAMPING = 37  # also SCM_TIMESTAMPING
SCM_TS_OPT_ID = 81  # Linux >= 6.13: the caller sets the identifier of a transmit timestamp

SO_MEMINFO = 55  # sizes of a socket's queues, and its drops

IP_MTU_DISCOVER = 10
IP_PMTUDISC_PROBE = 3  # always sets "don't fragment", and ignores the cached path MTU
IP_RECVERR = 11
MSG_ERRQUEUE = 0x2000

SOF_TX_SOFTWARE = 1 << 1
SOF_RX_SOFTWARE = 1 << 3
SOF_SOFTWARE = 1 << 4
SOF_OPT_ID = 1 << 7
SOF_OPT_CMSG = 1 << 10
SOF_OPT_TSONLY = 1 << 11

# Transmit and receive timestamps, each transmit timestamp with an identifier and without a copy of the
# packet.
STAMPS_BY_ID = SOF_TX_SOFTWARE | SOF_RX_SOFTWARE | SOF_SOFTWARE | SOF_OPT_ID | SOF_OPT_CMSG | SOF_OPT_TSONLY
# With a copy of the packet, to match it where the identifier can't be set (Linux < 6.13).
STAMPS_BY_PACKET = STAMPS_BY_ID & ~SOF_OPT_TSONLY

SO_EE_ORIGIN_ICMP = 2
SO_EE_ORIGIN_TIMESTAMPING = 4
SCM_TSTAMP_SND = 0

# struct tcp_info, linux/tcp.h; new fields are only appended.
TCP_INFO_BYTES = 256
_TCPI_RTT = 68
_TCPI_TOTAL_RETRANS = 100
_TCPI_DATA_SEGS_IN = 152

# A timestamp and an extended error with its offender address take 112 bytes, including headers.
ANCILLARY_BYTES = 512

_TIMESPEC = struct.Struct("=qq")
_U32 = struct.Struct("=I")
_MEMINFO = struct.Struct("=9I")  # linux/sock_diag.h
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedError:
    """`struct sock_extended_err`: an ICMP error, or the identifier of a transmit timestamp."""

    errno: int
    origin: int
    kind: int
    code: int
    info: int
    data: int

    @property
    def is_transmit_stamp(self) -> bool:
        return self.origin == SO_EE_ORIGIN_TIMESTAMPING and self.info == SCM_TSTAMP_SND


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancillary:
    """The ancillary data of a packet. ``stamp_ns`` is its timestamp (Unix time), None if there is none."""

    stamp_ns: int | None = None
    error: ExtendedError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    rtt_us: int
    total_retransmits: int
    data_segments_in: int | None


def read_ancillary(items: Iterable[tuple[int, int, bytes]]) -> Ancillary:
    """The supported parts of `recvmsg`'s ancillary data; truncated and unknown parts are left out."""
    stamp_ns: int | None = None
    error: ExtendedError | None = None
    for level, kind, data in items:
        match level, kind:
            case socket.SOL_SOCKET, 37:
                stamp_ns = read_stamp(data)
            case socket.IPPROTO_IP, 11:
                error = read_extended_error(data)
    return Ancillary(stamp_ns=stamp_ns, error=error)


def read_stamp(data: bytes) -> int | None:
    """The software timestamp (the first of three timespecs) as Unix time in nanoseconds.

    >>> read_stamp(bytes(48)) is None
    True
    """
    if len(data) < _TIMESPEC.size:
        return None
    seconds, nanoseconds = _TIMESPEC.unpack_from(data)
    if seconds <= 0 or not 0 <= nanoseconds < _NS_PER_S:
        return None
    return int(seconds * _NS_PER_S + nanoseconds)


def read_extended_error(data: bytes) -> ExtendedError | None:
    if len(data) < _EXTENDED_ERROR.size:
        return None
    errno, origin, kind, code, _pad, info, more = _EXTENDED_ERROR.unpack_from(data)
    return ExtendedError(errno=errno, origin=origin, kind=kind, code=code, info=info, data=more)


def read_tcp_info(data: bytes) -> TcpInfo | None:
    """`struct tcp_info`, or None if it is shorter than on any Linux."""
    if len(data) < _TCPI_TOTAL_RETRANS + _U32.size:
        return None
    segments: int | None = None
    if len(data) >= _TCPI_DATA_SEGS_IN + _U32.size:
        segments = _U32.unpack_from(data, _TCPI_DATA_SEGS_IN)[0]
    return TcpInfo(
        rtt_us=_U32.unpack_from(data, _TCPI_RTT)[0],
        total_retransmits=_U32.unpack_from(data, _TCPI_TOTAL_RETRANS)[0],
        data_segments_in=segments,
    )


def drops(sock: socket.socket) -> int:
    """Packets dropped because the receive queue was full, since the socket was created (SK_MEMINFO_DROPS).

    SO_RXQ_OVFL would report the same counter, but only with the next received packet.
    """
    data = sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size)
    return int(_MEMINFO.unpack(data)[-1]) if len(data) == _MEMINFO.size else 0
