"""What a person wrote is wrong: every mistake of one text, found in one go."""


class InputError(ValueError):
    r"""``errors`` has one line for each mistake: "path: what is wrong; what to do".

    >>> str(InputError(("a: missing; write one", "b: twice; delete one")))
    'a: missing; write one\nb: twice; delete one'
    """

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
