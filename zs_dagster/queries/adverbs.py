"""Which words of a text are adverbs: a short list, and the ending -ly with its exceptions."""

import re

# Words that are also something else (fast, still) are not here, nor the "there" of "is there".
PLAIN = """
again almost already always ever just maybe never now often perhaps quite rather sometimes
somewhat soon then too very yet
"""
# Nouns, verbs and adjectives that end in -ly, and "only".
NO_ADVERBS = """
ally anomaly apply assembly barfly belly bodily bristly bubbly bully burly butterfly chilly
comply costly crumbly cuddly curly daily doily dolly dragonfly early elderly family filly
firefly fly folly freckly friendly frilly ghastly ghostly gnarly godly grizzly gully hilly
holly holy homely horsefly housefly imply italy jelly jolly july kelly lily lively lonely
lovely lowly manly mayfly measly melancholy monopoly motherly multiply oily only orderly
pearly pebbly ply poly potbelly prickly pully rally rely reply sally scaly silly sly smelly
sparkly squiggly stately steely supply surly tally timely trolly ugly underbelly unruly wally
wiggly wily wobbly woolly wooly wrinkly
"""
_PLAIN, _NO_ADVERBS = frozenset(PLAIN.split()), frozenset(NO_ADVERBS.split())


def adverbs(text: str) -> list[str]:
    """Return the adverbs of a text, in its order, in lower case."""
    return [word for word in re.findall(r"[^\W\d_]+", text.casefold()) if _is_adverb(word)]


def _is_adverb(word: str) -> bool:
    return word in _PLAIN or (word.endswith("ly") and word not in _NO_ADVERBS)
