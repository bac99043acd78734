"""Data files that travel inside the package."""
