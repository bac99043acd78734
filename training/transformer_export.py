"""Write a trained network as ONNX with weights of eight bits.

Weights are rounded block by block; what flows through is quantized token by token when the
network runs. So the answer for a sentence does not depend on the sentences beside it, which it
would with the usual dynamic quantization, whose one scale for a whole batch comes from its most
extreme token.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)

from training.transformer_net import Network

OPSET = 17
BLOCK = 32
"""Weights that share a scale."""
EXACT = 4
"""Level of arithmetic that onnxruntime is asked for: 4 is eight-bit integers."""


def export(network: Network, target: Path) -> None:
    """Write a network.

    Parameters
    ----------
    network : Network
        Trained.
    target : Path
        The ONNX file to write.
    """
    network.eval()
    tokens = torch.ones(2, 8, dtype=torch.int64)
    stream = io.BytesIO()
    names = ("tokens", "segments", "mask")
    torch.onnx.export(
        network,
        (tokens, torch.zeros_like(tokens), torch.ones_like(tokens)),
        stream,
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes={name: {0: "sentences", 1: "length"} for name in names},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(stream.getvalue())
    # It reports every node otherwise.
    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
    quantizer = MatMulNBitsQuantizer(
        model,
        algo_config=DefaultWeightOnlyQuantConfig(
            block_size=BLOCK, is_symmetric=True, accuracy_level=EXACT, bits=8
        ),
    )
    quantizer.process()
    model = quantizer.model.model
    _shrink_words(model)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString(deterministic=True))


def _shrink_words(model: onnx.ModelProto) -> None:
    """Store the word embeddings with eight bits and one scale a word."""
    graph = model.graph
    largest = max(graph.initializer, key=lambda each: int(np.prod(each.dims)))
    lookup = next(node for node in graph.node if largest.name in node.input)
    words = numpy_helper.to_array(largest)
    scales = np.abs(words).max(axis=1, keepdims=True) / 127.0
    rounded = np.rint(words / np.maximum(scales, 1e-12)).astype(np.int8)
    graph.initializer.remove(largest)
    graph.initializer.extend(
        [
            numpy_helper.from_array(rounded, "words"),
            numpy_helper.from_array(scales.astype(np.float32), "words.scales"),
        ]
    )
    place = list(graph.node).index(lookup)
    asked, given = lookup.input[1], lookup.output[0]
    make = onnx.helper.make_node
    graph.node.remove(lookup)
    for node in reversed(
        (
            make("Gather", ["words", asked], ["words.rounded"], name="words.find"),
            make("Cast", ["words.rounded"], ["words.wide"], name="words.widen", to=1),
            make("Gather", ["words.scales", asked], ["words.scale"], name="words.find_scale"),
            make("Mul", ["words.wide", "words.scale"], [given], name="words.unround"),
        )
    ):
        graph.node.insert(place, node)
