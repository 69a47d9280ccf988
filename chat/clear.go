package chat

import "context"

// ClearMessages hides the messages of a group with MsgSeq up to a number, 0 for
// all that are there, from its members for good. The mark only ever rises;
// administrators go on reading what it hides (doc 65970).
// Errors: CodeBadGroupID, CodeGroupNotFound, CodeNotPermitted for a Community.
func (a *App) ClearMessages(ctx context.Context, op Operator, groupID string, upTo uint32) error {
	if err := CheckGroupID(groupID); err != nil {
		return err
	}
	return a.changeGroup(ctx, groupID, func(g *groupChange) error {
		if g.groupType() == Community {
			return Refuse(CodeNotPermitted, "the history of a Community cannot be cleared")
		}
		if !g.rules().stored {
			return nil
		}
		if err := g.settleTips(ctx); err != nil {
			return err
		}
		log, err := g.stream().current(ctx)
		if err != nil {
			return err
		}
		cleared := log.LastSeq
		if upTo > 0 {
			cleared = min(cleared, upTo)
		}
		g.head.ClearedSeq = max(g.head.ClearedSeq, cleared)
		return nil
	})
}
