package shopify

import (
	"bytes"
	"encoding/json"
)

// sieve copies of a JSON text what is wanted, without white space. The text has to
// be valid: then where a value ends can be told without understanding it, which is
// what makes this several times faster than a decoder. Nine tenths of a webhook
// are skipped.
type sieve struct {
	in  []byte
	at  int // where the next value begins, or white space before it
	out []byte
}

// keep copies what f names of the next value. A value that has no fields is copied
// whole.
func (s *sieve) keep(f fields) {
	s.space()
	switch {
	case f != nil && s.in[s.at] == '{':
		s.object(f)
	case f != nil && s.in[s.at] == '[':
		s.list(f)
	default:
		s.whole()
	}
}

// object copies the fields in their order.
func (s *sieve) object(f fields) {
	s.out = append(s.out, '{')
	s.at++
	for first := true; s.more('}'); {
		name := s.name()
		sub, ok := f[string(name)]
		s.more(':')
		if !ok {
			s.skip()
			continue
		}
		if !first {
			s.out = append(s.out, ',')
		}
		first = false
		s.out = append(append(append(s.out, '"'), name...), '"', ':')
		s.keep(sub)
	}
	s.out = append(s.out, '}')
}

func (s *sieve) list(f fields) {
	s.out = append(s.out, '[')
	s.at++
	for first := true; s.more(']'); first = false {
		if !first {
			s.out = append(s.out, ',')
		}
		s.keep(f)
	}
	s.out = append(s.out, ']')
}

// more goes to the next value of an object or list, over a comma or colon, and
// reports false at its end, which it goes over.
func (s *sieve) more(end byte) bool {
	s.space()
	switch s.in[s.at] {
	case end:
		s.at++
		return false
	case ',', ':':
		s.at++
		s.space()
	}
	return true
}

// name reads the name of a field. Only one of plain letters, as all in fields are,
// can be found there, so it may be written as it was read.
func (s *sieve) name() []byte {
	begin := s.at
	s.skip()
	quoted := s.in[begin:s.at]
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var plain string
	if json.Unmarshal(quoted, &plain) != nil {
		return nil
	}
	return []byte(plain)
}

// whole copies the next value without white space.
func (s *sieve) whole() {
	begin := s.at
	s.skip()
	value := s.in[begin:s.at]
	if value[0] != '{' && value[0] != '[' {
		s.out = append(s.out, value...)
		return
	}
	text := bytes.NewBuffer(s.out)
	_ = json.Compact(text, value) // it is valid
	s.out = text.Bytes()
}

func (s *sieve) space() {
	for s.at < len(s.in) {
		switch s.in[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// skip goes over the next value: a text to its quote, anything with brackets to
// the last of them, a number or word to what can't be of it.
func (s *sieve) skip() {
	s.space()
	for depth := 0; s.at < len(s.in); {
		switch s.in[s.at] {
		case '"':
			s.text()
		case '{', '[':
			depth++
			s.at++
			continue
		case '}', ']':
			depth--
			s.at++
		case ' ', '\t', '\n', '\r', ',', ':':
			s.at++
			continue
		default:
			s.word()
		}
		if depth == 0 {
			return
		}
	}
}

// text goes over a text in quotes.
func (s *sieve) text() {
	for s.at++; ; {
		i := bytes.IndexByte(s.in[s.at:], '"')
		s.at += i + 1
		escaped := false
		for j := s.at - 2; s.in[j] == '\\'; j-- {
			escaped = !escaped
		}
		if !escaped {
			return
		}
	}
}

// word goes over a number, true, false or null.
func (s *sieve) word() {
	for s.at < len(s.in) {
		switch s.in[s.at] {
		case ' ', '\t', '\n', '\r', ',', ':', '}', ']':
			return
		}
		s.at++
	}
}
