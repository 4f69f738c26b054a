"""The cost of a thousand targets: the whole agent while its metrics are scraped, and only the ICMP engine.

Needs root or user namespaces. Prints Markdown rows.

python -m bench.scale [--seconds 120] [--targets 1000] [--keep DIRECTORY]
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from urllib.request import Request, urlopen

from bench.lab import Lab, addresses, lab
from probe.agent.schedule import EchoSchedule
from probe.model.measurements import EchoBatch, EchoOutcome
from probe.model.targets import Check, PlannedCheck
from probe.network import Network, echo_driver_async
from probe.network.clock import SYSTEM_CLOCK
from simulator import capability

PORT = 9911
SCRAPE_INTERVAL_S = 15.0
START_S = 5.0  # imports and reading the configuration; reported separately
_READY_S = 30.0
_TARGETS, _SECONDS = 1000, 120.0
# The Accept header of Prometheus.
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
_BUCKET = re.compile(r'le="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCost:
    """One run of the agent. ``core``: share of one core after the start; ``core_with_start`` includes it.

    Delays come from a histogram: the upper bounds of the buckets that contain p99 and the maximum.
    """

    targets: int
    seconds: float
    core: float
    core_with_start: float
    peak_mib: float
    sent: int
    answered: int
    late_p99_s: float
    late_max_s: float
    lag_max_s: float
    scrape_max_s: float

    @property
    def lost(self) -> int:
        return self.sent - self.answered


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCost:
    """Only the engine and its schedule, without sinks."""

    targets: int
    per_second: int
    core: float
    echoes: int
    lost: int

    @property
    def us_per_ping(self) -> float:
        return self.core / self.per_second * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """``many`` and ``few`` have the same total rate: 10,000 targets, and 1,000 targets ten times as often."""

    agent: AgentCost
    many: EngineCost
    few: EngineCost

    @property
    def ratio(self) -> float:
        """The cost of a ping with many targets, relative to few."""
        return self.many.us_per_ping / self.few.us_per_ping


def configuration(targets: int) -> str:
    """YAML with that many key managers, each pinged once per second."""
    managers = "".join(
        f"  - {{name: host-{number}, host: {address}, checks: [icmp]}}\n"
        for number, address in enumerate(addresses(targets))
    )
    return f"intervals: {{icmp: 1s}}\nlisten: 127.0.0.1:{PORT}\nkey_managers:\n{managers}"


def total(text: str, name: str) -> float:
    """The sum of a metric's samples over all labels."""
    return sum(float(line.rpartition(" ")[2]) for line in _lines(text, name))


def buckets(text: str, name: str) -> dict[float, float]:
    """Upper bound -> cumulative count, for a histogram without labels."""
    found = {}
    for line in _lines(text, f"{name}_bucket"):
        if bound := _BUCKET.search(line):
            found[float(bound[1])] = float(line.rpartition(" ")[2])
    return found


def bound_of(histogram: Mapping[float, float], share: float) -> float:
    """The smallest upper bound that covers ``share`` of the observations; NaN if there are none.

    >>> bound_of({0.005: 99.0, 0.02: 100.0, inf: 100.0}, 0.99), bound_of({0.005: 99.0, 0.02: 100.0}, 1)
    (0.005, 0.02)
    """
    total_count = max(histogram.values(), default=0.0)
    return next(
        (bound for bound, count in sorted(histogram.items()) if total_count and count >= share * total_count),
        nan,
    )


