"""The modelling language and the planner: models, questions, plans and their errors."""
