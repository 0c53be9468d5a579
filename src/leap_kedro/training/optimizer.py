"""Muon in float32 for the matrices of the blocks, AdamW for the rest, as one optimizer with one state.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon): the Nesterov momentum of a matrix is replaced by
the nearest semi-orthogonal one, found by Newton-Schulz steps. `torch.optim.Muon` iterates in bfloat16, which is slow on
a CPU; here all matrices of one shape go through one batched product in the precision of the momentum.
Imports torch: import this module inside functions.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from leap_kedro.training.parameters import FineTuning

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic, from the Muon paper: singular values end within about 0.7 to 1.2."""
NEWTON_SCHULZ_STEPS = 5
MOMENTUM = 0.95
BETAS = (0.9, 0.95)
EPSILON = 1e-8


def orthogonalized(matrices: Tensor) -> Tensor:
    """Nearly semi-orthogonal matrices with the singular vectors of the given ones, shape (n, rows, columns)."""
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _shared_orthogonalized(matrices: Tensor) -> Tensor:
    """`orthogonalized`, where the processes of a distributed training divide the work and share the results."""
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return orthogonalized(matrices)
    world, count = dist.get_world_size(), len(matrices)
    share = -(-count // world)
    padded = torch.cat([matrices, matrices.new_zeros(share * world - count, *matrices.shape[1:])])
    mine = orthogonalized(padded[dist.get_rank() * share :][:share].contiguous())
    shares = [torch.empty_like(mine) for _ in range(world)]
    dist.all_gather(shares, mine)
    return torch.cat(shares)[:count]


class MuonAdamW(torch.optim.Optimizer):
    """Groups with ``muon=True`` contain matrices and are updated by Muon, the others by AdamW."""

    def __init__(self, groups: Iterable[dict[str, Any]], weight_decay: float = 0.0) -> None:
        super().__init__(groups, {"lr": 0.0, "muon": False, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Takes one step along the current gradients; parameters without a gradient do not change."""
        if closure is not None:
            raise ValueError("MuonAdamW does not support a closure")
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if not parameters:
                continue
            if group["weight_decay"]:
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            if group["muon"]:
                self._muon(parameters, group["lr"])
            else:
                self._adamw(parameters, group["lr"])

    def _muon(self, parameters: list[Tensor], rate: float) -> None:
        by_shape: dict[tuple[int, ...], list[Tensor]] = {}
        for parameter in parameters:
            by_shape.setdefault(tuple(sorted(parameter.shape)), []).append(parameter)
            if not self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(parameter)
        for alike in by_shape.values():
            gradients = [_gradient(parameter) for parameter in alike]
            momenta = [self.state[parameter]["momentum"] for parameter in alike]
            torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
            nesterov = torch._foreach_lerp(gradients, momenta, MOMENTUM)
            wide = [update.mT if update.shape[0] > update.shape[1] else update for update in nesterov]
            for parameter, update in zip(alike, _shared_orthogonalized(torch.stack(wide)), strict=True):
                rows, columns = parameter.shape
                step = update.mT if rows > columns else update
                parameter.add_(step, alpha=-rate * max(1.0, rows / columns) ** 0.5)

    def _adamw(self, parameters: list[Tensor], rate: float) -> None:
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter].update(
                    mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter), step=torch.tensor(0.0)
                )
        states = [self.state[parameter] for parameter in parameters]
        for state in states:
            state["step"] += 1
        gradients = [_gradient(parameter) for parameter in parameters]
        means = [state["mean"] for state in states]
        squares = [state["square"] for state in states]
        torch._foreach_lerp_(means, gradients, 1 - BETAS[0])
        torch._foreach_mul_(squares, BETAS[1])
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - BETAS[1])
        steps = [state["step"].item() for state in states]
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, [(1 - BETAS[1] ** step) ** 0.5 for step in steps])
        torch._foreach_add_(roots, EPSILON)
        torch._foreach_addcdiv_(parameters, means, roots, [-rate / (1 - BETAS[0] ** step) for step in steps])


def build_optimizer(model: Any, parameters: FineTuning) -> torch.optim.Optimizer:
    """The chosen optimizer for the trainable weights of a transformers or PEFT model."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if parameters.optimizer == "adamw":
        return torch.optim.AdamW(
            trainable, lr=parameters.learning_rate, betas=BETAS, eps=EPSILON, weight_decay=parameters.weight_decay
        )
    ends = {id(end.weight) for end in (model.get_input_embeddings(), model.get_output_embeddings()) if end is not None}
    matrices = [parameter for parameter in trainable if parameter.ndim == 2 and id(parameter) not in ends]
    others = [parameter for parameter in trainable if parameter.ndim != 2 or id(parameter) in ends]
    groups = [
        {"params": matrices, "lr": parameters.learning_rate, "muon": True},
        {"params": others, "lr": parameters.learning_rate * parameters.adamw_share, "muon": False},
    ]
    return MuonAdamW([group for group in groups if group["params"]], weight_decay=parameters.weight_decay)


def rate_share(step: int, steps: int, parameters: FineTuning) -> float:
    """Learning rate at `step` (from 0) of `steps` as a share of the peak: warmup, constant, decay."""
    rise = (step + 1) / parameters.warmup_steps if parameters.warmup_steps else 1.0
    flat_until = max(parameters.flat_share * steps, parameters.warmup_steps)
    fallen = min(1.0, max(0.0, (step - flat_until) / max(1.0, steps - 1 - flat_until)))
    if parameters.decay == "cosine":
        fallen = (1.0 - math.cos(math.pi * fallen)) / 2
    return min(rise, 1.0, 1.0 - (1.0 - parameters.final_share) * fallen)


def build_schedule(
    optimizer: torch.optim.Optimizer, steps: int, parameters: FineTuning
) -> torch.optim.lr_scheduler.LambdaLR:
    """The schedule of `rate_share` over `steps` steps."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_share(step, steps, parameters))


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None, "step() passes only parameters with gradients"  # noqa: S101
    return parameter.grad
