"""The accuracy rows of TLS handshakes and HTTP requests: ours alone, idle, busy, and busy inside."""

from collections.abc import Iterator
from pathlib import Path

from bench import readings
from bench.capture import Capture
from bench.lab import Lab, addresses
from bench.packets import Exchange, exchanges, segments
from bench.readings import Errors
from bench.runs import BUSY, IDLE, THREADED, Load, Run, measured, own_module
from bench.servers import HTTP_PORT, TLS_PORT, serving
from bench.tables import OWN, Row

CONNECTIONS = 200  # each to an address of its own: the kernel soon gives the same local port again


def rows(lab: Lab, keep: Path) -> Iterator[Row]:
    with serving(lab, keep):
        for load in (IDLE, BUSY, THREADED):
            for run in _runs(load):
                yield measured(lab, keep, run, load)


def _runs(load: Load) -> Iterator[Run]:
    common = [*addresses(CONNECTIONS), "--count", str(CONNECTIONS), "--busy-threads", str(load.threads)]
    over_tls, plain = ["--port", str(TLS_PORT)], ["--port", str(HTTP_PORT)]
    yield Run(tool=OWN, method="tls", argv=own_module("handshakes", *common, *over_tls), read=_handshakes)
    yield Run(tool=OWN, method="http", argv=own_module("requests", *common, *plain), read=_plain)
    tls = own_module("requests", *common, *over_tls, "--tls")
    yield Run(tool=OWN, method="http over tls", argv=tls, read=_over_tls)


def _handshakes(text: str, taken: Capture) -> Errors:
    """ClientHello to the end of the server's flight: the first turn."""
    return _turns(text, taken, 0, _to_last)


def _plain(text: str, taken: Capture) -> Errors:
    return _turns(text, taken, 0, _to_first)


def _over_tls(text: str, taken: Capture) -> Errors:
    """The request follows the client's last flight, which has no answer of its own: the second turn."""
    return _turns(text, taken, 1, _to_first)


def _turns(text: str, taken: Capture, number: int, true_ns: readings.Duration) -> Errors:
    return readings.own_turns(text.splitlines(), exchanges(segments(taken.frames)), number, true_ns)


def _to_last(turn: Exchange) -> int:
    return turn.last_ns - turn.asked_ns


def _to_first(turn: Exchange) -> int:
    return turn.first_ns - turn.asked_ns
