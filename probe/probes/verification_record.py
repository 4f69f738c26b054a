"""Looks up PrivateLink's verification record in public DNS, as PrivateLink does.

A private zone in the VPC hides the public zone from the VPC's resolver, so public resolvers are queried, and
the authoritative servers, which do not cache.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.measurements import Phase, Reason
from probe.model.targets import Question
from probe.network import DnsResponse, ExchangeFailed, Network
from probe.network.clock import Deadline
from probe.network.failures import fail
from probe.wire.verification import RecordName, parents, record_names, registrable, state_of

PUBLIC_RESOLVERS = ("8.8.8.8", "1.1.1.1", "9.9.9.9")
_MAX_SERVERS = 4
_SHARE = 0.5  # fraction of the time for finding the zone and its servers
_STATES = {
    Reason.TIMED_OUT: RecordState.TIMED_OUT,
    Reason.UNREACHABLE: RecordState.UNREACHABLE,
    Reason.REFUSED: RecordState.UNREACHABLE,
    Reason.NOT_PERMITTED: RecordState.UNREACHABLE,
    Reason.SERVER_FAILURE: RecordState.SERVER_FAILURE,
    Reason.NAME_NOT_FOUND: RecordState.ABSENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The record to look up. ``label`` and ``value`` are None if unknown: AWS returns them only to owners."""

    private_dns_name: str
    label: str | None = None
    value: str | None = None
    resolvers: tuple[str, ...] = PUBLIC_RESOLVERS
    port: int = 53


async def look_up(network: Network, search: Search, timeout_s: float) -> DomainFacts:
    """All facts available within ``timeout_s``. Never raises for network failures."""
    lookup = _Lookup(network, search, Deadline(network.clock, timeout_s))
    zone, servers, is_public, because = await lookup.zone(timeout_s * _SHARE)
    seen: tuple[RecordSeen, ...] = ()
    found = tuple(record_names(search.private_dns_name, search.label)) if search.label else ()
    if search.value is not None:
        seen = await lookup.records(found, servers)
    return DomainFacts(
        private_dns_name=search.private_dns_name,
        registrable=registrable(search.private_dns_name),
        names=tuple(record.name for record in found if not record.is_bare and not record.is_doubled),
        expected_value=search.value,
        is_public=is_public,
        public_zone=zone,
        seen=seen,
        because=because,
        taken_at_s=network.clock.now_s(),
    )


