"""The report on a collected account whose nodes and backends have been measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from support.accounts.behind import AGENT
from support.accounts.collected import REGION, STORE_ID
from support.accounts.discovered_targets import targets_for
from support.evidence import NOW_S, tcp, tls

from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.aws.selection import spec_with_defaults
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Reason
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Level, Likelihood, Operation, Outcome, Report, Scope
from probe.verdicts.judge import judge

_PLANS = tuple(PlannedCheck(check=check, interval_s=15.0, timeout_s=2.0) for check in (Check.TCP, Check.TLS))


def report(
    document: Mapping[str, Any],
    at_nodes: Reason | None,
    at_backends: Reason | None = None,
    *,
    source: str | None = AGENT,
    attempts: int = 2,
    failing: frozenset[str] | None = None,
    more: tuple[Target, ...] = (),
) -> Report:
    """The report, with the results of connects to the nodes and the backends; None: they succeed.

    Only the hosts in ``failing`` fail, if it is given. Where a connect to a node succeeds, TLS and health do.
    ``source`` is this agent's own address, ``more`` are targets that the user has given.
    """
    given = KeyStoreSpec(region=REGION, id=STORE_ID)
    account = audit(CollectedAnswers(document), given, taken_at_s=NOW_S, timeout_s=5.0)
    spec = spec_with_defaults(given, account)
    targets = targets_for(spec, account, *more, plans=dict.fromkeys(Role, _PLANS))
    reasons = {Role.NODE: at_nodes, Role.BACKEND: at_backends}
    latest: list[Measurement] = []
    for each in targets:
        reason = reasons[each.role] if failing is None or each.host in failing else None
        latest.append(tcp(each, reason))
        if each.role is Role.NODE and reason is None:
            latest += [tls(each), _health(each)]
    earlier = tuple(replace(each, started_at_s=NOW_S - n) for n in range(1, attempts) for each in latest)
    nodes = [each.host for each in targets if each.role is Role.NODE]
    return judge(
        Evidence(
            taken_at_s=NOW_S,
            spec=spec,
            account=account,
            targets=targets,
            latest=tuple(latest),
            recent=(*earlier, *latest),
            source_addresses=dict.fromkeys(nodes, source) if source else {},
            scopes=frozenset(Scope),
        )
    )


def _health(of: Target) -> Measurement:
    managers = (("hsm-1", KeyManagerStatus.ACTIVE), ("hsm-2", KeyManagerStatus.ACTIVE))
    details = HealthDetails(purpose="health", status=200, managers=managers)
    return Measurement(target=of, check=Check.HEALTH_COLD, started_at_s=NOW_S, details=details)


def outcomes(found: Report, requirement: str) -> set[Outcome]:
    return {each.outcome for each in found.verdicts if each.requirement == requirement}


def faults(found: Report) -> set[str]:
    """The violated requirements; not those that are only advice."""
    return {
        each.requirement
        for each in found.verdicts
        if each.outcome is Outcome.VIOLATED and each.level is not Level.ADVICE
    }


def connect_errors(found: Report) -> set[str]:
    """The unmasked errors of ConnectCustomKeyStore, with *maybe* before one that is only possible."""
    (prediction,) = (each for each in found.predictions if each.operation is Operation.CONNECT)
    return {
        ("maybe " if error.likelihood is Likelihood.POSSIBLE else "") + error.error
        for error in prediction.errors
        if error.masked_by is None
    }
