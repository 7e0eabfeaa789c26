"""FLOPs of scoring one frame, from the configuration of an LVLM: arithmetic, no model.

One multiply-add is two FLOPs. Attention is counted dense, as `torch.utils.flop_counter` does;
a kernel that skips the half behind the causal mask needs less. Norms, activations and the few
rows of the output head that spell an answer are left out: below a percent of a real model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zs_dagster.errors import ModelError

Config = Mapping[str, Any]
TILED = frozenset(
    {"siglip_vision_model", "clip_vision_model", "smolvlm_vision", "idefics3_vision"}
)
TERA = 1e12


@dataclass(frozen=True)
class Stack:
    """Equal transformer layers.

    Attributes:
        layers: Number of layers.
        width: Of the residual stream.
        query_width: Heads times their size.
        key_width: Key-value heads times their size.
        inner: Width inside the feed-forward block.
        gated: Whether that block has a third matrix (SwiGLU).
    """

    layers: int
    width: int
    query_width: int
    key_width: int
    inner: int
    gated: bool

    def flops(self, tokens: float, pairs: float) -> float:
        """Count a pass over ``tokens`` of which ``pairs`` look at each other."""
        attention = 2 * self.width * (self.query_width + self.key_width)
        inner = (3 if self.gated else 2) * self.width * self.inner
        return self.layers * (2 * tokens * (attention + inner) + 4 * self.query_width * pairs)


@dataclass(frozen=True)
class FrameLayout:
    """What the processor makes of one frame and its questions.

    Attributes:
        tiles: Pictures that the vision tower sees.
        patches: Patches per picture.
        prefix: Tokens that all questions share, the image among them.
        suffixes: Tokens of each question behind them.
    """

    tiles: int
    patches: int
    prefix: int
    suffixes: Sequence[int]


@dataclass(frozen=True)
class LvlmCost:
    """Cost of a vision-language model.

    Attributes:
        vision: Layers of the vision tower.
        embedding: FLOPs per patch before its first layer.
        connector: FLOPs per patch between tower and decoder.
        text: Layers of the decoder.
        vocabulary: Rows of the output head.
        windowed_layers: Layers of the vision tower that look at a window only.
        window: Patches of a window.
    """

    vision: Stack
    embedding: float
    connector: float
    text: Stack
    vocabulary: int
    windowed_layers: int = 0
    window: int = 0

    def image(self, layout: FrameLayout) -> float:
        """Count the vision tower and connector of one frame."""
        seen = min(self.window, layout.patches)
        share = self.windowed_layers / self.vision.layers
        reach = share * seen + (1 - share) * layout.patches
        patches = layout.tiles * layout.patches
        tower = self.vision.flops(patches, patches * reach)
        return tower + patches * (self.embedding + self.connector)

    def shared(self, layout: FrameLayout) -> float:
        """Count all questions of a frame in one forward: image once, suffixes side by side."""
        tokens = layout.prefix + sum(layout.suffixes)
        return self.image(layout) + self.text.flops(tokens, tokens**2)

    def naive(self, layout: FrameLayout) -> float:
        """Count one full prompt per question, image included."""
        head = 2 * self.text.width * self.vocabulary
        prompts = (layout.prefix + suffix for suffix in layout.suffixes)
        texts = sum(self.text.flops(tokens, tokens**2) + head for tokens in prompts)
        return len(layout.suffixes) * self.image(layout) + texts


def lvlm_cost(config: Config) -> LvlmCost:
    """Read the sizes of a model.

    Args:
        config: A configuration of transformers as a mapping, defaults filled in.

    Raises:
        ModelError: If the architecture is none that is counted here.
    """
    vision, text = config.get("vision_config") or {}, config.get("text_config") or {}
    kind = str(vision.get("model_type"))
    stack = _decoder(text)
    if "linear_attention" in (text.get("layer_types") or ()):
        raise ModelError(f"FLOPs of linear attention ({text['model_type']}) are not counted")
    if kind in TILED or kind == "pixtral":
        return _tiled(config, vision, stack, int(text["vocab_size"]))
    if kind.startswith("qwen"):
        return _qwen(vision, stack, int(text["vocab_size"]))
    raise ModelError(f"FLOPs of the vision tower '{kind}' are not counted")


def _decoder(text: Config) -> Stack:
    if "num_experts" in text or "num_local_experts" in text:
        raise ModelError(f"FLOPs of experts ({text.get('model_type')}) are not counted")
    try:
        heads = int(text["num_attention_heads"])
        size = text.get("head_dim") or text["hidden_size"] // heads
        return Stack(
            layers=int(text["num_hidden_layers"]),
            width=int(text["hidden_size"]),
            query_width=heads * size,
            key_width=int(text.get("num_key_value_heads") or heads) * size,
            inner=int(text["intermediate_size"]),
            gated=True,
        )
    except KeyError as error:
        raise ModelError(f"the model's config.json must give {error} of its decoder") from error


def _tiled(config: Config, vision: Config, text: Stack, vocabulary: int) -> LvlmCost:
    """LLaVA, LLaVA-OneVision and Pixtral (a two-layer connector), Idefics3 and SmolVLM."""
    width = int(vision["hidden_size"])
    connector = 2.0 * text.width * (width + text.width)
    if config.get("scale_factor"):
        # Pixel shuffle: neighbouring patches become one token, in one matrix.
        connector = 2.0 * text.width * width
    return LvlmCost(
        vision=_encoder(vision, width, gated=vision["model_type"] == "pixtral"),
        embedding=2.0 * 3 * int(vision["patch_size"]) ** 2 * width,
        connector=connector,
        text=text,
        vocabulary=vocabulary,
    )


def _qwen(vision: Config, text: Stack, vocabulary: int) -> LvlmCost:
    """Qwen2-VL, 2.5-VL and 3-VL: patches of any number, merged before the decoder."""
    # Qwen2-VL calls the width of its tower embed_dim, and hidden_size that of the decoder.
    width = int(vision.get("embed_dim") or vision["hidden_size"])
    gated = vision["model_type"].startswith("qwen2_5")
    mergers = 1 + len(vision.get("deepstack_visual_indexes") or ())
    merge = int(vision["spatial_merge_size"]) ** 2
    patch = int(vision["patch_size"])
    depth = int(vision["depth"])
    full = vision.get("fullatt_block_indexes")
    return LvlmCost(
        vision=_encoder(vision, width, gated=gated),
        embedding=2.0 * 3 * int(vision.get("temporal_patch_size", 2)) * patch**2 * width,
        connector=2.0 * mergers * width * (merge * width + text.width),
        text=text,
        vocabulary=vocabulary,
        windowed_layers=depth - len(full) if full is not None else 0,
        window=(int(vision.get("window_size") or 0) // patch) ** 2,
    )


def _encoder(vision: Config, width: int, *, gated: bool) -> Stack:
    layers = vision.get("num_hidden_layers") or vision["depth"]
    inner = vision.get("intermediate_size") or width * vision["mlp_ratio"]
    return Stack(int(layers), width, width, width, int(inner), gated)
