"""The command line, one file per command. Each connects network, probes and exporters; none computes.

`command_table` lists the commands, `app` runs one and turns every exception into a line and an exit status,
`options` has the options that several commands share, `output` writes documents, `usage` makes help and
completion. The only folder that imports `config` and `exporters`, and, in `demo` and `doctor`, the simulator;
it may import everything, but slow libraries only inside the command that needs them. A new command is a file
here with a `command` function, and a row in `command_table`; `make pages` adds it to the man page.
"""
