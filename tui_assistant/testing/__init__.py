"""For the tests of other projects: a Realtime server on loopback with scripted replies. See plugin.py."""
