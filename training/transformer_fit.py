"""Fine-tune the transformer: token batches, schedule of learning, and what is asked of it."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cmeneeds.evidence.classify import LABELS
from cmeneeds.evidence.transformer import context_of
from training.labelled import ACTORS, LEVELS, Labelled
from training.transformer_net import Network

Floats = NDArray[np.float32]

NONE = -100
"""What stands for "no level" and "no actor"; such sentences teach nothing there."""


class Recipe(NamedTuple):
    """How the network is trained. Chosen on folds 1 to 4 only."""

    epochs: int = 3
    batch: int = 32
    rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 0.9
    """Factor of the rate of learning from one layer to the one below."""
    warm_up: float = 0.06
    smoothing: float = 0.05
    side: float = 0.2
    """Weight of level and actor beside the label."""
    context: float = 0.5
    """Share of sentences shown with title and kind of section; the rest are shown alone, so that
    the network stays good at sentences that come without."""
    weights: tuple[float, ...] = (1.5, 1.3, 1.0, 1.3, 1.0, 1.0, 1.0)
    """How heavy a sentence of each label counts, in the order of ``LABELS``."""


class Example(NamedTuple):
    """A sentence to learn from, or to be asked about."""

    pmid: int
    text: str
    context: str
    label: int
    level: int
    actor: int


def example(sentence: Labelled) -> Example:
    """Turn what was read in a sentence into numbers."""
    row = sentence.row
    return Example(
        row.pmid,
        sentence.text,
        context_of(sentence.heading, sentence.title),
        LABELS.index(row.label),
        LEVELS.index(row.level) if row.level else NONE,
        ACTORS.index(row.actor) if row.actor else NONE,
    )


class Encoded(NamedTuple):
    """Tokens of a sentence, with and without its context."""

    alone: tuple[list[int], list[int]]
    placed: tuple[list[int], list[int]]


def encode(examples: Sequence[Example], tokenizer: Any) -> list[Encoded]:
    """Split sentences into tokens.

    Parameters
    ----------
    examples : sequence of Example
        What to encode.
    tokenizer : tokenizers.Tokenizer
        Without padding, cut at :data:`cmeneeds.evidence.transformer.LONGEST` tokens.
    """
    found = []
    for one in examples:
        alone = tokenizer.encode(one.text)
        placed = tokenizer.encode(one.text, one.context) if one.context else alone
        found.append(
            Encoded((alone.ids, alone.type_ids), (placed.ids, placed.type_ids)),
        )
    return found


def collate(parts: Sequence[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    """Pad sentences to the longest: tokens, segments and mask."""
    longest = max(len(tokens) for tokens, _ in parts)
    filled = torch.zeros(3, len(parts), longest, dtype=torch.int64)
    for row, (tokens, segments) in enumerate(parts):
        filled[0, row, : len(tokens)] = torch.tensor(tokens)
        filled[1, row, : len(tokens)] = torch.tensor(segments)
        filled[2, row, : len(tokens)] = 1
    return filled[0], filled[1], filled[2]


def fit(
    network: Network,
    encoded: Sequence[Encoded],
    examples: Sequence[Example],
    recipe: Recipe,
    seed: int,
) -> None:
    """Train a network in place.

    Parameters
    ----------
    network : Network
        With the published weights of its encoder.
    encoded, examples : sequence
        The sentences, as tokens and as what is to be learnt.
    recipe : Recipe
        How.
    seed : int
        Of the order of sentences, of what is dropped and of which are shown with context.
    """
    random.seed(seed)
    torch.manual_seed(seed)
    network.train()
    groups = network.groups(recipe.rate, recipe.head_rate, recipe.decay)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    trained = [weight for group in groups for weight in group["params"]]
    targets = torch.tensor([(one.label, one.level, one.actor) for one in examples])
    weights = torch.tensor(recipe.weights)
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch)
    step, began = 0, time.monotonic()
    for epoch in range(recipe.epochs):
        total = 0.0
        for chosen in _batches(encoded, recipe.batch):
            share = step / steps
            pace = max(0.01, min(1.0, share / recipe.warm_up) * (1 - share))
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * pace
            shown = [
                encoded[i].placed if random.random() < recipe.context else encoded[i].alone  # noqa: S311
                for i in chosen
            ]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(*collate(shown))
            loss = _loss(logits.float(), targets[chosen], weights, recipe)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            total += float(loss.detach())
            step += 1
        spent = time.monotonic() - began
        sys.stderr.write(
            f"seed {seed}, epoch {epoch + 1}: loss {total * recipe.epochs / steps:.3f}, "
            f"{spent:.0f} s\n"
        )
    network.eval()


def _batches(encoded: Sequence[Encoded], size: int) -> list[list[int]]:
    """Shuffle, then group sentences of like length within stretches of sixteen batches."""
    order = list(range(len(encoded)))
    random.shuffle(order)
    batches = []
    for start in range(0, len(order), size * 16):
        stretch = sorted(order[start : start + size * 16], key=lambda i: len(encoded[i].placed[0]))
        batches += [stretch[i : i + size] for i in range(0, len(stretch), size)]
    random.shuffle(batches)
    return batches


def _loss(logits: Tensor, targets: Tensor, weights: Tensor, recipe: Recipe) -> Tensor:
    """Add up how far the label, the level and the actor are off."""
    label, level, actor = logits.split([len(LABELS), len(LEVELS), len(ACTORS)], dim=1)
    loss = functional.cross_entropy(
        label, targets[:, 0], weight=weights, label_smoothing=recipe.smoothing
    )
    if bool((targets[:, 1] != NONE).any()):
        loss = loss + recipe.side * functional.cross_entropy(level, targets[:, 1])
        loss = loss + recipe.side * functional.cross_entropy(actor, targets[:, 2])
    return loss


def logits_of(network: Network, parts: Sequence[tuple[list[int], list[int]]]) -> Floats:
    """Ask a trained network.

    Parameters
    ----------
    network : Network
        The network.
    parts : sequence
        Tokens and segments of each sentence.

    Returns
    -------
    array of float32, sentences by 15
    """
    order = sorted(range(len(parts)), key=lambda i: len(parts[i][0]))
    found = np.zeros((len(parts), network.shape.outputs), dtype=np.float32)
    with torch.no_grad():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            found[chosen] = network(*collate([parts[i] for i in chosen])).numpy()
    return found


def averaged(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Average the weights of networks that started from the same published weights."""
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]
    }
