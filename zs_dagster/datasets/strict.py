"""What all parts of a dataset file have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A misspelt key is an error, not a setting that silently does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
