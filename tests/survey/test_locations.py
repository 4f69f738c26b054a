"""Where Regions are."""

import pytest

from probe.survey import locations


def test_each_region_has_one_row_with_a_place_on_earth() -> None:
    assert len(locations.locations()) == 34
    for place in locations.locations().values():
        assert place.name
        assert -90 <= place.latitude <= 90
        assert -180 <= place.longitude <= 180


def test_light_takes_a_millisecond_for_a_hundred_kilometres_and_back() -> None:
    frankfurt = (50.1, 8.7)
    assert locations.least_rtt_s("eu-central-1", frankfurt) == pytest.approx(0.0)
    # Frankfurt to Dublin is some 1,090 km.
    assert locations.least_rtt_s("eu-west-1", frankfurt) == pytest.approx(0.0109, rel=0.03)
    assert locations.least_rtt_s("us-gov-west-1", frankfurt) is None


def test_the_antipode_is_half_the_earth_away() -> None:
    assert locations.distance_km((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20015, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "said"),
    [("eu-centrl-1", "did you mean 'eu-central-1'?"), ("", "write a Region's name, as in eu-central-1")],
)
def test_an_unknown_region_gets_a_suggestion(name: str, said: str) -> None:
    assert not locations.is_known(name)
    assert locations.suggestion(name) == said
