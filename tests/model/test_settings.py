"""The agent's default settings."""

import ipaddress
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from probe.model.settings import Settings
from probe.model.survey import RTT_THRESHOLD_S

DEFAULTS = Settings()


def test_by_default_the_agent_listens_only_on_loopback() -> None:
    assert ipaddress.ip_address(DEFAULTS.listen_host).is_loopback
    assert DEFAULTS.listen_port == 9911
    assert (DEFAULTS.allow_unauthenticated, DEFAULTS.external_url) == (False, None)


def test_the_default_threshold_is_35_ms_as_aws_recommends() -> None:
    assert DEFAULTS.threshold_s == RTT_THRESHOLD_S == 0.035


def test_by_default_there_are_no_extra_cas_resolvers_or_source_address() -> None:
    assert (DEFAULTS.extra_authorities, DEFAULTS.resolvers) == ((), ())
    assert (DEFAULTS.source_address, DEFAULTS.stores) == (None, ())


def test_settings_are_immutable() -> None:
    settings: Any = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.targets = None
