"""What differs between the wires: each dialect translates between its JSON and the one set of events inside. Pure."""
