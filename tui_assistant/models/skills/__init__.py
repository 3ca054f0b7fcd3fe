"""What the assistant can do by itself, offline: each skill is declared once, as a frozen value with a name, parameters,
sample phrases and a handler. The recogniser's language model, the matcher and the tool definitions for language models
all come from that one declaration (catalogue.py lists them)."""
