"""The geometry of sparklines."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.web.sparkline import HEIGHT, POINTS, WIDTH, sparkline


@given(st.lists(st.none() | st.floats(min_value=0, max_value=100), max_size=100))
def test_everything_stays_inside_the_drawing(series: list[float | None]) -> None:
    line = sparkline(series)
    points = [tuple(map(float, p.split(","))) for polyline in line.lines for p in polyline.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert all(0 <= x <= WIDTH for x in line.lost)
    assert len(line.lost) == sum(rtt is None for rtt in series[-POINTS:])


def test_a_lost_round_trip_breaks_the_line() -> None:
    line = sparkline([0.001, 0.002, None, 0.003, 0.004])
    assert len(line.lines) == 2
    assert len(line.lost) == 1


def test_slower_is_higher_and_the_limit_is_always_visible() -> None:
    line = sparkline([0.001, 0.040])
    fast, slow = (float(point.split(",")[1]) for point in line.lines[0].split())
    assert slow < line.limit_y < fast
    assert 0 < sparkline([0.0001]).limit_y < HEIGHT


def test_a_round_trip_at_the_limit_lies_on_its_line() -> None:
    line = sparkline([0.035])
    assert line.last is not None
    assert line.last[1] == line.limit_y


def test_the_latest_round_trip_is_at_the_right_edge_unless_it_was_lost() -> None:
    newest = sparkline([0.001]).last
    assert newest is not None
    assert newest[0] == WIDTH - 2
    assert sparkline([0.001, None]).last is None


def test_the_label_describes_the_drawing_in_words() -> None:
    assert sparkline([0.004, None]).label == "last 2 round trips: 1 lost, highest 4.00 ms; limit 35 ms"
    assert sparkline([]).label == "no round trips yet"
