import plot.open, plot.fenced
