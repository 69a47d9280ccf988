package api

import "slices"

// Commands returns every command that is served, file by file in the order of
// the documents.
func Commands() []Command {
	return slices.Concat[[]Command](
		accountCommands(),
		profileCommands(),
		globalMuteCommands(),
		groupCommands(),
		memberCommands(),
		banCommands(),
		onlineCommands(),
		roomCommands(),
		messageCommands(),
		noticeCommands(),
		receiptCommands(),
		extensionCommands(),
		editCommands(),
		recallCommands(),
		topicCommands(),
		permissionGroupCommands(),
		clearCommands(),
		attributeCommands(),
		counterCommands(),
		contactCommands(),
		webhookCommands(),
	)
}
