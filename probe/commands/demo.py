"""`xks-probe demo`: the agent in a simulated network, its page in your browser. No AWS, no root."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe import __version__
from probe.commands import demo_extra, options, output, signals
from probe.commands.exits import Exit, UsageError
from probe.commands.logs import LogFormat, LogFormatOption, configure
from probe.commands.usage import nearest, page, terminal
from probe.model.settings import DEFAULT_LISTEN_PORT, Settings
from probe.model.text import clean

if TYPE_CHECKING:
    from simulator import Scenario, Simulation

VANTAGE = "simulated VPC"


def command(
    scenario: Annotated[
        str,
        typer.Option("--scenario", metavar="NAME", help="bundled scenario, or a YAML file; see --list"),
    ] = "default",
    scenarios: Annotated[bool, typer.Option("--list", help="list the bundled scenarios and exit")] = False,
    once: Annotated[bool, typer.Option("--once", help="run one round, print the report and exit")] = False,
    reduced: Annotated[
        bool, typer.Option("--reduced", help="use loopback only, as on hosts without user namespaces")
    ] = False,
    address: Annotated[
        str,
        typer.Option("--listen", metavar="ADDRESS[:PORT]", help="address and port of the status page"),
    ] = "127.0.0.1:9911",
    allow_unauthenticated: options.AllowUnauthenticatedOption = False,
    log_format: LogFormatOption = LogFormat.CONSOLE,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Returns 0, whatever the verdicts."""
    simulator = _simulator()
    if scenarios:
        output.write_document(_listing(simulator), None)
        return Exit.FINE
    chosen = _scenario(simulator, scenario)
    is_reduced = _is_reduced(simulator, asked=reduced)
    configure(log_format)
    if once:
        with simulator.start(chosen, reduced=is_reduced) as started:
            signals.run(_once(_settings(started), form, file, _vantage(is_reduced=is_reduced)))
    else:
        _serve(simulator, chosen, address, reduced=is_reduced, allowed=allow_unauthenticated)
    return Exit.FINE


def _simulator() -> ModuleType:
    try:
        import simulator
    except ImportError as error:
        raise UsageError(f"demo needs {error.name}, which is not installed: {demo_extra.INSTALL}") from None
    return simulator


def _listing(simulator: ModuleType) -> str:
    """Name and description of each scenario, wrapped only on a terminal."""
    rows = [(name, simulator.load_scenario(name).description) for name in simulator.bundled_scenarios()]
    return page.listing(rows, terminal.width() if sys.stdout.isatty() else None)


def _scenario(simulator: ModuleType, name: str) -> "Scenario":
    bundled = simulator.bundled_scenarios()
    if name not in bundled and not Path(name).exists():
        hint = nearest.hint(name, bundled, "see xks-probe demo --list")
        raise UsageError(f"--scenario: {clean(name, 80)!r} is neither a bundled scenario nor a file; {hint}")
    try:
        chosen: Scenario = simulator.load_scenario(name)
    except simulator.ScenarioError as error:
        raise UsageError(*error.mistakes) from None
    return chosen


def _is_reduced(simulator: ModuleType, *, asked: bool) -> bool:
    """Whether the network is loopback only: by choice, or where namespaces are not allowed."""
    if asked:
        _say("reduced: on loopback, with the same servers and without simulated delays;")
        _say("hosts that would not respond refuse connections instead")
        return True
    missing = demo_extra.missing()
    if missing is not None:
        raise UsageError(
            f"demo needs {missing}, which is not installed: {demo_extra.INSTALL} (or use --reduced)"
        )
    able = simulator.capability()
    if able.namespaces:
        return False
    _say(f"no simulated network on this machine: {able.why}. {able.remedy}")
    return _is_reduced(simulator, asked=True)


def _vantage(*, is_reduced: bool) -> str:
    return f"{VANTAGE} (reduced: loopback only)" if is_reduced else VANTAGE


def _serve(
    simulator: ModuleType, scenario: "Scenario", address: str, *, reduced: bool, allowed: bool
) -> None:
    from probe.commands.configuration import accesses
    from probe.commands.serving import listen, serve

    host, port = options.host_and_port(address, DEFAULT_LISTEN_PORT, "--listen")
    options.check_listen(host, allowed=allowed)
    with listen(host, port) as listener, simulator.start(scenario, reduced=reduced) as started:
        settings = replace(_settings(started), listen_host=host, listen_port=port)
        _say(f"page: http://{host}:{port}/   metrics: http://{host}:{port}/metrics   stop with Ctrl-C")
        asyncio.run(serve(settings, listener, _vantage(is_reduced=reduced), accesses(settings)))


async def _once(settings: Settings, form: output.Format, file: Path | None, vantage: str) -> None:
    """One round, and its report."""
    from exporters.report import verdicts
    from probe.agent.agent import Agent
    from probe.agent.runner import SilentObserver
    from probe.commands.configuration import accesses

    agent = Agent(settings, (), SilentObserver(), accesses=accesses(settings), vantage=vantage)
    with output.progress("measuring") as advance:
        reports, survey = await agent.once(advance)
    stores = agent.state.stores
    shown: dict[str, Any] = {
        "reports": [
            (report, agent.state.snapshot(store)) for report, store in zip(reports, stores, strict=True)
        ],
        "survey": survey,
        "vantage": vantage,
        "version": __version__,
    }
    output.write(form, file, lambda: verdicts.document(**shown), lambda: verdicts.render(**shown))


def _settings(started: "Simulation") -> Settings:
    """The configuration of the simulation, read like any other, without settings of this machine."""
    import yaml

    from probe import config

    settings = config.parse(
        yaml.safe_dump(started.configuration()),
        source="simulated network",
        directory=Path.cwd(),
        surroundings=config.Surroundings(environment={}),
    )
    return replace(settings, is_simulation=True)


def _say(text: str) -> None:
    sys.stderr.write(f"xks-probe: {text}\n")


def _scenario_names() -> Sequence[str]:
    return tuple(_simulator().bundled_scenarios())


VALUES = {"--scenario": _scenario_names}
