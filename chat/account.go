package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/recant-chat/recant/store"
	"github.com/recant-chat/recant/store/record"
	"google.golang.org/protobuf/proto"
)

const (
	// maxProfileBytes bounds a nickname and an avatar's URL (doc 34953).
	maxProfileBytes = 500
	// maxAccountBatch bounds the accounts of one account command.
	maxAccountBatch = 100
)

// reservedUserIDs are the prefixes that no imported UserID may have: internal
// placeholders, chatbots, official accounts (spec 07 section 0), and the
// sender of tips.
var reservedUserIDs = [...]string{"@TLS#", "@RBT#", "@TOA#_", "@TIM#"}

// AccountProfile is an account with what an import may set. "" leaves the
// stored value as it is.
type AccountProfile struct {
	UserID  string
	Nick    string // at most 500 bytes
	FaceURL string // at most 500 bytes
}

// AccountStatus is one account's answer to CheckAccounts.
type AccountStatus struct {
	UserID   string
	Imported bool
	Err      error // CodeAccountInvalid where the UserID is ill-formed
}

// checkNewUserID checks that an account of this id can be imported.
// Errors: CodeAccountInvalid.
func checkNewUserID(userID string) error {
	if !ValidUserID(userID) {
		return Refuse(CodeAccountInvalid, "UserID must be 1 to %d bytes of printable ASCII without blanks at its ends", maxUserIDBytes)
	}
	for _, prefix := range reservedUserIDs {
		if strings.HasPrefix(userID, prefix) {
			return Refuse(CodeAccountInvalid, "UserID must not begin with %q", prefix)
		}
	}
	return nil
}

func (p AccountProfile) check() error {
	if err := checkNewUserID(p.UserID); err != nil {
		return err
	}
	if len(p.Nick) > maxProfileBytes {
		return Refuse(CodeAccountInvalid, "Nick has %d bytes, at most %d", len(p.Nick), maxProfileBytes)
	}
	if len(p.FaceURL) > maxProfileBytes {
		return Refuse(CodeAccountInvalid, "FaceUrl has %d bytes, at most %d", len(p.FaceURL), maxProfileBytes)
	}
	return nil
}

// ImportAccount makes an account known, or changes the profile of one that is
// (doc 34953).
// Errors: CodeAccountInvalid, CodeAccountQuota.
func (a *App) ImportAccount(ctx context.Context, p AccountProfile) error {
	if err := p.check(); err != nil {
		return err
	}
	return a.importAnew(ctx, p)
}

