package transform

//go:generate go test -count=1 -run ^TestSourcesDoc$ . -args -update
