"""A TLS handshake: the server, its certificates and the verdicts on them."""

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.headline import authorities, headline
from exporters.report import (
    certificates,
    conclusion,
    fields,
    findings,
    formatting,
    judged,
    large_client_hello,
)
from probe.model.large_client_hello import LargeClientHello
from probe.model.measurements import Certificate, ClientHelloProfile, Measurement, Phase, TlsDetails
from probe.model.text import clean
from probe.model.verdicts import Report

_PHASES = (Phase.CONNECT, Phase.HANDSHAKE)


def document(
    measurement: Measurement, report: Report, large: LargeClientHello | None = None
) -> dict[str, object]:
    """As in ``docs/schemas/tls.json``. Version, cipher and offer are null if no handshake got that far."""
    details = _details(measurement)
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "taken_at": fields.time(measurement.started_at_s),
        "headline": headline(report).sentence,
        "address": fields.text(measurement.address),
        "port": measurement.target.port,
        "server_name": fields.text(_server_name(measurement)),
        "local_port": details and details.local_port,
        "timestamps": fields.timestamps(measurement),
        "phases_seconds": fields.phases(measurement, _PHASES),
        "offer": details and details.offer.value,
        "version": fields.text(details.version) if details else None,
        "cipher": fields.text(details.cipher) if details else None,
        "alert": details and details.alert,
        "first_bytes": _first_bytes(details),
        "certificates": fields.certificates(_chain(details)),
        "large_client_hello": large and large_client_hello.document(large),
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
        "authorities_as_of": report.authorities_as_of or None,
        "authorities_proposed": report.authorities_proposed or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "failure": fields.failure(measurement.failure),
    }


def render(measurement: Measurement, report: Report, large: LargeClientHello | None = None) -> RenderableType:
    """The handshake, what is wrong, the certificates, what is met."""
    details = _details(measurement)
    parts: list[RenderableType | None] = [
        _head(measurement),
        _outcome(measurement, details),
        authority_lists(report),
        large_client_hello.line(large) if large else None,
        extra_authorities(report),
        Text(),
        conclusion.render(report),
        Text(),
        findings.render(report.verdicts),
        certificates.render(_chain(details), measurement.started_at_s),
        findings.fine(report.verdicts),
    ]
    return Group(*(part for part in parts if part is not None))


def authority_lists(report: Report) -> Text | None:
    """The dates of the lists of KMS's CAs that were used."""
    lists = clean(formatting.authority_lists(report))
    return Text(lists, style="dim") if lists else None


def extra_authorities(report: Report) -> Text | None:
    """A warning if verdicts may rely on root certificates that KMS does not trust."""
    caution = authorities(report)
    return Text(caution, style="bold yellow") if caution else None


def _head(measurement: Measurement) -> Text:
    name = clean(_server_name(measurement) or "no server name")
    where = f"{clean(measurement.address or measurement.target.host)}:{measurement.target.port}"
    return Text.assemble(("TLS ", "dim"), (name, "bold"), (" at ", "dim"), where)


def _outcome(measurement: Measurement, details: TlsDetails | None) -> Text:
    outcome = Text()
    if measurement.failure is None:
        outcome.append("handshake completed", style="green")
    else:
        outcome.append(f"handshake failed: {formatting.failure_text(measurement.failure)}", style="bold red")
    if details and details.version:
        outcome.append(f"  {clean(details.version)} {clean(details.cipher or '')}".rstrip())
    if details and details.offer is ClientHelloProfile.DIAGNOSING:
        outcome.append("  (result of a diagnostic ClientHello that KMS does not send)", style="yellow")
    for phase in _PHASES:
        if (time_s := measurement.phases_s.get(phase)) is not None:
            outcome.append(f"  {phase.value} {formatting.milliseconds(time_s, ' ms')}", style="dim")
    if measurement.timestamps:
        outcome.append(f"  ({measurement.timestamps.value})", style="dim")
    return outcome


def _details(measurement: Measurement) -> TlsDetails | None:
    return measurement.details if isinstance(measurement.details, TlsDetails) else None


def _first_bytes(details: TlsDetails | None) -> str | None:
    """The first bytes that the server sent, escaped, if they are not TLS."""
    if details is None or not details.not_tls:
        return None
    return clean(details.not_tls.decode("ascii", "backslashreplace"), fields.TEXT_LIMIT)


def _server_name(measurement: Measurement) -> str | None:
    details = _details(measurement)
    return details.server_name if details else measurement.target.server_name


def _chain(details: TlsDetails | None) -> tuple[Certificate, ...]:
    return details.chain if details else ()
