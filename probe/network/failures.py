"""Converts network errors into failures: a table from errno to Reason, and a context manager that uses it."""

import errno
import os
from types import TracebackType

from probe.model.measurements import Failure, Phase, Reason

_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.EPIPE: Reason.CLOSED,
    errno.ETIMEDOUT: Reason.TIMED_OUT,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.ENONET: Reason.UNREACHABLE,
    errno.EINVAL: Reason.UNREACHABLE,  # no route from this source address (127.0.0.1 to outside)
    errno.ENOPROTOOPT: Reason.REFUSED,  # ICMP "protocol unreachable", icmp_err_convert in net/ipv4/icmp.c
    errno.EOPNOTSUPP: Reason.UNREACHABLE,  # ICMP "source route failed", same table
    errno.EPROTO: Reason.PROTOCOL_ERROR,  # ICMP "parameter problem", same table
    errno.EMSGSIZE: Reason.PACKET_TOO_BIG,
    errno.EPERM: Reason.NOT_PERMITTED,  # the local firewall, on sending
    errno.EACCES: Reason.NOT_PERMITTED,  # a "prohibit" route, or a broadcast address
    errno.EADDRNOTAVAIL: Reason.NOT_PERMITTED,  # the source address is not one of this machine
    errno.EMFILE: Reason.OVER_LIMIT,
    errno.ENFILE: Reason.OVER_LIMIT,
    errno.ENOBUFS: Reason.OVER_LIMIT,
    errno.ENOMEM: Reason.OVER_LIMIT,
    errno.EAGAIN: Reason.OVER_LIMIT,
}


class ExchangeFailed(Exception):  # noqa: N818 (a network failure is not a program error)
    """A network failure. Any other exception is a bug in xks-probe."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.phase}: {failure.reason}: {failure.detail}")
        self.failure = failure


def fail(phase: Phase, reason: Reason, detail: str = "") -> ExchangeFailed:
    return ExchangeFailed(Failure(phase=phase, reason=reason, detail=detail))


def reason_of(error: OSError) -> Reason | None:
    """The reason for a system error; None for an error that only a bug in xks-probe can cause.

    >>> reason_of(ConnectionRefusedError(111, "Connection refused"))
    <Reason.REFUSED: 'refused'>
    """
    if isinstance(error, TimeoutError):  # asyncio's has no errno
        return Reason.TIMED_OUT
    return _BY_ERRNO.get(error.errno or 0)


class failing:  # noqa: N801 (used like a function)
    """Converts network errors and the timeout inside an ``async with`` into `ExchangeFailed` of ``phase``.

    A class, because an asynccontextmanager costs several times as much, and an exchange has some of them.
    """

    __slots__ = ("_phase", "_timeout")

    def __init__(self, phase: Phase, timeout_s: float) -> None:
        import asyncio  # imported here, because `ping` uses this module without an event loop

        self._phase = phase
        self._timeout = asyncio.timeout(timeout_s)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as timed_out:
            raise fail(self._phase, Reason.TIMED_OUT) from timed_out
        if isinstance(error, OSError):
            raise_failure(self._phase, error)


def raise_failure(phase: Phase, error: OSError) -> None:
    """Raises `ExchangeFailed` for a network error; returns if only a bug in xks-probe can cause it."""
    reason = reason_of(error)
    if reason is not None:
        detail = os.strerror(error.errno) if error.errno else ""
        raise fail(phase, reason, detail) from error
