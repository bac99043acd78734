"""What leaves a run: forms, the workbook of all tables, and the package for a client."""

from cmeneeds.exports.package import write_client_package as write_client_package
from cmeneeds.exports.workbook import write_workbook as write_workbook
from cmeneeds.exports.writing import write_exports as write_exports
