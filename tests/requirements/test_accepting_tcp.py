"""Whether port 443 is open: on at least one node, on every node, on every target."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, BALANCER, DENIED, GROUP, SPEC, looked_at, with_account
from support.evidence import NOTHING_AGREED, NOW_S, by_subject, evidence, in_handshake, only, target, tcp, tls

from probe.model.account import TargetGroup
from probe.model.evidence import MEASURED, Evidence
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import Outcome, Scope
from probe.requirements.accepting_tcp import (
    every_node_accepts_tcp_443,
    every_target_accepts_tcp_443,
    some_node_accepts_tcp_443,
)
from probe.requirements.declare import Rule

A, B = target("nlb-a", Role.NODE), target("nlb-b", Role.NODE)
BACKEND = target("proxy-1", Role.BACKEND)
PROXY = target("proxy")
MANAGER = target("hsm", Role.KEY_MANAGER)


def test_one_accepting_node_is_enough_for_some_node() -> None:
    finding = only(some_node_accepts_tcp_443, evidence(tcp(A), tcp(B, Reason.REFUSED)))
    assert (finding.outcome, finding.subject) == (Outcome.MET, "cks-1")
    assert "1 of 2" in finding.because


def test_without_an_accepting_node_some_node_is_violated() -> None:
    finding = only(some_node_accepts_tcp_443, evidence(tcp(A, Reason.TIMED_OUT), tcp(B, Reason.REFUSED)))
    assert finding.outcome is Outcome.VIOLATED
    assert "does not respond" in finding.because
    assert "refused" in finding.because


def test_some_node_is_unknown_if_one_is_not_measured_and_the_others_refuse() -> None:
    finding = only(some_node_accepts_tcp_443, evidence(tcp(A, Reason.REFUSED), also=(B,)))
    assert finding.outcome is Outcome.UNKNOWN


def test_without_configured_nodes_the_proxy_is_judged() -> None:
    finding = only(some_node_accepts_tcp_443, evidence(tcp(PROXY, Reason.REFUSED)))
    assert (finding.outcome, finding.subject) == (Outcome.VIOLATED, "proxy")


def test_without_nodes_and_proxy_some_node_is_unknown() -> None:
    assert only(some_node_accepts_tcp_443, evidence(tcp(BACKEND))).outcome is Outcome.UNKNOWN


def test_each_node_is_judged_separately() -> None:
    findings = by_subject(every_node_accepts_tcp_443, evidence(tcp(A), tcp(B, Reason.TIMED_OUT)))
    assert {name: each.outcome for name, each in findings.items()} == {
        "nlb-a": Outcome.MET,
        "nlb-b": Outcome.VIOLATED,
    }


def test_a_node_that_was_not_measured_is_unknown() -> None:
    assert by_subject(every_node_accepts_tcp_443, evidence(also=(A,)))["nlb-a"].outcome is Outcome.UNKNOWN


def test_every_node_is_not_applicable_without_configured_nodes() -> None:
    assert only(every_node_accepts_tcp_443, evidence(tcp(PROXY))).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (None, Outcome.MET),
        (Reason.PACKET_LOST, Outcome.MET),
        (Reason.TIMED_OUT, Outcome.VIOLATED),
        (Reason.REFUSED, Outcome.VIOLATED),
        (Reason.UNREACHABLE, Outcome.VIOLATED),
        (Reason.NOT_PERMITTED, Outcome.UNKNOWN),
    ],
    ids=[
        "accepted",
        "accepted after a lost SYN",
        "timed out",
        "refused",
        "unreachable",
        "not permitted here",
    ],
)
def test_a_target_is_judged_by_the_result_of_its_connection(reason: Reason | None, outcome: Outcome) -> None:
    assert only(every_target_accepts_tcp_443, evidence(tcp(BACKEND, reason))).outcome is outcome


def test_a_name_that_does_not_resolve_makes_the_port_unknown() -> None:
    measured = tcp(BACKEND, Reason.NAME_NOT_FOUND, phase=Phase.RESOLVE)
    assert only(every_target_accepts_tcp_443, evidence(measured)).outcome is Outcome.UNKNOWN


def test_a_target_that_was_not_measured_is_unknown() -> None:
    assert only(every_target_accepts_tcp_443, evidence(also=(BACKEND,))).outcome is Outcome.UNKNOWN


def test_every_target_is_not_applicable_without_configured_targets() -> None:
    assert only(every_target_accepts_tcp_443, evidence(tcp(A))).outcome is Outcome.NOT_APPLICABLE


UNSEEN_NODES = replace(BALANCER, nodes=DENIED)
HIDDEN_NODES = [
    ({"load_balancers": DENIED}, "the load balancers"),
    ({"load_balancers": (UNSEEN_NODES,)}, "their interfaces"),
    ({"service": DENIED}, "the service"),
]
HIDDEN_TARGETS = [
    {"load_balancers": DENIED},
    {"load_balancers": (replace(BALANCER, target_groups=DENIED),)},
    {"load_balancers": (replace(BALANCER, listeners=DENIED),)},
    {"load_balancers": (replace(BALANCER, target_groups=(replace(GROUP, targets=DENIED),)),)},
]


@pytest.mark.parametrize("declared", [some_node_accepts_tcp_443, every_node_accepts_tcp_443])
@pytest.mark.parametrize(("hidden", "_what"), HIDDEN_NODES, ids=[what for _, what in HIDDEN_NODES])
def test_nodes_are_unknown_if_a_call_for_them_was_denied(
    declared: Rule, hidden: dict[str, Any], _what: str
) -> None:
    found = only(declared, with_account(**hidden))
    assert found.outcome is Outcome.UNKNOWN
    assert "allow ec2:DescribeX" in found.because


@pytest.mark.parametrize("hidden", HIDDEN_TARGETS, ids=["balancers", "groups", "listeners", "health"])
def test_targets_are_unknown_if_a_call_for_them_was_denied(hidden: dict[str, Any]) -> None:
    found = only(every_target_accepts_tcp_443, with_account(**hidden))
    assert found.outcome is Outcome.UNKNOWN
    assert "allow ec2:DescribeX" in found.because


def test_nodes_and_targets_are_unknown_in_a_preflight_without_an_account() -> None:
    for declared in (some_node_accepts_tcp_443, every_node_accepts_tcp_443, every_target_accepts_tcp_443):
        assert only(declared, looked_at(None)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        (some_node_accepts_tcp_443, A),
        (every_node_accepts_tcp_443, A),
        (every_target_accepts_tcp_443, BACKEND),
    ],
    ids=["some node", "every node", "every target"],
)
@pytest.mark.parametrize("scopes", [MEASURED, frozenset(Scope)], ids=["in the agent", "in a preflight"])
def test_addresses_given_by_the_user_need_no_account(
    declared: Rule, given: Target, scopes: frozenset[Scope]
) -> None:
    assert only(declared, evidence(tcp(given), spec=SPEC, scopes=scopes)).outcome is Outcome.MET


def test_without_given_addresses_the_agent_does_not_expect_an_account() -> None:
    measured = evidence(tcp(PROXY), spec=SPEC)
    for declared in (every_node_accepts_tcp_443, every_target_accepts_tcp_443):
        assert only(declared, measured).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "spec", [None, replace(SPEC, connectivity=PUBLIC_CONNECTIVITY)], ids=["no key store", "public"]
)
def test_a_closed_proxy_without_a_load_balancer_is_violated_in_a_preflight(spec: KeyStoreSpec | None) -> None:
    shut = evidence(tcp(PROXY, Reason.REFUSED), spec=spec, scopes=frozenset(Scope))
    assert only(some_node_accepts_tcp_443, shut).outcome is Outcome.VIOLATED


def test_without_zones_and_interfaces_of_the_load_balancer_the_nodes_are_unknown() -> None:
    """Zones without an address, and no zones at all: a node may exist that the agent does not know of."""
    for zones in (tuple(replace(each, address=None) for each in BALANCER.zones), ()):
        account = replace(ACCOUNT, load_balancers=(replace(UNSEEN_NODES, zones=zones),))
        denied = evidence(spec=SPEC, account=account, scopes=frozenset(Scope))
        for declared in (some_node_accepts_tcp_443, every_node_accepts_tcp_443):
            assert only(declared, denied).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("zones", [1, 2])
def test_a_denied_call_for_interfaces_does_not_matter_if_each_zone_has_a_given_node(zones: int) -> None:
    balancer = replace(UNSEEN_NODES, zones=BALANCER.zones[:zones])
    account = replace(ACCOUNT, load_balancers=(balancer,))
    nodes = (tcp(A), tcp(B))
    for number in range(zones + 1):
        given = evidence(*nodes[:number], spec=SPEC, account=account, scopes=frozenset(Scope))
        outcomes = {each.outcome for each in every_node_accepts_tcp_443.judge(given)}
        assert (Outcome.UNKNOWN in outcomes) is (number < zones)


def test_closed_nodes_do_not_decide_if_other_nodes_may_exist() -> None:
    other = replace(UNSEEN_NODES, name="net/other", arn="arn:other")
    account = replace(ACCOUNT, load_balancers=(BALANCER, other))
    shut = evidence(tcp(A, Reason.REFUSED), tcp(B, Reason.REFUSED), spec=SPEC, account=account)
    found = only(some_node_accepts_tcp_443, shut)
    assert found.outcome is Outcome.UNKNOWN
    assert "allow ec2:DescribeX" in found.because
    outcomes = [each.outcome for each in every_node_accepts_tcp_443.judge(shut)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.VIOLATED, Outcome.VIOLATED]


@pytest.mark.parametrize(
    ("groups", "outcome"), [((GROUP,), Outcome.VIOLATED), ((GROUP, replace(GROUP, arn="b")), Outcome.UNKNOWN)]
)
def test_a_closed_target_is_unknown_if_its_group_may_not_serve_port_443(
    groups: tuple[TargetGroup, ...], outcome: Outcome
) -> None:
    balancer = replace(BALANCER, listeners=DENIED, target_groups=groups)
    shut = evidence(
        tcp(BACKEND, Reason.REFUSED),
        spec=SPEC,
        account=replace(ACCOUNT, load_balancers=(balancer,)),
    )
    assert by_subject(every_target_accepts_tcp_443, shut)["proxy-1"].outcome is outcome


@pytest.mark.parametrize(
    ("targets", "subject"),
    [
        ((PROXY, MANAGER, replace(MANAGER, name="hsm-2")), "proxy"),
        ((MANAGER,), "hsm"),
        ((MANAGER, replace(MANAGER, name="hsm-2")), "cks-1"),
    ],
    ids=["the only entry point", "the only target", "the key store"],
)
def test_without_nodes_and_targets_the_subject_is_the_entry_point_or_else_all_targets(
    targets: tuple[Target, ...], subject: str
) -> None:
    for declared in (every_node_accepts_tcp_443, every_target_accepts_tcp_443):
        assert only(declared, evidence(also=targets)).subject == subject


def test_the_remedy_for_some_node_names_the_first_node() -> None:
    first, second = replace(A, host="10.0.1.10"), replace(B, host="10.0.2.10")
    shut = evidence(tcp(first, Reason.REFUSED), tcp(second, Reason.REFUSED))
    assert only(some_node_accepts_tcp_443, shut).values["ADDRESS"] == "10.0.1.10"


def test_a_remedy_names_the_load_balancer_and_the_target_group() -> None:
    node_, backend = replace(A, host="10.0.1.10"), replace(BACKEND, host="192.168.1.5", port=8443)
    shut = evidence(tcp(node_, Reason.REFUSED), tcp(backend, Reason.REFUSED), spec=SPEC, account=ACCOUNT)
    for declared in (some_node_accepts_tcp_443, every_node_accepts_tcp_443):
        values = only(declared, shut).values
        assert (values["LOAD-BALANCER-ARN"], values["REGION"]) == ("arn:nlb", "eu-west-1")
    values = only(every_target_accepts_tcp_443, shut).values
    assert (values["TARGET-GROUP-ARN"], values["ADDRESS:443"]) == ("arn:tg", "192.168.1.5:8443")


def test_attempts_with_different_results_are_counted_in_the_text() -> None:
    recent = tuple(tcp(BACKEND, reason) for reason in (None, Reason.TIMED_OUT, None, Reason.PACKET_LOST))
    finding = only(every_target_accepts_tcp_443, replace(evidence(tcp(BACKEND)), recent=recent))
    assert "of the last 4 attempts 3 were accepted" in finding.because


def test_attempts_with_the_same_result_are_not_mentioned() -> None:
    finding = only(every_target_accepts_tcp_443, replace(evidence(tcp(BACKEND)), recent=(tcp(BACKEND),) * 3))
    assert "attempts" not in finding.because


@pytest.mark.parametrize(("later_s", "outcome"), [(1, Outcome.MET), (-1, Outcome.VIOLATED)])
def test_the_latest_connection_decides_even_if_it_is_from_a_handshake(
    later_s: float, outcome: Outcome
) -> None:
    reset = tls(BACKEND, failure=in_handshake(Reason.RESET), at_s=NOW_S + later_s, **NOTHING_AGREED)
    assert (
        only(every_target_accepts_tcp_443, evidence(tcp(BACKEND, Reason.REFUSED), reset)).outcome is outcome
    )


def test_a_handshake_that_could_not_connect_counts_as_an_attempt() -> None:
    failed = tls(BACKEND, failure=Failure(phase=Phase.CONNECT, reason=Reason.REFUSED), **NOTHING_AGREED)
    assert only(every_target_accepts_tcp_443, evidence(failed)).outcome is Outcome.VIOLATED


def test_without_any_evidence_some_node_is_unknown() -> None:
    assert only(some_node_accepts_tcp_443, Evidence(taken_at_s=0)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("number", "more"), [(5, False), (6, True)])
def test_the_text_about_some_node_lists_at_most_five_nodes(number: int, *, more: bool) -> None:
    nodes = [tcp(target(f"node-{n}", Role.NODE)) for n in range(number)]
    finding = only(some_node_accepts_tcp_443, evidence(*nodes))
    assert ("and 1 more" in finding.because) is more
    assert (" more" in finding.because) is more


@pytest.mark.parametrize(
    ("before", "outcome"),
    [((), Outcome.UNKNOWN), ((None,), Outcome.UNKNOWN), ((Reason.TIMED_OUT,), Outcome.VIOLATED)],
    ids=["the first attempt", "after an accepted one", "after another timeout"],
)
def test_a_single_timeout_does_not_decide(before: tuple[Reason | None, ...], outcome: Outcome) -> None:
    silent = tcp(A, Reason.TIMED_OUT)
    recent = (*(tcp(A, reason) for reason in before), silent)
    assert only(every_node_accepts_tcp_443, evidence(silent, recent=recent)).outcome is outcome


def test_a_timeout_of_an_hour_ago_does_not_count_as_a_second_one() -> None:
    silent, old = tcp(A, Reason.TIMED_OUT), tcp(A, Reason.TIMED_OUT, at_s=NOW_S - 3600)
    assert only(every_node_accepts_tcp_443, evidence(silent, recent=(old, silent))).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "phase", "words"),
    [
        (Reason.TIMED_OUT, Phase.CONNECT, "port 443 does not respond"),
        (Reason.REFUSED, Phase.CONNECT, "port 443 refused the connection"),
        (Reason.UNREACHABLE, Phase.CONNECT, "the TCP connection: reported as unreachable"),
        (Reason.TIMED_OUT, Phase.RESOLVE, "resolving the name: "),
    ],
)
def test_only_a_failed_tcp_connection_is_explained_by_the_port(
    reason: Reason, phase: Phase, words: str
) -> None:
    finding = only(every_target_accepts_tcp_443, evidence(tcp(BACKEND, reason, phase=phase)))
    assert words in finding.because


@pytest.mark.parametrize(
    "ignored",
    [
        tcp(A, at_s=NOW_S - 3600),
        replace(tcp(A, at_s=NOW_S - 1), check=Check.DNS),
        tcp(A, Reason.NOT_PERMITTED, at_s=NOW_S - 1),
    ],
    ids=["stale", "another check", "not permitted here"],
)
def test_two_timeouts_decide_despite_irrelevant_earlier_measurements(ignored: Measurement) -> None:
    lost = tcp(A, Reason.TIMED_OUT)
    measured = evidence(lost, recent=(ignored, lost, lost))
    assert only(every_node_accepts_tcp_443, measured).outcome is Outcome.VIOLATED


def test_two_timeouts_decide_even_if_an_earlier_attempt_was_accepted() -> None:
    lost = tcp(BACKEND, Reason.TIMED_OUT)
    measured = evidence(lost, recent=(tcp(BACKEND), lost, lost))
    assert only(every_target_accepts_tcp_443, measured).outcome is Outcome.VIOLATED


def test_an_accepted_connection_is_shown_with_its_duration() -> None:
    finding = only(every_target_accepts_tcp_443, evidence(tcp(BACKEND, connect_s=0.0042)))
    assert "in 4.2 ms" in finding.because
    bare = replace(tcp(BACKEND), phases_s={})
    assert " ms" not in only(every_target_accepts_tcp_443, evidence(bare)).because
