"""The geometry of a chart: scale, gaps, marks of failures, and the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.web.chart import HEIGHT, WIDTH, Chart, Span, chart
from probe.model.history import MinuteSummary
from probe.model.measurements import Reason

HOUR = Span(from_s=0, to_s=3600, step_s=60)


def summary(*durations_s: float, failed: int = 0) -> MinuteSummary:
    made = MinuteSummary()
    for duration_s in durations_s:
        made.add(duration_s, None)
    for _ in range(failed):
        made.add(None, Reason.TIMED_OUT)
    return made


def drawn(points: dict[int, MinuteSummary], limit_s: float | None = None) -> Chart:
    return chart("TCP connect", points, HOUR, limit_s)


def test_a_point_is_in_the_middle_of_its_step() -> None:
    assert drawn({0: summary(0.01), 60: summary(0.01)}).medians == ("6.0,0.0 18.0,0.0",)


def test_a_step_without_a_probe_is_a_gap_and_a_single_step_is_as_wide_as_itself() -> None:
    lines = drawn({0: summary(0.01), 60: summary(0.01), 180: summary(0.01)}).medians
    assert lines == ("6.0,0.0 18.0,0.0", "36.0,0.0 48.0,0.0")


def test_a_step_in_which_all_probes_failed_is_a_gap_with_a_bar_of_full_height() -> None:
    made = drawn({0: summary(0.01), 60: summary(failed=3), 120: summary(0.01)})
    assert len(made.medians) == 2
    assert made.failures == ((12.0, 0.0, 12.0, HEIGHT),)


def test_a_bar_is_as_high_as_the_share_of_failed_probes_but_always_visible() -> None:
    half, few = drawn({0: summary(0.01, failed=1), 60: summary(*[0.01] * 999, failed=1)}).failures
    assert half[3] == HEIGHT / 2
    assert few[3] == 8.0


@pytest.mark.parametrize(
    ("limit_s", "is_shown"), [(0.05, True), (0.0500001, False), (None, False)], ids=["top", "above", "none"]
)
def test_the_limit_is_drawn_if_it_is_within_the_chart(limit_s: float | None, *, is_shown: bool) -> None:
    made = drawn({0: summary(0.05)}, limit_s)
    assert made.top == "50 ms"
    assert (made.limit_y is not None) is is_shown


def test_a_single_slow_probe_does_not_flatten_the_others() -> None:
    assert drawn({0: summary(0.004, 0.004, 0.004), 60: summary(0.005, 9.0)}).top == "40 ms"


def test_the_words_are_those_of_the_whole_span() -> None:
    made = drawn({0: summary(0.004), 60: summary(0.03, 0.03, failed=1)}, 0.035)
    assert made.words == "median about 30.00 ms, highest 30.00 ms; 1 of 4 failed (25.0 %)"
    assert made.limit == "35 ms limit"
    assert drawn({}).words == "nothing was measured"
    assert drawn({0: summary(failed=2)}).words == "2 of 2 failed (100 %)"


SUMMARIES = st.builds(
    lambda durations_s, failed: summary(*durations_s, failed=failed),
    st.lists(st.floats(0, 100), max_size=3),
    st.integers(0, 2),
).filter(lambda made: made.sent > 0)


@given(st.dictionaries(st.integers(0, 59).map(lambda n: n * 60), SUMMARIES))
def test_everything_is_inside_the_chart(points: dict[int, MinuteSummary]) -> None:
    made = drawn(points, 0.035)
    for line in (*made.medians, *made.maxima):
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    for x, y, width, height in made.failures:
        assert 0 <= x < x + width <= WIDTH + 0.1
        assert 0 <= y < y + height <= HEIGHT + 0.1
