"""Checks, before a run, that the student can be loaded and prompted."""

from kedro.pipeline import Pipeline

from leap_kedro.language_models import Access
from leap_kedro.pipelines.bootstrap.base import find_base
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions
from leap_kedro.pipelines.evaluation.saved import check_named, named_policy
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.vllm_server import check_prompts

_REGISTERED = "models:/"
_READERS = frozenset({"train_pi_0", "train_policy", "base_play_evaluation"})
"""Nodes that read the base model."""


def check_students(parameters: LeapParameters, pipeline: Pipeline) -> None:
    """Check the base model if `pipeline` reads it, and the folder that `options.policy` names.

    Raises:
        NoSuchBase: If the base model is missing or cannot be used.
        ServingFailed: If the student is served and the server would build other prompts than training.
        UnusableChatTemplate: If it is to think, but its chat template knows no thoughts.
        HasNoThoughts: If the embedded student is to think.
        NoSuchPolicy: If the policy in that folder cannot be used.
        UnknownPolicy: If there is no such policy.
    """
    names = {node.short_name for node in pipeline.nodes}
    policy = read_options(EvaluateOptions, parameters.options).policy if "evaluate_saved_policy" in names else None
    if policy and not policy.startswith((SCHEME, _REGISTERED)):
        check_named(named_policy(policy, parameters.server, Access()), policy, parameters.environment)
    if _READERS & names:
        base = find_base(parameters.bootstrap, parameters.fine_tuning, parameters.environment)
        modes = {how.max_thought_tokens > 0 for how in (parameters.rollout, parameters.evaluation)}
        if parameters.serving is not None:
            for thinking in sorted(modes):
                check_prompts(base, parameters.serving, parameters.environment, thinking=thinking)
        elif True in modes:
            from leap_kedro.policies.folder import load_tokenizer
            from leap_kedro.prompts.select import renderer_for

            renderer_for(load_tokenizer(base.folder), parameters.environment, thinking=True)
