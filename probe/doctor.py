"""Finds out what this machine allows, such as pings and kernel timestamps; advises what to change."""

import ctypes
import os
import time
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from probe import aws
from probe.model.measurements import EchoOutcome, Timestamps
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine

LOOPBACK = "127.0.0.1"
TIME_ERROR = 5  # adjtimex(2): return value when the clock is not synchronised
ECHO_BYTES = 1024  # of the receive buffer for one small reply, including the kernel's overhead


class State(StrEnum):
    GOOD = "good"
    LIMITED = "limited"  # it works, with a restriction
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One capability: what was found, and what to do about it ("" if nothing)."""

    subject: str
    state: State
    seen: str
    remedy: str = ""


def examine() -> tuple[Finding, ...]:
    """The machine itself, then AWS. Blocks for a few seconds at most."""
    return (*_echo(), _clock(), _identity())


def _echo() -> tuple[Finding, ...]:
    with closing(EchoEngine((LOOPBACK,), timeout_s=1.0)) as engine:
        if engine.mode is None:
            missing = Finding(
                subject="ICMP echo", state=State.MISSING, seen="not permitted", remedy=engine.why
            )
            return (
                missing,
                Finding(subject="timestamps", state=State.UNKNOWN, seen="no echo could be sent"),
            )
        mode = Finding(subject="ICMP echo", state=State.GOOD, seen=f"{engine.mode} socket")
        return (mode, _stamps(_loopback_stamp(engine)), _buffer(engine.receive_buffer_bytes))


def _loopback_stamp(engine: EchoEngine) -> Timestamps | None:
    """Who timestamped one echo to this machine itself; None if it was not answered within a second."""
    engine.send([0])
    deadline_ns = SYSTEM_CLOCK.monotonic_ns() + 1_500_000_000
    while SYSTEM_CLOCK.monotonic_ns() < deadline_ns:
        time.sleep(0.002)
        batch = engine.drain()
        for outcome, stamp in zip(batch.outcomes, batch.stamps, strict=True):
            return stamp if outcome is EchoOutcome.ANSWERED else None
    return None


def _stamps(stamp: Timestamps | None) -> Finding:
    subject = "timestamps"
    match stamp:
        case Timestamps.KERNEL:
            return Finding(
                subject=subject, state=State.GOOD, seen="by the kernel, for sent and received packets"
            )
        case Timestamps.KERNEL_RX:
            remedy = "sandboxed kernels (gVisor) lack SO_TIMESTAMPING; run on the host's kernel"
            return Finding(
                subject=subject,
                state=State.LIMITED,
                seen="by the kernel, for received packets only",
                remedy=remedy,
            )
        case Timestamps.USER:
            remedy = "this kernel has no packet timestamps; round trips include the delays of this program"
            return Finding(subject=subject, state=State.LIMITED, seen="by this program only", remedy=remedy)
        case _:
            remedy = "the loopback interface is down, or a firewall drops ICMP on it: ip link set lo up"
            return Finding(
                subject=subject, state=State.UNKNOWN, seen="127.0.0.1 did not answer", remedy=remedy
            )


def _buffer(size_bytes: int) -> Finding:
    replies = size_bytes // ECHO_BYTES
    seen = f"{size_bytes:,} bytes: room for about {replies:,} echo replies"
    if replies >= 1000:  # noqa: PLR2004 - a thousand targets that answer at the same time
        return Finding(subject="receive buffer", state=State.GOOD, seen=seen)
    remedy = "for thousands of targets: sysctl -w net.core.rmem_max=8388608"
    return Finding(subject="receive buffer", state=State.LIMITED, seen=seen, remedy=remedy)


def _clock() -> Finding:
    """Ask the kernel whether its clock is synchronised (adjtimex(2) with no modes: a read)."""
    subject = "clock"
    buffer = (ctypes.c_char * 512)()  # struct timex is 208 bytes on 64 bit; modes = 0 at its start
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(buffer))
    except (OSError, AttributeError):
        return Finding(subject=subject, state=State.UNKNOWN, seen="adjtimex is not available")
    if state < 0:
        return Finding(subject=subject, state=State.UNKNOWN, seen=os.strerror(ctypes.get_errno()))
    if state == TIME_ERROR:
        remedy = (
            "start chronyd or systemd-timesyncd; SigV4 tolerates 300 s; "
            "round-trip measurement is not affected"
        )
        return Finding(subject=subject, state=State.LIMITED, seen="not synchronised", remedy=remedy)
    return Finding(subject=subject, state=State.GOOD, seen="synchronised")


def _identity() -> Finding:
    subject = "AWS identity"
    match aws.caller_identity():
        case aws.Identity(arn=arn):
            return Finding(subject=subject, state=State.GOOD, seen=arn)
        case aws.Unavailable(call=call, because=because):
            remedy = "only needed to audit the AWS side; give the instance a role with read-only permissions"
            return Finding(subject=subject, state=State.UNKNOWN, seen=f"{call}: {because}", remedy=remedy)
