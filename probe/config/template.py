"""The configuration template that `xks-probe init` writes; it is valid as it is."""

from probe.model.kinds import CHECKS, OF_STORE, PLANNED, ROLES
from probe.model.settings import RefreshTimes
from probe.model.targets import Role
from probe.wire.duration import format_duration

_HELP_COLUMN = 43
_HEAD = """\
# Configuration of the xks-probe agent: the targets, and how often to probe them.
# Replace the example values, then run: xks-probe check-config
# Durations: 250ms, 15s, 10m, 1h. Addresses are IPv4, like XKS. All keys: docs/configuration.md
# The addresses below are reserved for documentation (RFC 5737); no host has them.

# With a credential for the proxy, the agent also sends it signed health requests, as KMS does.
# key_store: {id: cks-1234567890abcdef0, region: eu-central-1, uri_path: /kms/xks/v1}

proxy:
  private_dns_name: myproxy-private.xks.example.com   # sent as SNI; the certificate's CN must match it
  # address: 192.0.2.5                     # set it to probe the proxy; its name usually does not resolve here
"""
_TAIL = """\
# endpoint_service: com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0   # found through the AWS API
# discovery: true                          # read the AWS account of key_store or endpoint_service
# aws: {{region: eu-central-1}}            # default: the endpoint service's, AWS_REGION, the EC2 instance's
# public_resolvers: [192.0.2.3]            # for the verification record; default: three public ones
# resolve_with: [192.0.2.2]                # name servers for the names above; default: the system's
# extra_authorities: [private-root.pem]    # root CAs that KMS does not trust; every report shows them
# intervals: {INTERVALS}
# timeouts: {TIMEOUTS}
# vantage: ""                              # name of the place to probe from, shown with the results
# threshold: 35ms
# report_interval: 10s
# history: {{path: history.sqlite, keep: 7d, most_bytes: 512MiB}}  # default path: in $STATE_DIRECTORY
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
    """One section: examples that most configurations need are active, the others commented out."""
    kind = ROLES[role]
    head, dash = f"{kind.section}:".ljust(_HELP_COLUMN), "-" if role in OF_STORE else "# -"
    return "\n".join([f"{head}# {kind.help}", *(f"  {dash} {example}" for example in kind.examples)])


def _times(name: str) -> str:
    """The default intervals or timeouts, as a YAML mapping."""
    kinds = [CHECKS[check] for check in PLANNED]
    times_s = {kind.key: getattr(kind, name) for kind in kinds}
    times_s |= {key: getattr(RefreshTimes(), f"{key}_{name}") for key in ("audit", "record")}
    return f"{{{', '.join(f'{key}: {format_duration(time_s)}' for key, time_s in times_s.items())}}}"
