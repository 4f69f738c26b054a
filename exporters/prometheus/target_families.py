"""The accumulated series of all targets to families."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import Metric

from exporters.prometheus import definitions as d
from exporters.prometheus.families import Labels, family, histogram_family, label
from exporters.prometheus.target_series import TargetSeries
from probe.model.targets import Check

_Numbers = Callable[[TargetSeries], Mapping[Labels, float]]


def info_labels(name: str, series: TargetSeries) -> Labels:
    target = series.target
    texts = (target.key_store, target.zone, series.address, target.region)
    key_store, zone, address, region = map(label, texts)
    return (name, target.role.value, key_store, zone, address, region)


def _by_check(numbers: Mapping[Check, float]) -> dict[Labels, float]:
    return {(check.value,): float(number) for check, number in numbers.items()}


def _of_echoes(series: TargetSeries, number: int) -> dict[Labels, float]:
    return {(): float(number)} if Check.ICMP in series.probes else {}


def _not_after(series: TargetSeries) -> dict[Labels, float]:
    return {
        (label(ip), str(position)): certificate.not_after_s
        for ip, chain in series.chains.items()
        for position, certificate in enumerate(chain)
        if certificate.not_after_s is not None
    }


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


# Each gives, for one target, the label values after ``target`` and the numbers.
TABLE: tuple[tuple[d.Definition, _Numbers], ...] = (
    (d.PROBE_INTERVAL, lambda s: {(plan.check.value,): plan.interval_s for plan in s.target.plans}),
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
    (d.TURNS_SKIPPED, lambda s: _by_check(s.skipped)),
    (d.CERTIFICATE_NOT_AFTER, _not_after),
    (d.CERTIFICATE_INFO, _certificates),
)


def target_families(all_series: Iterable[TargetSeries]) -> Iterator[Metric]:
    series_by_name = {label(series.target.name): series for series in all_series}
    yield family(d.TARGET_INFO, {info_labels(name, series): 1.0 for name, series in series_by_name.items()})
    for definition, numbers in TABLE:
        rows = {
            (name, *labels): value
            for name, series in series_by_name.items()
            for labels, value in numbers(series).items()
        }
        yield family(definition, rows)
    yield histogram_family(
        d.RTT,
        {
            (name, label(ip), method.value): histogram
            for name, series in series_by_name.items()
            for (ip, method), histogram in series.rtt.items()
        },
    )
    yield histogram_family(
        d.PHASE_DURATION,
        {
            (name, check.value, phase.value): histogram
            for name, series in series_by_name.items()
            for (check, phase), histogram in series.phases.items()
        },
    )
