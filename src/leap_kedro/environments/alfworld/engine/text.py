"""The texts of both versions, byte for byte equal to those that TextWorld derives from the game files' grammar."""

from collections.abc import Callable, Sequence

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.alfworld.engine.rules import Rules
from leap_kedro.environments.alfworld.engine.state import Action, State, Verb, members

REFUSED = "Nothing happens."
"""The answer to a command that is not admissible."""

_WELCOME = "-= Welcome to TextWorld, ALFRED! =-"
_MIDDLE = "You are in the middle of a room. Looking quickly around you, you see"
HELP = """Available commands:
  look:                             look around your current location
  inventory:                        check your current inventory
  go to (receptacle):               move to a receptacle
  open (receptacle):                open a receptacle
  close (receptacle):               close a receptacle
  take (object) from (receptacle):  take an object from a receptacle
  move (object) to (receptacle):  place an object in or on a receptacle
  examine (something):              examine a receptacle or an object
  use (object):                     use an object
  heat (object) with (receptacle):  heat an object using a receptacle
  clean (object) with (receptacle): clean an object using a receptacle
  cool (object) with (receptacle):  cool an object using a receptacle
  slice (object) with (object):     slice an object using a sharp object
"""
"""The answer to ``help`` in the official games of 2.1.2."""

_Phrase = Callable[[int, int], str]


