"""A preflight through the installed command for each unusual account that is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.accounts.behind import with_alb
from support.accounts.two_balancers import with_another_balancer
from support.preflight.cases import Case, parametrized
from support.preflight.playing import Played, check
from support.preflight.recording import from_file, recorded

from simulator import Simulation

pytestmark = pytest.mark.real


@parametrized("broken_accounts")
def test_a_preflight_reports_exactly_the_expected_results(case: Case, play: Callable[[Case], Played]) -> None:
    check(case, play(case))


POSSIBLE = {
    "update": {"maybe XksProxyUriUnreachableException"},
    "connect": {"maybe XKS_PROXY_NOT_REACHABLE"},
    "create_key": {"maybe CustomKeyStoreInvalidStateException"},
}


@pytest.mark.long
def test_a_load_balancer_as_target_that_is_not_in_every_zone_is_a_risk(
    preflight_simulation: Simulation, play: Callable[..., Played], tmp_path: Path
) -> None:
    document = with_alb(recorded(preflight_simulation, {"key_stores": []}), zones=("eu-central-1a",))
    case = Case(
        name="",
        expect={
            "two-targets-are-healthy": frozenset({"met"}),
            "every-zone-has-a-healthy-target": frozenset({"violated"}),
            "every-node-accepts-tcp-443": frozenset({"met", "violated"}),
            "target-group-is-ip-tcp-443": frozenset({"violated"}),
        },
        predict={operation: frozenset(names) for operation, names in POSSIBLE.items()},
        faults={"proxy-2": ["refused"]},
        options=from_file(document, tmp_path / "account.json"),
    )
    check(case, play(case))


@pytest.mark.long
def test_a_broken_load_balancer_of_two_is_possible_and_its_share_is_reported(
    preflight_simulation: Simulation, play: Callable[..., Played], tmp_path: Path
) -> None:
    document = with_another_balancer(recorded(preflight_simulation, {"key_stores": []}), state="failed")
    case = Case(
        name="",
        expect={
            "load-balancer-is-active": frozenset({"met", "violated"}),
            "some-node-accepts-tcp-443": frozenset({"met"}),
            "every-node-accepts-tcp-443": frozenset({"met", "violated"}),
        },
        predict={operation: frozenset(names) for operation, names in POSSIBLE.items()},
        faults={"nlb-euc1-az2": ["dead"]},
        options={**from_file(document, tmp_path / "account.json"), "--timeout": "15"},
    )
    run = play(case)
    check(case, run)
    reasons = [each["because"] for each in run.report["verdicts"] if each["outcome"] == "violated"]
    assert all("1 of 2 load balancers" in because for because in reasons)
