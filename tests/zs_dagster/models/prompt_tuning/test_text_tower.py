"""A tower entered at the embeddings gives what the model gives for the ids."""

from typing import TYPE_CHECKING, Any

import open_clip
import pytest
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.transformer import TextTransformer
from transformers import BertConfig

from zs_dagster.errors import ModelError
from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower

if TYPE_CHECKING:
    from tests.zs_dagster.models.prompt_tuning.conftest import Clip

hf: Any = HFTextEncoder


def test_the_features_of_embedded_ids_are_those_of_the_model_bit_for_bit(clip: "Clip") -> None:
    tower, ids = TextTower(clip.network), clip.ids()
    with torch.no_grad():
        features = tower.encode(tower.embed(ids), ids)
    assert torch.equal(features, clip.text_features())
    # Guards the comparison: the features tell the classes apart.
    assert float(torch.cdist(features, features).max()) > 0.1


def test_the_initial_context_injected_gives_the_features_of_the_model(clip: "Clip") -> None:
    tower = TextTower(clip.network)
    prompts = build_prompts(tower, clip.tokenize, clip.names, "a video of a", ".")
    embeddings = tower.embed(clip.ids())
    context = embeddings[0, prompts.start : prompts.end]
    injected = prompts.inject(embeddings, context)
    with torch.no_grad():
        assert torch.equal(tower.encode(injected, clip.ids()), clip.text_features())
        changed = tower.encode(prompts.inject(embeddings, context.flip(0)), clip.ids())
    assert not torch.allclose(changed, clip.text_features(), atol=1e-3)


def test_permuting_classes_permutes_features(clip: "Clip") -> None:
    tower, order = TextTower(clip.network), [3, 0, 4, 1, 2]
    ids = clip.ids()[order]
    with torch.no_grad():
        features = tower.encode(tower.embed(ids), ids)
    torch.testing.assert_close(features, clip.text_features()[order], atol=1e-5, rtol=0)


def test_a_causal_tower_needs_no_tokens_behind_the_last_end(causal: "Clip") -> None:
    tower, ids = TextTower(causal.network), causal.ids()
    length = tower.useful_length(ids)
    # Start, "a video of a", the words of the longest name, the stop and the end.
    assert length == 7 + max(len(name.split()) for name in causal.names)
    cut = ids[:, :length]
    with torch.no_grad():
        features = tower.encode(tower.embed(cut), cut)
        too_short = tower.encode(tower.embed(cut[:, :-1]), cut[:, :-1])
    torch.testing.assert_close(features, causal.text_features(), atol=1e-5, rtol=0)
    assert not torch.allclose(too_short, causal.text_features(), atol=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"no_causal_mask": True, "pool_type": "argmax"},
        {"pool_type": "last"},
        {"pool_type": "first"},
    ],
)
def test_other_towers_are_not_cut(small: "Clip", changes: dict[str, Any]) -> None:
    network = open_clip.CustomTextCLIP(8, {"layers": 1, "width": 64}, {"layers": 1})
    network.text = TextTransformer(
        context_length=20, width=16, heads=2, layers=1, output_dim=8, **changes
    )
    assert TextTower(network).useful_length(small.ids()) == 20


def test_half_precision_is_kept(small: "Clip") -> None:
    network = open_clip.CustomTextCLIP(
        8,
        {"layers": 1, "width": 64},
        {"layers": 2, "width": 16, "heads": 2, "context_length": 20},
        cast_dtype=torch.bfloat16,
    ).eval()
    open_clip.convert_weights_to_lp(network, torch.bfloat16)
    tower, ids = TextTower(network), small.ids()
    with torch.no_grad():
        features = tower.encode(tower.embed(ids).float(), ids)
        assert torch.equal(features, network.encode_text(ids))
    assert features.dtype == torch.bfloat16


def test_towers_of_hugging_face_are_refused() -> None:
    network = open_clip.CustomTextCLIP(8, {"layers": 1, "width": 64}, {"layers": 1})
    config = BertConfig(
        num_hidden_layers=1, hidden_size=16, num_attention_heads=2, intermediate_size=16
    )
    network.text = hf("bert", output_dim=8, config=config, pretrained=False)
    with pytest.raises(ModelError, match=r"got HFTextEncoder without token_embedding; use a"):
        TextTower(network)


def test_coca_is_refused() -> None:
    text = {"layers": 1, "width": 16, "heads": 2, "embed_cls": True, "output_tokens": True}
    vision = {"layers": 1, "width": 64, "attentional_pool": True, "output_tokens": True}
    multimodal = {"layers": 1, "width": 16, "heads": 2}
    network = open_clip.CoCa(16, multimodal, text, vision)
    with pytest.raises(ModelError, match=r"got TextTransformer with cls_emb; use .* not CoCa"):
        TextTower(network)


def test_towers_that_do_not_pool_are_refused() -> None:
    network = open_clip.CustomTextCLIP(
        8, {"layers": 1, "width": 64}, {"layers": 1, "pool_type": "none"}
    )
    with pytest.raises(ModelError, match=r"must pool its tokens, got pool_type 'none'; use"):
        TextTower(network)
