// Package admin holds the operations that shopify sends to Shopify's GraphQL
// Admin API, the Go code generated from them, and the part of the official
// schemas that they use.
//
// The operations are in the .graphql files. To change one, edit it, trim the
// schemas again (see internal/schematrim; the introspection of a version comes
// from Shopify), and run go generate here.
//
// The trimmed schemas serve three ends: code is generated from the newest; a
// test validates every operation against each; and shopify/shopifytest answers
// by them as the real API of that version would.
package admin

import (
	"embed"
	"slices"
	"strings"
)

//go:generate go tool -modfile=../../../internal/tools/go.mod genqlient genqlient.yaml

//go:embed schema/*.graphql
var schemas embed.FS

// Schema returns the trimmed schema of an API version such as "2026-10", and
// false if there is none.
func Schema(version string) (string, bool) {
	text, err := schemas.ReadFile("schema/" + version + ".graphql")
	return string(text), err == nil
}

// Versions returns the API versions that have a schema, the oldest first.
func Versions() []string {
	files, _ := schemas.ReadDir("schema") // embedded: it is there
	var versions []string
	for _, f := range files {
		versions = append(versions, strings.TrimSuffix(f.Name(), ".graphql"))
	}
	slices.Sort(versions)
	return versions
}
