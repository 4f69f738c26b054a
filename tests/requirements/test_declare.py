"""A requirement is a function whose name and docstring are published."""

from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.verdicts import Level, Outcome, Position, Remedy
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated


@requirement(
    level=Level.RISK, position=Position.TLS, source="https://example.com/", remedy=Remedy(text="Mend it.")
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
