"""The XKS proxy's credential, its signature, and for whom one is made.

`credential` alone holds the secret, `sigv4` alone uses it, `peer_check` says which requirement a peer does
not meet. May import `requirements`, `probes` and what is below; botocore's signer in `sigv4` alone. Nothing
here is printed or kept. Another way to hand in the credential is a reader in `credential`.
"""
