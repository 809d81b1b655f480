package archtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clients of servers, by the beginning of their import paths.
var clients = map[string][]string{
	"redis": {
		"github.com/redis/", "github.com/go-redis/", "github.com/gomodule/redigo", "github.com/valkey-io/",
		"github.com/alicebob/miniredis",
	},
	"broker": {
		"github.com/aws/", "github.com/IBM/sarama", "github.com/Shopify/sarama", "github.com/twmb/franz-go",
		"github.com/segmentio/kafka-go", "github.com/confluentinc/", "github.com/rabbitmq/", "github.com/streadway/amqp",
		"github.com/nats-io/", "cloud.google.com/go/", "github.com/Azure/", "github.com/ThreeDotsLabs/watermill-",
	},
}

// owners are the packages that may pull in a client: the adapters, which only
// he compiles who imports them, and what is not for import.
var owners = map[string][]string{
	"redis":  {"inventory/redisstore", "queue/redisqueue", "queue/anyqueue", "shopify/redisbudget"},
	"broker": {"queue/sqsqueue", "queue/kafkaqueue", "queue/rabbitqueue", "queue/anyqueue"},
}

// TestNobodyPullsInAClient looks at everything that a package imports, by
// whatever way.
func TestNobodyPullsInAClient(t *testing.T) {
	t.Parallel()
	looked := 0
	for _, f := range folders(t) {
		if within(f.path, "examples/...") || within(f.path, "internal/...") {
			continue
		}
		looked++
		deps := dependencies(t, f)
		for kind, prefixes := range clients {
			if withinAny(f.path, owners[kind]) {
				continue
			}
			for _, d := range deps {
				for _, p := range prefixes {
					assert.False(t, strings.HasPrefix(d, p), "%s pulls in %s, a %s client: only %q may", f.name(), d, kind, owners[kind])
				}
			}
		}
		if withinAny(f.path, []string{"inventory", "lock", "inventory/memstore"}) {
			for _, d := range deps {
				first, _, _ := strings.Cut(d, "/")
				ours := d == module || strings.HasPrefix(d, module+"/")
				assert.True(t, ours || !strings.Contains(first, ".") || first == "vendor",
					"%s pulls in %s: stock itself needs the standard library only", f.name(), d)
			}
		}
	}
	require.NotZero(t, looked)
}

// dependencies lists a package and all that it imports.
func dependencies(t *testing.T, f folder) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./"+f.path)
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go list -deps ./%s: %s", f.path, stderr.String())
	deps := strings.Fields(string(out))
	require.Contains(t, deps, strings.TrimSuffix(module+"/"+f.path, "/"))
	return deps
}
