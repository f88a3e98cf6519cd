package docs

import _ "embed" // the page

// Runbook is runbook.md: a section for each code of the table of errors, with what it means, what to look at and what
// to do.
//
//go:embed runbook.md
var Runbook string
