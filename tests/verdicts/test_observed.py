"""Measurements override configuration: requests that succeeded remove the errors of findings about their path."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, BALANCER, DENIED, GROUP, HOST, SPEC, TARGETS, looked_at, node
from support.evidence import NOW_S, tcp, tls

from probe.model.account import Account
from probe.model.evidence import Evidence
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Failure, HealthDetails, KeyManagerStatus, Measurement, Phase, Reason
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import KmsStep, Level, Operation, Outcome, Report, Trait, Verdict
from probe.verdicts import observed
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
PROXY_PROTOCOL = replace(
    ACCOUNT,
    load_balancers=(
        replace(BALANCER, target_groups=(replace(GROUP, attributes={"proxy_protocol_v2.enabled": "true"}),)),
    ),
)
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
    ],
)
@pytest.mark.parametrize("measured", [(health(A), health(B)), (tls(A), health(B))])
def test_a_finding_about_the_path_predicts_nothing_if_requests_passed_every_node(
    account: Account, requirement: str, measured: tuple[Measurement, ...]
) -> None:
    verdict = of(judge(known(account, *measured)), requirement)
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.kms_errors == ()


@pytest.mark.parametrize(
    ("account", "requirement"),
    [(NO_LISTENER, "listener-forwards-443"), (PROXY_PROTOCOL, "proxy-protocol-is-off")],
)
def test_a_setting_that_a_request_passes_is_met(account: Account, requirement: str) -> None:
    """Of all nodes: with one alone, it may still be wrong for the other."""
    before = of(judge(known(account, health(A))), requirement)
    after = of(judge(known(account, health(A), health(B))), requirement)
    assert (before.outcome, after.outcome) == (Outcome.VIOLATED, Outcome.MET)
    assert before.kms_errors
    assert before.remedy is not None
    assert (after.kms_errors, after.remedy) == ((), None)
    assert after.because.startswith(before.because)
    assert "succeeded" in after.because.removeprefix(before.because)


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
    """A report in which both nodes are healthy and forward requests; ``measured`` is about the targets."""
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


def test_a_large_client_hello_answered_by_the_nodes_is_not_applicable_to_targets_that_answer_no_tls() -> None:
    cut = Failure(phase=Phase.HANDSHAKE, reason=Reason.RESET)
    unseen = [tls(t, failure=cut, kms_handshake_succeeded=False, version=None, chain=()) for t in (T1, T2)]
    measured = (tls(A), tls(B), health(A), health(B), *unseen)
    seen = looked_at(targets=(A, B, T1, T2), latest=measured, recent=measured)
    sent = {"started_at_s": NOW_S, "sent_bytes": 1470, "allowed_s": 5.0}
    hellos = (
        *(LargeClientHello(target=each, answer=HelloAnswer.SERVER_HELLO, **sent) for each in (A, B)),
        *(LargeClientHello(target=t, answer=HelloAnswer.RESET, failure=cut, **sent) for t in (T1, T2)),
    )
    report = judge(replace(seen, large_client_hellos=hellos))
    found = of_targets(report, "large-client-hello-is-answered")
    assert found == {"t1": Outcome.NOT_APPLICABLE, "t2": Outcome.NOT_APPLICABLE}


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


def test_a_finding_whose_errors_are_dropped_keeps_its_text_and_explains_why() -> None:
    before, after = (
        of(judge(known(ONE_TARGET, *seen)), "two-targets-are-healthy")
        for seen in ((), (health(A), health(B)))
    )
    assert after.because.startswith(before.because)
    assert "succeeded" in after.because.removeprefix(before.because)


def test_a_handshake_that_fails_with_kmss_client_hello_proves_nothing() -> None:
    seen = (health(A), tls(B, kms_handshake_succeeded=False))
    assert of(judge(known(ONE_TARGET, *seen)), "two-targets-are-healthy").kms_errors


def test_nodes_are_recognized_by_zone_addresses_if_their_interfaces_are_not_visible() -> None:
    zones = tuple(
        replace(zone, address=target.host) for zone, target in zip(BALANCER.zones, (A, B), strict=True)
    )
    (group,) = BALANCER.target_groups  # type: ignore[misc]
    balancer = replace(
        BALANCER, nodes=DENIED, zones=zones, target_groups=(replace(group, targets=TARGETS[:1]),)
    )
    seen = known(replace(ACCOUNT, load_balancers=(balancer,)), health(A), health(B))
    assert of(judge(seen), "two-targets-are-healthy").kms_errors == ()


def test_a_target_finding_that_becomes_unknown_keeps_its_text_and_has_no_remedy() -> None:
    shut = [tcp(t, Reason.REFUSED) for t in (T1, T2)]
    alone = judge(looked_at(targets=(A, B, T1, T2), latest=tuple(shut), recent=tuple(shut)))
    for before, after in zip(
        *(
            [
                v
                for v in report.verdicts
                if v.requirement == "every-target-accepts-tcp-443" and v.subject in {"t1", "t2"}
            ]
            for report in (alone, behind(*shut))
        ),
        strict=True,
    ):
        assert (before.outcome, before.remedy is None) == (Outcome.VIOLATED, False)
        assert after.because.startswith(before.because)
        assert "every node" in after.because.removeprefix(before.because)
        assert (after.kms_errors, after.remedy) == ((), None)


def refuted(account: Account, *seen: Measurement) -> set[str]:
    """The subjects whose findings about the configured path predict no errors any more."""
    every = ("vpc-1", "vpc-2", "net/xks", "net/other", "xks", "other")
    errors = of(judge(known(ONE_TARGET)), "two-targets-are-healthy").kms_errors
    verdicts = tuple(
        Verdict(
            requirement="r",
            level=Level.RISK,
            step=KmsStep.NETWORK,
            subject=subject,
            outcome=Outcome.VIOLATED,
            because="",
            kms_errors=errors,
            traits=frozenset({Trait.CONFIGURED_PATH}),
        )
        for subject in every
    )
    return {each.subject for each in observed.apply(verdicts, known(account, *seen)) if not each.kms_errors}


OTHER_BALANCER = replace(
    BALANCER, name="net/other", arn="arn:other", nodes=(), target_groups=(replace(GROUP, name="other"),)
)


def test_requests_through_every_node_clear_the_load_balancer_its_target_groups_and_its_vpc() -> None:
    assert refuted(ACCOUNT) == set()
    assert refuted(ACCOUNT, health(A)) == set()
    assert refuted(ACCOUNT, health(A), health(B)) == {"net/xks", "xks", "vpc-1"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_load_balancer_without_known_nodes_is_not_cleared_nor_is_the_vpc_it_shares(
    order: int,
) -> None:
    account = replace(ACCOUNT, load_balancers=(BALANCER, OTHER_BALANCER)[::order])
    assert refuted(account, health(A), health(B)) == {"net/xks", "xks"}


def test_a_load_balancer_clears_only_its_own_vpc() -> None:
    elsewhere = replace(OTHER_BALANCER, vpc_id="vpc-2")
    account = replace(ACCOUNT, load_balancers=(BALANCER, elsewhere))
    assert refuted(account, health(A), health(B)) == {"net/xks", "xks", "vpc-1"}


def test_a_backend_with_the_address_of_a_node_is_not_a_node() -> None:
    account = replace(ACCOUNT, load_balancers=(BALANCER,))
    twin = replace(T1, host=A.host)
    seen = looked_at(account, targets=(twin,), latest=(health(twin),), recent=(health(twin),))
    assert of(judge(replace(seen, account=ONE_TARGET)), "two-targets-are-healthy").kms_errors
