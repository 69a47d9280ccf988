package chat

// Priorities of a message (MsgPriority), as history rows give them.
const (
	priorityHigh   = 1
	priorityNormal = 2
	priorityLow    = 3
	priorityLowest = 4
)

// ParsePriority reads a MsgPriority; "" is Normal.
func ParsePriority(name string) (uint32, bool) {
	switch name {
	case "High":
		return priorityHigh, true
	case "", "Normal":
		return priorityNormal, true
	case "Low":
		return priorityLow, true
	case "Lowest":
		return priorityLowest, true
	}
	return 0, false
}
