"""The vocabulary: every value that passes between modules, frozen, units in names.

A *probe* takes a *target* and gives a *measurement*. A *requirement* takes *evidence* and gives a
*verdict*. Whoever wants results is a *sink*. Facts and opinions stay apart: everything in ``measurements``
says what was seen, only ``verdicts`` says what should be. Imports nothing but the standard library, and of
that nothing that acts. A new check or role is a member in ``targets`` and a row in ``kinds``.

Read in this order: ``targets``, ``kinds``, ``measurements``, ``store``, ``evidence``, ``verdicts``,
``ports``.
"""
