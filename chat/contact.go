package chat

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// A user's conversation list is not stored. It is made of the user's groups,
// the newest message of each, which the head of its log names, and the mark of
// what the user removed, which is in the member's record. So a send does
// nothing for the lists of a million members, and an entry ends with the
// membership. See decision 0018.

const (
	contactsPage = 100
	// maxTargetedScan is how many numbers are searched for a message to the
	// account alone that is newer than all messages to everybody.
	maxTargetedScan = 2048
)

// ContactsRequest asks for a page of one account's conversations (doc 43087).
type ContactsRequest struct {
	Account   string
	After     ContactPlace // zero is the beginning
	WithEmpty bool         // also conversations whose messages are all cleared or expired
}

// ContactPlace is a place in a conversation list.
type ContactPlace struct {
	Time int64  // of its newest message, Unix seconds
	Tie  uint32 // orders those of one second; below 2^31
}

// Contact is a conversation in a list.
type Contact struct {
	GroupID string
	Time    int64 // MsgTime of the newest message, Unix seconds
}

// place orders conversations of one second by a checksum, which clients can
// hand back as an integer of 32 bits.
func (c Contact) place() ContactPlace {
	return ContactPlace{c.Time, crc32.ChecksumIEEE([]byte(c.GroupID)) >> 1}
}

func (p ContactPlace) compare(other ContactPlace) int {
	return cmp.Or(cmp.Compare(other.Time, p.Time), cmp.Compare(p.Tie, other.Tie))
}

// Contacts is a page of conversations, the newest first.
type Contacts struct {
	List     []Contact
	Next     ContactPlace
	Complete bool // there are no more
}

// Contacts lists the conversations of an account with groups. A page takes in
// all of its last place.
// Errors: CodeContactInvalid, CodeContactNoAccount.
func (a *App) Contacts(ctx context.Context, r ContactsRequest) (*Contacts, error) {
	if err := a.requireContactAccount(ctx, r.Account); err != nil {
		return nil, err
	}
	list, err := a.contacts(ctx, &r)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(x, y Contact) int {
		return cmp.Or(x.place().compare(y.place()), cmp.Compare(x.GroupID, y.GroupID))
	})
	if r.After != (ContactPlace{}) {
		list = slices.DeleteFunc(list, func(c Contact) bool { return c.place().compare(r.After) <= 0 })
	}
	n := min(contactsPage, len(list))
	for n > 0 && n < len(list) && list[n].place() == list[n-1].place() {
		n++
	}
	page := &Contacts{List: list[:n], Next: r.After, Complete: n == len(list)}
	if n > 0 {
		page.Next = list[n-1].place()
	}
	return page, nil
}

// requireContactAccount checks whose list a call is about.
// Errors: CodeContactInvalid, CodeContactNoAccount.
func (a *App) requireContactAccount(ctx context.Context, account string) error {
	if !ValidUserID(account) {
		return Refuse(CodeContactInvalid, "From_Account is missing or not a UserID")
	}
	found, err := a.account(ctx, account)
	if err == nil && found == nil {
		return Refuse(CodeContactNoAccount, "From_Account %q was never imported", account)
	}
	return err
}

