"""`xks-probe demo`: the agent in a simulated network and AWS account, its page in your browser. No root."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from probe.commands import demo_faults, demo_network, demo_once, demo_preflight, options, output, signals
from probe.commands.demo_network import Network, say
from probe.commands.demo_options import DemoOptions
from probe.commands.exits import Exit
from probe.commands.logs import configure
from probe.commands.usage import page, terminal
from probe.model.settings import DEFAULT_LISTEN_PORT, Settings

if TYPE_CHECKING:
    from socket import socket

    from simulator import Scenario

OPTIONS = DemoOptions


def command(asked: DemoOptions) -> int:
    """Returns 0, whatever the verdicts."""
    if asked.is_list:
        output.write_document(_listing(), None)
        return Exit.FINE
    asked.check()
    scenario = demo_network.scenario_of(asked.scenario)
    fault = demo_faults.planned(asked.fault, asked.after, scenario)
    is_reduced = demo_network.must_be_reduced(asked=asked.reduced)
    if asked.is_preflight:
        demo_preflight.check(scenario, is_reduced=is_reduced)
    configure(asked.log_format)
    if not asked.is_once and not asked.is_preflight:
        _serve(asked, scenario, fault, is_reduced=is_reduced)
        return Exit.FINE
    with demo_network.started(scenario, is_reduced=is_reduced) as network:
        if asked.is_preflight:
            demo_preflight.take(network, asked.form, asked.file)
        else:
            signals.run(demo_once.take(network, output.Format(asked.form.value), asked.file))
    return Exit.FINE


def _listing() -> str:
    """What each scenario shows, and the faults by name; wrapped only on a terminal."""
    of = demo_network.simulator()
    width = terminal.width() if sys.stdout.isatty() else None
    scenarios = [(name, of.load_scenario(name).description) for name in of.bundled_scenarios()]
    faults = [(group, " ".join(members)) for group, members in of.FAULT_GROUPS.items()]
    return "\n".join(
        (
            "Scenarios, for --scenario and --break:",
            page.listing(scenarios, width),
            "",
            "Faults of the proxies, for --break; the first one of a group removes the others:",
            page.listing(faults, width),
        )
    )


def _serve(
    asked: DemoOptions, scenario: "Scenario", fault: demo_faults.Break | None, *, is_reduced: bool
) -> None:
    from probe.commands.serving import listen

    host, port = options.listen_address(asked.address, DEFAULT_LISTEN_PORT)
    options.check_listen(host, allowed=asked.allow_unauthenticated)
    with (
        listen(host, port) as listener,
        demo_network.started(scenario, is_reduced=is_reduced) as network,
    ):
        say(f"page: http://{host}:{port}/   metrics: http://{host}:{port}/metrics   stop with Ctrl-C")
        settings = replace(network.settings(), listen_host=host, listen_port=port)
        asyncio.run(_run(_agent(network, settings, listener), network, fault))


def _agent(network: Network, settings: Settings, listener: "socket") -> Coroutine[Any, Any, None]:
    """The agent with its page, as in `run`. Loads boto3, so it is called outside the event loop."""
    from probe.commands.configuration import accesses
    from probe.commands.discovery import sources_of
    from probe.commands.serving import serve

    return serve(settings, listener, network.vantage, accesses(settings), sources_of(settings))


async def _run(agent: Coroutine[Any, Any, None], network: Network, fault: demo_faults.Break | None) -> None:
    """The agent, and the fault when it is time."""
    breaking = asyncio.create_task(fault.happen(network.simulation)) if fault else None
    try:
        await agent
    finally:
        if breaking is not None:
            breaking.cancel()
            await asyncio.wait((breaking,))


def _scenarios() -> Sequence[str]:
    return tuple(demo_network.simulator().bundled_scenarios())


VALUES = {"--scenario": _scenarios, "--break": demo_faults.names}
