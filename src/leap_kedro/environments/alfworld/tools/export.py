"""Writes generated games as files for the official `alfworld` package.

    python -m leap_kedro.environments.alfworld.tools.export --split valid_unseen --count 20 --seed 0 FOLDER

This creates ``FOLDER/json_2.1.1/<split>/<task>/<trial>/{game.tw-pddl,traj_data.json,initial_state.pddl}``; set
``ALFWORLD_DATA=FOLDER`` to use it. Rules and texts are those of the package (`official_format/`, MIT licence). The
trajectory file contains what the package reads (task type and parameters), without demonstration and images.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import GameObject, Goal, Problem, TaskType, TextVersion
from leap_kedro.environments.alfworld.engine.text import HELP
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE
from leap_kedro.environments.alfworld.tasks.generator import AGENT, GeneratedGame, Split, generate
from leap_kedro.environments.alfworld.tasks.pddl import ABILITIES
from leap_kedro.environments.alfworld.teaching.planner import shortest_plan
from leap_kedro.environments.protocol import TaskDataError

_FLAGS = {ability: ability for ability in ABILITIES} | {"is_receptacle": "isReceptacleObject"}
"""Predicates by attribute of `GameObject`."""

_GOALS = {
    TaskType.PLACE: "(inReceptacle ?o ?r)",
    TaskType.CLEAN: "(cleanable ?o) (isClean ?o) (inReceptacle ?o ?r)",
    TaskType.HEAT: "(heatable ?o) (isHot ?o) (inReceptacle ?o ?r)",
    TaskType.COOL: "(coolable ?o) (isCool ?o) (inReceptacle ?o ?r)",
}

_RECEPTACLE_TYPES_IN_RULES = ("SinkBasin", "Microwave", "Fridge")
_OBJECT_TYPES_IN_RULES = ("Knife", "ButterKnife")


def game_file(problem: Problem, name: str) -> dict[str, Any]:
    """Content of a ``game.tw-pddl`` with a shortest plan as its walkthrough; `name` is that of the PDDL problem."""
    game = Game(problem)
    plan = shortest_plan(game.rules, game.state)
    return {
        "pddl_domain": _domain(problem.text_version),
        "grammar": _grammar(problem),
        "pddl_problem": pddl_problem(problem, name),
        "solvable": plan is not None,
        "walkthrough": [game.command(action) for action in plan or ()],
    }


def pddl_problem(problem: Problem, name: str) -> str:
    """The PDDL problem text of a game."""
    declarations = "\n".join(f"  {id_} - {kind}" for id_, kind in _declared(problem))
    facts = "\n".join(f"  {fact}" for fact in _facts(problem))
    return f"""(define (problem {name})
 (:domain alfred)
 (:objects
{declarations}
 )
 (:init
{facts}
 )
 (:goal {_goal(problem.goal)})
)
"""


def trajectory_file(generated: GeneratedGame) -> dict[str, Any]:
    """Content of a ``traj_data.json``."""
    goal = generated.problem.goal
    return {
        "task_id": _trial(generated),
        "task_type": goal.task_type.value,
        "pddl_params": {
            "mrecep_target": "",
            "object_sliced": False,
            "object_target": goal.object_type,
            "parent_target": goal.receptacle_type or "",
            "toggle_target": goal.lamp_type or "",
        },
        "scene": {"floor_plan": f"FloorPlan{generated.room}", "scene_num": generated.room},
        "turk_annotations": {"anns": [{"task_desc": generated.problem.task, "high_descs": []}]},
    }


def export_games(games: Iterable[GeneratedGame], folder: Path) -> list[Path]:
    """Write games below `folder` and return their game files.

    Raises:
        TaskDataError: If the folder of a game's split exists, because its games would be mixed with these.
    """
    written: list[Path] = []
    fresh: set[Path] = set()
    for generated in games:
        split_folder = folder / DATA_FOLDER / generated.split.value
        if split_folder not in fresh and split_folder.exists():
            raise TaskDataError(
                f"The folder {split_folder} exists, and its games would be mixed with generated ones. "
                "Export into another folder, or remove it first."
            )
        fresh.add(split_folder)
        goal = generated.problem.goal
        target = goal.receptacle_type or goal.lamp_type
        task = f"{goal.task_type.value}-{goal.object_type}-None-{target}-{generated.room}"
        trial = split_folder / task / _trial(generated)
        trial.mkdir(parents=True)
        content = game_file(generated.problem, f"plan_{_trial(generated)}")
        (trial / GAME_FILE).write_text(json.dumps(content))
        (trial / "traj_data.json").write_text(json.dumps(trajectory_file(generated)))
        (trial / "initial_state.pddl").write_text(content["pddl_problem"])
        written.append(trial / GAME_FILE)
    return written


def _trial(generated: GeneratedGame) -> str:
    return f"trial_G{generated.seed}_{generated.index:06d}"


@cache
def _template(name: str) -> str:
    """A file of the official format without the licence above it, which is a comment."""
    text = (files(__package__) / "official_format" / name).read_text()
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("#", ";")))


@cache
def _domain(text_version: TextVersion) -> str:
    domain = _template("domain.pddl")
    if text_version is TextVersion.V2_1_1:
        domain = re.sub(r" \(:action help\n.*?\n \)\n", "", domain, flags=re.DOTALL)
    return domain


def _grammar(problem: Problem) -> str:
    grammar = _template("grammar.twl2")
    if problem.text_version is TextVersion.V2_1_1:
        wordings = {
            "arrival": "lend",
            "put_command": "put {o} in/on {r}",
            "put_feedback": "You put the {o.name} in/on the {r.name}.",
        }
        grammar = re.sub(r'^( "help\.feedback"|action help ).*\n', "", grammar, flags=re.MULTILINE)
    else:
        wordings = {
            "arrival": "r",
            "put_command": "move {o} to {r}",
            "put_feedback": "You move the {o.name} to the {r.name}.",
        }
    return Template(grammar).substitute(wordings, task=problem.task, help=json.dumps(f"\n{HELP}"))


def _declared(problem: Problem) -> Iterator[tuple[str, str]]:
    """All identifiers with their PDDL types."""
    yield AGENT, "agent"
    for receptacle in problem.receptacles:
        yield receptacle.id, "receptacle"
    for thing in problem.objects:
        yield thing.id, "object"
    locations = {problem.agent_location, *(receptacle.location for receptacle in problem.receptacles)}
    locations.update(location for thing in problem.objects for location in thing.locations)
    for location in sorted(locations):
        yield location, "location"
    receptacle_types = {receptacle.type for receptacle in problem.receptacles}.union(_RECEPTACLE_TYPES_IN_RULES)
    object_types = {thing.type for thing in problem.objects if thing.type}.union(_OBJECT_TYPES_IN_RULES)
    for outer, inner in problem.can_contain:
        receptacle_types.add(outer)
        object_types.add(inner)
    for type_ in sorted(receptacle_types):
        yield f"{type_}Type", "rtype"
    for type_ in sorted(object_types):
        yield f"{type_}Type", "otype"


def _facts(problem: Problem) -> Iterator[str]:
    yield f"(atLocation {AGENT} {problem.agent_location})"
    for outer, inner in sorted(problem.can_contain):
        yield f"(canContain {outer}Type {inner}Type)"
    for receptacle in problem.receptacles:
        yield f"(receptacleType {receptacle.id} {receptacle.type}Type)"
        yield f"(receptacleAtLocation {receptacle.id} {receptacle.location})"
        if receptacle.openable:
            yield f"(openable {receptacle.id})"
        if receptacle.opened:
            yield f"(opened {receptacle.id})"
    for thing in problem.objects:
        yield from _facts_about(thing)


def _facts_about(thing: GameObject) -> Iterator[str]:
    if thing.type:
        yield f"(objectType {thing.id} {thing.type}Type)"
    for attribute, predicate in _FLAGS.items():
        if getattr(thing, attribute):
            yield f"({predicate} {thing.id})"
    for receptacle in thing.receptacles:
        yield f"(inReceptacle {thing.id} {receptacle})"
    for location in thing.locations:
        yield f"(objectAtLocation {thing.id} {location})"
    for outer in thing.contained_in:
        yield f"(inReceptacleObject {thing.id} {outer})"
    for state in sorted(thing.states):
        yield f"(is{state.capitalize()} {thing.id})"


def _goal(goal: Goal) -> str:
    """The goal in the form of the official games."""
    if goal.task_type is TaskType.LOOK:
        return (
            "(and (exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and "
            f"(objectType ?ot {goal.lamp_type}Type) (toggleable ?ot) (isToggled ?ot) (receptacleAtLocation ?r ?l) "
            "(atLocation ?a ?l) (inReceptacle ?ot ?r))) "
            f"(exists (?o - object ?a - agent) (and (objectType ?o {goal.object_type}Type) (holds ?a ?o))))"
        )
    types = f"(objectType ?o {goal.object_type}Type) (receptacleType ?r {goal.receptacle_type}Type)"
    if goal.task_type is TaskType.TWO:
        first, second = types.replace("?o", "?o1"), types.replace("?o", "?o2")
        return (
            f"(and (exists (?r - receptacle) (exists (?o1 - object) (and {first} (inReceptacle ?o1 ?r) "
            f"(exists (?o2 - object) (and (not (= ?o1 ?o2)) {second} (inReceptacle ?o2 ?r)))))))"
        )
    return f"(and (exists (?r - receptacle) (exists (?o - object) (and {types} {_GOALS[goal.task_type]}))))"


def main() -> None:
    """Export games; see the docstring of the module."""
    parser = argparse.ArgumentParser(description="Write generated games in the official format.")
    parser.add_argument("folder", type=Path, help="parent folder of json_2.1.1/")
    parser.add_argument("--split", type=Split, choices=list(Split), default=Split.VALID_UNSEEN)
    parser.add_argument("--count", type=int, default=20, help="number of games")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text-version", type=TextVersion, choices=list(TextVersion), default=TextVersion.V2_1_2)
    options = parser.parse_args()
    if options.count < 1:
        parser.error(f"--count: at least 1, not {options.count}")
    games = (generate(options.split, index, options.seed, options.text_version) for index in range(options.count))
    try:
        written = export_games(games, options.folder)
    except TaskDataError as error:
        parser.exit(1, f"{error}\n")
    except OSError as error:
        parser.exit(
            1, f"Cannot write games below {options.folder}: {error}. Free disk space or choose another folder.\n"
        )
    print(f"{len(written)} games below {options.folder / DATA_FOLDER / options.split}")


if __name__ == "__main__":
    main()
