"""PrivateLink's verification record: under which names it may be, and what a TXT answer says of it. Pure.

AWS PrivateLink guide, "Manage DNS names": a TXT record at NAME.DOMAIN, or at the domain itself where the
provider takes no underscore; looked for at the parent of the private DNS name first, then further up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from publicsuffixlist import PublicSuffixList

from probe.model.facts import RecordState

MAX_PARENTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordName:
    """One name to ask for. ``is_doubled``: where the record lands if the provider appends the zone again."""

    name: str
    is_bare: bool = False
    is_doubled: bool = False


@cache
def _suffixes() -> PublicSuffixList:
    """Suffixes of registries alone: with those of hosting companies fewer names would be looked at.

    A top-level domain that is in no list (``internal``, ``corp``) is no public one.
    """
    return PublicSuffixList(only_icann=True, accept_unknown=False)


def registrable(name: str) -> str | None:
    """The domain that somebody registered, None for a public suffix or a private top-level domain.

    >>> registrable("proxy.xks.example.co.uk"), registrable("proxy.corp"), registrable("com")
    ('example.co.uk', None, None)
    """
    found = _suffixes().privatesuffix(name.rstrip(".").lower())
    return str(found) if found else None


def parents(private_dns_name: str) -> tuple[str, ...]:
    """The domains above the name up to the registrable one, the nearest first.

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
    # What lies between is left out rather than the last: it alone says whether there is a zone at all.
    return (*found[: MAX_PARENTS - 1], found[-1]) if len(found) > MAX_PARENTS else tuple(found) or (top,)


def places(private_dns_name: str, label: str) -> Iterator[RecordName]:
    """All names under which the record may be, or may have landed; the proper ones first."""
    above = parents(private_dns_name)
    for parent in above:
        yield RecordName(name=f"{label}.{parent}")
    for parent in above:
        yield RecordName(name=parent, is_bare=True)
    for n, parent in enumerate(above):
        for zone in above[n:]:  # of which domain the provider made a zone is not known
            yield RecordName(name=f"{label}.{parent}.{zone}", is_doubled=True)


def state_of(answers: tuple[str, ...], expected: str, place: RecordName) -> RecordState:
    """What TXT values say of the expected one: exact, with case; what else is there is not ours to judge."""
    if expected in answers:
        return RecordState.NAME_DOUBLED if place.is_doubled else RecordState.PUBLISHED
    if any(answer.strip('"\\') == expected and answer != expected for answer in answers):
        return RecordState.QUOTED_TWICE
    if any(answer.lower() == expected.lower() for answer in answers):
        return RecordState.LOWER_CASED
    if place.is_bare or place.is_doubled:
        return RecordState.ABSENT  # a domain has TXT records of all kinds; several services one each
    return RecordState.WRONG_VALUE if answers else RecordState.ABSENT
