"""What a preflight is asked about, and what it learned besides measurements and the account."""

from dataclasses import dataclass
from enum import StrEnum

VPC_CONNECTIVITY = "VPC_ENDPOINT_SERVICE"
PUBLIC_CONNECTIVITY = "PUBLIC_ENDPOINT"
EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What KMS would be told: of the user, or of the existing store ``key_store_id``. None: nobody said.

    ``uri_endpoint``, ``uri_path``, ``service_name`` and ``service_owner`` are the parameters of
    CreateCustomKeyStore, as written. ``data_centre`` are the IPv4 ranges of the key manager's network.
    ``store_account`` will own the store, if that is not the account looked from. ``region_has_kms`` is
    whether AWS's published data know KMS in the Region, None if nobody looked.
    """

    region: str
    key_store_id: str | None = None
    name: str | None = None
    connectivity: str = VPC_CONNECTIVITY
    uri_endpoint: str | None = None
    uri_path: str | None = None
    service_name: str | None = None
    service_owner: str | None = None
    store_account: str | None = None
    data_centre: tuple[str, ...] = ()
    key_id: str | None = None
    region_has_kms: bool | None = None

    @property
    def host(self) -> str | None:
        """The private DNS name: what follows ``https://`` in the endpoint, in lower case."""
        if self.uri_endpoint is None:
            return None
        return self.uri_endpoint.removeprefix("https://").rstrip(".").lower() or None


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
    ODD_ANSWER = "odd_answer"


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
    by_tcp: bool = False


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
