"""The accuracy rows of TLS handshakes and HTTP requests: only xks-probe, idle and under two kinds of load."""

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

CONNECTIONS = 200  # each to a different address, because the kernel soon reuses local ports


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


def _handshakes(text: str, captured: Capture) -> Errors:
    """From the ClientHello to the end of the server's flight: the first exchange."""
    return _errors(text, captured, 0, _to_last)


def _plain(text: str, captured: Capture) -> Errors:
    return _errors(text, captured, 0, _to_first)


def _over_tls(text: str, captured: Capture) -> Errors:
    """The second exchange: the request follows the client's last flight, which has no response of its own."""
    return _errors(text, captured, 1, _to_first)


def _errors(text: str, captured: Capture, number: int, reference_ns: readings.Duration) -> Errors:
    return readings.own_exchanges(
        text.splitlines(), exchanges(segments(captured.frames)), number, reference_ns
    )


def _to_last(exchange: Exchange) -> int:
    return exchange.last_ns - exchange.request_ns


def _to_first(exchange: Exchange) -> int:
    return exchange.first_ns - exchange.request_ns
