"""Adapters between the engine's ports and real models: one file per model, found through entry points.

Only `engine.ports`, `protocol`, `sound` and `errors` are known here; what is heavy is imported by the model that needs
it.
"""
