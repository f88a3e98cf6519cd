// Package console is the emulator's page for people who would rather look than read: events as they arrive, devices,
// calls, faults, and a playground for mappings.
//
// It is plain HTML, CSS and ES modules from an embed.FS, without a build step and without anything from outside. All that
// it changes it changes through the emulator's own console API, whose guards (loopback Host names, no change by GET, no
// change from another origin) stand before [Handler] when it is the emulator's Config.Page.
//
//	var page http.Handler
//	config.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.ServeHTTP(w, r) })
//	e, err := emulator.New(config)
//	page = console.Handler(e, console.Options{}) // before e.Listen
package console
