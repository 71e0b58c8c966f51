"""A plan's report: one offline HTML file, its numbers, and a model card. Torch-free.

``gather`` reads a study folder into a ``PlanReport``; ``page``, ``numbers`` and ``model_card`` say
it. Nothing is measured here: what a study lacks is named, with the command that measures it.
"""
