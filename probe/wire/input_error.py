"""The exception for errors in user input; it reports all errors of one text together."""


class InputError(ValueError):
    r"""``errors`` has one line per error: "path: what is wrong; what to do".

    >>> str(InputError(("a: missing; write one", "b: twice; delete one")))
    'a: missing; write one\nb: twice; delete one'
    """

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
