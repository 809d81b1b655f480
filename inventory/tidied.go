package inventory

// Tidied is what a call of [Store.Tidy], or a round of a [Janitor], did.
type Tidied struct {
	// Expired reservations were due: their units went back.
	Expired int
	// Stuck reservations are due too, and their expiry was refused. Each is due
	// again in an hour.
	Stuck []Stuck
	// Forgotten are records of reservations that ended a horizon ago.
	Forgotten int
	// Leases that were over are gone.
	Leases int
	// Trimmed are entries of the journal that were too old.
	Trimmed int
	// CompactedOrders and ForgottenOrders are documents; only a Janitor looks at
	// them. See [Config.CompactOrders].
	CompactedOrders, ForgottenOrders int
	// More says that there is more to do.
	More bool
}

// Stuck is a reservation that can't expire, and why: mostly, somebody moved or
// untracked by hand what it holds, so the error is an [ErrInsufficient] or an
// [ErrUntracked]. Put the units back where they were, or commit it as a recorded
// Change.
type Stuck struct {
	Reservation string
	Err         error
}
