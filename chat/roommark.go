package chat

import (
	"context"
	"maps"
	"slices"

	"github.com/recant-chat/recant/store/record"
)

const (
	robotMark          = 500  // pins an account into the room
	minMark            = 1000 // of the other marks
	maxMarkedAccounts  = 500  // of one Marking
	maxRoomMarks       = 10   // different ones in a room, without robotMark
	maxAccountsPerMark = 1000
)

// Marking is what marks are to be set or removed in an AVChatRoom (doc 50294).
type Marking struct {
	GroupID  string
	Remove   bool
	Accounts []MarkedAccount // 1 to 500
	// Robots says that the accounts are to be known and not banned, and need not be
	// in the room.
	Robots bool
}

// MarkedAccount is an account with some of its marks: 500 for a robot, which is
// in the room without a connection, or 1000 and above.
type MarkedAccount struct {
	Account string
	Marks   []uint32
}

// RobotMarking is the Marking that makes accounts robots or ends that (docs
// 60526 and 60527).
func RobotMarking(groupID string, accounts []string, remove bool) Marking {
	m := Marking{GroupID: groupID, Remove: remove, Robots: true}
	for _, account := range accounts {
		m.Accounts = append(m.Accounts, MarkedAccount{account, []uint32{robotMark}})
	}
	return m
}

// Mark sets or removes marks and returns those that it did, by account in the
// order of first appearance. Accounts that are not in the room are passed over;
// the mark 500 needs no more than that the account exists and is not banned.
// Other marks vanish with the account's stay in the room, but not those of a
// robot.
// Errors: CodeInvalid (also where no account is in the room, and for more marks
// or accounts than there may be), CodeTooManyAccounts, CodeNotPermitted (also for
// a banned account that is to be a robot in any case), CodeBadGroupID,
// CodeGroupNotFound, CodeAccountNotFound, CodeCommunityOff.
func (a *App) Mark(ctx context.Context, r Marking) ([]MarkedAccount, error) {
	m := &marking{indexEntries: indexEntries{app: a, groupID: r.GroupID}, request: r}
	if err := m.check(); err != nil {
		return nil, err
	}
	err := a.changeGroup(ctx, r.GroupID, func(g *groupChange) error { return m.stage(ctx, g) })
	if err != nil {
		m.settle(ctx, err)
		return nil, err
	}
	if err := a.unindexMembers(context.WithoutCancel(ctx), r.GroupID, m.ended); err != nil {
		a.log.Warn("indexes still name rooms whose robots they no longer are", "error", err)
	}
	return m.done, nil
}

func validMark(mark uint32) bool { return mark == robotMark || mark >= minMark }

// marking is a checked request with what its newest attempt does.
type marking struct {
	indexEntries // of new robots
	request      Marking
	accounts     []MarkedAccount // each once, with each mark once

	done  []MarkedAccount
	ended map[string]uint64 // join ids of former robots
}

// check checks the form of the request and takes each account once.
// Errors: CodeInvalid, CodeTooManyAccounts, CodeBadGroupID.
func (m *marking) check() error {
	field := "MemberList"
	if m.request.Robots {
		field = "Member_Account"
	}
	type given struct {
		account string
		mark    uint32
	}
	places, seen := map[string]int{}, map[given]bool{}
	for i, item := range m.request.Accounts {
		if item.Account == "" && !m.request.Robots {
			return Refuse(CodeInvalid, "MemberList[%d].Member_Account is missing", i)
		}
		if len(item.Marks) == 0 {
			return Refuse(CodeInvalid, "MemberList[%d].Marks is missing or empty", i)
		}
		place, again := places[item.Account]
		if !again {
			place = len(m.accounts)
			places[item.Account] = place
			m.accounts = append(m.accounts, MarkedAccount{Account: item.Account})
		}
		for j, mark := range item.Marks {
			if !validMark(mark) {
				return Refuse(CodeInvalid, "MemberList[%d].Marks[%d] is %d, not %d, nor %d or more", i, j, mark, robotMark, minMark)
			}
			if one := (given{item.Account, mark}); !seen[one] {
				seen[one] = true
				m.accounts[place].Marks = append(m.accounts[place].Marks, mark)
			}
		}
	}
	if n := len(m.request.Accounts); n == 0 {
		return Refuse(CodeInvalid, "%s is missing or empty", field)
	} else if n > maxMarkedAccounts {
		return Refuse(CodeTooManyAccounts, "%s has %d entries, at most %d", field, n, maxMarkedAccounts)
	}
	return CheckGroupID(m.request.GroupID)
}

