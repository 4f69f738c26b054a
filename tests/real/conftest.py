"""The simulated network in which preflights run."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.preflight.cases import Case
from support.preflight.playing import Played, open_simulation, play_in

from simulator import AccountTemplate, Simulation


@pytest.fixture(scope="session")
def preflight_simulation(can_simulate: object, accounts: AccountTemplate) -> Iterator[Simulation]:
    """A healthy simulation with an account and a name server; `play` changes it for each case.

    One for all files of a worker: starting one takes as long as a preflight.
    """
    with open_simulation(accounts.start) as running:
        yield running


@pytest.fixture(scope="session")
def play(preflight_simulation: Simulation, xks_probe: Path) -> Callable[..., Played]:
    """``play(case, environment)``: the result of one run of the installed command."""

    def run(case: Case, environment: Mapping[str, str] | None = None) -> Played:
        return play_in(preflight_simulation, case, [str(xks_probe)], environment)

    return run
