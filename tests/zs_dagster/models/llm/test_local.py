"""A language model in this process: a tiny Qwen2 with random weights, really loaded."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from zs_dagster.errors import ModelError, QueryError
from zs_dagster.models.llm.local import LocalLlm
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import Llm
from zs_dagster.queries.budget import Budget
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.queries.prompt_sets import MOMENTS

# Typed as anything: the annotations of the library reject its own documented calls.
hf: Any = transformers

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
)
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]


def write_model(folder: Path, template: str | None = TEMPLATE) -> Path:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",  # noqa: S106 - no password
        pad_token="<|endoftext|>",  # noqa: S106
    )
    fast.chat_template = template
    fast.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = hf.Qwen2ForCausalLM(
            hf.Qwen2Config(
                vocab_size=len(vocabulary),
                hidden_size=32,
                intermediate_size=48,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
            )
        )
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llm"))


def llm(folder: Path, **changes: object) -> Llm:
    return Llm.model_validate(
        {"model": str(folder), "runs": "local", "max_tokens": 24, **changes}
    )


def answer(folder: Path, **changes: object) -> str:
    return LocalLlm(llm(folder, **changes)).complete("s", "Say something.", {}).text


def test_greedy_answers_do_not_depend_on_the_seed(folder: Path) -> None:
    assert answer(folder, temperature=0, seed=1) == answer(folder, temperature=0, seed=2) != ""


def test_sampled_answers_depend_on_the_seed_alone(folder: Path) -> None:
    before = torch.random.get_rng_state()
    first = LocalLlm(llm(folder))
    told = [first.complete("s", "Say something.", {}).text for _ in range(2)]
    assert told == [answer(folder)] * 2
    assert told[0] != answer(folder, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())


def test_tokens_are_counted(folder: Path) -> None:
    said = llm(folder, temperature=0)
    short, long = (LocalLlm(said).complete("s", user, {}) for user in ("ask", "ask this"))
    assert None not in (short.prompt_tokens, short.answer_tokens)
    assert long.prompt_tokens == (short.prompt_tokens or 0) + len(" this")  # A token a letter.
    assert 0 < (short.answer_tokens or 0) <= said.max_tokens


def test_random_weights_write_no_question_and_three_tries_say_so(folder: Path) -> None:
    said, budget = llm(folder), Budget()
    writer = LlmWriter(LocalLlm(said), said.settings(), MOMENTS, budget)
    rule = r"class 'high jump': '.*' gave no valid answer in 3 tries, the last time the answer"
    with pytest.raises(QueryError, match=rule):
        writer.write("high jump", "high jump")
    assert budget.calls == 3


def test_a_template_without_a_system_gets_one_request(tmp_path: Path) -> None:
    write_model(tmp_path, NO_SYSTEM + TEMPLATE)
    said = llm(tmp_path, temperature=0)
    without, empty = (LocalLlm(said).complete(system, "u", {}) for system in ("sss", ""))
    assert without.prompt_tokens == (empty.prompt_tokens or 0) + 3


def test_a_template_that_refuses_everything_is_told(tmp_path: Path) -> None:
    write_model(tmp_path, "{{ raise_exception('never') }}")
    with pytest.raises(ModelError, match=r"chat template of '.*' refuses a plain request"):
        answer(tmp_path)


def test_a_model_that_only_continues_text_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, None)
    with pytest.raises(ModelError, match="has no chat template; choose one made to follow"):
        answer(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model folder '.*none' does not exist; give"):
        answer(tmp_path / "none")


def test_broken_weights_are_told_in_one_line(tmp_path: Path) -> None:
    (write_model(tmp_path) / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"cannot load model '.*': .*; check the name, or"):
        answer(tmp_path)


def test_absent_weights_are_not_filled_in_at_random(tmp_path: Path) -> None:
    config = write_model(tmp_path) / "config.json"
    said = json.loads(config.read_text())
    more = {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3}
    config.write_text(json.dumps({**said, **more}))
    with pytest.raises(ModelError, match="the files lack 12 of its weights"):
        answer(tmp_path)


def test_a_profile_of_the_users_own_names_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZS_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    said = f"clip: {{model: a}}\nlvlm: {{model: b}}\nllm: {{model: '{folder}', runs: local}}"
    (tmp_path / "profiles" / "mine.yaml").write_text(said)
    assert Models("cpu").llm("mine").complete("s", "u", {}).model == str(folder)
