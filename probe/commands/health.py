"""`xks-probe health`: ask an XKS proxy for its health as KMS does, and judge the answer."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands import options, output
from probe.commands.exits import Exit, UsageError
from probe.commands.tls import status
from probe.model.evidence import Evidence
from probe.model.measurements import Measurement
from probe.model.settings import Settings
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.text import clean
from probe.model.verdicts import Report, Scope

if TYPE_CHECKING:
    from probe.signing.credential import Credential

_SCHEME = "https://"


def command(
    url: Annotated[str, typer.Argument(help="https://PRIVATE-DNS-NAME[/PREFIX]/kms/xks/v1")],
    region: Annotated[str, typer.Option("--region", help="Region of the key store: it is in the signature")],
    connect_to: Annotated[
        str | None, typer.Option("--connect-to", help="ADDRESS[:PORT] instead of what the name resolves to")
    ] = None,
    key_id: Annotated[
        str | None, typer.Option("--key-id", help="an external key, for GetKeyMetadata")
    ] = None,
    credential_file: options.CredentialFileOption = None,
    credential_secret: options.CredentialSecretOption = None,
    sign_anyway: options.SignAnywayOption = False,
    extra_authority: options.ExtraAuthorityOption = None,
    source: options.SourceOption = None,
    timeout: options.TimeoutOption = 10.0,
    strict: Annotated[bool, typer.Option("--strict", help="violated advice counts, too")] = False,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Exit status 1: something required or a risk is violated; 3: nothing is, but something is not known."""
    host, path = _parts(url)
    if key_id is not None and not options.KEY_ID.fullmatch(key_id):
        raise UsageError(f"--key-id: {clean(key_id, 80)!r} is none; write letters, digits, '-', '_' and '.'")
    address, port = options.host_and_port(connect_to, 443, "--connect-to") if connect_to else (host, 443)
    extra = options.read_certificates(extra_authority, "--extra-authority") if extra_authority else ()
    settings = Settings(source_address=source, extra_authorities=extra)
    spec = KeyStoreSpec(
        region=region,
        connectivity=PUBLIC_CONNECTIVITY,
        uri_endpoint=_SCHEME + host,
        uri_path=path,
        key_id=key_id,
    )
    target = Target(name=host, role=Role.PROXY, host=address, port=port, server_name=host)
    credential = options.credential(credential_file, credential_secret)
    measured = asyncio.run(_ask(spec, target, settings, credential, timeout, anyway=sign_anyway))
    report = _judge(spec, target, settings, credential, measured)
    _write(measured, report, form, file)
    return status(measured[0], report, strict=strict) if measured else Exit.UNKNOWN


def _parts(url: str) -> tuple[str, str]:
    """Host and path, each in the form that KMS takes."""
    from probe.requirements.key_store_form import endpoint_fault, path_fault

    host, slash, path = url.removeprefix(_SCHEME).partition("/")
    fault = endpoint_fault(_SCHEME + host) or path_fault(slash + path)
    if not url.startswith(_SCHEME) or fault is not None:
        raise UsageError(
            f"health URL: {clean(url, 160)!r}: write https://PRIVATE-DNS-NAME[/PREFIX]/kms/xks/v1"
        )
    return host.lower(), slash + path


async def _ask(
    spec: KeyStoreSpec,
    target: Target,
    settings: Settings,
    credential: "Credential | None",
    timeout_s: float,
    *,
    anyway: bool,
) -> Sequence[Measurement]:
    from probe.agent.round import health_of

    ask = health_of(credential, settings, timeout_s, anyway=anyway)
    with output.progress("asking"):
        return await ask(spec, (target,))


def _judge(
    spec: KeyStoreSpec,
    target: Target,
    settings: Settings,
    credential: "Credential | None",
    measured: Sequence[Measurement],
) -> Report:
    from probe.network.clock import SYSTEM_CLOCK
    from probe.verdicts.judge import judge

    evidence = Evidence(
        taken_at_s=SYSTEM_CLOCK.now_s(),
        targets=(target,),
        latest=tuple(measured),
        recent=tuple(measured),
        extra_authorities=settings.extra_authorities,
        spec=spec,
        credential=credential.facts() if credential else None,
        scopes=frozenset({Scope.HEALTH}),
    )
    return judge(evidence)


def _write(measured: Sequence[Measurement], report: Report, form: output.Format, file: Path | None) -> None:
    from exporters.report import health as shown

    output.write(form, file, lambda: shown.document(measured, report), lambda: shown.render(measured, report))
