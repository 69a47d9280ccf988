package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

// counterCommands are the commands on groups' counters (spec 05 section 4).
func counterCommands() []Command {
	common := codes(chat.CodeInternal, chat.CodeInvalid, chat.CodeNotPermitted, chat.CodeGroupNotFound, chat.CodeBadGroupID)
	return []Command{
		command(groupService, "get_group_counter", getGroupCounter,
			repeatable(), doc(53427), summary("Reads counters of a group."), common),
		command(groupService, "update_group_counter", updateGroupCounter,
			doc(53428), summary("Sets, increases or decreases counters of a group."), common, codes(chat.CodeTooManyCounters)),
		command(groupService, "delete_group_counter", deleteGroupCounter,
			repeatable(), doc(53429), summary("Removes counters of a group."), common),
	}
}

// groupCounterKeys names counters of a group, all of them where there are no keys.
type groupCounterKeys struct {
	GroupID *string  `json:"GroupId" desc:"id of the group, not a Community" required:"true"`
	Keys    []string `json:"GroupCounterKeys" desc:"names of counters, 1 to 128 bytes each; unknown ones are passed over; absent or empty: all counters"`
}

type groupCounters struct {
	Counters []counterAnswer `json:"GroupCounter" desc:"counters, each once and in order of the request, or all in the order of their names"`
}

type counterAnswer struct {
	Key   string `json:"Key" desc:"name of the counter"`
	Value int64  `json:"Value" desc:"value of the counter, a signed integer of 64 bits"`
}

func counterAnswers(counters []chat.Counter) *groupCounters {
	answer := &groupCounters{}
	for _, c := range counters {
		answer.Counters = append(answer.Counters, counterAnswer(c))
	}
	return answer
}

func getGroupCounter(ctx context.Context, call *Call, r *groupCounterKeys) (*groupCounters, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	found, err := call.App.Chat.Counters(ctx, *r.GroupID, r.Keys)
	if err != nil {
		return nil, err
	}
	return counterAnswers(found), nil
}

type updateGroupCounterRequest struct {
	GroupID  *string   `json:"GroupId" desc:"id of the group, not a Community" required:"true"`
	Mode     *string   `json:"Mode" desc:"what is done with each Value" values:"Set,Increase,Decrease" default:"Set"`
	Counters []counter `json:"GroupCounter" desc:"1 to 20 counters; a group has at most 20; one that is not there yet begins at 0" required:"true"`
}

// counter is an item of GroupCounter; both spellings are in use.
type counter struct {
	Key   *string `json:"Key" older:"key" desc:"name of the counter, 1 to 128 bytes" required:"true"`
	Value *int64  `json:"Value" older:"value" desc:"number, a signed integer of 64 bits" required:"true"`
}

func updateGroupCounter(ctx context.Context, call *Call, r *updateGroupCounterRequest) (*groupCounters, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	changes := make([]chat.Counter, len(r.Counters))
	for i, c := range r.Counters {
		if c.Value == nil {
			return nil, chat.Refuse(chat.CodeInvalid, "GroupCounter[%d].Value is missing", i)
		}
		changes[i] = chat.Counter{Key: value(c.Key), Value: *c.Value}
	}
	changed, err := call.App.Chat.UpdateCounters(ctx, call.Operator(), *r.GroupID, value(r.Mode), changes)
	if err != nil {
		return nil, err
	}
	return counterAnswers(changed), nil
}

func deleteGroupCounter(ctx context.Context, call *Call, r *groupCounterKeys) (*noResult, error) {
	if r.GroupID == nil {
		return nil, missing("GroupId")
	}
	return nil, call.App.Chat.DeleteCounters(ctx, call.Operator(), *r.GroupID, r.Keys)
}
