"""Many reports: one a brief, on several processes or machines, resumable."""

from cmeneeds.batch.jobs import Job, read_jobs
from cmeneeds.batch.outcome import Batch, Outcome
from cmeneeds.batch.run import run_batch

__all__ = ["Batch", "Job", "Outcome", "read_jobs", "run_batch"]
