package shopifytest

import (
	"strings"
	"time"
	"unicode"
)

// search is a parsed search query: terms of field, comparison and value, joined
// by AND, OR and NOT, with parentheses. As at Shopify a field that cannot be
// searched by is ignored, which matches everything.
type search func(value func(field string) (any, bool)) bool

func parseSearch(text string) search {
	p := &searchParser{words: scan(text)}
	if len(p.words) == 0 {
		return func(func(string) (any, bool)) bool { return true }
	}
	return p.or()
}

type searchParser struct{ words []string }

func (p *searchParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *searchParser) next() string {
	w := p.peek()
	if len(p.words) > 0 {
		p.words = p.words[1:]
	}
	return w
}

func (p *searchParser) or() search {
	out := p.and()
	for p.peek() == "OR" {
		p.next()
		a, b := out, p.and()
		out = func(v func(string) (any, bool)) bool { return a(v) || b(v) }
	}
	return out
}

func (p *searchParser) and() search {
	out := p.not()
	for w := p.peek(); w != "" && w != "OR" && w != ")"; w = p.peek() {
		if w == "AND" {
			p.next()
		}
		a, b := out, p.not()
		out = func(v func(string) (any, bool)) bool { return a(v) && b(v) }
	}
	return out
}

func (p *searchParser) not() search {
	w := p.next()
	switch {
	case w == "NOT":
		a := p.not()
		return func(v func(string) (any, bool)) bool { return !a(v) }
	case w == "(":
		a := p.or()
		if p.peek() == ")" {
			p.next()
		}
		return a
	case strings.HasPrefix(w, "-") && len(w) > 1:
		a := term(w[1:])
		return func(v func(string) (any, bool)) bool { return !a(v) }
	}
	return term(w)
}

// scan splits a query into words; quotes hold a word together.
func scan(text string) []string {
	var words []string
	var word strings.Builder
	quote := rune(0)
	escaped := false
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote = r
		case unicode.IsSpace(r):
			flush()
		case r == '(' || r == ')':
			flush()
			words = append(words, string(r))
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return words
}

// term is one comparison.
func term(w string) search {
	field, want, ok := strings.Cut(w, ":")
	if !ok {
		field, want = "default", w
	}
	op := ""
	for _, o := range []string{">=", "<=", ">", "<"} {
		if rest, found := strings.CutPrefix(want, o); found {
			op, want = o, rest
			break
		}
	}
	return func(value func(string) (any, bool)) bool {
		have, ok := value(field)
		if !ok {
			return true
		}
		return compare(have, op, want)
	}
}

func compare(have any, op, want string) bool {
	switch have := have.(type) {
	case time.Time:
		t, err := parseTime(want)
		return err == nil && ordered(have.Truncate(time.Second).Compare(t), op)
	case int64:
		n, ok := number("", want)
		if !ok {
			_, tail, _ := strings.Cut(want, "gid://shopify/")
			_, digits, _ := strings.Cut(tail, "/")
			if n, ok = number("", digits); !ok {
				return false
			}
		}
		c := 0
		switch {
		case have < n:
			c = -1
		case have > n:
			c = 1
		}
		return ordered(c, op)
	case bool:
		return have == (want == "true")
	case orderStatus:
		return have.is(want)
	case string:
		if prefix, ok := strings.CutSuffix(want, "*"); ok {
			return strings.HasPrefix(strings.ToLower(have), strings.ToLower(prefix))
		}
		// Text is searched by its words, in any case: more is found than was
		// asked for.
		a, b := words(have), words(want)
		return strings.TrimSpace(b) != "" && strings.Contains(a, b) || strings.EqualFold(have, want)
	}
	return false
}

func words(s string) string {
	list := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(list, " ") + " "
}

func ordered(c int, op string) bool {
	switch op {
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	}
	return c == 0
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02T15:04:05", s, shopZone)
	}
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02", s, shopZone)
	}
	return t, err
}
