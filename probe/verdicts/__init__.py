"""Turns evidence into a report, in stages; one file per stage (pure).

`judge` runs the stages in this order. `evaluate` runs every requirement. `seen_by_kms` meets what is unknown
about a certificate that KMS was seen to accept. `entry_points` lowers the likelihood of errors that not every
entry point has. `observed` removes errors that successful requests disprove. `public_endpoint` adds errors of
create. `several_load_balancers` adds how many of them are affected. `same_cause` marks a verdict whose cause
another one reports. `predict` predicts the errors of KMS, and `agreement` compares them with the state that
KMS reports. (`remedy` fills in the placeholders of a remedy; `credential_path` makes a note of the report.)
May import `requirements` and the layers below; no sockets, no clock. Stages never name a requirement: what
they need to know of it is declared with it (`Trait`). A new rule about several requirements is a new stage
here, listed in `judge.CORRECTIONS`.
"""
