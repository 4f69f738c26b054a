"""The command line, one file a command. Each wires network, probes and exporters; none computes.

`app` has the table of commands and turns every exception into a line and an exit status, `options` what
several commands ask for, `output` how a document is written. The only folder that knows `config` and
`exporters`, and, in `demo` and `doctor`, the simulator; it may import everything, slow libraries inside the
command that needs them. A new command is a file here with a `command` function, and a row in `app`.
"""
