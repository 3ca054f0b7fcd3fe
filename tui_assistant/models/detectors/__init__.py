"""Voice-activity detectors: the one kind of model that the engine calls itself, inside `feed`.

Each module has `create(options)`; the detector it returns gives p(speech) for frames of 512 samples at 16 kHz, depends
on nothing but the frames since `reset`, and shares no changing state with other detectors.
"""
