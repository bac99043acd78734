"""Columns of the gap table."""

from __future__ import annotations

from cmeneeds.gaps.priority import SCORES

GAP_COLUMNS = {
    "gap_id": "string",
    "status": "string",  # gap: both sides sourced; candidate: `missing` says what is not
    "missing": "string",
    "searched": "string",  # for a missing side: what was asked and what came back
    "rank": "Int64",
    "priority": "Float64",
    "rank_best": "Int64",  # over halved and doubled weights
    "rank_worst": "Int64",
    "priority_words": "string",
    "subject": "string",
    "group": "string",
    "actor": "string",
    "gap_type": "string",  # K C P O S
    "direction": "string",  # underuse overuse delay error variation outcome unknown
    "current_practice": "string",  # verbatim
    "cp_passage": "string",
    "cp_source": "string",  # citation key, as bp_source and cause_source
    "cp_pmid": "Int64",
    "cp_probability": "Float64",
    "cp_value": "Float64",  # percent
    "cp_value_text": "string",
    "cp_numerator": "Int64",
    "cp_denominator": "Int64",
    "cp_low": "Float64",  # 95 % interval: as printed, else Wilson's from n/N
    "cp_high": "Float64",
    "cp_interval": "string",  # which of the two
    "cp_who": "string",  # the sentence's own words for whose share it is
    "cp_direction": "string",  # what the percentage is a share of
    "cp_year": "Int64",
    "cp_data_years": "string",
    "cp_country": "string",
    "cp_setting": "string",
    "cp_profession": "string",
    "cp_sample_size": "string",
    "cp_design": "string",
    "cp_secondary": "boolean",
    "cp_range": "string",  # of all first-hand figures with the same direction, not pooled
    "cp_recent_passage": "string",  # the most recent figure
    "cp_local_passage": "string",  # the figure from nearest to the learners
    "audience_fit": "string",  # of the leading source
    "audience_flag": "string",  # what no source has in common with the learners
    "contradicting_passages": "string",  # what is wanted happens nearly always
    "best_practice": "string",  # verbatim
    "bp_passage": "string",
    "bp_source": "string",
    "bp_pmid": "Int64",
    "bp_year": "Int64",
    "bp_guideline": "boolean",
    "bp_strength": "string",  # by words or grade: strong, conditional, against, insufficient
    "bp_grade": "string",  # class, grade or category
    "bp_level": "string",  # level or certainty of evidence
    "bp_system": "string",
    "bp_body": "string",
    "bp_card": "string",  # the guideline card of the recommendation
    "bp_card_by": "string",  # who confirmed or corrected it; empty: as extracted
    "bp_superseded_by": "string",  # the newer version, where one is known
    "pairing": "string",
    "achievable_rate": "string",  # a sourced target or benchmark, else unknown
    "target": "Float64",  # percent
    "target_passage": "string",
    "delta": "Float64",  # percentage points from the figure to the target
    "cause": "string",  # verbatim
    "cause_passage": "string",
    "cause_source": "string",
    "cause_pmid": "Int64",
    "cause_level": "string",
    "cause_actor": "string",
    "causes_n": "Int64",
    "cause_codes": "string",  # of all causes of the row
    "cabana_code": "string",
    "comb_code": "string",
    "education_addressable": "string",  # yes, partly, no, unknown
    "addressable_reason": "string",
    "non_educational_strategy": "string",
    "consequence": "string",  # verbatim
    "consequence_passage": "string",
    "sources_n": "Int64",
    "cohorts_n": "Int64",  # sources that report the same people count once
    "rates_n": "Int64",
    **{f"score_{name}": "Float64" for name in SCORES},
    "passages": "string",
    "recommendation_passages": "string",
    "cause_passages": "string",
}
"""Columns of the gap table and their pandas types."""
