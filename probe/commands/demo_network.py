"""Starts the simulated network of `demo`, with its AWS account, and configures the agent for it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from probe.commands import demo_extra
from probe.commands.exits import UsageError
from probe.commands.usage import nearest
from probe.model.settings import Settings
from probe.model.text import clean

if TYPE_CHECKING:
    from simulator import Scenario, Simulation

VANTAGE = "simulated VPC"
_REDUCED = (
    "reduced: on loopback, with the same servers and without simulated delays;",
    "hosts that would not respond refuse connections instead",
)
_NO_PORTS = "ports 443 and 53 of loopback addresses are not available to this program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A running simulation, and what the agent needs to know of it."""

    simulation: "Simulation"
    is_reduced: bool

    @property
    def has_account(self) -> bool:
        return self.simulation.scenario.account is not None

    @property
    def vantage(self) -> str:
        return f"{VANTAGE} (reduced: loopback only)" if self.is_reduced else VANTAGE

    @property
    def resolvers(self) -> tuple[str, ...]:
        """The name servers, which answer for public DNS."""
        servers = self.simulation.scenario.name_servers if self.has_account else ()
        return tuple(self.simulation.address(server.name) for server in servers)

    def settings(self) -> Settings:
        """The configuration of the simulation, read like any other, without settings of this machine."""
        import yaml

        from probe import config

        settings = config.parse(
            yaml.safe_dump(self.simulation.configuration()),
            source="simulated network",
            directory=Path.cwd(),
            surroundings=config.Surroundings(environment={}),
        )
        return replace(settings, is_simulation=True)


def simulator() -> ModuleType:
    try:
        import simulator as found
    except ImportError as error:
        raise UsageError(f"demo needs {error.name}, which is not installed: {demo_extra.INSTALL}") from None
    return found


def scenario_of(name: str) -> "Scenario":
    """The scenario of that name, or in that file."""
    of = simulator()
    bundled = of.bundled_scenarios()
    if name not in bundled and not Path(name).exists():
        hint = nearest.hint(name, bundled, "see xks-probe demo --list")
        raise UsageError(f"--scenario: {clean(name, 80)!r} is neither a bundled scenario nor a file; {hint}")
    try:
        chosen: Scenario = of.load_scenario(name)
    except of.ScenarioError as error:
        raise UsageError(*error.mistakes) from None
    return chosen


def must_be_reduced(*, asked: bool) -> bool:
    """Whether the network is loopback only: by choice, or where namespaces are not allowed."""
    if asked:
        for line in _REDUCED if has_account(is_reduced=True) else (*_REDUCED, *_without_account()):
            say(line)
        return True
    missing = demo_extra.missing()
    if missing is not None:
        raise UsageError(
            f"demo needs {missing}, which is not installed: {demo_extra.INSTALL} (or use --reduced)"
        )
    able = simulator().capability()
    if able.namespaces:
        return False
    say(f"no simulated network on this machine: {able.why}. {able.remedy}")
    return must_be_reduced(asked=True)


def _without_account() -> tuple[str, str]:
    missing = demo_extra.missing()
    why = _NO_PORTS if missing is None else f"{missing} is not installed ({demo_extra.INSTALL})"
    return f"{why}, so there is no", "simulated AWS account: what depends on the account is not evaluated"


def has_account(*, is_reduced: bool) -> bool:
    """Whether an AWS account can be simulated: its load balancer and DNS need the standard ports."""
    return not is_reduced or (demo_extra.missing() is None and simulator().are_standard_ports_free())


@contextlib.contextmanager
def started(scenario: "Scenario", *, is_reduced: bool) -> Iterator[Network]:
    """The running network. Until it ends, this process calls only the simulated AWS account."""
    of = simulator()
    whole = (
        of.with_account(scenario) if has_account(is_reduced=is_reduced) else replace(scenario, account=None)
    )
    try:
        running: Simulation = of.start(
            whole, reduced=is_reduced, standard_ports=has_account(is_reduced=is_reduced)
        )
    except of.SimulationError as error:
        raise UsageError(f"demo: the simulation could not start: {clean(str(error), 500)}") from None
    with running as simulation:
        network = Network(simulation=simulation, is_reduced=is_reduced)
        with account_in_use(simulation) if network.has_account else contextlib.nullcontext():
            yield network


@contextlib.contextmanager
def account_in_use(simulation: "Simulation") -> Iterator[None]:
    """Point this process to the simulated account, instead of to the AWS that its user has set up."""
    of_user = _without_aws_variables()
    os.environ.update(simulation.aws_environment())
    try:
        yield
    finally:
        _without_aws_variables()
        os.environ.update(of_user)


def _without_aws_variables() -> dict[str, str]:
    """Removes them from the environment, and returns them."""
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}


def say(text: str) -> None:
    sys.stderr.write(f"xks-probe: {text}\n")
