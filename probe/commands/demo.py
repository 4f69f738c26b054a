"""`xks-probe demo`: the agent in a simulated network, its page in your browser. No AWS, no root."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe import __version__
from probe.commands import options, output
from probe.commands.exits import Exit, UsageError
from probe.commands.logs import LogFormat, LogFormatOption, configure
from probe.model.settings import DEFAULT_LISTEN_PORT, Settings

if TYPE_CHECKING:
    from simulator import Scenario, Simulation

VANTAGE = "simulated VPC"


def command(
    scenario: Annotated[
        str, typer.Option("--scenario", help="a bundled one by name, or a YAML file")
    ] = "default",
    scenarios: Annotated[bool, typer.Option("--list", help="name the bundled scenarios and end")] = False,
    once: Annotated[bool, typer.Option("--once", help="one round, print the report, end")] = False,
    reduced: Annotated[
        bool, typer.Option("--reduced", help="loopback only, as where namespaces are refused")
    ] = False,
    address: Annotated[str, typer.Option("--listen", help="where the page is")] = "127.0.0.1:9911",
    allow_unauthenticated: Annotated[
        bool,
        typer.Option("--web.allow-unauthenticated", help="serve the page on an address others can reach"),
    ] = False,
    log_format: LogFormatOption = LogFormat.CONSOLE,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Exit status 0: once the round is done, whatever the verdicts; or on SIGINT or SIGTERM."""
    try:
        import simulator
    except ImportError as error:
        what = f"demo needs the extra 'demo' ({error.name} is missing)"
        raise UsageError(f"{what}: pip install 'xks-probe[demo]'") from None
    if scenarios:
        output.write_document("\n".join(simulator.bundled_scenarios()), None)
        return Exit.FINE
    try:
        chosen = simulator.load_scenario(scenario)
    except simulator.ScenarioError as error:
        raise UsageError(*error.mistakes) from None
    able = simulator.capability()
    if not able.namespaces and not reduced:
        _say(f"no simulated network here: {able.why}. {able.remedy}")
        _say("running on loopback instead: the same servers, without the delays")
        reduced = True
    configure(log_format)
    if once:
        with simulator.start(chosen, reduced=reduced) as started:
            asyncio.run(_once(_settings(started), form, file))
    else:
        _serve(simulator, chosen, address, reduced=reduced, allowed=allow_unauthenticated)
    return Exit.FINE


def _serve(
    simulator: ModuleType, scenario: "Scenario", address: str, *, reduced: bool, allowed: bool
) -> None:
    from probe.commands.configuration import accesses
    from probe.commands.serving import listen, serve

    host, port = options.host_and_port(address, DEFAULT_LISTEN_PORT, "--listen")
    options.check_listen(host, allowed=allowed)
    with listen(host, port) as listener, simulator.start(scenario, reduced=reduced) as started:
        settings = replace(_settings(started), listen_host=host, listen_port=port)
        _say(f"page: http://{host}:{port}/   metrics: http://{host}:{port}/metrics   Ctrl-C ends it")
        asyncio.run(serve(settings, listener, VANTAGE, accesses(settings)))


async def _once(settings: Settings, form: output.Format, file: Path | None) -> None:
    """One round, and its report."""
    from exporters.report import verdicts
    from probe.agent.agent import Agent
    from probe.agent.runner import SilentObserver
    from probe.commands.configuration import accesses

    agent = Agent(settings, (), SilentObserver(), accesses=accesses(settings), vantage=VANTAGE)
    with output.progress("measuring") as advance:
        reports, survey = await agent.once(advance)
    stores = agent.state.stores
    shown: dict[str, Any] = {
        "reports": [
            (report, agent.state.snapshot(store)) for report, store in zip(reports, stores, strict=True)
        ],
        "survey": survey,
        "vantage": VANTAGE,
        "version": __version__,
    }
    output.write(form, file, lambda: verdicts.document(**shown), lambda: verdicts.render(**shown))


def _settings(started: "Simulation") -> Settings:
    """The simulation's own configuration, read as any user's would be, and nothing of this machine's."""
    import yaml

    from probe import config

    return config.parse(
        yaml.safe_dump(started.configuration()),
        source="simulated network",
        directory=Path.cwd(),
        surroundings=config.Surroundings(environment={}),
    )


def _say(text: str) -> None:
    sys.stderr.write(f"xks-probe: {text}\n")
