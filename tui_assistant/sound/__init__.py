"""Samples and nothing else: ring, resampler, level meter, G.711 and WAV, on numpy, without any I/O of their own.

Everywhere in this room audio is mono int16; full scale is 32768. No clock is read: time is counted in samples.
"""
