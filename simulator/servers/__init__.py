"""Everything that answers in a simulation: XKS proxies, name servers, Regions, key managers.

`servers` is the process; `xks_*` is the proxy API, `tls_*` and `http_*` what carries it, `dns_answers` the
name servers. May import `network` and `scenario`. A new server is started in `servers` and has its answers
in a file of its own.
"""
