"""What a report's notebook computed goes on to the formats; nothing of it is left behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_report_runs import made_up_place, made_up_run, once  # noqa: F401 - fixtures

from cmeneeds.checks.view import assessment_of
from cmeneeds.report.handover import VARIABLE, hand_over, handed_over, handover


def test_what_is_handed_over_is_what_the_run_folder_gives(made_up_run: Path) -> None:  # noqa: F811
    derived = assessment_of(made_up_run)
    with handover() as offered:
        assert stat.S_IMODE(offered.parent.stat().st_mode) == 0o700
        hand_over(derived)
        found: Any = handed_over(offered)
    for name in ("findings", "gaps", "objectives", "decisions", "register", "checked", "cards"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(derived, name))
    assert found.counts == derived.counts
    assert not offered.parent.exists()
    assert VARIABLE not in os.environ


def test_where_nothing_is_handed_over_there_is_nothing(made_up_run: Path) -> None:  # noqa: F811
    hand_over(assessment_of(made_up_run))  # nobody offered a file
    with handover() as offered:
        assert handed_over(offered) is None


def test_the_offer_ends_with_the_run_even_if_it_fails() -> None:
    with pytest.raises(ValueError, match="made-up"), handover() as offered:
        raise ValueError("made-up trouble")
    assert not offered.parent.exists()
    assert VARIABLE not in os.environ
