"""Builds the teacher that the parameters name."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind
from leap_kedro.records import CorrectedEpisode
from leap_kedro.teachers.protocol import Teacher


def build_teacher(
    parameters: CorrectionParameters,
    server: ServerParameters,
    benchmark: Benchmark,
    student: SavedPolicy,
    prompts: Mapping[str, str],
    access: Access,
    so_far: Sequence[CorrectedEpisode],
) -> Teacher:
    """The teacher, ready to correct.

    Args:
        parameters: Kind and privilege level of the teacher.
        server: The shared parameters of the server, for teachers behind one.
        benchmark: The benchmark of the episodes.
        student: The policy that played them.
        prompts: Prompts by name, for teachers behind a server.
        access: Key, prices and cache, for teachers behind a server.
        so_far: Corrections of an earlier, interrupted run of the stage.

    Raises:
        PolicyFolderError: If the student teaches itself and its folder is missing or broken.
        PriceUnknown: If the budget is in dollars and the model has no price.
        PromptError: If a prompt is missing or malformed.
    """
    if parameters.teacher.in_words:
        return _llm_teacher(parameters, server, benchmark, prompts, access, so_far)
    if parameters.teacher.kind is TeacherKind.NONE:
        from leap_kedro.teachers.no_teacher import NoTeacher

        return NoTeacher()
    if parameters.teacher.kind is TeacherKind.SELF:
        return _self_teacher(parameters, benchmark, student)
    return _oracle_teacher(parameters, benchmark)


def _oracle_teacher(parameters: CorrectionParameters, benchmark: Benchmark) -> Teacher:
    from leap_kedro.teachers.oracle import OracleTeacher

    how = parameters.teacher
    options: dict[str, Any] = {"reject_leaks": how.reject_leaks, "varied_wording": how.varied_wording}
    return OracleTeacher(benchmark, how.expert, parameters.privilege, **options)


def _self_teacher(parameters: CorrectionParameters, benchmark: Benchmark, student: SavedPolicy) -> Teacher:
    from leap_kedro.policies.local import LocalPolicySpec
    from leap_kedro.teachers.self_teacher import SelfTeacher

    how = parameters.teacher
    spec = LocalPolicySpec(
        folder=student.folder,
        id=student.id,
        max_new_tokens=how.max_reply_tokens,
        hold_to_admissible=True,
        slots=how.slots,
        environment=benchmark.name,
    )
    return SelfTeacher(benchmark, spec.load(), parameters.privilege, reject_leaks=how.reject_leaks, slots=how.slots)


def _llm_teacher(
    parameters: CorrectionParameters,
    server: ServerParameters,
    benchmark: Benchmark,
    prompts: Mapping[str, str],
    access: Access,
    so_far: Sequence[CorrectedEpisode],
) -> Teacher:
    from leap_kedro.environments.registry import environment_instructions
    from leap_kedro.language_models import LanguageModel
    from leap_kedro.teachers.llm.prompts import TeacherPrompts
    from leap_kedro.teachers.llm.teacher import LLMTeacher

    how = parameters.teacher
    name = benchmark.name
    return LLMTeacher(
        benchmark,
        LanguageModel(how.language_model(server), access, server.overridden(how.server).budget),
        TeacherPrompts(prompts, name, how.view, parameters.privilege, environment_instructions(name)),
        parameters.privilege,
        view=how.view,
        reject_leaks=how.reject_leaks,
        max_unusable_share=how.max_unusable_share,
        recorded_episodes=how.traced_episodes,
        earlier=so_far,
        kind=how.kind,
    )
