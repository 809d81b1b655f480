package main

import "slices"

const (
	memory = "inventory/memstore/apply.go"
	lua    = "inventory/redisstore/lua/apply.lua"
	holds  = "inventory/redisstore/lua/holds.lua"
	orders = "inventory/redisstore/lua/orders.lua"

	// The suite that every store passes: of the model and of the scripts; what
	// follows is the narrowest group that must notice.
	model = "TestStore$/"
	mini  = "TestConformanceOnMiniredis/"
)

// mutants of what must not break. Each names the narrowest tests that notice it.
var mutants = slices.Concat(ofChanges, ofLeases, ofSharedCalls, ofPushes, ofChecks, ofJournals, ofOrders)

// ofChanges are about floors, IDs, versions, holds, and documents.
var ofChanges = []mutant{
	{"the floor is left out", memory, "case st.enforced:", "case false:", "./inventory/memstore", model},
	{"a version is not bumped", memory, "copied.Version++", "", "./inventory/memstore", model},
	{"an ID may be used again", memory, "if x.fingerprint != c.Fingerprint() {", "if x.fingerprint == 0 {", "./inventory/memstore", model},
	{"believed does not move", "inventory/memstore/channel.go", "b.believed += l.Shown", "", "./inventory/memstore", model},
	{"pending is not cleared", "inventory/memstore/channel.go", "		case !due:\n			b.since = time.Time{}", "		case !due && false:\n			b.since = time.Time{}", "./inventory/memstore", model},
	{"a document has no guard", memory, "if have.Version != d.Version {", "if have.Version < 0 {", "./inventory/memstore", model},
	{"a lease is ignored", "inventory/memstore/outbox.go", "if !now.Before(b.next) && (first", "if (first", "./inventory/memstore", model},
	{"a batch may be settled twice", "inventory/memstore/outbox.go", "	delete(ch.batches, b.ID)\n	now := s.now()\n", "	now := s.now()\n", "./inventory/memstore", model + "outbox"},
	{"the floor is left out of the script", lua, "        if enforced then\n          local n", "        if false then\n          local n", "./inventory/redisstore", mini + "lines"},
	{"the floor of one line is left out", lua, "                  if enforced then\n                    x.list", "                  if false then\n                    x.list", "./inventory/redisstore", mini + "lines"},
	{"the floor of a simple Change is left out", lua, "from and from - q < least or", "", "./inventory/redisstore", mini + "(lines|once|guards)"},
	{"a simple Change bumps no version", lua, "    l.v = l.v + 1\n    if not l.dirty then touch(l) end", "    if not l.dirty then touch(l) end", "./inventory/redisstore", mini + "(lines|once|guards)"},
	{"a simple Change may be repeated", lua, "if ask('HSETNX', KEYS[k], idhash, fp) ~= 1 then return false end", "ask('HSETNX', KEYS[k], idhash, fp)", "./inventory/redisstore", mini + "(lines|once|guards)"},
	{"the script bumps no version", lua, "if not l.pool then l.v = l.v + 1 end", "if not l.pool and l.v == 0 then l.v = 1 end", "./inventory/redisstore", mini + "guards"},
	{"the script remembers no ID", lua, "call('HSET', KEYS[idat + 1], idhash, fp)", "", "./inventory/redisstore", mini + "once"},
	{"the script remembers only the first ID", lua, "if ask('HSETNX', KEYS[idat + 1], idhash, fp) == 1 then", "if true then", "./inventory/redisstore", mini + "once"},
	{"an ID is looked up in the newest generation only", lua, "code = generations > 1 and remembered(idat + 1, idhash, fp, generations - 1)", "", "./inventory/redisstore", "TestRepeatInALaterGeneration|TestIDsAcross"},
	{"a simple Change is looked up in the newest generation only", lua, "if generations > 1 and remembered(k, idhash, fp, generations - 1) then return false end", "", "./inventory/redisstore", "TestRepeatInALaterGeneration"},
	{"the script moves no believed", lua, "if not what.reads or g.read == tick then g.believed = g.believed + moved end", "", "./inventory/redisstore", mini + "channels"},
	{"the script marks nothing", lua, "      mark(dirty[i])\n", "", "./inventory/redisstore", mini + "channels"},
	{"expiry in the script comes early", holds, "local over = now >= h.deadline * 1000", "local over = true", "./inventory/redisstore", mini + "reservations"},
	{"the script's documents have no guard", orders, "    if version ~= doc.version then", "    if false then", "./inventory/redisstore", mini + "guards"},
	{"callers see no floor", memory, "case st.enforced:", "case false:", "./internal/histories", "."},
	{"one line's numbers are not exact", lua, "if a and not exact(a) or b and not exact(b) then code = 'G' end", "", "./inventory/redisstore", "TestNumbersStayExact"},
	{"sums of lines are not exact", lua, "if not exact((l[s] or 0) + d[s]) then return 'G' end", "", "./inventory/redisstore", "TestNumbersStayExact"},
	{"what is believed is not exact", lua, "(one and shown[1] or l.d[6])) then code = 'G' end", "(one and shown[1] or l.d[6])) then end", "./inventory/redisstore", "TestNumbersStayExact"},
	{"one line oversells and does not say so", lua, "                elseif f == 1 then\n", "                elseif false then\n", "./inventory/redisstore", mini + "lines"},
	{"several lines oversell and do not say so", lua, "        elseif s == 1 then\n          short", "        elseif false then\n          short", "./inventory/redisstore", mini + "lines"},
	{"one line does not arrive", lua, "            if b then b = b + q end\n", "", "./inventory/redisstore", mini + "lines"},
	{"safety stock is sold, one by one", lua, "local least, was = f == 1 and l.s - l.k or 0, a", "local least, was = 0, a", "./inventory/redisstore", mini + "lines"},
	{"safety stock is sold, many at once", lua, "l[s], l[s] + d[s], s == 1 and l.s - l.k or 0", "l[s], l[s] + d[s], 0", "./inventory/redisstore", mini + "lines"},
	{"what can't be read is unknown", lua, "          if bad then\n            x.what = 'level ' .. bad\n            code", "          if false then\n            x.what = 'level ' .. bad\n            code", "./inventory/redisstore", "TestCorruptRecords"},
	{"an ID in the script may be used again", lua, "if have then return have == fp and 'D' or 'I' end", "if have then return 'D' end", "./inventory/redisstore", mini + "once"},
	{"IDs live half as long", lua, "(start + 2 * horizon + spread)", "(start + horizon)", "./inventory/redisstore", "TestIDsAcrossGenerations|TestConformanceOnMiniredis/(once|clock)"},
	{"a generation of IDs never ends", lua, "if now >= start + horizon or had >= full then", "if had >= full then", "./inventory/redisstore", "TestIDsAcrossGenerations|TestConformanceOnMiniredis/(once|clock)"},
	{"pools are not marked", lua, "      if pooling then markpool(dirty[i]) end\n    end\n    flush()", "    end\n    flush()", "./inventory/redisstore", mini + "channels"},
	{"the journal has nothing", lua, "    journal('levels', after(), 'changes', concat(applied, '\\n'))\n", "", "./inventory/redisstore", mini + "journal"},
	{"memory marks what only passes", memory, "\t\tm.moved[k] = true", "\t\tm.mark(k, st.now)", "./inventory/memstore", model + "outbox"},
}

