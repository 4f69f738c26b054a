"""Shared data types and the terms they define. All are frozen; units are part of the field names.

A *probe* measures a *target* and returns a *measurement*. A *requirement* evaluates *evidence* and returns a
*verdict*. A consumer of results is a *sink*. Measurement and judgement are separate: ``measurements`` holds
what was observed, only ``verdicts`` holds what should be. Imports only the standard library, and from it no
module that does I/O. A new check or role is a member in ``targets`` and a row in ``kinds``.

Read in this order: ``targets``, ``kinds``, ``measurements``, ``store``, ``evidence``, ``verdicts``,
``ports``.
"""
