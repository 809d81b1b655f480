package redisqueue

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/onhand-dev/onhand/queue"
)

// field is where an entry has its event.
const field = "event"

// decode reads an entry's fields. One that has no event in it, because someone
// else has written it, becomes an event that the Router takes for unreadable,
// with the fields as a JSON array; if not all are text, the array begins with
// "base64", and the fields are in that.
func decode(fields []any) queue.Event {
	texts, plain := make([]string, len(fields)), true
	for i, f := range fields {
		texts[i], _ = f.(string)
		plain = plain && utf8.ValidString(texts[i])
	}
	for i := 0; i+1 < len(texts); i += 2 {
		if texts[i] == field {
			return queue.Unmarshal([]byte(texts[i+1]))
		}
	}
	if !plain {
		for i, t := range texts {
			texts[i] = base64.StdEncoding.EncodeToString([]byte(t))
		}
		texts = append([]string{"base64"}, texts...)
	}
	b, _ := json.Marshal(texts) // strings can always be
	return queue.Unmarshal(b)
}

// A read is one entry as a script returned it.
type read struct {
	id    string
	count int           // deliveries, as the server counts
	left  time.Duration // until it is due
	event queue.Event
}

// entries reads {id, fields} of what a script returned.
func entries(v any) ([]read, error) {
	list, _ := v.([]any)
	out := make([]read, 0, len(list))
	for _, x := range list {
		e, _ := x.([]any)
		if len(e) != 2 {
			return nil, odd(x)
		}
		id, ok := e[0].(string)
		fields, ok2 := e[1].([]any)
		if !ok || !ok2 {
			return nil, odd(x)
		}
		out = append(out, read{id: id, event: decode(fields)})
	}
	return out, nil
}

// pending reads {id, deliveries, ms, fields} of what a script returned.
func pending(v any) ([]read, error) {
	list, _ := v.([]any)
	out := make([]read, 0, len(list))
	for _, x := range list {
		e, _ := x.([]any)
		if len(e) != 4 {
			return nil, odd(x)
		}
		id, ok := e[0].(string)
		fields, ok2 := e[3].([]any)
		if !ok || !ok2 {
			return nil, odd(x)
		}
		out = append(out, read{
			id: id, count: int(number(e[1])), left: time.Duration(number(e[2])) * time.Millisecond, event: decode(fields),
		})
	}
	return out, nil
}

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// answer is the parts of what a script returned, at least n.
func answer(v any, n int) ([]any, error) {
	parts, _ := v.([]any)
	if len(parts) < n {
		return nil, odd(v)
	}
	return parts, nil
}

func odd(v any) error {
	return fmt.Errorf("redisqueue: the server answers with %T, which a script does not return", v)
}
