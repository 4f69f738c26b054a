"""The latest health requests to the targets of a report, per phase, for people and programs."""

from collections.abc import Iterable, Iterator, Mapping

from rich.text import Text

from exporters.checks import CALL_PHASES, REQUESTS, is_answered, plans_of, total_s
from exporters.health import LatestHealth
from exporters.report import fields, formatting
from exporters.report.fitting import FittingTable, shortened
from probe.model.kinds import CHECKS
from probe.model.measurements import WITHHELD_FOR_OURSELVES, HealthDetails, Measurement, Phase
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Mode, Target
from probe.model.text import clean

_OK = 200
_RESPONSE_COLUMNS = 16  # of a response's text, which is wrapped


def document(target: Target, latest: LatestHealth) -> fields.Fields | None:
    """The JSON member ``health`` of a target; None for a target without health checks."""
    if latest == LatestHealth() and not plans_of(target).keys() & set(REQUESTS.values()):
        return None
    counts = latest.counts()
    return {
        **{mode.value: _request(latest.requests.get(mode)) for mode in Mode},
        "key_managers": {state.value: n for state, n in counts.items()} if counts else None,
        "clock_offset_seconds": latest.clock_offset_s,
        "withheld": fields.text(latest.withheld),
    }


def _request(measurement: Measurement | None) -> fields.Fields | None:
    if measurement is None:
        return None
    details = measurement.details
    response = details if isinstance(details, HealthDetails) else None
    return {
        "at": fields.time(measurement.started_at_s),
        "phases_seconds": fields.phases(measurement, CHECKS[measurement.check].phases),
        "total_seconds": fields.seconds(total_s(measurement)),
        "status": response and response.status,
        "error_name": fields.text(response.error_name) if response else None,
        "failure": fields.failure(measurement.failure),
        "wait_is_upper_bound": bool(response and response.wait_is_upper_bound),
    }


def table(latest: Iterable[tuple[Target, LatestHealth]]) -> FittingTable:
    """One row per target and mode; in a wide terminal each phase has its own column."""
    phases = tuple(phase.value for phase in CALL_PHASES)
    usual = ("target", "mode", "total", "phases", "response")
    return FittingTable(
        variants=[
            ("target", "mode", "total", *phases, "response"),
            *shortened(usual, [("phases",), ("mode",)]),
        ],
        rows=[row for target, of in latest for row in _rows(target, of)],
        numbers=("mode", "total", "phases", *phases),
        flexible={"response": _RESPONSE_COLUMNS},
        title=f"Health requests (times in ms; KMS's limit per call is {CALL_LIMIT_S * 1e3:g})",
    )


def _rows(target: Target, latest: LatestHealth) -> Iterator[Mapping[str, Text]]:
    name = Text(clean(target.name, 64), style="bold")
    for mode, measurement in latest.requests.items():
        phases = _phases(measurement)
        yield {
            "target": name,
            "mode": Text(mode.value),
            "total": _total(measurement),
            "phases": _joined(phases),
            **{phase.value: text for phase, text in phases.items()},
            "response": _response(measurement, latest),
        }
        name = Text()
    if latest.withheld is not None:
        blank = Text(formatting.MISSING)
        columns = ("mode", "total", "phases", *(phase.value for phase in CALL_PHASES))
        yield {
            "target": name,
            **dict.fromkeys(columns, blank),
            "response": Text(_withheld(latest.withheld), style="yellow"),
        }


def _phases(measurement: Measurement) -> Mapping[Phase, Text]:
    details = measurement.details
    bounded = isinstance(details, HealthDetails) and details.wait_is_upper_bound
    return {
        phase: Text(
            ("≤" if bounded and phase is Phase.WAIT and phase in measurement.phases_s else "")
            + formatting.short(measurement.phases_s.get(phase))
        )
        for phase in CALL_PHASES
    }


def _joined(texts: Mapping[Phase, Text]) -> Text:
    known = [
        f"{phase.value} {text.plain}" for phase, text in texts.items() if text.plain != formatting.MISSING
    ]
    return Text("\n".join(known) or formatting.MISSING)


def _total(measurement: Measurement) -> Text:
    total = total_s(measurement)
    over = total is not None and total > CALL_LIMIT_S
    return Text(formatting.short(total), style="bold red" if over else "")


def _response(measurement: Measurement, latest: LatestHealth) -> Text:
    """The response or the failure, with the key managers of the latest response that listed any."""
    details, failure = measurement.details, measurement.failure
    if failure is not None:
        return Text(formatting.failure_text(failure), style="bold red")
    if not isinstance(details, HealthDetails) or not is_answered(measurement):
        return Text("no response", style="bold red")
    wrong = " ".join(filter(None, (clean(details.error_name or ""), clean(details.fault or ""))))
    if details.status != _OK or details.fault:
        return Text(f"status {details.status} {wrong}".rstrip(), style="bold red")
    counts = (latest.counts() or {}) if details.managers else {}
    fleet = ", ".join(f"{n} {state.value.lower()}" for state, n in counts.items() if n)
    return Text(f"{details.status}, key managers: {fleet}" if fleet else f"{details.status}")


def _withheld(why: str) -> str:
    return f"not sent: {why}" if why in WITHHELD_FOR_OURSELVES else f"not sent: {clean(why, 64)} is not met"
