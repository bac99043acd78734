"""Run every benchmark and print one report."""

from __future__ import annotations

from benchmarks import (
    batch,
    bibliography,
    gap_rules,
    gap_table,
    growth,
    library_import,
    library_queries,
    pubmed_fetch,
    report_formats,
    screening,
    sentences,
    transformer_read,
    xml_to_article,
)


def main() -> None:
    """Run them one after another, so that they do not disturb each other."""
    for number, module in enumerate(
        (
            xml_to_article,
            library_import,
            library_queries,
            pubmed_fetch,
            report_formats,
            gap_table,
            gap_rules,
            bibliography,
            sentences,
            screening,
            transformer_read,
            batch,
            growth,
        )
    ):
        if number:
            print()
        module.main()


if __name__ == "__main__":
    main()
