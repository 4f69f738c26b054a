"""Candidate Regions for tests of surveys, and TCP connects to them."""

from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Target
from probe.survey import locations
from probe.survey import measure as survey

REFUSED = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def targets(*names: str) -> tuple[Target, ...]:
    return survey.plan({name: (locations.kms_host(name), 443) for name in names})


def connect(target: Target, rtt_s: float | None) -> Measurement:
    return Measurement(
        target=target,
        check=Check.TCP,
        started_at_s=1000.0,
        address="192.0.2.1",
        phases_s={} if rtt_s is None else {Phase.CONNECT: rtt_s},
        failure=REFUSED if rtt_s is None else None,
    )
