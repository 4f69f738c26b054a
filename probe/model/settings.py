"""The agent's settings: the validated configuration file as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probe.model.store import KeyStoreSpec
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import PlannedCheck, Role, Target

DEFAULT_LISTEN_PORT = 9911


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    """Where a proxy's credential is read from, if configured: a file, or the ARN of a secret."""

    file: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTimes:
    """How often facts that change rarely are read, and the timeout of one reading.

    The audit reads the AWS account; the record is the verification record of the private DNS name.
    """

    audit_interval_s: float = 300.0
    audit_timeout_s: float = 30.0
    record_interval_s: float = 300.0
    record_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySettings:
    """The file of the history, how long results are kept, and its maximum size with its write-ahead log."""

    path: str
    keep_s: float
    most_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Built by ``probe.config`` from YAML. Names are unique; no interval is shorter than its timeout.

    ``stores`` are the key stores, with unique ids; each target has the id of its key store.
    ``plans`` are the checks of discovered targets, per role. ``credentials`` maps a key store's id to the
    location of its proxy's credential; if a store is missing there, systemd's credentials directory and
    the environment are used. ``discovered`` are the ids of the stores whose AWS account is read, at
    ``refresh``'s intervals; ``public_resolvers`` are queried for their verification records (empty: the
    default ones). ``resolvers`` are the IPv4 addresses of the name servers to use; empty means the
    system's. ``extra_authorities`` are DER root certificates that the user trusts and KMS does not;
    ``is_simulation``: they count as KMS's, because the network is simulated (no file can set this).
    ``vantage`` is the user's name of the place that the agent probes from; "" if none is configured.
    """

    targets: tuple[Target, ...] = ()
    stores: tuple[KeyStoreSpec, ...] = ()
    plans: Mapping[Role, tuple[PlannedCheck, ...]] = field(default_factory=dict)
    credentials: Mapping[str, CredentialSource] = field(default_factory=dict)
    discovered: frozenset[str] = frozenset()
    refresh: RefreshTimes = RefreshTimes()
    public_resolvers: tuple[str, ...] = ()
    listen_host: str = "127.0.0.1"
    listen_port: int = DEFAULT_LISTEN_PORT
    external_url: str | None = None
    allow_unauthenticated: bool = False
    resolvers: tuple[str, ...] = ()
    source_address: str | None = None
    extra_authorities: tuple[bytes, ...] = ()
    is_simulation: bool = False
    vantage: str = ""
    threshold_s: float = RTT_THRESHOLD_S
    report_interval_s: float = 10.0
    history: HistorySettings | None = None  # None: results are not kept on disk


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadResult:
    """The result of one reload: without ``errors``, the new settings are in use.

    ``after_restart`` are the keys of the file whose new values take effect only when the agent is restarted.
    """

    errors: tuple[str, ...] = ()
    after_restart: tuple[str, ...] = ()

    @property
    def is_successful(self) -> bool:
        return not self.errors
