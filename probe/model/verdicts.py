"""What should be: requirements' verdicts, and what KMS would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"  # not measured yet, or not allowed to look: never "fine"
    NOT_APPLICABLE = "not_applicable"


class Level(StrEnum):
    """Required: KMS checks it, or cannot connect without. Risk: fails at times. Advice: KMS can't see it."""

    REQUIRED = "required"
    RISK = "risk"
    ADVICE = "advice"


class Operation(StrEnum):
    """The KMS call that would fail."""

    CREATE = "create"
    UPDATE = "update"
    CONNECT = "connect"
    CREATE_KEY = "create_key"


class Likelihood(StrEnum):
    EXPECTED = "expected"
    POSSIBLE = "possible"


class Basis(StrEnum):
    """Whether AWS documents the error for this cause, its pages disagree, or we infer it."""

    DOCUMENTED = "documented"
    CONFLICTING = "conflicting"
    INFERRED = "inferred"


class KmsStep(StrEnum):
    """The steps in which KMS comes to a fault; an earlier one masks the later ones. In connect's order."""

    STATIC = "static"  # the form of what is given
    UNIQUENESS = "uniqueness"  # quota, names and addresses in use
    SERVICE = "service"  # the endpoint service is there to be seen
    DOMAIN = "domain"  # ownership of the domain is verified
    CONFIGURATION = "configuration"  # allowed principals, acceptance, type, zones
    NAME = "name"  # the private DNS name is that of the endpoint
    NETWORK = "network"
    TLS = "tls"
    HEALTH = "health"
    KEY = "key"  # CreateKey alone


class Scope(StrEnum):
    """What a requirement is about, and so where it can be judged."""

    CERTIFICATES = "certificates"  # can be told of certificates alone
    HANDSHAKE = "handshake"
    NETWORK = "network"  # connections and round trips
    HEALTH = "health"  # the proxy's answers to signed requests
    ACCOUNT = "account"  # needs the AWS account, what KMS is told, or public DNS


# What probes without a credential tell.
MEASURED = frozenset({Scope.CERTIFICATES, Scope.HANDSHAKE, Scope.NETWORK})


class Trait(StrEnum):
    """What those who use a verdict have to know of its requirement."""

    JUDGES_PEER = "judges_peer"  # no request is signed for a peer that does not meet it
    MEANS_SHUT = "means_shut"  # where it is violated no connection is accepted: KMS meets nothing beyond
    CONFIGURED_PATH = "configured_path"  # of settings on the path; that requests get through refutes it
    ONE_SUFFICES = "one_suffices"  # of each load balancer; one that meets it is a way in
    BACKENDS_ALONE = "backends_alone"  # of no node; a node through which requests get meets it
    REPEATS_KMS = "repeats_kms"  # found because KMS itself says so: no second witness


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsError:
    """One error that KMS may give. ``alternatives`` are other names AWS's pages use for the same fault."""

    operation: Operation
    error: str
    likelihood: Likelihood
    basis: Basis
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do next: a sentence, the console field, a command line to look or mend. We never run it."""

    text: str
    console: str = ""
    cli: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One requirement judged for one subject (a target's name or a short resource name).

    ``because`` may hold text of the network: it passes `text.clean` on the way out.
    ``kms_errors`` is empty unless violated (or possible: 250 ms although met, a hint although unknown).
    ``step`` is None for advice, which KMS can't see. ``traits`` are those of the requirement.
    """

    requirement: str
    level: Level
    step: KmsStep | None
    subject: str
    outcome: Outcome
    because: str
    kms_errors: tuple[KmsError, ...] = ()
    remedy: Remedy | None = None
    source: str = ""
    traits: frozenset[Trait] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedError:
    """An error and the requirements that lead to it. ``masked_by`` is the requirement KMS meets first."""

    error: str
    likelihood: Likelihood
    basis: Basis
    alternatives: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    masked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one operation would say. Not ``decided`` while a required requirement of it is unknown."""

    operation: Operation
    decided: bool
    errors: tuple[PredictedError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedState:
    """What KMS says of an existing store; ``agrees``: as was predicted, None while that is undecided."""

    connection_state: str
    connection_error_code: str | None
    agrees: bool | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything judged at one moment, for one key store ("" when none is named)."""

    taken_at_s: float
    key_store: str = ""
    verdicts: tuple[Verdict, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    extra_authorities: tuple[str, ...] = ()
    authorities_as_of: str = ""
    actual: ReportedState | None = None

    def counts(self) -> Mapping[Outcome, int]:
        """How many verdicts have each outcome; every outcome is present."""
        return {outcome: sum(v.outcome is outcome for v in self.verdicts) for outcome in Outcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What is published of a requirement; the judging function lives in ``probe.requirements``.

    ``step`` is where KMS meets it, None for advice.
    """

    id: str
    level: Level
    scope: Scope
    title: str
    step: KmsStep | None = None
    traits: frozenset[Trait] = frozenset()
    why: str = ""
    source: str = ""
    errors: tuple[KmsError, ...] = field(default=())
    outcomes: tuple[Outcome, ...] = tuple(Outcome)
    never_unknown: str = ""  # why a required one cannot end so
