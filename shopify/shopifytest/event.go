package shopifytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// event is one thing that happened: its webhooks share an event id.
type event struct {
	id string
	at time.Time
}

func (s *Server) newEvent() event { return event{s.uuid(), s.now()} }

// uuid makes an id of the server's chance, in the form of a random UUID.
func (s *Server) uuid() string {
	a, b := s.chance.Uint64(), s.chance.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

// commit ends a step of an order: it is indexed, and its webhooks and those of
// the levels that it touched are on their way.
func (s *Server) commit(o *order, topics ...string) event {
	e := s.newEvent()
	s.reindex(o)
	for _, topic := range topics {
		s.publish(e, topic, o.body, true)
	}
	s.publishLevels(e)
	return e
}

func (s *Server) commitRefund(o *order, r *refund, topics ...string) {
	e := s.commit(o, topics...)
	s.publish(e, "refunds/create", func() fields { return o.refundBody(r, true) }, false)
}

func (s *Server) commitEdit(o *order, x edit) {
	e := s.commit(o, "orders/updated")
	s.publish(e, "orders/edited", func() fields { return o.editBody(x) }, false)
}

func (s *Server) commitShipments(o *order, topic string, list ...*shipment) {
	e := s.commit(o, "orders/updated")
	for _, x := range list {
		s.publish(e, topic, func() fields { return o.shipmentBody(x) }, false)
	}
	if o.fulfillmentStatus() == "fulfilled" {
		s.publish(e, "orders/fulfilled", o.body, true)
	}
}

// publishLevels tells of the levels whose available quantity moved.
func (s *Server) publishLevels(e event) {
	list := slices.SortedFunc(maps.Keys(s.touched), func(a, b *level) int { return cmp.Compare(a.id, b.id) })
	for _, l := range list {
		if s.touched[l] != l.quantity(available) {
			s.publish(e, "inventory_levels/update", l.body, true)
		}
	}
	clear(s.touched)
}

// publish puts a webhook on its way. Those that may be late are sometimes
// assembled only when they are sent.
func (s *Server) publish(e event, topic string, build func() fields, late bool) {
	if s.target == nil {
		return
	}
	d := &delivery{topic: topic, id: s.uuid(), event: e, due: e.at.Add(transit)}
	if late && s.hit(s.cfg.Late) {
		d.build = build
	} else {
		d.body = render(build())
	}
	if s.hit(s.cfg.Reorder) {
		d.due = d.due.Add(s.within(s.cfg.Delay))
	}
	if s.hit(s.cfg.Lose) {
		s.counters.Lost++
		return
	}
	s.enqueue(d)
	if s.hit(s.cfg.Duplicate) {
		s.counters.Duplicated++
		s.enqueue(d.again(s.within(time.Minute)))
	}
	if s.hit(s.cfg.Stale) {
		s.counters.Stale++
		if d.body == nil {
			d.body = render(d.build())
		}
		s.enqueue(d.again(10*time.Minute + s.within(4*time.Hour)))
	}
}

func render(b fields) []byte {
	raw, err := json.Marshal(b)
	if err != nil {
		return []byte("{}") // maps of plain values always encode
	}
	return raw
}

func (s *Server) hit(p float64) bool { return p > 0 && s.chance.Float64() < p }

func (s *Server) within(d time.Duration) time.Duration {
	return time.Duration(s.chance.Int64N(int64(max(d, 1))))
}

// indexed is what the order index held from a time on.
type indexed struct {
	from      time.Time
	updated   time.Time
	cancelled bool
	closed    bool
}

// reindex notes what the index of orders will hold once it has caught up.
func (s *Server) reindex(o *order) {
	behind := s.now().Add(-s.cfg.Lag)
	for len(o.index) > 1 && !o.index[1].from.After(behind) {
		o.index = o.index[1:]
	}
	o.index = append(o.index, indexed{s.now(), o.updated, !o.cancelled.IsZero(), !o.cancelled.IsZero()})
}

// found gives what the index holds of an order now, and whether it does.
func (s *Server) found(o *order) (indexed, bool) {
	seen := s.now().Add(-max(s.cfg.Lag, 0))
	for i := len(o.index) - 1; i >= 0; i-- {
		if !o.index[i].from.After(seen) {
			return o.index[i], true
		}
	}
	return indexed{}, false
}
