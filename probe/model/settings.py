"""What the agent is told: the configuration file, checked, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probe.model.store import KeyStoreSpec
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import PlannedCheck, Role, Target

DEFAULT_LISTEN_PORT = 9911


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    """Where the credential of a proxy is, if the user says so: a file, or a secret's ARN."""

    file: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Made by ``probe.config`` from YAML; names are unique, intervals are not below their timeouts.

    ``stores`` are the key stores, with unique ids; targets name theirs.
    ``plans`` are those of targets that are discovered. ``credentials`` say of a store, by its id, where its
    proxy's credential is; of others it may be where systemd or the environment has it.
    ``resolvers`` are IPv4 addresses that names are resolved with; empty means the system's.
    ``extra_authorities`` are DER root certificates that the user trusts though KMS does not have them.
    """

    targets: tuple[Target, ...] = ()
    stores: tuple[KeyStoreSpec, ...] = ()
    plans: Mapping[Role, tuple[PlannedCheck, ...]] = field(default_factory=dict)
    credentials: Mapping[str, CredentialSource] = field(default_factory=dict)
    listen_host: str = "127.0.0.1"
    listen_port: int = DEFAULT_LISTEN_PORT
    external_url: str | None = None
    allow_unauthenticated: bool = False
    resolvers: tuple[str, ...] = ()
    source_address: str | None = None
    extra_authorities: tuple[bytes, ...] = ()
    threshold_s: float = RTT_THRESHOLD_S
    report_interval_s: float = 10.0
