"""From evidence to a report, one stage a file, in the order in which they run (pure).

`judge` is the line of stages: `evaluate` asks every requirement; `entry_points` weighs faults of one way in,
`observed` lets what got through outrank what is configured, `public_endpoint` moves errors to create;
`predict` says what KMS would say, `agreement` compares that with what KMS says. (`remedy` fills in what to
do.) May import `requirements` and what is below; no sockets, no clock. What a stage has to know of a
requirement is declared with it (`Trait`): no stage names one. A new rule of judgement that spans requirements
is a stage of its own here, and its place in `judge.CORRECTIONS`.
"""
