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
			doc(43087), summary("Lists the conversations of one account, the newest first."), common),
		command(contactService, "delete", deleteContact,
			doc(43088), summary("Removes one conversation from the list of one account."), common, anyCase()),
	}
}

// getContactsRequest has two cursors and what is wanted. Nothing is ever pinned
// by the REST commands, so the second cursor stays where it is.
type getContactsRequest struct {
	From     *string `json:"From_Account"`
	Time     *uint32 `json:"TimeStamp"`
	Tie      *uint32 `json:"StartIndex"`
	TopTime  *uint32 `json:"TopTimeStamp"`
	TopIndex *uint32 `json:"TopStartIndex"`
	Flags    *uint32 `json:"AssistFlags"`
}

// flagEmptyContacts is the bit of AssistFlags that asks for empty conversations.
const flagEmptyContacts = 1 << 1

type getContactsResponse struct {
	Contacts []contact `json:"SessionItem"`
	Complete int       `json:"CompleteFlag"`
	Time     int64     `json:"TimeStamp"`
	Tie      uint32    `json:"StartIndex"`
	TopTime  uint32    `json:"TopTimeStamp"`
	TopIndex uint32    `json:"TopStartIndex"`
}

// Types of conversations.
const (
	contactUser  = 1
	contactGroup = 2
)

type contact struct {
	Type    int    `json:"Type"`
	GroupID string `json:"GroupId"`
	Time    int64  `json:"MsgTime"`
	Top     int    `json:"TopFlag"`
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
	From  *string `json:"From_Account"`
	Type  *int    `json:"Type" range:"1..2"`
	To    *string `json:"To_Account"`
	Group *string `json:"ToGroupid"`
	Clear *int    `json:"ClearRamble" range:"0..1"`
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
