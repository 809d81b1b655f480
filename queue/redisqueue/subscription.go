package redisqueue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// A subscription takes from its group as long as it holds the group's lease. Its
// goroutine prolongs that and reads what Receive asks for; it ends with Close.
type subscription struct {
	queue                    *Queue
	topic, group             string
	stream, kept, lease, due string // keys
	id, consumer             string
	poll                     time.Duration
	stop, abort              context.CancelFunc // of run, and of everything
	life                     context.Context    // until abort
	ended                    chan struct{}      // closed when run has returned
	kick                     chan struct{}      // has run look now
	acking                   sync.WaitGroup

	// of run
	loaded bool      // what was pending when the lease began is in the inbox
	claims time.Time // when to look for the dead next
	trims  time.Time // when to trim next

	mu      sync.Mutex
	in      *inbox
	holds   bool      // the lease, when last looked
	valid   time.Time // until when it is held for certain
	hungry  int       // what a Receive waits for
	freed   bool      // another subscription has ended since
	down    bool      // the server was away when last looked
	err     error     // why nothing can come
	closed  bool
	changed chan struct{} // closed when Receive should look again
	acks    *ackBatch     // that gathers
	flush   bool          // a goroutine sends acknowledgements
	owed    []*item       // acknowledged while the server was away
}

func newSubscription(q *Queue, topic, group string) *subscription {
	s := &subscription{
		queue: q, topic: topic, group: group,
		stream: q.names.topic(topic), kept: q.names.kept(topic), lease: q.names.lease(topic, group), due: q.names.due(topic, group),
		id: rand.Text(), consumer: "onhand", poll: min(q.cfg.Lease/4, time.Second),
		ended: make(chan struct{}), kick: make(chan struct{}, 1), in: newInbox(), changed: make(chan struct{}),
	}
	if q.cfg.Competing {
		s.consumer = s.id
	}
	return s
}

func (s *subscription) start(ctx context.Context) {
	life, abort := context.WithCancel(ctx)
	running, stop := context.WithCancel(life)
	s.life, s.abort, s.stop = life, abort, stop
	go s.run(running)
}

func (s *subscription) look() {
	select {
	case s.kick <- struct{}{}:
	default: // it will
	}
}

// news is that something was published or, if released, that another
// subscription has ended.
func (s *subscription) news(released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freed = s.freed || released
	if s.hungry > 0 && (s.holds || released) {
		s.look()
	}
}

// run takes until ctx ends, and gives back.
func (s *subscription) run(ctx context.Context) {
	defer close(s.ended)
	t := time.NewTimer(0)
	defer t.Stop()
	pause := firstPause
	for {
		next, err := s.step(ctx)
		kick := s.kick
		if s.looked(ctx, err) {
			pause = firstPause
		} else {
			next, kick = pause, nil
			pause = min(2*pause, lastPause)
		}
		t.Reset(next)
		select {
		case <-ctx.Done():
			s.release()
			return
		case <-t.C:
		case <-kick:
		}
	}
}

// looked notes how a step went.
func (s *subscription) looked(ctx context.Context, err error) (well bool) {
	if ctx.Err() != nil {
		return true
	}
	s.mu.Lock()
	was := s.down
	s.down, s.err = err != nil, nil
	if err != nil && !errors.Is(err, ErrDisconnected) && !errors.Is(err, context.DeadlineExceeded) {
		s.err = err
		s.notify()
	}
	s.mu.Unlock()
	log := s.queue.cfg.Logger.With("topic", s.topic, "group", s.group)
	switch {
	case err != nil && !was:
		log.WarnContext(ctx, "redisqueue: cannot take events; trying again", "error", err)
	case err == nil && was:
		log.InfoContext(ctx, "redisqueue: taking events again")
	}
	return err == nil
}

// readAhead is how many entries are read at least when any are wanted, and
// pageBytes how long they may be together, about.
const (
	readAhead = 100
	pageBytes = 1 << 20
)

// wanted is how many entries to read.
func (s *subscription) wanted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.hungry
	if n > 0 && !s.queue.cfg.Competing { // nobody else could have them
		n = max(n, readAhead)
	}
	return max(min(n, s.queue.cfg.Prefetch-len(s.in.open)), 0)
}

