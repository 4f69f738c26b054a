"""A preflight through the installed command for each case without a fault."""

from collections.abc import Callable

import pytest
from support.preflight.cases import Case, cases_about, parametrized
from support.preflight.playing import HEALTHY, Played, check

from simulator.scenario.addressing import assign_addresses

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


CASES = [each for each in cases_about("healthy") if each.name.startswith("all is well")]


@parametrized("healthy")
def test_a_preflight_reports_exactly_the_expected_results(case: Case, play: Callable[[Case], Played]) -> None:
    check(case, play(case))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_without_a_fault_everything_is_found_and_no_error_is_predicted(
    case: Case, play: Callable[[Case], Played]
) -> None:
    run = play(case)
    hosts = (*HEALTHY.nodes, *HEALTHY.backends, *HEALTHY.key_managers)
    addresses = {assign_addresses(HEALTHY).address(each.name) for each in hosts}
    assert {each["address"] for each in run.report["matrix"]} == addresses
    assert run.report["endpoint_service"].startswith("com.amazonaws.vpce.eu-central-1.")
    assert run.report["aws"]["failed_calls"] == []
    assert not run.faults() | run.of_outcome("unknown")
    assert not run.undecided()
    assert run.slow_hosts or not run.named_errors()
