"""Bibliographies of citation managers: read them, match them with PubMed records, write them."""
