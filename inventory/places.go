package inventory

// Places is what must be known beside an order's document to say where its
// units are.
type Places struct {
	// Locations are all locations of the merchant. If there is one, that is
	// where everything happens, whatever an order says; if there are several,
	// the first is the home of lines that Homes does not name.
	Locations []string
	// Homes is the location chosen for a line's units when the order was first
	// seen, by line ID. A till's own location goes before it.
	Homes map[string]string
}

// home returns where the units of a line are while nothing better is known.
func (p Places) home(o Order, line string) string {
	if o.Location != "" {
		return o.Location
	}
	if at := p.Homes[line]; at != "" {
		return at
	}
	if len(p.Locations) > 0 {
		return p.Locations[0]
	}
	return ""
}

// only returns the one location there is.
func (p Places) only() (location string, ok bool) {
	switch len(p.Locations) {
	case 0:
		return "", true
	case 1:
		return p.Locations[0], true
	default:
		return "", false
	}
}