// markedRoom is the marks of a room while they are changed.
type markedRoom struct {
	*groupChange
	robots map[string]*record.Robot
	held   map[string]*record.RoomMarks // that hold
	void   map[string]bool              // accounts whose marks hold no more
	stays  map[string]Stay              // of the accounts that are named
}

// stage does one attempt.
func (m *marking) stage(ctx context.Context, g *groupChange) error {
	m.withdraw(ctx)
	m.done, m.ended = nil, map[string]uint64{}
	if err := g.requireRoom(); err != nil {
		return err
	}
	known, err := m.known(ctx, g)
	if err != nil {
		return err
	}
	room, err := m.read(ctx, g)
	if err != nil {
		return err
	}
	var fresh []string // robots
	for _, item := range m.accounts {
		done := MarkedAccount{Account: item.Account, Marks: room.applicable(item, known[item.Account], m.request.Remove)}
		if done.Marks == nil {
			continue
		}
		m.done = append(m.done, done)
		before := room.robots[item.Account]
		room.apply(done, m.request.Remove)
		switch after := room.robots[item.Account]; {
		case before == nil && after != nil:
			fresh = append(fresh, item.Account)
		case before != nil && after == nil:
			m.ended[item.Account] = before.JoinId
			g.delete(g.robotKey(item.Account))
		}
	}
	if len(m.done) == 0 && !m.request.Robots {
		return Refuse(CodeInvalid, "MemberList names no account that is in the room")
	}
	if err := room.checkMarks(m.request.Remove); err != nil {
		return err
	}
	if len(fresh) > 0 {
		if err := m.index(ctx, fresh...); err != nil {
			return err
		}
	}
	for _, account := range fresh {
		robot := room.robots[account]
		robot.JoinId = m.joinIDs[account]
		g.set(g.robotKey(account), robot)
	}
	room.stageMarks(m.done)
	return nil
}

// known returns those of the accounts that may become or cease to be robots: who
// is banned may not enter.
// Errors: CodeAccountNotFound and CodeNotPermitted for one that is to be a robot
// in any case.
func (m *marking) known(ctx context.Context, g *groupChange) (map[string]bool, error) {
	known := map[string]bool{}
	for _, item := range m.accounts {
		if !slices.Contains(item.Marks, robotMark) {
			continue
		}
		err := m.app.requireAccounts(ctx, item.Account)
		if CodeOf(err) == CodeAccountNotFound && (m.request.Remove || !m.request.Robots) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known[item.Account] = true
	}
	if m.request.Remove {
		return known, nil
	}
	banned, err := g.banned(ctx, slices.Sorted(maps.Keys(known))...)
	if err != nil {
		return nil, err
	}
	for _, item := range m.accounts {
		if !banned[item.Account] {
			continue
		}
		if m.request.Robots {
			return nil, Refuse(CodeNotPermitted, "account %q is banned from the room", item.Account)
		}
		delete(known, item.Account)
	}
	return known, nil
}

func (m *marking) read(ctx context.Context, g *groupChange) (*markedRoom, error) {
	robots, err := g.robots(ctx)
	if err != nil {
		return nil, err
	}
	held, void, err := g.heldMarks(ctx, robots)
	if err != nil {
		return nil, err
	}
	accounts := make([]string, len(m.accounts))
	for i, item := range m.accounts {
		accounts[i] = item.Account
	}
	stays, err := g.app.presence.Stays(ctx, g.room(), accounts...)
	return &markedRoom{groupChange: g, robots: robots, held: held, void: void, stays: stays}, err
}

// applicable returns those of an account's marks that can be set or removed:
// 500 if the account is known, the others if it is in the room, if only as a
// robot.
func (r *markedRoom) applicable(item MarkedAccount, known, remove bool) (marks []uint32) {
	_, present := r.stays[item.Account]
	present = present || r.robots[item.Account] != nil || known && !remove
	for _, mark := range item.Marks {
		if mark == robotMark && known || mark != robotMark && present {
			marks = append(marks, mark)
		}
	}
	return marks
}

