"""The trunk-and-branch form on token ids: all decisions of an episode in one sequence.

The prompts of one episode form a prefix tree: the trunk is the history, each supervised reply branches from a prefix
of it. Laid out as one sequence (trunk first, then the branches), with an attention mask that follows the tree and
positions that continue from the branching point, every prefix is encoded once, and loss and gradients are those of the
unpacked rows. Numpy only: no torch is needed to build a tree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leap_kedro.prompts.renderer import Renderer
from leap_kedro.records import Example


@dataclass(frozen=True, slots=True)
class Branch:
    """A supervised reply.

    Attributes:
        at: Number of trunk tokens before it.
        prompt: Token ids that ask for the reply; not trained on.
        completion: Token ids of the reply, its end token included.
        weight: Weight of each completion token in the loss.
    """

    at: int
    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Tree:
    """An episode to be trained on.

    Attributes:
        trunk: Token ids of the history.
        branches: The supervised replies.
        trunk_weight: Weight of the plain next-token loss on each trunk token but the first (0: it is only read).
    """

    trunk: tuple[int, ...]
    branches: tuple[Branch, ...]
    trunk_weight: float = 0.0

    def __post_init__(self) -> None:
        for number, branch in enumerate(self.branches):
            if not 0 <= branch.at <= len(self.trunk):
                raise ValueError(f"branch {number} leaves at token {branch.at} of a trunk of {len(self.trunk)}")
            if not branch.completion:
                raise ValueError(f"branch {number} has an empty completion")
            if branch.at == 0 and not branch.prompt:
                raise ValueError(f"branch {number} has nothing before its completion")


@dataclass(frozen=True, slots=True)
class Flat:
    """A tree as one sequence of n tokens with m predictions.

    A query q may see key k iff ``k < visible[q]`` (its trunk) or ``own[q] <= k <= q`` (its own branch so far).

    Attributes:
        input_ids: Token ids, shape (n,).
        position_ids: Depth of each token in the tree, shape (n,).
        visible: Number of trunk tokens that each token sees, shape (n,).
        own: Index at which each token's own branch starts, shape (n,).
        sources: Index of the token whose logits predict, shape (m,); one token may predict several targets.
        targets: Token ids to be predicted, shape (m,).
        weights: Their weights in the loss, shape (m,).
    """

    input_ids: NDArray[np.int64]
    position_ids: NDArray[np.int64]
    visible: NDArray[np.int64]
    own: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.input_ids)


def flat_length(tree: Tree) -> int:
    """Number of tokens that `flatten` gives the tree."""
    return _trunk_length(tree) + sum(len(branch.prompt) + len(branch.completion) - 1 for branch in tree.branches)


def flat_depth(tree: Tree) -> int:
    """Number of positions that the tree needs: the longest of the rows that it packs."""
    ends = (branch.at + len(branch.prompt) + len(branch.completion) - 1 for branch in tree.branches)
    return max(_trunk_length(tree), *ends, 0)


def flatten(tree: Tree) -> Flat:
    """Lays the tree out as one sequence.

    What predicts nothing is left out: the last token of each completion, and the trunk's tail after the last branch
    where the trunk itself is not trained on.
    """
    trunk = _trunk_length(tree)
    ids = list(tree.trunk[:trunk])
    positions = [np.arange(trunk)]
    visible = [np.arange(1, trunk + 1)]
    own = [np.zeros(trunk, dtype=np.int64)]
    sources: list[NDArray[np.int64]] = []
    targets: list[int] = []
    weights: list[NDArray[np.float32]] = []
    if tree.trunk_weight:
        sources.append(np.arange(trunk - 1))
        targets += tree.trunk[1:]
        weights.append(np.full(trunk - 1, tree.trunk_weight, dtype=np.float32))
    for branch in tree.branches:
        start, prompt, completion = len(ids), len(branch.prompt), len(branch.completion)
        length = prompt + completion - 1
        ids += branch.prompt
        ids += branch.completion[:-1]
        positions.append(np.arange(branch.at, branch.at + length))
        visible.append(np.full(length, branch.at))
        own.append(np.full(length, start))
        predicting = np.arange(start + prompt - 1, start + length)
        if not prompt:
            predicting[0] = branch.at - 1
        sources.append(predicting)
        targets += branch.completion
        weights.append(np.full(completion, branch.weight, dtype=np.float32))
    return Flat(
        input_ids=np.array(ids, dtype=np.int64),
        position_ids=np.concatenate(positions),
        visible=np.concatenate(visible),
        own=np.concatenate(own),
        sources=np.concatenate(sources) if sources else np.zeros(0, dtype=np.int64),
        targets=np.array(targets, dtype=np.int64),
        weights=np.concatenate(weights) if weights else np.zeros(0, dtype=np.float32),
    )


def tree_of(example: Example, renderer: Renderer) -> Tree:
    """The example in token ids, by the same renderer that makes the prompts of a rollout."""
    trunk = renderer.opening(example.opening, example.privileged)
    ends = [len(trunk)]
    for turn in example.turns:
        trunk += renderer.turn(turn)
        ends.append(len(trunk))
    prompt = tuple(renderer.branch())
    return Tree(
        trunk=tuple(trunk),
        branches=tuple(
            Branch(ends[target.step], prompt, tuple(renderer.completion(target.reason, target.action)), target.weight)
            for target in example.targets
        ),
    )


def _trunk_length(tree: Tree) -> int:
    return len(tree.trunk) if tree.trunk_weight else max((branch.at for branch in tree.branches), default=0)
