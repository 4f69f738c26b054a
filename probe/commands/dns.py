"""`xks-probe dns`: one query to one name server, timed by the kernel."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from probe.commands import options, output, signals
from probe.commands.exits import Exit, UsageError
from probe.commands.own_address import check_source
from probe.model.measurements import DnsDetails, Measurement
from probe.model.targets import Check, PlannedCheck, Question, Role, Target
from probe.model.text import clean


class RecordType(StrEnum):
    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    MX = "MX"
    NS = "NS"
    SOA = "SOA"
    TXT = "TXT"
    CAA = "CAA"


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="name to look up")],
    record_type: Annotated[
        RecordType, typer.Option("--type", metavar="TYPE", case_sensitive=False, help="record type")
    ] = RecordType.A,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="ADDRESS[:PORT]",
            help="name server; default: first one in resolv.conf, port 53",
        ),
    ] = None,
    timeout_s: options.TimeoutOption = 3.0,
    source: options.SourceOption = None,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Returns 1 if the name server did not answer, or answered without a record."""
    target = _target(name, record_type, server or _system_server(), timeout_s)
    measurement = signals.run(_measure(target, check_source(source), timeout_s))
    _write(measurement, form, file)
    return Exit.FINE if _has_record(measurement) else Exit.VIOLATED


def _has_record(measurement: Measurement) -> bool:
    details = measurement.details
    return measurement.failure is None and isinstance(details, DnsDetails) and bool(details.answers)


def _target(name: str, record_type: RecordType, server: str, timeout_s: float) -> Target:
    import dns.exception
    import dns.name

    try:
        dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        raise UsageError(f"dns: {clean(name, 80)!r} is not a domain name") from None
    host, port = options.host_and_port(server, 53, "--server")
    return Target(
        name=host,
        role=Role.RESOLVER,
        host=host,
        port=port,
        question=Question(name=name, record_type=record_type),
        plans=(PlannedCheck(check=Check.DNS, interval_s=timeout_s, timeout_s=timeout_s),),
    )


def _system_server() -> str:
    import dns.resolver

    try:
        servers = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        servers = []
    address = next((str(s) for s in servers if ":" not in str(s)), None)
    if address is None:
        raise UsageError("dns: resolv.conf has no IPv4 name server; give one with --server")
    return address


async def _measure(target: Target, source: str | None, timeout_s: float) -> Measurement:
    from probe.network import Network
    from probe.probes import dns as probe_dns

    return await probe_dns.measure(target, Network(source=source), timeout_s)


def _write(measurement: Measurement, form: output.Format, file: Path | None) -> None:
    from exporters.report import dns as shown

    output.write(form, file, lambda: shown.document(measurement), lambda: shown.render(measurement))
