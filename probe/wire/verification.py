"""PrivateLink's domain verification record: its possible names, and how to read a TXT response. Pure.

AWS PrivateLink guide, "Manage DNS names": a TXT record at NAME.DOMAIN, or at the domain itself if the DNS
provider does not allow underscores. The domain is the private DNS name or a parent of it; KMS's guide speaks
only of parents.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

from probe.model.facts import RecordState

MAX_PARENTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordName:
    """A possible name of the record. ``is_doubled``: the name if the DNS provider appended the zone twice."""

    name: str
    is_bare: bool = False
    is_doubled: bool = False


@cache
def _suffixes() -> PublicSuffixList:
    """Only suffixes of registries: with those of hosting companies, fewer names would be looked up.

    A top-level domain that is not in the list (``internal``, ``corp``) is not a public one.
    """
    return PublicSuffixList(only_icann=True, accept_unknown=False)


def registrable(name: str) -> str | None:
    """The registrable domain of ``name``, None for a public suffix or a private top-level domain.

    >>> registrable("proxy.xks.example.co.uk"), registrable("proxy.corp"), registrable("com")
    ('example.co.uk', None, None)
    """
    found = _suffixes().privatesuffix(name.rstrip(".").lower())
    return str(found) if found else None


def parents(private_dns_name: str) -> tuple[str, ...]:
    """The parent domains of the name, nearest first, up to the registrable domain.

    >>> parents("myproxy-private.xks.example.com")
    ('xks.example.com', 'example.com')
    """
    name = private_dns_name.rstrip(".").lower()
    top = registrable(name)
    if top is None:
        return ()
    found = []
    while name != top:
        name = name.partition(".")[2]
        found.append(name)
    # Of too many, middle ones are left out, because only the last one shows whether a zone exists at all.
    return (*found[: MAX_PARENTS - 1], found[-1]) if len(found) > MAX_PARENTS else tuple(found) or (top,)


def record_names(private_dns_name: str, label: str) -> Iterator[RecordName]:
    """All possible names of the record, including wrong ones from common mistakes; correct ones first."""
    above = parents(private_dns_name)
    domains = tuple(dict.fromkeys((*above, private_dns_name.rstrip(".").lower()))) if above else ()
    for domain in domains:
        yield RecordName(name=f"{label}.{domain}")
    for domain in domains:
        yield RecordName(name=domain, is_bare=True)
    for n, parent in enumerate(above):
        for zone in above[n:]:  # which of the domains is a zone at the DNS provider is not known
            yield RecordName(name=f"{label}.{parent}.{zone}", is_doubled=True)


def state_of(answers: tuple[str, ...], expected: str, record: RecordName) -> RecordState:
    """Compares TXT values with the expected one, case-sensitively; other values are ignored."""
    if expected in answers:
        return RecordState.NAME_DOUBLED if record.is_doubled else RecordState.PUBLISHED
    if any(answer.strip('"\\') == expected and answer != expected for answer in answers):
        return RecordState.QUOTED_TWICE
    if any(answer.lower() == expected.lower() for answer in answers):
        return RecordState.LOWER_CASED
    if record.is_bare or record.is_doubled:
        return RecordState.ABSENT  # a domain has TXT records for other purposes, and of other services
    return RecordState.WRONG_VALUE if answers else RecordState.ABSENT
