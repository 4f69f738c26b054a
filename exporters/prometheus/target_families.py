"""Converts the accumulated series of all targets to metric families."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import Metric

from exporters.prometheus import definitions as d
from exporters.prometheus.families import Labels, family, histogram_family, label
from exporters.prometheus.histogram import Histogram
from exporters.prometheus.target_series import TargetSeries
from probe.model.measurements import Certificate
from probe.model.targets import Check

_Numbers = Callable[[TargetSeries], Mapping[Labels, float]]
_Histograms = Callable[[TargetSeries], Mapping[Labels, Histogram]]


def info_labels(name: str, series: TargetSeries, vantage: str) -> Labels:
    target = series.target
    texts = (target.key_store, target.zone, series.address, target.region, vantage)
    return (name, target.role.value, *map(label, texts))


def _by_check(numbers: Mapping[Check, float]) -> dict[Labels, float]:
    return {(check.value,): float(number) for check, number in numbers.items()}


def _of_echoes(series: TargetSeries, number: int) -> dict[Labels, float]:
    return {(): float(number)} if Check.ICMP in series.probes else {}


def _not_before(series: TargetSeries) -> dict[Labels, float]:
    return {key: each.not_before_s for key, each in _on_path(series) if each.not_before_s is not None}


def _not_after(series: TargetSeries) -> dict[Labels, float]:
    return {key: each.not_after_s for key, each in _on_path(series) if each.not_after_s is not None}


def _on_path(series: TargetSeries) -> Iterator[tuple[Labels, Certificate]]:
    """The leaf, and of the other certificates those that belong to the path that was judged."""
    for ip, chain in series.chains.items():
        for position, certificate in enumerate(chain):
            if position == 0 or certificate.sha256 in series.path_certificates:
                yield (label(ip), str(position)), certificate


def _certificates(series: TargetSeries) -> dict[Labels, float]:
    return {
        (
            label(ip),
            str(position),
            label(certificate.subject_common_name or ""),
            label(certificate.issuer_common_name or ""),
            label(certificate.sha256),
        ): 1.0
        for ip, chain in series.chains.items()
        for position, certificate in enumerate(chain)
    }


def _clock_offset(series: TargetSeries) -> dict[Labels, float]:
    offset_s = series.health.clock_offset_s
    return {} if offset_s is None else {(): offset_s}


# Each function returns, for one target, the label values after ``target`` and the numbers.
TABLE: tuple[tuple[d.Definition, _Numbers], ...] = (
    (d.PROBE_INTERVAL, lambda s: {(check.value,): plan.interval_s for check, plan in s.plans.items()}),
    (d.PROBES, lambda s: _by_check(s.probes)),
    (
        d.PROBE_FAILURES,
        lambda s: {(check.value, reason.value): float(n) for (check, reason), n in s.failures.items()},
    ),
    (d.LAST_ATTEMPT, lambda s: _by_check(s.last_attempt_s)),
    (d.LAST_SUCCESS, lambda s: _by_check(s.last_success_s)),
    (d.PACKETS_SENT, lambda s: _of_echoes(s, s.packets_sent)),
    (d.PACKETS_RECEIVED, lambda s: _of_echoes(s, s.packets_received)),
    (d.PACKETS_DUPLICATES, lambda s: _of_echoes(s, s.packets_duplicates)),
    (d.PACKETS_LATE, lambda s: _of_echoes(s, s.packets_late)),
    (d.TCP_RETRANSMITS, lambda s: {(): float(s.retransmits)} if Check.TCP in s.probes else {}),
    (d.PROBES_DISCARDED, lambda s: _by_check(s.discarded)),
    (d.TURNS_SKIPPED, lambda s: _by_check(s.skipped)),
    (d.CERTIFICATE_NOT_BEFORE, _not_before),
    (d.CERTIFICATE_NOT_AFTER, _not_after),
    (d.CERTIFICATE_INFO, _certificates),
    (
        d.HEALTH_ANSWERS,
        lambda s: {(mode.value, code): float(n) for (mode, code), n in s.health.answers.items()},
    ),
    (d.KEY_MANAGERS, lambda s: {(state.value,): float(n) for state, n in s.health.managers.items()}),
    (d.CLOCK_OFFSET, _clock_offset),
)
HISTOGRAMS: tuple[tuple[d.Definition, _Histograms], ...] = (
    (d.RTT, lambda s: {(label(ip), method.value): each for (ip, method), each in s.rtt.items()}),
    (
        d.PHASE_DURATION,
        lambda s: {(check.value, phase.value): each for (check, phase), each in s.phases.items()},
    ),
    (d.REQUEST_DURATION, lambda s: {(mode.value,): each for mode, each in s.health.durations.items()}),
)


def target_families(all_series: Iterable[TargetSeries], vantage: str = "") -> Iterator[Metric]:
    """``vantage`` is where the agent probes from."""
    series_by_name = {label(series.target.name): series for series in all_series}
    infos = {info_labels(name, series, vantage): 1.0 for name, series in series_by_name.items()}
    yield family(d.TARGET_INFO, infos)
    for definition, numbers in TABLE:
        rows = {
            (name, *labels): value
            for name, series in series_by_name.items()
            for labels, value in numbers(series).items()
        }
        yield family(definition, rows)
    for definition, histograms in HISTOGRAMS:
        yield histogram_family(
            definition,
            {
                (name, *labels): histogram
                for name, series in series_by_name.items()
                for labels, histogram in histograms(series).items()
            },
        )
