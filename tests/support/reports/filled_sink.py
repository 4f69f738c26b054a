"""A Prometheus sink with results of every kind, except those of the audit and of the history on disk."""

from support.reports.exporter_inputs import (
    ANSWERED,
    DUPLICATE,
    LATE,
    LOST,
    NOW_S,
    asked,
    certificate,
    echoes,
    health,
    predicted,
    region,
    report,
    survey,
    target,
    tcp,
    tls,
    verdict,
)

from exporters.prometheus import PrometheusSink
from exporters.prometheus.web_requests import Rejection
from probe.model.targets import Check, Role
from probe.model.verdicts import Level, Outcome, Requirement, Scope


def filled_sink() -> PrometheusSink:
    """A sink with two targets, a report and a survey; the time is ``NOW_S``."""
    sink = PrometheusSink("1.2.3", now=lambda: NOW_S)
    node, far = asked(), target("region-1", role=Role.REGION, host="kms.example.com", region="eu-west-3")
    sink.on_targets((node, far))
    sink.set_requirements(
        (
            Requirement(
                id="authority-is-trusted-by-kms", level=Level.REQUIRED, scope=Scope.CERTIFICATES, title="…"
            ),
        )
    )
    sink.on_measurement(tcp(node))
    sink.on_measurement(tcp(node, None, NOW_S + 15))
    sink.on_measurement(tls(node, certificate(), certificate(1, "Example CA")))
    sink.on_measurement(health(node, clock_offset_s=-2))
    sink.on_measurement(health(node, check=Check.HEALTH_WARM))
    sink.on_measurement(health(node, 401, NOW_S + 60))
    sink.on_measurement(tcp(far, 0.09, address="192.0.2.1"))
    sink.on_echoes((node, far), echoes(ANSWERED, LOST, DUPLICATE, LATE))
    sink.on_report(report(verdict(outcome=Outcome.VIOLATED), errors=(predicted(),), extra_authorities=("x",)))
    sink.on_survey(
        survey(region(within_threshold=True), region("eu-west-3", 0.09, 2), recommended="eu-central-1")
    )
    sink.observe_loop_lag(0.0004)
    sink.observe_scheduling_delay(0.002)
    sink.skipped(node, Check.TLS, 2)
    sink.web.answered("/metrics", 200)
    sink.web.rejected(Rejection.WRONG_HOST)
    sink.vantage = "Frankfurt office"
    sink.set_reload(ok=True, at_s=NOW_S)
    return sink
