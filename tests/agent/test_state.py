"""The state of each key store, and the evidence made from it."""

import time
from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, HOST, SPEC, STORE

from probe.agent.history import History
from probe.agent.round import plans_within
from probe.agent.state import State
from probe.model.facts import DomainFacts
from probe.model.measurements import HealthDetails, Measurement, Phase
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import MEASURED, Scope
from probe.signing.client import ProxyAccess
from probe.signing.credential import Credential

TCP = PlannedCheck(check=Check.TCP, interval_s=1.0, timeout_s=1.0)
ONE, TWO = (
    KeyStoreSpec(
        id=id_, region="eu-west-1", uri_endpoint=f"https://{id_}.example.com", uri_path="/kms/xks/v1"
    )
    for id_ in ("cks-1", "cks-2")
)


def node(store: str, host: str) -> Target:
    return Target(name=f"node-{host}", role=Role.NODE, host=host, key_store=store, plans=(TCP,))


TARGETS = (node("cks-1", "10.0.0.1"), node("cks-2", "10.0.0.2"))
REGION = Target(name="region", role=Role.REGION, host="10.0.0.3", plans=(TCP,))


def connected(target: Target) -> Measurement:
    return Measurement(
        target=target, check=Check.TCP, started_at_s=time.time(), phases_s={Phase.CONNECT: 0.001}
    )


def test_evidence_has_the_measurements_of_its_key_store_and_of_targets_without_one() -> None:
    history = History()
    state = State(Settings(targets=(*TARGETS, REGION), stores=(ONE, TWO)), history)
    history.on_targets(state.targets)
    for target in state.targets:
        history.on_measurement(connected(target))
    for store, host in zip(state.stores, ("10.0.0.1", "10.0.0.2"), strict=True):
        evidence = state.snapshot(store)
        assert {t.host for t in evidence.targets} == {host, "10.0.0.3"}
        assert {m.target.host for m in (*evidence.latest, *evidence.recent)} == {host, "10.0.0.3"}
        assert {w.target for w in evidence.windows} == {f"node-{host}", "region"}
        assert evidence.spec == store.declared
    assert len(state.snapshot().targets) == 3


@pytest.mark.parametrize(("configured", "used"), [(None, "127.0.0.1"), ("192.0.2.9", "192.0.2.9")])
def test_evidence_has_this_machines_address_towards_each_node(configured: str | None, used: str) -> None:
    towards = replace(TARGETS[0], host="127.0.0.1")
    state = State(Settings(targets=(towards,), stores=(ONE,), source_address=configured), History())
    (store,) = state.stores
    assert state.snapshot(store).source_addresses == {}  # not needed without an account
    state.update(ONE, account=replace(ACCOUNT, load_balancers=()))
    (store,) = state.stores
    assert state.snapshot(store).source_addresses == {"127.0.0.1": used}


def test_an_account_adds_missing_settings_and_targets() -> None:
    state = State(Settings(stores=(KeyStoreSpec(region="eu-west-1"),), plans=plans_within(5.0)), History())
    (store,) = state.stores
    assert state.targets == ()
    assert state.update(store.declared, account=replace(ACCOUNT, key_stores=(STORE,)))
    (store,) = state.stores
    assert (store.spec.id, store.spec.host) == (STORE.id, HOST)
    assert {(t.key_store, t.server_name) for t in state.targets} == {(STORE.id, HOST)}
    assert not state.update(store.declared, account=replace(ACCOUNT, key_stores=(STORE,)))


def test_facts_are_stored_for_their_own_key_store() -> None:
    facts = DomainFacts(private_dns_name="x", registrable=None)
    state = State(Settings(stores=(ONE, TWO)), History())
    state.update(TWO, domain=facts)
    assert [state.snapshot(store).domain for store in state.stores] == [None, facts]


FACTS = DomainFacts(private_dns_name="x", registrable=None)


@pytest.mark.parametrize(
    ("changed", "keeps_account", "keeps_domain"),
    [
        ({}, True, True),
        ({"uri_path": "/new/kms/xks/v1"}, True, True),
        ({"key_id": "another"}, True, True),
        ({"uri_endpoint": "https://other.example.com"}, True, False),
        ({"region": "eu-west-3"}, False, False),
        ({"service_name": "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"}, False, False),
        ({"service_owner": "123456789012"}, False, False),
        ({"id": "cks-9"}, False, False),
    ],
    ids=str,
)
def test_new_settings_keep_the_facts_that_are_still_about_the_same_key_store(
    changed: dict[str, str], *, keeps_account: bool, keeps_domain: bool
) -> None:
    account = replace(ACCOUNT, load_balancers=())
    state = State(Settings(stores=(ONE, TWO)), History())
    state.update(ONE, account=account, domain=FACTS)
    state.reconfigure(Settings(stores=(TWO, replace(ONE, **changed))), ())  # type: ignore[arg-type]
    two, one = state.stores
    assert two.declared == TWO
    assert one.account == (account if keeps_account else None)
    assert one.domain == (FACTS if keeps_domain else None)


def test_new_settings_change_targets_and_access() -> None:
    access = ProxyAccess(None)
    state = State(Settings(targets=TARGETS, stores=(ONE, TWO)), History(), [access, None])
    assert not state.reconfigure(Settings(targets=TARGETS, stores=(ONE, TWO)), [None, access])
    assert [store.access for store in state.stores] == [None, access]
    assert state.reconfigure(Settings(targets=TARGETS[:1], stores=(ONE,)), [None])
    assert [target.host for target in state.targets] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("has_access", "has_account", "scopes"),
    [
        (False, False, set()),
        (True, False, {Scope.HEALTH}),
        (False, True, {Scope.ACCOUNT}),
        (True, True, {Scope.HEALTH, Scope.ACCOUNT}),
    ],
)
def test_the_scopes_of_evidence_match_its_sources(
    *, has_access: bool, has_account: bool, scopes: set[Scope]
) -> None:
    access = ProxyAccess(Credential("A" * 20, "b" * 43)) if has_access else None
    state = State(Settings(stores=(SPEC,)), History(), [access])
    if has_account:
        state.update(SPEC, account=ACCOUNT)
    evidence = state.snapshot(state.stores[0])
    assert evidence.scopes == MEASURED | scopes
    assert (evidence.credential is not None) == has_access


def test_only_a_proxy_with_a_valid_uri_path_has_a_client() -> None:
    access = ProxyAccess(None)
    invalid_path = replace(TWO, uri_path="/elsewhere")
    state = State(Settings(stores=(ONE, invalid_path)), History(), [access, access])
    assert set(state.clients) == {"cks-1"}


def test_evidence_has_the_newest_health_measurement_of_each_purpose() -> None:
    history = History()
    state = State(Settings(targets=TARGETS[:1], stores=(ONE,)), history)
    (target,) = state.targets
    history.on_targets(state.targets)
    purposes = (*["health"] * 10, "unsigned", "get")
    for number, purpose in enumerate(purposes):
        details = HealthDetails(purpose=purpose, status=200 + number)
        history.on_measurement(
            Measurement(target=target, check=Check.HEALTH_COLD, started_at_s=float(number), details=details)
        )
    evidence = state.snapshot(state.stores[0])
    assert {m.purpose: m.started_at_s for m in evidence.latest} == {
        "health": 9.0,
        "unsigned": 10.0,
        "get": 11.0,
    }
    assert [m.started_at_s for m in evidence.recent if m.purpose == "health"] == [*map(float, range(2, 10))]
