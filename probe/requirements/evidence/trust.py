"""Where a chain leads: to an authority that KMS lists, to one that only the user trusts, or elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.authorities import Authorities, kms_authorities
from probe.requirements.wording import moment, quoted
from probe.wire.chain import Ending, Link, Path, Roots, build

# Signatures are verified once for each chain, not every few seconds: a chain costs up to some milliseconds.
_CACHED_CHAINS = 512


class TrustStatus(StrEnum):
    """What is known of the authority that a path ends in."""

    LISTED = "listed"
    EXTRA = "extra"
    UNLISTED = "unlisted"
    NAMED_AS_LISTED = "named_as_listed"  # same subject, another certificate or one that we lack
    UNSENT = "unsent"  # ends under an issuer that was not sent and that KMS does not list by name
    UNVERIFIABLE = "unverifiable"  # ends with a signature of a kind (SHA-1) that can't be verified here
    UNDETERMINED = "undetermined"  # the path ends before any root


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The path and where it leads. ``path`` is None when the server's certificate cannot be read."""

    path: Path | None
    standing: TrustStatus


_NOWHERE = Trust(path=None, standing=TrustStatus.UNDETERMINED)


def trust_of(details: TlsDetails, evidence: Evidence) -> Trust:
    """Where the chain of a handshake leads, by the first way without a fault if there is one.

    Costs next to nothing for a chain seen before.
    """
    sent = tuple(certificate.der for certificate in details.chain)
    ways = _ways(sent, evidence.extra_authorities, kms_authorities())
    return min(ways, key=lambda way: _defects(way, evidence.taken_at_s), default=_NOWHERE)


def _defects(way: Trust, now_s: float) -> tuple[bool, bool]:
    if way.path is None:
        return True, True
    root = way.path.links[-1]
    return any(faults(way.path, way.standing, now_s)), not root.not_before_s <= now_s <= root.not_after_s


def faults(path: Path, standing: TrustStatus, now_s: float) -> Iterator[str]:
    """What is wrong with the way as far as it goes.

    A root's own dates and extensions are no part of it, but for the dates of an extra authority.
    """
    if not path.in_order:
        order = ", ".join(str(link.position) for link in path.links if link.position is not None)
        yield f"sent in the wrong order: each signed by the next is {order}"
    above = path.links[1:] if path.ending is Ending.MISSING_ISSUER else path.links[1:-1]
    for below, link in enumerate(above):
        yield from _out_of_date(quoted(link.subject), link, now_s)
        if not link.peer_check:
            yield f"{quoted(link.subject)} may not sign certificates (it is no authority)"
        # RFC 5280 section 4.2.1.9: an authority that issues to itself (a new key) counts for nothing.
        count = sum(each.name != each.issuer_name for each in above[:below])
        if link.path_length is not None and count > link.path_length:
            yield f"{quoted(link.subject)} allows {link.path_length} authorities below it, there are {count}"
    if standing is TrustStatus.EXTRA:
        yield from _out_of_date(
            f"the extra authority {quoted(path.links[-1].subject)}", path.links[-1], now_s
        )


def _out_of_date(named: str, link: Link, now_s: float) -> Iterator[str]:
    if now_s < link.not_before_s:
        yield f"{named} is not valid before {moment(link.not_before_s)}"
    if now_s > link.not_after_s:
        yield f"{named} expired on {moment(link.not_after_s)}"


@lru_cache(maxsize=_CACHED_CHAINS)
def _ways(
    sent: tuple[bytes, ...], extra_ders: tuple[bytes, ...], authorities: Authorities
) -> tuple[Trust, ...]:
    """KMS's authorities come first: what leads to one of them needs no other."""
    paths = build(sent, authorities.roots)
    listed = [path for path in paths if path.links[-1].sha256 in authorities.aliases]
    if listed:
        return tuple(Trust(path=path, standing=TrustStatus.LISTED) for path in listed)
    extra = build(sent, Roots.of(extra_ders)) if extra_ders else ()
    if extra and extra[0].ending is Ending.ROOT:
        return tuple(Trust(path=path, standing=TrustStatus.EXTRA) for path in extra)
    return tuple(Trust(path=path, standing=_elsewhere(path, authorities)) for path in paths)


def _elsewhere(path: Path, authorities: Authorities) -> TrustStatus:
    """A name proves nothing: any key can sign under it. It only keeps us from saying "not listed"."""
    if path.unverifiable:
        return TrustStatus.UNVERIFIABLE
    if path.links[-1].issuer_name in authorities.names:
        return TrustStatus.NAMED_AS_LISTED
    if path.ending is Ending.SELF_SIGNED:
        return TrustStatus.UNLISTED
    # Above an intermediate there is mostly a root, left out as it may be; above a leaf alone, hardly ever.
    return TrustStatus.UNSENT if len(path.links) > 1 else TrustStatus.UNDETERMINED
