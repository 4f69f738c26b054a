"""The locations of Regions, and suggestions for unknown names."""

import pytest

from probe.survey import locations


def test_each_region_has_a_location_on_earth() -> None:
    assert len(locations.locations()) == 34
    for location in locations.locations().values():
        assert location.name
        assert -90 <= location.latitude <= 90
        assert -180 <= location.longitude <= 180


def test_the_minimum_round_trip_is_one_millisecond_per_hundred_kilometres() -> None:
    frankfurt = (50.1, 8.7)
    assert locations.min_rtt_s("eu-central-1", frankfurt) == pytest.approx(0.0)
    # Frankfurt to Dublin is about 1,090 km.
    assert locations.min_rtt_s("eu-west-1", frankfurt) == pytest.approx(0.0109, rel=0.03)
    assert locations.min_rtt_s("us-gov-west-1", frankfurt) is None


def test_antipodes_are_half_the_circumference_apart() -> None:
    assert locations.distance_km((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20015, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "advice"),
    [("eu-centrl-1", "did you mean 'eu-central-1'?"), ("", "use a name such as eu-central-1")],
)
def test_an_unknown_region_gets_a_suggestion(name: str, advice: str) -> None:
    assert not locations.is_known(name)
    assert locations.suggestion(name) == advice
