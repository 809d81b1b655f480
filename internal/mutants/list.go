package main

const (
	model  = "inventory/memstore/apply.go"
	lua    = "inventory/redisstore/lua/apply.lua"
	holds  = "inventory/redisstore/lua/holds.lua"
	orders = "inventory/redisstore/lua/orders.lua"
)

// mutants of what must not break: the floor, once by ID, versions, holds, what
// is believed, batches, documents.
var mutants = []mutant{
	{"the floor is left out", model, "case st.enforced:", "case false:", "./inventory/memstore", "."},
	{"a version is not bumped", model, "copied.Version++", "", "./inventory/memstore", "."},
	{"an ID may be used again", model, "if x.fingerprint != c.Fingerprint() {", "if x.fingerprint == 0 {", "./inventory/memstore", "."},
	{"believed does not move", "inventory/memstore/channel.go", "b.believed += l.Shown", "", "./inventory/memstore", "."},
	{"pending is not cleared", "inventory/memstore/channel.go", "		case !due:\n			b.since = time.Time{}", "		case !due && false:\n			b.since = time.Time{}", "./inventory/memstore", "."},
	{"a document has no guard", model, "if have.Version != d.Version {", "if have.Version < 0 {", "./inventory/memstore", "."},
	{"a lease is ignored", "inventory/memstore/outbox.go", "if !now.Before(b.next) && (first", "if (first", "./inventory/memstore", "."},
	{"a batch may be settled twice", "inventory/memstore/outbox.go", "	delete(ch.batches, b.ID)\n	for i, p := range have.Pushes {", "	for i, p := range have.Pushes {", "./inventory/memstore", "."},

	{"the floor is left out of the script", lua, "        if enforced then\n          local n", "        if false then\n          local n", "./inventory/redisstore", "Conformance"},
	{"the floor of one line is left out", lua, "                if enforced then\n                  x.list", "                if false then\n                  x.list", "./inventory/redisstore", "Conformance"},
	{"the floor of a simple Change is left out", lua, "from and from - q < least or", "", "./inventory/redisstore", "Crowd|Conformance"},
	{"a simple Change bumps no version", lua, "    l.v = l.v + 1\n    if not l.dirty then touch(l) end", "    if not l.dirty then touch(l) end", "./inventory/redisstore", "Crowd|Conformance"},
	{"a simple Change may be repeated", lua, "if ask('HSETNX', KEYS[k], idhash, fp) ~= 1 then return false end", "ask('HSETNX', KEYS[k], idhash, fp)", "./inventory/redisstore", "Crowd|Conformance"},
	{"the script bumps no version", lua, "l.v = l.v + 1", "l.v = l.v == 0 and 1 or l.v", "./inventory/redisstore", "Conformance"},
	{"the script remembers no ID", lua, "call('HSET', KEYS[idat + 1], idhash, fp)", "", "./inventory/redisstore", "Conformance"},
	{"the script remembers only the first ID", lua, "if ask('HSETNX', KEYS[idat + 1], idhash, fp) == 1 then", "if true then", "./inventory/redisstore", "."},
	{"an ID is looked up in the newest generation only", lua, "code = generations > 1 and remembered(idat + 1, idhash, fp, generations - 1)", "", "./inventory/redisstore", "."},
	{"the script moves no believed", lua, "if not what.reads or g.read == tick then g.believed = g.believed + moved end", "", "./inventory/redisstore", "Conformance"},
	{"the script marks nothing", lua, "      mark(dirty[i])\n", "", "./inventory/redisstore", "Conformance"},
	{"expiry in the script comes early", holds, "local over = now >= h.deadline * 1000", "local over = true", "./inventory/redisstore", "Conformance"},
	{"the script's documents have no guard", orders, "    if version ~= doc.version then", "    if false then", "./inventory/redisstore", "Conformance"},
	{"a fence in the script is not compared", lua, "if l.fence ~= fence then return 'F' end", "", "./inventory/redisstore", "Conformance"},
	{"a shared call's outcomes are mixed up", "inventory/redisstore/share.go", "outcomes = outcomes[len(t.changes):]", "", "./inventory/redisstore", "Share"},
	{"who leaves a shared call ends it", "inventory/redisstore/share.go", "if sh.left.Add(-1) == 0 {", "if sh.left.Add(-1) >= 0 {", "./inventory/redisstore", "Share|Leaving"},
	{"anybody gives a lease back", "inventory/redisstore/lua/unlease.lua", "if record and match(record, '^%d+') == fence then", "if record then", "./inventory/redisstore", "Conformance"},
	{"a lease stops what is recorded", lua, "if not code and leasing and enforced and not what.never", "if not code and leasing and not what.never", "./inventory/redisstore", "Conformance"},
	{"a lease sent again is taken", "inventory/redisstore/lua/lease.lua", "      if by == nonce then", "      if false then", "./inventory/redisstore", "."},

	{"a pool's buffer is forgotten in the script", "inventory/redisstore/lua/common.lua", "n = n and less(n, c.buffer)", "", "./inventory/redisstore", "Conformance"},
	{"a refused rise hides a fall", "inventory/redisstore/lua/common.lua", "if g.rise ~= '' then g.parked = '' end", "", "./inventory/redisstore", "Conformance"},
	{"a reading counts while a push is under way", lua, "elseif what.reads and g.batch == '' then", "elseif what.reads then", "./inventory/redisstore", "Conformance"},
	{"a forgotten level is settled", "inventory/redisstore/lua/outbox.lua", "  if not g.believed then", "  if false then", "./inventory/redisstore", "Conformance"},
	{"a removed channel keeps its batches", "inventory/redisstore/lua/configure.lua", "if #gone > 0 then call('UNLINK', unpack(gone)) end", "", "./inventory/redisstore", "Conformance"},
	{"a channel that is added again has its old number", "inventory/redisstore/shape.go", "			next.names[i] = \"\"", "			next.names[i] = name", "./inventory/redisstore", "Conformance"},

	{"renewed though it was lost", "inventory/redisstore/lua/renew.lua", "if fresh or fence == '0' or have ~= fence then", "if fresh then", "./inventory/redisstore", "Conformance"},
	{"callers see no floor", model, "case st.enforced:", "case false:", "./internal/histories", "."},

	{"booked is not taken off", "inventory/document.go", "orderLines(plain.Minus(rec.Booked), f.skip)", "orderLines(plain, f.skip)", "./inventory", "."},
	{"a new idempotency key per try", "inventory/syncer.go", `b.Epoch + "\x00" + b.ID))`, `b.Epoch + "\x00" + b.ID + fmt.Sprint(b.Attempt)))`, "./inventory", "Pusher|Pushes"},
	{"a late webhook counts again", "inventory/merge.go", "x.Quantity = max(x.Quantity, y.Quantity)\n	return x\n}\n\nfunc compareFulfillments", "x.Quantity += y.Quantity\n	return x\n}\n\nfunc compareFulfillments", "./inventory", "Merge"},
	{"webhooks are not authenticated", "shopify/receiver.go", "ok = hmac.Equal(mac.Sum(nil), got) || ok", "ok = len(got) > 0", "./shopify", "Receiver"},
	{"acknowledged before the queue confirmed", "shopify/receiver.go", "	case err != nil:\n		r.count(\"unconfirmed\")", "	case false:\n		r.count(\"unconfirmed\")", "./shopify", "Receiver"},
}
