"""The servers of a simulation: XKS proxies, name servers, Regions, key managers.

`servers` is the process. `xks_*` is the proxy API, `tls_*` and `http_*` are the protocols below it,
`dns_answers` is the name servers. May import `network` and `scenario`. A new server is started in `servers`
and gets its own module.
"""
