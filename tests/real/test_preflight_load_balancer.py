"""A preflight through the installed command for each case about the load balancer and its targets."""

from collections.abc import Callable

import pytest
from support.preflight.cases import Case, parametrized
from support.preflight.playing import Played, check

pytestmark = pytest.mark.real


@parametrized("load_balancer")
def test_a_preflight_reports_exactly_the_expected_results(case: Case, play: Callable[[Case], Played]) -> None:
    check(case, play(case))