// apply sets or removes marks of an account.
func (r *markedRoom) apply(item MarkedAccount, remove bool) {
	for _, mark := range item.Marks {
		m := r.held[item.Account]
		switch {
		case mark == robotMark && remove:
			delete(r.robots, item.Account)
		case mark == robotMark && r.robots[item.Account] == nil:
			r.robots[item.Account] = &record.Robot{Since: r.app.now()}
		case mark == robotMark:
		case remove && m != nil:
			m.Marks = slices.DeleteFunc(m.Marks, func(other uint32) bool { return other == mark })
		case remove:
		case m == nil:
			r.held[item.Account] = &record.RoomMarks{Marks: []uint32{mark}}
		case !slices.Contains(m.Marks, mark):
			m.Marks = append(m.Marks, mark)
		}
	}
}

// checkMarks checks that there are no more marks, nor accounts with one, than
// may be, unless some were removed.
// Errors: CodeInvalid.
func (r *markedRoom) checkMarks(removed bool) error {
	if removed {
		return nil
	}
	accounts := map[uint32]int{}
	for _, m := range r.held {
		for _, mark := range m.Marks {
			accounts[mark]++
		}
	}
	if n := len(accounts); n > maxRoomMarks {
		return Refuse(CodeInvalid, "Marks: the room would have %d different marks, at most %d", n, maxRoomMarks)
	}
	accounts[robotMark] = len(r.robots)
	for mark, n := range accounts {
		if n > maxAccountsPerMark {
			return Refuse(CodeInvalid, "Marks: %d accounts would have the mark %d, at most %d", n, mark, maxAccountsPerMark)
		}
	}
	return nil
}

// stageMarks stages the blocks with the marks of accounts that have changed, or that
// hold no more.
func (r *markedRoom) stageMarks(changed []MarkedAccount) {
	block := func(account string) string { return string(record.RoomMarksKey(r.head.Incarnation, account)) }
	blocks := map[string]*record.RoomMarksBlock{}
	for _, item := range changed {
		blocks[block(item.Account)] = &record.RoomMarksBlock{}
		if m := r.held[item.Account]; m != nil && len(m.Marks) > 0 {
			m.Account, m.Stay = item.Account, r.stays[item.Account].ID
		} else {
			delete(r.held, item.Account)
		}
	}
	for account := range r.void {
		blocks[block(account)] = &record.RoomMarksBlock{}
	}
	for _, account := range slices.Sorted(maps.Keys(r.held)) {
		if b := blocks[block(account)]; b != nil {
			b.Marks = append(b.Marks, r.held[account])
		}
	}
	for key, b := range blocks {
		r.set([]byte(key), b)
	}
}

func (g *groupState) robotKey(account string) []byte {
	return record.RobotKey(g.head.Incarnation, account)
}

// robots returns the robots of an AVChatRoom.
func (g *groupState) robots(ctx context.Context) (map[string]*record.Robot, error) {
	return readAll[record.Robot](ctx, g, g.robotKey(""))
}

// endRobots stages that those of the accounts that are robots are none any more,
// and enters their join ids.
func (g *groupChange) endRobots(ctx context.Context, accounts []string, joinIDs map[string]uint64) error {
	robots, err := readRecords[record.Robot](ctx, g.groupState, accounts, g.robotKey)
	for account, robot := range robots {
		joinIDs[account] = robot.JoinId
		g.delete(g.robotKey(account))
	}
	return err
}

// heldMarks returns the marks in an AVChatRoom that hold, and the accounts whose
// marks hold no more.
func (g *groupState) heldMarks(ctx context.Context, robots map[string]*record.Robot) (held map[string]*record.RoomMarks, void map[string]bool, err error) {
	blocks, err := readAll[record.RoomMarksBlock](ctx, g, record.RoomMarksPrefix(g.head.Incarnation))
	if err != nil {
		return nil, nil, err
	}
	held = map[string]*record.RoomMarks{}
	for _, block := range blocks {
		for _, m := range block.Marks {
			held[m.Account] = m
		}
	}
	stays, err := g.app.presence.Stays(ctx, g.room(), slices.Collect(maps.Keys(held))...)
	if err != nil {
		return nil, nil, err
	}
	void = map[string]bool{}
	for account, m := range held {
		if stay, present := stays[account]; robots[account] == nil && !(present && m.Stay == stay.ID) {
			delete(held, account)
			void[account] = true
		}
	}
	return held, void, nil
}
