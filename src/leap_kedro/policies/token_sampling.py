"""Chooses the next token from logits: greedy or sampled, among all tokens or the allowed ones.

Sampling inverts the cumulative distribution at a uniform random number that depends on the conversation and the
position in the reply. The choice therefore does not depend on the rest of the batch or the number of positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leap_kedro.prompts.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Position:
    """Random number in [0, 1) and allowed token ids (None for all) of one token."""

    uniform: float
    allowed: Sequence[int] | None


def uniforms(conversation: Conversation, count: int) -> NDArray[np.float32]:
    """The conversation's random numbers for the first `count` tokens of its next reply."""
    return np.random.default_rng((conversation.seed, len(conversation.turns))).random(count, dtype=np.float32)


@torch.inference_mode()
def choose(
    logits: Tensor, positions: Sequence[Position], temperature: float, logprobs: bool
) -> tuple[list[int], list[float]]:
    """Chooses one token per position.

    Args:
        logits: (positions, vocabulary), float32.
        positions: Random numbers and restrictions.
        temperature: Divides the logits; 0 takes the most probable token.
        logprobs: Whether log-probabilities are computed.

    Returns:
        Token ids, and their unrestricted log-probabilities at temperature 1 ([] if not requested).
    """
    held = _held(logits, positions)
    if temperature == 0:
        chosen = held.argmax(-1)
    else:
        cumulated = (held / temperature).softmax(-1, dtype=torch.float64).cumsum(-1)
        drawn = torch.tensor([position.uniform for position in positions], dtype=torch.float64, device=logits.device)
        chosen = torch.searchsorted(cumulated, drawn[:, None] * cumulated[:, -1:], right=True)[:, 0]
    if not logprobs:
        return chosen.tolist(), []
    return chosen.tolist(), logits.log_softmax(-1).gather(1, chosen[:, None])[:, 0].tolist()


def _held(logits: Tensor, positions: Sequence[Position]) -> Tensor:
    """Logits with -inf for tokens that are not allowed."""
    allowed = [(row, position.allowed) for row, position in enumerate(positions) if position.allowed is not None]
    if not allowed:
        return logits
    rows = [row for row, tokens in allowed for _ in tokens]
    columns = [token for _, tokens in allowed for token in tokens]
    held = logits.clone()
    held[torch.tensor([row for row, _ in allowed], device=logits.device)] = -torch.inf
    held[rows, columns] = logits[rows, columns]
    return held
