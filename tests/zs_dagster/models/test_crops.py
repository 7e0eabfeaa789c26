"""Where crops lie: by hand on two frames, and always inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.models.crops import CROP_SETS, Crop, crop_names, place_crop

NAMES = sorted({name for names in CROP_SETS.values() for name in names})


def test_three_crops_lie_along_the_long_side() -> None:
    wide = [place_crop(name, 640, 320, 224) for name in crop_names(3)]
    assert wide == [Crop(448, 224, left, 0) for left in (0, 112, 224)]
    high = [place_crop(name, 320, 640, 224) for name in crop_names(3)]
    assert high == [Crop(224, 448, 0, top) for top in (0, 112, 224)]


def test_nine_crops_are_cut_from_a_larger_scale() -> None:
    places = {(c.left, c.top) for c in (place_crop(n, 640, 320, 224) for n in crop_names(9))}
    # 256 pixels high, 512 wide: 32 and 288 pixels of room.
    assert places == {(x, y) for x in (0, 144, 288) for y in (0, 16, 32)}
    assert set(crop_names(5)) < set(crop_names(9))
    assert place_crop("mid@8/7", 640, 320, 224)[:2] == (512, 256)


@pytest.mark.parametrize("count", [0, 2, 4, 10])
def test_other_numbers_of_crops_are_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"crops must be one of 1, 3, 5, 9, got {count}"):
        crop_names(count)


def test_an_unknown_crop_is_refused() -> None:
    with pytest.raises(InputError, match="there is no crop 'centre'"):
        place_crop("centre", 4, 4, 2)


@given(st.sampled_from(NAMES), st.integers(1, 4000), st.integers(1, 4000), st.integers(8, 448))
def test_a_crop_lies_inside_and_keeps_the_shape(
    name: str, width: int, height: int, side: int
) -> None:
    crop = place_crop(name, width, height, side)
    assert 0 <= crop.left <= crop.width - side
    assert 0 <= crop.top <= crop.height - side
    short, long = sorted((crop.width, crop.height))
    assert short in (side, side * 8 // 7)
    assert abs(long - short * max(width, height) / min(width, height)) <= 1
