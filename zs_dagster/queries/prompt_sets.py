"""The instructions that a language model writes questions by, in sets, each with a version.

A change of any word here needs a new version: answers are cached by it.
"""

import json
from dataclasses import dataclass

from zs_dagster.queries.rules import Rule

SYSTEM = (
    "You write the texts by which computer vision models look for an action in a video. "
    "You answer with one JSON object and nothing else."
)
KEYS = """
Answer with a JSON object of these keys:
"class": exactly {label}
"start_question": the question about the start
"end_question": the question about the end
"description": the description"""
MIDDLE_KEY = '\n"middle_question": the question about the middle'

CORRECTION = """

Your last answer was:
{answer}
It cannot be used: {reason}
Answer again, with this corrected."""
ANSWER_SHOWN, REASON_SHOWN = 2000, 800  # Characters.
LONGEST_CORRECTION = len(CORRECTION) + ANSWER_SHOWN + REASON_SHOWN


@dataclass(frozen=True)
class PromptSet:
    """Instructions for one class.

    Attributes:
        version: Name and number, part of the cache key and of the source of a query.
        instruction: What to write; ``{name}`` is the class.
        exempt: Rules of the texts that these instructions do not ask for.
        asks_middle: Whether they ask for a question about the middle too.
    """

    version: str
    instruction: str
    exempt: frozenset[Rule] = frozenset()
    asks_middle: bool = False

    def ask(self, label: str, name: str) -> str:
        """Return the request for one class, its label quoted so that it stays one text."""
        quoted = json.dumps(label, ensure_ascii=False)
        keys = KEYS + (MIDDLE_KEY if self.asks_middle else "")
        return self.instruction.replace("{name}", name) + keys.replace("{label}", quoted)


def correction(answer: str, reason: str) -> str:
    """Return what is added to the request when an answer broke a rule."""
    return CORRECTION.format(answer=answer[:ANSWER_SHOWN], reason=reason[:REASON_SHOWN])


PAPER = PromptSet(
    "paper-1",
    """The action is "{name}".
Write two questions about a single frame of a video, each to be answered with yes or no. The
first tells whether the action starts in the frame, the second whether it ends in the frame. The
two must differ. Also write one sentence that describes what the action looks like. Use no
adverbs.""",
    exempt=frozenset({"timing"}),
)

MOMENTS = PromptSet(
    "moments-1",
    """The action is "{name}".
Think of two still photographs: one of its first moment, one of its last moment. Somebody who
sees one photograph, and no other, must answer yes or no.
Write a start question that gets "yes" for the first photograph and "no" for the last one, and
an end question that gets "no" for the first and "yes" for the last.
Each question
- begins with Is, Are, Does, Do, Has, Have or Can, ends with a question mark, and has at most 25
  words;
- is in the present tense and asks for what can be seen: where the person and the objects are,
  the pose of the body, what the hands hold, what is open, full, broken or on the ground;
- names no movement and nothing that came earlier or comes later: no "about to", "ready to",
  "starting to", "finished", "after", no comparison with another moment;
- has no adverb;
- names what is special to this action, so that a similar action gets "no".
The two questions contrast: what differs between the two photographs is what they ask.
Also write a description: one phrase of at most 20 words that names the people, the objects and
the place that a photograph of this action shows. Visible things only, no adverb, no opinion.
Example, for the action "opening an umbrella":
start question: Is a person holding a folded umbrella with its cloth tied to the stick?
end question: Is a person under the spread cloth of an umbrella?
description: a person with an umbrella over the head in a street""",
)

STAGES = PromptSet(
    "stages-1",
    f"""{MOMENTS.instruction}
Also think of a third photograph, taken half-way through the action, and write a middle question
by the same rules: it gets "yes" for that photograph and "no" for the first and the last one.
middle question of the example: Is a person holding an umbrella with its cloth half spread?""",
    asks_middle=True,
)

PROMPT_SETS = {"paper": PAPER, "moments": MOMENTS, "stages": STAGES}
