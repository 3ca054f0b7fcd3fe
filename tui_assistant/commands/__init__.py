"""What the commands do, one module each. The command line itself is declared in tui_assistant/cli.py.

These modules import numpy and Textual inside functions only: `tui-assistant --help` has to be quick. Each `run` returns
an exit status and raises AssistantError for what it cannot do.
"""
