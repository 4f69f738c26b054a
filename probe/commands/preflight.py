"""`xks-probe preflight`: what KMS would say to this endpoint service and proxy, why, and what to change."""

import asyncio
import hashlib
import re
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe import __version__
from probe.commands import options, output
from probe.commands.exits import Exit, UsageError
from probe.model.measurements import HealthDetails
from probe.model.preflight import EXTERNAL_KEY_STORE, PUBLIC_CONNECTIVITY, VPC_CONNECTIVITY, Proposal
from probe.model.settings import Settings
from probe.model.targets import Role
from probe.model.text import clean
from probe.model.verdicts import Evidence, Level, Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.aws.calls import Caller
    from probe.credential import Credential
    from probe.discovery import Place

DEFAULT_TIMEOUT_S = 10.0
_KEY_STORE = re.compile(r"cks-[0-9a-zA-Z]{1,60}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)


class Form(StrEnum):
    """The forms of a preflight's report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    HTML = "html"


def command(
    key_store: Annotated[str | None, typer.Option("--key-store", help="an existing one: cks-…")] = None,
    endpoint_service: Annotated[
        str | None, typer.Option("--endpoint-service", help="com.amazonaws.vpce.REGION.vpce-svc-…")
    ] = None,
    uri_endpoint: Annotated[
        str | None, typer.Option("--uri-endpoint", help="https://PRIVATE-DNS-NAME")
    ] = None,
    uri_path: Annotated[str | None, typer.Option("--uri-path", help="[/PREFIX]/kms/xks/v1")] = None,
    public: Annotated[bool, typer.Option("--public", help="public endpoint connectivity, no VPC")] = False,
    name: Annotated[str | None, typer.Option("--name", help="the name of a key store to be made")] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="account that owns the endpoint service")
    ] = None,
    store_account: Annotated[
        str | None, typer.Option("--store-account", help="account of the key store, if not this one")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="Region of the key store")] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="a target behind the load balancer, ADDRESS[:PORT]")
    ] = None,
    node: Annotated[
        list[str] | None, typer.Option("--node", help="a node of the load balancer, ADDRESS[:PORT]")
    ] = None,
    key_manager: Annotated[
        list[str] | None, typer.Option("--key-manager", help="the far end of the 35 ms, HOST[:PORT]")
    ] = None,
    data_centre: Annotated[
        list[str] | None, typer.Option("--data-centre", help="an IPv4 range of the key manager's network")
    ] = None,
    public_resolver: Annotated[
        list[str] | None,
        typer.Option("--public-resolver", help="asked for public DNS instead of 8.8.8.8, 1.1.1.1, 9.9.9.9"),
    ] = None,
    account: Annotated[
        Path | None, typer.Option("--account", help="what deploy/aws/collect.sh collected; AWS is not asked")
    ] = None,
    key_id: Annotated[
        str | None, typer.Option("--key-id", help="an external key, for GetKeyMetadata")
    ] = None,
    credential_file: options.CredentialFileOption = None,
    sign_anyway: options.SignAnywayOption = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="an older one in JSON: say what changed since")
    ] = None,
    extra_authority: options.ExtraAuthorityOption = None,
    source: options.SourceOption = None,
    timeout: options.TimeoutOption = DEFAULT_TIMEOUT_S,
    strict: Annotated[bool, typer.Option("--strict", help="violated advice counts, too")] = False,
    form: Annotated[
        Form, typer.Option("--format", help="text, markdown, html for people; json, junit for programs")
    ] = Form.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Exit status 1: something required or a risk is violated; 3: nothing is, but something is not known."""
    from probe.discovery import Place
    from probe.domain import PUBLIC_RESOLVERS
    from probe.regions import is_known

    older = _older(against)
    caller = _caller(account, region, timeout)
    chosen = _region(region, caller)
    proposal = Proposal(
        region=chosen,
        key_store_id=_matching(key_store, _KEY_STORE, "--key-store", "write cks- and its id"),
        name=name,
        connectivity=PUBLIC_CONNECTIVITY if public else VPC_CONNECTIVITY,
        uri_endpoint=uri_endpoint,
        uri_path=uri_path,
        service_name=endpoint_service,
        service_owner=_matching(owner, _ACCOUNT, "--owner", "write the 12 digits of an account"),
        store_account=_matching(store_account, _ACCOUNT, "--store-account", "write the 12 digits"),
        data_centre=tuple(_range(each) for each in data_centre or ()),
        region_has_kms=is_known(chosen),
        key_id=_matching(key_id, options.KEY_ID, "--key-id", "write letters, digits, '-', '_' and '.'"),
    )
    places = [
        *_places(node, Role.NODE, "--node", Place),
        *_places(target, Role.BACKEND, "--target", Place),
        *_places(key_manager, Role.KEY_MANAGER, "--key-manager", Place),
    ]
    extra = options.read_certificates(extra_authority, "--extra-authority") if extra_authority else ()
    asked = Asked(
        proposal=proposal,
        caller=caller,
        places=tuple(places),
        settings=Settings(
            targets=(), source_address=source, extra_authorities=extra, govcloud=_is_gov(proposal)
        ),
        timeout_s=timeout,
        credential=options.credential(credential_file),
        sign_anyway=sign_anyway,
        public_resolvers=tuple(_address(each) for each in public_resolver or ()) or PUBLIC_RESOLVERS,
    )
    evidence, report = asyncio.run(_take(asked))
    _refuse_other_stores(evidence)
    _write(asked, evidence, report, form, file, strict=strict, older=older)
    return status(report, strict=strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, checked."""

    proposal: Proposal
    caller: "Caller"
    places: "tuple[Place, ...]"
    settings: Settings
    timeout_s: float
    credential: "Credential | None" = None
    sign_anyway: bool = False
    public_resolvers: tuple[str, ...] = ()

    def hash(self) -> str:
        """The same for the same question: two reports with different ones answer different questions."""
        said = repr((self.proposal, self.places, self.settings))
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def status(report: Report, *, strict: bool) -> Exit:
    """What the shell is told."""
    counted = [v for v in report.verdicts if strict or v.level is not Level.ADVICE]
    if any(v.outcome is Outcome.VIOLATED for v in counted):
        return Exit.VIOLATED
    if any(v.outcome is Outcome.UNKNOWN for v in report.verdicts):
        return Exit.UNKNOWN
    return Exit.FINE


async def _take(asked: Asked) -> tuple[Evidence, Report]:
    from probe import preflight

    request = preflight.Request(
        proposal=asked.proposal,
        caller=asked.caller,
        timeout_s=asked.timeout_s,
        places=asked.places,
        settings=asked.settings,
        credential=asked.credential,
    )
    health = preflight.health_of(asked.credential, asked.settings, asked.timeout_s, anyway=asked.sign_anyway)
    domain = preflight.domain_of(asked.settings, asked.timeout_s, asked.public_resolvers)
    with output.progress("looking") as advance:
        evidence = await preflight.take(request, advance, preflight.Also(health=health, domain=domain))
    return evidence, preflight.judged(evidence)


def _caller(account: Path | None, region: str | None, timeout_s: float) -> "Caller":
    from probe.wire.input_error import InputError

    try:
        if account is not None:
            from probe.aws.recorded import read

            return read(account)
        from probe.aws.api import Api

        api = Api(region or _configured_region(), read_timeout_s=timeout_s)
        _ = api.endpoint_url  # refuses one that is not https
    except InputError as error:
        raise UsageError(*error.errors) from None
    return api


def _configured_region() -> str:
    """Where the user says nothing: what AWS's own tools would take, else the instance's own."""
    import boto3

    from probe.aws.metadata import region

    found = boto3.session.Session().region_name or region()
    if not found:
        raise UsageError("preflight: no Region is known; say --region eu-west-1, or set AWS_REGION")
    return str(found)


def _region(region: str | None, caller: "Caller") -> str:
    chosen = region or caller.region
    if not _REGION.fullmatch(chosen):
        raise UsageError(f"--region: {clean(chosen, 40)!r} is no Region; write it as in eu-west-1")
    if chosen != caller.region:
        raise UsageError(
            f"--region: the file is of {clean(caller.region, 40)}, not of {chosen}; leave it out"
        )
    return chosen


def _is_gov(proposal: Proposal) -> bool:
    return proposal.region.startswith("us-gov-")


def _matching(value: str | None, pattern: re.Pattern[str], option: str, what_to_do: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise UsageError(f"{option}: {clean(value, 80)!r} is none; {what_to_do}")
    return value


def _range(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.IPv4Network(text, strict=False))
    except ValueError:
        raise UsageError(
            f"--data-centre: {clean(text, 80)!r} is no IPv4 range; write it as in 10.20.0.0/16"
        ) from None


def _older(path: Path | None) -> "Mapping[str, Any] | None":
    """An older document. Refused before anything is looked at, if it is none."""
    if path is None:
        return None
    from exporters.report import changes
    from probe.document import read_bounded
    from probe.wire.input_error import InputError

    try:
        return changes.read(read_bounded(path, changes.LARGEST_BYTES))
    except InputError as error:
        raise UsageError(*(f"--against {clean(str(path))}: {line}" for line in error.errors)) from None
    except changes.UnreadableError as error:
        raise UsageError(f"--against {clean(str(path))}: {error}") from None


def _address(text: str) -> str:
    from probe.wire.hostport import is_ipv4

    if not is_ipv4(text):
        raise UsageError(f"--public-resolver: {clean(text, 80)!r} is no IPv4 address")
    return text


def _places(given: list[str] | None, role: Role, option: str, make: "type[Place]") -> "list[Place]":
    pairs = [options.host_and_port(each, 443, option) for each in given or ()]
    return [make(host=host, port=port, role=role) for host, port in pairs]


def _refuse_other_stores(evidence: Evidence) -> None:
    """A store of CloudHSM has no proxy; one that is not there is a mistake of the command line."""
    account, proposal = evidence.account, evidence.proposal
    id_ = proposal.key_store_id if proposal else None
    if account is None or id_ is None or not isinstance(account.key_stores, tuple):
        return
    store = account.key_store(id_)
    if store is None:
        raise UsageError(f"--key-store: there is no {id_} in {clean(account.region)} of this account")
    if store.kind not in (EXTERNAL_KEY_STORE, ""):
        raise UsageError(f"--key-store: {id_} is of kind {clean(store.kind, 40)}: it has no XKS proxy")


def _write(
    asked: Asked,
    evidence: Evidence,
    report: Report,
    form: Form,
    file: Path | None,
    *,
    strict: bool,
    older: "Mapping[str, Any] | None",
) -> None:
    from exporters.report import html, junit, markdown
    from exporters.report import preflight as shown

    of = shown.Preflight(
        report=report,
        evidence=evidence,
        vantage=clean(socket.gethostname(), 64),
        version=__version__,
        configuration_hash=asked.hash(),
        clock_offset_s=_clock_offset_s(evidence),
        older=older,
    )
    match form:
        case Form.TEXT:
            output.show(shown.render(of), file)
        case Form.JSON:
            output.write_document(output.as_json(shown.document(of)), file)
        case Form.MARKDOWN:
            output.write_document(markdown.text(of), file)
        case Form.HTML:
            output.write_document(html.text(of), file)
        case Form.JUNIT:
            output.write_document(junit.text(report.verdicts, suite="preflight", strict=strict), file)


def _clock_offset_s(evidence: Evidence) -> float | None:
    """The proxy's clock by its newest Date header, minus ours."""
    found = (
        m.details.clock_offset_s for m in reversed(evidence.recent) if isinstance(m.details, HealthDetails)
    )
    return next((offset_s for offset_s in found if offset_s is not None), None)
