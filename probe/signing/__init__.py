"""The XKS proxy's credential, its signature, and for whom one is made.

`credential` alone holds the secret, `sigv4` alone uses it, `peer_check` says which requirement a peer does
not meet. May import `requirements` and `probes`; botocore's signer in `sigv4` alone. Nothing here is
printed or kept.
"""
