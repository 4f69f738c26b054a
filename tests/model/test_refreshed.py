"""The facts of a key store before they are read."""

from probe.model.refreshed import Refreshed


def test_nothing_is_known_before_the_first_reading() -> None:
    facts = Refreshed(key_store="cks-1")
    assert (facts.account, facts.domain, facts.audit, facts.last_success_s) == (None, None, None, None)
