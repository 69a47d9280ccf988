//go:build !race

package main

// buildFlags build the program under test with the detector that the tests run
// with: none.
func buildFlags() []string { return nil }
