//go:build race

package main

// buildFlags build the program under test with the detector that the tests run
// with.
func buildFlags() []string { return []string{"-race"} }
