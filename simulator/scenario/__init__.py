"""Scenario files: the hosts of a simulation, their addresses, and the agent's configuration for it (pure).

`load` reads a file, `reader` validates it and reports all errors at once, `scenario` defines the values and
`addressing` the addresses. Does not import the processes that run a scenario. A new key in the format needs a
field in `scenario` and a line in `reader`.
"""
