"""`zs-dagster doctor`: one check is one function, in a file by what it looks at.

A check takes the home and whether to repair, returns what it found, and raises what is wrong.
"""
