"""Bytes to values and back: no I/O, no clock, and no exception whatever the bytes."""
