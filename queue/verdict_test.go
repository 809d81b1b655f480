package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

type unauthorized struct{}

func (unauthorized) Error() string   { return "401" }
func (unauthorized) Permanent() bool { return true }
func (unauthorized) Reason() string  { return "unauthorized" }

func TestDecide(t *testing.T) {
	cfg := (*RouterConfig)(nil).withDefaults()
	oops := errors.New("oops")
	for name, c := range map[string]struct {
		try  try
		want verdict
	}{
		"success":                {try{}, verdict{act: actAck}},
		"first failure":          {try{err: oops, jitter: 0.5}, verdict{act: actRetry, after: time.Second}},
		"fourth failure":         {try{err: oops, failed: 3, jitter: 0.5}, verdict{act: actRetry, after: 8 * time.Second}},
		"earliest":               {try{err: oops, failed: 3}, verdict{act: actRetry, after: 6400 * time.Millisecond}},
		"fifth failure":          {try{err: oops, failed: 4}, verdict{act: actBury, reason: ReasonAttempts}},
		"panic at the end":       {try{err: reasonError{oops, ReasonPanic}, failed: 4}, verdict{act: actBury, reason: ReasonPanic}},
		"permanent":              {try{err: fmt.Errorf("x: %w", Permanent(oops))}, verdict{act: actBury, reason: ReasonPermanent}},
		"permanent, own reason":  {try{err: fmt.Errorf("x: %w", unauthorized{})}, verdict{act: actBury, reason: "unauthorized"}},
		"server's wait":          {try{err: RetryAfter(oops, 10*time.Second)}, verdict{act: actRetry, after: 10 * time.Second}},
		"server's wait, at most": {try{err: RetryAfter(oops, 10*time.Second), jitter: 0.5}, verdict{act: actRetry, after: 10500 * time.Millisecond}},
		"server's wait, absurd":  {try{err: RetryAfter(oops, 1e6*time.Hour)}, verdict{act: actRetry, after: maxWait}},
		"server's wait, none":    {try{err: RetryAfter(oops, -1), jitter: 0.5}, verdict{act: actRetry, after: time.Second}},
		"server's wait counts":   {try{err: RetryAfter(oops, time.Second), failed: 4}, verdict{act: actBury, reason: ReasonAttempts}},
		"dependency":             {try{err: Unavailable(oops), failed: 4, jitter: 0.5}, verdict{act: actPause, after: time.Second}},
		"dependency, long":       {try{err: Unavailable(oops), outages: 99, jitter: 0.5}, verdict{act: actPause, after: cfg.BreakerPause}},
		"dependency with wait":   {try{err: RetryAfter(Unavailable(oops), time.Minute)}, verdict{act: actPause, after: time.Minute}},
		"stopped":                {try{err: context.Canceled, failed: 4, stopped: true}, verdict{act: actBack}},
		"cancelled by itself":    {try{err: context.Canceled, failed: 4}, verdict{act: actBury, reason: ReasonAttempts}},
		"joined":                 {try{err: errors.Join(oops, Permanent(oops))}, verdict{act: actBury, reason: ReasonPermanent}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, decide(&cfg, c.try)) })
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for failed, want := range map[int]time.Duration{
		-1: time.Second, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 9: 256 * time.Second,
		10: maxBackoff, 1 << 40: maxBackoff,
	} {
		assert.Equal(t, want, backoff(failed), failed)
	}
}

func TestErrorHelpers(t *testing.T) {
	oops := errors.New("oops")
	for _, err := range []error{Permanent(oops), RetryAfter(oops, time.Second), Unavailable(oops)} {
		assert.ErrorIs(t, err, oops)
		assert.Equal(t, "oops", err.Error())
	}
	assert.NoError(t, Permanent(nil))
	assert.NoError(t, RetryAfter(nil, time.Second))
	assert.NoError(t, Unavailable(nil))
}

func TestDefaults(t *testing.T) {
	c := (&RouterConfig{Concurrency: -1, MaxAttempts: 2}).withDefaults()
	assert.Equal(t, 16, c.Concurrency)
	assert.Equal(t, 2, c.MaxAttempts)
	assert.NotNil(t, c.Logger)
}
