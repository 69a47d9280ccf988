package chat

import "slices"

// Priorities of a message (MsgPriority), as history rows give them.
const (
	priorityHigh   = 1
	priorityNormal = 2
	priorityLow    = 3
	priorityLowest = 4
)

// priorityNames are the priorities by name, from 1.
var priorityNames = []string{"High", "Normal", "Low", "Lowest"}

// ParsePriority reads a MsgPriority; "" is Normal.
func ParsePriority(name string) (uint32, bool) {
	if name == "" {
		return priorityNormal, true
	}
	i := slices.Index(priorityNames, name)
	return uint32(i + 1), i >= 0
}

// PriorityName is the name of a priority that ParsePriority returned.
func PriorityName(priority uint32) string { return priorityNames[priority-1] }
