"""Conversion of errno to Reason, and timeouts."""

import asyncio
import errno
from typing import Any, Never

import pytest

from probe.model.measurements import Phase, Reason
from probe.network.failures import ExchangeFailed, failing, reason_of


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.RESET),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.ETIMEDOUT, Reason.TIMED_OUT),
        (errno.EPERM, Reason.NOT_PERMITTED),
        (errno.EMSGSIZE, Reason.PACKET_TOO_BIG),
        (errno.EMFILE, Reason.OVER_LIMIT),
        (errno.ENFILE, Reason.OVER_LIMIT),
        (errno.ENOBUFS, Reason.OVER_LIMIT),
        (errno.ENOMEM, Reason.OVER_LIMIT),
        (errno.EBADF, None),
    ],
)
async def test_an_errno_becomes_a_reason_or_is_raised_as_a_bug(number: int, reason: Any) -> Never:
    assert reason_of(OSError(number, "x")) == reason
    with pytest.raises(OSError if reason is None else ExchangeFailed) as caught:
        async with failing(Phase.CONNECT, 1.0):
            raise OSError(number, "x")
    if reason is not None:
        assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.CONNECT, reason)


async def test_a_wait_beyond_its_timeout_times_out_in_its_phase() -> None:
    with pytest.raises(ExchangeFailed) as caught:
        async with failing(Phase.HANDSHAKE, 0):
            await asyncio.Event().wait()
    assert caught.value.failure.phase is Phase.HANDSHAKE
    assert caught.value.failure.reason is Reason.TIMED_OUT
