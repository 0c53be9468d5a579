"""Checks, before a run, that the student can be loaded and prompted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kedro.pipeline import Pipeline

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.registry import environment_name
from leap_kedro.language_models import Access
from leap_kedro.pipelines.baselines.parameters import BaselineOptions
from leap_kedro.pipelines.bootstrap.base import NoSuchBase, find_base
from leap_kedro.pipelines.bootstrap.given import given_demonstrations, is_given
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions
from leap_kedro.pipelines.evaluation.saved import check_named, named_policy
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.vllm_server import check_prompts
from leap_kedro.training.parameters import FineTuningParameters
from leap_kedro.training.quantization import check_quantization

_REGISTERED = "models:/"
_READERS = frozenset({"train_pi_0", "train_policy", "base_play_evaluation"})
"""Nodes that read the base model."""

_TRAINED = {
    "train_pi_0": ("bootstrap.fine_tuning",),
    "train_policy": tuple(f"training.{part}fine_tuning" for part in ("", "dpo.", "grpo.", "distill.")),
}
"""Nodes that train, with the paths of their parameters."""


def check_students(parameters: LeapParameters, pipeline: Pipeline, pinned: Mapping[str, Any] | None = None) -> None:
    """Check the base model if a pipeline reads it, and the policies that its options name; download them if necessary.

    Demonstrations of a file are checked, too.

    Args:
        parameters: All parameters, checked.
        pipeline: The pipeline to run.
        pinned: The dataset `base` of the experiment; None if it does not exist yet.

    Raises:
        GivenEpisodesRefused: If demonstrations of a file are missing or malformed.
        CannotQuantize: If a training needs bitsandbytes, which cannot be used.
        NoSuchBase: If the base model is missing or cannot be used.
        UnusableAdapter: If an adapter does not suit it.
        ServingFailed: If the student is served and the server would build other prompts than training.
        UnusableChatTemplate: If it is to think, but its chat template has no thoughts.
        HasNoThoughts: If the embedded student is to think.
        NoSuchPolicy: If a named policy cannot be used.
        UnknownPolicy: If there is no such policy.
    """
    names = {node.short_name for node in pipeline.nodes}
    shown = parameters.bootstrap.demonstrator
    if "demonstrate" in names and is_given(shown):
        given_demonstrations(shown, parameters.bootstrap.demonstrations, environment_name(parameters.environment))
    for policy in _named(parameters, names):
        if not policy.startswith((SCHEME, _REGISTERED)):
            check_named(named_policy(policy, parameters.server, Access()), policy, parameters.environment)
    trained = {
        path: block
        for node, blocks in _TRAINED.items()
        for path in (blocks if node in names else ())
        if isinstance(block := parameters.in_force()[path](), FineTuningParameters)
    }
    for path, block in trained.items():
        check_quantization(block, path)
    if not _READERS & names:
        return
    options = parameters.environments.get(environment_name(parameters.environment))
    base = find_base(parameters.bootstrap, parameters.fine_tuning, parameters.environment, pinned, options)
    for path, block in trained.items():
        _check_adapter(base, parameters.bootstrap.base, block, path)
    modes = {how.max_thought_tokens > 0 for how in (parameters.rollout, parameters.evaluation)}
    if parameters.serving is not None:
        for thinking in sorted(modes):
            check_prompts(base, parameters.serving, parameters.environment, thinking=thinking)
    if parameters.bootstrap.base != EMBEDDED or True in modes:
        _check_replies(base, parameters)


def _check_adapter(base: SavedPolicy, name: str, training: FineTuningParameters, path: str) -> None:
    from leap_kedro.training.adapters import UnusableAdapter, check_adapter, recorded_base

    if training.lora is None or recorded_base(base.folder, training.lora):
        return
    try:
        check_adapter(base.folder, training.lora)
    except UnusableAdapter as error:
        raise UnusableAdapter(f"`{path}.lora` does not suit `bootstrap.base` '{name}': {error}") from error


def _check_replies(base: SavedPolicy, parameters: LeapParameters) -> None:
    """Check that the rules and a reply fit into the context, and that the model thinks if it is to."""
    from leap_kedro.policies.folder import context_of, load_config, load_tokenizer
    from leap_kedro.prompts.select import renderer_for

    context, tokenizer = context_of(load_config(base.folder)), load_tokenizer(base.folder)
    for stage, how in (("rollout", parameters.rollout), ("evaluation", parameters.evaluation)):
        renderer = renderer_for(tokenizer, parameters.environment, thinking=how.max_thought_tokens > 0)
        rules, reply = len(renderer.opening("")) + len(renderer.branch()), how.max_reply_tokens + how.max_thought_tokens
        if context is not None and rules + reply >= context:
            raise NoSuchBase(
                f"`bootstrap.base` is '{parameters.bootstrap.base}', whose context of {context} tokens is too short: "
                f"the rules take {rules} and a reply up to {reply} (`{stage}.max_reply_tokens`, "
                f"`{stage}.max_thought_tokens`). Use a model with a longer context."
            )


def _named(parameters: LeapParameters, nodes: Collection[str]) -> Sequence[str]:
    if "evaluate_saved_policy" in nodes:
        policy = read_options(EvaluateOptions, parameters.options).policy
        return [policy] if policy else []
    return read_options(BaselineOptions, parameters.options).policies if "play_prompted" in nodes else ()
