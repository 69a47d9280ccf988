package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
)

// tipSender is the reserved sender of stored tips (spec 04 section 1.5).
const tipSender = "@TIM#SYSTEM"

// Kinds of tips (OpType).
const (
	tipJoined       = 1
	tipRemoved      = 3
	tipAdminMade    = 4
	tipAdminEnded   = 5
	tipGroupChanged = 6
	tipMuted        = 7
)

// tip is the MsgBody of a stored tip.
type tip struct {
	OpType    int              `json:"OpType"`
	Operator  string           `json:"Operator_Account"`
	Accounts  []string         `json:"List_Account,omitzero"`
	MemberNum *uint32          `json:"MemberNum,omitzero"`
	NewInfo   *tipGroupInfo    `json:"MsgGroupNewInfo,omitzero"`
	Members   []tipMemberMuted `json:"MsgMemberInfo,omitzero"`
}

// tipGroupInfo holds what changed of a group's profile.
type tipGroupInfo struct {
	Name         *string `json:"GroupName,omitzero"`
	Introduction *string `json:"GroupIntroduction,omitzero"`
	Notification *string `json:"GroupNotification,omitzero"`
	FaceURL      *string `json:"GroupFaceUrl,omitzero"`
	Owner        *string `json:"Owner_Account,omitzero"`
}

// tipMemberMuted is one muted member, with the length of the mute in seconds.
type tipMemberMuted struct {
	Account    string `json:"User_Account"`
	ShutupTime uint32 `json:"ShutupTime"`
}

// stageTip stages a stored tip where the group's type is one that stores this
// kind. The read position of the accounts that joined moves to the tip.
func (g *groupChange) stageTip(storing []GroupType, t tip, joined ...string) {
	if !g.rules().stored || !slices.Contains(storing, g.groupType()) {
		return
	}
	body, err := json.Marshal(t)
	if err != nil {
		panic("chat: tip cannot be encoded: " + err.Error()) // only invalid UTF-8, which no request holds
	}
	g.tip(body, joined...)
}

// maxTipsRemoved keeps the change that removes old intents inside one commit.
const maxTipsRemoved = 16

// removeTips stages the end of intents whose tips are in the log, so that a
// group keeps only those of its latest changes.
func (g *groupChange) removeTips(ctx context.Context) error {
	log, err := g.stream().current(ctx)
	if err != nil {
		return err
	}
	for range maxTipsRemoved {
		if g.head.TipsRemoved >= min(log.TipsFlushed, g.before.TipsIssued) {
			return nil
		}
		g.head.TipsRemoved++
		g.delete(record.TipIntentKey(g.head.Incarnation, g.head.TipsRemoved))
	}
	return nil
}

// flushTips appends the tips that wait in a group's partition to its log, each
// once and in order.
func (a *App) flushTips(ctx context.Context, g *groupState) error {
	s := g.stream()
	for s.tipsFlushed.Load() < g.head.TipsIssued {
		head, err := s.current(ctx)
		if err != nil {
			return err
		}
		s.tipsFlushed.Store(head.TipsFlushed)
		if head.Sealed || head.TipsFlushed >= g.head.TipsIssued {
			return nil
		}
		// The newest intents are read whatever the group's version is by now:
		// an intent never changes.
		rows, _, err := a.store.Read(ctx, a.groupPartition(g.id), store.Range{
			From:  record.TipIntentKey(g.head.Incarnation, head.TipsFlushed+1),
			To:    record.TipIntentKey(g.head.Incarnation, g.head.TipsIssued+1),
			Limit: maxBatchMessages / 4,
		})
		if err != nil {
			return fmt.Errorf("read tips of group %q: %w", g.id, err)
		}
		request := &appendRequest{}
		for _, row := range rows[0] {
			intent := &record.TipIntent{}
			if err := decode(row, intent); err != nil {
				return err
			}
			request.messages = append(request.messages, newMessage{
				header: &record.Header{
					Sender: tipSender, Random: intent.Random, Priority: priorityNormal,
					Tip: true, TipNumber: record.OrderOf(row.Key), Joined: intent.Joined,
				},
				body: &record.Body{MsgBody: intent.Body},
			})
		}
		if len(request.messages) == 0 {
			return nil // the group was destroyed meanwhile
		}
		if _, err := s.append(ctx, request); err != nil {
			if errors.Is(err, errSealed) {
				return nil
			}
			return fmt.Errorf("append tips of group %q: %w", g.id, err)
		}
	}
	return nil
}

// settleTips appends tips that a process left behind between a change and its
// tip, so that whoever looks at the stream now finds them in it.
func (g *groupState) settleTips(ctx context.Context) error {
	if g.head.TipsIssued == 0 {
		return nil
	}
	return g.app.flushTips(ctx, g)
}
