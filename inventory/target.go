package inventory

// Target is what channel c should show of level l: available less the buffer,
// at most Max. A buffer never takes the number below zero. An oversold level
// shows its true, negative number: were zero shown, a unit restocked by the
// channel itself would be offered there though it is owed to somebody.
func Target(l Level, c Channel) int64 {
	buffer, ok := l.Rules.Buffers[c.Name]
	if !ok {
		buffer = c.Buffer
	}
	t := l.Available
	if t > 0 {
		t = max(0, t-buffer)
	}
	if c.Max > 0 {
		t = min(t, c.Max)
	}
	return t
}
