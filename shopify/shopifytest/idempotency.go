package shopifytest

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// keyLife is how long an idempotency key is remembered.
const keyLife = 24 * time.Hour

// remembered is a request that carried an idempotency key. The answer is not
// kept: a repeat is answered from the data as they are then.
type remembered struct {
	at          time.Time
	fingerprint string
	group       *adjustment // nil: nothing changed
	failed      bool
}

// keyOf gives the request's idempotency key; a blank one is none.
func keyOf(f *graphql.Field) (string, bool) {
	args, ok := f.Directive("idempotent")
	if !ok {
		return "", false
	}
	key, ok := args["key"].(string)
	return key, ok && key != ""
}

// fingerprint is what must be equal for a key to be used again.
func fingerprint(f *graphql.Field) string {
	raw, err := json.Marshal(f.Args)
	if err != nil {
		return f.Name
	}
	return f.Name + string(raw)
}

// recall finds what a key stands for, if it is still remembered.
func (s *Server) recall(key string) *remembered {
	m := s.keys[key]
	if m != nil && s.now().Sub(m.at) >= keyLife {
		delete(s.keys, key)
		return nil
	}
	return m
}

func (s *Server) remember(key string, m *remembered) {
	if s.cfg.ForgetKeys {
		return
	}
	m.at = s.now()
	s.keys[key] = m
	if len(s.keys)%1000 == 0 {
		maps.DeleteFunc(s.keys, func(_ string, m *remembered) bool { return s.now().Sub(m.at) >= keyLife })
	}
}

// ForgetKeys makes the shop forget the idempotency keys that it knows.
func (s *Server) ForgetKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
}
