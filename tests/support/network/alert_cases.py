"""Which alerts fire on which faults of a simulation: in a network that is configured, and in a discovered one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.network.observed_agent import BROKEN, ObservedAgent
from support.network.prometheus_server import wait_for

from simulator import Fault

Change = Callable[[ObservedAgent], None]
# While an extra CA is configured, predictions are undecided for good, and their alert is silent.
NO_EXTRA_CA: dict[str, Any] = {"extra_authorities": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase:
    """Faults that are set and removed; all ``alerts`` fire meanwhile, and clear afterwards."""

    name: str
    set_faults: Change
    remove_faults: Change
    alerts: frozenset[str]


def check_alerts(case: AlertCase, observed: ObservedAgent) -> None:
    """The alerts do not fire, then each fires with the faults, and all clear once these are removed.

    They need not fire at the same time: a changed issuer is new only for an hour, which is 30 s here. Other alerts
    may still fire after an earlier case.
    """
    fired: set[str] = set()

    def have_fired() -> bool:
        fired.update(observed.firing())
        return case.alerts <= fired

    observed.wait_for_scrape()
    wait_for(f"{set(case.alerts)} do not fire yet", lambda: not case.alerts & observed.firing())
    case.set_faults(observed)
    wait_for(f"{set(case.alerts)} fire", have_fired)
    case.remove_faults(observed)
    wait_for(f"{set(case.alerts)} clear", lambda: not case.alerts & observed.firing())


def set_partial_faults(observed: ObservedAgent) -> None:
    observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.DEAD)
    observed.simulation.set_delay("hsm-1", 0.060)
    observed.simulation.set_fault("*", Fault.EXPIRES_SOON)


def remove_partial_faults(observed: ObservedAgent) -> None:
    observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.ALIVE)
    observed.simulation.set_delay("hsm-1", 0.012)
    observed.simulation.set_fault("*", Fault.GOOD)


def set_total_faults(observed: ObservedAgent) -> None:
    for node in observed.simulation.scenario.nodes:
        observed.simulation.set_fault(node.name, Fault.DEAD)
    observed.simulation.set_fault("*", Fault.UNLISTED_AUTHORITY)


def remove_total_faults(observed: ObservedAgent) -> None:
    for node in observed.simulation.scenario.nodes:
        observed.simulation.set_fault(node.name, Fault.ALIVE)
    observed.simulation.set_fault("*", Fault.GOOD)


def set_proxy_faults(observed: ObservedAgent) -> None:
    observed.simulation.set_fault("*", Fault.ALL_UNAVAILABLE)
    observed.simulation.set_fault(observed.simulation.scenario.backends[0].name, Fault.EXPIRES_SOON)


def remove_proxy_faults(observed: ObservedAgent) -> None:
    for fault in (Fault.ALIVE, Fault.GOOD, Fault.HEALTHY):
        observed.simulation.set_fault("*", fault)


def on_all_backends(fault: Fault) -> Change:
    return lambda observed: observed.simulation.set_fault("*", fault)


def load_broken_file(observed: ObservedAgent) -> None:
    observed.reload({**observed.settings, **BROKEN})


def load_file(observed: ObservedAgent) -> None:
    observed.reload(observed.settings)


def set_account(**changes: Any) -> Change:
    return lambda observed: observed.simulation.set_account({"key_stores": [{}], **changes})


def set_faults_of_each_part(observed: ObservedAgent) -> None:
    failed = {"ConnectionState": "FAILED", "ConnectionErrorCode": "XKS_PROXY_TIMED_OUT"}
    set_account(key_stores=[failed])(observed)
    observed.simulation.set_loss("hsm-1", 0.4)
    first, second = observed.simulation.scenario.backends
    observed.simulation.set_fault(first.name, Fault.SLOW_300_MS)
    observed.simulation.set_fault(second.name, Fault.UNLISTED_AUTHORITY)


def remove_faults_of_each_part(observed: ObservedAgent) -> None:
    set_account()(observed)
    observed.simulation.set_loss("hsm-1", 0.0)
    remove_proxy_faults(observed)


def disconnect_and_distrust(observed: ObservedAgent) -> None:
    """Without the proxy's CA, the agent sends no signed requests, so it does not know what the proxy would answer."""
    set_account(key_stores=[{"ConnectionState": "DISCONNECTED"}])(observed)
    observed.reload({**observed.settings, **NO_EXTRA_CA})