// step prolongs the lease and reads, and returns when to do so again at the
// latest.
func (s *subscription) step(ctx context.Context) (time.Duration, error) {
	if err := s.payOwed(ctx); err != nil {
		return 0, err
	}
	if err := s.claimDead(ctx); err != nil {
		return 0, err
	}
	want, sent := s.wanted(), time.Now()
	v, err := s.queue.call(ctx, s.doing("read from"), takeScript, []string{s.stream, s.lease},
		s.group, s.id, s.queue.cfg.Lease.Milliseconds(), flag(s.queue.cfg.Competing), s.consumer, want, pageBytes)
	if errors.Is(err, errNoGroup) { // a server that has lost it, or someone has destroyed it
		err = s.queue.join(ctx, s.topic, true, s.group)
		s.loaded = false
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	parts, err := answer(v, 3)
	if err != nil {
		return 0, err
	}
	got, err := entries(parts[2])
	if err != nil {
		return 0, err
	}
	switch parts[0] {
	case "other":
		s.loaded = false
		s.standBy()
		return min(s.poll, time.Duration(number(parts[1])+1)*time.Millisecond), nil
	case "new":
		s.loaded = false
		s.mu.Lock()
		s.in.lost()
		s.mu.Unlock()
	}
	if !s.loaded {
		if s.loaded, err = s.reload(ctx); err != nil || !s.loaded {
			return 0, err
		}
		s.claims = time.Time{}
		s.holdsUntil(sent.Add(s.queue.cfg.Lease))
		return 0, nil
	}
	s.arrived(got)
	s.holdsUntil(sent.Add(s.queue.cfg.Lease))
	return s.poll, s.trim(ctx)
}

func (s *subscription) doing(what string) string {
	return fmt.Sprintf("%s topic %q, group %q", what, s.topic, s.group)
}

// standBy forgets what another subscription has now.
func (s *subscription) standBy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds {
		s.queue.cfg.Logger.Warn("redisqueue: another subscription has taken over", "topic", s.topic, "group", s.group)
	}
	s.holds, s.valid = false, time.Time{}
	s.in.lost()
}

// reload reads what is pending, before anything new; false if the lease was
// lost meanwhile.
func (s *subscription) reload(ctx context.Context) (bool, error) {
	which := "group"
	if s.queue.cfg.Competing {
		which = "own"
	}
	for from := "-"; from != ""; {
		state, onward, err := s.claim(ctx, which, from)
		if err != nil || state != "same" {
			return false, err
		}
		from = onward
	}
	return true, nil
}

// claimDead takes over what competing subscriptions have that are gone.
func (s *subscription) claimDead(ctx context.Context) error {
	s.mu.Lock()
	freed := s.freed
	s.freed = false
	s.mu.Unlock()
	if !s.queue.cfg.Competing || !s.loaded || (!freed && time.Now().Before(s.claims)) {
		return nil
	}
	s.claims = time.Now().Add(s.poll)
	for {
		state, onward, err := s.claim(ctx, "dead", "-")
		if err != nil || state != "same" || onward == "" {
			return err
		}
	}
}

// claim takes over a page of what is pending.
func (s *subscription) claim(ctx context.Context, which, from string) (state, onward string, err error) {
	v, err := s.queue.call(ctx, s.doing("take over what is pending of"), claimScript, []string{s.stream, s.lease, s.due},
		s.group, s.id, s.queue.cfg.Lease.Milliseconds(), which, s.consumer, from, readAhead, pageBytes)
	if err != nil {
		return "", "", err
	}
	parts, err := answer(v, 3)
	if err != nil {
		return "", "", err
	}
	got, err := pending(parts[2])
	if err != nil {
		return "", "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, r := range got {
		it := newItem(r.id, r.event)
		it.counted, it.due = r.count, now.Add(r.left)
		s.in.add(it, now)
	}
	if len(got) > 0 {
		s.hungry = 0
		s.notify()
	}
	state, _ = parts[0].(string)
	onward, _ = parts[1].(string)
	return state, onward, nil
}

// arrived takes in what was read for the first time.
func (s *subscription) arrived(got []read) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, r := range got {
		it := newItem(r.id, r.event)
		it.counted, it.fresh = 1, true
		s.in.add(it, now)
	}
	if len(got) > 0 {
		s.hungry = 0
		s.notify()
	}
}

func (s *subscription) holdsUntil(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.holds || time.Now().After(s.valid) {
		s.notify()
	}
	s.holds, s.valid = true, t
}

const trimPause = time.Minute

func (s *subscription) trim(ctx context.Context) error {
	if time.Now().Before(s.trims) {
		return nil
	}
	_, err := s.queue.call(ctx, s.doing("trim"), trimScript, []string{s.stream, s.kept})
	s.trims = time.Now().Add(trimPause)
	return err
}

