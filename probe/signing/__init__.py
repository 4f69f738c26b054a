"""The XKS proxy's credential, request signing, and which servers may receive a signed request.

Only `credential` holds the secret, only `sigv4` uses it (with botocore's signer); `peer_check` checks a
server before anything is signed for it. May import `requirements`, `probes` and the layers below them.
Nothing here is printed or stored. A new source of the credential is a reader in `credential`.
"""