def connect_and_trust(observed: ObservedAgent) -> None:
    set_account()(observed)
    load_file(observed)


def restart_without_permissions(observed: ObservedAgent) -> None:
    """It knows nothing of an earlier audit, so nothing stands in for what it may not read."""
    set_account(refused={"*": "UnauthorizedOperation"})(observed)
    observed.stop_agent()
    observed.start_agent({**observed.settings, **NO_EXTRA_CA})


def report_rarely(observed: ObservedAgent) -> None:
    observed.reload({**observed.settings, "report_interval": "1m"})


CONFIGURED = (
    AlertCase(
        name="a dead zone, a slow key manager, an expiring certificate",
        set_faults=set_partial_faults,
        remove_faults=remove_partial_faults,
        alerts=frozenset(
            {
                *("XksProbePathPartiallyDead", "XksProbeRoundTripOverLimit", "XksProbeCertificateExpiring"),
                *("XksProbeKmsErrorPossible", "XksProbeRequirementNoLongerMet"),
            }
        ),
    ),
    AlertCase(
        name="all nodes dead, unlisted CA",
        set_faults=set_total_faults,
        remove_faults=remove_total_faults,
        alerts=frozenset(
            {
                *("XksProbeProxyUnreachable", "XksProbeCertificateRefusedByKms"),
                *("XksProbeKmsErrorPredicted", "XksProbeRequirementViolated"),
            }
        ),
    ),
    AlertCase(
        name="all backends refuse connections",
        set_faults=on_all_backends(Fault.REFUSED),
        remove_faults=remove_proxy_faults,
        alerts=frozenset({"XksProbeAllBackendsDead", "XksProbeProxyUnreachable"}),
    ),
    AlertCase(
        name="key managers unavailable, another certificate on one backend",
        set_faults=set_proxy_faults,
        remove_faults=remove_proxy_faults,
        alerts=frozenset(
            {"XksProbeKeyManagerDead", "XksProbeCertificateDiffers", "XksProbeKmsErrorPredicted"}
        ),
    ),
    AlertCase(
        name="credential refused",
        set_faults=on_all_backends(Fault.UNAUTHORIZED),
        remove_faults=remove_proxy_faults,
        alerts=frozenset({"XksProbeHealthFailing", "XksProbeKmsErrorPredicted"}),
    ),
    AlertCase(
        name="clock wrong",
        set_faults=on_all_backends(Fault.CLOCK_WRONG),
        remove_faults=remove_proxy_faults,
        alerts=frozenset({"XksProbeClockOffset"}),
    ),
    AlertCase(
        name="the changed file is invalid",
        set_faults=load_broken_file,
        remove_faults=load_file,
        alerts=frozenset({"XksProbeReloadFailed"}),
    ),
    AlertCase(
        name="agent stopped",
        set_faults=ObservedAgent.stop_agent,
        remove_faults=ObservedAgent.start_agent,
        alerts=frozenset({"XksProbeAgentAbsent"}),
    ),
)

DISCOVERED = (
    AlertCase(
        name="KMS reports a failure; loss, slow responses, another issuer",
        set_faults=set_faults_of_each_part,
        remove_faults=remove_faults_of_each_part,
        alerts=frozenset(
            {
                *("XksProbeKeyStoreNotConnected", "XksProbePathLossy"),
                *("XksProbeHealthSlow", "XksProbeIssuerChanged"),
            }
        ),
    ),
    AlertCase(
        name="all AWS calls are denied",
        set_faults=set_account(refused={"*": "UnauthorizedOperation"}),
        remove_faults=set_account(),
        alerts=frozenset({"XksProbeAuditDenied", "XksProbeAuditStale"}),
    ),
    AlertCase(
        name="KMS is disconnected, and the proxy's CA is no longer configured",
        set_faults=disconnect_and_distrust,
        remove_faults=connect_and_trust,
        alerts=frozenset({"XksProbeKeyStoreNotConnected", "XksProbeRequirementNoLongerMet"}),
    ),
    AlertCase(
        name="reports once in a minute",
        set_faults=report_rarely,
        remove_faults=load_file,
        alerts=frozenset({"XksProbeResultsStale"}),
    ),
    AlertCase(
        name="the agent restarts without permissions",
        set_faults=restart_without_permissions,
        remove_faults=set_account(),
        alerts=frozenset({"XksProbeAuditDenied", "XksProbeAuditStale", "XksProbePredictionBlind"}),
    ),
)
