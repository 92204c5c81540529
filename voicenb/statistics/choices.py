"""One of a few outcomes in each trial, whose log-odds are linear in parameters: maximum likelihood, and where it has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicenb.statistics.blocks import Floats
from voicenb.statistics.votes import Codes

__all__ = ["Fit", "Votes", "expected", "fitted", "separated"]

_STEPS = 500
_SMALL = 1e-10
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Votes:
    """Votes by the pair that was presented.

    Attributes:
        counts: How often each outcome was voted for, shape ``(pairs, outcomes)``.
        design: What the logarithm of each outcome's chance depends on, shape ``(pairs, outcomes, parameters)``.
        pair: The pair of each vote, shape ``(votes,)``.
        outcome: The outcome of each vote.
    """

    counts: Floats
    design: Floats
    pair: Codes
    outcome: Codes

    def rank(self) -> int:
        """How many parameters the pairs can tell apart."""
        away = self.design - self.design[:, :1]
        return int(np.linalg.matrix_rank(away.reshape(-1, self.design.shape[2])))


@dataclass(frozen=True)
class Fit:
    """Estimates, their covariance by the expected information, and the log likelihood (without a penalty)."""

    estimate: Floats
    covariance: Floats
    log_likelihood: float


def expected(votes: Votes, estimate: Floats) -> Floats:
    """The chance of each outcome of each pair, shape ``(pairs, outcomes)``."""
    logs = votes.design @ estimate
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def separated(votes: Votes) -> bool:
    """Whether the likelihood has no finite maximum: some direction of the parameters never makes a vote less likely.

    Source: Albert & Anderson, Biometrika 71, 1984.
    """
    parameters = votes.design.shape[2]
    if not parameters:
        return False
    from scipy.optimize import linprog

    pair, outcome = np.nonzero(votes.counts)
    gains = (votes.design[pair, outcome][:, None] - votes.design[pair]).reshape(-1, parameters)
    gains = np.unique(gains, axis=0)
    found = linprog(-gains.sum(axis=0), A_ub=-gains, b_ub=np.zeros(len(gains)), bounds=(-1, 1))
    return bool(-found.fun > 1e-7)


def fitted(votes: Votes, *, penalised: bool) -> Fit:
    """The parameters of highest likelihood, or, penalised, of the highest product of likelihood and Jeffreys' prior.

    The second is always finite, whatever the votes.

    Raises:
        ValueError: The likelihood has no finite maximum, and no penalty was asked for.

    Source: Firth, Biometrika 80, 1993; Heinze & Schemper, Statistics in Medicine 21, 2002.
    """
    totals = votes.counts.sum(axis=1)
    estimate = np.zeros(votes.design.shape[2])
    if not len(estimate):
        return Fit(estimate, np.zeros((0, 0)), _log_likelihood(votes, expected(votes, estimate)))
    for _ in range(_STEPS):
        away, chances = _away(votes, estimate)
        covariance = np.linalg.inv(_information(totals[:, None] * chances, away))
        counts = votes.counts
        if penalised:
            # The prior's score is that of these votes more.
            leverage = np.einsum("pcq,qr,pcr->pc", away, covariance, away)
            counts = counts + totals[:, None] * chances * leverage / 2
        weights = counts.sum(axis=1, keepdims=True) * chances
        score = np.einsum("pc,pcq->q", counts - weights, votes.design)
        step = np.linalg.solve(_information(weights, away), score)
        reached = _objective(votes, estimate, penalised=penalised)
        # Where a full step goes too far, half of it may not.
        while _objective(votes, estimate + step, penalised=penalised) < reached - _ROUNDING * (1 + abs(reached)):
            step = step / 2
        estimate = estimate + step
        if float(np.abs(step).max()) < _SMALL * (1 + float(np.abs(estimate).max())):
            break
    else:
        raise ValueError("the likelihood of the votes has no finite maximum; ask for the penalised one")
    away, chances = _away(votes, estimate)
    covariance = np.linalg.inv(_information(totals[:, None] * chances, away))
    return Fit(estimate, np.asarray(covariance), _log_likelihood(votes, chances))


def _away(votes: Votes, estimate: Floats) -> tuple[Floats, Floats]:
    """The design of each outcome less the pair's mean, and the chances that the mean is taken with."""
    chances = expected(votes, estimate)
    return np.asarray(votes.design - np.einsum("pc,pcq->pq", chances, votes.design)[:, None]), chances


def _information(weights: Floats, away: Floats) -> Floats:
    flat = away.reshape(-1, away.shape[2])
    return np.asarray(flat.T @ (weights.reshape(-1, 1) * flat))


def _log_likelihood(votes: Votes, chances: Floats) -> float:
    there = votes.counts > 0
    with np.errstate(divide="ignore"):
        return float(votes.counts[there] @ np.log(chances[there]))


def _objective(votes: Votes, estimate: Floats, *, penalised: bool) -> float:
    away, chances = _away(votes, estimate)
    found = _log_likelihood(votes, chances)
    if penalised:
        sign, size = np.linalg.slogdet(_information(votes.counts.sum(axis=1, keepdims=True) * chances, away))
        found += size / 2 if sign > 0 else -np.inf
    return float(found)
