package main

// ofPushes are about what channels show and are told.
var ofPushes = []mutant{
	{"a pool's buffer is forgotten in the script", "inventory/redisstore/lua/common.lua", "n = n and less(n, c.buffer)", "", "./inventory/redisstore", mini + "channels"},
	{"a refused rise hides a fall", "inventory/redisstore/lua/common.lua", "if g.rise ~= '' then g.parked = '' end", "", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a reading counts while a push is under way", lua, "elseif what.reads and g.batch == '' then", "elseif what.reads then", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a forgotten level is settled", "inventory/redisstore/lua/outbox.lua", "  if not g.believed then", "  if false then", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a removed channel keeps its batches", "inventory/redisstore/lua/configure.lua", "if #gone > 0 then call('UNLINK', unpack(gone)) end", "", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a channel that is added again has its old number", "inventory/redisstore/shape.go", "			next.names[i] = \"\"", "			next.names[i] = name", "./inventory/redisstore", mini + "channels"},
	{"a claim that is sent again takes another batch", "inventory/redisstore/lua/claim.lua", "  if mine then\n", "  if false then\n", "./inventory/redisstore", "TestEveryReplyLostOnce"},
	{"a claimed batch is leased to nobody", "inventory/redisstore/lua/claim.lua", "text(now + lease), b.id", "text(now), b.id", "./inventory/redisstore", mini + "outbox"},
	{"attempts are not counted", "inventory/redisstore/lua/claim.lua", "text(tonumber(b.attempt) + 1), nonce", "b.attempt, nonce", "./inventory/redisstore", mini + "outbox"},
	{"a level is in two batches", "inventory/redisstore/lua/claim.lua", "g.batch, g.dir, g.since = id, '', 0", "g.dir, g.since = '', 0", "./inventory/redisstore", mini + "outbox"},
	{"a lost lease seals", "inventory/redisstore/lua/seal.lua", "if b.attempt ~= attempt or have and have ~= request then", "if have and have ~= request then", "./inventory/redisstore", mini + "outbox"},
	{"other bytes are sealed", "inventory/redisstore/lua/seal.lua", "if b.attempt ~= attempt or have and have ~= request then", "if b.attempt ~= attempt then", "./inventory/redisstore", mini + "outbox"},
	{"a seal that emptied the batch is not known again", "inventory/redisstore/lua/seal.lua", "== nonce and 'EMPTY' or 'CONFLICT'", "== nonce and 'CONFLICT' or 'CONFLICT'", "./inventory/redisstore", "TestLostReplyOfASeal"},
	{"a batch of lost data is settled", "inventory/redisstore/lua/settle.lua", "if not b or made ~= epoch then", "if not b then", "./inventory/redisstore", mini + "loss"},
	{"a batch is settled twice in the script", "inventory/redisstore/lua/settle.lua", "  drop(b)\n", "", "./inventory/redisstore", mini + "outbox"},
	{"a lost lease postpones", "inventory/redisstore/lua/postpone.lua", "if b and b.attempt == attempt then", "if b then", "./inventory/redisstore", mini + "outbox"},
	{"nothing is postponed", "inventory/redisstore/lua/postpone.lua", "text(now + wait), id", "text(now), id", "./inventory/redisstore", mini + "outbox"},
	{"a lapsed rise counts for nothing", "inventory/redisstore/lua/outbox.lua", "    g.believed = g.believed + max(p.delta, 0)\n", "", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a deferred push loses its place", "inventory/redisstore/lua/outbox.lua", "  if r.keep and g.dir ~= '' then g.since = tonumber(p.since) end\n", "", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"a refused push comes again at once", "inventory/redisstore/lua/outbox.lua", "text(now + r.wait), p.f", "text(now), p.f", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"what was replaced counts as before", "inventory/redisstore/lua/outbox.lua", "    g.believed = p.target\n", "", "./inventory/redisstore", mini + "(channels|outbox)"},
	{"forgotten is still believed", "inventory/redisstore/lua/revise.lua", "      if forget then g.believed = nil end\n", "", "./inventory/redisstore", mini + "channels"},
	{"pushes come in the order of buckets", "inventory/redisstore/lua/remark.lua", "      mark(l, since)\n", "      mark(l)\n", "./inventory/redisstore", "TestSettingsMakePendingAtOneMoment"},
}

// ofChecks are about what of a server is unsafe.
var ofChecks = []mutant{
	{"a server that evicts is safe", "inventory/redisstore/check_safety.go", "\tcase policy == \"noeviction\":\n", "\tcase true:\n", "./inventory/redisstore", "TestCheck$"},
	{"a server without a file is safe", "inventory/redisstore/check_safety.go", "\tcase \"0\":\n", "\tcase \"00\":\n", "./inventory/redisstore", "TestCheck$"},
	{"a file that is never flushed is safe", "inventory/redisstore/check_safety.go", "\tcase how == \"no\":\n", "\tcase how == \"never\":\n", "./inventory/redisstore", "TestCheck$"},
	{"a replica is safe", "inventory/redisstore/check.go", "\tcase \"slave\":\n", "\tcase \"slaves\":\n", "./inventory/redisstore", "TestCheck$"},
	{"an old server is safe", "inventory/redisstore/check.go", "\tcase major < 7:", "\tcase major < 6:", "./inventory/redisstore", "TestCheck$"},
	{"any clock will do", "inventory/redisstore/check.go", "skew.Abs() > slack+mostSkew", "skew.Abs() < 0", "./inventory/redisstore", "TestCheck$"},
	{"a replica that lags is safe", "inventory/redisstore/check_safety.go", " || lag > mostLag {", " || lag > 1000*mostLag {", "./inventory/redisstore", "TestCheck$"},
	{"a master that is cut off is safe", "inventory/redisstore/check_safety.go", "\t\tcase value == s.bad:\n", "\t\tcase value == \"\":\n", "./inventory/redisstore", "TestCheck$"},
	{"what is unsafe is taken", "inventory/redisstore/store.go", "if err := r.Err(c.AllowUnsafe...); err != nil {", "if err := r.Err(c.AllowUnsafe...); errors.Is(err, context.Canceled) {", "./inventory/redisstore", "TestNewRefusesUnsafe"},
}

// ofJournals are about the journal, who follows it, and kits.
var ofJournals = []mutant{
	{"a gap is skipped", "inventory/redisstore/journal.go", "if len(found) == 0 && k.n >= next || len(found) > 0 && found[0].n != next {", "if next < 0 {", "./inventory/redisstore", mini + "journal"},
	{"a cursor from before a loss goes on", "inventory/redisstore/journal.go", "\tif at.epoch != k.epoch {", "\tif at.epoch == \"none\" {", "./inventory/redisstore", mini + "(journal|loss)"},
	{"a cursor ahead of the journal waits", "inventory/redisstore/journal.go", "\tcase k.n < at.n || here && found[0].n != at.n:", "\tcase k.n < 0:", "./inventory/redisstore", "TestACursorAheadOfTheJournal"},
	{"a follower's entries are trimmed", "inventory/redisstore/trim.go", " && earlier(c.id, keep) {", " && earlier(c.id, \"\") {", "./inventory/redisstore", mini + "journal"},
	{"levels in the journal are those of the end of the call", "inventory/redisstore/entry.go", "\t\t\ttable.undo(&out[i])\n", "\t\t\tout[i].Levels = table.of(slices.Collect(maps.Keys(table.now)))\n", "./inventory/redisstore", mini + "journal"},
	{"a page forgets where it was in a call", "inventory/redisstore/journal.go", "done: (i + 1) % len(entries)}", "done: i - i}", "./inventory/redisstore", mini + "journal"},
	{"a gap in memory is skipped", "inventory/memstore/journal.go", "\t\tcase n < first:\n", "\t\tcase n < 0:\n", "./inventory/memstore", model + "journal"},
	{"memory trims what a follower has to read", "inventory/memstore/journal.go", "n = min(n, max(0, int(read-m.entries)+len(m.journal)))", "_ = read", "./inventory/memstore", model + "journal"},
	{"a follower loads before it knows where", "inventory/follower.go", "\tif err == nil && cursor == \"\" && f.cfg.Load != nil {", "\tif err != nil && cursor == \"\" && f.cfg.Load != nil {", "./inventory", "Follower"},
	{"a follower forgets where it was", "inventory/follower.go", "cursor, err = p.Cursor, f.keep(ctx, p.Cursor)", "cursor = p.Cursor", "./inventory", "Follower"},
	{"the scarcest component does not decide", "inventory/redisstore/lua/derive.lua", "        if not n or k < n then n = k end", "        n = k", "./inventory/redisstore", mini + "kits"},
	{"who derives hears of no kits", "inventory/redisstore/kits.go", "\tif err != nil || !sh.kits {\n\t\treturn false, err", "\tif err != nil || sh.number > 0 {\n\t\treturn false, err", "./inventory/redisstore", "TestWhoOnlyDerives"},
}
