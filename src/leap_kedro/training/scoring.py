"""The probability that a saved policy assigns to given replies: one forward pass per episode, without gradients."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import Example
from leap_kedro.records.score import ReplyScore
from leap_kedro.training.batching import epoch_batches
from leap_kedro.training.examples import evenly, packed_examples, without_unstated
from leap_kedro.training.packing import Packed

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

TOKENS_A_BATCH = 4096
"""Token budget of a batch, including padding; its attention mask takes at most about 60 MB if episodes are short."""


def score_replies(folder: Path, examples: Sequence[Example], threads: int = 1) -> list[ReplyScore]:
    """Scores of all targets of the examples, in order.

    The whole reply (reason, action, end token) is scored after the prompt of rollout and training, at temperature 1 and
    without a restriction to the admissible actions.

    Args:
        folder: Folder of the policy: config, safetensors, tokenizer.
        examples: Histories with the replies to score; their `privileged` block is part of the prompt.
        threads: Threads of torch during the scoring.

    Raises:
        PolicyFolderError: If the folder does not contain a policy that can be loaded.
    """
    examples = [example for example in examples if example.targets]
    if not examples:
        return []
    import torch

    from leap_kedro.policies.folder import load_policy

    model, tokenizer = load_policy(folder)
    renderer = renderer_for(tokenizer, examples[0].environment)
    stated = (without_unstated(example, renderer) for example in examples)
    examples = [example for example in stated if example.targets]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        # A reply of weight 0 is not learnt, but it is scored.
        found = score_rows(model, packed_examples(map(evenly, examples), renderer))
    finally:
        torch.set_num_threads(before)
    return [
        ReplyScore(example.episode, target.step, logprob, greedy)
        for example, scores in zip(examples, found, strict=True)
        for target, (logprob, greedy) in zip(example.targets, scores, strict=True)
    ]


def score_rows(model: Any, packs: Sequence[Packed], tree: bool = True) -> list[list[tuple[float, bool]]]:
    """For each row of each sequence, the log-probability of its targets and whether greedy decoding yields them.

    Args:
        model: A causal LM in evaluation mode.
        packs: Packed rows; their weights are ignored.
        tree: Whether they stay packed; if not, each row is its own sequence.
    """
    found: list[list[tuple[float, bool]]] = [[] for _ in packs]
    for batch, logits, tensors in _predicted(model, packs, tree):
        hits = logits.argmax(-1) == tensors["targets"]
        scores = _by_row(_chosen(logits, tensors["targets"]), hits, tensors["rows"])
        for index in batch:
            found[index] = [next(scores) for _ in range(packs[index].row_count)]
    return found


def token_logprobs(
    model: Any, packs: Sequence[Packed], tree: bool = True, temperature: float = 1.0
) -> "list[NDArray[np.float32]]":
    """For each sequence, the log-probability of each of its targets; arguments as in `score_rows`.

    `temperature` divides the logits.
    """
    found: dict[int, NDArray[np.float32]] = {}
    for batch, logits, tensors in _predicted(model, packs, tree):
        chosen = _chosen(logits / temperature, tensors["targets"]).cpu()
        ends = np.cumsum([len(packs[index].targets) for index in batch])
        found |= dict(zip(batch, np.split(chosen.numpy(), ends[:-1]), strict=True))
    return [found[index] for index in range(len(packs))]


def _predicted(
    model: Any, packs: Sequence[Packed], tree: bool
) -> "Iterator[tuple[list[int], torch.Tensor, dict[str, torch.Tensor]]]":
    """Indices of the sequences of each batch, their logits, and their tensors."""
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_logits

    for batch in epoch_batches([len(packed) for packed in packs], TOKENS_A_BATCH, seed=0, epoch=0):
        collated = collate([packs[index] for index in batch], tree)
        tensors = {name: values.to(model.device) for name, values in collated.items()}
        with torch.inference_mode():
            logits = packed_logits(model, tensors)
        yield batch, logits, tensors


def _chosen(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    return logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(-1)


def _by_row(logprobs: "torch.Tensor", right: "torch.Tensor", rows: "torch.Tensor") -> Iterator[tuple[float, bool]]:
    import torch

    lengths = torch.bincount(rows).tolist()
    for tokens, hits in zip(torch.split(logprobs.double(), lengths), torch.split(right, lengths), strict=True):
        yield float(tokens.sum()), bool(hits.all())
