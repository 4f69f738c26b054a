"""The path from KMS to the key manager: each target with its latest results, for people and programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from exporters.checks import ROUND_TRIPS, counts, current
from exporters.health import LatestHealth
from exporters.health import latest_health as latest_health_of
from exporters.report import certificates, fields, formatting, latest_health
from exporters.report.fitting import FittingTable, shortened
from probe.model.evidence import Evidence
from probe.model.kinds import GRAVEST_FIRST, ON_PAGE
from probe.model.measurements import Certificate, Failure, Measurement, TlsDetails
from probe.model.statistics import Summary, Window
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import Check, Identity, Role, Target
from probe.model.text import clean

_TEXT_COLUMNS = 16  # at least, of a text that is wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One target with its results. ``latest`` has the latest measurement per check, of those that count."""

    target: Target
    latest: Mapping[Check, Measurement]
    window: Window | None
    health: LatestHealth

    @property
    def newest(self) -> Measurement | None:
        return max(self.latest.values(), key=lambda m: m.started_at_s, default=None)

    @property
    def failed(self) -> Measurement | None:
        """The failed check that matters most to KMS, if any check failed last time."""
        newest = current(self.latest, lambda measurement: measurement.started_at_s)
        tried = (newest.get(check) for check in GRAVEST_FIRST)
        return next((m for m in tried if m is not None and m.failure is not None), None)

    @property
    def failure(self) -> Failure | None:
        return self.failed.failure if self.failed else None

    @property
    def timed(self) -> Measurement | None:
        """The latest round trip: by TCP, else by ICMP."""
        tried = (self.latest.get(check) for check in ROUND_TRIPS.values())
        return next((m for m in tried if m is not None and m.rtt_s is not None), None)

    @property
    def chain(self) -> tuple[Certificate, ...]:
        shown = self.latest.get(Check.TLS)
        return shown.details.chain if shown and isinstance(shown.details, TlsDetails) else ()

    @property
    def address(self) -> str | None:
        return next((m.address for m in self.latest.values() if m.address), None)

    @property
    def summary(self) -> Summary:
        return self.window.summary if self.window else Summary()


def stops(*of_stores: Evidence) -> tuple[Stop, ...]:
    """In configuration order, without Regions. A target that several key stores share appears once."""
    found: dict[Identity, Stop] = {}
    for evidence in of_stores:
        measured: dict[Identity, list[Measurement]] = {}
        for measurement in (*evidence.recent, *evidence.latest):
            measured.setdefault(measurement.target.identity, []).append(measurement)
        windows = {(window.target, window.method): window for window in evidence.windows}
        for target in evidence.targets:
            if target.role in ON_PAGE and target.identity not in found:
                found[target.identity] = _stop(target, measured.get(target.identity, []), windows)
    return tuple(found.values())


def _stop(target: Target, measured: Sequence[Measurement], windows: Mapping[tuple[str, str], Window]) -> Stop:
    latest: dict[Check, Measurement] = {}
    for measurement in filter(counts, measured):
        newest = latest.get(measurement.check, measurement)
        latest[measurement.check] = max(measurement, newest, key=lambda each: each.started_at_s)
    by_method = (windows.get((target.name, method)) for method in ROUND_TRIPS)
    return Stop(
        target=target,
        latest=latest,
        window=next(filter(None, by_method), None),
        health=latest_health_of(measured),
    )


def document(stop: Stop) -> fields.Fields:
    """One of ``targets`` in ``docs/schemas/report.json``; ``method`` applies to ``rtt_seconds``."""
    timed = stop.timed
    return {
        "name": clean(stop.target.name),
        "role": stop.target.role.value,
        "zone": clean(stop.target.zone),
        "address": fields.text(stop.address),
        "last": fields.time(stop.newest.started_at_s if stop.newest else None),
        "last_rtt_seconds": fields.seconds(timed.rtt_s if timed else None),
        "timestamps": fields.timestamps(timed) if timed else None,
        "method": stop.window.method if stop.window else None,
        "samples": stop.summary.samples,
        "lost": stop.summary.lost,
        "rtt_seconds": fields.rtt(stop.summary),
        "checks": {
            check.value: {
                "at": fields.time(measurement.started_at_s),
                "failure": fields.failure(measurement.failure),
            }
            for check, measurement in stop.latest.items()
        },
        "failure": fields.failure(stop.failure),
        "certificates": fields.certificates(stop.chain),
        "health": latest_health.document(stop.target, stop.health),
    }


def table(path: Iterable[Stop], now_s: float) -> FittingTable:
    """One row per target. A narrow terminal shows fewer columns. ``now_s`` is Unix time."""
    times = ("median", "loss", "p95", "samples")
    every = ("target", "role", "address", *times, "zone", "timestamps", "certificate", "state")
    without = [
        ("zone", "timestamps"),
        ("p95", "samples"),
        ("certificate",),
        ("role",),
        ("address",),
        ("loss",),
    ]
    return FittingTable(
        variants=shortened(every, without),
        rows=[dict(_cells(stop, now_s)) for stop in path],
        numbers=("median", "p95", "loss", "samples"),
        flexible=dict.fromkeys(("certificate", "state"), _TEXT_COLUMNS),
        title="Path to the key managers (times in ms)",
    )


def _cells(stop: Stop, now_s: float) -> Iterable[tuple[str, Text]]:
    summary = stop.summary
    timed = stop.timed
    yield "target", Text(clean(stop.target.name, 64), style="bold")
    yield "role", Text(stop.target.role.value.replace("_", " "))
    yield "zone", Text(clean(stop.target.zone) or formatting.MISSING)
    yield "address", Text(clean(stop.address or stop.target.host or formatting.MISSING, 64))
    yield "median", _median(stop)
    yield "p95", Text(formatting.short(summary.p95_s))
    yield "loss", Text(formatting.percent(summary.loss_ratio), style="bold red" if summary.lost else "")
    yield "samples", Text(str(summary.samples))
    source = timed.timestamps.value if timed and timed.timestamps else formatting.MISSING
    yield "timestamps", Text(source)
    yield "certificate", certificates.brief(stop.chain, now_s)
    yield "state", _state(stop)


def _median(stop: Stop) -> Text:
    """Coloured only for key managers: the 35 ms limit applies to them, not to the proxy."""
    median_s = stop.summary.median_s
    judged = median_s is not None and stop.target.role is Role.KEY_MANAGER
    colour = (
        ("green" if median_s <= RTT_THRESHOLD_S else "bold red") if judged and median_s is not None else ""
    )
    return Text(formatting.short(median_s), style=colour)


def _state(stop: Stop) -> Text:
    failed = stop.failed
    if failed is not None and failed.failure is not None:
        check = failed.check.value.replace("_", " ")
        return Text(f"{check}: {formatting.failure_text(failed.failure)}", style="bold red")
    if not stop.latest and not stop.summary.samples:
        return Text("not measured", style="yellow")
    return Text("responding", style="green")