// contacts looks at all groups of the account, some at once.
func (a *App) contacts(ctx context.Context, r *ContactsRequest) ([]Contact, error) {
	entries, err := a.memberships(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	found := make([]*Contact, len(entries))
	err = parallel(ctx, len(entries), func(ctx context.Context, i int) error {
		return retry(ctx, func() (err error) {
			found[i], err = a.contact(ctx, r, entries[i])
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("conversations of %q: %w", r.Account, err)
	}
	var list []Contact
	for _, c := range found {
		if c != nil {
			list = append(list, *c)
		}
	}
	return list, nil
}

// contact returns the conversation of one membership, nil where there is none.
func (a *App) contact(ctx context.Context, r *ContactsRequest, entry membership) (*Contact, error) {
	g, err := a.readGroupHead(ctx, entry.group)
	if err != nil || g.head.Destroyed || !g.rules().stored || g.head.SupportTopic {
		return nil, err
	}
	m, err := g.ownRecord(ctx, r.Account, entry)
	if err != nil || m == nil {
		return nil, err
	}
	log, err := a.newestHead(ctx, g.conversation())
	if err == nil && log.TipsFlushed < g.head.TipsIssued {
		if err = g.settleTips(ctx); err == nil {
			log, err = a.newestHead(ctx, g.conversation())
		}
	}
	// Nobody knows of a Private group in which nobody has written (spec 02 section 3.4).
	if err != nil || g.groupType() == Private && log.OrdinaryNum == 0 {
		return nil, err
	}
	seq, time, received := log.ListedSeq, log.ListedTime, log.ListedReceived
	if newer := max(seq, m.HiddenSeq); log.TargetedSeq > newer {
		targeted, err := g.targetedTo(ctx, r.Account, newer, log.TargetedSeq)
		if err != nil {
			return nil, err
		}
		if targeted != nil {
			seq, time, received = targeted.seq, targeted.header.Time, receivedAt(targeted.header)
		}
	}
	if seq <= m.HiddenSeq || received < m.JoinTime && !g.head.HistoryBeforeJoin {
		return nil, nil
	}
	if !r.WithEmpty {
		expired, err := (&stream{app: a, id: g.conversation()}).expired(ctx, log, seq)
		if err != nil || expired || seq <= g.head.ClearedSeq {
			return nil, err
		}
	}
	return &Contact{GroupID: g.id, Time: time}, nil
}

// targetedTo returns the newest message above one number and up to another
// that updates the conversation list of the account as one of its recipients,
// nil where there is none.
func (g *groupState) targetedTo(ctx context.Context, account string, above, upTo uint32) (*numberedHeader, error) {
	above = max(above, upTo-min(upTo, maxTargetedScan))
	for upTo > above {
		low := max(above+1, record.Bucket(upTo)*record.BucketSize+1, upTo-min(upTo, 63))
		headers, err := g.app.readHeaders(ctx, g.conversation(), low, upTo)
		if err != nil {
			return nil, err
		}
		headers = slices.DeleteFunc(headers, func(h numberedHeader) bool { return !h.header.Targeted || h.header.NoLastMsg })
		bodies := make([]store.Range, len(headers))
		for i, h := range headers {
			bodies[i] = store.Key(record.BodyKey(h.seq))
		}
		rows, _, err := g.app.store.Read(ctx, record.LogPartition(g.conversation(), record.Bucket(upTo)), bodies...)
		if err != nil {
			return nil, fmt.Errorf("read recipients: %w", err)
		}
		for i, h := range slices.Backward(headers) {
			body := &record.Body{}
			if len(rows[i]) == 0 { // gone for good
				continue
			}
			if err := decode(rows[i][0], body); err != nil {
				return nil, err
			}
			if slices.Contains(body.To, account) {
				return &h, nil
			}
		}
		upTo = low - 1
	}
	return nil, nil
}

// DeleteContact removes a group from an account's conversation list until the
// next message that updates it, and with clear notes that the account has
// cleared the history up to here. What is not in the list is no error (doc
// 43088).
// Errors: CodeContactInvalid, CodeContactNoAccount.
func (a *App) DeleteContact(ctx context.Context, op Operator, account, groupID string, clear bool) error {
	if err := CheckGroupID(groupID); err != nil {
		return Refuse(CodeContactInvalid, "ToGroupid: %s", messageOf(err))
	}
	if err := a.requireContactAccount(ctx, account); err != nil {
		return err
	}
	err := a.changeGroup(ctx, groupID, func(g *groupChange) error {
		members, err := g.members(ctx, account)
		m := members[account]
		if err != nil || m == nil {
			return err
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		log, err := g.stream().current(ctx)
		if err != nil {
			return err
		}
		m.HiddenSeq = max(m.HiddenSeq, log.LastSeq)
		if clear {
			m.ClearedSeq = m.HiddenSeq
		}
		g.setMember(account, m)
		return nil
	})
	if CodeOf(err) == CodeGroupNotFound {
		return nil
	}
	return err
}

// DeleteUserContact removes a one-to-one conversation from an account's list.
// There are no one-to-one messages yet, so there is never one (doc 43088).
// Errors: CodeContactInvalid, CodeContactNoAccount.
func (a *App) DeleteUserContact(ctx context.Context, account, other string) error {
	if !ValidUserID(other) {
		return Refuse(CodeContactInvalid, "To_Account is missing or not a UserID")
	}
	return a.requireContactAccount(ctx, account)
}
