"""What the loop starts from."""

from typing import Literal

from pydantic import Field

from leap_kedro.records.parameters import Overrides, StrictModel

EMBEDDED = "embedded"
"""Name of the base that is shipped."""

SMOLLM2 = "smollm2"
"""Name of the base that `python -m leap_kedro.policies.smollm2` makes."""


class BootstrapParameters(StrictModel):
    """The base model, D_0 and pi_0.

    Attributes:
        base: ``embedded`` for the model that is shipped, ``smollm2`` for SmolLM2-135M-Instruct out of a Python package,
            or the folder of a Hugging Face causal LM.
        demonstrator: Name of the unprivileged expert that plays the demonstrations.
        demonstrations: Episodes of D_0, of training tasks.
        noise: Share of random admissible actions in them; the expert's choice is learnt at each step all the same.
        max_actions: Cap on actions a demonstration.
        informed_share: Share of the demonstrations that come a second time, with a block of privileged facts in front
            and labelled by one who knows them: what a student needs that is to be its own teacher. None: all where
            the embedded student teaches itself, else none.
        informed_privilege: How much of the privileged state those labels and blocks give away, per cent.
        fine_tuning: How pi_0 is fine-tuned from the base, where it differs from the shared block.
    """

    base: str = EMBEDDED
    demonstrator: str
    demonstrations: int = Field(ge=1)
    noise: float = Field(ge=0, lt=1)
    max_actions: int = Field(ge=1)
    informed_share: float | None = Field(default=None, ge=0, le=1)
    informed_privilege: Literal[0, 25, 50, 75, 100] = 50
    fine_tuning: Overrides = Field(default_factory=dict)
