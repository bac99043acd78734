"""How the transformer is measured and written. Numbers and networks are made up.

Tests that train or export need torch, which `make model-transformer` installs apart from everything
else; they are skipped without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.transformer_measures import calibration_error, scores, temperature

RIGHT = np.repeat(np.arange(7), 20)
ARTICLES = np.arange(140) // 2


def test_what_is_always_right_scores_one() -> None:
    found = scores(RIGHT, RIGHT, ARTICLES)
    assert [score.name for score in found][-1] == "macro"
    assert {(score.f1, score.low, score.high) for score in found} == {(1.0, 1.0, 1.0)}


def test_f1_counts_both_kinds_of_error() -> None:
    decided = RIGHT.copy()
    decided[:10] = 6  # half of the first label is called the last
    found = {score.name: score for score in scores(decided, RIGHT, ARTICLES)}
    gap, other = found["GAP"], found["OTHER"]
    assert (gap.precision, gap.recall) == (1.0, 0.5)
    assert gap.f1 == pytest.approx(2 / 3)
    assert (other.precision, other.recall) == (pytest.approx(2 / 3), 1.0)
    assert gap.low < gap.f1 < gap.high
    assert found["macro"].f1 == pytest.approx((2 / 3 + 0.8 + 5) / 7)


def test_who_is_too_sure_is_cooled_and_gets_better_calibrated() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(size=(4000, 7)) * 1.5
    shares = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(7, p=row) for row in shares])
    boastful = honest * 2
    heat = temperature(boastful, truth)
    assert 1.8 < heat < 2.2
    assert calibration_error(boastful, truth) > 0.1
    assert calibration_error(boastful, truth, heat) < 0.03


@pytest.fixture
def small() -> Any:
    reason = "torch and onnx are not installed: they come with `make model-transformer`"
    for name in ("torch", "onnx", "safetensors"):
        pytest.importorskip(name, reason=reason)
    import torch

    from training.transformer_net import Network, Shape

    torch.manual_seed(1)
    network = Network(Shape(vocabulary=64, width=32, layers=2, heads=2, inner=64, positions=64))
    return network.eval()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's older exporter, on purpose
def test_what_is_written_says_what_was_trained_whatever_the_batch(
    small: Any, tmp_path: Path
) -> None:
    import onnxruntime
    import torch

    from training.transformer_export import export

    export(small, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    rng = np.random.default_rng(2)
    tokens = rng.integers(4, 64, size=(5, 12))
    mask = np.ones_like(tokens)
    mask[1, 7:] = 0

    def written(tokens: Any, mask: Any) -> Any:
        given = {"tokens": tokens, "segments": np.zeros_like(tokens), "mask": mask}
        return session.run(None, given)[0]

    together = written(tokens, mask)
    with torch.no_grad():
        trained = small(
            torch.tensor(tokens), torch.zeros(5, 12, dtype=torch.int64), torch.tensor(mask)
        ).numpy()
    assert np.abs(together - trained).max() < 0.02 * max(1.0, np.abs(trained).max())
    assert np.allclose(written(tokens[1:2, :7], mask[1:2, :7]), together[1:2], atol=1e-4)


def test_no_article_is_on_both_sides(small: Any) -> None:
    from training.transformer import split
    from training.transformer_data import Sentence, fold_of
    from training.transformer_fit import Example

    sentences = [
        Sentence(Example(pmid, "Made up.", "", 0, 0, 0), name)
        for pmid in range(200)
        for name in "twm"
    ]
    data = split(sentences)
    seen = {one.example.pmid for one in data.seen}
    held = {one.example.pmid for one in data.held}
    assert seen
    assert held
    assert not seen & held
    assert {fold_of(pmid) for pmid in held} == {0}
    assert {one.round for one in data.held} == {"t", "w"}


def test_the_average_of_two_networks_lies_between_them(small: Any) -> None:
    import torch

    from training.transformer_fit import averaged

    state = small.state_dict()
    both = averaged([state, {name: weight + 2 for name, weight in state.items()}])
    for name, weight in state.items():
        assert torch.allclose(both[name], weight + 1, atol=1e-6)
