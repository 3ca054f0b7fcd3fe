"""For all tests: the project's own pytest plugin, also where the package is not installed."""

pytest_plugins = ["tui_assistant.testing.plugin"]
