"""The description of ALFWorld's actions in the prompts of chat models."""

INSTRUCTIONS = """\
The environment is a household. Objects and places carry numbers ("mug 2", "drawer 4"); use the names as they are shown.
You must go to a place before you use it, and open what is closed before you see what is in it. You carry one object.
Actions:
go to <place>
open <place>
close <place>
take <object> from <place>
move <object> to <place>
clean <object> with <place>
heat <object> with <place>
cool <object> with <place>
slice <object> with <object>
use <object>
examine <object or place>
inventory
look
An action that cannot be carried out is answered with "Nothing happens."."""
