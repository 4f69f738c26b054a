"""A requirement is a function whose name and docstring are published."""

from collections.abc import Iterable
from typing import Any

import pytest

from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.kms_errors import path as path_errors


@requirement(
    level=Level.RISK,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    source="https://example.com/",
    remedy=Remedy(text="Mend it."),
)
def the_sky_is_blue(evidence: Evidence) -> Iterable[Finding]:
    """The sky is blue.

    Because of
    scattering.
    """
    yield met("looked up")


def test_the_id_is_the_name_and_the_prose_the_docstring() -> None:
    published = the_sky_is_blue.published
    assert (the_sky_is_blue.id, published.title, published.why) == (
        "the-sky-is-blue",
        "The sky is blue.",
        "Because of\nscattering.",
    )


def test_the_function_still_judges() -> None:
    (finding,) = the_sky_is_blue.judge(Evidence(taken_at_s=0))
    assert finding.outcome is Outcome.MET


def test_each_outcome_has_its_word() -> None:
    words = [met, violated, unknown, not_applicable]
    assert [word("x", "s").outcome for word in words] == list(Outcome)


ERRORS = path_errors.TLS
REFUSED: list[tuple[Level, dict[str, Any]]] = [
    (Level.ADVICE, {"step": KmsStep.TLS}),
    (Level.ADVICE, {"errors": ERRORS}),
    (Level.RISK, {"errors": ERRORS}),
    (Level.REQUIRED, {"errors": ERRORS}),
]


@pytest.mark.parametrize(("level", "fields"), REFUSED)
def test_kms_meets_everything_but_advice_at_a_position(level: Level, fields: dict[str, Any]) -> None:
    declare = requirement(
        level=level,
        scope=Scope.HANDSHAKE,
        source="https://example.com/",
        remedy=Remedy(text="Mend it."),
        **fields,
    )
    with pytest.raises(ValueError, match=r"^the_sky_is_blue: "):
        declare(the_sky_is_blue.judge)


def test_advice_without_position_and_errors_is_taken() -> None:
    declare = requirement(
        level=Level.ADVICE,
        scope=Scope.HANDSHAKE,
        source="https://example.com/",
        remedy=Remedy(text="Mend it."),
    )
    assert declare(the_sky_is_blue.judge).published.step is None
