"""Bytes to values and back: no I/O, no clock, and no exception but those that are documented (pure).

One file a format: ICMP, DNS, DER, certificates and their chains, the proxy's JSON, AWS's answers, YAML. May
import `model` alone. A new format is a file here, with a property test: any bytes in, a value or its
documented error out.
"""
