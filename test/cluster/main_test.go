package cluster

import (
	"testing"

	"github.com/recant-chat/recant/internal/programtest"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { programtest.Run(m, func(path string) { binary = path }) }
