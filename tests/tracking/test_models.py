from pathlib import Path

import pytest

from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.tracking.models import UnregisteredPolicy, answering, register_policy, set_champion
from leap_kedro.tracking.policies import UnknownPolicy, resolve_policy


@pytest.fixture(scope="session")
def policy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that gives no reason and acts at once: layers that add nothing, and `<act>` the likeliest token."""
    import torch

    from leap_kedro.embedded.shape import Shape, build_model
    from leap_kedro.embedded.tokenizer import build_tokenizer
    from leap_kedro.policies.folder import save_policy

    folder = tmp_path_factory.mktemp("policy")
    tokenizer = build_tokenizer(Vocabulary({"mug": 3, "desk": 3}, ("go", "to", "look", "take", "from")), 128)
    model = build_model(tokenizer, Shape(16, 1, 2, 24, 128), seed=0)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "o_proj" in name or "down_proj" in name:
                weights.zero_()
        embeddings = model.get_input_embeddings().weight
        embeddings.zero_()
        embeddings[:, 0] = 1
        embeddings[tokenizer.convert_tokens_to_ids("<act>"), 0] = 2
    save_policy(model, tokenizer, folder)
    return folder


@pytest.fixture
def run(tracking_server: str, tmp_path: Path) -> str:
    import mlflow

    mlflow.set_tracking_uri(tracking_server)
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("leap_kedro", artifact_location=str(tmp_path / "mlartifacts"))
    return str(client.create_run(experiment).info.run_id)


def test_the_champion_loads_and_answers(run: str, policy_folder: Path) -> None:
    import mlflow

    client = mlflow.MlflowClient()
    how = answering({"environment": "alfworld", "evaluation": {"hold_to_admissible": True, "max_reply_tokens": 16}})
    assert register_policy(client, run, "small", 1, policy_folder, how) == "1"
    assert register_policy(client, run, "small", 1, policy_folder, how) == "1"
    set_champion(client, "small", 1)

    policy = mlflow.pyfunc.load_model("models:/leap-small@champion")
    seen = [{"action": "look", "observation": "mug 1"}]
    conversations = [
        {"opening": "desk 1", "turns": [], "admissible": ["go to desk 1"]},
        {"opening": "desk 2", "turns": seen, "admissible": ["look", "take mug 1 from desk 1"]},
        {"opening": "desk 2", "turns": seen, "admissible": []},
    ]
    replies = policy.predict(conversations)
    assert list(replies.columns) == ["reason", "action"]
    assert replies["action"][0] == "go to desk 1"
    assert replies["action"][1] in conversations[1]["admissible"]
    assert len(replies) == 3

    found = resolve_policy("models:/leap-small@champion")
    assert (found / "model.safetensors").read_bytes() == (policy_folder / "model.safetensors").read_bytes()
    with pytest.raises(
        UnknownPolicy, match=r"no model 'models:/leap-smal@champion'.*Registered: .*leap-small@champion"
    ):
        resolve_policy("models:/leap-smal@champion")


def test_a_policy_that_is_not_registered_is_no_champion(run: str) -> None:
    import mlflow

    with pytest.raises(UnregisteredPolicy, match="pi_3 of experiment 'small' is not in MLflow's registry"):
        set_champion(mlflow.MlflowClient(), "small", 3)


def test_a_folder_is_resolved_to_itself(policy_folder: Path, tmp_path: Path) -> None:
    assert resolve_policy(str(policy_folder)) == policy_folder
    with pytest.raises(UnknownPolicy, match=r"it has no config\.json"):
        resolve_policy(str(tmp_path))
