package chat

import "context"

// Room is one life of an AVChatRoom: a later room of the same id is another.
type Room struct {
	GroupID     string
	Incarnation uint64
}

// Stay is one account's time in a room, from its first device that enters to
// its last that leaves or loses its connection.
type Stay struct {
	ID      uint64 // never 0, and never that of another stay
	Account string
	Entered int64 // Unix seconds
}

// Presence knows which accounts are connected and who is in which room. All
// members of an AVChatRoom that there are, robots apart, are those whom it
// knows to be there. Its methods may be called concurrently.
type Presence interface {
	// Platforms returns the platforms on which accounts are connected, by
	// account, each once and in order; who is offline is not in it.
	Platforms(ctx context.Context, accounts ...string) (map[string][]string, error)
	// Stays returns the stays in a room of those of the accounts that are there.
	Stays(ctx context.Context, room Room, accounts ...string) (map[string]Stay, error)
	// Newest returns up to n stays in a room, that which began last first.
	Newest(ctx context.Context, room Room, n int) ([]Stay, error)
	// Size is how many accounts are in a room.
	Size(ctx context.Context, room Room) (int, error)
	// Expel ends an account's stay in a room, if it is there.
	Expel(ctx context.Context, room Room, account string) error
}

// Online tells which of the accounts are connected; the others are not in it.
func (a *App) Online(ctx context.Context, accounts ...string) (map[string]bool, error) {
	platforms, err := a.presence.Platforms(ctx, accounts...)
	if err != nil {
		return nil, err
	}
	online := map[string]bool{}
	for account := range platforms {
		online[account] = true
	}
	return online, nil
}

// maxStatusAccounts bounds the accounts of one OnlineStatuses.
const maxStatusAccounts = 500

// OnlineStatus is one account's answer to OnlineStatuses.
type OnlineStatus struct {
	Account   string
	Platforms []string // on which it is connected; none is offline
	Err       error    // CodeAccountNotImported
}

// OnlineStatuses tells for 1 to 500 accounts where they are connected, each
// once in the order of first appearance (doc 35477).
// Errors: CodeRecipientsInvalid, CodeRecipientsEmpty, CodeTooManyRecipients.
func (a *App) OnlineStatuses(ctx context.Context, accounts []string) ([]OnlineStatus, error) {
	switch n := len(accounts); {
	case accounts == nil:
		return nil, Refuse(CodeRecipientsInvalid, "To_Account is missing")
	case n == 0:
		return nil, Refuse(CodeRecipientsEmpty, "To_Account is empty")
	case n > maxStatusAccounts:
		return nil, Refuse(CodeTooManyRecipients, "To_Account has %d entries, at most %d", n, maxStatusAccounts)
	}
	platforms, err := a.presence.Platforms(ctx, accounts...)
	if err != nil {
		return nil, err
	}
	var statuses []OnlineStatus
	seen := map[string]bool{}
	for _, account := range accounts {
		if seen[account] {
			continue
		}
		seen[account] = true
		status := OnlineStatus{Account: account}
		if found, err := a.account(ctx, account); err != nil {
			return nil, err
		} else if found != nil {
			status.Platforms = platforms[account]
		} else {
			status.Err = Refuse(CodeAccountNotImported, textAccountNotImported)
		}
		statuses = append(statuses, status)
	}
	return statuses, nil
}
