"""The sink: collects results, and writes them when its registry is scraped."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from exporters.checks import counts
from exporters.prometheus import definitions as d
from exporters.prometheus import facts as of_facts
from exporters.prometheus.families import empty_family, family, histogram_family, label
from exporters.prometheus.histogram import Histogram
from exporters.prometheus.history_families import history_families
from exporters.prometheus.judgements import (
    decided_rows,
    extra_authorities,
    outcome_rows,
    prediction_rows,
    recommended_rows,
    survey_rows,
    within_rows,
)
from exporters.prometheus.target_families import target_families
from exporters.prometheus.target_series import TargetSeries
from exporters.prometheus.web_requests import WebRequests
from exporters.stores import Reports
from probe.model.history import HistoryReader
from probe.model.measurements import EchoBatch, EchoOutcome, Measurement, Timestamps
from probe.model.refreshed import Refreshed
from probe.model.survey import Survey
from probe.model.targets import Check, Identity, Method, Target
from probe.model.verdicts import Report, Requirement

_NS_PER_S = 1e9


class PrometheusSink(Collector):
    """Implements ``probe.model.ports.Sink``; ``registry`` contains only this sink.

    All state is kept here, so a scrape has no ``_created`` series and a removed target leaves none behind.
    Counters continue as long as a target's identity is the same, also under another label or plan. Results of
    targets that are not in the last ``on_targets`` are dropped: they were in flight during a reload.
    """

    def __init__(self, version: str, now: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry()
        self.vantage = ""  # where this agent probes from, as configured
        self.web = WebRequests()
        self._version = version
        self._series: dict[Identity, TargetSeries] = {}
        self._samples: Counter[Timestamps] = Counter(dict.fromkeys(Timestamps, 0))
        self._requirements: tuple[Requirement, ...] = ()
        self._reports = Reports()
        self._survey: Survey | None = None
        self._facts: tuple[Refreshed, ...] = ()
        self._aws_calls = of_facts.AwsCalls()
        self._now = now
        self._loop_lag = Histogram()
        self._scheduling_delay = Histogram()
        self._user_minus_kernel = Histogram()
        self._discarded = self._dropped = self._stepped = 0
        self._reload_ok: bool | None = None
        self._reload_success_at_s: float | None = None
        self._history: HistoryReader | None = None
        self.registry.register(self)

    def on_targets(self, targets: Sequence[Target]) -> None:
        series = {}
        for target in targets:
            known = self._series.get(target.identity)
            if known is None:
                known = TargetSeries(target)
            else:
                known.become(target)
            series[target.identity] = known
        self._series = series
        self._reports.on_targets(targets)

    def on_measurement(self, measurement: Measurement) -> None:
        series = self._series.get(measurement.target.identity)
        if series is None or not counts(measurement):
            return
        series.measured(measurement)
        if measurement.timestamps is not None:
            self._samples[measurement.timestamps] += 1

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        self._discarded += batch.discarded
        self._dropped += batch.dropped
        self._stepped += batch.stepped
        if batch.user_minus_kernel_ns is not None:
            self._user_minus_kernel.observe(batch.user_minus_kernel_ns / _NS_PER_S)
        rows = zip(
            *(batch.indexes, batch.sent_ns, batch.rtt_ns, batch.stamps, batch.outcomes, batch.reasons),
            strict=True,
        )
        for index, sent_ns, rtt_ns, stamp, outcome, reason in rows:
            series = self._series.get(targets[index].identity)
            if series is None:
                continue
            match outcome:
                case EchoOutcome.DUPLICATE:
                    series.packets_duplicates += 1
                    continue
                case EchoOutcome.LATE:
                    series.packets_late += 1
                    continue
            at_s = sent_ns / _NS_PER_S
            ip = series.echo_ip(batch.addresses[index] if batch.addresses else None)
            series.probed(ip, at_s)
            series.ended(Check.ICMP, at_s, reason)
            series.packets_sent += 1
            if outcome is EchoOutcome.ANSWERED:
                series.packets_received += 1
                if rtt_ns >= 0:  # else it was discarded because the wall clock was stepped
                    series.answered(Method.ICMP, ip, rtt_ns / _NS_PER_S)
                if stamp is not None:
                    self._samples[stamp] += 1

    def on_report(self, report: Report) -> None:
        self._reports.on_report(report)
        for series in self._series.values():
            series.drop_stale_addresses(report.taken_at_s)
            if series.target.key_store == report.key_store:
                series.path_certificates = report.path_certificates

    def on_survey(self, survey: Survey) -> None:
        self._survey = survey

    def on_facts(self, facts: Sequence[Refreshed]) -> None:
        self._facts = tuple(facts)
        self._aws_calls.count(facts)

    def set_requirements(self, requirements: Sequence[Requirement]) -> None:
        self._requirements = tuple(requirements)

    def observe_loop_lag(self, seconds: float) -> None:
        self._loop_lag.observe(seconds)

    def observe_scheduling_delay(self, seconds: float) -> None:
        self._scheduling_delay.observe(seconds)

    def skipped(self, target: Target, check: Check, n: int = 1) -> None:
        """``n`` scheduled runs of ``check`` were skipped."""
        series = self._series.get(target.identity)
        if series is not None:
            series.skipped[check] += n

    def discarded(self, measurement: Measurement) -> None:
        """``measurement`` was not published, because the agent was stalled when its deadline passed."""
        series = self._series.get(measurement.target.identity)
        if series is not None and counts(measurement):
            series.discarded[measurement.check] += 1

    def set_reload(self, ok: bool, at_s: float) -> None:
        """Loading the configuration succeeded or failed at ``at_s`` (Unix time)."""
        self._reload_ok = ok
        if ok:
            self._reload_success_at_s = at_s

    def set_history(self, history: HistoryReader) -> None:
        """The history on disk, whose size becomes a metric."""
        self._history = history

    def describe(self) -> Iterator[Metric]:
        """All families without samples, for the registry."""
        return map(empty_family, d.DEFINITIONS)

    def collect(self) -> Iterator[Metric]:
        """All families with samples, for a scrape."""
        yield from self.families_before()
        yield from target_families(self.series, self.vantage)
        yield from self.families_after()

    @property
    def series(self) -> Collection[TargetSeries]:
        """The accumulated series per target."""
        return self._series.values()

    def families_before(self) -> Iterator[Metric]:
        """The families before those of the targets."""
        yield family(d.BUILD_INFO, {(label(self._version),): 1.0})
        yield family(d.REQUIREMENT_INFO, {(label(r.id), r.level.value): 1.0 for r in self._requirements})

    def families_after(self) -> Iterator[Metric]:
        """The families after those of the targets."""
        yield family(d.SAMPLES, {(stamp.value,): float(n) for stamp, n in self._samples.items()})
        yield from self._judgement_families()
        yield histogram_family(d.EVENT_LOOP_LAG, {(): self._loop_lag})
        yield histogram_family(d.SCHEDULING_DELAY, {(): self._scheduling_delay})
        yield histogram_family(d.USER_MINUS_KERNEL, {(): self._user_minus_kernel})
        yield family(d.PACKETS_DISCARDED, _unlabelled(self._discarded))
        yield family(d.RECEIVE_QUEUE_DROPS, _unlabelled(self._dropped))
        yield family(d.CLOCK_STEP_DISCARDS, _unlabelled(self._stepped))
        yield family(d.CONFIG_RELOAD_SUCCESSFUL, _unlabelled(self._reload_ok))
        yield family(d.CONFIG_RELOAD_TIMESTAMP, _unlabelled(self._reload_success_at_s))
        yield family(d.WEB_REQUESTS, self.web.answered_rows())
        yield family(d.WEB_REJECTED, self.web.rejected_rows())
        yield from history_families(self._history.status if self._history else None)

    def _judgement_families(self) -> Iterator[Metric]:
        reports, survey = self._reports.newest, self._survey
        key_stores = self._key_stores(reports)
        yield family(d.REQUIREMENT_OUTCOME, outcome_rows(reports))
        yield family(d.KMS_ERROR_PREDICTED, prediction_rows(key_stores, reports))
        yield family(d.KMS_PREDICTION_DECIDED, decided_rows(key_stores, reports))
        yield family(d.REPORT_TIMESTAMP, _unlabelled(min((r.taken_at_s for r in reports), default=None)))
        yield family(d.EXTRA_AUTHORITIES, _unlabelled(extra_authorities(reports)))
        yield family(d.PREDICTION_AGREES, of_facts.agreement_rows(reports))
        yield from self._fact_families()
        yield family(d.SURVEY_RTT, survey_rows(survey) if survey else {})
        yield family(d.SURVEY_WITHIN_THRESHOLD, within_rows(survey) if survey else {})
        yield family(d.SURVEY_RECOMMENDED, recommended_rows(survey) if survey else {})

    def _fact_families(self) -> Iterator[Metric]:
        """Without a key store that is discovered, there are no samples."""
        facts = self._facts
        yield family(d.KEY_STORE_CONNECTION_STATE, of_facts.connection_state_rows(facts))
        yield family(d.KEY_STORE_CONNECTION_ERROR, of_facts.connection_error_rows(facts))
        yield family(d.KMS_PROXY_LATENCY, of_facts.latency_rows(facts))
        yield family(d.KMS_PROXY_ERRORS, of_facts.proxy_error_rows(facts))
        targets = [series.target for series in tuple(self._series.values())]
        yield family(d.AWS_TARGET_HEALTH, of_facts.target_health_rows(facts, targets))
        yield family(d.DNS_RECORD_STATE, of_facts.record_rows(facts))
        yield family(d.AWS_CALLS, self._aws_calls.asked() if facts else {})
        yield family(d.AWS_CALL_FAILURES, self._aws_calls.failed() if facts else {})
        yield family(d.AUDIT_LAST_SUCCESS, of_facts.success_rows(facts))
        yield family(d.EVIDENCE_AGE, of_facts.age_rows(facts, self._now()))

    def _key_stores(self, reports: Sequence[Report]) -> list[str]:
        """All key stores in reports and targets; the one without a name if there are none."""
        named = {series.target.key_store for series in self._series.values()} - {""}
        return sorted(named | {report.key_store for report in reports}) or [""]


def _unlabelled(value: float | None) -> dict[tuple[str, ...], float]:
    return {} if value is None else {(): float(value)}
