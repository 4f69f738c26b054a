"""The errors that KMS returns if a requirement is violated, with basis and likelihood.

`account` has the errors for configuration, `path` those for network and TLS, `health` those for the proxy's
responses; `error` makes one. Only constants, imported by the judges. Put a new error into the file of its
cause, with its source.
"""
