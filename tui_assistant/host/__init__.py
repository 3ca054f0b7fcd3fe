"""The one shell around an engine.

It runs the engine's Asks in worker processes, stamps the Answers, ticks the clock and keeps the input log. Nothing here
draws a screen or opens a sound device.
"""
