"""MuonAdamW against plain references, and the schedule."""

import pytest

from leap_kedro.training.optimizer import MuonAdamW, build_optimizer, orthogonalized, rate_share
from leap_kedro.training.parameters import FineTuning


def muon_reference(weight, gradients, rate: float):
    """Keller Jordan's Muon, one matrix, written out."""
    import torch

    momentum = torch.zeros_like(weight)
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        update = 0.05 * gradient + 0.95 * momentum
        if update.shape[0] > update.shape[1]:
            update = update.T
        update = update / update.norm()
        for _ in range(5):
            gram = update @ update.T
            update = 3.4445 * update + (-4.7750 * gram + 2.0315 * gram @ gram) @ update
        if weight.shape[0] > weight.shape[1]:
            update = update.T
        weight = weight - rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5 * update
    return weight


@pytest.mark.parametrize("shapes", [[(6, 6), (6, 6)], [(4, 9), (9, 4), (4, 9)]])
def test_matrices_take_the_step_of_muon(shapes: list[tuple[int, int]]) -> None:
    import torch

    torch.manual_seed(0)
    start = [torch.randn(shape) for shape in shapes]
    gradients = [[torch.randn(shape) for _ in range(4)] for shape in shapes]
    parameters = [torch.nn.Parameter(weight.clone()) for weight in start]
    optimizer = MuonAdamW([{"params": parameters, "lr": 0.1, "muon": True}])
    for step in range(4):
        for parameter, history in zip(parameters, gradients, strict=True):
            parameter.grad = history[step].clone()
        optimizer.step()
    for parameter, weight, history in zip(parameters, start, gradients, strict=True):
        torch.testing.assert_close(parameter.data, muon_reference(weight, history, 0.1), rtol=1e-4, atol=1e-5)


def test_the_rest_takes_the_step_of_adamw() -> None:
    import torch

    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(5, 3)), torch.nn.Parameter(torch.randn(3))]
    theirs = [torch.nn.Parameter(parameter.detach().clone()) for parameter in ours]
    optimizer = MuonAdamW([{"params": ours, "lr": 0.02, "muon": False}], weight_decay=0.1)
    reference = torch.optim.AdamW(theirs, lr=0.02, betas=(0.9, 0.95), weight_decay=0.1)
    for _ in range(5):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        optimizer.step()
        reference.step()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_five_newton_schulz_steps_bring_all_singular_values_near_one() -> None:
    import torch

    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalized(torch.randn(3, 8, 20)))
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_embeddings_and_norms_go_to_adamw_at_their_share_of_the_rate(tiny_llama) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_llama)
    matrices, others = build_optimizer(model, FineTuning(epochs=1, learning_rate=0.01)).param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(parameter)].split(".")[-2] for parameter in matrices["params"]} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    assert len(matrices["params"]) + len(others["params"]) == len(names)
    assert (matrices["lr"], others["lr"]) == (0.01, pytest.approx(0.003))


def test_the_rate_rises_stays_and_falls() -> None:
    parameters = FineTuning(epochs=1, warmup_steps=10, flat_share=0.5, final_share=0.05)
    shares = [rate_share(step, 101, parameters) for step in range(101)]
    assert shares[0] == pytest.approx(0.1)
    assert shares[9:51] == [1.0] * 42
    assert shares[-1] == pytest.approx(0.05)
    assert shares[51:] == sorted(shares[51:], reverse=True)


def test_along_a_cosine_the_rate_is_that_of_transformers() -> None:
    import torch
    from transformers import get_cosine_schedule_with_warmup

    parameters = FineTuning(epochs=1, warmup_steps=10, flat_share=0, final_share=0, decay="cosine")
    shares = [rate_share(step, 101, parameters) for step in range(101)]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_cosine_schedule_with_warmup(optimizer, 10, 100).lr_lambdas[0]
    assert shares[10:] == pytest.approx([theirs(step) for step in range(10, 101)])
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
