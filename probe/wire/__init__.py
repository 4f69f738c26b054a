"""Encodes and decodes all external data formats; no I/O, no clock, only documented exceptions (pure).

One file per format: ICMP, DNS, DER, certificates and their chains, the proxy's JSON, AWS responses, YAML. May
import only `model`. A new format is a file here, with a property test: any bytes give a value or the
documented error.
"""
