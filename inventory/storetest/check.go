package storetest

import (
	"errors"
	"fmt"
	"reflect"
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
		f.broken(fmt.Sprintf("want %+v\ngot  %+v", want, got), promise)
	}
}

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
