"""Rebuilds the weights of the Silero detector from the published package, and checks that they are the ones we ship.

    pip download --no-deps silero-vad==6.2.3
    python assets/scripts/build_silero.py silero_vad-6.2.3-py3-none-any.whl            # compare with ours
    python assets/scripts/build_silero.py silero_vad-6.2.3-py3-none-any.whl --out new.npz

The argument is the wheel, or the file silero_vad_16k_op15.onnx out of it. Exit status: 0 identical, 3 different, 2 not
the published file. Beware: other files of the same wheel hold other weights (the .safetensors and the _half.onnx).

The ONNX file is a protocol-buffers message; the few fields needed are read here, so that no onnx package is.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

MEMBER = "silero_vad/data/silero_vad_16k_op15.onnx"
ONNX_SHA256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"
OURS = Path(__file__).resolve().parents[2] / "tui_assistant/models/detectors/silero62_16k.npz"

# Field numbers of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
GRAPH, NODE, INITIALIZER, ATTRIBUTE = 7, 1, 5, 5
NODE_OUTPUT, ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH = 2, 5, 6
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA = 1, 2, 4, 8, 9
FLOAT32 = 1

Fields = Iterator[tuple[int, "int | memoryview"]]


def fields(message: memoryview) -> Fields:
    """(field number, value) in file order: varints as int, everything else as bytes."""
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = varint(message, position)
            yield number, value
            continue
        if wire_type == 2:
            size, position = varint(message, position)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"unknown wire type {wire_type}")
        yield number, message[position : position + size]
        position += size


def varint(message: memoryview, position: int) -> tuple[int, int]:
    """The number at `position` and the position behind it."""
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def tensor(message: memoryview) -> tuple[str, np.ndarray | None]:
    """Name and value of a TensorProto; None for anything but float32."""
    dims: list[int] = []
    name, kind, data = "", 0, b""
    for number, value in fields(message):
        if number == DIMS and isinstance(value, int):
            dims.append(value)
        elif number == DIMS:
            position = 0
            while position < len(value):
                size, position = varint(value, position)
                dims.append(size)
        elif number == DATA_TYPE:
            kind = value
        elif number == NAME:
            name = bytes(value).decode()
        elif number in (RAW_DATA, FLOAT_DATA):
            data += bytes(value)
    return name, np.frombuffer(data, "<f4").reshape(dims) if kind == FLOAT32 else None


def tensors(graph: memoryview) -> dict[str, np.ndarray]:
    """Every float32 tensor of the graph and of the graphs inside it: initializers and the outputs of Constant nodes."""
    found: dict[str, np.ndarray] = {}
    for number, value in fields(graph):
        if number == INITIALIZER:
            name, array = tensor(value)
            if array is not None:
                found[name] = array
        elif number == NODE:
            parts = list(fields(value))
            outputs = [bytes(part).decode() for field, part in parts if field == NODE_OUTPUT]
            for field, part in parts:
                if field != ATTRIBUTE:
                    continue
                for inner, content in fields(part):
                    if inner == ATTRIBUTE_GRAPH:
                        found |= tensors(content)
                    elif inner == ATTRIBUTE_TENSOR and (array := tensor(content)[1]) is not None:
                        found[outputs[0]] = array
    return found


# Ours on the left; what it is called in the published graph on the right.
NAMES = {
    **{f"lstm_cell.{part}": f"model.decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    **{f"final_conv.{part}": f"model.decoder.decoder.2.{part}" for part in ("weight", "bias")},
    **{
        f"conv{n + 1}.{part}": f"model.encoder.{n}.reparam_conv.{part}" for n in range(4) for part in ("weight", "bias")
    },
}
STFT = "model.stft.forward_basis_buffer"


def extract(onnx: bytes) -> dict[str, np.ndarray]:
    """The tensors of silero62_16k.npz. Raises ValueError when the graph's STFT is not a windowed DFT."""
    graph = next(value for number, value in fields(memoryview(onnx)) if number == GRAPH)
    found = tensors(graph)
    # The graph does its STFT as a convolution: rows 0-128 are window x cos, 129-257 window x -sin. Row 0, cos(0) = 1,
    # is therefore the window, and an FFT can do the rest if the other rows say so too.
    basis = found[STFT][:, 0]
    window = basis[0]
    angles = 2 * np.pi / 256 * np.outer(np.arange(129), np.arange(256))
    error = np.abs(basis - np.concatenate([np.cos(angles), -np.sin(angles)]) * window).max()
    if error > 1e-6:
        raise ValueError(f"the graph's STFT is not a windowed DFT: off by {error:.1e}")
    return {ours: found[theirs] for ours, theirs in NAMES.items()} | {"hann": window}


def read_onnx(path: Path) -> bytes:
    """The published ONNX file, out of the wheel or as it is. Raises ValueError when it is another."""
    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            data = wheel.read(MEMBER)
    if hashlib.sha256(data).hexdigest() != ONNX_SHA256:
        raise ValueError("this is not the published silero_vad_16k_op15.onnx of silero-vad 6.2.3 (its SHA-256 differs)")
    return data


def differences(built: dict[str, np.ndarray]) -> list[str]:
    """One line for every tensor that is not, to the bit, the one in our package."""
    lines = []
    with np.load(OURS) as ours:
        for name in sorted(set(ours.files) | set(built)):
            if name not in ours.files or name not in built:
                lines.append(f"{name}: only in {'the published file' if name in built else 'our file'}")
            elif ours[name].shape != built[name].shape or ours[name].tobytes() != built[name].tobytes():
                lines.append(f"{name}: differs")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the wheel of silero-vad 6.2.3, or its silero_vad_16k_op15.onnx")
    parser.add_argument("--out", type=Path, help="where to write the rebuilt .npz")
    arguments = parser.parse_args()
    try:
        built = extract(read_onnx(arguments.source))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"{arguments.source}: {error}", file=sys.stderr)
        return 2
    if arguments.out:
        np.savez(arguments.out, **built)
    lines = differences(built)
    print("\n".join(lines) or f"identical: {len(built)} tensors, {sum(map(np.size, built.values()))} numbers")
    return 3 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
