"""The shipped LVLM as the brain of a server: real logits behind OpenAI's protocol."""

import base64
import hashlib
import io
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from PIL import Image

import zs_dagster
from tests.servers.openai_server import Json, Refusal
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.naive import naive_logits

WEIGHTS = Path(zs_dagster.__file__).parent / "demo" / "weights" / "lvlm"
KNOWN = {"model", "messages", "max_tokens", "temperature", "seed", "logprobs", "top_logprobs"}


class DemoBrain:
    """Answers about an image that comes before its question.

    Attributes:
        by_id: Whether it has vLLM's ``logprob_token_ids``; without, the most likely tokens.
        tells_ids: Whether it tokenises for others.
        strict: Whether it refuses fields that it does not know, instead of ignoring them.
        longest: Most tokens that it ever lists; many servers have a limit of their own.
        forgets: Written tokens that it leaves out of every list.
    """

    def __init__(
        self, *, by_id: bool = True, tells_ids: bool = True, strict: bool = False
    ) -> None:
        self.models = ["demo-lvlm"]
        self.by_id, self.tells_ids, self.strict = by_id, tells_ids, strict
        self.longest = 100
        self.forgets: frozenset[str] = frozenset()
        self._model = _model()
        self._tokenizer: Any = self._model.backend.prompts._tokenizer

    def name(self, body: Json) -> str:
        url, question = _parts(body)
        return f"{hashlib.blake2b(url.encode(), digest_size=6).hexdigest()} {question}"

    def tokenize(self, body: Json) -> Json:
        if not self.tells_ids:
            raise Refusal(404, "Not Found")
        special = body["add_special_tokens"]
        tokens = self._tokenizer(body["prompt"], add_special_tokens=special)["input_ids"]
        return {"count": len(tokens), "max_model_len": 1024, "tokens": tokens}

    def complete(self, body: Json) -> Json:
        if body["model"] not in self.models:
            raise Refusal(404, f"The model `{body['model']}` does not exist.")
        unknown = sorted(body.keys() - KNOWN)
        if self.strict and unknown and not self.by_id:
            raise Refusal(400, f"Extra inputs are not permitted: {unknown[0]}")
        logprobs = self._logprobs(body)
        ids = sorted(range(len(logprobs)), key=lambda i: -logprobs[i])
        ids = [i for i in ids if self._text(i) not in self.forgets]
        ids = ids[: min(body["top_logprobs"], self.longest)]
        write = self._text
        if self.by_id and "logprob_token_ids" in body:
            ids = body["logprob_token_ids"]
        if self.by_id and body.get("return_tokens_as_token_ids"):
            write = "token_id:{}".format
        top = [{"token": write(i), "logprob": logprobs[i]} for i in ids]
        content = [{**top[0], "bytes": None, "top_logprobs": top}]
        message = {"role": "assistant", "content": top[0]["token"]}
        choice = {"index": 0, "message": message, "logprobs": {"content": content}}
        return {"object": "chat.completion", "model": body["model"], "choices": [choice]}

    def _text(self, token: int) -> str:
        return str(self._tokenizer.convert_ids_to_tokens(token))

    def _logprobs(self, body: Json) -> list[float]:
        url, question = _parts(body)
        return self._model.logprobs(self.name(body), url, question)


class _Model:
    """Loaded once for all tests, with its answers so far."""

    def __init__(self) -> None:
        self.backend = load_scorer(WEIGHTS)._backend
        self._known: dict[str, list[float]] = {}
        self._lock = Lock()

    def logprobs(self, name: str, url: str, question: str) -> list[float]:
        with self._lock, torch.inference_mode():
            if name not in self._known:
                data = base64.b64decode(url.partition(",")[2])
                frame = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
                logits = naive_logits(self.backend, frame, question)
                self._known[name] = logits.log_softmax(-1).tolist()
            return self._known[name]


_model = cache(_Model)


def _parts(body: Json) -> tuple[str, str]:
    """Give data URL and question; any other order or number of parts is refused."""
    (message,) = body["messages"]
    kinds = [part["type"] for part in message["content"]]
    if kinds != ["image_url", "text"] or message["role"] != "user":
        raise Refusal(400, f"expected an image, then a text, got {kinds}")
    image, text = message["content"]
    return image["image_url"]["url"], text["text"]
