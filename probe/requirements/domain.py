"""The domain of the private DNS name: that it is public, and has PrivateLink's verification record."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from probe.model.account import EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import PUBLIC, not_seen, not_told, of_spec, of_the_owner
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_MENDABLE = {
    RecordState.NAME_DOUBLED: "is at a name with the domain twice: the provider appends it by itself",
    RecordState.LOWER_CASED: "has the value in other case: it has to be exact",
    RecordState.QUOTED_TWICE: "has the value with quotation marks in it: the provider puts them by itself",
    RecordState.WRONG_VALUE: "has another value",
}
_UNANSWERED = (RecordState.TIMED_OUT, RecordState.UNREACHABLE, RecordState.MALFORMED_RESPONSE)
_NOT_LOOKED = "public DNS was not asked"
# PrivateLink found its record in public DNS. What we are told by others is then not what public DNS says: a
# resolver in between answers for the ones that we ask, or the domain was lost since. We can't tell which.
_CONTRADICTED = (
    "but PrivateLink has verified the domain, in public DNS: perhaps something in between answers for the "
    "public resolvers"
)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Take a private DNS name below a domain that is yours in public DNS. The name need not resolve.",
        cli="dig +short NS PARENT-DOMAIN @1.1.1.1",
    ),
)
def private_dns_name_is_under_a_public_domain(evidence: Evidence) -> Iterable[Finding]:
    """A parent of the private DNS name is a domain in public DNS.

    PrivateLink verifies the domain by a public record. A domain that only a private zone knows can't be
    verified, whatever the VPC resolves.
    """

    def judge(facts: DomainFacts) -> Finding:
        match facts.is_public:
            case True:
                return met(f"{quoted(facts.public_zone or '')} is a zone in public DNS")
            case False if _is_verified(evidence):
                return unknown(f"{facts.because}, {_CONTRADICTED}")
            case False:
                return violated(facts.because)
            case _:
                return unknown(facts.because or _NOT_LOOKED)

    yield from _of_domain(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=account_errors.MANAGE_DNS_NAMES,
    remedy=Remedy(
        text="Publish a TXT record RECORD-NAME with the value RECORD-VALUE, exact in case, without further "
        "quotation marks; then let PrivateLink look for it.",
        console="VPC > Endpoint services > the service > Details > Domain verification name and value",
        cli="dig +short TXT RECORD-NAME @1.1.1.1",
    ),
)
def verification_record_is_published(evidence: Evidence) -> Iterable[Finding]:
    """The TXT record with which PrivateLink verifies the domain is in public DNS, with the exact value.

    PrivateLink looks at the parent of the private DNS name first, then further up, and again from time to
    time. If the record is lost, connections that there are stay, and new ones are refused.
    """

    def judge(facts: DomainFacts) -> Finding:
        hidden = _hidden(evidence)
        if hidden is not None:
            return hidden
        if facts.expected_value is None or not facts.names:
            return unknown("AWS does not say which record it looks for")
        found = _record(facts)
        values = {"RECORD-NAME": facts.names[0], "RECORD-VALUE": facts.expected_value}
        if found.outcome is Outcome.VIOLATED and _is_verified(evidence):
            if facts.is_public is False:
                return unknown(f"{found.because}, {_CONTRADICTED}")
            found = replace(found, kms_errors=_AT_TIMES, because=f"{found.because}; it is still verified")
        return replace(found, values=values)

    yield from _of_domain(evidence, judge)


def _hidden(evidence: Evidence) -> Finding | None:
    """Why the record's name and value are not to be seen; None where they are, or where AWS has none."""
    account = evidence.account
    service = account.service if account else None
    if isinstance(service, Unavailable):
        return not_seen(service)
    if account is not None and service is not None and not service.is_owner_view:
        return of_the_owner(account, service, "the record's name and value")
    return None


def _is_verified(evidence: Evidence) -> bool:
    service = evidence.account.service if evidence.account else None
    seen = service.verification if isinstance(service, EndpointService) else None
    return seen is not None and seen.state.lower() == "verified"


_AT_TIMES: tuple[KmsError, ...] = tuple(
    replace(error, likelihood=Likelihood.POSSIBLE) for error in account_errors.SERVICE_CONFIGURATION
)


def _record(facts: DomainFacts) -> Finding:
    """One server that has it is enough; one that has it wrong says what to mend; then silence or absence."""
    by_state: dict[RecordState, list[RecordSeen]] = {}
    for each in facts.seen:
        by_state.setdefault(each.state, []).append(each)
    if published := by_state.get(RecordState.PUBLISHED):
        where = f"{quoted(published[0].name)} ({_servers(published)})"
        proper = [each for each in facts.seen if each.name == published[0].name]
        missing = [each for each in proper if each.state in (RecordState.ABSENT, *_MENDABLE)]
        tail = f", not yet by {_servers(missing)}" if missing else ""
        return met(f"published at {where}{tail}")
    for state, words in _MENDABLE.items():
        if wrong := by_state.get(state):
            values = f" {listed(wrong[0].answers)}" if state is not RecordState.NAME_DOUBLED else ""
            return violated(f"{quoted(wrong[0].name)} {words}{values} ({_servers(wrong)})")
    return _nothing(facts)


def _nothing(facts: DomainFacts) -> Finding:
    """Nobody has the record: absent, failing or silent are told apart by the proper names."""
    proper = [each for each in facts.seen if each.name in facts.names]
    absent = [each for each in proper if each.state is RecordState.ABSENT]
    failing = [each for each in proper if each.state is RecordState.SERVER_FAILURE]
    silent = [each for each in proper if each.state in _UNANSWERED]
    if {each.name for each in absent} == set(facts.names):
        return violated(f"there is no record at {listed(facts.names)} ({_servers(absent)})")
    if failing and not silent:  # where others are silent, it may be our way to them all that fails
        return violated(f"the domain's name servers fail for {quoted(failing[0].name)} ({_servers(failing)})")
    open_ = [*silent, *failing]
    return unknown(f"public DNS did not answer ({_servers(open_)})" if open_ else _NOT_LOOKED)


def _servers(seen: list[RecordSeen]) -> str:
    said = dict.fromkeys(f"{each.view.value} {each.server} {each.state.value}" for each in seen)
    return listed(tuple(said)).replace('"', "")


def _of_domain(evidence: Evidence, judge: Callable[[DomainFacts], Finding]) -> Iterable[Finding]:
    def look(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        if spec.host is None:
            return not_told(spec, evidence.account, "private DNS name", "--uri-endpoint")
        if evidence.domain is None:
            return unknown(_NOT_LOOKED)
        found = judge(evidence.domain)
        parent = spec.host.partition(".")[2] or spec.host
        return replace(found, values={"PARENT-DOMAIN": parent, **found.values})

    return of_spec(evidence, look)
