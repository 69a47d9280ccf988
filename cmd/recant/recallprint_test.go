package main

import (
	"testing"

	"github.com/recant-chat/recant/client"
)

func TestFencesAreShownAsTheyStand(t *testing.T) {
	for _, c := range []struct {
		fence *client.OperationFence
		want  string
	}{
		{nil, ""},
		{&client.OperationFence{FromSeq: 11, Until: 1795626477, Open: 1}, "from 11, until " + clock(1795626477)},
		{&client.OperationFence{FromSeq: 11, ToSeq: 14}, "caught 11..14"},
		{&client.OperationFence{FromSeq: 11, ToSeq: 10}, "from 11, caught nothing"},
		{&client.OperationFence{FromSeq: 11}, "from 11, ended"},
	} {
		if got := fenceText(c.fence); got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.fence, got, c.want)
		}
	}
}

func TestAStateIsOneOfAllTargets(t *testing.T) {
	for _, c := range []struct {
		operation client.RecallOperation
		want      string
	}{
		{client.RecallOperation{}, ""},
		{client.RecallOperation{Targets: []client.OperationTarget{{State: "active"}, {State: "active"}}}, "active"},
		{client.RecallOperation{Targets: []client.OperationTarget{{State: "active"}, {State: "erased"}}}, "mixed"},
		{client.RecallOperation{Hold: 1, Targets: []client.OperationTarget{{State: "active", Hold: 1}}}, "active, held"},
	} {
		if got := stateOf(&c.operation); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"日本語版", 3, "日本…"}, {"a\x1b[2Jb\xff", 9, "a·[2Jb\ufffd"}} {
		if got := short(c.text, c.most); got != c.want {
			t.Errorf("%q is shown as %q, want %q", c.text, got, c.want)
		}
	}
}
