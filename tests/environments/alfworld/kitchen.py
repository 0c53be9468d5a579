"""A small kitchen, written by hand in the official format."""

from leap_kedro.environments.alfworld.engine.problem import Problem, TextVersion
from leap_kedro.environments.alfworld.tasks.pddl import parse_problem

_FACTS = """
    (receptacleType Cabinet_bar__plus_01_dot_00 CabinetType)
    (receptacleType Cabinet_bar__plus_02_dot_00 CabinetType)
    (receptacleType CounterTop_bar__plus_00_dot_50 CounterTopType)
    (receptacleType DiningTable_bar__minus_03_dot_00 DiningTableType)
    (receptacleType Fridge_bar__plus_04_dot_00 FridgeType)
    (receptacleType Microwave_bar__plus_05_dot_00 MicrowaveType)
    (receptacleType Sink_bar__plus_06_dot_00_bar_SinkBasin SinkBasinType)
    (receptacleAtLocation Cabinet_bar__plus_01_dot_00 loc_bar_1)
    (receptacleAtLocation Cabinet_bar__plus_02_dot_00 loc_bar_1)
    (receptacleAtLocation CounterTop_bar__plus_00_dot_50 loc_bar_2)
    (receptacleAtLocation DiningTable_bar__minus_03_dot_00 loc_bar_3)
    (receptacleAtLocation Fridge_bar__plus_04_dot_00 loc_bar_4)
    (receptacleAtLocation Microwave_bar__plus_05_dot_00 loc_bar_5)
    (receptacleAtLocation Sink_bar__plus_06_dot_00_bar_SinkBasin loc_bar_6)
    (openable Cabinet_bar__plus_01_dot_00)
    (openable Cabinet_bar__plus_02_dot_00)
    (openable Fridge_bar__plus_04_dot_00)
    (openable Microwave_bar__plus_05_dot_00)
    (objectType Apple_bar__plus_01_dot_00 AppleType)
    (objectType Apple_bar__plus_02_dot_00 AppleType)
    (objectType Bowl_bar__plus_01_dot_00 BowlType)
    (objectType Spoon_bar__plus_01_dot_00 SpoonType)
    (objectType Knife_bar__plus_01_dot_00 KnifeType)
    (objectType Pan_bar__plus_01_dot_00 PanType)
    (objectType DeskLamp_bar__plus_01_dot_00 DeskLampType)
    (objectType Window_bar__plus_09_dot_00 WindowType)
    (isReceptacleObject Bowl_bar__plus_01_dot_00)
    (inReceptacleObject Spoon_bar__plus_01_dot_00 Bowl_bar__plus_01_dot_00)
    (inReceptacle Apple_bar__plus_01_dot_00 CounterTop_bar__plus_00_dot_50)
    (inReceptacle Apple_bar__plus_02_dot_00 Fridge_bar__plus_04_dot_00)
    (inReceptacle Bowl_bar__plus_01_dot_00 Cabinet_bar__plus_01_dot_00)
    (inReceptacle Spoon_bar__plus_01_dot_00 Cabinet_bar__plus_01_dot_00)
    (inReceptacle Knife_bar__plus_01_dot_00 CounterTop_bar__plus_00_dot_50)
    (inReceptacle Pan_bar__plus_01_dot_00 CounterTop_bar__plus_00_dot_50)
    (inReceptacle Pan_bar__plus_01_dot_00 DiningTable_bar__minus_03_dot_00)
    (inReceptacle DeskLamp_bar__plus_01_dot_00 DiningTable_bar__minus_03_dot_00)
    (objectAtLocation Apple_bar__plus_01_dot_00 loc_bar_2)
    (objectAtLocation Apple_bar__plus_02_dot_00 loc_bar_4)
    (objectAtLocation Bowl_bar__plus_01_dot_00 loc_bar_1)
    (objectAtLocation Spoon_bar__plus_01_dot_00 loc_bar_1)
    (objectAtLocation Knife_bar__plus_01_dot_00 loc_bar_2)
    (objectAtLocation Pan_bar__plus_01_dot_00 loc_bar_2)
    (objectAtLocation DeskLamp_bar__plus_01_dot_00 loc_bar_3)
    (pickupable Apple_bar__plus_01_dot_00) (pickupable Apple_bar__plus_02_dot_00)
    (pickupable Bowl_bar__plus_01_dot_00) (pickupable Spoon_bar__plus_01_dot_00)
    (pickupable Knife_bar__plus_01_dot_00) (pickupable Pan_bar__plus_01_dot_00)
    (cleanable Apple_bar__plus_01_dot_00) (cleanable Apple_bar__plus_02_dot_00)
    (heatable Apple_bar__plus_01_dot_00) (heatable Apple_bar__plus_02_dot_00)
    (coolable Apple_bar__plus_01_dot_00) (coolable Apple_bar__plus_02_dot_00)
    (sliceable Apple_bar__plus_01_dot_00) (sliceable Apple_bar__plus_02_dot_00)
    (toggleable DeskLamp_bar__plus_01_dot_00)
    (isCool Apple_bar__plus_02_dot_00)
    (canContain CounterTopType AppleType) (canContain CounterTopType KnifeType) (canContain CounterTopType PanType)
    (canContain DiningTableType AppleType) (canContain DiningTableType PanType)
    (canContain CabinetType BowlType) (canContain CabinetType PanType)
    (canContain FridgeType AppleType) (canContain MicrowaveType AppleType) (canContain SinkBasinType AppleType)
    (atLocation agent1 loc_bar_0)
"""

