"""How the two demo models are trained, from nothing, by one seeded command.

    python -m zs_dagster.demo.training --out DIR

Data come first (`scenes`, `questions`, `captions`), then the stages in their order: `vision`
(patches learn to name what they show), `clip`, `lvlm`; at last `evaluate` and `card`.
Nothing outside this folder imports it; this is the one place with torch at module level.
"""
