"""The closed vocabulary of ALFWorld, in both text versions."""

from leap_kedro.environments.alfworld.student.questions import QUESTION_PHRASES
from leap_kedro.environments.alfworld.teaching.reasons import CLAUSES
from leap_kedro.environments.clauses import fixed_parts
from leap_kedro.environments.vocabulary import Vocabulary, phrases

_PLACES = """
    armchair 4  bathtubbasin 2  bed 3  cabinet 30  cart 2  coffeemachine 2  coffeetable 3  countertop 6  desk 3
    diningtable 4  drawer 30  dresser 3  fridge 2  garbagecan 2  handtowelholder 5  laundryhamper 2  microwave 2
    ottoman 2  paintinghanger 2  safe 2  shelf 16  sidetable 6  sinkbasin 3  sofa 3  stoveburner 7  toaster 2
    toilet 2  toiletpaperhanger 2  towelholder 3  tvstand 3
"""
"""Kind of place -> highest number."""

_THINGS = """
    alarmclock 5  apple 5  baseballbat 2  basketball 2  bathtub 2  blinds 4  book 5  boots 2  bowl 6  box 4  bread 5
    butterknife 5  candle 5  cd 5  cellphone 5  chair 8  cloth 5  creditcard 5  cup 6  curtains 4  desklamp 4
    dishsponge 5  egg 5  floorlamp 3  footstool 2  fork 5  glassbottle 5  handtowel 4  houseplant 4  kettle 5
    keychain 5  knife 5  ladle 5  laptop 5  laundryhamperlid 2  lettuce 5  lightswitch 2  mirror 3  mug 6
    newspaper 5  painting 5  pan 6  papertowel 2  papertowelroll 3  pen 5  pencil 5  peppershaker 6  pillow 5
    plate 6  plunger 2  poster 4  pot 8  potato 5  remotecontrol 5  saltshaker 5  scrubbrush 2  showerdoor 2
    showerglass 2  sink 3  soapbar 5  soapbottle 6  spatula 5  spoon 5  spraybottle 5  statue 7  stoveknob 6
    teddybear 3  television 2  tennisracket 2  tissuebox 5  toiletpaper 6  toiletpaperroll 3  tomato 5  towel 4
    vase 7  watch 5  wateringcan 4  window 8  winebottle 5
"""
"""Kind of object -> highest number."""

_PHRASES = phrases("""
    middle of a room | Your task is to: | On the | In it, you see | nothing | is closed | is open |
    Nothing happens | Done | You are carrying | You are not carrying anything | You are facing | Next to it |
    This is a | There's nothing special about | Available commands |
    clean | cool | cold | hot | heat | put | find | two | look at | examine | put it in | put it on |
    put them in | put them on | under the | with the |
    go to | take | open | close | use | slice | look | inventory | help | . | ?
""")
"""Phrases of observations, goals and actions."""

_REWRITES = (
    (r"You arrive at [a-z]+ \d+\. ", ""),
    (r"You open the [a-z]+ \d+\. ", ""),
    (r"is open\. In it, you see", "In it, you see"),
    (r"You (close|pick up|put|move|clean|heat|cool|turn on|sliced?) [^.]*\.", "Done."),
    (r"Available commands(.|\n)*", "Available commands"),
    (r"\bmove (?=[a-z]+ \d+ to [a-z]+ \d+)", "put "),
)


def vocabulary() -> Vocabulary:
    """The vocabulary of ALFWorld's texts, actions, reasons and questions."""
    known = dict.fromkeys([*_PHRASES, *fixed_parts(CLAUSES, "."), *QUESTION_PHRASES])
    words = f"{_PLACES}{_THINGS}".split()
    entities = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    return Vocabulary(entities, tuple(known), _REWRITES)
