"""`xks-probe preflight`: what KMS would say to this endpoint service and proxy, why, and what to change."""

import asyncio
import hashlib
import random
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe import __version__
from probe.commands import options, output
from probe.commands.exits import Exit, UsageError
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails
from probe.model.settings import Settings
from probe.model.store import EXTERNAL_KEY_STORE, PUBLIC_CONNECTIVITY, VPC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Role
from probe.model.text import clean
from probe.model.verdicts import Level, Outcome, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporters.report.preflight import Preflight
    from probe.agent.targets import Place
    from probe.aws.calls import Caller
    from probe.aws.metadata import Instance
    from probe.signing.credential import Credential

DEFAULT_TIMEOUT_S = 10.0
# A round of `--watch` after another: the account's quotas of describe calls are the customer's, too.
WATCH_S = 60.0
_WATCH_JITTER_S = 6.0


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
    credential_secret: options.CredentialSecretOption = None,
    sign_anyway: options.SignAnywayOption = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="an older one in JSON: say what changed since")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="pseudonyms for accounts, private addresses and key ids")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="again each minute, saying what changed, until all is fine")
    ] = False,
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
    from probe.agent.targets import Place
    from probe.aws import metadata
    from probe.commands import preflight_input as given
    from probe.probes.verification_record import PUBLIC_RESOLVERS
    from probe.survey.places import is_known

    if watch and file is None and form not in (Form.TEXT, Form.JSON):
        raise UsageError(f"--watch: say with --output where each {form.value} goes")
    older = given.older(against)
    here = metadata.instance()
    caller = given.caller(account, region, timeout, here)
    spec = KeyStoreSpec(
        region=caller.region,
        id=given.matching(key_store, given.KEY_STORE, "--key-store", "write cks- and its id") or "",
        name=name,
        connectivity=PUBLIC_CONNECTIVITY if public else VPC_CONNECTIVITY,
        uri_endpoint=uri_endpoint,
        uri_path=uri_path,
        service_name=endpoint_service,
        service_owner=given.matching(owner, given.ACCOUNT, "--owner", "write the 12 digits of an account"),
        store_account=given.matching(store_account, given.ACCOUNT, "--store-account", "write the 12 digits"),
        data_centre=tuple(given.ipv4_range(each) for each in data_centre or ()),
        region_has_kms=is_known(caller.region),
        key_id=given.matching(key_id, options.KEY_ID, "--key-id", "write letters, digits, '-', '_' and '.'"),
    )
    places = (
        *given.places(node, Role.NODE, "--node", Place),
        *given.places(target, Role.BACKEND, "--target", Place),
        *given.places(key_manager, Role.KEY_MANAGER, "--key-manager", Place),
    )
    extra = options.read_certificates(extra_authority, "--extra-authority") if extra_authority else ()
    asked = Asked(
        spec=spec,
        caller=caller,
        places=places,
        settings=Settings(source_address=source, extra_authorities=extra),
        timeout_s=timeout,
        credential=options.credential(credential_file, credential_secret),
        sign_anyway=sign_anyway,
        public_resolvers=tuple(given.resolver(each) for each in public_resolver or ()) or PUBLIC_RESOLVERS,
        vantage=_vantage(here),
        redact=redact,
        watch=watch,
        strict=strict,
        form=form,
        file=file,
    )
    return _watch(asked, older) if watch else _round(asked, older)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, checked."""

    spec: KeyStoreSpec
    caller: "Caller"
    places: "tuple[Place, ...]"
    settings: Settings
    timeout_s: float
    credential: "Credential | None" = None
    sign_anyway: bool = False
    public_resolvers: tuple[str, ...] = ()
    vantage: str = ""
    redact: bool = False
    watch: bool = False
    strict: bool = False
    form: Form = Form.TEXT
    file: Path | None = None

    def hash(self) -> str:
        """The same for the same question: two reports with different ones answer different questions."""
        said = repr((self.spec, self.places, self.settings))
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def status(report: Report, *, strict: bool) -> Exit:
    """What the shell is told."""
    counted = [v for v in report.verdicts if strict or v.level is not Level.ADVICE]
    if any(v.outcome is Outcome.VIOLATED for v in counted):
        return Exit.VIOLATED
    if any(v.outcome is Outcome.UNKNOWN for v in counted):
        return Exit.UNKNOWN
    return Exit.FINE


def _watch(asked: Asked, older: "Mapping[str, Any] | None") -> Exit:
    """Round after round, each compared with the one before it, until nothing is left to mend."""
    first = True
    while True:
        told, older = _round(asked, older, whole=first)
        first = False
        if told is Exit.FINE:
            return told
        sleep(WATCH_S + random.uniform(0, _WATCH_JITTER_S))  # noqa: S311 -- agents spread, no secret


def _round(
    asked: Asked, older: "Mapping[str, Any] | None", *, whole: bool = True
) -> "tuple[Exit, Mapping[str, Any]]":
    """One preflight, written; its exit status, and its document for the next one.

    ``whole`` False: on a terminal, what KMS would say and what changed will do.
    """
    from exporters.report import preflight as shown
    from exporters.report import redaction

    evidence, report = asyncio.run(_take(asked))
    _refuse_other_stores(evidence)
    of = shown.Preflight(
        report=report,
        evidence=evidence,
        vantage=asked.vantage,
        version=__version__,
        configuration_hash=asked.hash(),
        clock_offset_s=_clock_offset_s(evidence),
        older=older,
    )
    of = redaction.redacted(of) if asked.redact else of
    _write(asked, of, whole=whole)
    return status(report, strict=asked.strict), shown.document(of)


async def _take(asked: Asked) -> tuple[Evidence, Report]:
    from probe.agent import round as rounds

    request = rounds.Request(
        spec=asked.spec,
        caller=asked.caller,
        timeout_s=asked.timeout_s,
        places=asked.places,
        settings=asked.settings,
        credential=asked.credential,
    )
    health = rounds.health_of(asked.credential, asked.settings, asked.timeout_s, anyway=asked.sign_anyway)
    domain = rounds.domain_of(asked.settings, asked.timeout_s, asked.public_resolvers)
    with output.progress("looking") as advance:
        evidence = await rounds.take(request, advance, rounds.Also(health=health, domain=domain))
    return evidence, rounds.judged(evidence)


def _write(asked: Asked, of: "Preflight", *, whole: bool) -> None:
    from exporters.report import html, junit, markdown
    from exporters.report import preflight as shown

    file = asked.file
    match asked.form:
        case Form.TEXT:
            output.show(shown.render(of) if whole or file else shown.brief(of), file)
        case Form.JSON if asked.watch:  # a line each
            with output.lines(file) as lines:
                lines.write(output.as_json(shown.document(of)))
        case Form.JSON:
            output.write_document(output.as_json(shown.document(of)), file)
        case Form.MARKDOWN:
            output.write_document(markdown.text(of), file)
        case Form.HTML:
            output.write_document(html.text(of), file)
        case Form.JUNIT:
            about = {"head": " · ".join(shown.facts(of)), "cautions": "; ".join(shown.cautions(of))}
            verdicts = of.report.verdicts
            output.write_document(
                junit.text(verdicts, suite="preflight", strict=asked.strict, properties=about), file
            )


def _vantage(here: "Instance | None") -> str:
    """From where it was looked: this machine's name, and on EC2 its zone, VPC and instance."""
    zone = f"{here.zone} ({here.zone_id})" if here and here.zone and here.zone_id else here and here.zone
    known = (socket.gethostname(), here and here.instance_id, zone, here and here.vpc_id)
    return " ".join(clean(each, 64) for each in known if each)


def _clock_offset_s(evidence: Evidence) -> float | None:
    """The proxy's clock by its newest Date header, minus ours."""
    found = (
        m.details.clock_offset_s for m in reversed(evidence.recent) if isinstance(m.details, HealthDetails)
    )
    return next((offset_s for offset_s in found if offset_s is not None), None)


def _refuse_other_stores(evidence: Evidence) -> None:
    """A store of CloudHSM has no proxy; one that is not there is a mistake of the command line."""
    account, spec = evidence.account, evidence.spec
    id_ = spec.id if spec else ""
    if account is None or not id_ or not isinstance(account.key_stores, tuple):
        return
    store = account.key_store(id_)
    if store is None:
        raise UsageError(f"--key-store: there is no {id_} in {clean(account.region)} of this account")
    if store.kind not in (EXTERNAL_KEY_STORE, ""):
        raise UsageError(f"--key-store: {id_} is of kind {clean(store.kind, 40)}: it has no XKS proxy")
