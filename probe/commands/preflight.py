"""`xks-probe preflight`: how KMS will respond to this endpoint service and proxy, why, and what to change."""

import hashlib
import random
import socket
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Any

from probe import __version__
from probe.commands import options, output, signals
from probe.commands.exits import Exit, UsageError, has_ended, status
from probe.commands.own_address import check_source
from probe.commands.preflight_options import Form, PreflightOptions
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails
from probe.model.settings import Settings
from probe.model.text import clean
from probe.model.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporters.report.preflight import Preflight
    from probe.agent.refresh import Sources
    from probe.aws.metadata import Instance
    from probe.signing.client import ProxyAccess

OPTIONS = PreflightOptions
# A round of `--watch` after another: the account's quotas of describe calls are the customer's, too.
WATCH_S = 60.0
_WATCH_JITTER_S = 6.0


def command(asked: PreflightOptions) -> int:
    """Returns 1 if a required or risk requirement is violated, 3 if at least one is unknown."""
    from probe.commands import preflight_input as given

    if asked.watch and asked.file is None and asked.form not in (Form.TEXT, Form.JSON):
        raise UsageError(f"--watch: give the file for each {asked.form.value} report with --output")
    older = given.older(asked.against)
    plan = planned(asked)
    return _watch(plan, older) if asked.watch else take_round(plan, older).status


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The options, checked."""

    asked: PreflightOptions
    settings: Settings
    sources: "Sources"
    access: "ProxyAccess"
    vantage: str

    def hash(self) -> str:
        """Equal for equal input: reports with different hashes cannot be compared."""
        return hashlib.sha256(repr(self.settings).encode()).hexdigest()[:12]


def planned(asked: PreflightOptions) -> Plan:
    """The options, checked; also used by `demo --preflight`."""
    from probe.agent.refresh import Sources
    from probe.agent.round import plans_within
    from probe.aws import metadata
    from probe.commands import preflight_input as given
    from probe.probes.verification_record import PUBLIC_RESOLVERS
    from probe.signing.client import ProxyAccess

    source_address = check_source(asked.source)
    here = metadata.instance()
    caller = given.caller(asked.account, asked.region, asked.timeout, here, asked.endpoint_service)
    extra = options.extra_authorities(asked.extra_authority)
    settings = Settings(
        targets=given.typed_targets(asked),
        stores=(given.spec_of(asked, caller.region),),
        plans=plans_within(asked.timeout),
        source_address=source_address,
        extra_authorities=extra,
    )
    resolvers = tuple(given.resolver(each) for each in asked.public_resolver or ()) or PUBLIC_RESOLVERS
    credential = options.credential(asked.credential_file, asked.credential_secret)
    return Plan(
        asked=asked,
        settings=settings,
        sources=Sources(
            caller=caller,
            public_resolvers=resolvers,
            source_address=source_address,
            timeout_s=asked.timeout,
        ),
        access=ProxyAccess(credential, extra, sign_anyway=asked.sign_anyway),
        vantage=_vantage(here),
    )


def _watch(plan: Plan, older: "Mapping[str, Any] | None") -> Exit:
    """Round after round, each compared with the one before it, until nothing is violated or unknown."""
    first = True
    while True:
        taken = take_round(plan, older, whole=first)
        first, older = False, taken.document
        if taken.is_last:
            return taken.status
        sleep(WATCH_S + random.uniform(0, _WATCH_JITTER_S))  # noqa: S311 -- agents spread, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What one preflight leaves: its exit status, whether watching ends, its document for the next one."""

    status: Exit
    is_last: bool
    document: "Mapping[str, Any]"


def take_round(plan: Plan, older: "Mapping[str, Any] | None", *, whole: bool = True) -> _Round:
    """One preflight, written.

    ``whole`` False: on a terminal, only the prediction and what changed.
    """
    from exporters.report import preflight as shown
    from exporters.report import redaction
    from probe.commands import preflight_input as given

    evidence, report = signals.run(_take(plan))
    if evidence.account is not None and evidence.spec is not None:
        given.refuse_other_stores(evidence.spec, evidence.account)
    of = shown.Preflight(
        report=report,
        evidence=evidence,
        vantage=plan.vantage,
        version=__version__,
        configuration_hash=plan.hash(),
        clock_offset_s=_clock_offset_s(evidence),
        older=older,
    )
    of = redaction.redacted(of) if plan.asked.redact else of
    _write(plan.asked, of, whole=whole)
    strict = plan.asked.strict
    return _Round(
        status=status(report, strict=strict),
        is_last=has_ended(report, strict=strict),
        document=shown.document(of),
    )


async def _take(plan: Plan) -> tuple[Evidence, Report]:
    """The agent's one round, for one store."""
    from probe.agent.agent import Agent
    from probe.agent.runner import SilentObserver

    agent = Agent(plan.settings, (), SilentObserver(), accesses=(plan.access,), sources=(plan.sources,))
    with output.progress("measuring") as advance:
        (report,), _ = await agent.once(advance, large_client_hello_s=plan.asked.timeout)
    (store,) = agent.state.stores
    return agent.state.snapshot(store), report


def _write(asked: PreflightOptions, of: "Preflight", *, whole: bool) -> None:
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
    """Where it ran: the name of this machine, and on EC2 its zone, VPC and instance."""
    zone = f"{here.zone} ({here.zone_id})" if here and here.zone and here.zone_id else here and here.zone
    known = (socket.gethostname(), here and here.instance_id, zone, here and here.vpc_id)
    return " ".join(clean(each, 64) for each in known if each)


def _clock_offset_s(evidence: Evidence) -> float | None:
    """The proxy's clock by its newest Date header, minus this machine's."""
    found = (
        m.details.clock_offset_s for m in reversed(evidence.recent) if isinstance(m.details, HealthDetails)
    )
    return next((offset_s for offset_s in found if offset_s is not None), None)
