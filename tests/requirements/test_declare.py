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
    remedy=Remedy(text="Fix it."),
)
def the_sky_is_blue(evidence: Evidence) -> Iterable[Finding]:
    """The sky is blue.

    Because of
    scattering.
    """
    yield met("looked up")


def test_the_id_is_the_functions_name_and_the_text_its_docstring() -> None:
    published = the_sky_is_blue.published
    assert (the_sky_is_blue.id, published.title, published.why) == (
        "the-sky-is-blue",
        "The sky is blue.",
        "Because of\nscattering.",
    )


def test_a_declared_function_can_be_called() -> None:
    (finding,) = the_sky_is_blue.judge(Evidence(taken_at_s=0))
    assert finding.outcome is Outcome.MET


def test_each_outcome_has_its_own_helper() -> None:
    helpers = [met, violated, unknown, not_applicable]
    assert [helper("x", "s").outcome for helper in helpers] == list(Outcome)


ERRORS = path_errors.TLS
REFUSED: list[tuple[Level, dict[str, Any]]] = [
    (Level.ADVICE, {"step": KmsStep.TLS}),
    (Level.ADVICE, {"errors": ERRORS}),
    (Level.RISK, {"errors": ERRORS}),
    (Level.REQUIRED, {"errors": ERRORS}),
]


@pytest.mark.parametrize(("level", "fields"), REFUSED)
def test_only_advice_has_no_step(level: Level, fields: dict[str, Any]) -> None:
    declare = requirement(
        level=level,
        scope=Scope.HANDSHAKE,
        source="https://example.com/",
        remedy=Remedy(text="Fix it."),
        **fields,
    )
    with pytest.raises(ValueError, match=r"^the_sky_is_blue: "):
        declare(the_sky_is_blue.judge)


def test_advice_without_step_and_errors_is_accepted() -> None:
    declare = requirement(
        level=Level.ADVICE,
        scope=Scope.HANDSHAKE,
        source="https://example.com/",
        remedy=Remedy(text="Fix it."),
    )
    assert declare(the_sky_is_blue.judge).published.step is None
