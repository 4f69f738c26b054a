"""The command line as data: for help, completion, hints and the man page.

`read_typer` and `read_argparse` read the options of a command, `parameters` has them as values. `page`,
`completion` and `nearest` are functions of these; `scripts` has what a shell loads for completion. Nothing
here imports a command. A new use of the options is a file here; `tools/man_page.py` makes the man page.
"""
