"""The table of figures."""

from zs_dagster.evaluation.figures import Figure, load_figures


def test_every_figure_has_settings_and_says_what_to_read() -> None:
    figures = load_figures()
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names)
    assert names == [
        *("lambda", "top-p", "sigma", "min-gap", "fps"),
        *("filter-k", "filter-frames", "backbone"),
    ]
    for figure in figures:
        assert figure.reading.endswith("."), figure.name
        # Which profiles there are is found, not listed.
        assert bool(figure.settings(1.0)) is (figure.parameter != "profile"), figure.name
        assert not figure.published or "arXiv" in figure.source


def test_the_published_curve_is_that_of_the_paper() -> None:
    (curve,) = [figure for figure in load_figures() if figure.name == "lambda"]
    assert set(curve.published) <= set(curve.values)
    assert max(curve.published, key=lambda value: curve.published[value]) == 0.2
    assert (curve.published[0], curve.published[1]) == (0.1152, 0.1462)


def test_divisors_are_of_the_present_value_and_rise() -> None:
    figure = Figure("f", "F", "fps", "fps", "Read.", divisors=(1, 2, 4))
    assert figure.settings(2.0) == (0.5, 1.0, 2.0)
