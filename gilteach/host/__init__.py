"""The host: what this machine is, and which Pythons it has."""
