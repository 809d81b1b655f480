package admin

import (
	"embed"
	"strings"
)

//go:embed *.graphql
var operations embed.FS

// Operations returns the text of all operations and fragments.
func Operations() string {
	files, _ := operations.ReadDir(".") // embedded: it is there
	var all strings.Builder
	for _, f := range files {
		text, _ := operations.ReadFile(f.Name())
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String()
}
