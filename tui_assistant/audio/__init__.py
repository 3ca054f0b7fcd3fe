"""Microphones and speakers: sound cards through PortAudio or miniaudio, files, pipes, and nothing at all in real time.

Every device speaks mono int16 at its own rate behind the two Protocols of `base`; who uses one polls it and resamples.
Device callbacks only copy and stamp. Importing this room loads neither sounddevice nor miniaudio: a machine without
sound notices when it opens a device, with one clear line.
"""
