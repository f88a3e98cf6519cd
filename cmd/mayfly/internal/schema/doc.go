// Package schema has the JSON Schema of mayfly.yaml, for editors. It is made from the types that the configuration is
// read into (go generate ./function/internal/config), and does not check a configuration: mayfly check does.
package schema

import _ "embed"

// Text is the schema.
//
//go:embed mayfly.schema.json
var Text string
