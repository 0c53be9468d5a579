"""How probable a saved policy holds replies that somebody else gave: one forward pass a tree, no gradients, no TRL."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import Example
from leap_kedro.records.score import ReplyScore
from leap_kedro.training.batching import epoch_batches
from leap_kedro.training.tree import Tree, flat_length, flatten, tree_of

if TYPE_CHECKING:
    import torch

TOKENS_A_BATCH = 4096
"""Budget of a batch, padding included: the attention mask of one takes about 60 MB at most where trees are short."""


def score_replies(folder: Path, examples: Sequence[Example], threads: int = 1) -> list[ReplyScore]:
    """Scores of all targets of the examples, in their order.

    The whole reply (reason, action, end token) is scored by the prompt of rollout and training, over all replies that
    the model could write: it is not held to the admissible actions, and sampling temperature plays no part.

    Args:
        folder: Folder of the policy: config, safetensors, tokenizer.
        examples: Histories with the replies to be scored; their `privileged` block is part of the prompt.
        threads: Threads of torch; what the process had is restored.

    Raises:
        PolicyFolderError: If the folder holds no policy that can be loaded.
    """
    examples = [example for example in examples if example.targets]
    if not examples:
        return []
    import torch

    from leap_kedro.policies.local import load_policy_folder

    model, tokenizer = load_policy_folder(folder)
    renderer = renderer_for(tokenizer, examples[0].environment)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = score_trees(model, [tree_of(example, renderer) for example in examples])
    finally:
        torch.set_num_threads(before)
    return [
        ReplyScore(example.episode, target.step, logprob, greedy)
        for example, scores in zip(examples, found, strict=True)
        for target, (logprob, greedy) in zip(example.targets, scores, strict=True)
    ]


def score_trees(model: Any, trees: Sequence[Tree]) -> list[list[tuple[float, bool]]]:
    """Of each branch of each tree: log-probability of its completion, and whether greedy decoding would give it.

    Args:
        model: A causal LM in evaluation mode.
        trees: Trees without a trained trunk (``trunk_weight`` 0).
    """
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import tree_logits

    found: list[list[tuple[float, bool]]] = [[] for _ in trees]
    lengths = [flat_length(tree) for tree in trees]
    with torch.inference_mode():
        for batch in epoch_batches(lengths, TOKENS_A_BATCH, seed=0, epoch=0):
            tensors = {
                name: values.to(model.device)
                for name, values in collate([flatten(trees[index]) for index in batch]).items()
            }
            logits = tree_logits(model, tensors)
            chosen = logits.gather(1, tensors["targets"][:, None])[:, 0] - logits.logsumexp(-1)
            lengths_of_replies = [len(branch.completion) for index in batch for branch in trees[index].branches]
            scores = _by_reply(chosen, logits.argmax(-1) == tensors["targets"], lengths_of_replies)
            for index in batch:
                found[index] = [next(scores) for _ in trees[index].branches]
    return found


def _by_reply(logprobs: "torch.Tensor", right: "torch.Tensor", lengths: list[int]) -> Iterator[tuple[float, bool]]:
    import torch

    for tokens, hits in zip(torch.split(logprobs.double(), lengths), torch.split(right, lengths), strict=True):
        yield float(tokens.sum()), bool(hits.all())
