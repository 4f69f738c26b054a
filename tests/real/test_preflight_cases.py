"""A preflight through the installed command for each requirement and each outcome that it declares.

Each report must say what its case in tests/preflight_cases expects, and find no other fault.
"""

from pathlib import Path

import pytest
from kms_words import NOT_PREDICTABLE, PREDICTABLE
from preflight_playing import HEALTHY, OPERATIONS, Case, Played, load, play_all

from probe.requirements import CATALOGUE
from simulator.scenario.addressing import assign_addresses

pytestmark = pytest.mark.real

CASES = load()
DECLARED = {each.id: {outcome.value for outcome in each.published.outcomes} for each in CATALOGUE}


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, xks_probe: Path, can_simulate: object) -> dict[str, Played]:
    """Those that the chosen tests are about, at once."""
    ours = [item for item in request.session.items if item.path == request.path]
    about = [getattr(item, "callspec", None) for item in ours]
    names = {each.params["case"].name for each in about if each is not None}
    chosen = CASES if None in about else [each for each in CASES if each.name in names]
    return play_all(chosen, [str(xks_probe)])


@pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])
def test_a_preflight_says_what_is_so_and_nothing_else(case: Case, played: dict[str, Played]) -> None:
    run = played[case.name]
    assert run.report, run.words
    found = run.outcomes()
    assert {id_: found.get(id_) for id_ in case.expect} == dict(case.expect)
    assert run.of_outcome("violated") == {id_ for id_, of in case.expect.items() if "violated" in of}
    assert run.unmasked() == {each: set(case.predict.get(each, ())) for each in OPERATIONS}
    assert run.undecided() == case.undecided
    assert run.status == run.status_of_verdicts()
    for id_, outcomes in found.items():
        assert outcomes <= DECLARED[id_], id_


def test_each_outcome_that_a_requirement_declares_was_seen(played: dict[str, Played]) -> None:
    seen: dict[str, set[str]] = {each.id: set() for each in CATALOGUE}
    for case in CASES:
        found = played[case.name].outcomes()
        for id_, outcomes in case.expect.items():
            seen[id_] |= outcomes & found.get(id_, set())
    assert seen == DECLARED


def test_all_is_well_is_said_of_nothing_else(played: dict[str, Played]) -> None:
    """Without a fault all is found, nothing is violated, nothing unknown, and no operation meets an error."""
    fine = {name for name, run in played.items() if run.status == 0}
    well = [name for name in fine if name.startswith("all is well")]
    assert len(well) == 2
    hosts = (*HEALTHY.nodes, *HEALTHY.backends, *HEALTHY.key_managers)
    addresses = {assign_addresses(HEALTHY).address(each.name) for each in hosts}
    for name in well:
        report = played[name].report
        assert {each["address"] for each in report["matrix"]} == addresses
        assert report["endpoint_service"].startswith("com.amazonaws.vpce.eu-central-1.")
        assert report["aws"]["failed_calls"] == []
        assert not played[name].of_outcome("violated") | played[name].of_outcome("unknown")
        assert not played[name].undecided() | played[name].named_errors()
    for case in CASES:
        wrong = {id_ for id_, of in case.expect.items() if of & {"violated", "unknown"}}
        levels = {each.published.level.value for each in CATALOGUE if each.id in wrong}
        assert (case.name in fine) is (levels <= {"advice"}), case.name


def test_each_error_of_kms_that_can_be_predicted_was(played: dict[str, Played]) -> None:
    predicted = {name for run in played.values() for name in run.named_errors()}
    assert predicted == PREDICTABLE
    assert not predicted & NOT_PREDICTABLE
