package transform

//go:generate go test -count=1 -run ^Test(SourcesDoc|HintsTable)$ . -args -update
