"""From findings to the gap table: what is done beside what should be done."""
