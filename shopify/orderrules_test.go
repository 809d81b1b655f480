package shopify

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// histories is how many lives each wrong way is judged over; by default until
// it is caught.
var histories = flag.Int("histories", 0, "judge every wrong way over so many lives and print the table")

const lives = 1000 // each with and without refund lines for edits and cancellations

func TestOrderRulesAreNeverWrong(t *testing.T) {
	t.Parallel()
	for _, unsaid := range []bool{false, true} {
		v := variant{unsaid: unsaid}
		outcomes := map[string]int{}
		for seed := range uint64(max(lives, *histories)) {
			bad, ends, s := v.history(seed)
			require.Empty(t, bad, "seed %d, without a word: %t", seed, unsaid)
			for i, e := range ends {
				outcomes[fmt.Sprintf("%d places, %s: %s", min(2, len(s.locs)), []string{"webhooks", "fetched"}[i], e.outcome)]++
			}
		}
		t.Logf("without a word: %t: %v", unsaid, outcomes)
	}
}

func TestWrongWaysAreCaught(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	table := map[string]string{}
	t.Run("ways", func(t *testing.T) {
		for _, v := range wrongWays {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				counts, any, most := map[string]int{}, 0, 3000
				if *histories > 0 {
					most = *histories
				}
				var seed int
				for seed = 0; seed < most && (any == 0 || *histories > 0); seed++ {
					bad, _, _ := v.history(uint64(seed))
					for k := range bad {
						counts[k]++
					}
					if len(bad) > 0 {
						any++
					}
				}
				require.NotZero(t, any, "not caught in %d lives", most)
				var row []string
				for _, k := range []string{"order", "webhooks", "fetched", "invents", "leaks", "ledger"} {
					row = append(row, fmt.Sprint(counts[k]))
				}
				mu.Lock()
				defer mu.Unlock()
				table[v.name] = fmt.Sprintf("%-55s %s; %d of %d", v.name, strings.Join(row, " / "), any, seed)
			})
		}
	})
	var rows []string
	for _, v := range wrongWays {
		rows = append(rows, table[v.name])
	}
	t.Log("order / webhooks / fetched / invents / leaks / ledger; any\n" + strings.Join(slices.DeleteFunc(rows, func(s string) bool { return s == "" }), "\n"))
}
