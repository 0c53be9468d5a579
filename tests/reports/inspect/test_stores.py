"""Which logs an experiment has."""

from pathlib import Path

from leap_kedro.reports.inspect.stores import planned_logs


def layers(data: Path, *files: str) -> list[Path]:
    """Write files `layer/iter_1/name`, empty where models are prompted, and return the experiment's folders."""
    for file in files:
        layer, _, rest = file.partition("/")
        path = data / layer / "x" / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if "prompted" in file else "{}\n")
    return sorted(data.glob("*/x"))


def content(data: Path, *files: str) -> dict[str, list[str]]:
    """Name of each planned log -> what it is made of."""
    return {
        planned.name: [
            " + ".join(path.relative_to(data).as_posix().replace("/x/", "/") for path in store.files)
            + (f" by {store.player}" if store.player else "")
            for store in planned.stores
        ]
        for planned in planned_logs(layers(data, *files))
    }


def test_rollouts_have_the_corrections_of_their_iteration(tmp_path: Path) -> None:
    files = ("2/iter_1/rollouts.jsonl", "2/iter_2/rollouts.jsonl", "3/iter_1/corrections.jsonl")
    assert content(tmp_path, *files) == {
        "iter_1_rollouts": ["2/iter_1/rollouts.jsonl + 3/iter_1/corrections.jsonl"],
        "iter_2_rollouts": ["2/iter_2/rollouts.jsonl"],
    }


def test_evaluations_are_side_by_side_in_the_order_of_iterations_after_the_baselines(tmp_path: Path) -> None:
    stores = [
        "6/baselines/random_episodes.jsonl",
        "6/iter_0/base_evaluation_episodes.jsonl",
        "6/iter_0/pi_0_evaluation_episodes.jsonl",
        *(f"6/iter_{k}/evaluation_episodes.jsonl" for k in (1, 2, 10)),
    ]
    others = (
        "iter_1/evaluation.json",
        "iter_11/evaluation_episodes.jsonl.partial",
        "baselines/prompted_episodes.jsonl",
    )
    logs = content(tmp_path, *stores, *(f"6/{name}" for name in others))
    assert logs.pop("evaluation_side_by_side") == stores
    assert logs == {
        f"evaluation_{who}": [store]
        for who, store in zip(("random", "base", "pi_0", "pi_1", "pi_2", "pi_10"), stores, strict=True)
    }


def test_a_single_evaluation_stands_alone(tmp_path: Path) -> None:
    store = "6/iter_0/pi_0_evaluation_episodes.jsonl"
    assert content(tmp_path, store) == {"evaluation_pi_0": [store]}


def test_levels_of_an_ablation_share_rollouts_and_are_told_apart(tmp_path: Path) -> None:
    files = [
        "8/seed_3/level_0/corrections.jsonl",
        "8/seed_3/level_0/evaluation_episodes.jsonl",
        "8/seed_3/start/evaluation_episodes.jsonl",
        "8/seed_3/start/rollouts.jsonl",
    ]
    assert content(tmp_path, *files) == {
        "seed_3_level_0_rollouts": ["8/seed_3/start/rollouts.jsonl + 8/seed_3/level_0/corrections.jsonl"],
        "seed_3_evaluation_side_by_side": [files[2], f"{files[1]} by level_0"],
        "seed_3_evaluation_start": [files[2]],
        "seed_3_evaluation_level_0": [f"{files[1]} by level_0"],
    }
