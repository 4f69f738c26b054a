"""`xks-probe tls`: the handshake the way KMS does it, the certificates as sent, and the verdicts on them.

With ``--chain`` the certificates are read from a file, and no connection is made.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands import options, output, signals
from probe.commands.exits import UsageError, status
from probe.commands.own_address import check_source
from probe.model.evidence import evidence_of
from probe.model.large_client_hello import LargeClientHello
from probe.model.measurements import ClientHelloProfile, Measurement, TlsDetails
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.text import clean
from probe.model.verdicts import Report, Scope

if TYPE_CHECKING:
    from rich.console import RenderableType

# What a file can tell. A handshake tells of more.
_OF_A_FILE = frozenset({Scope.CERTIFICATES})
_OF_A_SERVER = frozenset({Scope.CERTIFICATES, Scope.HANDSHAKE})

_ServerNameOption = Annotated[
    str | None,
    typer.Option(
        "--server-name",
        metavar="NAME",
        help="SNI, and the name that the certificate must have; default: HOST",
        rich_help_panel=options.CONNECTION,
    ),
]
_LargeClientHelloOption = Annotated[
    bool,
    typer.Option(
        "--large-client-hello",
        help="also test a ClientHello of two TCP segments, as post-quantum clients send",
        rich_help_panel=options.VERDICTS,
    ),
]


def command(
    host: Annotated[
        str, typer.Argument(metavar="HOST[:PORT]", help="name or IPv4 address; default port 443")
    ],
    server_name: _ServerNameOption = None,
    connect_to: options.ConnectToOption = None,
    chain: Annotated[
        Path | None,
        typer.Option(
            "--chain",
            readable=False,
            metavar="FILE",
            help="check the certificates in this PEM file (leaf first) for HOST; no connection is made",
            rich_help_panel=options.VERDICTS,
        ),
    ] = None,
    large_client_hello: _LargeClientHelloOption = False,
    extra_authority: options.ExtraAuthorityOption = None,
    strict: options.StrictOption = False,
    timeout_s: options.TimeoutOption = 5.0,
    source: options.SourceOption = None,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Returns 1 if a required or risk requirement is violated or the handshake failed."""
    target = _target(host, connect_to, server_name, timeout_s)
    extra = options.extra_authorities(extra_authority)
    large = None
    if chain is not None:
        asked = "" if large_client_hello else None
        _refuse_with_chain({"--connect-to": connect_to, "--source": source, "--large-client-hello": asked})
        measurement = _read(chain, target)
    else:
        measurement, large = signals.run(
            _measure(target, check_source(source), timeout_s, with_large=large_client_hello)
        )
    report = _judge(measurement, large, extra, offline=chain is not None)
    _write(measurement, large, report, chain, form, file)
    return status(report, strict=strict, failed=measurement.failure is not None)


def _target(host: str, connect_to: str | None, server_name: str | None, timeout_s: float) -> Target:
    name, port = options.host_and_port(host, 443, "tls HOST")
    address, address_port = name, port
    if connect_to is not None:
        address, address_port = options.host_and_port(connect_to, port, "--connect-to")
    return Target(
        name=name,
        role=Role.PROXY,
        host=address,
        port=address_port,
        server_name=_server_name(server_name, name),
        plans=(PlannedCheck(check=Check.TLS, interval_s=timeout_s, timeout_s=timeout_s),),
    )


def _server_name(given: str | None, host: str) -> str | None:
    """The name that the certificate must have; None (and no SNI) if only an address is known."""
    from probe.wire.hostport import check_name, is_ipv4

    if given is None:
        return None if is_ipv4(host) else host
    try:
        return check_name(given)
    except ValueError as error:
        raise UsageError(f"--server-name: {clean(given, 80)!r} {error}") from None


def _refuse_with_chain(others: dict[str, str | None]) -> None:
    for option, value in others.items():
        if value is not None:
            raise UsageError(f"tls: --chain makes no connection; leave out {option} or --chain")


def _read(chain: Path, target: Target) -> Measurement:
    """The certificates of a file instead of those that a server sent, without a handshake."""
    from probe.network.clock import SYSTEM_CLOCK
    from probe.wire.certificate import read_certificate
    from probe.wire.chain import MAX_CERTIFICATES

    ders = options.read_certificates(chain, "--chain")
    if len(ders) > MAX_CERTIFICATES:
        raise UsageError(
            f"--chain {chain}: contains {len(ders)} certificates; give a file with the chain of one server, "
            f"leaf first, at most {MAX_CERTIFICATES}"
        )
    details = TlsDetails(
        server_name=target.server_name,
        local_port=None,
        offer=ClientHelloProfile.KMS,  # none was made: `_write` says null
        kms_handshake_succeeded=False,
        version=None,
        cipher=None,
        chain=tuple(read_certificate(der, position) for position, der in enumerate(ders)),
    )
    return Measurement(target=target, check=Check.TLS, started_at_s=SYSTEM_CLOCK.now_s(), details=details)


async def _measure(
    target: Target, source: str | None, timeout_s: float, *, with_large: bool
) -> tuple[Measurement, LargeClientHello | None]:
    """The handshake, and after it the one with a large ClientHello, both within ``timeout_s``."""
    from probe.network import Network
    from probe.network.clock import Deadline
    from probe.probes import tls
    from probe.probes.large_client_hello import try_one

    network = Network(source=source)
    deadline = Deadline(network.clock, timeout_s)
    measurement = await tls.measure(target, network, timeout_s)
    if not with_large:
        return measurement, None
    return measurement, await try_one(target, network, deadline.remaining_s(), measurement.address)


def _judge(
    measurement: Measurement, large: LargeClientHello | None, extra: tuple[bytes, ...], *, offline: bool
) -> Report:
    from probe.network.clock import SYSTEM_CLOCK
    from probe.verdicts.judge import judge

    evidence = evidence_of(
        SYSTEM_CLOCK.now_s(),
        (measurement.target,),
        (measurement,),
        extra_authorities=extra,
        large_client_hellos=(large,) if large else (),
        scopes=_OF_A_FILE if offline else _OF_A_SERVER,
    )
    return judge(evidence, single_server=True)


def _write(
    measurement: Measurement,
    large: LargeClientHello | None,
    report: Report,
    chain: Path | None,
    form: output.Format,
    file: Path | None,
) -> None:
    import exporters.report.tls as shown

    if form is output.Format.JSON:
        made = {"offer": None} if chain is not None else {}
        document = {**shown.document(measurement, report, large), **made}
        output.write_document(output.as_json(document), file)
        return
    page = shown.render(measurement, report, large) if chain is None else _page(measurement, report, chain)
    output.show(page, file)


def _page(measurement: Measurement, report: Report, chain: Path) -> "RenderableType":
    """The page of a handshake, without the handshake."""
    from rich.console import Group
    from rich.text import Text

    import exporters.report.tls as shown
    from exporters.report import certificates, conclusion, findings

    assert isinstance(measurement.details, TlsDetails)  # noqa: S101 -- `_read` made it
    name = clean(measurement.target.server_name or "")
    head = Text.assemble((name, "bold"), (" by the certificates of ", "dim"), clean(str(chain)))
    parts = (
        head,
        Text("no connection was made", style="yellow"),
        shown.extra_authorities(report),
        Text(),
        conclusion.render(report),
        Text(),
        findings.render(report.verdicts),
        certificates.render(measurement.details.chain, measurement.started_at_s),
        findings.fine(report.verdicts),
    )
    return Group(*(part for part in parts if part is not None))
