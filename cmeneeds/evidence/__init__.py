"""Evidence: from the text of a record to findings, each with its exact character span."""
