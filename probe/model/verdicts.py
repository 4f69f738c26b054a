"""Verdicts on the requirements, and the predicted KMS errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from probe.model.account import Unavailable
from probe.model.aws_metrics import AwsMetrics


class Outcome(StrEnum):
    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"  # not measured yet, or access denied: does not mean OK
    NOT_APPLICABLE = "not_applicable"


class Level(StrEnum):
    """How important a requirement is.

    Required: KMS checks this, or cannot connect without it. Risk: a violation may cause intermittent
    failures. Advice: AWS recommends this, but KMS does not check it.
    """

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
    """Why an error is expected: AWS documents it for this cause, AWS's pages disagree, or it is inferred."""

    DOCUMENTED = "documented"
    CONFLICTING = "conflicting"
    INFERRED = "inferred"


class KmsStep(StrEnum):
    """The steps of a KMS call, in the order of ConnectCustomKeyStore.

    An error at one step hides errors of later steps.
    """

    STATIC = "static"  # the syntax of the parameters
    UNIQUENESS = "uniqueness"  # quota, names and addresses in use
    SERVICE = "service"  # the endpoint service exists and is visible to KMS
    DOMAIN = "domain"  # domain ownership is verified
    CONFIGURATION = "configuration"  # allowed principals, acceptance, type, zones
    NAME = "name"  # the private DNS name equals the host in the endpoint
    NETWORK = "network"
    TLS = "tls"
    HEALTH = "health"
    KEY = "key"  # CreateKey only


class Scope(StrEnum):
    """The input that a requirement needs; it is evaluated only where that input is collected."""

    CERTIFICATES = "certificates"  # needs only certificates, such as a chain in a file
    HANDSHAKE = "handshake"
    NETWORK = "network"  # connections and round trips
    HEALTH = "health"  # the proxy's responses to signed requests
    ACCOUNT = "account"  # needs the AWS account, the key store settings, or public DNS


# What probes can measure without a credential.
MEASURED = frozenset({Scope.CERTIFICATES, Scope.HANDSHAKE, Scope.NETWORK})


class Trait(StrEnum):
    """Properties of a requirement that affect how its verdicts are used."""

    JUDGES_PEER = "judges_peer"  # unless met, no request is signed for this server (advice does not count)
    MEANS_SHUT = "means_shut"  # if violated, the address accepts no connection, so KMS never reaches TLS
    CONFIGURED_PATH = "configured_path"  # concerns settings on the path; overridden if a request succeeds
    MET_IF_SEEN = "met_if_seen"  # such a setting that is met if a request succeeds, whatever is configured
    ONE_SUFFICES = "one_suffices"  # per load balancer; one that meets it is enough as an entry point
    BACKENDS_ALONE = "backends_alone"  # applies to backends only; a request through a node confirms it
    MET_IF_KMS_ACCEPTED = "met_if_kms_accepted"  # about a certificate; met if KMS was seen to accept it
    REPEATS_KMS = "repeats_kms"  # derived from KMS's own error, so it does not confirm the prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsError:
    """One error that KMS may return. ``alternatives`` are other names AWS documents for the same cause."""

    operation: Operation
    error: str
    likelihood: Likelihood
    basis: Basis
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """The fix: a sentence, the console field, a command to inspect or fix. xks-probe never runs it."""

    text: str
    console: str = ""
    cli: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one requirement for one subject (a target's name or a short resource name).

    ``because`` may contain untrusted text, so outputs pass it through `text.clean`. ``kms_errors`` is empty
    unless violated; it may also hold possible errors of a met verdict (250 ms) or an unknown one (a hint).
    ``step`` is None for advice, which KMS does not check. ``level`` may be above the requirement's own.
    ``traits`` are the requirement's traits. ``told_by`` are requirements whose verdicts on this subject name
    the same cause. ``may_pass`` is whether KMS may accept this subject all the same: each error is only
    possible by itself, not because KMS may connect elsewhere. ``rests_on_extra_authority``: met only because
    the user trusts a CA that KMS does not. ``is_inferred``: met only because KMS was seen to accept it.
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
    told_by: tuple[str, ...] = ()
    may_pass: bool = False
    rests_on_extra_authority: bool = False
    is_inferred: bool = False

    @property
    def is_open(self) -> bool:
        """Whether KMS may judge this otherwise: it is unknown, or required and rests on an extra CA."""
        is_lenient = self.rests_on_extra_authority and self.level is Level.REQUIRED
        return self.outcome is Outcome.UNKNOWN or is_lenient


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedError:
    """An error and the violated requirements behind it.

    ``masked_by`` is the requirement that fails first, whose error KMS returns instead; None if there is none.
    """

    error: str
    likelihood: Likelihood
    basis: Basis
    alternatives: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    masked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The errors one operation would return; ``decided`` if no open requirement could change them.

    ``unknown_requirements`` are unknown ones that could. ``rests_on_extra_authority``: others, which are met
    only because the user trusts a CA that KMS does not, could.
    """

    operation: Operation
    decided: bool
    errors: tuple[PredictedError, ...] = ()
    unknown_requirements: tuple[str, ...] = ()
    rests_on_extra_authority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedState:
    """The state that KMS reports for an existing store.

    ``agrees`` is whether it matches the prediction, None while the prediction is undecided.
    """

    connection_state: str
    connection_error_code: str | None
    agrees: bool | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All verdicts and predictions of one moment, for one key store ("" if no key store is named).

    ``authorities_as_of`` and ``authorities_proposed`` are the dates of the two lists of KMS's CAs.
    ``is_simulation``: of a simulated network, whose CA (in ``extra_authorities``) counts as one of KMS's.
    ``path_certificates`` are the SHA-256 of the certificates sent that belong to a judged path.
    ``aws_metrics`` is what AWS measured itself; None if the account was not read, or has nothing to ask for.
    ``notes`` are sentences about the input that no requirement evaluates; their texts are cleaned.
    """

    taken_at_s: float
    key_store: str = ""
    verdicts: tuple[Verdict, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    extra_authorities: tuple[str, ...] = ()
    authorities_as_of: str = ""
    authorities_proposed: str = ""
    is_simulation: bool = False
    actual: ReportedState | None = None
    path_certificates: frozenset[str] = frozenset()
    aws_metrics: AwsMetrics | Unavailable | None = None
    notes: tuple[str, ...] = ()

    @property
    def rests_on_extra_authority(self) -> bool:
        """Whether a required verdict is met only because the user trusts a CA that KMS does not."""
        return any(each.rests_on_extra_authority and each.is_open for each in self.verdicts)

    def counts(self) -> Mapping[Outcome, int]:
        """How many verdicts have each outcome; every outcome is present."""
        return {outcome: sum(v.outcome is outcome for v in self.verdicts) for outcome in Outcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The published part of a requirement; the function that evaluates it is in ``probe.requirements``.

    ``step`` is the step at which KMS checks it, None for advice.
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
    never_unknown: str = ""  # why a required requirement can never be unknown
