"""Import what a worker needs, once for all workers: they are forked from where this was done."""

import nbformat
import papermill

import cmeneeds.report.export
import cmeneeds.report.run
import cmeneeds.verify  # noqa: F401

# papermill asks for the schema of notebooks when it reads the first one.
nbformat.validate(nbformat.v4.new_notebook())
papermill.iorw.papermill_io  # noqa: B018
