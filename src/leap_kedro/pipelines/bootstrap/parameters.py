"""Parameters of the base model, D_0 and pi_0."""

from typing import Literal

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel

EMBEDDED = "embedded"
"""Name of the shipped base."""

SLOTS = "slots"
"""Name of the base with copy slots, which has random weights."""

SMOLLM2 = "smollm2"
"""Name of the base that `python -m leap_kedro.policies.smollm2` makes."""


class BootstrapParameters(StrictModel):
    """The base model, D_0 and pi_0.

    Attributes:
        base: ``embedded`` for the shipped model, ``slots`` for the student with copy slots, from random weights,
            ``smollm2`` for SmolLM2-135M-Instruct out of a Python package, or a Hugging Face causal LM: its folder, or
            ``ORG/NAME`` or ``ORG/NAME@REVISION`` of the Hub.
        demonstrator: Who plays the demonstrations: an unprivileged expert of the environment; ``planner``, which
            follows the plan of its oracle; ``base``, the base model, or ``openai:MODEL``, a model of the server
            `server`, which is prompted, and whose solved episodes are kept; or a file or a data set of episodes
            (docs/your_environment.md).
        demonstrations: Number of demonstrations, of training tasks.
        noise: Share of random admissible actions; the target at each step is the expert's choice all the same.
        max_actions: Cap on actions per demonstration.
        informed_share: Share of the demonstrations that are repeated with a block of privileged facts and with labels
            that use them; a student that teaches itself needs them. None: all if the embedded student teaches itself,
            otherwise none.
        informed_privilege: Privilege level of those labels and blocks, per cent.
        fine_tuning: Values of the shared block that differ for pi_0.
    """

    base: str = EMBEDDED
    demonstrator: str
    demonstrations: int = Field(ge=1)
    noise: float = Field(ge=0, lt=1)
    max_actions: int = Field(ge=1)
    informed_share: float | None = Field(default=None, ge=0, le=1)
    informed_privilege: Literal[0, 25, 50, 75, 100] = 50
    fine_tuning: Overrides = Field(default_factory=dict)
