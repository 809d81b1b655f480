package inventory

// Edited is what somebody changed at a channel by hand, in its admin: each
// line's Quantity is by how much the number there went up, or down if it is
// below zero. It has happened, so it is recorded: available and what is
// believed of the channel move by the same, and nothing is pushed there.
func Edited(id, channel string, lines ...Line) Change {
	c := moves(id, KindEdit, World, Available, lines)
	for i, l := range c.Lines {
		if l.Quantity < 0 {
			c.Lines[i].Quantity, c.Lines[i].From, c.Lines[i].To = -l.Quantity, Available, World
		}
	}
	return c.ReportedBy(channel)
}
