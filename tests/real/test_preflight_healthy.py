"""A preflight through the installed command for each case without a fault."""

import functools
from collections.abc import Callable

import pytest
from support.preflight.cases import Case, cases_about, parametrized
from support.preflight.playing import HEALTHY, Played, check

from simulator.scenario.addressing import assign_addresses

pytestmark = pytest.mark.real


CASES = [each for each in cases_about("healthy") if each.name.startswith("all is well")]


@pytest.fixture(scope="module")
def played(play: Callable[[Case], Played]) -> Callable[[str], Played]:
    """The result of each case, by its name; each is run once."""
    cases = {case.name: case for case in cases_about("healthy")}
    return functools.cache(lambda name: play(cases[name]))


@parametrized("healthy")
def test_a_preflight_reports_exactly_the_expected_results(
    case: Case, played: Callable[[str], Played]
) -> None:
    check(case, played(case.name))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_without_a_fault_everything_is_found_and_no_error_is_predicted(
    case: Case, played: Callable[[str], Played]
) -> None:
    run = played(case.name)
    hosts = (*HEALTHY.nodes, *HEALTHY.backends, *HEALTHY.key_managers)
    addresses = {assign_addresses(HEALTHY).address(each.name) for each in hosts}
    assert {each["address"] for each in run.report["matrix"]} == addresses
    assert run.report["endpoint_service"].startswith("com.amazonaws.vpce.eu-central-1.")
    assert run.report["aws"]["failed_calls"] == []
    assert not run.faults() | run.doubts()
    assert run.late or not run.undecided()
    assert run.late or not run.named_errors()
