"""One model of a server: how it is asked a question, and how its answer is read."""

from dataclasses import dataclass
from typing import Any

from zs_dagster.models.server.reading import TOP, Labels, Reading, read
from zs_dagster.models.server.replies import first_token
from zs_dagster.models.server.spellings import ids

CHAT = "/chat/completions"

_REASONS = {
    "exact": "the server gives the log-probabilities of the answer tokens by their ids",
    "top-20": "the server does not give log-probabilities by token id, so the 20 most likely "
    "tokens are read",
}


@dataclass(frozen=True)
class Served:
    """A model on a server.

    Attributes:
        model: Its name there.
        labels: The answer tokens, and the mode of reading.
    """

    model: str
    labels: Labels

    @property
    def reason(self) -> str:
        """Why this mode, in one sentence."""
        return _REASONS[self.labels.mode]

    def body(self, image: str, question: str) -> dict[str, Any]:
        """Write the request for one answer; the image comes first, so that questions share it.

        Args:
            image: Data URL.
            question: As the model shall read it.
        """
        picture = {"type": "image_url", "image_url": {"url": image}}
        content = [picture, {"type": "text", "text": question}]
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": 1,
            "temperature": 0,
            "seed": 0,
            "logprobs": True,
            "top_logprobs": TOP,
            **self._by_id(),
        }

    def read(self, text: str, subject: str) -> Reading:
        """Read P(yes) from an answer, see `zs_dagster.models.server.reading.read`."""
        return read(first_token(text), self.labels, subject)

    def _by_id(self) -> dict[str, Any]:
        """Name the tokens wanted, as vLLM understands it."""
        if self.labels.mode != "exact":
            return {}
        return {"logprob_token_ids": ids(self.labels), "return_tokens_as_token_ids": True}
