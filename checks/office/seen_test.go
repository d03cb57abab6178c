package office

// Seen is what the echo saw of a run so far, which it remembers until the run's ticket expires; over all its tickets.
func (e *Echo) Seen(run string) (Tally, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var sum Tally
	found := false
	for _, g := range e.guests {
		if g.claims.Run != run {
			continue
		}
		if !found || g.tally.First.Before(sum.First) {
			sum.First = g.tally.First
		}
		if g.tally.Last.After(sum.Last) {
			sum.Last = g.tally.Last
		}
		sum.Received += g.tally.Received
		sum.Twice += g.tally.Twice
		sum.Refused += g.tally.Refused
		found = true
	}
	return sum, found
}
