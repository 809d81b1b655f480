package redisqueue

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// The scripts. Each is a whole program: what all share, its own, and the tail.
var (
	ackScript     = script("ack")
	browseScript  = script("browse")
	claimScript   = script("claim")
	countScript   = script("count")
	delayScript   = script("delay")
	joinScript    = script("join")
	lagScript     = script("lag")
	publishScript = script("publish")
	releaseScript = script("release")
	removeScript  = script("remove")
	takeScript    = script("take")
	trimScript    = script("trim")
)

func script(name string) *redis.Script {
	var src string
	for _, part := range []string{"common", name, "tail"} {
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
