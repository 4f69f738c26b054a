"""What both validators say of one server's certificates."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from probe.wire.certificate_path import by_cryptography, by_openssl
from probe.wire.certificate_path.anchors import Anchors
from probe.wire.certificate_path.refusal import Cause, Refusal
from probe.wire.chain import MAX_CERTIFICATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The refusal of each validator, None for one that accepts."""

    cryptography: Refusal | None
    openssl: Refusal | None

    @property
    def is_accepted(self) -> bool:
        return self.cryptography is None and self.openssl is None

    @property
    def is_refused(self) -> bool:
        """Both refuse, and both have looked at the path."""
        refusals = (self.cryptography, self.openssl)
        return all(each is not None and each.cause is not Cause.NOT_VALIDATED for each in refusals)


def decide(sent: tuple[bytes, ...], anchors: Anchors, at_s: float) -> Decision:
    """Whether both validators accept a path from ``sent[0]`` to an anchor at ``at_s`` (Unix time).

    Validity periods have whole seconds, so the path must be valid at both ends of the second. Never raises.
    Certificates beyond the first 16 are ignored.
    """
    seconds = sorted({floor(at_s), ceil(at_s)})
    some = sent[:MAX_CERTIFICATES]

    def first(refusal: Callable[[tuple[bytes, ...], Anchors, int], Refusal | None]) -> Refusal | None:
        return next(filter(None, (refusal(some, anchors, second) for second in seconds)), None)

    return Decision(cryptography=first(by_cryptography.refusal), openssl=first(by_openssl.refusal))
