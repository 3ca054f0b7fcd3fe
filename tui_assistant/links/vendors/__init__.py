"""Whose server a link talks to: address, key, dialect, rates and what is special, one row each. Data, no I/O."""
