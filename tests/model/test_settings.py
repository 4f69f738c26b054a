"""What the agent does when it is told nothing but its targets."""

import ipaddress
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from probe.model.settings import Settings
from probe.model.survey import RTT_THRESHOLD_S

TOLD_NOTHING = Settings()


def test_it_listens_to_this_machine_alone_and_lets_nobody_else_in() -> None:
    assert ipaddress.ip_address(TOLD_NOTHING.listen_host).is_loopback
    assert TOLD_NOTHING.listen_port == 9911
    assert (TOLD_NOTHING.allow_unauthenticated, TOLD_NOTHING.external_url) == (False, None)


def test_it_judges_by_the_limit_that_aws_gives() -> None:
    assert TOLD_NOTHING.threshold_s == RTT_THRESHOLD_S == 0.035


def test_it_trusts_nobody_more_and_resolves_and_sends_as_the_system_does() -> None:
    assert (TOLD_NOTHING.extra_authorities, TOLD_NOTHING.resolvers) == ((), ())
    assert (TOLD_NOTHING.source_address, TOLD_NOTHING.stores) == (None, ())


def test_settings_do_not_change_under_the_agent() -> None:
    settings: Any = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.targets = None
