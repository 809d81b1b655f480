package redisstore

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// The scripts. Each is a whole program: what all share, its own, and the tail.
var (
	applyScript     = script("leases", "holds", "orders", "untrack", "apply")
	bookmarkScript  = script("bookmark")
	claimScript     = script("outbox", "claim")
	configureScript = script("configure")
	deriveScript    = script("derive")
	kitsScript      = script("kits")
	leaseScript     = script("leases", "lease")
	postponeScript  = script("outbox", "postpone")
	readScript      = script("read")
	remarkScript    = script("remark")
	renewScript     = script("leases", "renew")
	scanScript      = script("scan")
	reviseScript    = script("outbox", "revise")
	sealScript      = script("outbox", "seal")
	settleScript    = script("outbox", "settle")
	sweepScript     = script("leases", "sweep")
	tidyScript      = script("tidy")
	trimScript      = script("trim")
	unleaseScript   = script("leases", "unlease")
)

func script(parts ...string) *redis.Script {
	var src string
	for _, part := range append(append([]string{"common"}, parts...), "tail") {
		// The files are embedded; a name that is not there fails every test.
		b, err := sources.ReadFile("lua/" + part + ".lua")
		if err != nil {
			src += "error('" + part + " is not embedded')\n"
			continue
		}
		src += string(b) + "\n"
	}
	return redis.NewScript(src)
}