// ImportAccounts imports 1 to 100 accounts and returns the ids of those that
// cannot be imported, in order and as they were given (doc 34954): for their
// form, or because the application has all the accounts that it may have.
// Errors: CodeAccountInvalid for the call, CodeAccountQuota where it left
// nothing to import.
func (a *App) ImportAccounts(ctx context.Context, profiles []AccountProfile) (failed []string, err error) {
	if err := checkBatch("accounts", len(profiles)); err != nil {
		return nil, err
	}
	for i, p := range profiles {
		if p.UserID == "" {
			return nil, Refuse(CodeAccountInvalid, "UserID of account %d is missing", i)
		}
	}
	// Some at once, but those of one id one after the other, and all of them where
	// there may not be room for all.
	var lines [][]int
	lineOf := map[string]int{}
	for i, p := range profiles {
		id := p.UserID
		if a.settings.MaxAccounts > 0 {
			id = ""
		}
		line, known := lineOf[id]
		if !known {
			line, lines = len(lines), append(lines, nil)
			lineOf[id] = line
		}
		lines[line] = append(lines[line], i)
	}
	refusals := make([]error, len(profiles))
	var imported atomic.Bool
	importLine := func(ctx context.Context, n int) error {
		for _, i := range lines[n] {
			if imported.Load() {
				ctx = context.WithoutCancel(ctx) // with one imported, the call is carried through
			}
			if refusals[i] = profiles[i].check(); refusals[i] != nil {
				continue
			}
			err := a.importAnew(ctx, profiles[i])
			if CodeOf(err) == CodeAccountQuota {
				refusals[i], err = err, nil
			} else if err == nil {
				imported.Store(true)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	first := 0
	for ; first < len(lines) && !imported.Load(); first++ {
		if err := importLine(ctx, first); err != nil {
			return nil, err
		}
	}
	err = parallel(context.WithoutCancel(ctx), len(lines)-first, func(ctx context.Context, n int) error {
		return importLine(ctx, first+n)
	})
	if err != nil {
		return nil, err
	}
	var full error
	for i, refusal := range refusals {
		if refusal != nil {
			failed = append(failed, profiles[i].UserID)
		}
		if CodeOf(refusal) == CodeAccountQuota {
			full = refusal
		}
	}
	if full != nil && !imported.Load() {
		return nil, full
	}
	return failed, nil
}

// CheckAccounts tells for 1 to 100 accounts whether they were imported, in
// order (doc 34956).
// Errors: CodeAccountInvalid for the call.
func (a *App) CheckAccounts(ctx context.Context, userIDs []string) ([]AccountStatus, error) {
	if err := checkUserIDs("CheckItem", userIDs); err != nil {
		return nil, err
	}
	statuses := make([]AccountStatus, len(userIDs))
	err := parallel(ctx, len(userIDs), func(ctx context.Context, i int) error {
		userID, status := userIDs[i], &statuses[i]
		status.UserID = userID
		if !ValidUserID(userID) {
			status.Err = Refuse(CodeAccountInvalid, "UserID must be 1 to %d bytes of printable ASCII", maxUserIDBytes)
			return nil
		}
		if a.admins[userID] {
			status.Imported = true
			return nil
		}
		account, _, err := a.readAccount(ctx, userID)
		status.Imported = account != nil
		return err
	})
	if err != nil {
		return nil, err
	}
	return statuses, nil
}

func checkBatch(field string, n int) error {
	if n == 0 {
		return Refuse(CodeAccountInvalid, "%s is missing or empty", field)
	}
	if n > maxAccountBatch {
		return Refuse(CodeAccountInvalid, "%s has %d entries, at most %d", field, n, maxAccountBatch)
	}
	return nil
}

func checkUserIDs(field string, userIDs []string) error {
	if err := checkBatch(field, len(userIDs)); err != nil {
		return err
	}
	if i := slices.Index(userIDs, ""); i >= 0 {
		return Refuse(CodeAccountInvalid, "%s[%d].UserID is missing", field, i)
	}
	return nil
}

// errDeleting says that an account is still being deleted.
var errDeleting = errors.New("chat: account is being deleted")

// importAccount stores an account of a checked profile. It takes no locks, so
// that it may run inside the change of a group.
// Errors: CodeAccountQuota, errDeleting.
func (a *App) importAccount(ctx context.Context, p AccountProfile) error {
	_, err := a.changeAccount(ctx, p.UserID, true, func(account *accountChange) error {
		for _, item := range []ProfileItem{{Tag: TagNick, Text: &p.Nick}, {Tag: TagImage, Text: &p.FaceURL}} {
			if *item.Text != "" {
				item.set(account.Account)
			}
		}
		return nil
	})
	return err
}

// importAnew is importAccount that first brings to its end a deletion of the
// account that was cut short.
func (a *App) importAnew(ctx context.Context, p AccountProfile) error {
	return a.afterDeletion(ctx, p.UserID, func() error { return a.importAccount(ctx, p) })
}

// afterDeletion runs change, and where it meets a deletion of the account that
// was cut short, brings that to its end first.
func (a *App) afterDeletion(ctx context.Context, userID string, change func() error) error {
	for {
		err := change()
		if !errors.Is(err, errDeleting) {
			return err
		}
		if _, err := a.deleteAccount(ctx, userID, true); err != nil {
			return err
		}
	}
}

// accountChange is a change of one account, staged and then committed whole.
type accountChange struct {
	*record.Account
	userID string
	events []store.Mutation
}

// changeAccount changes the record of an account, with makes also of one that
// does not exist, and reports whether there is one now.
// Errors: those of change, and with makes CodeAccountQuota and errDeleting.
func (a *App) changeAccount(ctx context.Context, userID string, makes bool, change func(*accountChange) error) (found bool, err error) {
	lane := record.UserLane(userID)
	told := false
	err = retry(ctx, func() error {
		account, version, err := a.readAccountRow(ctx, userID)
		before := proto.CloneOf(account)
		switch found = account != nil && !account.Deleting || makes; {
		case err != nil || !found:
			return err
		case account == nil:
			account = &record.Account{Created: a.now()}
		case account.Deleting:
			return errDeleting
		}
		c := &accountChange{Account: account, userID: userID}
		if err := change(c); err != nil || proto.Equal(before, account) {
			return err
		}
		if before == nil {
			if err := a.enterAccount(ctx, userID); err != nil {
				return err
			}
		}
		if told = len(c.events) > 0; told {
			if err := a.outbox.mark(ctx, lane, &record.EventMark{}); err != nil {
				return err
			}
		}
		return a.commitAccount(ctx, userID, version, append(c.events, store.Set(record.AccountKey, encode(account)))...)
	})
	switch {
	case !told:
	case err == nil:
		a.outbox.marked(context.WithoutCancel(ctx), lane, &record.EventMark{})
	case CodeOf(err) == CodeInternal:
		a.deliverer.wake(lane) // it may have come through all the same
	}
	return found, err
}

// event stages an event of the account. Its number is after all before, also
// those of an account of this name that was deleted, whatever the clock did.
func (c *accountChange) event(ctx context.Context, a *App, op Operator, command string, body any) error {
	if c.Events == 0 {
		cursor, _, err := a.readLane(ctx, record.UserLane(c.userID))
		if err != nil {
			return err
		}
		newest := store.Prefix(record.EventPrefix)
		newest.Reverse, newest.Limit = true, 1 // an account has few
		rows, _, err := a.store.Read(ctx, record.UserPartition(a.id, c.userID), newest)
		if err != nil {
			return fmt.Errorf("read newest event: %w", err)
		}
		c.Events = cursor.Number
		if len(rows[0]) > 0 {
			c.Events = max(c.Events, record.OrderOf(rows[0][0].Key))
		}
	}
	c.Events = max(c.Events+1, uint64(a.ids.tick(a.clock())))
	c.events = append(c.events, store.Set(record.EventKey(c.Events), encode(a.newEvent(op, command, body))))
	return nil
}

// enterAccount enters an account that is about to be made into the index.
// Administrators exist already and need no room.
// Errors: CodeAccountQuota.
func (a *App) enterAccount(ctx context.Context, userID string) error {
	limit := a.settings.MaxAccounts
	if a.admins[userID] {
		limit = 0
	}
	fits, err := a.accounts.insert(ctx, store.Set([]byte(userID), nil), limit)
	if err == nil && !fits {
		return Refuse(CodeAccountQuota, "the application has its %d accounts already", limit)
	}
	return err
}

// changeExisting changes the record of an account that can be referred to, and
// reports whether it can.
// Errors: those of change.
func (a *App) changeExisting(ctx context.Context, userID string, change func(*accountChange) error) (found bool, err error) {
	account, err := a.account(ctx, userID)
	if err != nil || account == nil {
		return false, err
	}
	err = a.afterDeletion(ctx, userID, func() error {
		found, err = a.changeAccount(ctx, userID, a.admins[userID], change)
		return err
	})
	return found, err
}

func (a *App) commitAccount(ctx context.Context, userID string, base store.Version, mutations ...store.Mutation) error {
	_, err := a.store.Commit(ctx, record.UserPartition(a.id, userID), base, mutations)
	if err != nil {
		return fmt.Errorf("write account %q: %w", userID, err)
	}
	return nil
}

// readAccountRow returns an account's record, nil where there is none, and the
// version of its partition.
func (a *App) readAccountRow(ctx context.Context, userID string) (*record.Account, store.Version, error) {
	rows, version, err := a.store.Read(ctx, record.UserPartition(a.id, userID), store.Key(record.AccountKey))
	if err != nil {
		return nil, "", fmt.Errorf("read account %q: %w", userID, err)
	}
	if len(rows[0]) == 0 {
		return nil, version, nil
	}
	account := &record.Account{}
	return account, version, decode(rows[0][0], account)
}

// readAccount returns an account that was imported, or nil, and the version of
// its partition. An account that is being deleted is gone already.
func (a *App) readAccount(ctx context.Context, userID string) (*record.Account, store.Version, error) {
	account, version, err := a.readAccountRow(ctx, userID)
	if err != nil || account == nil || account.Deleting {
		return nil, version, err
	}
	return account, version, nil
}

// account returns an account that can be referred to, nil where it cannot:
// imported, or an app administrator, or of good form where accounts are
// imported on sight. One that nothing was kept for is empty.
func (a *App) account(ctx context.Context, userID string) (*record.Account, error) {
	if !ValidUserID(userID) {
		return nil, nil
	}
	account, _, err := a.readAccount(ctx, userID)
	switch {
	case err != nil || account != nil:
		return account, err
	case a.admins[userID]:
		return &record.Account{}, nil
	case !a.settings.AutoImportAccounts || checkNewUserID(userID) != nil:
		return nil, nil
	}
	err = a.importAccount(ctx, AccountProfile{UserID: userID})
	switch {
	case errors.Is(err, errDeleting):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &record.Account{}, nil
}

// requireAccount returns an account that can be referred to.
// Errors: CodeAccountNotFound.
func (a *App) requireAccount(ctx context.Context, userID string) (*record.Account, error) {
	account, err := a.account(ctx, userID)
	if err == nil && account == nil {
		return nil, Refuse(CodeAccountNotFound, "account %q was never imported", userID)
	}
	return account, err
}

// requireAccounts checks that all accounts can be referred to.
// Errors: CodeAccountNotFound, naming the first that cannot.
func (a *App) requireAccounts(ctx context.Context, userIDs ...string) error {
	var distinct []string
	seen := map[string]bool{}
	for _, userID := range userIDs {
		if !seen[userID] {
			seen[userID] = true
			distinct = append(distinct, userID)
		}
	}
	refusals := make([]error, len(distinct))
	err := parallel(ctx, len(distinct), func(ctx context.Context, i int) error {
		_, err := a.requireAccount(ctx, distinct[i])
		if CodeOf(err) == CodeAccountNotFound {
			refusals[i], err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return cmp.Or(refusals...)
}
