"""From cells to documents: Markdown that is safe, references in AMA style, HTML, Word, CSV."""
