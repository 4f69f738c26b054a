"""The response of a name server."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from exporters.report import fields, formatting
from probe.model.measurements import DnsDetails, Measurement, Phase
from probe.model.text import clean

# Sending, waiting and receiving follow each other: their sum is the response time.
_EXCHANGE = (Phase.SEND, Phase.WAIT, Phase.RECEIVE)
MAX_ANSWERS = 256
_MAX_SHOWN = 50


def document(measurement: Measurement) -> dict[str, object]:
    """As in ``docs/schemas/dns.json``. Without a response, ``rcode`` and all numbers are null."""
    details = _details(measurement)
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "taken_at": fields.time(measurement.started_at_s),
        "name": clean(details.name),
        "type": clean(details.record_type),
        "view": clean(details.view),
        "server": clean(details.server),
        "rcode": fields.text(details.rcode),
        "answers": [clean(answer, fields.TEXT_LIMIT) for answer in details.answers[:MAX_ANSWERS]],
        "ttl_seconds": details.ttl_s,
        "rtt_seconds": fields.seconds(_rtt_s(measurement)),
        "timestamps": fields.timestamps(measurement),
        "truncated": details.truncated,
        "failure": fields.failure(measurement.failure),
    }


def render(measurement: Measurement) -> RenderableType:
    """The query, the outcome, and one line per answer."""
    details = _details(measurement)
    head = Text.assemble(
        ("DNS ", "dim"), (clean(details.name), "bold"), f" {clean(details.record_type)}",
        (f" at {clean(details.server)} ({clean(details.view)})", "dim"),
    )  # fmt: skip
    answers = [Text(clean(answer, fields.TEXT_LIMIT)) for answer in details.answers[:_MAX_SHOWN]]
    if len(details.answers) > _MAX_SHOWN:
        answers.append(Text(f"and {len(details.answers) - _MAX_SHOWN} more; use --format json for all"))
    return Group(head, _outcome(measurement, details), *(Padding(answer, (0, 0, 0, 2)) for answer in answers))


def _outcome(measurement: Measurement, details: DnsDetails) -> Text:
    outcome = Text()
    if measurement.failure is not None:
        outcome.append(f"failed: {formatting.failure_text(measurement.failure)}", style="bold red")
    else:
        count = len(details.answers)
        outcome.append(f"{count} answer{'' if count == 1 else 's'}", style="green" if count else "yellow")
    if details.rcode:
        outcome.append(f"  {clean(details.rcode)}")
    if details.ttl_s is not None:
        outcome.append(f"  TTL {details.ttl_s} s", style="dim")
    if (rtt_s := _rtt_s(measurement)) is not None:
        outcome.append(f"  {formatting.milliseconds(rtt_s, ' ms')}")
        outcome.append(
            f" ({measurement.timestamps.value if measurement.timestamps else 'no timestamp'})", style="dim"
        )
    if details.truncated:
        outcome.append("  truncated", style="yellow")
    return outcome


def _rtt_s(measurement: Measurement) -> float | None:
    durations_s = [time_s for phase in _EXCHANGE if (time_s := measurement.phases_s.get(phase)) is not None]
    return sum(durations_s) if durations_s else None


def _details(measurement: Measurement) -> DnsDetails:
    """The response; without one, details made from the target's query."""
    if isinstance(measurement.details, DnsDetails):
        return measurement.details
    target = measurement.target
    return DnsDetails(
        server=measurement.address or target.host,
        name=target.question.name if target.question else "",
        record_type=target.question.record_type if target.question else "A",
        view="resolver",
        rcode=None,
    )
