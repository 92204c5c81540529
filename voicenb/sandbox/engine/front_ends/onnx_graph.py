"""Cutting an ONNX model in two where its prosody passes, without the onnx package.

hibari's model goes from phonemes to spectra in one call and keeps durations, pitch and energy to itself. They cross three
tensors, so the shipped file is rewritten at load into a first half that gives them and a second half that takes
them. An ONNX file is a protobuf message; the few fields needed here are read and written by hand.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (ModelProto.graph = 7; GraphProto.node = 1, initializer = 5,
input = 11, output = 12, value_info = 13; NodeProto.input = 1, output = 2, name = 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FLOAT", "INT64", "Tensor", "subgraph"]

FLOAT, INT64 = 1, 7
"""TensorProto.DataType."""
_GRAPH = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13
_DELIMITED = 2


class Tensor(NamedTuple):
    """A graph input or output: its name, element type and named dimensions."""

    name: str
    kind: int
    dimensions: tuple[str, ...]


class _Field(NamedTuple):
    number: int
    value: bytes
    """The content of a length-delimited field; empty for numbers, which are only copied."""
    raw: bytes
    """The field as it stands, tag included."""


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return result, at


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _fields(data: bytes) -> Iterator[_Field]:
    at = 0
    while at < len(data):
        start = at
        key, at = _read_varint(data, at)
        number, wire, value = key >> 3, key & 7, b""
        if wire == 0:
            _, at = _read_varint(data, at)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        else:
            size, at = _read_varint(data, at)
            value = data[at : at + size]
            at += size
        yield _Field(number, value, data[start:at])


def _delimited(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _DELIMITED) + _varint(len(value)) + value


def _text(data: bytes, number: int) -> str:
    return next((field.value.decode() for field in _fields(data) if field.number == number), "")


def _value_info(tensor: Tensor) -> bytes:
    shape = b"".join(_delimited(1, _delimited(2, name.encode())) for name in tensor.dimensions)
    kind = b"\x08" + _varint(tensor.kind) + _delimited(2, shape)
    return _delimited(1, tensor.name.encode()) + _delimited(2, _delimited(1, kind))


def _rerouted(node: bytes, renamed: Mapping[str, str]) -> bytes:
    return b"".join(
        _delimited(1, renamed.get(field.value.decode(), field.value.decode()).encode())
        if field.number == 1
        else field.raw
        for field in _fields(node)
    )


def subgraph(
    model: bytes, inputs: Sequence[Tensor], outputs: Sequence[Tensor], reroute: Mapping[str, Mapping[str, str]]
) -> bytes:
    """The part of a model that computes `outputs` from `inputs`.

    Args:
        model: A serialised ModelProto.
        inputs: The inputs of the part.
        outputs: The outputs of the part, in order.
        reroute: By node name, which of its inputs read from which tensor instead: the cuts.

    Returns:
        A serialised ModelProto with only the nodes and weights that are needed.

    Raises:
        ValueError: A node named in `reroute` is not there.
    """
    return b"".join(
        _delimited(_GRAPH, _part(field.value, inputs, outputs, reroute)) if field.number == _GRAPH else field.raw
        for field in _fields(model)
    )


def _part(
    graph: bytes, inputs: Sequence[Tensor], outputs: Sequence[Tensor], reroute: Mapping[str, Mapping[str, str]]
) -> bytes:
    nodes, weights, others, found = [], [], [], set()
    for field in _fields(graph):
        if field.number == _NODE:
            name = _text(field.value, 3)
            if name in reroute:
                found.add(name)
                nodes.append(_rerouted(field.value, reroute[name]))
            else:
                nodes.append(field.value)
        elif field.number == _INITIALIZER:
            weights.append((_text(field.value, 8), field.raw))
        elif field.number not in {_INPUT, _OUTPUT, _VALUE_INFO}:
            others.append(field.raw)
    if missing := set(reroute) - found:
        raise ValueError(f"the model has no node named {', '.join(sorted(missing))}")
    needed, kept = {tensor.name for tensor in outputs}, []
    for node in reversed(nodes):
        if any(field.number == 2 and field.value.decode() in needed for field in _fields(node)):
            needed.update(field.value.decode() for field in _fields(node) if field.number == 1)
            kept.append(_delimited(_NODE, node))
    return b"".join(
        [
            *reversed(kept),
            *others,
            *(raw for name, raw in weights if name in needed),
            *(_delimited(_INPUT, _value_info(tensor)) for tensor in inputs),
            *(_delimited(_OUTPUT, _value_info(tensor)) for tensor in outputs),
        ]
    )
