package shopifytest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// worldFile is the JSON form of a shop's stock.
type worldFile struct {
	Locations []worldLocation `json:"locations"`
	Items     []worldItem     `json:"items"`
}

type worldLocation struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

type worldItem struct {
	ID      string       `json:"id"`
	SKU     *string      `json:"sku"`
	Variant *string      `json:"variant"`
	Product *string      `json:"product"`
	Tracked bool         `json:"tracked"`
	Levels  []worldLevel `json:"levels"`
}

type worldLevel struct {
	ID       string `json:"id"`
	Location string `json:"location"`
	Active   bool   `json:"active"`
	worldQuantities
}

type worldQuantities struct {
	Available      *int64 `json:"available"`
	OnHand         *int64 `json:"on_hand"`
	Committed      *int64 `json:"committed"`
	Damaged        *int64 `json:"damaged"`
	Incoming       *int64 `json:"incoming"`
	QualityControl *int64 `json:"quality_control"`
	Reserved       *int64 `json:"reserved"`
	SafetyStock    *int64 `json:"safety_stock"`
}

func (q *worldQuantities) byName() map[string]*int64 {
	return map[string]*int64{
		available: q.Available, committed: q.Committed, damaged: q.Damaged, incoming: q.Incoming,
		qualityControl: q.QualityControl, reserved: q.Reserved, safetyStock: q.SafetyStock,
	}
}

// LoadWorld adds locations, items and levels from JSON, their ids kept:
//
//	{"locations": [{"id": "gid://shopify/Location/1", "name": "Berlin", "active": true}],
//	 "items": [{"id": "gid://shopify/InventoryItem/2", "sku": "MUG",
//	   "variant": "gid://shopify/ProductVariant/3", "product": "gid://shopify/Product/4", "tracked": true,
//	   "levels": [{"id": "gid://shopify/InventoryLevel/5?inventory_item_id=2", "location": "gid://shopify/Location/1",
//	     "active": true, "available": 7, "on_hand": 9, "committed": null}]}]}
//
// Levels stand in the order of their creation. What is null or left out is
// unknown: a quantity counts as 0, except that one of available and committed
// follows from on_hand if the other is known; a variant or product gets a new
// id. Nothing else comes to be, and no webhook is sent.
func (s *Server) LoadWorld(r io.Reader) error {
	var w worldFile
	if err := json.NewDecoder(r).Decode(&w); err != nil {
		return fmt.Errorf("shopifytest: load world: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range w.Locations {
		id, ok := number("Location", l.ID)
		if !ok || s.locations[id] != nil {
			return fmt.Errorf("shopifytest: load world: location %q is no gid or is there twice", l.ID)
		}
		s.claimID(id)
		s.addLocation(id, l.Name, l.Active)
	}
	for _, i := range w.Items {
		if err := s.loadItem(i); err != nil {
			return fmt.Errorf("shopifytest: load world: item %q: %w", i.ID, err)
		}
	}
	clear(s.touched)
	return nil
}

func (s *Server) loadItem(i worldItem) error {
	id, ok := number("InventoryItem", i.ID)
	if !ok || s.items[id] != nil {
		return fmt.Errorf("no gid, or there twice")
	}
	it := &item{id: id, tracked: i.Tracked}
	if i.SKU != nil {
		it.sku = *i.SKU
	}
	if it.variant, ok = s.loadID("ProductVariant", i.Variant); !ok {
		return fmt.Errorf("%q is no variant", *i.Variant)
	}
	if it.product, ok = s.loadID("Product", i.Product); !ok {
		return fmt.Errorf("%q is no product", *i.Product)
	}
	s.claimItemID(id)
	s.addItem(it)
	for _, l := range i.Levels {
		if err := s.loadLevel(it, l); err != nil {
			return fmt.Errorf("level %q: %w", l.ID, err)
		}
	}
	return nil
}

func (s *Server) loadID(kind string, ref *string) (int64, bool) {
	if ref == nil {
		return s.nextID(), true
	}
	n, ok := number(kind, *ref)
	s.claimID(n)
	return n, ok
}

func (s *Server) loadLevel(it *item, w worldLevel) error {
	base, _, _ := strings.Cut(w.ID, "?")
	id, ok := number("InventoryLevel", base)
	if !ok || s.levels[id] != nil {
		return fmt.Errorf("no gid, or there twice")
	}
	at := s.findLocation(w.Location)
	if at == nil || findLevel(it, at) != nil {
		return fmt.Errorf("no location %q, or stocked there twice", w.Location)
	}
	now := s.now()
	l := &level{id: id, item: it, location: at, active: w.Active, stored: map[string]quantity{}, created: now, updated: now}
	known := w.byName()
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if n := known[name]; n != nil {
			l.stored[name] = quantity{*n, now}
		}
	}
	if w.OnHand != nil {
		rest := quantity{*w.OnHand - l.quantity(onHand), now}
		switch {
		case w.Committed == nil && w.Available != nil:
			l.stored[committed] = rest
		case w.Available == nil:
			l.stored[available] = rest
		}
	}
	s.claimID(id)
	it.levels = append(it.levels, l)
	s.levels[id] = l
	return nil
}

// DumpWorld writes the shop's stock in the form that [Server.LoadWorld] reads.
func (s *Server) DumpWorld(out io.Writer) error {
	s.mu.Lock()
	w := worldFile{Locations: []worldLocation{}, Items: []worldItem{}}
	for _, l := range s.locationList {
		w.Locations = append(w.Locations, worldLocation{gid("Location", l.id), l.name, l.active})
	}
	for _, it := range s.itemList {
		sku, variant, product := it.sku, gid("ProductVariant", it.variant), gid("Product", it.product)
		i := worldItem{gid("InventoryItem", it.id), &sku, &variant, &product, it.tracked, []worldLevel{}}
		for _, l := range it.levels {
			n := func(name string) *int64 { q := l.quantity(name); return &q }
			i.Levels = append(i.Levels, worldLevel{l.gid(), gid("Location", l.location.id), l.active, worldQuantities{
				n(available), n(onHand), n(committed), n(damaged), n(incoming), n(qualityControl), n(reserved), n(safetyStock),
			}})
		}
		w.Items = append(w.Items, i)
	}
	s.mu.Unlock()
	enc := json.NewEncoder(out)
	enc.SetIndent("", " ")
	return enc.Encode(w)
}

// ids of most things; inventory items have their own, beyond 2^53, as some
// real ones have.
const (
	firstID     = 7_000_000_000_000
	firstItemID = 271_878_346_596_884_015
)

func (s *Server) nextID() int64 { s.lastID++; return s.lastID }

func (s *Server) nextItemID() int64 { s.lastItemID++; return s.lastItemID }

// claimID keeps new ids away from a loaded one.
func (s *Server) claimID(id int64) { s.lastID = max(s.lastID, id) }

func (s *Server) claimItemID(id int64) { s.lastItemID = max(s.lastItemID, id) }
