package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// Repeats of send_group_msg (spec 04 section 3.3).

func TestRepeatWithin300SecondsAnswersTheFirst(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	send := func(from string, random int, body string) string {
		answer := r.sendWith(fmt.Sprintf(`"From_Account":%q,"Random":%d,"MsgBody":%s`, from, random, body))
		answer.MustOK(t)
		return string(answer.Raw)
	}
	first := send("ann", 7, text("hi"))
	r.srv.Clock.Advance(300 * time.Second)
	if again := send("ann", 7, text("hi")); again != first {
		t.Errorf("repeat answered %s, want %s", again, first)
	}
	// The same content in another notation is a repeat.
	if again := send("ann", 7, strings.Replace(text("hi"), ",", " , ", 1)); again != first {
		t.Errorf("repeat with white space answered %s, want %s", again, first)
	}
	for name, answer := range map[string]string{
		"another sender":  send("bob", 7, text("hi")),
		"another random":  send("ann", 8, text("hi")),
		"another content": send("ann", 7, text("ho")),
	} {
		if answer == first {
			t.Errorf("%s was taken for a repeat", name)
		}
	}
	r.wantNext(5)
}

func TestRepeatAfter300SecondsIsAnotherMessage(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	for i, seconds := range []int{0, 200, 101} { // the 300 do not slide
		r.srv.Clock.Advance(time.Duration(seconds) * time.Second)
		r.sendWith(`"From_Account":"ann","Random":7,"MsgBody":` + text("hi")).MustOK(t)
		r.wantNext([]uint32{2, 2, 3}[i])
	}
}

func TestRepeatIsKnownAfterARestart(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	body := `"From_Account":"ann","Random":7000,"MsgBody":` + text("hi")
	first := r.sendWith(body)
	r.send("ann", 1100) // however many came after it
	r.srv.Restart(t)
	if again := r.sendWith(body); string(again.Raw) != string(first.Raw) {
		t.Errorf("repeat after a restart answered %s, want %s", again.Raw, first.Raw)
	}
}

func TestTheSameInAnotherTopicIsNoRepeat(t *testing.T) {
	c := newCommunity(t, "ann")
	for _, name := range []string{"one", "two"} {
		topic := c.topic(name)
		topic.sendWith(fmt.Sprintf(`"TopicId":%q,"From_Account":"ann","Random":7,"MsgBody":%s`, topic.topicID, text("hi"))).MustOK(t)
		topic.pull(20).wantSeqs(1)
	}
}

func TestRepeatsAtOnceAreStoredOnce(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			r.sendWith(`"From_Account":"ann","Random":7,"MsgBody":` + text("hi")).MustOK(t)
		})
	}
	running.Wait()
	r.wantNext(2)
}

func TestRepeatOfASenderMutedSinceAnswersTheFirst(t *testing.T) {
	r := newRoom(t, "Public", "ann")
	body := `"From_Account":"ann","Random":7,"MsgBody":` + text("hi")
	r.sendWith(body).MustOK(t)
	r.call("forbid_send_msg", `{"GroupId":%q,"Members_Account":["ann"],"MuteTime":60}`, r.group).MustOK(t)
	r.sendWith(body).MustOK(t)
	r.sendWith(`"From_Account":"ann","Random":8,"MsgBody":`+text("hi")).WantCode(t, 10017)
}
