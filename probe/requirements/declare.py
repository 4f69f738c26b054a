"""How a requirement is declared: a judging function and the published data about it."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from inspect import cleandoc

from probe.model.evidence import Evidence
from probe.model.verdicts import KmsError, KmsStep, Level, Outcome, Remedy, Requirement, Scope, Trait

Judge = Callable[[Evidence], Iterable["Finding"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a requirement for one subject.

    ``kms_errors``, ``remedy``, ``level`` and ``step`` are None to use the declared ones; a finding that is
    worse than its requirement has a higher level, and then a step. ``values`` replace the placeholders in the
    remedy: ``{"SERVICE-ID": "vpce-svc-1"}``. ``told_by`` are requirements that may name the same cause.
    ``rests_on_extra_authority``: met only because the user trusts a CA that KMS does not.
    """

    outcome: Outcome
    because: str
    subject: str = ""
    kms_errors: tuple[KmsError, ...] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None
    level: Level | None = None
    step: KmsStep | None = None
    told_by: tuple[str, ...] = ()
    rests_on_extra_authority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A requirement of the catalogue: its published data, its remedy and its judging function."""

    published: Requirement
    remedy: Remedy
    judge: Judge

    @property
    def id(self) -> str:
        return self.published.id


def requirement(
    *,
    level: Level,
    scope: Scope,
    source: str,
    remedy: Remedy,
    step: KmsStep | None = None,
    errors: tuple[KmsError, ...] = (),
    traits: AbstractSet[Trait] = frozenset(),
    outcomes: tuple[Outcome, ...] = tuple(Outcome),
    never_unknown: str = "",
) -> Callable[[Judge], Rule]:
    """Make a requirement from a judging function. It is not registered automatically: add it to CATALOGUE.

    The id is the function's name with hyphens. The first line of its docstring is a sentence that is true
    when the requirement is met; the rest gives the reason. ``outcomes`` lists the possible outcomes. If a
    required requirement can never be unknown, ``never_unknown`` gives the reason. Raises ValueError for
    advice with a step or errors (KMS does not check advice), and for a required or risk requirement without a
    step.
    """

    def declare(judge: Judge) -> Rule:
        if level is Level.ADVICE and (step is not None or errors):
            raise ValueError(f"{judge.__name__}: advice has no step and no errors")
        if level is not Level.ADVICE and step is None:
            raise ValueError(f"{judge.__name__}: give the step at which KMS fails")
        title, _, why = cleandoc(judge.__doc__ or "").partition("\n")
        published = Requirement(
            id=judge.__name__.replace("_", "-"),
            level=level,
            scope=scope,
            step=step,
            traits=frozenset(traits),
            title=title,
            why=why.strip(),
            source=source,
            errors=errors,
            outcomes=outcomes,
            never_unknown=never_unknown,
        )
        return Rule(published=published, remedy=remedy, judge=judge)

    return declare


def met(because: str, subject: str = "") -> Finding:
    return Finding(outcome=Outcome.MET, because=because, subject=subject)


def violated(because: str, subject: str = "", kms_errors: tuple[KmsError, ...] | None = None) -> Finding:
    return Finding(outcome=Outcome.VIOLATED, because=because, subject=subject, kms_errors=kms_errors)


def unknown(because: str, subject: str = "") -> Finding:
    return Finding(outcome=Outcome.UNKNOWN, because=because, subject=subject)


def not_applicable(because: str, subject: str = "") -> Finding:
    return Finding(outcome=Outcome.NOT_APPLICABLE, because=because, subject=subject)
