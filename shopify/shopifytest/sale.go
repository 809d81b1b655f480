package shopifytest

import (
	"errors"
	"fmt"
	"time"
)

// ErrSoldOut is returned for an order that wants more of an item than is
// available, unless the item is oversold.
var ErrSoldOut = errors.New("shopifytest: sold out")

// Line is one line of a sale, or what of an order is to be shipped.
type Line struct {
	SKU      string // or the gid of an item or variant; empty with Custom
	Quantity int64
	Location string // name or gid; empty: where there is enough
	Custom   string // the title of a line that has no variant
}

// Sale is an order to be placed.
type Sale struct {
	Lines []Line
	// Source is the order's source_name. Default "web".
	Source string
	// App is the id of the app that made the order. Default 580111, the online
	// store.
	App int64
	// Retail is the location of a till sale, which takes the stock there.
	Retail string
	// Unclaimed orders take no stock, as orders imported with BYPASS.
	Unclaimed bool
	// Test marks the order as a test order.
	Test bool
	// Attributes are the order's note attributes, in pairs of name and value.
	Attributes [][2]string
}

// onlineStore is the app id of Shopify's own online store.
const onlineStore = 580111

// Order places an order and returns its gid.
func (s *Server) Order(lines ...Line) (string, error) { return s.Sell(Sale{Lines: lines}) }

// Sell places an order and returns its gid. Stock goes from available to
// committed where there is enough of it; an item that may not be oversold is
// refused with [ErrSoldOut], and then nothing happens.
func (s *Server) Sell(sale Sale) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.sell(sale)
	if err != nil {
		return "", err
	}
	return o.gid(), nil
}

// portion is units of a line taken at one location.
type portion struct {
	line     *line
	n        int64
	location *location
}

func (s *Server) sell(sale Sale) (*order, error) {
	var pos *location
	if sale.Retail != "" {
		if pos = s.findLocation(sale.Retail); pos == nil {
			return nil, fmt.Errorf("shopifytest: no location %q", sale.Retail)
		}
	}
	if len(sale.Lines) == 0 {
		return nil, errors.New("shopifytest: an order needs a line")
	}
	taken := map[*level]int64{}
	var lines []*line
	var all []portion
	for _, want := range sale.Lines {
		l, err := s.newLine(want)
		if err != nil {
			return nil, err
		}
		parts, err := s.route(l, want, pos, sale.Unclaimed, taken)
		if err != nil {
			return nil, err
		}
		lines, all = append(lines, l), append(all, parts...)
	}
	if sale.Source == "" {
		sale.Source = "web"
		if pos != nil {
			sale.Source = "pos"
		}
	}
	if sale.App == 0 {
		sale.App = onlineStore
	}
	s.lastOrder++
	o := &order{id: s.nextID(), number: 1000 + s.lastOrder, lines: lines, sale: sale, pos: pos}
	for _, l := range lines {
		l.id = s.nextID()
	}
	s.orders[o.id] = o
	s.orderList = append(s.orderList, o)
	for _, p := range all {
		s.claim(o, p.line, p.n, p.location)
	}
	o.created = s.stamp()
	o.updated = o.created
	s.counters.Orders++
	s.commit(o, "orders/create")
	return o, nil
}

func (s *Server) newLine(want Line) (*line, error) {
	if want.Quantity <= 0 {
		return nil, fmt.Errorf("shopifytest: a line of %d units", want.Quantity)
	}
	if want.Custom != "" {
		return &line{title: want.Custom, quantity: want.Quantity}, nil
	}
	it := s.findItem(want.SKU)
	if it == nil {
		return nil, fmt.Errorf("shopifytest: no item %q", want.SKU)
	}
	return &line{item: it, title: it.title, price: it.price, tracked: it.tracked, giftCard: it.giftCard, quantity: want.Quantity}, nil
}

// route finds where the units of a line come from: the place that is named,
// the first with enough, or several. taken is what other lines of the same
// order have taken already.
func (s *Server) route(l *line, want Line, pos *location, unclaimed bool, taken map[*level]int64) ([]portion, error) {
	at := pos
	if want.Location != "" {
		if at = s.findLocation(want.Location); at == nil {
			return nil, fmt.Errorf("shopifytest: no location %q", want.Location)
		}
	}
	free := func(lv *level) int64 { return lv.quantity(available) - taken[lv] }
	counted := l.tracked && !unclaimed
	if !counted {
		if at == nil {
			if at = s.home(l.item); at == nil {
				return nil, errors.New("shopifytest: the shop has no active location")
			}
		}
		return []portion{{l, l.quantity, at}}, nil
	}
	var levels []*level
	for _, lv := range l.item.levels {
		if lv.active && lv.location.active && (at == nil || lv.location == at) {
			levels = append(levels, lv)
		}
	}
	sum := int64(0)
	for _, lv := range levels {
		if free(lv) >= l.quantity {
			taken[lv] += l.quantity
			return []portion{{l, l.quantity, lv.location}}, nil
		}
		sum += max(free(lv), 0)
	}
	if sum < l.quantity && (!l.item.oversell || len(levels) == 0) {
		return nil, fmt.Errorf("%w: %d of %q wanted, %d left", ErrSoldOut, l.quantity, l.item.sku, sum)
	}
	var out []portion
	rest := l.quantity
	for _, lv := range levels {
		if n := min(max(free(lv), 0), rest); n > 0 {
			out = append(out, portion{l, n, lv.location})
			taken[lv] += n
			rest -= n
		}
	}
	if rest > 0 {
		out = append(out, portion{l, rest, levels[0].location})
		taken[levels[0]] += rest
	}
	return out, nil
}

// home is where an item is stocked first, or the shop's first active location.
func (s *Server) home(it *item) *location {
	if it != nil {
		for _, lv := range it.levels {
			if lv.active && lv.location.active {
				return lv.location
			}
		}
	}
	for _, l := range s.locationList {
		if l.active {
			return l
		}
	}
	return nil
}

// stamp is the time as an order shows it: in seconds, and possibly early.
func (s *Server) stamp() time.Time {
	t := s.now()
	if s.cfg.Skew > 0 {
		t = t.Add(-time.Duration(s.chance.Int64N(int64(s.cfg.Skew))))
	}
	return t.Truncate(time.Second)
}
