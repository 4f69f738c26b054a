"""Health requests in a report."""

import pytest
from rich.console import Console
from support.reports.exporter_inputs import NOW_S, SILENT, asked, health, target

from exporters.health import latest_health as latest_health_of
from exporters.report.formatting import MISSING
from exporters.report.latest_health import document, table
from probe.model.measurements import Measurement
from probe.model.targets import Check

WARM = Check.HEALTH_WARM


def shown(*measured: Measurement, width: int = 140) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(table([(asked(), latest_health_of(measured))]))
    return captured.get()


def test_a_target_without_health_checks_has_no_health_and_one_with_them_starts_with_nulls() -> None:
    assert document(target(), latest_health_of(())) is None
    health_document = document(asked(), latest_health_of(()))
    assert health_document is not None
    assert set(health_document.values()) == {None}


def test_cold_and_warm_have_a_row_each_with_their_phases() -> None:
    rows = [
        " ".join(line.split()) for line in shown(health(asked()), health(asked(), check=WARM)).splitlines()
    ]
    assert (
        f"node-1 cold 55.00 4.00 20.00 {MISSING} 30.00 1.00 200, key managers: 1 active, 1 degraded" in rows
    )
    assert (
        f"warm 31.00 {MISSING} {MISSING} {MISSING} 30.00 1.00 200, key managers: 1 active, 1 degraded" in rows
    )


def test_a_wait_that_is_an_upper_bound_is_marked_at_every_width() -> None:
    bounded = health(asked(), wait_is_upper_bound=True)
    assert "≤30.00" in shown(bounded)
    assert "wait ≤30.00" in shown(bounded, width=80)


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (health(asked(), 401, error_name="AuthenticationFailedException"), "status 401 AuthenticationFailedException"),
        (health(asked(), 200, fault="the body is HTML"), "status 200 the body is HTML"),
        (health(asked(), managers=()), "200"),
        (health(asked(), None, failure=SILENT), "timed out in wait"),
        (health(asked(), None), "no response"),
        (health(asked(), None, withheld="common-name-matches"), "not sent: common-name-matches is not met"),
        (health(asked(), None, withheld="no credential"), "not sent: no credential"),
    ],
    ids=["refused", "malformed", "no managers", "timeout", "no response", "withheld", "no credential"],
)  # fmt: skip
def test_the_response_is_described_in_words(measured: Measurement, words: str) -> None:
    assert words in shown(measured)


@pytest.mark.parametrize("width", [60, 80, 119, 120, 140])
def test_it_fits_the_terminal(width: int) -> None:
    long = health(asked(), 500, error_name="InternalException", fault="status 500 " * 20)
    warm = health(asked(), None, NOW_S, check=WARM, failure=SILENT)
    assert max(map(len, shown(long, warm, width=width).splitlines())) <= width
