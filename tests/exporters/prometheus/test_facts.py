"""Conversion of refreshed facts to rows, and the closed lists of label values."""

from dataclasses import replace

import botocore.session
from support.accounts.healthy import ACCOUNT, DENIED, STORE
from support.reports.exporter_inputs import report

from exporters.prometheus import PrometheusSink
from exporters.prometheus.facts import (
    CALLS,
    CONNECTION_STATES,
    TARGET_STATES,
    AwsCalls,
    age_rows,
    agreement_rows,
    connection_error_rows,
    connection_state_rows,
    latency_rows,
    proxy_error_rows,
    record_rows,
    success_rows,
    target_health_rows,
)
from exporters.prometheus.families import Rows
from probe.agent.last_good import unread
from probe.aws import calls
from probe.model.account import known
from probe.model.aws_metrics import (
    OTHER_EXCEPTION,
    PROXY_EXCEPTIONS,
    AwsMetrics,
    ProxyLatency,
    ProxyRequests,
)
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.refreshed import Refreshed
from probe.model.targets import Role, Target
from probe.model.verdicts import ReportedState

NOW_S = 10_000.0
READ = replace(ACCOUNT, key_stores=(STORE,), taken_at_s=NOW_S - 40)
FACTS = Refreshed(key_store=STORE.id, account=READ, last_success_s=NOW_S - 40)
NOTHING = Refreshed(key_store="cks-2")


def ones(rows: Rows) -> list[tuple[str, ...]]:
    return [labels for labels, value in rows.items() if value]


def test_the_calls_are_those_of_the_audit() -> None:
    assert sorted(CALLS) == sorted(calls.action(*each) for each in calls.CALLS)


def test_the_states_are_those_of_botocores_models() -> None:
    session = botocore.session.get_session()
    connection = session.get_service_model("kms").shape_for("ConnectionStateType")
    health = session.get_service_model("elbv2").shape_for("TargetHealthStateEnum")
    assert sorted(connection.enum) == sorted(CONNECTION_STATES)
    assert sorted(health.enum) == sorted(TARGET_STATES)


def test_calls_are_counted_once_per_audit_and_all_start_at_0() -> None:
    counted = AwsCalls()
    assert set(counted.asked().values()) == set(counted.failed().values()) == {0.0}
    audit = replace(READ, asked=("ec2:DescribeVpcs", "ec2:DescribeVpcs"), failed_calls=(DENIED,))
    counted.count([replace(FACTS, audit=audit), NOTHING])
    counted.count([FACTS])
    assert counted.asked()["ec2:DescribeVpcs",] == 2.0
    assert counted.failed()[DENIED.call, "access_denied"] == 1.0


def measured(metrics: AwsMetrics) -> list[Refreshed]:
    return [replace(FACTS, account=replace(READ, metrics=metrics))]


def test_kmss_own_latency_has_a_row_per_known_statistic() -> None:
    latency = ProxyLatency(period_start_s=NOW_S, average_s=0.02, p99_s=0.2)
    assert latency_rows(measured(AwsMetrics(latency=latency))) == {
        (STORE.id, "average"): 0.02,
        (STORE.id, "p99"): 0.2,
    }


def test_kmss_own_errors_have_a_row_per_exception() -> None:
    errors = dict.fromkeys((*PROXY_EXCEPTIONS, OTHER_EXCEPTION), 0) | {"ThrottlingException": 4}
    requests = ProxyRequests(period_start_s=NOW_S, count=100, errors=errors)
    rows = proxy_error_rows(measured(AwsMetrics(requests=requests)))
    assert len(rows) == len(PROXY_EXCEPTIONS) + 1
    assert {labels: value for labels, value in rows.items() if value} == {
        (STORE.id, "ThrottlingException"): 4.0
    }


def test_what_kms_measured_has_no_row_while_it_is_unknown() -> None:
    denied = replace(FACTS, account=replace(READ, metrics=DENIED))
    for facts in ([NOTHING], [FACTS], [denied], measured(AwsMetrics())):
        assert latency_rows(facts) == proxy_error_rows(facts) == {}


