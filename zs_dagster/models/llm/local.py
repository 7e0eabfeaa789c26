"""A language model of transformers in this process, for machines without a server."""

from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any

from zs_dagster.errors import ModelError
from zs_dagster.models.devices import choose_device
from zs_dagster.models.llm.completion import Completion
from zs_dagster.models.lvlm.source import broken, find_source
from zs_dagster.models.profiles import Llm


class LocalLlm:
    """Answers one request at a time; the request asks for JSON, nothing enforces it.

    Making one costs nothing; the model is loaded when first asked.
    """

    def __init__(self, llm: Llm, device: str = "auto") -> None:
        self.llm = llm
        self._device = device
        self._lock = Lock()

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> Completion:  # noqa: ARG002 - the request names the keys
        """Answer in text.

        The same request gets the same answer: sampling starts from the seed each time.

        Raises:
            ModelError: If the model cannot be loaded or has no chat template.
        """
        with self._lock:
            tokenizer, network = self._loaded
            prompt = self._prompt(tokenizer, system, user)
            answer = self._generate(tokenizer, network, prompt)
        text = str(tokenizer.decode(answer, skip_special_tokens=True))
        return Completion(text, self.llm.model, prompt.shape[1], len(answer))

    def _prompt(self, tokenizer: Any, system: str, user: str) -> Any:  # noqa: ANN401
        from jinja2 import TemplateError

        forms = (
            [{"role": "system", "content": system}, {"role": "user", "content": user}],
            # Some templates refuse the role of the system.
            [{"role": "user", "content": f"{system}\n\n{user}"}],
        )
        for messages in forms:
            try:
                text = tokenizer.apply_chat_template(
                    messages, add_generation_prompt=True, tokenize=False
                )
            except TemplateError:
                continue
            return tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        raise ModelError(f"the chat template of '{self.llm.model}' refuses a plain request")

    def _generate(self, tokenizer: Any, network: Any, prompt: Any) -> Any:  # noqa: ANN401
        import torch

        sampling: dict[str, Any] = {"do_sample": False}
        if self.llm.temperature > 0:
            sampling = {"do_sample": True, "temperature": self.llm.temperature, "top_k": 0}
        devices = [network.device] if network.device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.inference_mode():
            if self.llm.seed is not None:
                torch.manual_seed(self.llm.seed)
            whole = network.generate(
                prompt.to(network.device),
                attention_mask=torch.ones_like(prompt, device=network.device),
                max_new_tokens=self.llm.max_tokens,
                pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                **sampling,
            )
        return whole[0, prompt.shape[1] :]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        source, device = find_source(self.llm.model), choose_device(self._device)
        try:
            tokenizer, network, absent = _load(source.name, source.commit, device)
        # The libraries below raise almost any type for a broken file, bare Exception included.
        except Exception as error:
            raise broken(source.name, error) from error
        if absent:
            raise ModelError(
                f"cannot load model '{source.name}': the files lack {len(absent)} of its "
                f"weights (first '{absent[0]}'); download it again"
            )
        if not tokenizer.chat_template:
            raise ModelError(
                f"model '{source.name}' has no chat template; choose one made to follow "
                "instructions (often named -Instruct)"
            )
        return tokenizer, network


def _load(name: str, commit: str | None, device: str) -> tuple[Any, Any, list[str]]:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    # Its bar would tear the progress display of whoever calls.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # they leave it bare
    # Their annotations miss what these calls return.
    tokenizers: Any = AutoTokenizer
    models: Any = AutoModelForCausalLM
    network, report = models.from_pretrained(
        name, revision=commit, dtype="auto", use_safetensors=True, output_loading_info=True
    )
    absent = sorted(map(str, report.get("missing_keys") or ()))
    tokenizer = tokenizers.from_pretrained(name, revision=commit)
    return tokenizer, network.to(device).eval(), absent
