package api

import (
	"errors"
	"fmt"

	"golang.org/x/time/rate"
)

// limitsOf makes the token bucket of each command that has a limit: its
// capacity is the limit, and it is refilled continuously (spec 01 section 5).
// Commands under several names or services have one bucket.
func limitsOf(app *Application, commands *registry) (map[*Command]*rate.Limiter, error) {
	general := defaultCallsPerSecond
	if app.CallsPerSecond != nil {
		general = *app.CallsPerSecond
	}
	perSecond := map[*Command]int{}
	for _, c := range commands.all {
		perSecond[c] = general
		switch c.Frequency {
		case FrequencyAccountBatch:
			perSecond[c] = accountBatchPerSecond
		case FrequencyGroupList:
			if app.Chat != nil && app.Chat.Settings().GroupListPerSecond > 0 {
				perSecond[c] = app.Chat.Settings().GroupListPerSecond
			}
		}
	}
	for name, limit := range app.CommandLimits {
		c, err := commands.named(name)
		if err != nil {
			return nil, fmt.Errorf("command_limits: %w", err)
		}
		perSecond[c] = limit
	}
	limits := map[*Command]*rate.Limiter{}
	for c, limit := range perSecond {
		switch {
		case limit < 0:
			return nil, errors.New("calls per second are negative")
		case limit > 0:
			limits[c] = rate.NewLimiter(rate.Limit(limit), limit)
		}
	}
	return limits, nil
}
