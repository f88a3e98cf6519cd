// Package enriching applies the enrich steps of the configuration to the messages of a request: it chooses the list of
// a message, has the key looked up and the row put.
//
// What a step does to a message is decided by package transform/enrich; who has the rows is a [Finder]: a table, or a
// look-up over HTTP. Start reading at [Enricher.Enrich].
package enriching
