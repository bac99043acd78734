"""The writer's own sources: read, kept, cited and verified like a PubMed record.

formats    which kind of file it is, and what reads it
sandbox    untrusted files are parsed in a child process with limits (child)
pdf        PDFium -> words; layout -> columns and tables; blocks -> paragraphs
web_page, word, plain, grids   HTML, DOCX, notes, CSV
making     what was read -> Document
store      the originals and the library's list of them
adding     files, addresses and texts into the store
briefed    the documents that a brief names
proof      passages read again in the stored originals
"""
