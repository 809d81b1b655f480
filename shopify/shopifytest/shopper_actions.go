package shopifytest

import "slices"

func (p *Shopper) order() bool {
	var sale Sale
	p.locked(func() {
		if p.hit(p.cfg.Retail) {
			sale.Retail = p.anyPlace()
		}
		sale.Unclaimed = p.hit(p.cfg.Unclaimed)
		if sale.Unclaimed {
			sale.App, sale.Source = ownApp+1, "import"
		}
		taken := map[*level]int64{}
		for range p.upTo(4) {
			if p.hit(p.cfg.Custom) {
				sale.Lines = append(sale.Lines, Line{Custom: "Engraving", Quantity: 1})
				continue
			}
			l := p.pickLevel()
			if l == nil {
				continue
			}
			n := p.upTo(3)
			if l.item.tracked && !l.item.oversell {
				n = min(n, l.quantity(available)-taken[l])
			}
			if n <= 0 {
				continue
			}
			taken[l] += n
			x := Line{SKU: gid("InventoryItem", l.item.id), Quantity: n, Location: gid("Location", l.location.id)}
			if sale.Retail != "" || p.hit(p.cfg.Spread) {
				x.Location = ""
			}
			sale.Lines = append(sale.Lines, x)
		}
	})
	if len(sale.Lines) == 0 {
		return false
	}
	_, err := p.shop.Sell(sale)
	return err == nil
}

func (p *Shopper) cancel() bool {
	var o *order
	p.locked(func() { o = p.pickOrder(func(o *order) bool { return o.cancelled.IsZero() && o.live() }) })
	if o == nil {
		return false
	}
	restock := p.hit(.6)
	each := func() bool { return restock != (!p.shop.cfg.NoRefundLines && p.hit(.15)) }
	return p.shop.change(o.gid(), func(o *order) error { return p.shop.cancel(o, each, p.hit(.5)) }) == nil
}

func (p *Shopper) refund() bool {
	var id string
	var lines []RefundLine
	p.locked(func() {
		o := p.pickOrder(func(o *order) bool {
			return slices.ContainsFunc(o.lines, func(l *line) bool { return o.open(l, false) > 0 || o.shipped(l) > l.returned })
		})
		if o == nil {
			return
		}
		id = o.gid()
		for range p.upTo(3) {
			l := o.lines[p.chance.IntN(len(o.lines))]
			open, sent := o.open(l, false), o.shipped(l)-l.returned
			x := RefundLine{Line: gid("LineItem", l.id), Restock: NoRestock, Location: p.elsewhere()}
			restock := p.hit(.6)
			switch {
			case sent > 0 && (open == 0 || p.hit(.5)):
				x.Quantity = p.upTo(sent)
				if restock {
					x.Restock = ReturnUnits
				}
			case open > 0:
				x.Quantity, x.Removal = p.upTo(open), true
				if restock {
					x.Restock = CancelUnits
				}
			default:
				continue
			}
			if !slices.ContainsFunc(lines, func(y RefundLine) bool { return y.Line == x.Line }) {
				lines = append(lines, x)
			}
		}
	})
	if len(lines) == 0 {
		return false
	}
	_, err := p.shop.Refund(id, lines...)
	return err == nil
}

func (p *Shopper) edit() bool {
	var id string
	var c EditLine
	p.locked(func() {
		o := p.pickOrder(func(o *order) bool { return o.cancelled.IsZero() })
		if o == nil {
			return
		}
		id = o.gid()
		l := o.lines[p.chance.IntN(len(o.lines))]
		if open := o.open(l, false); open > 0 && p.hit(.5) {
			c = EditLine{SKU: gid("LineItem", l.id), Delta: -p.upTo(open), Restock: p.hit(.6), Location: p.elsewhere()}
			return
		}
		lv := p.pickLevel()
		if lv == nil {
			return
		}
		at := lv.location
		if home := o.place(lv.item); home != nil && !p.hit(p.cfg.Elsewhere) {
			at = home
		}
		c = EditLine{SKU: gid("InventoryItem", lv.item.id), Delta: 1, Location: gid("Location", at.id)}
	})
	return c.Delta != 0 && p.shop.Edit(id, c) == nil
}

func (p *Shopper) fulfill() bool {
	var id, from, to string
	var lines []Line
	p.locked(func() {
		o := p.pickOrder((*order).live)
		if o == nil {
			return
		}
		id = o.gid()
		for _, f := range o.assigned {
			rest := f.remaining()
			if len(rest) == 0 || len(lines) > 0 && p.hit(.5) {
				continue
			}
			from, lines = gid("Location", f.location.id), nil
			for _, u := range rest {
				if len(lines) == 0 || p.hit(.7) {
					lines = append(lines, Line{SKU: gid("LineItem", u.line.id), Quantity: p.upTo(u.n), Location: from})
				}
			}
		}
		if p.cfg.Mix.Move > 0 {
			to = p.elsewhere()
		}
	})
	if len(lines) == 0 {
		return false
	}
	if to != "" && to != from && p.shop.Move(id, from, to) == nil {
		for i := range lines {
			lines[i].Location = to
		}
	}
	_, err := p.shop.Fulfill(id, lines...)
	return err == nil
}

func (p *Shopper) unfulfill() bool {
	var id string
	p.locked(func() {
		var x *shipment
		p.pickOrder(func(o *order) bool {
			for _, s := range o.shipments {
				if s.status == "success" && o.mayUnship(s) {
					x = s
				}
			}
			return x != nil
		})
		if x != nil {
			id = gid("Fulfillment", x.id)
		}
	})
	return id != "" && p.shop.CancelFulfillment(id) == nil
}

func (p *Shopper) move() bool {
	var id, from, to string
	p.locked(func() {
		o := p.pickOrder((*order).live)
		if o == nil {
			return
		}
		id, to = o.gid(), p.anyPlace()
		for _, f := range o.assigned {
			if len(f.remaining()) > 0 && gid("Location", f.location.id) != to {
				from = gid("Location", f.location.id)
			}
		}
	})
	return from != "" && p.shop.Move(id, from, to) == nil
}

func (p *Shopper) hold() bool {
	var o *order
	p.locked(func() { o = p.pickOrder((*order).live) })
	return o != nil && p.shop.Hold(o.gid(), p.hit(.5)) == nil
}

func (p *Shopper) touch() bool {
	var o *order
	p.locked(func() { o = p.pickOrder(func(*order) bool { return true }) })
	return o != nil && p.shop.Touch(o.gid()) == nil
}

func (p *Shopper) handEdit() bool {
	done := false
	p.locked(func() {
		l := p.pickLevel()
		if l == nil || !l.item.tracked {
			return
		}
		by := []int64{-3, -1, 1, 2, 5}[p.chance.IntN(5)]
		if n := l.quantity(available) + by; n >= 0 {
			p.shop.handEdit(l, n)
			done = true
		}
	})
	return done
}
