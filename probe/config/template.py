"""The configuration that `xks-probe init` writes: to be filled in, and valid as it is."""

from probe.model.kinds import CHECKS, OF_STORE, PLANNED, ROLES
from probe.model.targets import Role
from probe.wire.duration import format_duration

_HELP_COLUMN = 43
_HEAD = """\
# xks-probe: what to probe, and how often. Fill in, then: xks-probe check-config
# Durations: 250ms, 15s, 10m, 1h. Addresses are IPv4, as XKS is. Every key: docs/configuration.md
# The addresses below are for documentation (RFC 5737); nothing answers there.

# Where a credential is at hand the proxy is asked for its health, by signed requests as KMS makes them.
# key_store: {id: cks-1234567890abcdef0, region: eu-central-1, uri_path: /kms/xks/v1}

proxy:
  private_dns_name: myproxy-private.xks.example.com   # sent as SNI; the certificate's CN must match it
  # address: 192.0.2.5                     # probes the proxy itself: its name mostly does not resolve here
"""
_TAIL = """\
# resolve_with: [192.0.2.2]                # resolves the names above; else the system's name servers do
# extra_authorities: [private-root.pem]    # KMS does not trust these: every report says so
# intervals: {INTERVALS}
# timeouts: {TIMEOUTS}
# threshold: 35ms
# report_interval: 10s
# listen: 127.0.0.1:9911
# source_address: 192.0.2.9
# external_url: https://probe.example.com/
# allow_unauthenticated: false
# govcloud: false
"""


def template() -> str:
    sections = "".join(f"\n{_section(role)}\n" for role in ROLES if role is not Role.PROXY)
    times = _TAIL.format(INTERVALS=_times("interval_s"), TIMEOUTS=_times("timeout_s"))
    return f"{_HEAD}{sections}\n{times}"


def _section(role: Role) -> str:
    """What most files have stands there to be changed, the rest is commented out."""
    kind = ROLES[role]
    head, dash = f"{kind.section}:".ljust(_HELP_COLUMN), "-" if role in OF_STORE else "# -"
    return "\n".join([f"{head}# {kind.help}", *(f"  {dash} {example}" for example in kind.examples)])


def _times(name: str) -> str:
    """The defaults, as a mapping in YAML."""
    kinds = [CHECKS[check] for check in PLANNED]
    return f"{{{', '.join(f'{kind.key}: {format_duration(getattr(kind, name))}' for kind in kinds)}}}"
