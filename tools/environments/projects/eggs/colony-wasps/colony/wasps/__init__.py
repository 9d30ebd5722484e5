import colony.ants.hill
