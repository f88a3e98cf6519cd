// Package playground maps requests for the console's playground: with a built-in source, or with a mapping that
// somebody is editing in the browser.
//
// It sends nothing. What the page shows is defined by package console; how requests are mapped, by package transform.
//
// Start reading at [Playground.Try].
package playground
