"""Facts that change rarely: about the credential (not the credential itself) and the verification record."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFacts:
    """Facts about the XKS proxy's credential that are safe to report; it is not included itself.

    Each fault states which rule of KMS's pattern is violated, or is None. ``is_that_of_the_store`` is whether
    the existing key store has the same access key id, None if that is not known. ``uri_path_of_the_file`` is
    the URI path in the proxy configuration with the credential, None if it has none.
    """

    access_key_id_fault: str | None = None
    secret_fault: str | None = None
    is_that_of_the_store: bool | None = None
    uri_path_of_the_file: str | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """Each violated rule, with what violates it."""
        of = (("access key id", self.access_key_id_fault), ("secret", self.secret_fault))
        return tuple(f"the {what} {fault}" for what, fault in of if fault)


class RecordState(StrEnum):
    """The state of the verification record at one name, as one server returns it. A metric label."""

    PUBLISHED = "published"
    WRONG_VALUE = "wrong_value"
    LOWER_CASED = "lower_cased"
    QUOTED_TWICE = "quoted_twice"
    NAME_DOUBLED = "name_doubled"
    CNAME = "cname"  # a record of another type; ``answers`` is its target
    ABSENT = "absent"
    SERVER_FAILURE = "server_failure"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    MALFORMED_RESPONSE = "odd_answer"


class View(StrEnum):
    """The kind of name server that answered."""

    PUBLIC = "public"
    AUTHORITATIVE = "authoritative"
    RESOLVER = "resolver"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeen:
    """One query for the record and its result. ``answers`` are TXT values or a CNAME's target."""

    name: str
    view: View
    server: str
    state: RecordState
    answers: tuple[str, ...] = ()
    detail: str = ""
    rtt_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """The search for the verification record, in PrivateLink's order.

    ``names`` are the record's possible names, from the private DNS name's parent up to the registrable
    domain, and last under the private DNS name itself. ``registrable`` is the registrable domain, None if
    there is none (a public suffix, a private top-level domain). ``is_public`` is whether a parent of the
    private DNS name has name servers in public DNS; None if that is not known. ``taken_at_s`` is Unix time.
    """

    private_dns_name: str
    registrable: str | None
    names: tuple[str, ...] = ()
    expected_value: str | None = None
    is_public: bool | None = None
    public_zone: str | None = None
    seen: tuple[RecordSeen, ...] = ()
    because: str = ""  # why ``is_public`` is None, or what was found
    taken_at_s: float = 0.0