def test_the_state_and_the_error_that_kms_reports_are_1() -> None:
    failed = replace(STORE, connection_state="FAILED", connection_error_code="XKS_PROXY_TIMED_OUT")
    facts = [replace(FACTS, account=replace(READ, key_stores=(failed,))), NOTHING]
    assert ones(connection_state_rows(facts)) == [(STORE.id, "FAILED")]
    assert ones(connection_error_rows(facts)) == [(STORE.id, "XKS_PROXY_TIMED_OUT")]
    assert ("cks-2", "CONNECTED") in connection_state_rows(facts), "series start at 0"


def test_a_backend_has_the_state_of_its_registered_target() -> None:
    (group,) = known(known(READ.load_balancers)[0].target_groups)
    first, second = known(group.targets)
    worse = replace(group, targets=(first, replace(second, state="unhealthy")))
    balancer = replace(known(READ.load_balancers)[0], target_groups=(worse,))
    facts = [replace(FACTS, account=replace(READ, load_balancers=(balancer,)))]
    targets = [
        Target(name=each.id, role=Role.BACKEND, host=each.id, port=443, key_store=STORE.id)
        for each in (first, second)
    ]
    typed = Target(name="typed", role=Role.BACKEND, host="192.168.1.9", key_store=STORE.id)
    other = Target(name="other", role=Role.BACKEND, host=first.id, key_store="cks-2")
    rows = target_health_rows(facts, [*targets, typed, other])
    assert ones(rows) == [(first.id, "healthy"), (second.id, "unhealthy")]
    assert {name for name, _ in rows} == {first.id, second.id, "typed"}


def test_the_age_is_that_of_what_is_used_and_absent_if_nothing_is_known() -> None:
    domain = DomainFacts(private_dns_name="x", registrable=None, taken_at_s=NOW_S - 7)
    blind = replace(FACTS, key_store="cks-3", account=unread("eu-west-1", NOW_S, "denied"))
    rows = age_rows([replace(FACTS, domain=domain), NOTHING, blind], NOW_S)
    assert rows == {(STORE.id, "account"): 40.0, (STORE.id, "verification_record"): 7.0}
    assert success_rows([FACTS, NOTHING]) == {(STORE.id,): NOW_S - 40}


def test_answers_for_the_verification_record_are_counted_by_kind_of_name_server() -> None:
    seen = tuple(
        RecordSeen(name="_a.example.com", view=View.PUBLIC, server=server, state=RecordState.PUBLISHED)
        for server in ("8.8.8.8", "1.1.1.1")
    )
    domain = DomainFacts(private_dns_name="x", registrable=None, seen=seen)
    rows = record_rows([replace(FACTS, domain=domain)])
    assert rows[STORE.id, "public", "published"] == 2.0
    assert sum(rows.values()) == 2.0
    assert len(rows) == 2 * len(RecordState)


def test_the_agreement_is_absent_while_it_cannot_be_compared() -> None:
    def with_agreement(*, agrees: bool | None) -> Rows:
        actual = ReportedState(
            connection_state="CONNECTED", connection_error_code=None, agrees=agrees, because=""
        )
        return agreement_rows([replace(report(), actual=actual)])

    assert list(with_agreement(agrees=True).values()) == [1.0]
    assert list(with_agreement(agrees=False).values()) == [0.0]
    assert with_agreement(agrees=None) == agreement_rows([report()]) == {}


def test_without_discovery_the_sink_has_no_samples_of_facts_and_a_store_that_is_gone_leaves_none() -> None:
    def names(sink: PrometheusSink) -> set[str]:
        return {
            sample.name.removeprefix("xksprobe_")
            for family in sink.collect()
            for sample in family.samples
            if sample.name.startswith(("xksprobe_aws", "xksprobe_key_store", "xksprobe_evidence"))
        }

    sink = PrometheusSink("1", now=lambda: NOW_S)
    assert names(sink) == set()
    sink.on_facts([replace(FACTS, audit=READ)])
    assert {"aws_calls_total", "aws_call_failures_total", "key_store_connection_state"} <= names(sink)
    sink.on_facts([])
    assert names(sink) == set()
