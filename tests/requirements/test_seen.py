"""Seen outranks configured: what got through takes the errors from findings about its way, and nothing else."""

from dataclasses import replace

import pytest
from accounts import ACCOUNT, BALANCER, GROUP, TARGETS, looked_at, node
from judging import NOW_S, tls

from probe.model.account import Account
from probe.model.measurements import Failure, HealthDetails, Measurement, Phase, Reason
from probe.model.targets import Check, Target
from probe.model.verdicts import Evidence, Operation, Outcome, Report, Verdict
from probe.verdicts import judge

A, B = node("eu-west-1a"), node("eu-west-1b")
SILENCE = Failure(phase=Phase.HANDSHAKE, reason=Reason.TIMED_OUT)
ONE_TARGET = replace(
    ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, targets=TARGETS[:1]),)),)
)
ON_8443 = replace(ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, port=8443),)),))
DUALSTACK = replace(ACCOUNT, load_balancers=(replace(BALANCER, address_type="dualstack"),))
NO_LISTENER = replace(ACCOUNT, load_balancers=(replace(BALANCER, listeners=()),))


def health(of: Target, status: int | None = 200, failure: Failure | None = None) -> Measurement:
    details = HealthDetails(purpose="health", status=status)
    return Measurement(
        target=of, check=Check.HEALTH_COLD, started_at_s=NOW_S, failure=failure, details=details
    )


def known(account: Account, *measured: Measurement) -> Evidence:
    return looked_at(account, targets=(A, B), latest=measured, recent=measured)


def of(report: Report, requirement: str) -> Verdict:
    (verdict,) = (each for each in report.verdicts if each.requirement == requirement)
    return verdict


@pytest.mark.parametrize(
    ("account", "requirement"),
    [
        (ONE_TARGET, "two-targets-are-healthy"),
        (ON_8443, "target-group-is-ip-tcp-443"),
        (NO_LISTENER, "listener-forwards-443"),
    ],
)
@pytest.mark.parametrize("seen", [(health(A), health(B)), (tls(A), health(B))])
def test_where_every_node_was_passed_a_finding_about_the_way_predicts_nothing(
    account: Account, requirement: str, seen: tuple[Measurement, ...]
) -> None:
    verdict = of(judge(known(account, *seen)), requirement)
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.kms_errors == ()


def test_a_dualstack_load_balancer_is_fine() -> None:
    assert of(judge(known(DUALSTACK)), "load-balancer-has-ipv4").outcome is Outcome.MET


@pytest.mark.parametrize(
    "seen",
    [
        (),
        (health(A),),
        (health(A), health(B, 503)),
        (health(A), health(B, 200, SILENCE)),
        (health(A), tls(B, failure=SILENCE, kms_handshake_succeeded=False)),
        (health(A), replace(health(B), started_at_s=NOW_S, details=HealthDetails(purpose="get", status=200))),
    ],
)
def test_a_node_that_was_not_passed_leaves_the_errors(seen: tuple[Measurement, ...]) -> None:
    verdict = of(judge(known(ONE_TARGET, *seen)), "two-targets-are-healthy")
    assert verdict.kms_errors
    assert "succeeded" not in verdict.because


def test_what_kms_alone_meets_keeps_its_errors() -> None:
    shut = replace(ACCOUNT, load_balancers=(replace(BALANCER, enforces_inbound_rules=True),))
    verdict = of(judge(known(shut, health(A), health(B))), "load-balancer-admits-privatelink-traffic")
    assert {error.operation for error in verdict.kms_errors} >= {Operation.CONNECT}
