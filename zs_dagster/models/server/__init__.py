"""Yes/no probabilities from a model behind an OpenAI-compatible server.

What belongs here: everything about such a server's protocol. `ServerScorer` in
`zs_dagster.models.server.scorer` is the way in; import it late, where a scorer is needed.
"""
