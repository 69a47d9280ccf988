package api

import (
	"context"

	"github.com/recant-chat/recant/chat"
)

const contactService = "recentcontact"

// contactCommands are the commands on conversation lists, as far as groups go
// (spec 05 section 5).
func contactCommands() []Command {
	common := codes(chat.CodeContactNoAccount, chat.CodeContactInvalid, chat.CodeContactInternal)
	return []Command{
		command(contactService, "get_list", getContacts,
			repeatable(), doc(43087), summary("Lists the conversations of one account, the newest first."), common),
		command(contactService, "delete", deleteContact,
			repeatable(), doc(43088), summary("Removes one conversation from the list of one account."), common, anyCase()),
	}
}

type getContactsRequest struct {
	From     *string `json:"From_Account" desc:"account whose list it is" required:"true"`
	Time     *uint32 `json:"TimeStamp" desc:"TimeStamp of the page before; 0 for the first" default:"0"`
	Tie      *uint32 `json:"StartIndex" desc:"StartIndex of the page before; 0 for the first" default:"0"`
	TopTime  *uint32 `json:"TopTimeStamp" desc:"cursor of pinned conversations, answered as it is: nothing can be pinned" default:"0"`
	TopIndex *uint32 `json:"TopStartIndex" desc:"cursor of pinned conversations, answered as it is: nothing can be pinned" default:"0"`
	Flags    *uint32 `json:"AssistFlags" desc:"bits: with 2 also conversations whose messages are all cleared or expired; others have no effect" default:"0"`
}

// flagEmptyContacts is the bit of AssistFlags that asks for empty conversations.
const flagEmptyContacts = 1 << 1

type getContactsResponse struct {
	Contacts []contact `json:"SessionItem" desc:"at most 100 conversations, rarely a few more, those with the newest message first"`
	Complete int       `json:"CompleteFlag" desc:"1: nothing follows; 0: call again with the four cursor fields"`
	Time     int64     `json:"TimeStamp" desc:"TimeStamp of the next call"`
	Tie      uint32    `json:"StartIndex" desc:"StartIndex of the next call"`
	TopTime  uint32    `json:"TopTimeStamp" desc:"as it was in the call"`
	TopIndex uint32    `json:"TopStartIndex" desc:"as it was in the call"`
}

// Types of conversations.
const (
	contactUser  = 1
	contactGroup = 2
)

type contact struct {
	Type    int    `json:"Type" desc:"always 2: a conversation with a group"`
	GroupID string `json:"GroupId" desc:"id of the group"`
	Time    int64  `json:"MsgTime" desc:"when the newest message that updates conversation lists was sent, Unix seconds"`
	Top     int    `json:"TopFlag" desc:"always 0: nothing can be pinned"`
}

func getContacts(ctx context.Context, call *Call, r *getContactsRequest) (*getContactsResponse, error) {
	page, err := call.App.Chat.Contacts(ctx, chat.ContactsRequest{
		Account: value(r.From), After: chat.ContactPlace{Time: int64(value(r.Time)), Tie: value(r.Tie)},
		WithEmpty: value(r.Flags)&flagEmptyContacts != 0,
	})
	if err != nil {
		return nil, err
	}
	answer := &getContactsResponse{
		Complete: bit(page.Complete), Time: page.Next.Time, Tie: page.Next.Tie,
		TopTime: value(r.TopTime), TopIndex: value(r.TopIndex),
	}
	for _, c := range page.List {
		answer.Contacts = append(answer.Contacts, contact{Type: contactGroup, GroupID: c.GroupID, Time: c.Time})
	}
	return answer, nil
}

type deleteContactRequest struct {
	From  *string `json:"From_Account" desc:"account whose list it is" required:"true"`
	Type  *int    `json:"Type" range:"1..2" desc:"1: with an account; 2: with a group" required:"true"`
	To    *string `json:"To_Account" desc:"the other account; needed with Type 1"`
	Group *string `json:"ToGroupid" desc:"id of the group; needed with Type 2, where To_Account does not have it"`
	Clear *int    `json:"ClearRamble" range:"0..1" desc:"1: marks the history as cleared for the account, with Type 2" default:"0"`
}

func deleteContact(ctx context.Context, call *Call, r *deleteContactRequest) (*noResult, error) {
	if r.Type == nil {
		return nil, call.invalid("Type is missing")
	}
	if *r.Type == contactUser {
		return nil, call.App.Chat.DeleteUserContact(ctx, value(r.From), value(r.To))
	}
	group := value(r.Group)
	if group == "" { // one SDK puts the group's id there
		group = value(r.To)
	}
	return nil, call.App.Chat.DeleteContact(ctx, call.Operator(), value(r.From), group, value(r.Clear) == 1)
}
