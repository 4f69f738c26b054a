"""The load balancer's health check: a TCP check is advice, one that contradicts our own connects is a risk."""

from dataclasses import replace

import pytest
from support.accounts.changes import checked_by
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, TARGETS, looked_at, the_one
from support.evidence import tcp

from probe.model.evidence import Evidence
from probe.model.measurements import Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import KmsStep, Level, Likelihood, Outcome
from probe.requirements.health_check import health_check_sees_the_proxy

FIRST = Target(name="192.168.1.5:443", role=Role.BACKEND, host="192.168.1.5", port=443)


def failing(
    reason: str, *, reached: bool = True, target: Target = FIRST, state: str = "unhealthy"
) -> Evidence:
    """The first target fails the load balancer's check; the agent's own connects succeed if ``reached``."""
    targets = (replace(TARGETS[0], state=state, reason=reason), TARGETS[1])
    balancer = replace(BALANCER, target_groups=(replace(GROUP, targets=targets),))
    measured = tcp(target) if reached else tcp(target, Reason.REFUSED)
    return looked_at(replace(ACCOUNT, load_balancers=(balancer,)), targets=(target,), latest=(measured,))


@pytest.mark.parametrize(
    "reason", ["Target.ResponseCodeMismatch", "Target.Timeout", "Target.FailedHealthChecks"]
)
def test_a_target_that_fails_the_check_but_accepts_connections_is_a_risk(reason: str) -> None:
    found = the_one(health_check_sees_the_proxy, failing(reason))
    assert (found.outcome, found.level, found.step) == (Outcome.VIOLATED, Level.RISK, KmsStep.NETWORK)
    assert found.kms_errors
    assert {error.likelihood for error in found.kms_errors} == {Likelihood.POSSIBLE}
    assert '"192.168.1.5" fail the check (HTTPS on port "traffic-port" with path "/ping")' in found.because
    declared = health_check_sees_the_proxy.remedy
    assert found.remedy is not None
    assert found.remedy.text not in {None, declared.text}
    assert (found.remedy.console, found.remedy.cli) == (declared.console, declared.cli)


def test_a_target_without_a_port_of_its_own_is_checked_on_that_of_its_group() -> None:
    targets = (replace(TARGETS[0], port=None, state="unhealthy", reason="Target.Timeout"),)
    balancer = replace(BALANCER, target_groups=(replace(GROUP, port=8443, targets=targets),))
    account = replace(ACCOUNT, load_balancers=(balancer,))
    for port, outcome in ((8443, Outcome.VIOLATED), (443, Outcome.MET)):
        reached = replace(FIRST, port=port)
        found = the_one(
            health_check_sees_the_proxy, looked_at(account, targets=(reached,), latest=(tcp(reached),))
        )
        assert found.outcome is outcome


@pytest.mark.parametrize(
    "evidence",
    [
        failing("Target.Timeout", reached=False),
        failing("Target.Timeout", target=replace(FIRST, port=8443)),
        failing("Target.Timeout", target=replace(FIRST, role=Role.NODE)),
        failing("Target.IpUnusable"),
        failing("Target.Timeout", state="unused"),
    ],
    ids=["not reached", "another port", "a node", "not checked", "not used"],
)
def test_without_a_contradiction_the_check_is_right(evidence: Evidence) -> None:
    assert the_one(health_check_sees_the_proxy, evidence).outcome is Outcome.MET


def test_a_tcp_check_is_advice_without_errors() -> None:
    group = replace(GROUP, health_check=checked_by("tcp"))
    evidence = looked_at(replace(ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(group,)),)))
    found = the_one(health_check_sees_the_proxy, evidence)
    assert (found.outcome, found.level, found.kms_errors) == (Outcome.VIOLATED, None, None)
    assert "a proxy that hangs stays healthy" in found.because
