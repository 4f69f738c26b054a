"""Converts the refreshed facts of key stores to rows of label values and numbers. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exporters.prometheus.families import Labels, Rows, label
from exporters.prometheus.kms_errors import CONNECTION_ERROR_CODES
from probe.model.account import KMS_PORT, Account, ApiErrorKind, known
from probe.model.aws_metrics import AwsMetrics
from probe.model.facts import RecordState, View
from probe.model.refreshed import Refreshed
from probe.model.targets import Role, Target
from probe.model.verdicts import Report

# The IAM actions of the audit, written out because exporters do not import it; a test compares them.
CALLS = (
    "cloudwatch:GetMetricData",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpointServicePermissions",
    "ec2:DescribeVpcEndpointServices",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "kms:DescribeCustomKeyStores",
    "sts:GetCallerIdentity",
)
# botocore's models: ConnectionStateType of KMS, TargetHealthStateEnum of Elastic Load Balancing.
CONNECTION_STATES = ("CONNECTED", "CONNECTING", "DISCONNECTED", "DISCONNECTING", "FAILED")
TARGET_STATES = ("draining", "healthy", "initial", "unavailable", "unhealthy", "unhealthy.draining", "unused")
ACCOUNT, RECORD = "account", "verification_record"
_VIEWS = (View.PUBLIC, View.AUTHORITATIVE)


class AwsCalls:
    """Counts the calls of all audits, and their failures by reason."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter(dict.fromkeys(CALLS, 0))
        self._failed: Counter[tuple[str, str]] = Counter(
            {(call, reason.value): 0 for call in CALLS for reason in ApiErrorKind}
        )

    def count(self, facts: Iterable[Refreshed]) -> None:
        for audit in (each.audit for each in facts if each.audit is not None):
            self._asked.update(audit.asked)
            self._failed.update((each.call, each.cause.value) for each in audit.failed_calls)

    def asked(self) -> Rows:
        return {(label(call),): float(count) for call, count in dict(self._asked).items()}

    def failed(self) -> Rows:
        return {(label(call), reason): float(count) for (call, reason), count in dict(self._failed).items()}


def success_rows(facts: Iterable[Refreshed]) -> Rows:
    """When an audit last succeeded; no row before the first."""
    return {(label(f.key_store),): f.last_success_s for f in facts if f.last_success_s is not None}


def age_rows(facts: Iterable[Refreshed], now_s: float) -> Rows:
    """The age of what is used; no row for what is not known."""
    rows: dict[Labels, float] = {}
    for each in facts:
        if each.account is not None and _is_read(each.account):
            rows[label(each.key_store), ACCOUNT] = max(0.0, now_s - each.account.taken_at_s)
        if each.domain is not None:
            rows[label(each.key_store), RECORD] = max(0.0, now_s - each.domain.taken_at_s)
    return rows


def _is_read(account: Account) -> bool:
    return isinstance(account.key_stores, tuple) or isinstance(account.services, tuple)


def connection_state_rows(facts: Iterable[Refreshed]) -> Rows:
    """1 for the state that KMS reports; all 0 if it is not known."""
    return _one_of(CONNECTION_STATES, {f.key_store: _reported(f)[0] for f in facts})


def connection_error_rows(facts: Iterable[Refreshed]) -> Rows:
    """1 for the error that KMS reports; all 0 without one."""
    return _one_of(CONNECTION_ERROR_CODES, {f.key_store: _reported(f)[1] for f in facts})


def _reported(facts: Refreshed) -> tuple[str, str]:
    store = facts.account.key_store(facts.key_store) if facts.account else None
    return (store.connection_state, store.connection_error_code or "") if store else ("", "")


def _one_of(values: Sequence[str], current: Mapping[str, str]) -> Rows:
    return {(label(name), value): float(value == now) for name, now in current.items() for value in values}


def latency_rows(facts: Iterable[Refreshed]) -> Rows:
    """KMS's own latency, by statistic; no row for what is not known."""
    return {
        (label(f.key_store), statistic.value): value
        for f, metrics in _measured_by_aws(facts)
        if metrics.latency is not None
        for statistic, value in metrics.latency.statistics.items()
    }


def proxy_error_rows(facts: Iterable[Refreshed]) -> Rows:
    """KMS's own errors, by exception: all of them, 0 if it did not occur; no row if KMS sent no request."""
    return {
        (label(f.key_store), exception): float(count)
        for f, metrics in _measured_by_aws(facts)
        if metrics.requests is not None
        for exception, count in metrics.requests.errors.items()
    }


def _measured_by_aws(facts: Iterable[Refreshed]) -> Iterator[tuple[Refreshed, AwsMetrics]]:
    for each in facts:
        if each.account is not None and isinstance(each.account.metrics, AwsMetrics):
            yield each, each.account.metrics


def target_health_rows(facts: Iterable[Refreshed], targets: Iterable[Target]) -> Rows:
    """For each backend of a refreshed key store, 1 for the state that its load balancer reports."""
    states = {(f.key_store, *where): state for f in facts for where, state in _states(f.account).items()}
    stores = {store for store, *_ in states}
    backends = [t for t in targets if t.role is Role.BACKEND and t.key_store in stores]
    return _one_of(TARGET_STATES, {t.name: states.get((t.key_store, t.host, t.port), "") for t in backends})


def _states(account: Account | None) -> Mapping[tuple[str, int], str]:
    """By address and port. A target of several groups has its worst state."""
    found: dict[tuple[str, int], str] = {}
    for balancer in known(account.load_balancers) if account else ():
        for group in balancer.forwarded_groups:
            for target in known(group.targets):
                where = target.id, target.port or group.port or KMS_PORT
                if found.get(where) in (None, "healthy"):
                    found[where] = target.state
    return found


def record_rows(facts: Iterable[Refreshed]) -> Rows:
    """How many queries of the last lookup had each result."""
    rows: dict[Labels, float] = {}
    for each in facts:
        seen = Counter((s.view, s.state) for s in each.domain.seen) if each.domain else Counter()
        for view in _VIEWS:
            for state in RecordState:
                rows[label(each.key_store), view.value, state.value] = float(seen[view, state])
    return rows


def agreement_rows(reports: Iterable[Report]) -> Rows:
    """Whether the prediction agrees with KMS's state; no row while that cannot be compared."""
    return {
        (label(report.key_store),): float(report.actual.agrees)
        for report in reports
        if report.actual is not None and report.actual.agrees is not None
    }
