"""The provider's own data: survey and test items, chart audits, earlier outcomes.

Read once, counted, and kept as lines about groups of people; nothing about single people is
stored. Each line has an address like any passage and is verified like one.
"""

from cmeneeds.learner_data.changes import LEARNER_COLUMNS as LEARNER_COLUMNS
from cmeneeds.learner_data.changes import Change as Change
from cmeneeds.learner_data.changes import changes as changes
from cmeneeds.learner_data.changes import learner_table as learner_table
from cmeneeds.learner_data.evidence import LearnerEvidence as LearnerEvidence
from cmeneeds.learner_data.matching import Baseline as Baseline
from cmeneeds.learner_data.matching import baselines as baselines
from cmeneeds.learner_data.matching import match as match
from cmeneeds.learner_data.model import MIN_PEOPLE as MIN_PEOPLE
from cmeneeds.learner_data.model import LearnerFile as LearnerFile
from cmeneeds.learner_data.model import LearnerRow as LearnerRow
from cmeneeds.learner_data.reading import read_learner_data as read_learner_data
from cmeneeds.learner_data.triangulation import SOURCE_TYPES as SOURCE_TYPES
from cmeneeds.learner_data.triangulation import Triangulation as Triangulation
from cmeneeds.learner_data.triangulation import triangulation as triangulation
