package inventory

// mostUnits is how many units of a level count in a sum over locations, so that
// such sums stay exact everywhere; beyond it a level counts as so many.
const mostUnits = 1 << 40

// Target is what channel c should show of level l: available less the buffer,
// at most Max. A buffer never takes the number below zero. An oversold level
// shows its true, negative number: were zero shown, a unit restocked by the
// channel itself would be offered there though it is owed to somebody.
//
// A cap only ever lowers a target, so it can't be the cause of a rise; a
// channel at its cap that sells a unit is told to show the cap again. For a
// pooled channel see [PooledTarget].
func Target(l Level, c Channel) int64 {
	buffer, ok := l.Rules.Buffers[c.Name]
	if !ok {
		buffer = c.Buffer
	}
	return c.capped(less(l.Available, buffer))
}

// PooledTarget is what a pooled channel should show of a SKU that has these
// levels: their sum over the channel's locations, each less what it withholds
// from the channel itself, then less the channel's buffer, at most Max. What is
// owed at one location is taken from what others have.
func PooledTarget(levels []Level, c Channel) int64 {
	var sum int64
	for _, l := range levels {
		if c.Sells(l.Location) {
			sum += pooledUnits(l, c)
		}
	}
	return c.capped(less(sum, c.Buffer))
}

// pooledUnits is what a level adds to the number of a pooled channel.
func pooledUnits(l Level, c Channel) int64 {
	return min(max(less(l.Available, l.Rules.Buffers[c.Name]), -mostUnits), mostUnits)
}

// Owed is what to add to the number that a channel is believed to show, so that
// it comes to show target: at most [MaxQuantity] units at once, either way. It
// is zero exactly where nothing has to be told.
func Owed(target, believed int64) int64 {
	return min(max(target-believed, -MaxQuantity), MaxQuantity)
}

func less(n, buffer int64) int64 {
	if n > 0 {
		n = max(0, n-buffer)
	}
	return n
}

func (c Channel) capped(n int64) int64 {
	if c.Max > 0 {
		n = min(n, c.Max)
	}
	return n
}