class _Lookup:
    def __init__(self, network: Network, search: Search, deadline: Deadline) -> None:
        self._network, self._search, self._deadline = network, search, deadline

    async def zone(self, timeout_s: float) -> tuple[str | None, tuple[str, ...], bool | None, str]:
        """The nearest public parent zone, its servers' addresses, whether there is one, and the reason."""
        above = parents(self._search.private_dns_name)
        if not above:
            because = "its top-level domain is not a public one, or the name is itself a public suffix"
            return None, (), False, because
        questions = [Question(name=parent, record_type="NS") for parent in above]
        answers = await asyncio.gather(*(self._any(question, timeout_s) for question in questions))
        for parent, answer in zip(above, answers, strict=True):
            if isinstance(answer, DnsResponse) and answer.failure is None and answer.details.answers:
                names = answer.details.answers[:_MAX_SERVERS]
                return parent, await self._addresses(names, timeout_s), True, f"{parent} has name servers"
        if any(_is_negative(answer) for answer in answers[-1:]):
            return None, (), False, f"{above[-1]} has no name servers in public DNS"
        return None, (), None, "no public resolver responded"

    async def records(self, found: Sequence[RecordName], servers: Sequence[str]) -> tuple[RecordSeen, ...]:
        """Queries all servers for the regular names, and one public resolver for the other names."""
        resolvers = self._search.resolvers
        regular = [record for record in found if not record.is_bare and not record.is_doubled]
        others = [record for record in found if record.is_bare or record.is_doubled]
        queries = [
            *((record, server, View.PUBLIC) for record in regular for server in resolvers),
            *((record, server, View.AUTHORITATIVE) for record in regular for server in servers),
            *((record, server, View.PUBLIC) for record in others for server in resolvers[:1]),
        ]
        seen = await asyncio.gather(*(self._record(*each) for each in queries))
        if any(each.state is RecordState.PUBLISHED for each in seen):
            return tuple(seen)
        found_by = zip(seen, (record for record, _, _ in queries), strict=True)
        return tuple(await asyncio.gather(*(self._with_alias(each, record) for each, record in found_by)))

    async def _record(self, record: RecordName, server: str, view: View) -> RecordSeen:
        answer = await self._ask(server, Question(name=record.name, record_type="TXT"), view)
        if isinstance(answer, DnsResponse) and answer.failure is None:
            state = state_of(answer.details.answers, self._search.value or "", record)
            return RecordSeen(
                name=record.name,
                view=view,
                server=server,
                state=state,
                answers=answer.details.answers[:8],
                rtt_s=answer.wait_s,
            )
        failure = answer.failure
        reason = failure.reason if failure else Reason.PROTOCOL_ERROR
        state = _STATES.get(reason, RecordState.MALFORMED_RESPONSE)
        detail = failure.detail if failure else ""
        return RecordSeen(name=record.name, view=view, server=server, state=state, detail=detail)

    async def _with_alias(self, seen: RecordSeen, record: RecordName) -> RecordSeen:
        """If there is no TXT record: whether there is a CNAME, as for other services' validation."""
        if seen.state is not RecordState.ABSENT or record.is_bare or record.is_doubled:
            return seen
        answer = await self._ask(seen.server, Question(name=record.name, record_type="CNAME"), seen.view)
        if not isinstance(answer, DnsResponse) or answer.failure is not None or not answer.details.answers:
            return seen
        return replace(seen, state=RecordState.CNAME, answers=answer.details.answers[:1])

    async def _any(self, question: Question, timeout_s: float) -> "DnsResponse | ExchangeFailed":
        """The first conclusive response of a public resolver, else the last failure."""
        tasks = [
            asyncio.ensure_future(self._ask(server, question, View.PUBLIC, timeout_s))
            for server in self._search.resolvers
        ]
        answer: DnsResponse | ExchangeFailed | None = None
        for task in asyncio.as_completed(tasks):
            answer = await task
            if isinstance(answer, DnsResponse) and _is_conclusive(answer):
                break
        for task in tasks:
            task.cancel()
        if answer is None:
            raise ValueError("there is no public resolver to query")
        return answer

    async def _addresses(self, names: Sequence[str], timeout_s: float) -> tuple[str, ...]:
        questions = [Question(name=name, record_type="A") for name in names]
        answers = await asyncio.gather(*(self._any(question, timeout_s) for question in questions))
        first = [a.details.answers[:1] for a in answers if isinstance(a, DnsResponse) and a.failure is None]
        return tuple(dict.fromkeys(address for one in first for address in one))

    async def _ask(
        self, server: str, question: Question, view: View, timeout_s: float | None = None
    ) -> "DnsResponse | ExchangeFailed":
        left_s = self._deadline.remaining_s()
        try:
            return await self._network.query(
                server,
                question,
                port=self._search.port,
                view=view.value,
                timeout_s=max(0.001, left_s if timeout_s is None else min(left_s, timeout_s)),
            )
        except ExchangeFailed as failed:
            return failed
        except ValueError:  # the name is from AWS, a user or a name server, and may be invalid
            return fail(Phase.SEND, Reason.PROTOCOL_ERROR, "not a valid domain name")


def _is_conclusive(answer: DnsResponse) -> bool:
    """Whether the server knows the result: NXDOMAIN is conclusive, other failures are not."""
    return answer.failure is None or answer.failure.reason is Reason.NAME_NOT_FOUND


def _is_negative(answer: "DnsResponse | ExchangeFailed") -> bool:
    return isinstance(answer, DnsResponse) and _is_conclusive(answer)
