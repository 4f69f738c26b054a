"""`xks-probe ping`: round trips by ICMP, or by TCP connects; one JSON object per line, or text."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from probe.commands import output, ping_arguments
from probe.commands.exits import Exit, UsageError
from probe.commands.own_address import check_source
from probe.commands.ping_results import PingPlan, Results, adding_echoes
from probe.model.measurements import EchoBatch
from probe.model.targets import Method, Role, Target
from probe.model.text import clean
from probe.network import Network, echo_driver
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine
from probe.wire.hostport import is_ipv4

MAX_TARGETS = 100_000
MAX_FILE_BYTES = 32 << 20
# A measuring tool is not a load generator: all hosts together get at most this many probes per second.
MAX_PER_SECOND = {Method.ICMP: 20_000, Method.TCP: 2_000}


def command(arguments: Sequence[str]) -> int:
    """Returns 1 if a target never answered."""
    asked = ping_arguments.read(arguments)
    hosts = _hosts(asked.hosts, asked.targets)
    _check_rate(len(hosts), asked.interval_s, asked.method)
    plan = PingPlan(
        targets=tuple(Target(name=host, role=Role.PROXY, host=host, port=asked.port) for host in hosts),
        count=asked.count,
        interval_s=asked.interval_s,
        timeout_s=asked.timeout_s,
        source=check_source(asked.source),
    )
    with output.lines(asked.file) as lines:
        results = Results(plan, lines, asked.form)
        status = _run(plan, asked.method, results)
        results.finish()
    return status if status is not None else (Exit.FINE if results.all_answered() else Exit.VIOLATED)


def _run(plan: PingPlan, method: Method, results: Results) -> Exit | None:
    """Ping by ``method``; a status only if the run was interrupted."""
    try:
        addresses = _addresses(plan, method, results)
        if method is Method.TCP or (addresses and not _echo(plan, addresses, results)):
            from probe.commands import ping_loop

            ping_loop.connect(plan, addresses, results)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return None


def _addresses(plan: PingPlan, method: Method, results: Results) -> dict[str, str]:
    """Addresses by target; only names need an event loop."""
    if all(is_ipv4(target.host) for target in plan.targets):
        return {target.name: target.host for target in plan.targets}
    from probe.commands import ping_loop

    return ping_loop.resolve(plan, method, results)


def _echo(plan: PingPlan, addresses: dict[str, str], results: Results) -> bool:
    """Send the echoes; False if this machine does not permit ICMP."""
    with (
        closing(Network(source=plan.source)) as network,
        closing(network.echoes(tuple(addresses.values()), timeout_s=plan.timeout_s)) as engine,
    ):
        if engine.mode is None:
            port = plan.targets[0].port
            sys.stderr.write(f"xks-probe: {engine.why}; measuring TCP connects to port {port} instead\n")
            return False
        _echo_in_rounds(plan, addresses, engine, results)
    return True


def _echo_in_rounds(plan: PingPlan, addresses: dict[str, str], engine: EchoEngine, results: Results) -> None:
    targets = tuple(t for t in plan.targets if t.name in addresses)
    add = adding_echoes(targets, tuple(addresses.values()), results)
    rounds = echo_driver.Rounds(
        size=len(targets),
        count=plan.count,
        interval_ns=plan.interval_ns,
        epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
    )

    def publish(batch: EchoBatch) -> None:
        add(batch)
        if results.lines.gone:
            rounds.end()

    echo_driver.run(engine, rounds, publish)


def _hosts(hosts: list[str], file: Path | None) -> list[str]:
    """The hosts from the command line and from the file, without duplicates, in their order."""
    named = [*hosts, *(_read_targets(file) if file else [])]
    unique = list(dict.fromkeys(named))
    if not unique:
        raise UsageError("ping: no host; give at least one, or a file with --targets")
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
            f"ping: {hosts} hosts every {interval_s:g} s; more than {most} per second; "
            f"use -i {hosts / most:g}"
        )


def _fault(host: str) -> str | None:
    from probe.wire.hostport import check_host

    if host.count(":") == 1:
        return f"{clean(host, 80)!r} has a port; give only the host, and the port with --port"
    try:
        check_host(host)
    except ValueError as error:
        return f"{clean(host, 80)!r} {error}"
    return None


def _read_targets(file: Path) -> list[str]:
    from probe.storage.files import read_bounded
    from probe.wire.input_error import InputError

    try:
        lines = read_bounded(file, MAX_FILE_BYTES).decode("utf-8").splitlines()
    except InputError as error:
        raise UsageError(f"--targets {clean(str(file))}: {error}; one host per line is expected") from None
    except UnicodeDecodeError:
        raise UsageError(f"--targets {file}: not a text file; expected one host per line, in UTF-8") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
