package api

// chapter is a part of the documents, with the commands that a reader looks for
// in it.
type chapter struct {
	name, about string
	commands    []func() []Command
}

// chapters are all there are, in the order in which they are read.
func chapters() []chapter {
	return []chapter{
		{"Accounts", "Accounts, their profiles, and mutes that hold in every group.",
			[]func() []Command{accountCommands, profileCommands, globalMuteCommands}},
		{"Groups", "Groups of all five types.", []func() []Command{groupCommands}},
		{"Members", "Members of groups, their roles, mutes and bans, and who is online.",
			[]func() []Command{memberCommands, banCommands, onlineCommands}},
		{"AVChatRooms", "What AVChatRooms alone have.", []func() []Command{roomCommands}},
		{"Messages", "Sending, reading, recalling and modifying messages of groups and topics.",
			[]func() []Command{messageCommands, noticeCommands, editCommands, clearCommands}},
		{"Receipts and extensions", "What is kept beside messages.", []func() []Command{receiptCommands, extensionCommands}},
		{"Moderation", "Recant's own commands around recall: what there is to see, preview, undo, audit, hold, evidence, erasure.",
			[]func() []Command{moderationCommands, recallCommands}},
		{"Topics", "Topics of communities.", []func() []Command{topicCommands}},
		{"Permission groups", "Who may do what in a community and its topics.", []func() []Command{permissionGroupCommands}},
		{"Attributes and counters", "Small data of a group.", []func() []Command{attributeCommands, counterCommands}},
		{"Conversation lists", "The conversations of an account, as far as groups go.", []func() []Command{contactCommands}},
		{"Webhooks", "Recant's own commands around the calls to the application's backend.", []func() []Command{webhookCommands}},
	}
}

// Commands returns every command that is served, chapter by chapter.
func Commands() []Command {
	var all []Command
	for _, chapter := range chapters() {
		for _, commands := range chapter.commands {
			for _, c := range commands() {
				c.Chapter = chapter.name
				all = append(all, c)
			}
		}
	}
	return all
}
