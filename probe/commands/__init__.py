"""The command line, one file a command. Each wires door, probes and exporters; none computes."""
