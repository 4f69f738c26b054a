"""From evidence to a report, one stage a file, in the order in which they run (pure).

`evaluate` runs the catalogue, `entry_points` weighs faults of one way in, `observed` lets what got through
outrank what is configured, `public_endpoint` moves errors to create, `predict` says what KMS would say,
`agreement` compares that with what KMS says. May import `requirements` and what is below; no sockets, no
clock. A new rule of judgement that spans requirements is a stage of its own here, and a line in `evaluate`.
"""
