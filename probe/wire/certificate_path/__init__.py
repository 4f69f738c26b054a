"""Whether a TLS client accepts a server's certificates, decided by two third-party validators. Pure.

`decision.decide` calls both. `probe/wire/chain.py` explains a refusal, but does not decide.
"""
