"""Slow facts besides the account: what may be said of the credential, and the verification record."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """What may be said of the XKS proxy's credential; the credential itself is in no value.

    The two faults say which rule of KMS's pattern is broken, or None. ``is_that_of_the_store``: whether the
    access key id is the one that the existing store has, None if that is not known.
    """

    access_key_id_fault: str | None = None
    secret_fault: str | None = None
    is_that_of_the_store: bool | None = None


class RecordState(StrEnum):
    """What became of the verification record at one name, as one view has it. A label of metrics."""

    PUBLISHED = "published"
    WRONG_VALUE = "wrong_value"
    LOWER_CASED = "lower_cased"
    QUOTED_TWICE = "quoted_twice"
    NAME_DOUBLED = "name_doubled"
    ABSENT = "absent"
    SERVER_FAILURE = "server_failure"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    MALFORMED_RESPONSE = "odd_answer"


class View(StrEnum):
    """Whose answer it is."""

    PUBLIC = "public"
    AUTHORITATIVE = "authoritative"
    RESOLVER = "resolver"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeen:
    """One question about the verification record and what came of it. ``answers`` are the TXT values."""

    name: str
    view: View
    server: str
    state: RecordState
    answers: tuple[str, ...] = ()
    detail: str = ""
    rtt_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """The search for the verification record, in the order in which PrivateLink looks.

    ``names`` are the record's names from the private DNS name's parent up to the registrable domain;
    ``registrable`` is None where there is none (a public suffix, a private top-level domain). ``is_public``
    is whether a parent of the private DNS name has name servers in public DNS; None if that is not known.
    """

    private_dns_name: str
    registrable: str | None
    names: tuple[str, ...] = ()
    expected_value: str | None = None
    is_public: bool | None = None
    public_zone: str | None = None
    seen: tuple[RecordSeen, ...] = ()
    because: str = ""  # why is_public is None, or what was found
