package chat

import "context"

const maxNoticeReceivers = 500

// Notice is a text for those members who are online now (doc 34958).
type Notice struct {
	GroupID string
	TopicID string   // the topic in whose context it is shown, "" for none
	Content *string  // at most 12,288 bytes; nil is missing
	To      []string // at most 500; empty is everybody
}

// Notify sends a notice. It leaves nothing behind: it has no number, is in no
// history and changes no group. As long as nobody can be online it reaches
// nobody.
// Errors: CodeInvalid, CodeMessageTooLong, CodeTextRefused, CodeBadGroupID,
// CodeGroupNotFound (also for the topic), CodeCommunityOff.
func (a *App) Notify(ctx context.Context, n Notice) error {
	if n.Content == nil {
		return Refuse(CodeInvalid, "Content is missing")
	}
	if len(n.To) > maxNoticeReceivers {
		return Refuse(CodeInvalid, "ToMembers_Account has %d accounts, at most %d", len(n.To), maxNoticeReceivers)
	}
	if len(*n.Content) > maxMessageBytes {
		return Refuse(CodeMessageTooLong, "Content has %d bytes, at most %d", len(*n.Content), maxMessageBytes)
	}
	if err := a.checkWords("Content", *n.Content); err != nil {
		return err
	}
	return a.view(ctx, n.GroupID, func(g *groupState) error {
		if err := g.requireServed(); err != nil {
			return err
		}
		if _, err := g.optionalTopic(ctx, n.TopicID); err != nil {
			return err
		}
		if g.groupType() == AVChatRoom && len(n.To) > 0 {
			return Refuse(CodeInvalid, "ToMembers_Account cannot be used in an AVChatRoom")
		}
		return nil
	})
}
