"""The look of a report: template, style sheet, pandoc filters, Word reference document."""
