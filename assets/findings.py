"""What lint found, as asset checks, and as the one sentence that stops a run."""

import logging
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from assets.markdown import plain
from zs_dagster.datasets.lint import Finding
from zs_dagster.errors import DatasetError

MAX_LISTED = 100


def check_results(
    dataset: str, rules: Iterable[str], findings: Sequence[Finding]
) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of every rule; rules are named with ``_`` as checks."""
    found = {finding.rule: finding for finding in findings}
    for rule in rules:
        yield _checked(dataset, rule, found.get(rule))


def _checked(dataset: str, rule: str, finding: Finding | None) -> dg.AssetCheckResult:
    name = rule.replace("-", "_")
    if finding is None:
        said = plain(dataset)
        return dg.AssetCheckResult(check_name=name, passed=True, description=said)
    is_error = finding.severity == "error"
    # What is only worth knowing passes, with the facts beside it.
    return dg.AssetCheckResult(
        check_name=name,
        passed=finding.severity == "info",
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=plain(f"{dataset}: {finding.sentence()}"),
        metadata={"count": finding.count, "examples": list(finding.examples[:MAX_LISTED])},
    )


def refuse(what: str, findings: Sequence[Finding], logger: logging.Logger) -> None:
    """Stop at errors, before a number is computed from them; show warnings.

    Args:
        what: Whose findings, the beginning of the sentence.
        findings: Of lint.
        logger: Gets the warnings.

    Raises:
        DatasetError: If there is an error.
    """
    for finding in findings:
        if finding.severity == "warning" and finding.rule != "unreadable-video":
            logger.warning("%s", finding.sentence())
    errors = [finding.sentence() for finding in findings if finding.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more rules)" if len(errors) > 1 else ""
        raise DatasetError(f"{what}: {errors[0]}{more}")
