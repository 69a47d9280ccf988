//go:build !race

package api_test

// raceDetector says that the tests run under it.
const raceDetector = false
