"""Where a chain leads: to an authority that KMS lists, to one that only the user trusts, or elsewhere."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from probe.model.measurements import TlsDetails
from probe.model.verdicts import Evidence
from probe.requirements._authorities import Authorities, kms_authorities
from probe.wire.chain import Ending, Path, Roots, build

# Signatures are verified once for each chain, not every few seconds: a chain costs up to some milliseconds.
_CACHED_CHAINS = 512


class Standing(StrEnum):
    """What is known of the authority that a path ends in."""

    LISTED = "listed"
    EXTRA = "extra"
    UNLISTED = "unlisted"
    NAMED_AS_LISTED = "named_as_listed"  # same subject, another certificate or one that we lack
    UNSENT = "unsent"  # ends under an issuer that was not sent and that KMS does not list by name
    UNDETERMINED = "undetermined"  # the path ends before any root


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The path and where it leads. ``path`` is None when the server's certificate cannot be read."""

    path: Path | None
    standing: Standing


def trust_of(details: TlsDetails, evidence: Evidence) -> Trust:
    """Where the chain of a handshake leads. Costs next to nothing for a chain seen before."""
    sent = tuple(certificate.der for certificate in details.chain)
    return _trust(sent, evidence.extra_authorities, kms_authorities())


@lru_cache(maxsize=_CACHED_CHAINS)
def _trust(sent: tuple[bytes, ...], extra_ders: tuple[bytes, ...], authorities: Authorities) -> Trust:
    """KMS's authorities come first: what leads to one of them needs no other."""
    path = build(sent, authorities.roots)
    if path is None:
        return Trust(path=None, standing=Standing.UNDETERMINED)
    if path.links[-1].sha256 in authorities.aliases:
        return Trust(path=path, standing=Standing.LISTED)
    if extra_ders:
        extra = build(sent, Roots.of(extra_ders))
        if extra is not None and extra.ending is Ending.ROOT:
            return Trust(path=extra, standing=Standing.EXTRA)
    return Trust(path=path, standing=_elsewhere(path, authorities))


def _elsewhere(path: Path, authorities: Authorities) -> Standing:
    """A name proves nothing: any key can sign under it. It only keeps us from saying "not listed"."""
    if path.links[-1].issuer_name in authorities.names:
        return Standing.NAMED_AS_LISTED
    if path.ending is Ending.SELF_SIGNED:
        return Standing.UNLISTED
    # Above an intermediate there is mostly a root, left out as it may be; above a leaf alone, hardly ever.
    return Standing.UNSENT if len(path.links) > 1 else Standing.UNDETERMINED