_PLACED = "(objectType ?o AppleType) (receptacleType ?r DiningTableType) {state} (inReceptacle ?o ?r)"
GOALS = {
    "pick_and_place_simple": _PLACED.format(state=""),
    "pick_clean_then_place_in_recep": _PLACED.format(state="(cleanable ?o) (isClean ?o)"),
    "pick_heat_then_place_in_recep": _PLACED.format(state="(heatable ?o) (isHot ?o)"),
    "pick_cool_then_place_in_recep": _PLACED.format(state="(coolable ?o) (isCool ?o)"),
    "pick_two_obj_and_place": """
        (objectType ?o1 AppleType) (receptacleType ?r DiningTableType) (inReceptacle ?o1 ?r)
        (exists (?o2 - object) (and (not (= ?o1 ?o2)) (objectType ?o2 AppleType) (receptacleType ?r DiningTableType)
                                    (inReceptacle ?o2 ?r)))""",
    "look_at_obj_in_light": """
        (exists (?ot - object ?r - receptacle ?a - agent ?l - location)
            (and (objectType ?ot DeskLampType) (toggleable ?ot) (isToggled ?ot) (receptacleAtLocation ?r ?l)
                 (atLocation ?a ?l) (inReceptacle ?ot ?r)))
        (exists (?o - object ?a - agent) (and (objectType ?o PanType) (holds ?a ?o)))""",
}

_GRAMMARS = {
    TextVersion.V2_1_1: 'action PutObject { template :: "put {o} in/on {r}"; }',
    TextVersion.V2_1_2: 'action PutObject { template :: "move {o} to {r}"; }',
}


def pddl(task_type: str = "pick_heat_then_place_in_recep") -> str:
    return (
        "(define (problem plan)\n(:domain alfred)\n(:objects agent1 - agent Apple - object)\n"
        f"(:init {_FACTS})\n(:goal (and (exists (?r - receptacle) (exists (?o - object) (and {GOALS[task_type]}))))))"
    )


def kitchen(
    task_type: str = "pick_heat_then_place_in_recep", text_version: TextVersion = TextVersion.V2_1_1
) -> Problem:
    return parse_problem(pddl(task_type), text_version, "heat some apple and put it in diningtable.")


def game_data(
    task_type: str = "pick_heat_then_place_in_recep",
    text_version: TextVersion = TextVersion.V2_1_1,
    solvable: bool = True,
) -> dict[str, object]:
    task = '"rhs": "Your task is to: heat some apple and put it in diningtable."'
    grammar = f'grammar :: """ {{ "task": [ {{ {task} }} ] }} """;\n{_GRAMMARS[text_version]}'
    return {"pddl_domain": "", "grammar": grammar, "pddl_problem": pddl(task_type), "solvable": solvable}
