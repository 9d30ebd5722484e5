package bench

// Judge compares paired values of init plus first request, in ms, as Run does
// with one pair of arms, for values that were measured otherwise or made up. It
// does not say what would have been seen (SeenShare).
func Judge(before, after []float64) Change { return judge(before, after, judgementLevel) }

// Summarise returns the Figure of values in ms.
func Summarise(values []float64) Figure { return figure(values) }
