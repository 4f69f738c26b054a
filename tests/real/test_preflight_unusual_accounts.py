"""A preflight through the installed command for each unusual account that works."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.accounts.behind import with_alb
from support.accounts.two_balancers import with_another_balancer
from support.preflight.cases import Case, parametrized
from support.preflight.playing import Played, check
from support.preflight.recording import from_file, recorded

from simulator import Simulation

pytestmark = pytest.mark.real
ZONES = ("eu-central-1a", "eu-central-1b")
HEALTH = "health-response-is-valid"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@parametrized("unusual_accounts")
def test_a_preflight_reports_exactly_the_expected_results(case: Case, play: Callable[[Case], Played]) -> None:
    check(case, play(case))


# Accounts that differ in more than one answer to a call are read from a file.


def behind_an_alb(document: dict[str, Any]) -> dict[str, Any]:
    return with_alb(document, zones=ZONES)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "expect"),
    [
        (
            behind_an_alb,
            {
                "two-targets-are-healthy": {"met"},
                "every-zone-has-a-healthy-target": {"met"},
                "network-routes-reach-every-target": {"unknown"},
                "target-group-is-ip-tcp-443": {"violated"},
            },
        ),
        (
            with_another_balancer,
            {"load-balancer-is-active": {"met"}, "two-availability-zones": {"met"}, HEALTH: {"met"}},
        ),
    ],
    ids=["a load balancer as target", "two load balancers"],
)
def test_an_account_from_a_file_reports_exactly_the_expected_results(
    change: Callable[[dict[str, Any]], dict[str, Any]],
    expect: Mapping[str, set[str]],
    preflight_simulation: Simulation,
    play: Callable[..., Played],
    tmp_path: Path,
) -> None:
    document = change(recorded(preflight_simulation, {"key_stores": []}))
    case = Case(
        name="",
        expect={id_: frozenset(of) for id_, of in expect.items()},
        options=from_file(document, tmp_path / "account.json"),
    )
    run = play(case, NO_KEYS)
    check(case, run)
    assert run.status in {0, 3}
