"""The screen: it pulls one Snapshot per frame from the Talk, receives Notices as messages, and calls TalkApi.

`run_app` in run.py is the way in for a terminal, `run_plain` in plain.py for pipes, logs and screen readers. What is
drawn is decided by pure functions in drawing/; widgets/ only put the result on the screen and redraw what changed.
"""
