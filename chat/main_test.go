package chat

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/recant-chat/recant/internal/testengine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(testengine.Main{M: m}) }
