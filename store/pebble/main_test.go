package pebble

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// faultChild is set in the processes that tests start to break a store beyond
// closing; what such a store leaves running ends with its process.
const faultChild = "RECANT_STORE_FAULT_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(faultChild) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
