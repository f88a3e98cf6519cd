//go:build race

package function_test

const raceEnabled = true
