package shopifytest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of quantities, as Shopify spells them. on_hand is the sum of the others
// but incoming.
const (
	available      = "available"
	committed      = "committed"
	damaged        = "damaged"
	incoming       = "incoming"
	onHand         = "on_hand"
	qualityControl = "quality_control"
	reserved       = "reserved"
	safetyStock    = "safety_stock"
)

var (
	quantityNames = []string{available, committed, damaged, incoming, onHand, qualityControl, reserved, safetyStock}
	unavailable   = []string{damaged, qualityControl, reserved, safetyStock}
)

type location struct {
	id      int64
	name    string
	active  bool
	created time.Time
}

type item struct {
	id, variant, product int64
	sku, title           string
	price                int64 // cents
	tracked, oversell    bool
	giftCard             bool
	created              time.Time
	levels               []*level // in order of creation
}

type level struct {
	id       int64
	item     *item
	location *location
	active   bool
	stored   map[string]quantity // by name; on_hand is never stored
	created  time.Time
	updated  time.Time
}

type quantity struct {
	n       int64
	updated time.Time
}

func gid(kind string, id int64) string {
	return "gid://shopify/" + kind + "/" + strconv.FormatInt(id, 10)
}

// number is the numeric part of a gid of that kind, or of a bare number.
func number(kind, id string) (int64, bool) {
	rest, ok := strings.CutPrefix(id, "gid://shopify/"+kind+"/")
	if !ok && strings.HasPrefix(id, "gid:") {
		return 0, false
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	return n, err == nil
}

func (l *level) gid() string {
	return gid("InventoryLevel", l.id) + "?inventory_item_id=" + strconv.FormatInt(l.item.id, 10)
}

func (l *level) quantity(name string) int64 {
	if name != onHand {
		return l.stored[name].n
	}
	sum := l.stored[available].n + l.stored[committed].n
	for _, name := range unavailable {
		sum += l.stored[name].n
	}
	return sum
}

// move changes a stored quantity. It is the only way that stock moves.
func (s *Server) move(l *level, name string, by int64) {
	if by == 0 {
		return
	}
	if _, ok := s.touched[l]; !ok {
		s.touched[l] = l.quantity(available)
	}
	now := s.now()
	l.stored[name] = quantity{l.stored[name].n + by, now}
	l.updated = now
}

// level finds the level of an item at a location, or starts one.
func (s *Server) level(it *item, at *location) *level {
	if l := findLevel(it, at); l != nil {
		return l
	}
	l := s.newLevel(it, at)
	s.attach(l)
	return l
}

// newLevel makes a level that the shop does not hold yet.
func (s *Server) newLevel(it *item, at *location) *level {
	now := s.now()
	l := &level{item: it, location: at, active: true, stored: map[string]quantity{}, created: now, updated: now}
	for _, name := range []string{available, committed, incoming} {
		l.stored[name] = quantity{0, now}
	}
	return l
}

func (s *Server) attach(l *level) {
	l.id = s.nextID()
	l.item.levels = append(l.item.levels, l)
	s.levels[l.id] = l
}

func findLevel(it *item, at *location) *level {
	for _, l := range it.levels {
		if l.location == at {
			return l
		}
	}
	return nil
}

// findItem accepts a SKU, or the gid of an item or of a variant.
func (s *Server) findItem(ref string) *item {
	if n, ok := number("ProductVariant", ref); ok && strings.HasPrefix(ref, "gid:") {
		return s.variants[n]
	}
	if n, ok := number("InventoryItem", ref); ok && strings.HasPrefix(ref, "gid:") {
		return s.items[n]
	}
	return s.skus[ref]
}

// findLocation accepts a name or a gid.
func (s *Server) findLocation(ref string) *location {
	if n, ok := number("Location", ref); ok && strings.HasPrefix(ref, "gid:") {
		return s.locations[n]
	}
	for _, l := range s.locationList {
		if l.name == ref {
			return l
		}
	}
	return nil
}

func (s *Server) addLocation(id int64, name string, active bool) *location {
	l := &location{id: id, name: name, active: active, created: s.now()}
	s.locations[id] = l
	s.locationList = append(s.locationList, l)
	return l
}

func (s *Server) addItem(it *item) *item {
	it.created = s.now()
	it.title = cmp.Or(it.title, it.sku, "Item")
	it.price = cmp.Or(it.price, 1000)
	s.items[it.id] = it
	s.variants[it.variant] = it
	s.itemList = append(s.itemList, it)
	if it.sku != "" && s.skus[it.sku] == nil { // of several with one SKU, the first
		s.skus[it.sku] = it
	}
	return it
}

// AddLocation adds a location and returns its gid.
func (s *Server) AddLocation(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return gid("Location", s.addLocation(s.nextID(), name, true).id)
}

// Item is something the shop sells.
type Item struct {
	SKU       string // may be empty
	Title     string // default: the SKU
	Price     int64  // in cents; default 1000
	Untracked bool   // not counted
	Oversell  bool   // CONTINUE: sold below zero too; otherwise DENY
	GiftCard  bool
}

// AddItem adds an item with its variant and product and returns its gid. It is
// stocked nowhere, see [Server.Stock].
func (s *Server) AddItem(i Item) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.addItem(&item{
		id: s.nextItemID(), variant: s.nextID(), product: s.nextID(),
		sku: i.SKU, title: i.Title, price: i.Price, tracked: !i.Untracked, oversell: i.Oversell, giftCard: i.GiftCard,
	})
	return gid("InventoryItem", it.id)
}

