"""Stage three: a LLaVA-OneVision learns to answer, its tower starting from stage one."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import (
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    Qwen2Config,
)

from zs_dagster.demo.training.loop import Descent, Team
from zs_dagster.demo.training.packing import Packer
from zs_dagster.demo.training.patches import (
    GRID,
    NUM_SHAPES,
    PatchHead,
    PatchTargets,
    patch_targets,
)
from zs_dagster.demo.training.questions import (
    ANSWERS,
    CONTEXT_SHARE,
    open_question,
    yes_no_question,
)
from zs_dagster.demo.training.scenes import INPUT_SIZE, Scene, scenes
from zs_dagster.demo.training.untyped import LlavaModel, Processor, Tokenizer
from zs_dagster.demo.training.vision import WIDTH, features, pixels, tower_config
from zs_dagster.demo.training.words import lvlm_tokenizer
from zs_dagster.demo.world import COLOURS, SHAPES, STATES

BATCH = 40  # frames over all processes
QUESTIONS = 14  # per frame
ALIGN_STEPS = 120
ALIGN_BATCH = 48
EMBEDDING_STD = 0.3
FROZEN_SHARE = 0.4  # of the steps: the tower waits until the questions make sense
TOWER_FACTOR = 0.1
RATE = 2e-3
# Language models of this width need wide initial weights; 0.02 suits wide models.
INITIALIZER_RANGE = 0.1

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }} "
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] if part['type'] == 'image' %}<image>{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'video' %}<video>{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}"
    "\n{{ part['text'] }}{% endfor %}"
    "{% endif %}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
VISION: dict[str, Any] = {
    "image_grid_pinpoints": [[INPUT_SIZE, INPUT_SIZE]],
    "vision_aspect_ratio": "anyres_max_9",
    "vision_feature_select_strategy": "full",
}


def build_processor() -> Processor:
    """Make the processor: tokenizer, chat template and 64-pixel images."""
    half = [0.5, 0.5, 0.5]
    look: dict[str, Any] = {
        "size": {"height": INPUT_SIZE, "width": INPUT_SIZE},
        "image_mean": half,
        "image_std": half,
    }
    grid = VISION["image_grid_pinpoints"]
    return LlavaOnevisionProcessor(  # type: ignore[no-untyped-call] # the library's
        image_processor=LlavaOnevisionImageProcessor(image_grid_pinpoints=grid, **look),
        tokenizer=lvlm_tokenizer(),
        video_processor=LlavaOnevisionVideoProcessor(**look),
        num_image_tokens=GRID * GRID,
        vision_feature_select_strategy=VISION["vision_feature_select_strategy"],
        vision_aspect_ratio=VISION["vision_aspect_ratio"],
        chat_template=CHAT_TEMPLATE,
    )


def build_model(tokenizer: Tokenizer) -> LlavaModel:
    """Make the model with random weights."""
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=INITIALIZER_RANGE,
    )
    config = LlavaOnevisionConfig(
        vision_config=tower_config(),
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        tie_word_embeddings=True,
        **VISION,
    )
    for part in (config.text_config, config.vision_config):
        part.dtype = "float32"  # type: ignore[union-attr] # it made them of the above
    return LlavaOnevisionForConditionalGeneration(config)


def train_lvlm(
    team: Team, seed: int, steps: int, tower: nn.Module, head: PatchHead, folder: Path
) -> None:
    """Train an LVLM and save it into a folder that transformers can load.

    Args:
        team: The processes; rank 0 saves.
        seed: Seeds data and weights.
        steps: Number of steps.
        tower: Tower of stage one; it is copied.
        head: Its head; it is trained on, so that the tower stays able to name patches.
        folder: Exists already for all processes.
    """
    rng = np.random.default_rng([seed, 3, team.rank])
    torch.manual_seed(seed)
    processor = build_processor()
    model = build_model(processor.tokenizer).to(team.device)
    model.set_attn_implementation("eager")
    model.model.vision_tower.load_state_dict(tower.state_dict())
    lesson = Lesson(team, model, Packer(model, processor), head)
    frames = scenes(rng)
    lesson.align(frames)
    team.share(model)
    descent = Descent(team, "lvlm", steps, RATE, lesson.groups())
    while descent.done < steps:
        lesson.step(descent, rng, list(islice(frames, BATCH // team.size)))
    if team.rank == 0:
        _save(model, processor, folder)


class Lesson:
    """The model with what its training steps share."""

    def __init__(self, team: Team, model: LlavaModel, packer: Packer, head: PatchHead) -> None:
        self._team, self._model, self._packer, self._head = team, model, packer, head
        self._yes_no = [packer.word("yes"), packer.word("no")]
        self._end = packer.word("<|im_end|>")
        names = (*COLOURS, *SHAPES, *STATES)
        self._names = torch.tensor([packer.word(name) for name in names], device=team.device)
        self._answers = {word: packer.word(word) for word in ANSWERS}

    @property
    def _tower(self) -> LlavaModel:
        return self._model.model.vision_tower

    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Return parameters and their factors on the learning rate."""
        tower = list(self._tower.parameters())
        known = {id(parameter) for parameter in tower}
        rest = [p for p in self._model.parameters() if id(p) not in known]
        return [([*rest, *self._head.parameters()], 1.0), (tower, TOWER_FACTOR)]

    def align(self, frames: Iterator[Scene]) -> None:
        """Teach projector and word embeddings to speak of patches in the same words.

        Without this the model answers "no" to everything for the first half of its training.
        """
        embedding = self._model.get_input_embeddings().weight
        projector = self._model.model.multi_modal_projector.parameters()
        optimizer = torch.optim.AdamW([*projector, embedding], lr=2e-3)
        for _ in range(ALIGN_STEPS):
            batch = list(islice(frames, ALIGN_BATCH))
            with torch.no_grad():
                patches = self._patches(batch)
            loss = self._alignment(patches, self._targets(batch))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch leaves it bare
            optimizer.step()
        with torch.no_grad():
            embedding.mul_(EMBEDDING_STD / embedding.std())

    def step(self, descent: Descent, rng: np.random.Generator, batch: list[Scene]) -> None:
        """Answer questions about a batch, learn, and report."""
        frozen = descent.progress < FROZEN_SHARE
        with torch.set_grad_enabled(not frozen):
            patches = self._patches(batch)
        asked = round(QUESTIONS * max(0.25, 0.7 - 0.9 * descent.progress))
        # Context sentences come in gradually: first the answer must be found at all.
        context_share = CONTEXT_SHARE * min(1.0, 2 * descent.progress)
        answers, numbers = self._answer(rng, batch, patches, asked, context_share)
        targets = self._targets(batch)
        loss = answers + 0.2 * self._alignment(patches, targets)
        if not frozen:
            loss = loss + 0.15 * self._head.loss(patches, targets)
        descent.step(loss, **numbers)

    def _patches(self, batch: list[Scene]) -> torch.Tensor:
        images = pixels([scene.image for scene in batch], self._team.device)
        with self._team.autocast():
            return features(self._tower, images).float()

    def _targets(self, batch: list[Scene]) -> PatchTargets:
        return patch_targets([scene.things for scene in batch], self._team.device)

    def _alignment(self, patches: torch.Tensor, targets: PatchTargets) -> torch.Tensor:
        """Cross entropy of the words for what a patch shows, read by the word embeddings."""
        there = targets.shape != NUM_SHAPES - 1
        projected = self._model.model.multi_modal_projector(patches[there]).float()
        projected = functional.rms_norm(projected, projected.shape[-1:])
        words = self._model.get_input_embeddings().weight.float()
        scores = (projected @ words.T).log_softmax(-1)[:, self._names]
        truth = torch.cat(
            [
                _one_hot(targets.colour[there], len(COLOURS)),
                _one_hot(targets.shape[there], len(SHAPES)),
                targets.states[there],
            ],
            -1,
        )
        loss: torch.Tensor = -(truth * scores).sum() / truth.sum()
        return loss

    def _answer(
        self,
        rng: np.random.Generator,
        batch: list[Scene],
        patches: torch.Tensor,
        asked: int,
        context_share: float,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Ask ``asked`` open questions a frame, the rest yes or no; return loss and report."""
        open_ = [[open_question(rng, s.things) for _ in range(asked)] for s in batch]
        closed = [
            [yes_no_question(rng, s.things, context_share) for _ in range(QUESTIONS - asked)]
            for s in batch
        ]
        truth = self._tensor([[q.truth for q in row] for row in closed])
        word = self._tensor([[self._answers[q.answer] for q in row] for row in open_])
        said = torch.where(truth > 0.5, self._yes_no[0], self._yes_no[1])
        prompts = [
            [q.prompt for q in one] + [q.prompt for q in other]
            for one, other in zip(open_, closed, strict=True)
        ]
        first, end = self._read(patches, prompts, torch.cat([word, said], 1))
        yes, no = (first[:, asked:, token] for token in self._yes_no)
        one_word = -first[:, :asked].gather(-1, word[..., None]).mean()
        yes_no = -(truth * yes + (1 - truth) * no).mean()
        share = asked / QUESTIONS
        right = (first[:, :asked].argmax(-1) == word).float().mean()
        surplus = yes_no - functional.binary_cross_entropy(truth, truth)
        loss = share * one_word + (1 - share) * yes_no - 0.1 * end[..., self._end].mean()
        return loss, {"kl": surplus.item(), "open": right.item()}

    def _read(
        self, patches: torch.Tensor, prompts: list[list[str]], answers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log-probabilities ``(B, K, V)`` of the answer and of the token after it."""
        tokens = [
            [
                [*self._packer.question(prompt), answer]
                for prompt, answer in zip(*row, strict=True)
            ]
            for row in zip(prompts, answers.tolist(), strict=True)
        ]
        with self._team.autocast():
            states, last = self._packer.hidden(patches, tokens)
            first, end = (self._packer.logits(states, last - back) for back in (1, 0))
        return first.float().log_softmax(-1), end.float().log_softmax(-1)

    def _tensor(self, rows: list[list[Any]]) -> torch.Tensor:
        return torch.tensor(rows, device=self._team.device)


def _one_hot(index: torch.Tensor, size: int) -> torch.Tensor:
    """Like the library's, but zeros for what has no name."""
    return (index[:, None] == torch.arange(size, device=index.device)).float()


def _save(model: LlavaModel, processor: Processor, folder: Path) -> None:
    model.set_attn_implementation("sdpa")
    model.half().save_pretrained(folder)
    processor.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)
