package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// The checks stop the test with a message that says which promise is broken:
// its format and arguments come last.

func (f *fixture) broken(what string, promise []any) {
	f.Helper()
	if len(promise) > 0 {
		what = fmt.Sprintf(promise[0].(string), promise[1:]...) + "\n" + what
	}
	f.Fatalf("%s", what)
}

func (f *fixture) equal(want, got any, promise ...any) {
	f.Helper()
	if !reflect.DeepEqual(want, got) {
		f.broken("want "+plain(want)+"\ngot  "+plain(got), promise)
	}
}

// plain prints all of a value; a Level would print as its key only.
func plain(v any) string { return strings.ReplaceAll(fmt.Sprintf("%#v", v), "inventory.", "") }

func (f *fixture) noError(err error, promise ...any) {
	f.Helper()
	if err != nil {
		f.broken(fmt.Sprintf("unexpected error: %v", err), promise)
	}
}

func (f *fixture) errorIs(err, target error, promise ...any) {
	f.Helper()
	if !errors.Is(err, target) {
		f.broken(fmt.Sprintf("want error %q\ngot  %v", target, err), promise)
	}
}

func (f *fixture) yes(is bool, promise ...any) {
	f.Helper()
	if !is {
		f.broken("", promise)
	}
}

func (f *fixture) no(is bool, promise ...any) {
	f.Helper()
	f.yes(!is, promise...)
}
