"""Zero-shot action localization and recognition: a library that knows no framework.

Importing the package is free; every stage is imported by its own name.
"""
