"""Notes of interviews, surveys and advisory boards: quoted with role and date, never counted."""

from __future__ import annotations

from cmeneeds.interviews.notes import PreparedNotes, Speaker, prepare_notes, speaker_of, title_of

__all__ = ["PreparedNotes", "Speaker", "prepare_notes", "speaker_of", "title_of"]
