"""CPU per TLS probe: the running agent and blackbox_exporter, at the same time, against the same servers.

Both do a full handshake with each target every 5 s and validate the certificate path. The agent also
evaluates the requirements and is scraped like by Prometheus; each scrape of blackbox_exporter is one probe.
Needs root or user namespaces. Prints Markdown.

python -m bench.tls_cost [--windows 5] [--seconds 30] [--targets 200] [--keep DIRECTORY]
"""

import argparse
import http.client
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.lab import Lab, addresses, lab
from bench.scale import PORT, SCRAPE_INTERVAL_S, await_page, cpu_s, scrape, total
from bench.servers import CHAIN_PORT, SERVER_NAME, serving_chain
from simulator import capability

BLACKBOX = "prometheus-blackbox-exporter"
TARGETS, INTERVAL_S = 200, 5.0
WINDOWS, WINDOW_S = 5, 30.0
WARM_UP_S = 25.0  # the first round, the first reports, and all caches of both
_BLACKBOX_PORT = 9116
_SCRAPERS = 8
_OK = re.compile(rb"^probe_success 1$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """User and system time of one process in a part of the run, and its handshakes, ``failed`` ones too."""

    cpu_s: float
    handshakes: int
    failed: int

    def since(self, before: "Window") -> "Window":
        return Window(
            cpu_s=self.cpu_s - before.cpu_s,
            handshakes=self.handshakes - before.handshakes,
            failed=self.failed - before.failed,
        )

    @property
    def each_us(self) -> float:
        return self.cpu_s / self.handshakes * 1e6 if self.handshakes else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCost:
    """The same windows of both processes; ``is_path_met`` is whether the agent judged all paths as valid."""

    targets: int
    window_s: float
    own: Sequence[Window]
    peer: Sequence[Window]
    is_path_met: bool

    @property
    def ratio(self) -> float:
        """The agent's CPU per handshake, relative to that of blackbox_exporter, over all windows."""
        return _each_us(self.own) / _each_us(self.peer)


def _each_us(windows: Sequence[Window]) -> float:
    return sum(each.cpu_s for each in windows) / sum(each.handshakes for each in windows) * 1e6


def configuration(targets: int, root: Path) -> str:
    """YAML with that many nodes of a load balancer, each with a TLS probe every 5 s."""
    nodes = "".join(
        f"  - {{name: node-{number}, address: {address}, port: {CHAIN_PORT}, checks: [tls]}}\n"
        for number, address in enumerate(addresses(targets))
    )
    return (
        f"intervals: {{tls: {INTERVAL_S:g}s}}\nlisten: 127.0.0.1:{PORT}\nextra_authorities: [{root}]\n"
        f"proxy: {{private_dns_name: {SERVER_NAME}}}\nnodes:\n{nodes}"
    )


def blackbox_configuration(root: Path) -> str:
    """YAML with one module: TCP with TLS, certificate path and name verified."""
    return (
        "modules:\n  tls:\n    prober: tcp\n    timeout: 5s\n    tcp:\n      preferred_ip_protocol: ip4\n"
        f"      tls: true\n      tls_config: {{ca_file: {root}, server_name: {SERVER_NAME}}}\n"
    )


def rows(cost: TlsCost) -> str:
    """Markdown: the cost of both per window, and the ratio with its limit."""
    each = zip(cost.own, cost.peer, strict=True)
    ratios = [own.each_us / peer.each_us for own, peer in each]
    tools = "".join(
        f"| {tool} | {sum(w.handshakes for w in windows)} | {sum(w.failed for w in windows)} "
        f"| {_each_us(windows):.0f} ({min(w.each_us for w in windows):.0f} to "
        f"{max(w.each_us for w in windows):.0f}) |\n"
        for tool, windows in (("xks-probe", cost.own), ("blackbox_exporter", cost.peer))
    )
    judged = "*met*" if cost.is_path_met else "not *met*: this run does not count"
    return (
        f"{cost.targets} targets every {INTERVAL_S:g} s, {len(cost.own)} windows of {cost.window_s:g} s:\n\n"
        "| tool | handshakes | failed | CPU per handshake, µs |\n| --- | ---: | ---: | ---: |\n"
        f"{tools}\n*CPU per handshake*: over all windows (minimum to maximum of a single window).\n\n"
        f"CPU per handshake, xks-probe / blackbox_exporter: {cost.ratio:.2f}, limit 1.00. In single windows: "
        f"{min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.2f}. "
        f"The requirement on the certificate path was {judged}.\n"
    )


class Blackbox:
    """Probes every target through blackbox_exporter at its interval, like Prometheus, and counts."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = hosts
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._counts = (0, 0)

    @property
    def counts(self) -> tuple[int, int]:
        """All probes so far, and how many of them failed."""
        with self._lock:
            return self._counts

    @contextmanager
    def probing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._scrape, args=(number,)) for number in range(_SCRAPERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _scrape(self, number: int) -> None:
        """Every eighth target, evenly spaced. One connection without compression is the least work for it."""
        connection = http.client.HTTPConnection("127.0.0.1", _BLACKBOX_PORT, timeout=10)
        mine = range(number, len(self._hosts), _SCRAPERS)
        step_s = INTERVAL_S / len(self._hosts)
        begin_s, cycle = time.monotonic(), 0
        while True:
            for index in mine:
                due_s = begin_s + cycle * INTERVAL_S + index * step_s
                if self._ended.wait(max(0.0, due_s - time.monotonic())):
                    connection.close()
                    return
                connection.request("GET", f"/probe?module=tls&target={self._hosts[index]}:{CHAIN_PORT}")
                succeeded = _OK.search(connection.getresponse().read()) is not None
                with self._lock:
                    self._counts = (self._counts[0] + 1, self._counts[1] + (not succeeded))
            cycle += 1


def measure(made: Lab, keep: Path, targets: int, windows: int, window_s: float) -> TlsCost:
    """Run both at the same time. Raises OSError if one of them does not start."""
    root = keep / "tls-root.pem"
    with ExitStack() as stack:
        stack.enter_context(serving_chain(made, keep, root))
        own = stack.enter_context(_running(made, keep, "tls-agent", _own_command(keep, targets, root)))
        peer = stack.enter_context(_running(made, keep, "tls-blackbox", _peer_command(keep, root)))
        await_page(PORT)
        await_page(_BLACKBOX_PORT)
        blackbox = Blackbox(addresses(targets))
        stack.enter_context(blackbox.probing())
        _pause_with_scrapes(WARM_UP_S)
        readings = [_read(own.pid, peer.pid, blackbox)]
        for _ in range(windows):
            _pause_with_scrapes(window_s)
            readings.append(_read(own.pid, peer.pid, blackbox))
    (keep / "tls-agent.metrics").write_text(readings[-1].text)
    return TlsCost(
        targets=targets,
        window_s=window_s,
        own=[now.own.since(before.own) for before, now in pairwise(readings)],
        peer=[now.peer.since(before.peer) for before, now in pairwise(readings)],
        is_path_met=_is_path_met(readings[-1].text),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The counters of both at one time, and the agent's metrics."""

    own: Window
    peer: Window
    text: str


def _read(own: int, peer: int, blackbox: Blackbox) -> _Reading:
    text, _ = scrape()
    done, failed = blackbox.counts
    return _Reading(
        own=Window(
            cpu_s=cpu_s(own),
            handshakes=int(total(text, "xksprobe_probes_total")),
            failed=int(total(text, "xksprobe_probe_failures_total")),
        ),
        peer=Window(cpu_s=cpu_s(peer), handshakes=done, failed=failed),
        text=text,
    )


def _pause_with_scrapes(seconds: float) -> None:
    """Scrape the agent like Prometheus does; the scrape at the end is the caller's."""
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > SCRAPE_INTERVAL_S:
        time.sleep(SCRAPE_INTERVAL_S)
        scrape()
    time.sleep(max(0.0, left_s))


def _is_path_met(text: str) -> bool:
    outcomes = (line for line in text.splitlines() if line.startswith("xksprobe_requirement_outcome{"))
    path = [line for line in outcomes if 'requirement="certificate-path-validates"' in line]
    met = [line for line in path if 'outcome="met"' in line]
    return bool(met) and all(line.endswith(" 1.0") == (line in met) for line in path)


def _own_command(keep: Path, targets: int, root: Path) -> list[str]:
    file = keep / "tls-agent.yaml"
    file.write_text(configuration(targets, root))
    return [sys.executable, "-m", "probe", "run", "-c", str(file)]


def _peer_command(keep: Path, root: Path) -> list[str]:
    file = keep / "tls-blackbox.yaml"
    file.write_text(blackbox_configuration(root))
    return [BLACKBOX, f"--config.file={file}", f"--web.listen-address=127.0.0.1:{_BLACKBOX_PORT}"]


@contextmanager
def _running(made: Lab, keep: Path, name: str, argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (keep / f"{name}.log").open("wb") as log, made.popen(argv, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.terminate()


def section(made: Lab, keep: Path) -> str:
    """For `python -m bench`."""
    if not shutil.which(BLACKBOX):
        return "### CPU per TLS probe\n\nblackbox_exporter: not installed.\n"
    return f"### CPU per TLS probe\n\n{rows(measure(made, keep, TARGETS, WINDOWS, WINDOW_S))}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--seconds", type=float, default=WINDOW_S, help="length of a window")
    parser.add_argument("--targets", type=int, default=TARGETS)
    parser.add_argument("--keep", type=Path, help="directory for outputs (default: a temporary one)")
    options = parser.parse_args()
    able = capability()
    if not able.namespaces:
        print(f"the lab needs namespaces: {able.why}; {able.remedy}", file=sys.stderr)
        return 1
    if not shutil.which(BLACKBOX):
        print(f"{BLACKBOX} is not installed", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keep.mkdir(parents=True, exist_ok=True)
        made = stack.enter_context(lab())
        print(rows(measure(made, keep, options.targets, options.windows, options.seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
