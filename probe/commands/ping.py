"""`xks-probe ping`: round trips by ICMP, or by TCP connects; one JSON object a line, or text."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from probe import echo_loop
from probe.commands import options, output
from probe.commands.exits import Exit, UsageError
from probe.model.measurements import EchoBatch, EchoOutcome, Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Method, Role, Target
from probe.model.text import clean
from probe.network import ExchangeFailed, Network
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine
from probe.probes import icmp, tcp
from probe.wire.hostport import is_ipv4

MAX_TARGETS = 100_000
MAX_FILE_BYTES = 32 << 20
MAX_CONNECTS_UNDER_WAY = 256
MAX_LOOKUPS_UNDER_WAY = 64
# A measuring tool is no load generator: what one host, and all of them, get a second at the most.
MIN_INTERVAL_S = 0.01
MAX_PER_SECOND = {Method.ICMP: 20_000, Method.TCP: 2_000}


def command(
    hosts: Annotated[
        list[str] | None, typer.Argument(metavar="HOST...", help="names or IPv4 addresses")
    ] = None,
    targets: Annotated[Path | None, typer.Option("--targets", help="file with one host a line")] = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="round trips to each")] = 10,
    interval_s: Annotated[
        float, typer.Option("-i", min=MIN_INTERVAL_S, max=3600, help="seconds between two to one host")
    ] = 1,
    method: Annotated[
        Method, typer.Option("--method", help="icmp echo, or the SYN of a tcp connect")
    ] = Method.ICMP,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="for --method tcp")] = 443,
    timeout_s: options.TimeoutOption = 2.0,
    source: options.SourceOption = None,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Exit status 1 if a target never answered."""
    hosts = _hosts(hosts or [], targets)
    _check_rate(len(hosts), interval_s, method)
    plan = _Plan(
        targets=tuple(Target(name=host, role=Role.PROXY, host=host, port=port) for host in hosts),
        count=count,
        interval_s=interval_s,
        timeout_s=timeout_s,
        source=options.check_source(source),
    )
    with output.lines(file) as lines:
        results = _Results(plan, lines, form)
        status = _run(plan, method, results)
        results.finish()
    return status if status is not None else (Exit.FINE if results.all_answered() else Exit.VIOLATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    targets: tuple[Target, ...]
    count: int
    interval_s: float
    timeout_s: float
    source: str | None

    @property
    def interval_ns(self) -> int:
        return round(self.interval_s * 1e9)


@dataclass(slots=True)
class _Results:
    """Prints each measurement as it comes, and remembers what the summary needs."""

    plan: _Plan
    lines: output.Lines
    form: output.Format
    rtts_s: dict[str, list[float | None]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def add(self, measurement: Measurement, sequence: int | None = None) -> None:
        from exporters.report import ping as report

        rtts_s = self.rtts_s.setdefault(measurement.target.name, [])
        if measurement.failure is None:
            self.answered.add(measurement.target.name)
        if measurement.failure is not None or measurement.rtt_s is not None:
            rtts_s.append(measurement.rtt_s)  # else it was answered, and a clock step spoilt its time
        if self.form is output.Format.JSON:
            self.lines.write(output.as_json(report.document(measurement, sequence)))
        else:
            self.lines.write(report.line(measurement, sequence))

    def finish(self) -> None:
        if self.form is output.Format.JSON:
            return
        from exporters.report import ping as report
        from probe.statistics import summarize

        summaries = {name: summarize(rtts_s) for name, rtts_s in self.rtts_s.items()}
        self.lines.flush()
        output.console(stderr=True).print(report.summary(summaries))

    def all_answered(self) -> bool:
        """Every target answered at least once."""
        return all(target.name in self.answered for target in self.plan.targets)


def _run(plan: _Plan, method: Method, results: _Results) -> Exit | None:
    """Ping by ``method``; a status only if the run itself ended early."""
    try:
        asyncio.run(_ping(plan, method, results))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return None


async def _ping(plan: _Plan, method: Method, results: _Results) -> None:
    with closing(Network(source=plan.source)) as network:
        await _ping_by(method, plan, network, results)


async def _ping_by(method: Method, plan: _Plan, network: Network, results: _Results) -> None:
    addresses = await _resolve(plan, method, network, results)
    if method is Method.ICMP and addresses:
        with closing(network.echoes(tuple(addresses.values()), timeout_s=plan.timeout_s)) as engine:
            if engine.mode is not None:
                return await _ping_icmp(plan, addresses, engine, results)
            sys.stderr.write(
                f"xks-probe: {engine.why}; taking TCP connects to port {plan.targets[0].port} instead\n"
            )
    return await _ping_tcp(plan, addresses, network, results)


async def _ping_icmp(plan: _Plan, addresses: dict[str, str], engine: EchoEngine, results: _Results) -> None:
    targets = tuple(t for t in plan.targets if t.name in addresses)
    rounds = echo_loop.Rounds(
        size=len(targets),
        count=plan.count,
        interval_ns=plan.interval_ns,
        epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
    )

    add = _adding_echoes(targets, tuple(addresses.values()), results)

    def publish(batch: EchoBatch) -> None:
        add(batch)
        if results.lines.gone:
            rounds.end()

    await echo_loop.run(engine, rounds, publish)


def _adding_echoes(
    targets: Sequence[Target], addresses: Sequence[str], results: _Results
) -> Callable[[EchoBatch], None]:
    """How a batch becomes results: straight to lines of JSON, or a measurement each for text and summary."""
    if results.form is not output.Format.JSON:

        def add_each(batch: EchoBatch) -> None:
            for measurement in icmp.measurements_of(targets, batch, addresses):
                results.add(measurement)

        return add_each

    from exporters.report.ping import EchoLines

    names = [target.name for target in targets]
    lines_of = EchoLines(names, addresses)

    def add_lines(batch: EchoBatch) -> None:
        if lines := lines_of.of(batch):
            results.lines.write("\n".join(lines))
        results.answered.update(
            names[index]
            for index, outcome in zip(batch.indexes, batch.outcomes, strict=True)
            if outcome is EchoOutcome.ANSWERED
        )

    return add_lines


async def _ping_tcp(plan: _Plan, addresses: dict[str, str], network: Network, results: _Results) -> None:
    """Connects at a fixed rate: a slow one delays no other, so nothing is omitted when it matters most."""
    rounds = echo_loop.Rounds(
        size=len(addresses),
        count=plan.count,
        interval_ns=plan.interval_ns,
        epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
    )
    targets = tuple(t for t in plan.targets if t.name in addresses)
    under_way = asyncio.Semaphore(MAX_CONNECTS_UNDER_WAY)
    sent = [0] * len(targets)

    async def connect(target: Target, sequence: int) -> None:
        try:
            results.add(await tcp.measure(target, network, plan.timeout_s), sequence)
            if results.lines.gone:
                rounds.end()
        finally:
            under_way.release()

    async with asyncio.TaskGroup() as group:
        while (due_ns := rounds.next_due_ns) is not None:
            await asyncio.sleep(max(0.0, (due_ns - SYSTEM_CLOCK.monotonic_ns()) / 1e9))
            for index in rounds.due(SYSTEM_CLOCK.monotonic_ns()):
                await under_way.acquire()
                group.create_task(connect(targets[index], sent[index]))
                sent[index] += 1


async def _resolve(plan: _Plan, method: Method, network: Network, results: _Results) -> dict[str, str]:
    """Addresses by target; a name that does not resolve is one failed measurement and the others go on."""
    limit = asyncio.Semaphore(MAX_LOOKUPS_UNDER_WAY)

    async def look_up(target: Target) -> str | Failure:
        async with limit:
            try:
                async with asyncio.timeout(plan.timeout_s):
                    return await network.resolve(target.host)
            except ExchangeFailed as failed:
                return failed.failure
            except TimeoutError:
                return Failure(
                    phase=Phase.RESOLVE, reason=Reason.TIMED_OUT, detail="no name server answered in time"
                )

    named = [target for target in plan.targets if not is_ipv4(target.host)]
    answers = await asyncio.gather(*(look_up(target) for target in named))
    looked_up = {target.host: answer for target, answer in zip(named, answers, strict=True)}
    found = [looked_up.get(target.host, target.host) for target in plan.targets]
    for target, answer in zip(plan.targets, found, strict=True):
        if isinstance(answer, Failure):
            results.add(
                Measurement(
                    target=target,
                    check=Check.ICMP if method is Method.ICMP else Check.TCP,
                    started_at_s=SYSTEM_CLOCK.now_s(),
                    failure=answer,
                )
            )
    return {t.name: a for t, a in zip(plan.targets, found, strict=True) if isinstance(a, str)}


def _hosts(hosts: list[str], file: Path | None) -> list[str]:
    """The hosts of the command line and of the file, each once, in their order."""
    named = [*hosts, *(_read_targets(file) if file else [])]
    unique = list(dict.fromkeys(named))
    if not unique:
        raise UsageError("ping: no host; name one, or a file with --targets")
    if len(unique) > MAX_TARGETS:
        raise UsageError(f"--targets: {len(unique)} hosts; at most {MAX_TARGETS} at once")
    faults = [fault for host in unique if (fault := _fault(host))]
    if faults:
        raise UsageError(*faults[:20])
    return unique


def _check_rate(hosts: int, interval_s: float, method: Method) -> None:
    most = MAX_PER_SECOND[method]
    if hosts / interval_s > most:
        raise UsageError(
            f"ping: {hosts} hosts every {interval_s:g} s; more than {most} a second: say -i {hosts / most:g}"
        )


def _fault(host: str) -> str | None:
    from probe.wire.hostport import check_host

    if host.count(":") == 1:
        return f"{clean(host, 80)!r} has a port; name the host alone, and the port with --port"
    try:
        check_host(host)
    except ValueError as error:
        return f"{clean(host, 80)!r} {error}"
    return None


def _read_targets(file: Path) -> list[str]:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"--targets {file}: {error.strerror}; name a readable file, one host a line"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"--targets {file}: larger than 32 MiB")
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"--targets {file}: not a text file; one host a line, in UTF-8") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
