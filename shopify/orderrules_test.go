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

var histories = flag.Int("histories", 0, "count over so many lives how often each wrong way is caught, instead of until it is")

const lives = 1000 // each with and without refund lines for edits and cancellations

func TestOrderRulesAreNeverWrong(t *testing.T) {
	t.Parallel()
	for _, unsaid := range []bool{false, true} {
		v := variant{unsaid: unsaid}
		outcomes := map[string]int{}
		for seed := range uint64(lives) {
			bad, ends, s := v.history(seed)
			require.Empty(t, bad, "seed %d, without a word: %t", seed, unsaid)
			for i, e := range ends {
				outcomes[fmt.Sprintf("%s, %d places: %s", []string{"webhooks", "fetched"}[i], min(2, len(s.locs)), e.outcome)]++
			}
			// What may be sold is right from all webhooks alone; without a word on
			// restocking it can be too low.
			got, truth := available(ends[0].got), available(s.hist[len(s.hist)-1])
			for _, item := range modelItems {
				sum := spot{item, ""}
				require.LessOrEqual(t, got[sum], truth[sum], "seed %d", seed)
				if s.claims && !unsaid {
					require.Equal(t, truth[sum], got[sum], "seed %d", seed)
				}
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
				require.True(t, any > 0 || *histories > 0, "not caught in %d lives", most)
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
