import colony.wasps.nest, colony.ants.hill
