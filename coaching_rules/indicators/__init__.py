"""Leading indicators: counts of what reps do, held against a goal, comparable reps and the rep's own past."""
