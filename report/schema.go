package report

import (
	"embed"
	"slices"
)

//go:embed schema/*.json
var schemas embed.FS

// Schemas are the names of the documents that have a JSON Schema.
func Schemas() []string { return []string{"report", "policy", "invite", "receipt"} }

// Schema is the JSON Schema (2020-12) of a document: of the readable report, which is also the predicate of the signed
// one; of the compiled policy; of the payload of a sealed invite; of the predicate of a receipt.
func Schema(name string) ([]byte, bool) {
	if !slices.Contains(Schemas(), name) {
		return nil, false
	}
	data, err := schemas.ReadFile("schema/" + name + ".json")
	return data, err == nil
}
