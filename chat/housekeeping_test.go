package chat

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/recant-chat/recant/internal/testengine"
)

func TestFailuresOfBackgroundWorkAreLoggedAndEndThatWorkAlone(t *testing.T) {
	var log bytes.Buffer
	a := openTestApp(t, testengine.Open(t), func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	a.work(bg, "first", func(context.Context) error { panic("boom") })
	a.work(bg, "second", func(context.Context) error { return errors.New("no luck") })
	a.work(bg, "third", func(context.Context) error { return Refuse(CodeGroupNotFound, "gone") })
	ended, cancel := context.WithCancel(bg)
	cancel()
	a.work(ended, "fourth", func(ctx context.Context) error { return ctx.Err() })
	for text, want := range map[string]bool{
		"work=first value=boom": true, "work=second error=\"no luck\"": true, "work=third": false, "work=fourth": false,
	} {
		if strings.Contains(log.String(), text) != want {
			t.Errorf("log has %q: %v, want %v:\n%s", text, !want, want, log.String())
		}
	}
}
