package transform

// The list of the built-in sources is made first: the document is of those in it.
//go:generate go test -count=1 -run ^TestHintsTable$ . -args -update
//go:generate go test -count=1 -run ^TestSourcesDoc$ . -args -update
