"""Where a chain leads: to a CA that KMS trusts, to an extra CA of the user, or elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.requirements.evidence.authorities import Authorities, kms_authorities
from probe.requirements.wording import moment, quoted
from probe.wire.bounded_cache import BoundedCache
from probe.wire.chain import Ending, Link, Path, Roots, build


class TrustStatus(StrEnum):
    """What is known about the root CA of a path."""

    LISTED = "listed"  # in both lists
    LISTED_ONCE = "listed_once"  # in one of the two lists
    EXTRA = "extra"
    UNLISTED = "unlisted"
    NAMED_AS_LISTED = (
        "named_as_listed"  # a listed name, but another certificate, or a root that xks-probe lacks
    )
    UNSENT = "unsent"  # the issuer was not sent, and KMS lists no CA of its name
    UNVERIFIABLE = "unverifiable"  # ends with a signature of a kind (SHA-1) that is not verified here
    UNDETERMINED = "undetermined"  # the path ends below the root, and nothing is known about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A path and the status of its root. ``path`` is None if the server certificate cannot be read."""

    path: Path | None
    status: TrustStatus


_Key = tuple[tuple[bytes, ...], tuple[bytes, ...], Authorities]
# Signatures are verified once per chain, not every few seconds: a chain takes up to a few milliseconds.
_CACHE: BoundedCache[_Key, tuple[Trust, ...]] = BoundedCache(max_entries=1024, max_bytes=32 << 20)
_BYTES_PER_LINK = 2048
_NO_PATH = Trust(path=None, status=TrustStatus.UNDETERMINED)


def trust_of(details: TlsDetails, evidence: Evidence) -> Trust:
    """Where the chain of a handshake leads: by the first path without a fault, if there is one.

    The paths of a chain are cached.
    """
    sent = tuple(certificate.der for certificate in details.chain)
    key = sent, evidence.extra_authorities, kms_authorities()
    trusts = _CACHE.get(key)
    if trusts is None:
        trusts = _trusts(*key)
        _CACHE.put(key, trusts, sum(map(len, sent)) + _BYTES_PER_LINK * sum(map(_links, trusts)))
    return min(trusts, key=lambda trust: _defects(trust, evidence.taken_at_s), default=_NO_PATH)


def _defects(trust: Trust, now_s: float) -> tuple[bool, bool]:
    if trust.path is None:
        return True, True
    root = trust.path.links[-1]
    has_defect = not trust.path.in_order or any(out_of_date(trust, now_s)) or not _may_sign(trust.path)
    return has_defect, not root.not_before_s <= now_s <= root.not_after_s


def out_of_date(trust: Trust, now_s: float) -> Iterator[str]:
    """Which certificates above the leaf are not valid now; of the roots, only an extra CA is checked."""
    if trust.path is None:
        return
    for link in _intermediates(trust.path):
        yield from _out_of_date(quoted(link.subject), link, now_s)
    if trust.status is TrustStatus.EXTRA:
        root = trust.path.links[-1]
        yield from _out_of_date(f"the extra CA {quoted(root.subject)}", root, now_s)


def _intermediates(path: Path) -> tuple[Link, ...]:
    return path.links[1:] if path.ending is Ending.MISSING_ISSUER else path.links[1:-1]


def _may_sign(path: Path) -> bool:
    """Whether all intermediates are CAs, with no more CAs below them than they allow."""
    above = _intermediates(path)
    for below, link in enumerate(above):
        # RFC 5280 section 4.2.1.9: certificates that a CA issued to itself (a new key) do not count.
        count = sum(each.name != each.issuer_name for each in above[:below])
        if not link.is_ca or (link.path_length is not None and count > link.path_length):
            return False
    return True


def _out_of_date(named: str, link: Link, now_s: float) -> Iterator[str]:
    if now_s < link.not_before_s:
        yield f"{named} is not valid before {moment(link.not_before_s)}"
    if now_s > link.not_after_s:
        yield f"{named} expired on {moment(link.not_after_s)}"


def _links(trust: Trust) -> int:
    return len(trust.path.links) if trust.path else 0


def _trusts(
    sent: tuple[bytes, ...], extra_ders: tuple[bytes, ...], authorities: Authorities
) -> tuple[Trust, ...]:
    """The possible paths: to a CA in both lists, else in one list, else to an extra CA, else all others."""
    paths = build(sent, authorities.roots)
    listed = [path for path in paths if _is_proved(path) and authorities.lists_of(path.links[-1])]
    if both := [path for path in listed if authorities.is_in_both(path.links[-1])]:
        return tuple(Trust(path=path, status=TrustStatus.LISTED) for path in both)
    if listed:
        return tuple(Trust(path=path, status=TrustStatus.LISTED_ONCE) for path in listed)
    extra = build(sent, Roots.of(extra_ders)) if extra_ders else ()
    if extra and extra[0].ending is Ending.ROOT:
        return tuple(Trust(path=path, status=TrustStatus.EXTRA) for path in extra)
    by_extra = tuple(path for path in extra if path.unverifiable)  # perhaps issued by an extra CA
    return tuple(Trust(path=path, status=_status_elsewhere(path, authorities)) for path in by_extra or paths)


def _is_proved(path: Path) -> bool:
    """Whether the last key verified a signature: name and key of a certificate can be copied by anyone."""
    return len(path.links) > 1 or path.ending is not Ending.MISSING_ISSUER


def _status_elsewhere(path: Path, authorities: Authorities) -> TrustStatus:
    """A matching name proves nothing, because any key can be used under it. It only prevents *unlisted*."""
    if path.unverifiable:
        return TrustStatus.UNVERIFIABLE
    if path.links[-1].issuer_name in authorities.names:
        return TrustStatus.NAMED_AS_LISTED
    if path.ending is Ending.SELF_SIGNED:
        return TrustStatus.UNLISTED
    # Above an intermediate there is usually a root, which may be omitted; above a leaf there hardly ever is.
    return TrustStatus.UNSENT if len(path.links) > 1 else TrustStatus.UNDETERMINED
