"""What numbers of a study and votes of a listening test allow to be said: differences, equivalence, trends, rankings, opinions.

Numbers come as arrays: of a study one per block with its takes averaged, of a listening test one a vote, unless a function
says otherwise; p-values and levels are shares from 0 to 1. numpy and scipy alone; scipy, which is part of the extra `lab`,
is imported by the functions that need it.
Lives here: one file a concept. Does not: where the numbers come from, or how they are drawn. May call: nothing.
"""

from voicenb.statistics.agreement import IntraclassCorrelations, intraclass_correlations, krippendorff_alpha
from voicenb.statistics.binomial import (
    Binomial,
    Similarity,
    TrialsNeeded,
    binomial_test,
    fewest_correct,
    most_correct_for_similarity,
    power,
    similarity_power,
    similarity_test,
    trials_needed,
    wilson,
)
from voicenb.statistics.contrasts import Contrast, contrast
from voicenb.statistics.detection import Dprime, dprime, percent_correct
from voicenb.statistics.equivalence import blocks_needed, blocks_to_detect, tost, tost_independent
from voicenb.statistics.families import benjamini_hochberg, bonferroni, hochberg, holm
from voicenb.statistics.mushra import (
    Condition,
    Difference,
    Hinges,
    bimodality,
    describe_conditions,
    hinges,
    median_difference,
    outliers,
    paired_difference,
)
from voicenb.statistics.opinion import MeanOpinion, OpinionDifference, mean_opinion, opinion_difference
from voicenb.statistics.orders import orders, williams
from voicenb.statistics.preferences import Preference, TwoAc, preference, two_ac
from voicenb.statistics.ranking import Advantage, Ranking, davidson
from voicenb.statistics.screening import Exclusion, screen
from voicenb.statistics.trends import PageTrend, linear_slope, loglog_slope, page_trend
from voicenb.statistics.variance import Components, TakesVariance, components, takes_variance
from voicenb.statistics.verdicts import Decision, Verdict, verdict

__all__ = [
    "Advantage",
    "Binomial",
    "Components",
    "Condition",
    "Contrast",
    "Decision",
    "Difference",
    "Dprime",
    "Exclusion",
    "Hinges",
    "IntraclassCorrelations",
    "MeanOpinion",
    "OpinionDifference",
    "PageTrend",
    "Preference",
    "Ranking",
    "Similarity",
    "TakesVariance",
    "TrialsNeeded",
    "TwoAc",
    "Verdict",
    "benjamini_hochberg",
    "bimodality",
    "binomial_test",
    "blocks_needed",
    "blocks_to_detect",
    "bonferroni",
    "components",
    "contrast",
    "davidson",
    "describe_conditions",
    "dprime",
    "fewest_correct",
    "hinges",
    "hochberg",
    "holm",
    "intraclass_correlations",
    "krippendorff_alpha",
    "linear_slope",
    "loglog_slope",
    "mean_opinion",
    "median_difference",
    "most_correct_for_similarity",
    "opinion_difference",
    "orders",
    "outliers",
    "page_trend",
    "paired_difference",
    "percent_correct",
    "power",
    "preference",
    "screen",
    "similarity_power",
    "similarity_test",
    "takes_variance",
    "tost",
    "tost_independent",
    "trials_needed",
    "two_ac",
    "verdict",
    "williams",
    "wilson",
]
