"""The accuracy rows of pings and TCP connects: each tool against a capture, idle and under load."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from bench import peers, readings
from bench.capture import Capture
from bench.lab import TCP_PORT, Lab, addresses
from bench.packets import connects, echoes, segments
from bench.readings import Errors, Stamps
from bench.runs import BUSY, IDLE, Load, Run, captured, measured, own_module, own_ping
from bench.tables import OWN, Row, StampRow

TARGETS, EACH = 50, 20
_PACED = ("-n", str(EACH), "-i", "0.05")


def rows(lab: Lab, keep: Path) -> Iterator[Row]:
    """Run all tools under each load; captures and outputs are written to ``keep``."""
    for load in (IDLE, BUSY):
        for run in _runs():
            yield measured(lab, keep, run, load)
        raw = Run(tool=OWN, method="icmp, raw", argv=own_ping(*addresses(TARGETS), *_PACED), read=_own_echoes)
        with lab.datagram_pings_forbidden() as forbidden:
            if forbidden:
                yield measured(lab, keep, raw, load)
        yield from peers.rows(lab, keep, load, addresses(TARGETS))


def stamps(lab: Lab, keep: Path) -> Iterator[StampRow]:
    """The engine's timestamps compared with the capture's, on both kinds of socket."""
    argv = own_module("stamps", *addresses(TARGETS), *_PACED)
    for load in (IDLE, BUSY):
        yield _stamps(lab, keep, argv, ("datagram", load))
    with lab.datagram_pings_forbidden() as forbidden:
        if forbidden:
            yield _stamps(lab, keep, argv, ("raw", IDLE))


def _stamps(lab: Lab, keep: Path, argv: list[str], what: tuple[str, Load]) -> StampRow:
    mode, load = what
    found, _ = captured(lab, keep, (f"stamps-{mode}", argv, load), _read_stamps)
    actual_mode, compared = found
    if actual_mode != mode:
        raise RuntimeError(f"the engine uses {actual_mode} sockets instead of {mode} ones")
    return StampRow(mode=mode, load=load.name, found=compared)


def _runs() -> Iterator[Run]:
    """The runs of xks-probe, and of the other tools that print each ping."""
    hosts = addresses(TARGETS)
    yield Run(tool=OWN, method="icmp", argv=own_ping(*hosts, *_PACED), read=_own_echoes)
    tcp = own_ping(*hosts, *_PACED, "--method", "tcp", "--port", str(TCP_PORT))
    yield Run(tool=OWN, method="tcp", argv=tcp, read=_own_connects)
    if shutil.which("fping"):
        argv = ["fping", "-C", str(EACH), "-D", "-i", "1", "-p", "50", *hosts]
        yield Run(tool="fping", method="icmp", argv=argv, read=_fping)
    if shutil.which("ping"):
        argv = ["ping", "-D", "-c", str(TARGETS * EACH), "-i", "0.002", hosts[0]]
        yield Run(tool="ping (iputils)", method="icmp", argv=argv, read=_iputils)


def _own_echoes(text: str, capture: Capture) -> Errors:
    return readings.own_echoes(text.splitlines(), echoes(capture.frames))


def _own_connects(text: str, capture: Capture) -> Errors:
    return readings.own_connects(text.splitlines(), connects(segments(capture.frames)))


def _read_stamps(text: str, capture: Capture) -> tuple[str, Stamps]:
    first, *lines = text.splitlines()
    return readings.engine_mode(first), readings.stamps(lines, echoes(capture.frames))


def _fping(text: str, capture: Capture) -> Errors:
    return readings.fping(text, echoes(capture.frames))


def _iputils(text: str, capture: Capture) -> Errors:
    return readings.iputils(text, echoes(capture.frames))