// ofSharedCalls are about callers that share a script call.
var ofSharedCalls = []mutant{
	{"a shared call's outcomes are mixed up", "inventory/redisstore/share.go", "outcomes = outcomes[len(t.changes):]", "", "./inventory/redisstore", "TestCallersShareACall|TestOneBad"},
	{"who leaves a shared call ends it", "inventory/redisstore/share.go", "if sh.left.Add(-1) == 0 {", "if sh.left.Add(-1) >= 0 {", "./inventory/redisstore", "TestSharedCallUnderWay|TestLeaving"},
	{"one bad Change spoils a shared call", "inventory/redisstore/share.go", "} else if len(tickets) > 1 && !errors.Is(err, inventory.ErrUnknown) {", "} else if errors.Is(err, inventory.ErrReusedID) {", "./inventory/redisstore", "TestOneBadChange"},
	{"a shared call without an answer is sent again one by one", "inventory/redisstore/share.go", "len(tickets) > 1 && !errors.Is(err, inventory.ErrUnknown)", "len(tickets) > 1", "./inventory/redisstore", "SharedCall"},
	{"a shared call is its first caller's", "inventory/redisstore/share.go", "context.WithCancel(context.WithoutCancel(taken[0].ctx))", "context.WithCancel(taken[0].ctx)", "./inventory/redisstore", "TestSharedCallUnderWay|TestLeaving"},
	{"who leaves is sent all the same", "inventory/redisstore/share.go", "q.waiting = slices.Delete(q.waiting, i, i+1)", "_ = i", "./inventory/redisstore", "TestLeaving"},
	{"who leaves a call under way knows its end", "inventory/redisstore/share.go", "return nil, errors.Join(inventory.ErrUnknown, ctx.Err())", "return nil, ctx.Err()", "./inventory/redisstore", "TestSharedCallUnderWay|TestLeaving"},
	{"a shared call has no bound", "inventory/redisstore/share.go", "(changes > mostShared || lines > mostLines || bytes > mostBytes)", "(changes > 1<<30 || lines > 1<<30 || bytes > 1<<30)", "./inventory/redisstore", "Share"},
}

// ofOrders are about what orders become, and how they are heard of.
var ofOrders = []mutant{
	{"booked is not taken off", "inventory/document.go", "orderLines(plain.Minus(rec.Booked), f.skip)", "orderLines(plain, f.skip)", "./inventory", "."},
	{"a new idempotency key per try", "inventory/syncer.go", `b.Epoch + "\x00" + b.ID))`, `b.Epoch + "\x00" + b.ID + fmt.Sprint(b.Attempt)))`, "./inventory", "Pusher|Pushes"},
	{"a late webhook counts again", "inventory/merge.go", "x.Quantity = max(x.Quantity, y.Quantity)\n	return x\n}\n\nfunc compareFulfillments", "x.Quantity += y.Quantity\n	return x\n}\n\nfunc compareFulfillments", "./inventory", "Merge"},
	{"webhooks are not authenticated", "shopify/receiver.go", "ok = hmac.Equal(mac.Sum(nil), got) || ok", "ok = len(got) > 0", "./shopify", "Receiver"},
	{"acknowledged before the queue confirmed", "shopify/receiver.go", "	case err != nil:\n		r.count(\"unconfirmed\")", "	case false:\n		r.count(\"unconfirmed\")", "./shopify", "Receiver"},
}
