// Package mapping compiles and evaluates the jq expressions of sources. A
// [Language] has jq and the functions of docs/mapping.md; a [Run] evaluates
// expressions for one request, bounded in time and in the number of results.
//
// An expression sees its input and its variables: no clock, no environment, no
// files, no modules. Most are evaluated by package plan, the others by gojq.
// Which expressions a source has, and what they are for, is not known here.
//
// Start reading at [Language.Compile] in expression.go, then at run.go. The
// functions are listed in functions.go.
package mapping
