"""Health requests and their responses as evidence, and what a report predicts from them."""

from dataclasses import replace
from typing import Any

from support.accounts.healthy import looked_at, node
from support.evidence import NOW_S

from probe.model.evidence import Evidence
from probe.model.measurements import Failure, HealthDetails, KeyManagerStatus, Measurement, Phase, Reason
from probe.model.targets import Check
from probe.model.verdicts import Likelihood, Operation, Report, Scope
from probe.requirements import CATALOGUE

BY_ID = {declared.id: declared for declared in CATALOGUE}
A, B = node("eu-west-1a"), node("eu-west-1b")
MANAGERS = (("a", KeyManagerStatus.ACTIVE), ("b", KeyManagerStatus.DEGRADED))
GOOD = HealthDetails(purpose="health", status=200, managers=MANAGERS, clock_offset_s=0.0)
SILENT = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)
CLOSED = Failure(phase=Phase.WAIT, reason=Reason.CLOSED)
REFUSED = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def cold(total_s: float = 0.05, failure: Failure | None = None, of: Any = A, **response: Any) -> Measurement:
    details = (
        replace(GOOD, **response)
        if failure is None
        else HealthDetails(purpose=response.get("purpose", "health"))
    )
    phases = {} if failure else {Phase.CONNECT: total_s / 2, Phase.WAIT: total_s / 2}
    return Measurement(
        target=of,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S,
        phases_s=phases,
        failure=failure,
        details=details,
    )


def with_health(*measured: Measurement, **fields: Any) -> Evidence:
    targets = tuple(dict.fromkeys(each.target for each in measured)) or (A,)
    return looked_at(targets=targets, recent=measured, latest=measured, **fields)


def error(name: str, status: int = 400) -> Evidence:
    return with_health(*[cold(status=status, error_name=name)] * 5)


def times(*totals_s: float) -> Evidence:
    return with_health(*(cold(total_s) for total_s in totals_s))


def only_health(*measured: Measurement) -> Evidence:
    """Evidence in which only health is judged; the account is healthy."""
    return with_health(*measured, scopes=frozenset({Scope.HEALTH}))


def names(report: Report, operation: Operation) -> dict[str, Likelihood]:
    (prediction,) = (each for each in report.predictions if each.operation is operation)
    return {each.error: each.likelihood for each in prediction.errors if each.masked_by is None}