class Text:
    """The texts of a game: commands for actions, and observations of their effects."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._commands = self._command_table()
        self._outcomes = self._outcome_table()

    def command(self, action: Action) -> str:
        """The command of an action."""
        return self._commands[action.verb](action.object, action.target)

    def observation(self, action: Action, state: State) -> str:
        """The observation after `action`; `state` is the state after it."""
        verb, thing, target = action
        match verb:
            case Verb.GO | Verb.OPEN:
                return f"{self._outcomes[verb](thing, target)} {self._receptacle(target, state)}"
            case Verb.LOOK:
                return self._surroundings(state)
            case Verb.INVENTORY:
                return self._inventory(state)
            case Verb.EXAMINE_RECEPTACLE:
                return self._receptacle(target, state)
            case Verb.EXAMINE_OBJECT:
                return self._object(thing, state)
            case Verb.HELP:
                return self._rules.problem.help_text or HELP
            case _:
                return self._outcomes[verb](thing, target)

    def intro(self, state: State) -> str:
        """The first observation."""
        if self._rules.receptacles_at[state.place]:
            sight = self._surroundings(state)
        else:
            sight = f"{_MIDDLE} {_listing(self._rules.receptacle_names)}."
        return f"{_WELCOME}\n\n{sight}\n\nYour task is to: {self._rules.problem.task}"

    def _command_table(self) -> dict[Verb, _Phrase]:
        objects, receptacles = self._rules.object_names, self._rules.receptacle_names
        put: _Phrase = (
            (lambda o, r: f"put {objects[o]} in/on {receptacles[r]}")
            if self._rules.problem.text_version is TextVersion.V2_1_1
            else (lambda o, r: f"move {objects[o]} to {receptacles[r]}")
        )
        return {
            Verb.LOOK: lambda _, __: "look",
            Verb.INVENTORY: lambda _, __: "inventory",
            Verb.HELP: lambda _, __: "help",
            Verb.EXAMINE_RECEPTACLE: lambda _, r: f"examine {receptacles[r]}",
            Verb.EXAMINE_OBJECT: lambda o, _: f"examine {objects[o]}",
            Verb.GO: lambda _, r: f"go to {receptacles[r]}",
            Verb.OPEN: lambda _, r: f"open {receptacles[r]}",
            Verb.CLOSE: lambda _, r: f"close {receptacles[r]}",
            Verb.TAKE: lambda o, r: f"take {objects[o]} from {receptacles[r]}",
            Verb.PUT: put,
            Verb.CLEAN: lambda o, r: f"clean {objects[o]} with {receptacles[r]}",
            Verb.HEAT: lambda o, r: f"heat {objects[o]} with {receptacles[r]}",
            Verb.COOL: lambda o, r: f"cool {objects[o]} with {receptacles[r]}",
            Verb.USE: lambda o, _: f"use {objects[o]}",
            Verb.SLICE: lambda o, knife: f"slice {objects[o]} with {objects[knife]}",
        }

    def _outcome_table(self) -> dict[Verb, _Phrase]:
        """Observations of the actions whose text does not depend on the state."""
        objects, receptacles = self._rules.object_names, self._rules.receptacle_names
        published = self._rules.problem.text_version is TextVersion.V2_1_1
        place_of = self._rules.place_of
        arrivals = [self._rules.location_names[place] for place in place_of] if published else receptacles
        put: _Phrase = (
            (lambda o, r: f"You put the {objects[o]} in/on the {receptacles[r]}.")
            if published
            else (lambda o, r: f"You move the {objects[o]} to the {receptacles[r]}.")
        )
        return {
            Verb.GO: lambda _, r: f"You arrive at {arrivals[r]}.",
            Verb.OPEN: lambda _, r: f"You open the {receptacles[r]}.",
            Verb.CLOSE: lambda _, r: f"You close the {receptacles[r]}.",
            Verb.TAKE: lambda o, r: f"You pick up the {objects[o]} from the {receptacles[r]}.",
            Verb.PUT: put,
            Verb.CLEAN: lambda o, r: f"You clean the {objects[o]} using the {receptacles[r]}.",
            Verb.HEAT: lambda o, r: f"You heat the {objects[o]} using the {receptacles[r]}.",
            Verb.COOL: lambda o, r: f"You cool the {objects[o]} using the {receptacles[r]}.",
            Verb.USE: lambda o, _: f"You turn on the {objects[o]}.",
            Verb.SLICE: lambda o, knife: f"You sliced the {objects[o]} with the {objects[knife]}.",
        }

    def _receptacle(self, receptacle: int, state: State) -> str:
        name = self._rules.receptacle_names[receptacle]
        if self._rules.is_openable(receptacle):
            if not state.opened >> receptacle & 1:
                return f"The {name} is closed."
            start = f"The {name} is open. In it, you see"
        else:
            start = f"On the {name}, you see"
        names = self._rules.object_names
        return f"{start} {_listing([names[thing] for thing in members(state.inside[receptacle])])}."

    def _surroundings(self, state: State) -> str:
        here = self._rules.receptacles_at[state.place]
        if not here:
            return f"{_MIDDLE} nothing."
        facing = _joined([self._rules.receptacle_names[receptacle] for receptacle in here])
        # As in the grammar's query, an object is listed once per receptacle here from which it was taken.
        beside = [
            self._rules.object_names[thing]
            for thing in members(state.located[state.place])
            for receptacle in here
            if state.left[receptacle] >> thing & 1
        ]
        return f"You are facing the {facing}. Next to it, you see {_listing(beside)}."

    def _inventory(self, state: State) -> str:
        if state.held < 0:
            return "You are not carrying anything."
        return f"You are carrying: a {self._rules.object_names[state.held]}."

    def _object(self, thing: int, state: State) -> str:
        rules, name = self._rules, self._rules.object_names[thing]
        facts = rules.objects[thing]
        if facts.is_receptacle:
            inner = [
                rules.object_names[index] for index, other in enumerate(rules.objects) if facts.id in other.contained_in
            ]
            return f"This is a normal {name}. In it, you see {_listing(inner)}."
        is_clean, is_hot, is_cool, is_sliced = (
            bool(bits >> thing & 1) for bits in (state.clean, state.hot, state.cool, state.sliced)
        )
        temperature = "hot" if is_hot else "cool" if is_cool else ""
        adjectives = " and ".join(filter(None, (temperature, "clean" if is_clean else "")))
        if is_sliced:
            return f"This is a {adjectives} sliced {name}." if adjectives else f"This is a sliced {name}."
        if adjectives:
            return f"This is a {'cold' if adjectives == 'cool' else adjectives} {name}."
        if facts.toggleable and state.toggled >> thing & 1:
            return f"This {name} is on."
        return f"There's nothing special about {name}."


def _listing(names: Sequence[str]) -> str:
    return _joined([f"a {name}" for name in names]) if names else "nothing"


def _joined(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 1 else parts[0]
