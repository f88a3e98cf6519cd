//go:build race

package codecworker

const raceDetector = true
