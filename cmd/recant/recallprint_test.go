package main

import "testing"

func TestFencesAreShownAsTheyStand(t *testing.T) {
	for _, c := range []struct {
		fence *fence
		want  string
	}{
		{nil, ""},
		{&fence{FromSeq: 11, Until: 1795626477, Open: 1}, "from 11, until " + clock(1795626477)},
		{&fence{FromSeq: 11, ToSeq: 14}, "caught 11..14"},
		{&fence{FromSeq: 11, ToSeq: 10}, "from 11, caught nothing"},
		{&fence{FromSeq: 11}, "from 11, ended"},
	} {
		if got := c.fence.text(); got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.fence, got, c.want)
		}
	}
}

func TestAStateIsOneOfAllTargets(t *testing.T) {
	for _, c := range []struct {
		operation recallOperation
		want      string
	}{
		{recallOperation{}, ""},
		{recallOperation{Targets: []operationTarget{{State: "active"}, {State: "active"}}}, "active"},
		{recallOperation{Targets: []operationTarget{{State: "active"}, {State: "erased"}}}, "mixed"},
		{recallOperation{Hold: 1, Targets: []operationTarget{{State: "active", Hold: 1}}}, "active, held"},
	} {
		if got := c.operation.state(); got != c.want {
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
