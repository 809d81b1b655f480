// Schematrim cuts the official introspection of Shopify's Admin API down to
// what a set of GraphQL operations uses, and writes it as SDL.
//
// The whole schema has some 3,500 types and changes every quarter; the part
// that a stock synchroniser uses has some 70 and hardly changes at all. The
// trimmed file is small enough to read in a review, to embed, and to generate
// code from, and a validator answers the same for our operations as with the
// whole schema.
//
//	go run ./internal/schematrim -in introspection.json.gz -ops 'shopify/internal/admin/*.graphql' -out 2026-10.graphql
//
// The input is the JSON answer to an introspection query, plain or gzipped.
// The scopes that Shopify states for a type or field are kept as comments.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	in := flag.String("in", "", "introspection answer, .json or .json.gz")
	ops := flag.String("ops", "", "pattern of the operation files")
	out := flag.String("out", "", "where to write the SDL, standard output if empty")
	version := flag.String("version", "", "the API version to name in the header, from the name of -out if empty")
	flag.Parse()
	if *version == "" {
		*version = strings.TrimSuffix(filepath.Base(*out), filepath.Ext(*out))
	}
	if err := run(*in, *ops, *out, *version); err != nil {
		fmt.Fprintln(os.Stderr, "schematrim:", err)
		os.Exit(1)
	}
}

func run(in, ops, out, version string) error {
	raw, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("read the introspection (-in): %w", err)
	}
	operations, err := readOperations(ops)
	if err != nil {
		return err
	}
	sdl, err := Trim(raw, operations, version)
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.WriteString(sdl)
		return err
	}
	return os.WriteFile(out, []byte(sdl), 0o644)
}

// readOperations joins the files that match the pattern, in the order of
// their names.
func readOperations(pattern string) (string, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return "", fmt.Errorf("pattern of operations (-ops): %w", err)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("no operations match %q (-ops)", pattern)
	}
	slices.Sort(files)
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String(), nil
}