def rows(scale: Scale) -> str:
    """Markdown: each quantity with its limit and the measured value."""
    agent, many = scale.agent, scale.many
    claims = (
        (
            "agent, share of a core",
            "≤ 0.25",
            f"{agent.core:.3f} (with its start {agent.core_with_start:.3f})",
        ),
        ("agent, peak resident memory", "≤ 150 MB", f"{agent.peak_mib * 1.048576:.0f} MB"),
        ("send delay of pings, p99", "≤ 5 ms", _at_most(agent.late_p99_s)),
        ("send delay of pings, maximum", "≤ 20 ms", _at_most(agent.late_max_s)),
        ("event-loop lag, maximum", "", _at_most(agent.lag_max_s)),
        ("longest scrape", "", f"{agent.scrape_max_s * 1e3:.0f} ms"),
        ("pings sent, lost", "", f"{agent.sent}, {agent.lost}"),
        (f"engine, {many.targets} targets at 1 Hz, share of a core", "≤ 0.35", f"{many.core:.3f}"),
        (
            f"cost per ping, {many.targets} targets / {scale.few.targets} targets",
            "≤ 1.1",
            f"{scale.ratio:.2f}",
        ),
    )
    when = f"{agent.seconds:.0f} s, scraped every {SCRAPE_INTERVAL_S:.0f} s"
    head = (
        f"*agent* is `xks-probe run` with {agent.targets} targets, each pinged once per second, for {when}."
        " *engine* is only the part that sends and receives pings. The limits are goals of the project.\n\n"
    )
    table = "".join(f"| {what} | {limit} | {measured} |\n" for what, limit, measured in claims)
    return f"{head}| quantity | limit | measured |\n| --- | --- | --- |\n{table}"


def _at_most(bound_s: float) -> str:
    return "over 2.5 s" if bound_s == inf else f"≤ {bound_s * 1e3:g} ms"


def _lines(text: str, name: str) -> Iterable[str]:
    return (line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))


def agent(made: Lab, keep: Path, targets: int, seconds: float) -> AgentCost:
    """Run `xks-probe run` in the lab for ``seconds`` after its start, scraped like by Prometheus."""
    file = keep / "scale.yaml"
    file.write_text(configuration(targets))
    argv = [sys.executable, "-m", "probe", "run", "-c", str(file)]
    with (keep / "scale.log").open("w") as log, made.popen(argv, stdout=log, stderr=log) as process:
        try:
            begin_s = time.monotonic()
            await_page(PORT)
            time.sleep(max(0.0, begin_s + START_S - time.monotonic()))
            started_s, started_cpu_s = time.monotonic(), cpu_s(process.pid)
            first, _ = scrape()
            slowest_s, text = 0.0, first
            while (left_s := started_s + seconds - time.monotonic()) > 0:
                time.sleep(min(SCRAPE_INTERVAL_S, left_s))
                text, took_s = scrape()
                slowest_s = max(slowest_s, took_s)
            ended_s, ended_cpu_s = time.monotonic(), cpu_s(process.pid)
            peak_mib = _peak_mib(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
    (keep / "scale.metrics").write_text(text)
    delays = buckets(text, "xksprobe_scheduling_delay_seconds")
    return AgentCost(
        targets=targets,
        seconds=ended_s - started_s,
        core=(ended_cpu_s - started_cpu_s) / (ended_s - started_s),
        core_with_start=ended_cpu_s / (ended_s - begin_s),
        peak_mib=peak_mib,
        sent=int(total(text, "xksprobe_packets_sent_total")),
        answered=int(total(text, "xksprobe_packets_received_total")),
        late_p99_s=bound_of(delays, 0.99),
        late_max_s=bound_of(delays, 1),
        lag_max_s=bound_of(buckets(text, "xksprobe_event_loop_lag_seconds"), 1),
        scrape_max_s=slowest_s,
    )


def await_page(port: int) -> None:
    """Wait until the server answers. Raises OSError if it does not within 30 s."""
    end_s = time.monotonic() + _READY_S
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=5):
                return
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.1)


