// Package console is the emulator's page for browsers: events as they arrive, devices, calls, faults, and a playground
// for mappings.
//
// The requests that came in to a bridge are shown where whoever creates the page passes a handler that answers for
// them.
//
// It is plain HTML, CSS and ES modules in an embed.FS, without a build step and without anything from other hosts. It
// changes the emulator only through the emulator's own console API, whose guards (loopback Host names, no change by
// GET, no change from another origin) protect [Handler] too when it is the emulator's Config.Page:
//
//	var page http.Handler
//	config.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.ServeHTTP(w, r) })
//	e, err := emulator.New(config)
//	page = console.Handler(e, console.Options{}) // before e.Listen
//
// The package does not map requests: whoever creates the page passes a [Playground].
//
// Start reading in console.go for the routes, and in page/main.js for the page.
package console
