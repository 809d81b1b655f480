package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// mostKits is how many kits one script registers, and mostDerived how many marks
// one works off.
const (
	mostKits    = 100
	mostDerived = 500
)

var _ inventory.KitKeeper = (*Store)(nil)

// kits are the keys of kits that have levels: what they are made of, who is a
// component, and levels that moved since.
func (p places) kits() []string { return []string{p.at("kt"), p.at("kc"), p.marks()} }

func (p places) marks() string { return p.at("km") }

// KeepKits implements [inventory.KitKeeper]. More than a hundred kits are
// registered in several steps.
func (s *Store) KeepKits(ctx context.Context, name string, kits []inventory.ShownKit) error {
	m, err := s.open(ctx, name)
	if err != nil {
		return err
	}
	for _, k := range kits {
		if err := k.Validate(); err != nil {
			return err
		}
	}
	for from := 0; from < len(kits); {
		to, lines := from, 0
		for to < len(kits) && to < from+mostKits && (to == from || lines+len(kits[to].Components) <= mostLines) {
			lines += len(kits[to].Components)
			to++
		}
		if err := s.keepKits(ctx, m, kits[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (s *Store) keepKits(ctx context.Context, m *merchant, kits []inventory.ShownKit) error {
	_, err := s.write(ctx, m, kitsScript, func(c *call, sh *shape) error {
		set := []byte{}
		if !sh.kits {
			var err error
			set, err = json.Marshal(storedSettings{Channels: sh.settings.Channels, Names: sh.names, Kits: true})
			if err != nil {
				return &inventory.InvalidError{Field: "Channels", Problem: "can't be stored: " + err.Error()}
			}
		}
		s.header(c, m, sh, []int{})
		c.key(m.places.kits()...)
		c.arg(set, len(kits))
		for _, k := range kits {
			c.arg(k.SKU, len(k.Components))
			for _, l := range k.Components {
				c.arg(l.SKU, l.Quantity)
			}
		}
		return nil
	})
	return err
}

// ShownKits implements [inventory.KitKeeper].
func (s *Store) ShownKits(ctx context.Context, name string) ([]inventory.ShownKit, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	found := map[string]inventory.ShownKit{}
	for cursor := ""; cursor != "0"; {
		_, r, err := s.read(ctx, m, func(r *reading) error {
			r.add("HSCAN", m.places.at("kt"), cmp.Or(cursor, "0"), "COUNT", chunk)
			return nil
		})
		if err != nil {
			return nil, err
		}
		parts, _ := r.rest[0].([]any)
		if len(parts) != 2 {
			return nil, unreadable(m)
		}
		next, ok := parts[0].(string)
		values, _ := parts[1].([]any)
		a := &answer{raw: values}
		for ok && !a.done() {
			k := inventory.ShownKit{SKU: a.text()}
			k.Components, ok = decodeComponents(a.text())
			if ok = ok && !a.bad; ok {
				found[k.SKU] = k
			}
		}
		if !ok {
			return nil, &CorruptError{Merchant: m.name, Record: "kits"}
		}
		cursor = next
	}
	out := make([]inventory.ShownKit, 0, len(found))
	for _, k := range found {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b inventory.ShownKit) int { return strings.Compare(a.SKU, b.SKU) })
	return out, nil
}

func decodeComponents(text string) ([]inventory.Line, bool) {
	var out []inventory.Line
	for line := range strings.Lines(text) {
		units, sku, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseInt(units, 10, 64)
		if !ok || err != nil {
			return nil, false
		}
		out = append(out, inventory.Line{SKU: sku, Quantity: n})
	}
	slices.SortFunc(out, func(a, b inventory.Line) int { return strings.Compare(a.SKU, b.SKU) })
	return out, true
}

// Derive implements [inventory.KitKeeper]. A merchant without kits costs no more
// than a look whether there are any by now.
func (s *Store) Derive(ctx context.Context, name string, most int) (more bool, err error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return false, err
	}
	sh, err := s.present(ctx, m)
	if err != nil || !sh.kits {
		return false, err
	}
	r, err := s.write(ctx, m, deriveScript, func(c *call, sh *shape) error {
		s.header(c, m, sh, nil)
		c.key(m.places.kits()...)
		for _, ch := range sh.settings.Channels {
			c.key(m.places.of("pk", ch.Name), m.places.of("pr", ch.Name))
		}
		c.arg(min(max(most, 1), mostDerived))
		return nil
	})
	if err != nil {
		return false, err
	}
	return moreToDo(m, r)
}
