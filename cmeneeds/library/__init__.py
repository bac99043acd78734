"""The library: one SQLite file of PubMed records that answers PubMed queries offline."""
