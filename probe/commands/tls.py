"""`xks-probe tls`: the handshake as KMS does it, the certificates as sent, and the verdicts on them."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from probe.commands import options, output
from probe.commands.exits import Exit
from probe.model.measurements import Measurement
from probe.model.targets import Check, Plan, Role, Target
from probe.model.verdicts import Evidence, Level, Outcome, Report


def command(
    host: Annotated[
        str, typer.Argument(metavar="HOST[:PORT]", help="name or IPv4 address; port 443 unless given")
    ],
    server_name: Annotated[
        str | None, typer.Option("--server-name", help="SNI, and the name that the certificate must carry")
    ] = None,
    connect_to: Annotated[
        str | None,
        typer.Option("--connect-to", metavar="ADDRESS[:PORT]", help="connect here instead of to HOST"),
    ] = None,
    extra_authority: options.ExtraAuthorityOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="exit with 1 when advice is violated, too")
    ] = False,
    timeout_s: options.TimeoutOption = 5.0,
    source: options.SourceOption = None,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Exit status 1 if a required or risk requirement is violated or there was no handshake."""
    target = _target(host, connect_to, server_name, timeout_s)
    extra = options.read_certificates(extra_authority, "--extra-authority") if extra_authority else ()
    measurement = asyncio.run(_measure(target, options.check_source(source), timeout_s))
    report = _judge(measurement, extra)
    _write(measurement, report, form, file)
    return status(measurement, report, strict=strict)


def status(measurement: Measurement, report: Report, *, strict: bool) -> Exit:
    """What the shell is told of these verdicts."""
    counted = [v for v in report.verdicts if strict or v.level is not Level.ADVICE]
    if measurement.failure is not None or any(v.outcome is Outcome.VIOLATED for v in counted):
        return Exit.VIOLATED
    if any(v.outcome is Outcome.UNKNOWN for v in counted):
        return Exit.UNKNOWN
    return Exit.FINE


def _target(host: str, connect_to: str | None, server_name: str | None, timeout_s: float) -> Target:
    name, port = options.host_and_port(host, 443, "tls HOST")
    address, address_port = (
        options.host_and_port(connect_to, port, "--connect-to") if connect_to else (name, port)
    )
    return Target(
        name=name,
        role=Role.PROXY,
        host=address,
        port=address_port,
        server_name=server_name or name,
        plans=(Plan(check=Check.TLS, interval_s=timeout_s, timeout_s=timeout_s),),
    )


async def _measure(target: Target, source: str | None, timeout_s: float) -> Measurement:
    from probe.network import Network
    from probe.probes import tls

    return await tls.measure(target, Network(source=source), timeout_s)


def _judge(measurement: Measurement, extra: tuple[bytes, ...]) -> Report:
    from probe.network.clock import SYSTEM_CLOCK
    from probe.verdicts import judge

    evidence = Evidence(
        taken_at_s=SYSTEM_CLOCK.now_s(),
        targets=(measurement.target,),
        latest=(measurement,),
        recent=(measurement,),
        extra_authorities=extra,
    )
    return judge(evidence, single_server=True)


def _write(measurement: Measurement, report: Report, form: output.Format, file: Path | None) -> None:
    import exporters.report.tls as shown

    if form is output.Format.JSON:
        output.write_document(output.as_json(shown.document(measurement, report)), file)
    elif file is not None:
        output.write_document(output.as_text(shown.render(measurement, report)), file)
    else:
        output.console().print(shown.render(measurement, report))
