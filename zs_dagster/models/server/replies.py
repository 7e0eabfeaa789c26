"""What a server answers, as far as it is read; anything else is a malformed answer."""

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationError


def _number(value: float) -> float:
    if math.isnan(value):
        raise ValueError("a log-probability must be a number, got NaN")
    return value


class TokenLogprob(BaseModel):
    """One token that could have come first, and its natural log-probability."""

    token: str
    logprob: Annotated[float, AfterValidator(_number)]


class _Position(BaseModel):
    top_logprobs: Annotated[list[TokenLogprob], Field(min_length=1)]


class _Logprobs(BaseModel):
    content: Annotated[list[_Position], Field(min_length=1)]


class _Choice(BaseModel):
    logprobs: _Logprobs


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


class _Tokens(BaseModel):
    tokens: list[int]


def first_token(text: str) -> Sequence[TokenLogprob]:
    """Read the candidates for the first token of an answer.

    Raises:
        ValueError: If the text is no chat completion with log-probabilities.
    """
    reply = _Completion.model_validate_json(text)
    return reply.choices[0].logprobs.content[0].top_logprobs


def model_names(text: str) -> list[str]:
    """Read the names of the models that a server offers.

    Raises:
        ValueError: If the text is no list of models.
    """
    return [model.id for model in _Models.model_validate_json(text).data]


def token_ids(text: str) -> list[int]:
    """Read the ids of a tokenised text; none if the server speaks of something else.

    Every server has its own form for this, so an unknown one is no fault that passes.
    """
    try:
        return _Tokens.model_validate_json(text).tokens
    except ValidationError:
        return []
