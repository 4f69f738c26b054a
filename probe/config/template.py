"""The configuration that `xks-probe init` writes: to be filled in, and valid as it is."""

_TEMPLATE = """\
# xks-probe: what to probe, and how often. Fill in, then: xks-probe check-config
# Durations: 250ms, 15s, 10m, 1h. Addresses are IPv4, as XKS is. Every key: docs/configuration.md
# The addresses below are for documentation (RFC 5737); nothing answers there.

# Where a credential is at hand the proxy is asked for its health, by signed requests as KMS makes them.
# key_store: {id: cks-1234567890abcdef0, region: eu-central-1, uri_path: /kms/xks/v1}

proxy:
  private_dns_name: myproxy-private.xks.example.com   # sent as SNI; the certificate's CN must match it
  # address: 192.0.2.5                     # probes the proxy itself: its name mostly does not resolve here

nodes:                                     # the Network Load Balancer's addresses, one a zone
  - {name: nlb-az1, address: 192.0.2.10, zone: use1-az1}
  - {name: nlb-az2, address: 192.0.2.20, zone: use1-az2}

backends:                                  # the targets registered behind it
  - {name: proxy-1, address: 192.0.2.11, zone: use1-az1}
  - {name: proxy-2, address: 192.0.2.21, zone: use1-az2}

key_managers:                              # what the proxy asks: the far end of the 35 ms
  - {name: hsm-1, host: 192.0.2.30, port: 443}

regions:                                   # candidate Regions; their public KMS endpoints are probed
  # - eu-central-1

resolvers:                                 # name servers to watch
  # - {name: vpc-resolver, address: 192.0.2.2, question: {name: xks.example.com, type: TXT}}

# resolve_with: [192.0.2.2]                # resolves the names above; else the system's name servers do
# extra_authorities: [private-root.pem]    # KMS does not trust these: every report says so
# intervals: {icmp: 1s, tcp: 15s, tls: 60s, dns: 60s, health: 60s}
# timeouts: {icmp: 2s, tcp: 2s, tls: 5s, dns: 3s, health: 10s}
# threshold: 35ms
# report_interval: 10s
# listen: 127.0.0.1:9911
# source_address: 192.0.2.9
# external_url: https://probe.example.com/
# allow_unauthenticated: false
# govcloud: false
"""


def template() -> str:
    return _TEMPLATE
