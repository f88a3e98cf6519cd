// Package lazyregexp compiles regular expressions on their first use: those of package variables would cost each start.
//
// It adds nothing to package regexp but that. Start reading at New.
package lazyregexp