// Stock sets what is available of a SKU at a location by hand, as a merchant
// does in the admin. The item (by SKU or gid) and the location (by name or gid)
// are added if they do not exist.
func (s *Server) Stock(sku, location string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, it := s.findLocation(location), s.findItem(sku)
	if at == nil {
		at = s.addLocation(s.nextID(), location, true)
	}
	if it == nil {
		it = s.addItem(&item{id: s.nextItemID(), variant: s.nextID(), product: s.nextID(), sku: sku, tracked: true})
	}
	s.handEdit(s.level(it, at), n)
}

func (s *Server) handEdit(l *level, n int64) {
	s.move(l, available, n-l.quantity(available))
	s.counters.HandEdits++
	s.publishLevels(s.newEvent())
}

// SetActive activates a level or takes it out of use; its quantities stay. Both
// must exist.
func (s *Server) SetActive(sku, location string, active bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, at := s.findItem(sku), s.findLocation(location)
	if it == nil || at == nil {
		return fmt.Errorf("shopifytest: no item %q or location %q", sku, location)
	}
	s.level(it, at).active = active
	return nil
}

// SetTracked says whether an item is counted.
func (s *Server) SetTracked(sku string, tracked bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.findItem(sku)
	if it == nil {
		return fmt.Errorf("shopifytest: no item %q", sku)
	}
	it.tracked = tracked
	return nil
}

// Available is what the shop shows as available, 0 if it is not stocked there.
func (s *Server) Available(sku, location string) int64 {
	return s.Quantity(sku, location, available)
}

// Quantity is one of a level's quantities, by Shopify's name for it.
func (s *Server) Quantity(sku, location, name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, at := s.findItem(sku), s.findLocation(location)
	if it == nil || at == nil {
		return 0
	}
	l := findLevel(it, at)
	if l == nil {
		return 0
	}
	return l.quantity(name)
}

// Level is what the shop holds of one item at one location.
type Level struct {
	ID, Item, Location string // gids
	SKU, LocationName  string
	Active, Tracked    bool
	Quantities         map[string]int64 // by Shopify's names
}

// Levels lists all levels, by item and in order of creation.
func (s *Server) Levels() []Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Level
	for _, it := range s.itemList {
		for _, l := range it.levels {
			q := make(map[string]int64, len(quantityNames))
			for _, name := range quantityNames {
				q[name] = l.quantity(name)
			}
			out = append(out, Level{
				ID: l.gid(), Item: gid("InventoryItem", it.id), Location: gid("Location", l.location.id),
				SKU: it.sku, LocationName: l.location.name, Active: l.active, Tracked: it.tracked, Quantities: q,
			})
		}
	}
	return out
}

func isQuantity(name string) bool { return slices.Contains(quantityNames, name) }
