package function

//go:generate go test -count=1 -run ^TestReadmeTables$ . -args -update
