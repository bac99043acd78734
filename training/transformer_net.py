"""The network of the transformer: an encoder of the BERT family with three heads, in torch.

Written out rather than taken from a library of models, so that what is exported is what is read
here: embeddings, layers of attention and feed-forward, the mean over the tokens, one linear head
for labels, levels and actors together. It loads the weights of all-MiniLM-L6-v2 by their names.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Shape(NamedTuple):
    """Sizes of the encoder; the defaults are those of all-MiniLM-L6-v2."""

    vocabulary: int = 30522
    width: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    positions: int = 512
    outputs: int = 15
    """Seven labels, five levels, three actors."""
    dropout: float = 0.1


class Layer(nn.Module):
    """Attention and feed-forward, each added to its input and normalized."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.dropout = shape.dropout
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.joined = nn.Linear(shape.width, shape.width)
        self.joined_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.wide = nn.Linear(shape.width, shape.inner)
        self.narrow = nn.Linear(shape.inner, shape.width)
        self.narrow_norm = nn.LayerNorm(shape.width, eps=1e-12)

    def forward(self, states: Tensor, hidden: Tensor) -> Tensor:
        """Give the next states; ``hidden`` holds a large negative number for each padded token."""
        rows, tokens, width = states.shape

        def split(projection: nn.Linear) -> Tensor:
            parts = projection(states).view(rows, tokens, self.heads, width // self.heads)
            return parts.transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            split(self.query),
            split(self.key),
            split(self.value),
            attn_mask=hidden,
            dropout_p=self.dropout if self.training else 0.0,
        )
        mixed = self.joined(mixed.transpose(1, 2).reshape(rows, tokens, width))
        states = self.joined_norm(states + self._drop(mixed))
        inner = self.narrow(functional.gelu(self.wide(states)))
        normed: Tensor = self.narrow_norm(states + self._drop(inner))
        return normed

    def _drop(self, states: Tensor) -> Tensor:
        return functional.dropout(states, self.dropout, self.training)


class Network(nn.Module):
    """Tokens in, fifteen logits a sentence out.

    Parameters
    ----------
    shape : Shape
        Sizes.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.positions, shape.width)
        self.segments = nn.Embedding(2, shape.width)
        self.first_norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.head = nn.Linear(shape.width, shape.outputs)
        # The same for every seed: networks can be averaged only if they started alike.
        start = torch.Generator().manual_seed(0)
        nn.init.normal_(self.head.weight, std=0.02, generator=start)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor, segments: Tensor, mask: Tensor) -> Tensor:
        """Give logits.

        Parameters
        ----------
        tokens, segments, mask : Tensor of int64, sentences by tokens
            Token numbers; 0 for the sentence and 1 for its context; 1 for a token, 0 for padding.

        Returns
        -------
        Tensor of float32, sentences by 15
        """
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states = self.words(tokens) + self.places(places) + self.segments(segments)
        states = self._drop(self.first_norm(states))
        hidden = (1.0 - mask[:, None, None, :].to(states.dtype)) * -10000.0
        for layer in self.layers:
            states = layer(states, hidden)
        shown = mask[:, :, None].to(states.dtype)
        mean = (states * shown).sum(1) / shown.sum(1)
        logits: Tensor = self.head(self._drop(mean))
        return logits

    def _drop(self, states: Tensor) -> Tensor:
        return functional.dropout(states, self.shape.dropout, self.training)

    def load_encoder(self, weights: dict[str, Tensor]) -> None:
        """Take over the weights of a published encoder, whose names are those of BERT.

        Parameters
        ----------
        weights : dict of Tensor
            By name, such as ``encoder.layer.0.attention.self.query.weight``. The pooler, which
            this network lacks, and stored position numbers are passed over.

        Raises
        ------
        KeyError
            A weight of the encoder is missing.
        """
        own = {name for name in self.state_dict() if not name.startswith("head.")}
        self.load_state_dict({name: weights[_published(name)] for name in own}, strict=False)

    def groups(self, rate: float, head_rate: float, decay: float) -> list[dict[str, Any]]:
        """Give what is trained, with a rate of learning that falls layer by layer downwards.

        The word embeddings stay as they are: most words of the language are not in the labelled
        sentences, and would be left behind by those that are.
        """
        self.words.weight.requires_grad_(False)
        found = []
        for name, weight in self.named_parameters():
            if not weight.requires_grad:
                continue
            own_rate = head_rate
            if not name.startswith("head."):
                place = int(name.split(".")[1]) + 1 if name.startswith("layers.") else 0
                own_rate = rate * decay ** (self.shape.layers - place)
            found.append(
                {
                    "params": [weight],
                    "lr": own_rate,
                    "peak": own_rate,
                    "weight_decay": 0.01 if weight.ndim > 1 else 0.0,
                }
            )
        return found


_EMBEDDINGS = {
    "words.weight": "embeddings.word_embeddings.weight",
    "places.weight": "embeddings.position_embeddings.weight",
    "segments.weight": "embeddings.token_type_embeddings.weight",
    "first_norm.weight": "embeddings.LayerNorm.weight",
    "first_norm.bias": "embeddings.LayerNorm.bias",
}
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "joined": "attention.output.dense",
    "joined_norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "narrow_norm": "output.LayerNorm",
}


def _published(name: str) -> str:
    """Give the published name of a weight of this network."""
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    _, number, part, kind = name.split(".")
    return f"encoder.layer.{number}.{_PARTS[part]}.{kind}"
