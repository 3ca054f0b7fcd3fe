"""The real llama.cpp server on a model file, as a program of its own: the package `xllamacpp` brings it compiled.

    python llama_program.py MODEL CONTEXT

Prints its address as soon as it listens, and ends with its standard input.
"""

from __future__ import annotations

import sys


def main(model: str, context: str) -> None:
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path, settings.n_ctx, settings.chat_template = model, int(context), "chatml"
    settings.cpuparams.n_threads = 1
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
