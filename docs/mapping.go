package docs

import _ "embed" // the page

// Mapping is mapping.md, whose examples are for the playground.
//
//go:embed mapping.md
var Mapping string
