"""Measurements override configuration: requests that succeeded remove the errors of findings about their path."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, HOST, SPEC, TARGETS, looked_at, node
from support.evidence import NOW_S, tcp, tls

from probe.model.account import Account
from probe.model.evidence import Evidence
from probe.model.measurements import Failure, HealthDetails, KeyManagerStatus, Measurement, Phase, Reason
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Operation, Outcome, Report, Verdict
from probe.verdicts.judge import judge

TCP_PLAN, TLS_PLAN = (
    PlannedCheck(check=check, interval_s=10.0, timeout_s=10.0) for check in (Check.TCP, Check.TLS)
)
A, B = node("eu-west-1a"), node("eu-west-1b")
SILENCE = Failure(phase=Phase.HANDSHAKE, reason=Reason.TIMED_OUT)
ONE_TARGET = replace(
    ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, targets=TARGETS[:1]),)),)
)
ON_8443 = replace(ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, port=8443),)),))
DUALSTACK = replace(ACCOUNT, load_balancers=(replace(BALANCER, address_type="dualstack"),))
NO_LISTENER = replace(ACCOUNT, load_balancers=(replace(BALANCER, listeners=()),))


def health(of: Target, status: int | None = 200, failure: Failure | None = None) -> Measurement:
    managers = (("hsm-1", KeyManagerStatus.ACTIVE), ("hsm-2", KeyManagerStatus.ACTIVE))
    details = HealthDetails(purpose="health", status=status, managers=managers)
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
@pytest.mark.parametrize("measured", [(health(A), health(B)), (tls(A), health(B))])
def test_a_finding_about_the_path_predicts_nothing_if_requests_passed_every_node(
    account: Account, requirement: str, measured: tuple[Measurement, ...]
) -> None:
    verdict = of(judge(known(account, *measured)), requirement)
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.kms_errors == ()


def test_a_dualstack_load_balancer_is_fine() -> None:
    assert of(judge(known(DUALSTACK)), "load-balancer-has-ipv4").outcome is Outcome.MET


@pytest.mark.parametrize(
    "measured",
    [
        (),
        (health(A),),
        (health(A), health(B, 503)),
        (health(A), health(B, 200, SILENCE)),
        (health(A), tls(B, failure=SILENCE, kms_handshake_succeeded=False)),
        (health(A), replace(health(B), started_at_s=NOW_S, details=HealthDetails(purpose="get", status=200))),
    ],
)
def test_the_errors_stay_if_requests_did_not_pass_every_node(measured: tuple[Measurement, ...]) -> None:
    verdict = of(judge(known(ONE_TARGET, *measured)), "two-targets-are-healthy")
    assert verdict.kms_errors
    assert "succeeded" not in verdict.because


T1, T2 = (
    Target(name=n, role=Role.BACKEND, host=n, server_name=HOST, plans=(TCP_PLAN, TLS_PLAN))
    for n in ("t1", "t2")
)


def behind(*measured: Measurement) -> Report:
    """A report in which both nodes are healthy and pass requests on; the targets are as ``measured``."""
    all_measured = (tcp(A), tcp(B), tls(A), tls(B), health(A), health(B), *measured)
    return judge(looked_at(targets=(A, B, T1, T2), latest=all_measured, recent=all_measured))


def of_targets(report: Report, requirement: str) -> dict[str, Outcome]:
    return {
        v.subject: v.outcome
        for v in report.verdicts
        if v.requirement == requirement and v.subject in {"t1", "t2"}
    }


def connect_errors(report: Report) -> set[str]:
    (prediction,) = (each for each in report.predictions if each.operation is Operation.CONNECT)
    return {each.error for each in prediction.errors}


SHUT = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def test_targets_that_accept_only_the_load_balancer_are_unknown_and_not_a_fault() -> None:
    shut = [tcp(t, Reason.REFUSED) for t in (T1, T2)]
    unseen = [tls(t, failure=SHUT, kms_handshake_succeeded=False, version=None, chain=()) for t in (T1, T2)]
    report = behind(*shut, *unseen)
    assert of_targets(report, "every-target-accepts-tcp-443") == {
        "t1": Outcome.UNKNOWN,
        "t2": Outcome.UNKNOWN,
    }
    assert set(of_targets(report, "tls-version-is-supported").values()) == {Outcome.NOT_APPLICABLE}
    assert connect_errors(report) == set()


def test_a_key_seen_through_the_nodes_is_not_applicable_to_targets_that_accept_only_the_nodes() -> None:
    usable = {"key_spec": "AES_256", "key_usage": ("ENCRYPT", "DECRYPT"), "key_status": "ENABLED"}
    details = HealthDetails(purpose="key_metadata", status=200, **usable)
    shown = [replace(health(of), details=details) for of in (A, B)]
    measured = (tls(A), tls(B), health(A), health(B), *shown)
    spec = replace(SPEC, key_id="foo")
    report = judge(looked_at(targets=(A, B, T1, T2), latest=measured, recent=measured, spec=spec))
    assert set(of_targets(report, "key-metadata-is-usable").values()) == {Outcome.NOT_APPLICABLE}


def test_one_closed_target_of_two_is_a_fault_of_that_target() -> None:
    shut = tcp(T1, Reason.REFUSED)
    report = behind(shut, tcp(T2), tls(T2))
    assert of_targets(report, "every-target-accepts-tcp-443") == {"t1": Outcome.VIOLATED, "t2": Outcome.MET}
    assert connect_errors(report) == {"XKS_PROXY_NOT_REACHABLE"}


def test_a_fault_seen_at_a_target_is_reported_even_if_the_nodes_are_healthy() -> None:
    report = behind(
        tcp(T1), tcp(T2), tls(T1, version="TLSv1.1", cipher=None, kms_handshake_succeeded=False), tls(T2)
    )
    assert of_targets(report, "tls-version-is-supported")["t1"] is Outcome.VIOLATED


def test_a_fault_that_only_kms_can_see_keeps_its_errors() -> None:
    shut = replace(ACCOUNT, load_balancers=(replace(BALANCER, enforces_inbound_rules=True),))
    verdict = of(judge(known(shut, health(A), health(B))), "load-balancer-admits-privatelink-traffic")
    assert {error.operation for error in verdict.kms_errors} >= {Operation.CONNECT}
