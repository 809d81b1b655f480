package inventory

import (
	"context"
	"iter"
	"slices"
)

// someKeys is how many levels one call to the store names.
const someKeys = 1000

// Beliefs tells how levels stand with a channel: what it should show, what it is
// believed to show, and why it is not told. Without keys: every level that is
// pending, under way or parked. See [Outbox].
func (s *Stock) Beliefs(ctx context.Context, channel string, keys ...Key) iter.Seq2[Belief, error] {
	return s.store.Beliefs(ctx, s.merchant, channel, keys)
}

// Unpark lets parked levels be told to the channel again at once, such as after
// somebody mended what was refused; without keys all that are parked.
func (s *Stock) Unpark(ctx context.Context, channel string, keys ...Key) error {
	if len(keys) == 0 {
		for b, err := range s.Beliefs(ctx, channel) {
			if err != nil {
				return err
			}
			if b.Parked != "" {
				keys = append(keys, b.Key)
			}
		}
	}
	for some := range slices.Chunk(keys, someKeys) {
		if err := s.store.Unpark(ctx, s.merchant, channel, some); err != nil {
			return err
		}
	}
	return nil
}

// Forget makes unknown what the channel shows of levels; without keys of every
// level. It is the first step of reading a channel again, after an incident:
// forget, wait until no [Belief] is InFlight, read the channel, and tell what
// was read by [Believe]. Until then the levels are not pushed.
func (s *Stock) Forget(ctx context.Context, channel string, keys ...Key) error {
	forget := func(keys []Key) error { return s.store.Forget(ctx, s.merchant, channel, keys) }
	for some := range slices.Chunk(keys, someKeys) {
		if err := forget(some); err != nil {
			return err
		}
	}
	if len(keys) > 0 {
		return nil
	}
	for l, err := range s.store.AllLevels(ctx, s.merchant) {
		if err != nil {
			return err
		}
		if keys = append(keys, l.Key); len(keys) == someKeys {
			if err := forget(keys); err != nil {
				return err
			}
			keys = keys[:0]
		}
	}
	return forget(keys)
}
