"""What KMS says when a requirement is violated: the tables of errors, with basis and likelihood.

`account` has those of what is configured, `path` those of network and TLS, `health` those of the proxy's
answers; `error` is how one is written. Constants alone, imported by the judges. A new error stands where its
cause does, with its source.
"""
