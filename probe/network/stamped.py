"""A connected TCP or UDP socket whose sends and receives the kernel stamps, one exchange at a time."""

import asyncio
import errno
import os
import socket

from probe.network import kernel
from probe.network.clock import Bracket, Clock, Moment, Timing

READ_BYTES = 65536


class StampedSocket:
    """Bytes out, bytes in, and the time between the last of each.

    Takes over a *connected* socket: before, TCP refuses identifiers of stamps. The stamp is that of the last
    byte sent; a message of one segment, as a ClientHello is, has but one. Raises OSError for a connection
    that has ended already.
    """

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._is_stream = sock.type is socket.SOCK_STREAM
        self._last_key = -1
        self._sent_ns: int | None = None
        self._received_ns: int | None = None
        self._opened = self._closed = Moment.now(clock)
        _switch_stamps_on(sock)

    async def send(self, data: bytes) -> None:
        """Starts an exchange: forgets the stamps of the last one."""
        self._drain_stamps()
        self._sent_ns = self._received_ns = None
        # The kernel counts bytes of a stream from 0 and names a stamp by its last byte; datagrams by number.
        self._last_key += len(data) if self._is_stream else 1
        self._opened = Moment.now(self._clock)
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """What has come, at least a byte; empty at the end of a stream. Raises OSError as `recv` does."""
        while True:
            self._drain_stamps()
            try:
                data, items, _flags, _address = self._sock.recvmsg(READ_BYTES, kernel.ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                await self._readable()
                continue
            if data or not self._is_stream:
                self._closed = Moment.now(self._clock)
                self._received_ns = kernel.read_ancillary(items).stamp_ns
            return data

    def timing(self) -> Timing:
        """From the last byte of the last send to the last byte received since."""
        self._drain_stamps()
        bracket = Bracket(opened=self._opened, closed=self._closed)
        return bracket.timing(self._sent_ns, self._received_ns)

    def data_segments_in(self) -> int | None:
        """Segments with data that a TCP connection has received until now (`tcpi_data_segs_in`)."""
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, kernel.TCP_INFO_BYTES)
        read = kernel.read_tcp_info(info)
        return read.data_segments_in if read else None

    def _drain_stamps(self) -> None:
        # A pending error queue makes the socket readable, so it is emptied before each wait. It is bounded by
        # the socket's receive buffer, and nothing is added while nothing is sent.
        while True:
            try:
                _data, items, _flags, _address = self._sock.recvmsg(
                    0, kernel.ANCILLARY_BYTES, kernel.MSG_ERRQUEUE
                )
            except OSError:  # empty; an error of the connection itself is met again by the next receive
                return
            ancillary = kernel.read_ancillary(items)
            error = ancillary.error
            # A retransmission is stamped again under the same key: the first stamp counts.
            if error and error.is_transmit_stamp and error.data == self._last_key and self._sent_ns is None:
                self._sent_ns = ancillary.stamp_ns

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._sock, _resolve, waiter)
        try:
            await waiter
        finally:
            loop.remove_reader(self._sock)


def _switch_stamps_on(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_ID)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A TCP socket that is closed by now (sock_set_timestamping in net/core/sock.c): why, it says once.
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or errno.EPIPE
        raise OSError(number, os.strerror(number)) from error


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
