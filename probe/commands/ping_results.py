"""The plan of `ping`, and the output of its round trips: a line for each, and a table at the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress

from probe.commands import output
from probe.model.measurements import EchoBatch, EchoOutcome, Measurement
from probe.model.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class PingPlan:
    targets: tuple[Target, ...]
    count: int
    interval_s: float
    timeout_s: float
    source: str | None

    @property
    def interval_ns(self) -> int:
        return round(self.interval_s * 1e9)


@dataclass(slots=True)
class Results:
    """Prints each measurement as it arrives, and keeps what the summary needs."""

    plan: PingPlan
    lines: output.Lines
    form: output.Format
    rtts_s: dict[str, list[float | None]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def add(self, measurement: Measurement, sequence: int | None = None) -> None:
        from exporters.report import ping as report

        rtts_s = self.rtts_s.setdefault(measurement.target.name, [])
        if measurement.failure is None:
            self.answered.add(measurement.target.name)
        if measurement.failure is not None or measurement.rtt_s is not None:
            rtts_s.append(measurement.rtt_s)  # else it was answered, but a clock step invalidated its time
        if self.form is output.Format.JSON:
            self.lines.write(output.as_json(report.document(measurement, sequence)))
        else:
            self.lines.write(report.line(measurement, sequence))

    def finish(self) -> None:
        if self.form is output.Format.JSON:
            return
        from exporters.report import ping as report
        from probe.statistics import summarize

        summaries = {name: summarize(rtts_s) for name, rtts_s in self.rtts_s.items()}
        self.lines.flush()
        output.console(stderr=True).print(report.summary(summaries))

    def all_answered(self) -> bool:
        """Every target answered at least once."""
        return all(target.name in self.answered for target in self.plan.targets)


def adding_echoes(
    targets: Sequence[Target], addresses: Sequence[str], results: Results
) -> Callable[[EchoBatch], None]:
    """A function that adds a batch: directly as lines of JSON, or as measurements for text and summary."""
    if results.form is not output.Format.JSON:
        from probe.probes.icmp import measurements_of

        def add_each(batch: EchoBatch) -> None:
            for measurement in measurements_of(targets, batch, addresses):
                results.add(measurement)

        return add_each

    from exporters.report.ping import EchoLines

    names = [target.name for target in targets]
    lines_of = EchoLines(names, addresses)

    def add_lines(batch: EchoBatch) -> None:
        if lines := lines_of.of(batch):
            results.lines.write("\n".join(lines))
        answered = [outcome is EchoOutcome.ANSWERED for outcome in batch.outcomes]
        results.answered.update(map(names.__getitem__, compress(batch.indexes, answered)))

    return add_lines
