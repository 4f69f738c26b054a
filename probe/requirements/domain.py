"""The domain of the private DNS name: whether it is public, and has PrivateLink's verification record."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from probe.model.account import EndpointService, Unavailable
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import PUBLIC, call_failed, not_given, of_spec, owner_only
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_FAULTS = {
    RecordState.NAME_DOUBLED: "contains the domain twice: the DNS provider appends it automatically",
    RecordState.LOWER_CASED: "has the value in different case, but the value is case-sensitive:",
    RecordState.QUOTED_TWICE: "has the value with extra quotation marks, which the DNS provider adds itself:",
    RecordState.CNAME: "is a CNAME record, but PrivateLink needs a TXT record: it leads to",
    RecordState.WRONG_VALUE: "has another value",
}
_UNANSWERED = (RecordState.TIMED_OUT, RecordState.UNREACHABLE, RecordState.MALFORMED_RESPONSE)
_NOT_QUERIED = "public DNS was not queried"
# PrivateLink found its record in public DNS. If our own queries show otherwise, either a DNS interceptor on
# the path answers them, or the record was removed since. The two cannot be distinguished.
_CONTRADICTED = (
    "but PrivateLink has verified the domain in public DNS: perhaps a DNS interceptor on the path answers "
    "instead of the public resolvers"
)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Choose a private DNS name under a domain that you own in public DNS. The name itself need not "
        "resolve there.",
        cli="dig +short NS PARENT-DOMAIN @1.1.1.1",
    ),
)
def private_dns_name_is_under_a_public_domain(evidence: Evidence) -> Iterable[Finding]:
    """The private DNS name is under a domain that exists in public DNS.

    PrivateLink verifies the domain with a record in public DNS. It cannot verify a domain that exists only in
    a private zone, even if the VPC resolves it.
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
                return unknown(facts.because or _NOT_QUERIED)

    yield from _of_domain(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.DOMAIN,
    errors=account_errors.SERVICE_CONFIGURATION,
    source=account_errors.MANAGE_DNS_NAMES,
    remedy=Remedy(
        text="Publish a TXT record RECORD-NAME with the value RECORD-VALUE (case-sensitive, no extra "
        "quotation marks). Then choose Actions > Verify domain ownership for private DNS name.",
        console="VPC > Endpoint services > the service > Details > Domain verification name and value",
        cli="dig +short TXT RECORD-NAME @1.1.1.1",
    ),
)
def verification_record_is_published(evidence: Evidence) -> Iterable[Finding]:
    """Public DNS has the TXT record for PrivateLink's domain verification, with the exact value.

    It may be under the private DNS name itself or under any parent; KMS's guide speaks only of parents.
    PrivateLink repeats the check from time to time. If the record disappears, existing connections stay up,
    but new ones are refused.
    """

    def judge(facts: DomainFacts) -> Finding:
        unreadable = _unreadable(evidence)
        if unreadable is not None:
            return unreadable
        if facts.expected_value is None or not facts.names:
            return unknown("AWS returned no name and value for the record")
        found = _record(facts)
        values = {"RECORD-NAME": facts.names[0], "RECORD-VALUE": facts.expected_value}
        if found.outcome is Outcome.VIOLATED and _is_verified(evidence):
            if facts.is_public is False:
                return unknown(f"{found.because}, {_CONTRADICTED}")
            found = replace(
                found, kms_errors=_AT_TIMES, because=f"{found.because}; the domain is still verified"
            )
        return replace(found, values=values)

    yield from _of_domain(evidence, judge)


def _unreadable(evidence: Evidence) -> Finding | None:
    """Why the record's name and value cannot be read from AWS; None if they can, or if AWS has none."""
    account = evidence.account
    service = account.service if account else None
    if isinstance(service, Unavailable):
        return call_failed(service)
    if account is not None and service is not None and not service.is_owner_view:
        return owner_only(account, service, "the record's name and value")
    return None


def _is_verified(evidence: Evidence) -> bool:
    service = evidence.account.service if evidence.account else None
    verification = service.verification if isinstance(service, EndpointService) else None
    return verification is not None and verification.state.lower() == "verified"


_AT_TIMES: tuple[KmsError, ...] = tuple(
    replace(error, likelihood=Likelihood.POSSIBLE) for error in account_errors.SERVICE_CONFIGURATION
)


def _record(facts: DomainFacts) -> Finding:
    """Met if any server has the record; else a record with a fault is reported; else none or no answer."""
    by_state: dict[RecordState, list[RecordSeen]] = {}
    for each in facts.seen:
        by_state.setdefault(each.state, []).append(each)
    if published := by_state.get(RecordState.PUBLISHED):
        where = f"{quoted(published[0].name)} ({_servers(published)})"
        same_name = [each for each in facts.seen if each.name == published[0].name]
        missing = [each for each in same_name if each.state in (RecordState.ABSENT, *_FAULTS)]
        not_yet = f", not yet at {_servers(missing)}" if missing else ""
        return met(f"published at {where}{not_yet}{_own_name(facts, published[0].name)}")
    for state, words in _FAULTS.items():
        if wrong := by_state.get(state):
            values = f" {listed(wrong[0].answers)}" if state is not RecordState.NAME_DOUBLED else ""
            return violated(f"{quoted(wrong[0].name)} {words}{values} ({_servers(wrong)})")
    return _no_record(facts)


def _own_name(facts: DomainFacts, name: str) -> str:
    """PrivateLink's guide allows a record under the private DNS name itself; KMS's does not mention it."""
    own = facts.private_dns_name.rstrip(".").lower()
    is_below = name.endswith(f".{own}") or name == own
    return "; KMS's guide mentions only parents of the private DNS name" if is_below else ""


def _no_record(facts: DomainFacts) -> Finding:
    """No server has the record: it is absent, or the servers fail or do not answer for the expected names."""
    expected = [each for each in facts.seen if each.name in facts.names]
    absent = [each for each in expected if each.state is RecordState.ABSENT]
    failing = [each for each in expected if each.state is RecordState.SERVER_FAILURE]
    unanswered = [each for each in expected if each.state in _UNANSWERED]
    if {each.name for each in absent} == set(facts.names):
        return violated(f"there is no record at {listed(facts.names)} ({_servers(absent)})")
    if failing and not unanswered:  # if others time out too, our own path to all of them may be at fault
        return violated(f"the domain's name servers fail for {quoted(failing[0].name)} ({_servers(failing)})")
    no_result = [*unanswered, *failing]
    return unknown(f"public DNS did not answer ({_servers(no_result)})" if no_result else _NOT_QUERIED)


def _servers(records: list[RecordSeen]) -> str:
    names = dict.fromkeys(f"{each.view.value} {each.server} {each.state.value}" for each in records)
    return listed(tuple(names)).replace('"', "")


def _of_domain(evidence: Evidence, judge: Callable[[DomainFacts], Finding]) -> Iterable[Finding]:
    def judge_spec(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        if spec.host is None:
            return not_given(spec, evidence.account, "private DNS name", "--uri-endpoint")
        if evidence.domain is None:
            return unknown(_NOT_QUERIED)
        found = judge(evidence.domain)
        parent = spec.host.partition(".")[2] or spec.host
        return replace(found, values={"PARENT-DOMAIN": parent, **found.values})

    return of_spec(evidence, judge_spec)
