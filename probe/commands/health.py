"""`xks-probe health`: send an XKS proxy the health request that KMS sends, and judge the answer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands import options, output, signals
from probe.commands.exits import Exit, UsageError, status
from probe.commands.own_address import check_source
from probe.model.evidence import evidence_of
from probe.model.measurements import Measurement, Phase
from probe.model.store import PUBLIC_CONNECTIVITY, VPC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Check, Role, Target
from probe.model.text import clean
from probe.model.verdicts import Report, Scope
from probe.wire.aws_names import EXTERNAL_KEY_ID

if TYPE_CHECKING:
    from probe.signing.client import ProxyAccess

_SCHEME = "https://"
# The time for the handshake that is judged: as `tls` has by default, and something if the requests took all.
_MAX_HANDSHAKE_S, _MIN_HANDSHAKE_S = 5.0, 0.5
_OF_REQUESTS = frozenset({Scope.HEALTH})
_WITH_HANDSHAKE = _OF_REQUESTS | {Scope.HANDSHAKE, Scope.CERTIFICATES}


def command(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://PRIVATE-DNS-NAME[/PREFIX]/kms/xks/v1")],
    region: Annotated[
        str,
        typer.Option("--region", metavar="REGION", help="Region of the key store (part of the signature)"),
    ],
    public: options.PublicOption = False,
    connect_to: options.ConnectToOption = None,
    key_id: options.KeyIdOption = None,
    credential_file: options.CredentialFileOption = None,
    credential_secret: options.CredentialSecretOption = None,
    sign_anyway: options.SignAnywayOption = False,
    extra_authority: options.ExtraAuthorityOption = None,
    source: options.SourceOption = None,
    timeout: options.TimeoutOption = 10.0,
    strict: options.StrictOption = False,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Returns 1 if a required or risk requirement is violated, 3 if at least one is unknown.

    The TLS handshake is judged, too: why a request was not sent or not answered is often seen only there.
    """
    from probe.signing.client import ProxyAccess

    spec = _spec(url, region, key_id, public=public)
    own_address = check_source(source)
    host = spec.host or ""
    address, port = options.host_and_port(connect_to, 443, "--connect-to") if connect_to else (host, 443)
    extra = options.extra_authorities(extra_authority)
    target = Target(name=host, role=Role.PROXY, host=address, port=port, server_name=host)
    credential = options.credential(credential_file, credential_secret)
    access = ProxyAccess(credential, extra, sign_anyway=sign_anyway)
    measured = signals.run(_ask(spec, target, access, own_address, timeout))
    report = _judge(spec, target, access, extra, measured)
    _write(measured, report, form, file)
    failed = bool(measured) and measured[0].failure is not None
    return status(report, strict=strict, failed=failed) if measured else Exit.UNKNOWN


def _spec(url: str, region: str, key_id: str | None, *, public: bool) -> KeyStoreSpec:
    host, path = _parts(url)
    options.check_region(region, "--region")
    if key_id is not None and not EXTERNAL_KEY_ID.fullmatch(key_id):
        raise UsageError(
            f"--key-id: {clean(key_id, 80)!r} is not a key id; use only letters, digits, '-', '_' and '.'"
        )
    return KeyStoreSpec(
        region=region,
        connectivity=PUBLIC_CONNECTIVITY if public else VPC_CONNECTIVITY,
        uri_endpoint=_SCHEME + host,
        uri_path=path,
        key_id=key_id,
    )


def _parts(url: str) -> tuple[str, str]:
    """Host and path, each in the form that KMS accepts."""
    from probe.requirements.key_store_form import endpoint_fault, path_fault

    host, slash, path = url.removeprefix(_SCHEME).partition("/")
    fault = endpoint_fault(_SCHEME + host) or path_fault(slash + path)
    if not url.startswith(_SCHEME) or fault is not None:
        raise UsageError(
            f"health URL: {clean(url, 160)!r}: expected https://PRIVATE-DNS-NAME[/PREFIX]/kms/xks/v1"
        )
    return host.lower(), slash + path


async def _ask(
    spec: KeyStoreSpec, target: Target, access: "ProxyAccess", source: str | None, timeout_s: float
) -> Sequence[Measurement]:
    """The requests, and after them one TLS handshake if a connection was made; within ``timeout_s``."""
    from probe.network import Network
    from probe.network.clock import Deadline
    from probe.probes import health, tls

    client = access.client(spec)
    if client is None:
        return ()
    network = Network(source=source)
    deadline = Deadline(network.clock, timeout_s)
    try:
        with output.progress("waiting for the proxy"):
            measured = await health.measure(target, client, network, timeout_s)
            if not any(map(_connected, measured)):
                return measured
            handshake_s = min(_MAX_HANDSHAKE_S, max(_MIN_HANDSHAKE_S, deadline.remaining_s()))
            return (*measured, await tls.measure(target, network, handshake_s))
    finally:
        network.close()


def _connected(measurement: Measurement) -> bool:
    failure = measurement.failure
    return failure is None or failure.phase not in (Phase.RESOLVE, Phase.CONNECT)


def _judge(
    spec: KeyStoreSpec,
    target: Target,
    access: "ProxyAccess",
    extra: tuple[bytes, ...],
    measured: Sequence[Measurement],
) -> Report:
    from probe.network.clock import SYSTEM_CLOCK
    from probe.verdicts.judge import judge

    seen = evidence_of(
        SYSTEM_CLOCK.now_s(),
        (target,),
        measured,
        extra_authorities=extra,
        scopes=_WITH_HANDSHAKE if any(each.check is Check.TLS for each in measured) else _OF_REQUESTS,
    )
    return judge(replace(seen, spec=spec, credential=access.facts(None)))


def _write(measured: Sequence[Measurement], report: Report, form: output.Format, file: Path | None) -> None:
    from exporters.report import health as shown

    output.write(
        form,
        file,
        lambda: shown.document(measured, report),
        lambda: shown.render(measured, report),
    )
