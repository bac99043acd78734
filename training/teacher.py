"""Ask the optional transformer about sentences nobody has read, for the linear model to learn.

``python -m training.teacher`` writes ``labels/soft_labels.npz`` again. The sentences stay those
that the file names; what is written is how sure the transformer is of each label. The extra
``transformer`` and its weights are needed (``make model-transformer``), which were fitted without
fold 0, so that fold 0 still tells how well the linear model does.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from cmeneeds.errors import CmeneedsError
from cmeneeds.evidence.transformer import Reader
from training.fitting import SOFT_FILE
from training.vectors import corpus

OUT_OF = 255
"""What a share of 1 is stored as."""


def stored(told: NDArray[np.float32], temperature: float) -> NDArray[np.uint8]:
    """Write shares as bytes, after taking the temperature back.

    It was fitted on fold 0, of which the linear model must not know anything.

    Parameters
    ----------
    told : array of float, sentences by labels
        Calibrated probabilities.
    temperature : float
        By which the logits had been divided.

    Returns
    -------
    array of uint8

    Examples
    --------
    >>> stored(np.array([[0.8, 0.2]], dtype=np.float32), 0.5).tolist()
    [[170, 85]]
    """
    odds = np.clip(told.astype(float), 1e-6, 1) ** temperature
    return np.round(odds / odds.sum(axis=1, keepdims=True) * OUT_OF).astype(np.uint8)


def main() -> int:
    """Read the sentences and write what was said of them; give the exit code."""
    with np.load(SOFT_FILE, allow_pickle=False) as before:
        addresses = before["address"]
    try:
        reader = Reader.load(threads=1)
    except CmeneedsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    where = {passage[:4]: passage for passage in corpus()}
    titles = {passage[0]: passage[4] for passage in corpus() if passage[1] < 0}
    kept = [spot for spot in map(tuple, addresses.tolist()) if spot in where]
    told = reader.read(
        [where[spot][4] for spot in kept],
        [where[spot][5] for spot in kept],
        [titles.get(spot[0], "") for spot in kept],
    ).labels
    shares = stored(told, reader.metadata["temperatures"]["label"])
    np.savez_compressed(SOFT_FILE, address=np.array(kept, dtype=np.int32), shares=shares)
    sys.stdout.write(f"{SOFT_FILE.name}: {len(kept):,} sentences\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
