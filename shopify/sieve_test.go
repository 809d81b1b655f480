package shopify

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawJSON writes any JSON value, with white space and escapes where there may be.
func drawJSON(t *rapid.T, depth int, names []string) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", " ", "\n\t", "\r"}).Draw(t, "space") }
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 && kind > 3 {
		kind -= 2
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"0", "-1.5e+3", "12345678901234567890", "1E9"}).Draw(t, "number")
	case 1:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
	case 2, 3:
		return drawText(t, rapid.SampledFrom([]string{
			"", "a", `quote " here`, `back\slash`, `ends with \`, "{[,:]}", "\u2028 \x00\t", "é<&>",
		}).Draw(t, "text"))
	case 4:
		var all []string
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			all = append(all, space()+drawJSON(t, depth-1, names)+space())
		}
		return "[" + strings.Join(all, ",") + space() + "]"
	}
	var all []string
	for range rapid.IntRange(0, 4).Draw(t, "n") {
		name := drawText(t, rapid.SampledFrom(names).Draw(t, "name"))
		all = append(all, space()+name+space()+":"+space()+drawJSON(t, depth-1, names)+space())
	}
	return "{" + strings.Join(all, ",") + space() + "}"
}

// drawText quotes a text, with its first letter escaped or not.
func drawText(t *rapid.T, s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(s) > 0 && s[0] >= 'a' && s[0] <= 'z' && rapid.IntRange(0, 9).Draw(t, "escape") == 0 {
		return `"\u00` + string("0123456789abcdef"[s[0]>>4]) + string("0123456789abcdef"[s[0]&15]) + string(quoted[2:])
	}
	return string(quoted)
}

func TestSieveKeepsWhatADecoderWould(t *testing.T) {
	t.Parallel()
	names := append(slices.Sorted(maps.Keys(read)), "email", "note", "variant_id", "sku", `a"b`, "é", "")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", " ", "\n"}).Draw(t, "before") + drawJSON(t, 4, names) + rapid.SampledFrom([]string{"", "\n "}).Draw(t, "after")
		require.True(t, json.Valid([]byte(text)), text)
		var want bytes.Buffer
		require.NoError(t, read.modelKeep(&want, []byte(text)))
		s := sieve{in: []byte(text)}
		s.keep(read)
		require.Equal(t, want.String(), string(s.out), text)
	})
}

// modelKeep writes what f names of a value, by the decoder of encoding/json: the
// model of sieve.
func (f fields) modelKeep(out *bytes.Buffer, raw json.RawMessage) error {
	raw = bytes.TrimSpace(raw)
	switch {
	case f == nil || len(raw) == 0 || raw[0] != '{' && raw[0] != '[':
		return json.Compact(out, raw)
	case raw[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		out.WriteByte('[')
		for i, x := range list {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := f.modelKeep(out, x); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	}
	return f.modelObject(out, raw)
}

// modelObject keeps the fields in their order.
func (f fields) modelObject(out *bytes.Buffer, raw json.RawMessage) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	out.WriteByte('{')
	for first := true; dec.More(); {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		key, _ := name.(string)
		sub, ok := f[key]
		if !ok {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		quoted, err := json.Marshal(key)
		if err != nil {
			return err
		}
		out.Write(quoted)
		out.WriteByte(':')
		if err := sub.modelKeep(out, value); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}
