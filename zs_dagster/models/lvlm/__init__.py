"""Yes/no probabilities from a language-vision model that runs in this process.

What belongs here: everything about torch and transformers. Import `load_scorer` from
`zs_dagster.models.lvlm.loading` late, where a scorer is needed: the import is expensive.
"""
