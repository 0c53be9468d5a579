"""What MLflow loads for a registered policy (models from code: this file is stored with each version).

Input: conversations with `opening`, `turns` (each an `action` and the `observation` that followed) and `admissible`
(empty where the environment lists none). Output: `reason` and `action` of each.
"""

from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class PolicyModel(PythonModel):
    """A LEAP policy behind MLflow's `predict`: greedy, otherwise as in its evaluation (see `models.answering`)."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the policy's folder."""
        import json
        from pathlib import Path

        from leap_kedro.policies.local import LocalPolicySpec

        answering = json.loads(Path(context.artifacts["answering"]).read_text(encoding="utf-8"))
        self._policy = LocalPolicySpec(Path(context.artifacts["policy"]), id="policy", **answering).load()

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer each conversation."""
        from leap_kedro.prompts.conversation import Conversation
        from leap_kedro.records import Turn

        conversations = [
            Conversation(
                key=str(number),
                opening=row["opening"],
                turns=tuple(Turn(turn["action"], turn["observation"]) for turn in row["turns"]),
                admissible=tuple(row["admissible"]) or None,
            )
            for number, row in enumerate(model_input.to_dict("records"))
        ]
        replies = self._policy.reply(conversations)
        return pd.DataFrame([{"reason": reply.reason, "action": reply.action} for reply in replies])


mlflow.models.set_model(PolicyModel())
