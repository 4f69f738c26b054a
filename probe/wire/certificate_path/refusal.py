"""Why a validator refuses a path."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """The rule of RFC 5280 that a path breaks, or what prevented its validation."""

    NO_PATH = "no_path"  # no certificate that was sent, and no anchor, issued the last one
    OUT_OF_DATE = "out_of_date"
    PURPOSE = "purpose"  # extended key usage, section 4.2.1.12
    KEY_USAGE = "key_usage"  # section 4.2.1.3
    NOT_A_CA = "not_a_ca"  # basic constraints, section 4.2.1.9
    PATH_LENGTH = "path_length"  # the same section
    NAME_CONSTRAINTS = "name_constraints"  # section 4.2.1.10
    CRITICAL_EXTENSION = "critical_extension"  # an unknown one, section 4.2
    POLICY = "policy"  # sections 4.2.1.4, 4.2.1.11 and 4.2.1.14
    SIGNATURE = "signature"
    KEY = "key"  # its kind or size
    VERSION = "version"  # not version 3, section 4.1.2.1
    MALFORMED = "malformed"
    OTHER = "other"
    NOT_VALIDATED = "not_validated"  # the validator is not available here


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``position`` is that of the certificate among those sent; None for an anchor, or if it is not known.

    ``detail`` is the validator's own message. Untrusted text: it may quote names of the certificate.
    """

    cause: Cause
    detail: str
    position: int | None = None
