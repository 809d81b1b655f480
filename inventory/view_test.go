package inventory_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// shown is a channel that can be read, slowly.
type shown struct {
	mu      sync.Mutex
	numbers map[string]int
	calls   [][]string
	slow    time.Duration
	err     error
}

func (s *shown) read(ctx context.Context, keys []string) ([]int, error) {
	s.mu.Lock()
	s.calls = append(s.calls, slices.Clone(keys))
	out := make([]int, len(keys))
	for i, k := range keys {
		out[i] = s.numbers[k]
	}
	err := s.err
	s.mu.Unlock()
	select {
	case <-time.After(s.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return out, err
}

func (s *shown) set(k string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[k] = n
}

func TestViewRemembersForItsTTL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  *inventory.ViewConfig
		want time.Duration
	}{
		"default":   {nil, 45 * time.Second},
		"chosen":    {&inventory.ViewConfig{TTL: 50 * time.Second}, 50 * time.Second},
		"too short": {&inventory.ViewConfig{TTL: time.Second}, 30 * time.Second},
		"too long":  {&inventory.ViewConfig{TTL: time.Hour}, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				shop := &shown{numbers: map[string]int{"a": 1, "b": 2}, slow: time.Second}
				view := inventory.NewView(shop.read, tt.cfg)
				got, err := view.Get(t.Context(), "a", "b", "a")
				require.NoError(t, err)
				require.Equal(t, []int{1, 2, 1}, got)
				shop.set("a", 7)
				time.Sleep(tt.want - time.Second - 1) // it counts from when the shop was asked
				got, err = view.Get(t.Context(), "a")
				require.NoError(t, err)
				require.Equal(t, []int{1}, got)
				time.Sleep(time.Nanosecond)
				got, err = view.Get(t.Context(), "a")
				require.NoError(t, err)
				require.Equal(t, []int{7}, got)
				require.Equal(t, [][]string{{"a", "b"}, {"a"}}, shop.calls)
			})
		})
	}
}

func TestViewDropsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shown{numbers: map[string]int{"a": 1, "b": 2}}
		view := inventory.NewView(shop.read, nil)
		_, err := view.Get(t.Context(), "a", "b")
		require.NoError(t, err)
		shop.set("a", 7)
		shop.set("b", 8)
		view.Drop()
		view.Drop("a", "never seen")
		got, err := view.Get(t.Context(), "a", "b")
		require.NoError(t, err)
		require.Equal(t, []int{7, 2}, got)
	})
}

// A webhook that comes while the old number is being read: who asks after it
// sees the new one, and the old one is not remembered.
func TestViewDropsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shown{numbers: map[string]int{"a": 1}, slow: time.Second}
		view := inventory.NewView(shop.read, nil)
		first := make(chan int)
		go func() {
			got, err := view.Get(t.Context(), "a")
			if err != nil {
				t.Error(err)
			}
			first <- got[0]
		}()
		synctest.Wait()
		shop.set("a", 7)
		view.Drop("a")
		got, err := view.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, []int{7}, got)
		require.Equal(t, 1, <-first, "it asked before")
		got, err = view.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, []int{7}, got)
	})
}

func TestViewFetchesOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shown{numbers: map[string]int{"a": 1, "b": 2, "c": 3}, slow: time.Second}
		view := inventory.NewView(shop.read, nil)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				keys := [][]string{{"a", "b"}, {"b", "c"}, {"c", "a"}}[i%3]
				got, err := view.Get(t.Context(), keys...)
				if err != nil || got[0] != shop.numbers[keys[0]] || got[1] != shop.numbers[keys[1]] {
					t.Error(keys, got, err)
				}
			})
		}
		wg.Wait()
		times := map[string]int{}
		for _, keys := range shop.calls {
			for _, k := range keys {
				times[k]++
			}
		}
		require.Equal(t, map[string]int{"a": 1, "b": 1, "c": 1}, times)
	})
}

func TestViewOutlivesWhoGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shown{numbers: map[string]int{"a": 1}, slow: time.Second}
		view := inventory.NewView(shop.read, nil)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := view.Get(impatient, "a"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 2 {
			wg.Go(func() {
				if got, err := view.Get(t.Context(), "a"); err != nil || got[0] != 1 {
					t.Error(got, err)
				}
			})
		}
		synctest.Wait()
		again, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		_, err := view.Get(again, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded, "nor does anybody wait longer than he wants")
		wg.Wait()
		require.Len(t, shop.calls, 2)
	})
}

func TestViewDoesNotRememberErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shop := &shown{numbers: map[string]int{"a": 1}, slow: time.Second, err: errors.New("throttled")}
		view := inventory.NewView(shop.read, nil)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := view.Get(t.Context(), "a"); !errors.Is(err, shop.err) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Len(t, shop.calls, 1, "they shared the answer")
		shop.err = nil
		got, err := view.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, []int{1}, got)
	})
}

func TestViewOfABadFetch(t *testing.T) {
	t.Parallel()
	few := inventory.NewView(func(context.Context, []string) ([]int, error) { return []int{1}, nil }, nil)
	_, err := few.Get(t.Context(), "a", "b")
	require.ErrorContains(t, err, "1 values for 2 keys")

	calls := 0
	panics := inventory.NewView(func(context.Context, []string) ([]int, error) {
		if calls++; calls == 1 {
			panic("fetch")
		}
		return []int{1}, nil
	}, nil)
	require.Panics(t, func() { _, _ = panics.Get(t.Context(), "a") })
	got, err := panics.Get(t.Context(), "a")
	require.NoError(t, err, "nobody waits for what will never land")
	require.Equal(t, []int{1}, got)
}

func TestViewIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		view := inventory.NewView(func(_ context.Context, keys []int) ([]int, error) {
			calls += len(keys)
			return keys, nil
		}, &inventory.ViewConfig{MaxKeys: 3})
		for i := range 10 {
			got, err := view.Get(t.Context(), i)
			require.NoError(t, err)
			require.Equal(t, []int{i}, got)
		}
		calls = 0
		_, err := view.Get(t.Context(), 7, 8, 9)
		require.NoError(t, err)
		require.Zero(t, calls, "the newest are kept")
		_, err = view.Get(t.Context(), 6, 9)
		require.NoError(t, err)
		require.Equal(t, 1, calls)
		got, err := view.Get(t.Context(), 0, 1, 2, 3, 4, 5)
		require.NoError(t, err)
		require.Equal(t, []int{0, 1, 2, 3, 4, 5}, got, "more than it keeps is answered all the same")
	})
}

func TestViewUnderLoad(t *testing.T) {
	t.Parallel()
	var now [8]atomic.Int64
	view := inventory.NewView(func(_ context.Context, keys []int) ([]int64, error) {
		out := make([]int64, len(keys))
		for i, k := range keys {
			out[i] = now[k].Load()
		}
		return out, nil
	}, &inventory.ViewConfig{MaxKeys: 5})
	var wg sync.WaitGroup
	for k := range now {
		wg.Go(func() {
			for range 300 {
				n := now[k].Add(1)
				view.Drop(k)
				got, err := view.Get(t.Context(), (k+1)%8, k)
				if err != nil || got[1] < n {
					t.Errorf("key %d: got %v, %v after %d was announced", k, got, err, n)
				}
			}
		})
	}
	wg.Wait()
}
