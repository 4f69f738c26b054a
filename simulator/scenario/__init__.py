"""Scenario files: what a simulation has, under which addresses, and the agent's configuration for it (pure).

`load` reads a file, `reader` checks it with all mistakes at once, `scenario` has the values, `addressing` the
addresses. Knows no process that plays it. A new key of the format is a field in `scenario` and a line in
`reader`.
"""
