"""The verbs of the command line: each wires the rooms together and decides nothing."""