def scrape() -> tuple[str, float]:
    """Scrape like Prometheus: OpenMetrics, compressed."""
    begin_s = time.monotonic()
    request = Request(
        f"http://127.0.0.1:{PORT}/metrics", headers={"Accept": _ACCEPT, "Accept-Encoding": "gzip"}
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - a local address
        body, encoding = answer.read(), answer.headers.get("Content-Encoding", "")
    took_s = time.monotonic() - begin_s
    if encoding == "gzip":
        import gzip

        body = gzip.decompress(body)
    return body.decode(), took_s


def cpu_s(pid: int) -> float:
    """User and system time so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def engine(made: Lab, targets: int, interval_s: float, seconds: float) -> EngineCost:
    """Measured in a child process, so that the CPU time is only the engine's."""
    argv = [sys.executable, "-m", "bench.scale", "--engine", str(targets), str(interval_s), str(seconds)]
    with made.popen(argv, stdout=subprocess.PIPE, text=True) as process:
        output, _ = process.communicate()
    core, echoes, answered = map(float, output.split())
    return EngineCost(
        targets=targets,
        per_second=round(targets / interval_s),
        core=core,
        echoes=int(echoes),
        lost=int(echoes - answered),
    )


class _Timed:
    """A schedule with an end time."""

    def __init__(self, schedule: EchoSchedule, end_ns: int) -> None:
        self._schedule, self._end_ns = schedule, end_ns

    def due(self, now_ns: int) -> Sequence[int]:
        return () if now_ns >= self._end_ns else self._schedule.due(now_ns)

    @property
    def next_due_ns(self) -> int | None:
        return None if SYSTEM_CLOCK.monotonic_ns() >= self._end_ns else self._schedule.next_due_ns


async def _drive(targets: int, interval_s: float, seconds: float) -> tuple[float, int, int]:
    """Returns CPU cores, completed pings and answered pings."""
    plans = [PlannedCheck(check=Check.ICMP, interval_s=interval_s, timeout_s=0.5)] * targets
    ended = answered = 0

    def count(batch: EchoBatch) -> None:
        nonlocal ended, answered
        ended += len(batch)
        answered += sum(outcome is EchoOutcome.ANSWERED for outcome in batch.outcomes)

    with closing(Network().echoes(tuple(addresses(targets)), timeout_s=0.5)) as sender:
        begin_s, begin_cpu_s = time.monotonic(), time.process_time()
        now_ns = SYSTEM_CLOCK.monotonic_ns()
        schedule = _Timed(EchoSchedule(plans, epoch_ns=now_ns), now_ns + round(seconds * 1e9))
        await echo_driver_async.run(sender, schedule, count)
    return (time.process_time() - begin_cpu_s) / (time.monotonic() - begin_s), ended, answered


def measure(made: Lab, keep: Path, targets: int, seconds: float) -> Scale:
    return Scale(
        agent=agent(made, keep, targets, seconds),
        many=engine(made, 10 * targets, 1.0, seconds / 4),
        few=engine(made, targets, 0.1, seconds / 4),
    )


def section(made: Lab, keep: Path) -> str:
    """For `python -m bench`."""
    return f"### 1,000 and 10,000 targets\n\n{rows(measure(made, keep, _TARGETS, _SECONDS))}"


def main() -> int:
    """Returns 1 if the lab cannot be created."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    parser.add_argument("--targets", type=int, default=_TARGETS)
    parser.add_argument("--keep", type=Path, help="directory for configuration, log and metrics")
    parser.add_argument("--only", choices=("agent", "engine"))
    parser.add_argument("--engine", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        targets, interval_s, seconds = options.engine
        print(*asyncio.run(_drive(int(targets), float(interval_s), float(seconds))))
        return 0
    able = capability()
    if not able.namespaces:
        print(f"the lab needs namespaces: {able.why}; {able.remedy}", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keep.mkdir(parents=True, exist_ok=True)
        made = stack.enter_context(lab())
        if options.only == "agent":
            print(agent(made, keep, options.targets, options.seconds))
        elif options.only == "engine":
            print(engine(made, 10 * options.targets, 1.0, options.seconds / 4))
            print(engine(made, options.targets, 0.1, options.seconds / 4))
        else:
            print(rows(measure(made, keep, options.targets, options.seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
