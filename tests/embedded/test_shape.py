"""The embedded student's model."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from leap_kedro.embedded.shape import Shape, build_model
from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.policies.folder import save_policy

TOKENIZER = build_tokenizer(Vocabulary({"mug": 3, "desk": 3}, ("go to", ".")), 64)


def similarity(weights: torch.Tensor, one: str, other: str) -> float:
    ids = TOKENIZER.get_vocab()
    return torch.nn.functional.cosine_similarity(weights[ids[one]], weights[ids[other]], dim=0).item()


def test_entities_start_near_their_type_and_near_those_of_their_number() -> None:
    weights = build_model(TOKENIZER, Shape(), seed=0).get_input_embeddings().weight.data
    assert similarity(weights, "mug 2", "mug") > 0.5
    assert similarity(weights, "mug 2", "mug 3") > similarity(weights, "mug 2", "desk 3") + 0.2
    assert similarity(weights, "mug 2", "desk 2") > similarity(weights, "mug 2", "desk 3") + 0.1


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    one, same, other = (build_model(TOKENIZER, Shape(), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.lm_head.weight, same.lm_head.weight)
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)


def test_a_saved_policy_is_a_plain_transformers_folder(tmp_path: Path) -> None:
    model = build_model(TOKENIZER, Shape(), seed=0)
    save_policy(model, TOKENIZER, tmp_path)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in tmp_path.iterdir()}
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
