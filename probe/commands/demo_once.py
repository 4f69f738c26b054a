"""`xks-probe demo --once`: one round of the agent in the simulated network, and its report."""

from pathlib import Path
from typing import Any

from probe import __version__
from probe.commands import output
from probe.commands.demo_network import Network


async def take(network: Network, form: output.Format, file: Path | None) -> None:
    """One round, written in this format."""
    from exporters.report import verdicts
    from probe.agent.agent import Agent
    from probe.agent.runner import SilentObserver
    from probe.commands.configuration import accesses
    from probe.commands.discovery import sources_of

    settings, vantage = network.settings(), network.vantage
    agent = Agent(
        settings,
        (),
        SilentObserver(),
        accesses=accesses(settings),
        sources=sources_of(settings),
        vantage=vantage,
    )
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
