"""Import what a worker needs, once for all workers: they are forked from where this was done."""

import nbconvert  # noqa: F401
import nbformat
import papermill
import xlsxwriter  # noqa: F401

import cmeneeds.bibliography.writing
import cmeneeds.checks.result
import cmeneeds.checks.view
import cmeneeds.exports
import cmeneeds.report.answers
import cmeneeds.report.check_section
import cmeneeds.report.export
import cmeneeds.report.notebook
import cmeneeds.report.run
import cmeneeds.verify  # noqa: F401
from cmeneeds.package_data import load_package_data

# papermill asks for the schema of notebooks when it reads the first one.
nbformat.validate(nbformat.v4.new_notebook())
papermill.iorw.papermill_io  # noqa: B018
load_package_data()