func (s *subscription) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Receive implements queue.Subscription. While the server is away it waits; only
// if its context has a deadline and that passes meanwhile does it return
// ErrDisconnected, so that nobody takes an outage for an empty queue.
func (s *subscription) Receive(ctx context.Context, limit int) ([]queue.Delivery, error) {
	defer s.sated()
	for {
		got, changed, due, err := s.take(ctx, max(limit, 1))
		if err != nil {
			return nil, err
		}
		if len(got) > 0 {
			out, err := s.deliver(ctx, got)
			if len(out) > 0 || err != nil {
				return out, err
			}
			continue
		}
		var timer *time.Timer
		var wake <-chan time.Time
		if !due.IsZero() {
			timer = time.NewTimer(time.Until(due))
			wake = timer.C
		}
		select {
		case <-ctx.Done():
			err = s.silence(ctx)
		case <-changed:
		case <-wake:
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return nil, err
		}
	}
}

// take returns what is there or, if nothing is, what to wait for.
func (s *subscription) take(ctx context.Context, limit int) (got []*item, changed <-chan struct{}, due time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, time.Time{}, err
	}
	if s.closed {
		return nil, nil, time.Time{}, queue.ErrClosed
	}
	now := time.Now()
	if now.Before(s.valid) { // else another subscription may have the group by now
		got = s.in.take(limit, now)
		due = s.in.next()
	}
	if len(got) == 0 && s.err != nil {
		return nil, nil, time.Time{}, s.err
	}
	if len(got) == 0 && s.hungry == 0 {
		s.hungry = limit
		s.look()
	}
	return got, s.changed, due, nil
}

// sated: nobody waits any more.
func (s *subscription) sated() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hungry = 0
}

// silence is what nothing until the end of ctx means.
func (s *subscription) silence(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && s.down {
		return ErrDisconnected
	}
	return ctx.Err()
}

// deliver hands items out. Those that were delivered before are counted first.
func (s *subscription) deliver(ctx context.Context, its []*item) ([]queue.Delivery, error) {
	var again []*item
	for _, it := range its {
		if !it.fresh {
			again = append(again, it)
		}
	}
	if len(again) > 0 {
		err := s.queue.await(ctx, func(ctx context.Context) error { return s.count(ctx, again) })
		if err != nil {
			s.mu.Lock()
			s.in.untake(its)
			s.mu.Unlock()
			if errors.Is(err, ErrDisconnected) {
				wait(ctx, firstPause)
				return nil, nil
			}
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.in.untake(its)
		return nil, queue.ErrClosed
	}
	out := make([]queue.Delivery, 0, len(its))
	for _, it := range its {
		if it.state != flying {
			continue
		}
		s.in.delivered(it)
		out = append(out, s.delivery(it))
	}
	return out, nil
}

// count has the server know of deliveries that are about to be.
func (s *subscription) count(ctx context.Context, its []*item) error {
	args := []any{s.group, s.id, s.queue.cfg.Lease.Milliseconds(), flag(s.queue.cfg.Competing), s.consumer}
	for _, it := range its {
		args = append(args, it.id, it.attempt)
	}
	v, err := s.queue.call(ctx, s.doing("count deliveries of"), countScript, []string{s.stream, s.lease, s.due}, args...)
	if errors.Is(err, errNoGroup) {
		err = fmt.Errorf("%w: %w", ErrDisconnected, err) // it is made again
	}
	if err != nil {
		return err
	}
	parts, err := answer(v, 2)
	if err != nil {
		return err
	}
	if parts[0] != "same" {
		s.look()
		return fmt.Errorf("%w: another subscription has taken over", ErrDisconnected)
	}
	mine, err := answer(parts[1], len(its))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, it := range its {
		if number(mine[i]) == 0 {
			s.in.forget(it)
		}
	}
	return nil
}

// release lets others take, at once.
func (s *subscription) release() {
	s.acking.Wait()
	s.mu.Lock()
	args := []any{s.group, s.id, flag(s.queue.cfg.Competing), s.consumer}
	for _, id := range s.in.unread() {
		args = append(args, id)
	}
	s.mu.Unlock()
	if err := s.payOwed(s.life); err != nil {
		return // the lease ends by itself
	}
	_, _ = s.queue.call(s.life, s.doing("leave"), releaseScript, []string{s.stream, s.lease}, args...)
}

// Close implements queue.Subscription. A second Close does nothing.
func (s *subscription) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.notify()
	s.mu.Unlock()
	s.stop()
	select {
	case <-s.ended:
		s.abort()
		s.queue.left(s)
		return nil
	case <-ctx.Done():
		s.abort()
		return ctx.Err()
	}
}
